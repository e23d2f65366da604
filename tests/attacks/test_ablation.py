"""Each line of hardening taken away alone lets an attack through that the whole of it holds.

Invariant: an attack brings evidence home ("" is held), and is the same program in both cases; what is taken away is
bounded by the attack itself. Where a second wall stands before the line, both cases go without that wall.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import docker
import pytest

from interviews.errors import PairsightError
from sandbox.base import Backend, Limits, Sandbox, SandboxSpec
from sandbox.hardening import HARDENING, LINES, Hardening
from tests import sandboxes
from tests.attacks import catalogue
from tests.attacks.conftest import SECRET
from tests.attacks.hostile import agent_outside, brought_home, eventually, text, user_outside

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(60)]
ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
LIMITS = Limits(
    memory_bytes=192 * MIB,
    workspace_bytes=24 * MIB,
    tmp_bytes=4 * MIB,
    file_bytes=8 * MIB,
    pids=48,
    cpu_seconds=1,
    open_files=128,
)
SPEC = SandboxSpec("ablation", LIMITS)
# Small enough to be used up at once.
BASE = replace(HARDENING, inodes=200)


class Under:
    """A place under attack: its sandbox is started when first wanted, and all of them end with it."""

    def __init__(self, name: str, hardening: Hardening, stack: ExitStack) -> None:
        self.name = name
        self.hardening = hardening
        self.backend: Backend = sandboxes.backend(name, hardening)
        self._stack = stack
        self.sandbox = self.start()

    def start(self) -> Sandbox:
        made = self.backend.start(SPEC)
        self._stack.callback(made.stop)
        return made

    def adopt(self) -> Sandbox:
        """The same place with a new agent."""
        eventually(lambda: not self.sandbox.alive)
        self.sandbox.leave()
        again = self.backend.adopt(SPEC, self.sandbox.place)
        assert again is not None
        self._stack.callback(again.stop)
        return again

    def program(self, code: str) -> str:
        """What a hostile program brings home."""
        return ", ".join(brought_home(self.sandbox, code, filtered=self.hardening.seccomp))


@contextmanager
def under(name: str, hardening: Hardening) -> Iterator[Under]:
    with ExitStack() as stack:
        yield Under(name, hardening, stack)


def program(code: str) -> Callable[[Under], str]:
    return lambda place: place.program(code)


def reaching_the_host(place: Under) -> str:
    with socket.create_server(("0.0.0.0", 0)) as server:
        return place.program(f"""
addresses = ["127.0.0.1"]
for line in open("/proc/net/dev").readlines()[2:]:
    if not line.strip().startswith("lo:"):
        got("interface", line.split(":")[0].strip())
for line in open("/proc/net/route").readlines()[1:]:
    gateway = int(line.split()[2], 16)
    addresses.append(socket.inet_ntoa(struct.pack("<I", gateway)))
for address in addresses:
    with refused("reached", address):
        socket.create_connection((address, {server.getsockname()[1]}), 2)
""")


def sharing_queues(place: Under) -> str:
    ours = os.readlink("/proc/self/ns/ipc")
    return ours if text(place.sandbox, "readlink /proc/self/ns/ipc").strip() == ours else ""


def sharing_a_user(place: Under) -> str:
    ours, theirs = user_outside(place.sandbox), user_outside(place.start())
    return f"both are {ours}" if ours == theirs else ""


def holding_the_servers_file(place: Under) -> str:
    with tempfile.NamedTemporaryFile(prefix="pairsight-open-") as file:
        os.set_inheritable(file.fileno(), True)
        agent = agent_outside(place.start())
        return next((t for fd in Path(f"/proc/{agent}/fd").iterdir() if file.name in (t := os.readlink(fd))), "")


def more_than_a_share(place: Under) -> str:
    """The kernel's own account of what the sandbox may have: a busy machine could not show it."""
    for line in Path(f"/proc/{agent_outside(place.sandbox)}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for file in (
            Path("/sys/fs/cgroup/cpu") / path[1:] / "cpu.cfs_quota_us",
            Path("/sys/fs/cgroup") / path[1:] / "cpu.max",
        ):
            found = controllers in ("", "cpu", "cpu,cpuacct") and file.exists()
            if found and file.read_text().split()[0] not in ("-1", "max"):
                return ""
    return "no share is set"


