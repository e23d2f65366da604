"""Exhaustion: programs that use up what is shared, each bounded here so that one which is not held ends all the same."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from interviews.errors import BadInput, PlatformFailure, WorkspaceFull
from sandbox.base import Change, Limits
from sandbox.hardening import HARDENING
from tests.attacks.hostile import (
    LIMITS,
    MOST_PIDS,
    Place,
    Screen,
    eventually,
    goes_on,
    goes_on_or_ends,
    resident_bytes,
    shell,
    text,
)

pytestmark = pytest.mark.sandbox
MIB = 1 << 20

FORKS = f"""
import time
children = []
try:
    for _ in range({MOST_PIDS + 50}):
        child = os.fork()
        if child == 0:
            if len(sys.argv) > 1:
                os.setsid()
                if os.fork():
                    os._exit(0)
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    pass
if len(children) > {MOST_PIDS}:
    got("processes", len(children))
"""


BOMB = f"""
import os, time
for _ in range({MOST_PIDS + 50}):
    try:
        if os.fork() == 0:
            break
    except OSError:
        print("no more", flush=True)
time.sleep(60)
"""


def processes(place: Place) -> int:
    return int(text(place.sandbox, "ls -d /proc/[0-9]* | wc -l"))


def test_fork_bomb(place: Place) -> None:
    found = place.run(FORKS)
    assert (found == []) == place.held
    assert processes(place) < 10


def test_fork_bomb_in_sessions_of_its_own(place: Place) -> None:
    place.run(FORKS, "setsid")
    assert processes(place) < 10


def test_fork_bomb_in_a_terminal(place: Place) -> None:
    screen = Screen(place.sandbox)
    screen.shows(b"133;B")
    place.sandbox.write("bomb.py", BOMB.encode())
    screen.terminal.write(b"python3 bomb.py\r")
    screen.shows(b"no more")
    # Files need no new process, and a command is refused or runs.
    place.sandbox.write("kept.txt", b"meanwhile")
    assert place.sandbox.read("kept.txt") == b"meanwhile"
    assert place.sandbox.exec(["true"]).exit_code in (0, 126)
    screen.close()
    eventually(lambda: processes(place) < 10)


def test_orphans_that_end(place: Place) -> None:
    screen = Screen(
        place.sandbox,
        "python3",
        "-c",
        "import os, time\nfor n in range(100):\n  if os.fork() == 0:\n    os.setsid(); os.fork(); os._exit(0)\n  os.wait()\n"
        "print('made them', flush=True); time.sleep(60)",
    )
    screen.shows(b"made them")
    eventually(lambda: "Z" not in text(place.sandbox, "cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | cut -c1"))
    screen.close()


def test_memory_hog(place: Place) -> None:
    sandbox = place.start()
    hog = (
        f"held = []\nfor _ in range({(LIMITS.memory_bytes >> 20) + 64}): held.append(b'x' * {MIB})\nprint('had it all')"
    )
    with contextlib.suppress(PlatformFailure):
        assert b"had it all" not in sandbox.exec(["python3", "-c", hog]).stdout
    goes_on_or_ends(place, sandbox)


def test_memory_in_many_programs(place: Place) -> None:
    sandbox = place.start()
    each = (LIMITS.memory_bytes + (64 << 20)) // 6
    hogs = f"""
import os, time
for _ in range(6):
    if os.fork() == 0:
        held = b'x' * {each}
        time.sleep(2)
        os._exit(0)
print(sum(os.wait()[1] == 0 for _ in range(6)), 'had theirs')
"""
    with contextlib.suppress(PlatformFailure):
        assert b"6 had theirs" not in sandbox.exec(["python3", "-c", hogs]).stdout
    goes_on_or_ends(place, sandbox)


def test_locked_memory(place: Place) -> None:
    taken = place.run(f"""
size = {HARDENING.locked_bytes + (4 << 20)}
area = mmap.mmap(-1, size)
if call("mlock", ctypes.addressof(ctypes.c_char.from_buffer(area)), size)[0] == 0:
    got("locked", size)
with refused("raised the limit"):
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (size, size))
""")
    assert (taken == []) == place.held


def test_hogging_the_processor(place: Place) -> None:
    other = place.start()
    measured: list[str] = []

    def hog() -> None:
        measured.extend(
            place.run("""
began = time.monotonic()
for _ in range(4):
    if os.fork() == 0:
        while time.monotonic() - began < 3:
            pass
        os._exit(0)
