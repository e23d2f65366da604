"""Each line of hardening that bubblewrap claims can be taken away alone, and nothing else holds what it held.

Invariant: one look a line, true with it and false without it, from inside where a candidate can see it and from outside
where only the host can. It needs pytest alone, so that it can also run as another user.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.base import Limits, SandboxSpec
from sandbox.cgroups import homes
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING, LINES, Hardening

pytestmark = pytest.mark.sandbox
ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(
    memory_bytes=256 << 20,
    workspace_bytes=24 << 20,
    file_bytes=16 << 20,
    pids=64,
    open_files=512,
    cpu_seconds=3000,
)
# Small enough to be filled at once; and a second wall stands in front of nested namespaces.
BASE = replace(HARDENING, inodes=200)
BEHIND = {"no_nested_namespaces": BASE.without("seccomp")}
SECRET = "hunter2-in-the-servers-environment"
# An ordinary user has one number to give and no control groups, and the probe says so.
NOT_HELD = () if os.geteuid() == 0 else ("own_user", "bounded_cpu")


class Seen:
    """A running sandbox with the host's view of it."""

    def __init__(self, hardening: Hardening) -> None:
        stream, seconds = Bubblewrap(hardening).launch(SandboxSpec("line", LIMITS))
        self.hardening = hardening
        self.agent = stream.agent_pid
        self.sandbox = AgentSandbox("bubblewrap", stream, LIMITS, hello_seconds=seconds)

    def runs(self, *argv: str) -> bool:
        """Whether a command ends well inside."""
        return self.sandbox.exec(argv, timeout_s=30).exit_code == 0

    def python(self, code: str) -> bool:
        return self.runs("python3", "-c", code)

    def says(self, *argv: str) -> str:
        return self.sandbox.exec(argv).stdout.decode().strip()

    def limit(self, name: str) -> int:
        """The most that a program inside may raise a limit to; -1 is none."""
        return int(self.says("python3", "-c", f"import resource; print(resource.getrlimit(resource.RLIMIT_{name})[1])"))


@contextmanager
def started(hardening: Hardening) -> Iterator[Seen]:
    seen = Seen(hardening)
    try:
        yield seen
    finally:
        seen.sandbox.stop()


def uid(pid: int) -> str:
    return next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("Uid:"))


def users_differ(seen: Seen) -> bool:
    with started(seen.hardening) as other:
        return uid(seen.agent) != uid(other.agent)


def no_way_to_the_host(seen: Seen) -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        return not seen.python(f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)")


def own_processor_share(seen: Seen) -> bool:
    """Version 1 says it in one file, version 2 in another; both have a word for none."""
    groups = [file.parent for home in homes().values() for file in home.glob("*/cgroup.procs")]
    ours = [group for group in groups if str(seen.agent) in (group / "cgroup.procs").read_text().split()]
    found = [group / name for group in ours for name in ("cpu.cfs_quota_us", "cpu.max") if (group / name).exists()]
    return any(file.read_text().split()[0] not in ("-1", "max") for file in found)


def nothing_of_ours_is_open(seen: Seen) -> bool:
    """The file that ``leaky`` holds open in the server."""
    return not any(OPEN in os.readlink(entry) for entry in Path(f"/proc/{seen.agent}/fd").iterdir())


SERVER = """
import dataclasses, sys
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.base import SandboxSpec
from sandbox.hardening import HARDENING
hardening = HARDENING if sys.argv[1] == "True" else HARDENING.without("dies_with_server")
sandbox = Bubblewrap(hardening).start(SandboxSpec("orphan"))
print(sandbox._stream.agent_pid, flush=True)
sys.stdin.read()
"""


def ends_though_it_does_not_listen(seen: Seen) -> bool:
    """An agent notices that its server is gone by the end of its input; one that is stopped notices nothing."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(seen.hardening.dies_with_server)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        agent = os.pidfd_open(pid)
        os.kill(pid, signal.SIGSTOP)
        server.kill()
    try:
        ended = bool(select.select([agent], [], [], 5)[0])
        if not ended:
            signal.pidfd_send_signal(agent, signal.SIGKILL)
        return ended
    finally:
        os.close(agent)


FILL = "data = b'x' * (15 << 20)\nfor i in range(3): open(str(i), 'wb').write(data)"
HOG = "x = [bytearray(64 << 20) for _ in range(16)]"
FORKS = """
import os, time
for _ in range(150):
    if os.fork() == 0:
        time.sleep(60)