def running_on(place: Under) -> str:
    done = place.sandbox.exec(["python3", "-c", "import time\nwhile time.process_time() < 1.6: pass\nprint('ran on')"])
    return done.stdout.decode()


def container(place: Under) -> dict[str, object] | None:
    """What the engine says of it; None when it is gone."""
    with contextlib.closing(docker.APIClient(version="auto")) as engine:
        try:
            found: dict[str, object] = engine.inspect_container(place.sandbox.place)
            return found
        except docker.errors.NotFound:
            return None


def running(place: Under) -> bool:
    found = container(place)
    state = found["State"] if found else None
    return isinstance(state, dict) and bool(state["Running"])


def filling_the_log(place: Under) -> str:
    place.sandbox.exec(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x >/proc/1/fd/1"])
    found = container(place)
    assert found is not None
    path = Path(str(found["LogPath"] or "/none"))
    until = time.monotonic() + 3
    while time.monotonic() < until and path.exists():
        if size := path.stat().st_size:
            return f"{size} bytes on the host"
        time.sleep(0.05)
    return ""


def ending_the_container(place: Under) -> str:
    with contextlib.suppress(PairsightError):
        place.sandbox.exec(["sh", "-c", "kill -9 -1"], timeout_s=3)
    eventually(lambda: not place.sandbox.alive)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        if not running(place):
            return "the container is gone"
        time.sleep(0.05)
    return ""


def leaving_zombies(place: Under) -> str:
    """While the agent is gone, whatever loses its parent comes to process 1."""
    with contextlib.suppress(PairsightError):
        place.sandbox.exec(
            ["sh", "-c", "for n in 1 2 3; do setsid sh -c 'sleep 0.3' & done; sleep 0.1; kill -9 $PPID"], timeout_s=3
        )
    again = place.adopt()
    count = "cat /proc/[0-9]*/stat | sed 's/.*) //' | grep -c '^Z 1 ' || true"
    asleep = "pgrep -x sleep -u candidate || true"
    eventually(lambda: not text(again, asleep))
    until = time.monotonic() + 2
    while (found := int(text(again, count))) and time.monotonic() < until:
        time.sleep(0.05)
    return f"{found} zombies" if found else ""


SERVER = """
import dataclasses, sys
from sandbox.backends.bubblewrap import Bubblewrap
from sandbox.base import SandboxSpec
from sandbox.hardening import HARDENING
from tests.attacks.hostile import agent_outside
hardening = HARDENING if sys.argv[1] == "True" else HARDENING.without("dies_with_server")
sandbox = Bubblewrap(hardening).start(SandboxSpec("orphan"))
print(agent_outside(sandbox), flush=True)
sys.stdin.read()
"""


def outliving_its_server(place: Under) -> str:
    if place.name == catalogue.DOCKER:
        place.sandbox.leave()
        until = time.monotonic() + place.hardening.keeper_seconds + 2
        while running(place) and time.monotonic() < until:
            time.sleep(0.1)
        return "its container runs on" if running(place) else ""
    # An agent notices that its server is gone by the end of its input; one that is stopped notices nothing.
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(place.hardening.dies_with_server)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        agent = os.pidfd_open(int(server.stdout.readline()))
        signal.pidfd_send_signal(agent, signal.SIGSTOP)
        server.kill()
    try:
        if select.select([agent], [], [], 5)[0]:
            return ""
        signal.pidfd_send_signal(agent, signal.SIGKILL)
        return "it runs on"
    finally:
        os.close(agent)


@dataclass(frozen=True)
class Case:
    """The catalogue's ``attack`` that a line holds off; ``base`` is what the line is taken away from.

    A base may lack another line that stands before this one.
    """

    attack: str
    evidence: Callable[[Under], str]
    base: Hardening = BASE


WRITES = """
for folder in ("/", "/etc", "/opt/bin", "/usr/bin", "/usr/lib", "/var", "/run", "/home", "/root"):
    with refused("wrote below", folder):
        open(f"{folder}/new", "w").close()
if not os.statvfs("/").f_flag & os.ST_RDONLY:
    got("/ is mounted for writing")
"""
CASES = {
    "read_only_root": Case("changing_the_place_itself", program(WRITES)),
    "read_only_devices": Case(
        "changing_the_place_itself", program('with refused("wrote below /dev"):\n    open("/dev/new", "w").close()')
    ),
    "no_network": Case("listeners_of_the_host", reaching_the_host),
    "no_capabilities": Case(
        "users_and_capabilities",
        program("""
for line in open("/proc/self/status"):
    if line.startswith("CapBnd") and int(line.split()[1], 16):
        got(line.strip())
"""),
    ),
    "no_new_privileges": Case(
        "set_user_id_programs",
        program("""
if libc.prctl(39, 0, 0, 0, 0) == 0:
    got("a program may gain privileges")
"""),
    ),
    "no_nested_namespaces": Case("namespaces", program('attempt("unshare", 0x10000000)'), BASE.without("seccomp")),
    "seccomp": Case(
        "programs_in_the_kernel",
        program('attempt("memfd_create", b"x", 0)\nwith refused("vsock"):\n    socket.socket(40, socket.SOCK_STREAM)'),
    ),
    "private_ipc": Case("memory_shared_with_a_neighbour", sharing_queues),
    "own_user": Case("one_user_for_two", sharing_a_user),
    "empty_environment": Case(
        "the_servers_environment", lambda place: SECRET if SECRET in text(place.sandbox, "env") else ""
    ),
    "closed_descriptors": Case("the_servers_descriptors", holding_the_servers_file),
    "agent_hidden": Case(
        "taking_the_agents_stream",
        program("""
with refused("the agent's descriptors"):
    os.listdir(f"/proc/{AGENT}/fd")
with refused("the agent's memory"):
    open(f"/proc/{AGENT}/mem", "rb").close()
"""),
    ),
    "own_session": Case(
        "typing_into_a_terminal",
        program("""
session = open("/proc/1/stat").read().rpartition(")")[2].split()[3]
if session != "1":
    got("the session of another:", session)
"""),
    ),
    "masked_folders": Case(
        "files_of_the_host", program('if os.listdir("/usr/local"):\n    got(*os.listdir("/usr/local"))')
    ),
    "short_etc": Case(
        "files_of_the_host",
        program("""
for path in ("/etc/debian_version", "/etc/os-release", "/etc/hostname", "/etc/machine-id", "/etc/fstab"):
    if os.path.exists(path):
        got(path)
"""),
    ),
    "bounded_memory": Case(
        "memory_hog",
        lambda place: place.sandbox.exec(
            [
                "python3",
                "-c",
                f"held = [b'x' * {MIB} for _ in range({LIMITS.memory_bytes // MIB + 64})]\nprint('had it all')",
            ]
        ).stdout.decode(),
    ),
    "bounded_processes": Case(
        "fork_bomb",
        program(f"""
made = 0
with contextlib.suppress(OSError):
    while made < {LIMITS.pids + HARDENING.extra_pids + 50}:
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
    got("processes:", made)
"""),
    ),
    "bounded_cpu": Case("hogging_the_processor", more_than_a_share),
    "bounded_cpu_time": Case("a_program_without_end", running_on),
    "bounded_file": Case(
        "huge_files",
        program(f"""
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with contextlib.suppress(OSError):
    with open("big", "wb", buffering=0) as file:
        file.write(bytes({LIMITS.file_bytes}))
        if file.write(bytes({MIB})):
            got("bytes:", file.tell())
"""),
    ),
    "bounded_descriptors": Case(
        "descriptors",
        program(f"""
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
with contextlib.suppress(OSError):
    while len(held) < {LIMITS.open_files + 50}:
        held.append(os.dup(0))
    got("descriptors:", len(held))
"""),
    ),
    "bounded_bytes": Case(
        "full_folders",
        program(f"""
with contextlib.suppress(OSError):
    with open("/tmp/fill", "wb", buffering=0) as file:
        for _ in range({LIMITS.tmp_bytes // MIB + 2}):
            if file.write(bytes({MIB})) < {MIB}:
                raise OSError
        got("bytes:", file.tell())
"""),
    ),
    "bounded_inodes": Case(
        "files_without_number",
        program(f"""
with contextlib.suppress(OSError):
    for number in range({BASE.inodes + 50}):
        os.mknod(f"/tmp/{{number}}")
    got("files:", number + 1)
"""),
    ),
    "bounded_locked_memory": Case(
        "locked_memory",
        program(f"""
size = {HARDENING.locked_bytes + MIB}
with contextlib.suppress(OSError, ValueError):
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (size, resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]))
area = mmap.mmap(-1, size)
if call("mlock", ctypes.addressof(ctypes.c_char.from_buffer(area)), size)[0] == 0:
    got("locked", size)
"""),
    ),
    "no_message_queues": Case(
        "message_queues",
        program('attempt("mq_open", b"left", os.O_CREAT | os.O_RDWR, 0o600, 0)'),
        BASE.without("seccomp"),
    ),
    "no_core_files": Case(
        "core_files",
        program("""
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
if hard:
    got("a core of", hard)
"""),
    ),
    "first_to_go": Case(
        "not_being_the_first_to_go",
        program("""
rank = int(open("/proc/self/oom_score_adj").read())
if rank < 1000:
    got("rank", rank)
"""),
    ),
    "no_log": Case("nothing_is_logged", filling_the_log, BASE.without("keeper_user")),
    "keeper_user": Case("killing_everything", ending_the_container),
    "own_init": Case("orphans_that_end", leaving_zombies),
    "dies_with_server": Case("after_a_dead_server", outliving_its_server, replace(BASE, keeper_seconds=2)),
}
CLAIMS = [(line.name, name) for line in LINES for name in line.backends]


def test_every_line_has_its_attack() -> None:
    assert set(CASES) == {line.name for line in LINES}
    assert {case.attack for case in CASES.values()} <= {attack.id for attack in catalogue.ATTACKS}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRSIGHT_TEST_SECRET", SECRET)


def make_bridge(name: str, address: str) -> None:
    """A bridge of the kernel's with an address of its own; by hand, because the usual tool may not be installed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, 0x89A0, name.encode() + b"\0")
        for request, value in ((0x8916, address), (0x891C, "255.255.0.0")):
            place = struct.pack("16sHxx4s8x", name.encode(), socket.AF_INET, socket.inet_aton(value))
            fcntl.ioctl(door, request, place)
        fcntl.ioctl(door, 0x8914, struct.pack("16sH22x", name.encode(), 1))


@pytest.fixture
def bridge() -> None:
    """The daemon's own bridge, where a second daemon that was started without one has taken it away."""
    if os.geteuid() == 0 and not Path("/sys/class/net/docker0").exists():
        make_bridge("docker0", "172.17.0.1")


@pytest.mark.usefixtures("bridge")
@pytest.mark.parametrize(("line", "name"), CLAIMS)
def test_a_line_taken_away_lets_its_attack_through(line: str, name: str) -> None:
    if name == catalogue.BUBBLEWRAP and os.geteuid() != 0:
        pytest.skip("expected root: tests/integration/test_bubblewrap_lines.py tries what an ordinary user can hold")
    sandboxes.working(name)
    case = CASES[line]
    with under(name, case.base) as place:
        assert case.evidence(place) == "", "the attack is not held"
    with under(name, case.base.without(line)) as place:
        assert case.evidence(place) != "", "something else holds it: the line makes no difference"