for _ in range(4):
    os.wait()
used = resource.getrusage(resource.RUSAGE_CHILDREN)
got((used.ru_utime + used.ru_stime) / (time.monotonic() - began))
""")
        )

    hogging = threading.Thread(target=hog)
    hogging.start()
    answered = 0
    while hogging.is_alive():
        goes_on(other)
        answered += 1
    assert answered >= 2
    if place.name != "docker-runsc":
        # Where the share is one processor; a machine of one processor could not tell.
        assert float(measured[0]) <= HARDENING.cpu_share * 1.25


def test_a_program_without_end(place: Place) -> None:
    sandbox = place.start(Limits(**{**vars(LIMITS), "cpu_seconds": 1}))
    done = shell(sandbox, "ulimit -t 100; ulimit -t; exec python3 -c 'while True: pass'", timeout_s=15)
    assert done.exit_code in (-9, -24) and not done.timed_out, done
    goes_on(sandbox)


def test_full_workspace(place: Place) -> None:
    place.sandbox.write("kept.txt", b"precious")
    shell(place.sandbox, "for n in 1 2 3 4 5 6 7 8; do head -c 7M /dev/zero >fill$n; done")
    assert int(text(place.sandbox, "cat fill* | wc -c")) <= LIMITS.workspace_bytes
    with pytest.raises(WorkspaceFull):
        place.sandbox.write("kept.txt", bytes(4 << 20))
    assert place.sandbox.read("kept.txt") == b"precious"
    text(place.sandbox, "rm fill*")


@pytest.mark.parametrize(
    ("folder", "room"),
    [("/tmp", LIMITS.tmp_bytes), ("/home/candidate", HARDENING.home_bytes), ("/dev/shm", HARDENING.shm_bytes)],
)
def test_full_folders(place: Place, folder: str, room: int) -> None:
    taken = place.run(f"""
written = 0
try:
    for number in range(16):
        with open(f"{folder}/fill{{number}}", "wb", buffering=0) as file:
            for _ in range(7):
                written += file.write(bytes({MIB}))
                if written > {room + 4 * MIB}:
                    raise SystemError
except OSError:
    pass
except SystemError:
    got("wrote more than", written)
""")
    assert taken == []
    text(place.sandbox, f"rm {folder}/fill*")


@pytest.mark.parametrize("folder", ["/workspace", "/tmp", "/home/candidate", "/dev/shm"])
def test_files_without_number(place: Place, folder: str) -> None:
    taken = place.run(f"""
try:
    for number in range({HARDENING.inodes + 500}):
        os.mknod(f"{folder}/{{number}}")
    got("files", number)
except OSError:
    pass
""")
    assert (taken == []) == place.held
    text(place.sandbox, f"find {folder} -mindepth 1 -delete")


def test_huge_files(place: Place) -> None:
    assert (
        place.run(f"""
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("huge", "wb") as file:
    for size in ({LIMITS.file_bytes + 1}, 1 << 30, 1 << 40, 1 << 62):
        with refused("truncate", size):
            os.ftruncate(file.fileno(), size)
        with refused("fallocate", size):
            os.posix_fallocate(file.fileno(), 0, size)
        with refused("write at", size):
            os.pwrite(file.fileno(), b"x", size)
with refused("raised the limit"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))
""")
        == []
    )


def test_descriptors(place: Place) -> None:
    taken = place.run(f"""
with refused("raised the limit"):
    resource.setrlimit(resource.RLIMIT_NOFILE, (1 << 20, 1 << 20))
held = []
with contextlib.suppress(OSError):
    while len(held) < {LIMITS.open_files + 50}:
        held.append(os.open("/dev/null", os.O_RDONLY))
if len(held) > {LIMITS.open_files}:
    got("descriptors", len(held))
""")
    assert taken == []


def test_watches_across_interviews(place: Place) -> None:
    screen = Screen(
        place.sandbox,
        "python3",
        "-c",
        "import ctypes, time\nheld = 0\nwhile held < 200 and ctypes.CDLL(None).inotify_init1(0) >= 0: held += 1\n"
        "print('held', held, flush=True); time.sleep(60)",
    )
    screen.shows(b"held")
    other = place.start()
    seen: list[Change] = []
    other.watch(seen.append)
    other.write("watched.txt", b"x")
    eventually(lambda: any(change.path == "watched.txt" for change in seen))
    screen.close()


PIPES = """
held = 0
while held < 100:
    reading, writing = os.pipe()
    try:
        fcntl.fcntl(writing, 1031, 1 << 20)
    except OSError:
        break
    held += 1
