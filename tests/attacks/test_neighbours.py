"""Two interviews side by side: neither sees, reaches, hinders or inherits from the other."""

from __future__ import annotations

import contextlib
import os

import pytest

from interviews.errors import PlatformFailure
from sandbox.base import Sandbox
from tests.attacks.hostile import Place, Screen, goes_on, shell, text, user_outside

pytestmark = pytest.mark.sandbox


@pytest.fixture
def neighbour(place: Place) -> Sandbox:
    return place.start()


def test_processes_of_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    screen = Screen(neighbour, "sh", "-c", "echo here; exec sleep 98761")
    screen.shows(b"here")
    assert (
        place.run("""
for path in glob.glob("/proc/[0-9]*/cmdline"):
    with contextlib.suppress(OSError):
        if b"98761" in open(path, "rb").read().split(b"\\0"):
            got("sees", path)
for pid in range(2, 40000):
    if pid not in (os.getpid(), AGENT) and not os.path.exists(f"/proc/{pid}"):
        with refused("may signal", pid):
            os.kill(pid, 0)
""")
        == []
    )
    screen.close()


def test_signals_to_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    screen = Screen(neighbour, "sh", "-c", "echo here; read word; echo heard $word")
    screen.shows(b"here")
    hostile = place.start()
    # Where its own agent can be ended, that is the end of this sandbox and of no other.
    with contextlib.suppress(PlatformFailure):
        shell(hostile, "for pid in $(seq 2 40000); do kill -9 $pid 2>/dev/null; done")
    screen.terminal.write(b"you\r")
    screen.shows(b"heard you")
    screen.close()


def test_files_of_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    folders = "/workspace /tmp /dev/shm /home/candidate"
    text(neighbour, f"for d in {folders}; do echo private >$d/mine-98762; chmod 777 $d; done")
    assert (
        place.run("""
for folder in ("/workspace", "/tmp", "/dev/shm", "/home/candidate", "/var/tmp", "/run", *glob.glob("/proc/[0-9]*/root/tmp"),
        *glob.glob("/proc/[0-9]*/cwd")):
    with contextlib.suppress(OSError):
        if "mine-98762" in os.listdir(folder):
            got("found in", folder)
""")
        == []
    )


def test_memory_shared_with_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    share = """
from multiprocessing import shared_memory
kind = sys.argv[1]
with contextlib.suppress(OSError):
    made = shared_memory.SharedMemory("attack", kind == "make", 4096)
    if kind == "find":
        got("shared memory")
for key in range(4242, 4246):
    flags = 0o1666 if kind == "make" else 0
    if call("shmget", key, 4096, flags)[0] >= 0 and kind == "find":
        got("segment", key)
    if libc.semget(key, 1, flags) >= 0 and kind == "find":
        got("semaphore", key)
    if libc.msgget(key, flags) >= 0 and kind == "find":
        got("queue", key)
"""
    place.run(share, "make", sandbox=neighbour)
    assert place.run(share, "find") == []


def test_sockets_of_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    screen = Screen(
        neighbour,
        "python3",
        "-c",
        "import socket, time\na = socket.socket(socket.AF_UNIX); a.bind('\\0attack-98763'); a.listen()\n"
        "t = socket.create_server(('0.0.0.0', 18763)); print('listening', flush=True); time.sleep(60)",
    )
    screen.shows(b"listening")
    assert (
        place.run("""
with refused("its abstract socket"), socket.socket(socket.AF_UNIX) as door:
    door.connect("\\0attack-98763")
for address in ("127.0.0.1", "0.0.0.0", "172.17.0.2", "172.17.0.3", "sandbox"):
    with refused("its port at", address):
        socket.create_connection((address, 18763), 0.5)
""")
        == []
    )
    screen.close()


def test_one_user_for_two(place: Place, neighbour: Sandbox) -> None:
    if not place.virtual:
        ours, theirs = user_outside(place.sandbox), user_outside(neighbour)
        assert ours != theirs
        assert os.geteuid() not in (ours, theirs)
    # What counts by user is counted apart: see the watches and pipes across interviews.
    assert text(place.sandbox, "id -u") != "0\n"


def test_what_the_last_tenant_left(place: Place) -> None:
    last = place.start()
    text(
        last,
        "for f in ~/.bashrc ~/.profile ~/.inputrc ~/.gitconfig /tmp/left /dev/shm/left /workspace/left; do echo exit 7 >$f; done;"
        "mkdir -p ~/.local/lib/python3.11/site-packages;"
        "echo raise SystemExit >~/.local/lib/python3.11/site-packages/usercustomize.py",
    )
    last.stop()
    following = place.start()
    assert (
        text(following, "find ~ /tmp /dev/shm /workspace -mindepth 1 | grep -E 'left|rc|profile|local' || true") == ""
    )
    goes_on(following)


def test_stopping_a_neighbour(place: Place, neighbour: Sandbox) -> None:
    hostile = place.start()
    shell(hostile, "(setsid sleep 50 &); true")
    hostile.stop()
    goes_on(neighbour)