"""
OPENS = """
import os, resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = [os.open('/', 0) for _ in range(600)]
"""
LOCKS = """
import ctypes, mmap
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
at = libc.mmap(None, 2 << 20, 3, 0x22, -1, 0)
raise SystemExit(libc.mlock(ctypes.c_void_p(at), 2 << 20) != 0)
"""
READS_AGENT = "import os; os.listdir('/proc/1/fd'); open('/proc/1/environ').read()"
OPEN = "pairsight-open-in-the-server"

LOOKS: dict[str, Callable[[Seen], bool]] = {
    "read_only_root": lambda seen: not seen.runs("touch", "/opt/bin/ls"),
    "read_only_devices": lambda seen: not seen.runs("touch", "/dev/new"),
    "no_network": no_way_to_the_host,
    "no_capabilities": lambda seen: seen.runs("grep", "-q", "^CapBnd:\t0*$", "/proc/self/status"),
    "no_nested_namespaces": lambda seen: not seen.runs("unshare", "--user", "true"),
    "seccomp": lambda seen: not seen.python("import os; os.memfd_create('x')"),
    "private_ipc": lambda seen: seen.says("readlink", "/proc/self/ns/ipc") != os.readlink("/proc/self/ns/ipc"),
    "own_user": users_differ,
    "empty_environment": lambda seen: SECRET not in seen.says("env"),
    "closed_descriptors": nothing_of_ours_is_open,
    "agent_hidden": lambda seen: not seen.python(READS_AGENT),
    "own_session": lambda seen: seen.says("cut", "-d", " ", "-f", "6", "/proc/1/stat") == "1",
    "masked_folders": lambda seen: seen.says("ls", "-A", "/usr/local", "/usr/src") == "/usr/local:\n\n/usr/src:",
    "short_etc": lambda seen: not seen.runs("test", "-e", "/etc/debian_version"),
    "bounded_memory": lambda seen: not seen.python(HOG),
    "bounded_processes": lambda seen: not seen.python(FORKS),
    "bounded_cpu": own_processor_share,
    "bounded_cpu_time": lambda seen: seen.limit("CPU") == LIMITS.cpu_seconds,
    "bounded_file": lambda seen: not seen.python("open('big', 'wb').write(b'x' * (17 << 20))"),
    "bounded_descriptors": lambda seen: not seen.python(OPENS),
    "bounded_bytes": lambda seen: not seen.python(FILL),
    "bounded_inodes": lambda seen: not seen.python("for i in range(300): open(f'/tmp/{i}', 'w')"),
    "bounded_locked_memory": lambda seen: not seen.python(LOCKS),
    "no_core_files": lambda seen: seen.limit("CORE") == 0,
    "first_to_go": lambda seen: seen.says("cat", "/proc/self/oom_score_adj") == "1000",
    "dies_with_server": ends_though_it_does_not_listen,
}


@pytest.fixture(autouse=True)
def leaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server with a secret, an inheritable open file, and limits higher than any sandbox's."""
    monkeypatch.setenv("PAIRSIGHT_TEST_SECRET", SECRET)
    with tempfile.NamedTemporaryFile(prefix=OPEN) as file:
        os.set_inheritable(file.fileno(), True)
        yield


def test_every_claimed_line_has_its_look() -> None:
    assert set(LOOKS) == {line.name for line in LINES if "bubblewrap" in line.backends}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", [name for name in LOOKS if name not in NOT_HELD])
def test_a_line_holds_and_falls_alone(name: str) -> None:
    base = BEHIND.get(name, BASE)
    if name == "closed_descriptors" and os.geteuid() != 0:
        # Who is not root cannot look at a hidden agent from outside either.
        base = base.without("agent_hidden")
    with started(base) as seen:
        assert LOOKS[name](seen), "it does not hold"
    with started(base.without(name)) as seen:
        assert not LOOKS[name](seen), "without it something else holds it"
        assert seen.sandbox.exec(["true"], timeout_s=30).exit_code == 0
