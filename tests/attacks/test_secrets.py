"""Secrets: what the server knows, what the host holds, and what tests the candidate must not see."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

import pytest

from interviews.errors import PairsightError
from sandbox.base import Sandbox, SandboxSpec
from tests.attacks.conftest import SECRET
from tests.attacks.hostile import LIMITS, Place, eventually, goes_on, shell, text

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]


def test_the_servers_environment(place: Place) -> None:
    assert os.environ["PAIRSIGHT_ATTACK_SECRET"] == SECRET
    taken = place.run(
        """
for path in [*glob.glob("/proc/[0-9]*/environ"), *glob.glob("/proc/[0-9]*/cmdline"), *glob.glob("/run/**", recursive=True)]:
    with contextlib.suppress(OSError):
        if sys.argv[1][::-1].encode() in open(path, "rb").read():
            got("in", path)
known = {"HOME", "LANG", "LOGNAME", "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUSERBASE", "SHELL", "TERM", "TZ",
    "USER", "PAIRSIGHT_JOB", "HOSTNAME", "NODE_PATH", "PWD", "SHLVL", "_", "LC_CTYPE"}
for name in set(os.environ) - known:
    got("variable", name)
""",
        SECRET[::-1],
    )
    assert taken == []


def test_the_servers_descriptors(place: Place, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(SECRET)
    with (tmp_path / "keys").open() as file:
        os.set_inheritable(file.fileno(), True)
        sandbox = place.start()
        assert (
            place.run(
                """
for folder in glob.glob("/proc/[0-9]*/fd"):
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            target = os.readlink(os.path.join(folder, name))
            shown = ("host:", "anon_inode:") if VIRTUAL else ()
            if not target.startswith(("pipe:", "/dev/null", "/proc/", "/workspace", *shown)):
                got(folder, name, target)
for fd in range(3, 300):
    with contextlib.suppress(OSError):
        if sys.argv[1][::-1].encode() in os.pread(fd, 100, 0):
            got("read descriptor", fd)
""",
                SECRET[::-1],
                sandbox=sandbox,
            )
            == []
        )


def test_files_of_the_host(place: Place, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(SECRET)
    assert (
        place.run(
            """
for path in (*sys.argv[1:], "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/etc/ssl/private", "/root/.ssh",
        "/root/.bashrc",
        "/var/lib/docker", "/var/lib/pairsight", "/var/log", "/etc/machine-id", "/.dockerenv/x", "/boot/grub", "/mnt/x", "/media/x",
        "/proc/1/root/etc", "/proc/1/cwd", "/sys/class/dmi/id/product_serial", "/proc/sys/kernel/random/boot_id/x"):
    with contextlib.suppress(OSError):
        found = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(100)
        if found:
            got(path)
with open("/etc/passwd") as file:
    for line in file:
        if not line.startswith("candidate:"):
            got("user", line.strip())
""",
            str(tmp_path / "keys"),
            str(ROOT / "app.py"),
            str(Path.home()),
        )
        == []
    )


def test_names_of_the_host(place: Place) -> None:
    taken = place.run(
        """
if sys.argv[1] in (os.uname().nodename, open("/proc/sys/kernel/hostname").read().strip()):
    got("the host's name")
with open("/proc/self/mountinfo") as file:
    for line in file:
        if any(path in line for path in ("/var/lib/docker", "/var/lib/pairsight", "/newroot", "/usr/share/zoneinfo")):
            got("mountinfo")
            break
""",
        socket.gethostname(),
    )
    assert taken == ([] if place.held else ["mountinfo"])


def test_hidden_tests(place: Place) -> None:
    names = sorted(path.name for path in ROOT.glob("exercises/*/hidden_tests/*") if path.is_file())
    assert len(names) >= 3
    assert (
        place.run(
            """
wanted = set(sys.argv[1:]) - {"support.py"}
wanted |= {"hidden_tests", "solution", "assistant.yaml", "exercise.yaml", "rubrics", "interviews"}
for folder, folders, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        continue
    for name in wanted & {*folders, *files}:
        if "/usr/lib/python3" not in folder:
            got(os.path.join(folder, name))
""",
            *names,
        )
        == []
    )


def test_the_agent_on_disk(place: Place) -> None:
    before = place.sandbox.exec(["true"])
    assert (
        place.run("""
with open(f"/proc/{AGENT}/cmdline", "rb") as file:
    words = file.read().split(b"\\0")
paths = [word.decode() for word in words if word.startswith(b"/")] + glob.glob("/run/pairsight/*") + glob.glob("/run/pairsight/.*")
for path in {*paths, "/run/pairsight", "/run"}:
    for act in (lambda: open(path, "ab").close(), lambda: os.rename(path, path + ".old"), lambda: os.chmod(path, 0o777),
            lambda: os.unlink(path)):
        with refused("changed", path):
            act()
with refused("another one in its place"):
    os.symlink("/workspace", "/run/pairsight/new")
""")
        == []
    )
    assert before.exit_code == 0


POISON = """
line = "import os; open(f'/tmp/ran-{os.getpid()}', 'w').close()\\n"
home = os.path.expanduser("~")
user = f"{home}/.local/lib/python3.{sys.version_info[1]}/site-packages"
os.makedirs(user, exist_ok=True)
for folder in (user, home, "/workspace", "/tmp"):
    for name in ("sitecustomize", "usercustomize", "json", "threading", "subprocess", "encodings", "select", "fcntl"):
        open(f"{folder}/{name}.py", "w").write(line)
    open(f"{folder}/poison.pth", "w").write(line)
for name in (".bashrc", ".profile", ".bash_profile", ".pam_environment", ".pythonrc", ".inputrc"):
    open(f"{home}/{name}", "w").write("touch /tmp/ran-shell\\nexport PYTHONPATH=/tmp LD_PRELOAD=/tmp/x.so\\n")
"""


def started_again(place: Place, sandbox: Sandbox) -> Sandbox:
    """The same place with a new agent where it can be had, else a new place."""
    where = sandbox.place
    with contextlib.suppress(PairsightError):
        shell(sandbox, "kill -9 -1", timeout_s=2)
    if not where:
        return sandbox
    eventually(lambda: not sandbox.alive)
    sandbox.leave()
    again = place.backend.adopt(SandboxSpec("attack", LIMITS), where)
    assert again is not None
    place.more.append(again)
    return again


def test_poison_for_the_next_agent(place: Place) -> None:
    sandbox = place.start()
    place.run(POISON, sandbox=sandbox)
    assert shell(sandbox, "cd /tmp; python3 -c 'import json'; find /tmp -name 'ran-*' | grep .").exit_code == 0, (
        "poison works on whoever takes it"
    )
    text(sandbox, "rm -f /tmp/ran-*")
    again = started_again(place, sandbox)
    # In a shell's own words: python3 would take the poison here.
    assert text(again, "test ! -e /tmp/ran-$PPID && echo clean") == "clean\n"
    goes_on(again)