got(held)
"""


def test_pipes_across_interviews(place: Place) -> None:
    hold = PIPES.replace("got(held)", "print('held', held, flush=True); time.sleep(60)")
    screen = Screen(place.sandbox, "python3", "-c", f"import os, fcntl, time\n{hold}")
    screen.shows(b"held")
    assert int(place.run(PIPES, sandbox=place.start())[0]) >= 32
    screen.close()


def test_message_queues(place: Place) -> None:
    assert (
        place.run("""
for number in range(20):
    attempt("mq_open", b"left%d" % number, os.O_CREAT | os.O_RDWR, 0o666, 0)
    attempt("msgget", 4242 + number, 0o1666)
    with refused("made a queue by its folder"):
        os.mknod(f"/dev/mqueue/{number}")
""")
        == []
    )


def test_shared_segments(place: Place) -> None:
    taken = place.run("""
for number in range(8):
    attempt("shmget", 4242 + number, 1 << 20, 0o1666)
""")
    assert (taken == []) == place.held


def test_core_files(place: Place) -> None:
    place.run("""
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT):
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), number)
    os.waitpid(child, 0)
""")
    done = shell(
        place.sandbox, "ulimit -c unlimited; ulimit -c; for s in SEGV ABRT QUIT; do sh -c 'kill -'$s' $$'; done; true"
    )
    assert b"unlimited" not in done.stdout
    assert text(place.sandbox, "find /workspace /tmp -name '*core*'") == ""


def test_flood_of_output(place: Place) -> None:
    before = resident_bytes()
    done = shell(place.sandbox, "head -c 200000000 /dev/zero; head -c 50000000 /dev/zero >&2")
    assert (done.exit_code, len(done.stdout), len(done.stderr), done.truncated) == (0, MIB, MIB, True)
    assert resident_bytes() - before < 32 * MIB


def test_flood_in_a_terminal_that_nobody_reads(place: Place) -> None:
    gate = threading.Event()
    before = resident_bytes()
    screen = Screen(place.sandbox, "sh", "-c", "head -c 50000000 /dev/zero | tr '\\0' x; touch done", gate=gate)
    # However long the producer is given, it stands still.
    assert shell(place.sandbox, "sleep 1; test -e done").exit_code == 1
    assert resident_bytes() - before < 16 * MIB
    screen.terminal.close()
    gate.set()
    eventually(lambda: screen.codes)


def test_a_folder_of_thirty_thousand_files(place: Place) -> None:
    text(place.sandbox, "python3 -c \"import os\nfor n in range(30000): os.mknod(f'f{n}')\"")
    began = time.monotonic()
    assert len(place.sandbox.list()) == 2000
    assert time.monotonic() - began < 10
    text(place.sandbox, "find . -mindepth 1 -delete")


def test_deep_folders_and_long_names(place: Place) -> None:
    place.run("""
open("n" * 255, "w").close()
for wide in range(20):
    os.makedirs(f"wide{wide}/" + "/".join("d" * 100 for _ in range(30)), exist_ok=True)
for _ in range(300):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
    open("f" * 255, "w").close()
""")
    listed = place.sandbox.list()
    assert 1 <= len(listed) <= 40
    assert max(entry.path.count("/") for entry in listed) < 40
    with pytest.raises(BadInput):
        place.sandbox.write("/".join("d" * 200 for _ in range(300)), b"x")
    text(place.sandbox, "rm -rf *")


def test_flood_of_changes(place: Place) -> None:
    seen: list[Change] = []
    place.sandbox.watch(seen.append)
    before = resident_bytes()
    place.run("""
for number in range(20000):
    with open(f"f{number % 3000}", "w"):
        pass
    if number % 50 == 0:
        os.rename(f"f{number % 3000}", "moved")
""")
    eventually(lambda: any(change.kind == "overflow" for change in seen))
    place.sandbox.write("after.txt", b"x")
    eventually(lambda: any(change.path == "after.txt" or change.kind == "overflow" for change in seen[-3:]))
    assert len(seen) < 20000
    assert resident_bytes() - before < 16 * MIB
    text(place.sandbox, "find . -mindepth 1 -delete")
