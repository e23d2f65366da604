"""The sandbox of a Linux machine without containers: bubblewrap, with the agent as process 1.

Owns bwrap's command line, the user it runs as and the processes of one sandbox. Invariant: bwrap never runs as root,
inherits neither environment nor descriptors, and nothing of the host is writable inside. Leaves out the protocol
(``sandbox.client``), the system-call filter (``sandbox.seccomp``) and control groups (``sandbox.cgroups``).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import platform
import pwd
import re
import secrets
import select
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from interviews.errors import PairsightError, PlatformFailure
from sandbox import agent, seccomp
from sandbox.base import WORKSPACE, Limits, Probe, Sandbox, SandboxSpec
from sandbox.cgroups import Group
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING, Hardening
from sandbox.toolbox import find_toolbox

START_SECONDS = 15.0
PROBE_SECONDS = 20.0
INSTALL = "apt-get install bubblewrap"
OLDEST = (0, 8, 0)
AGENT = "/run/pairsight/agent.py"
HOME = "/home/candidate"
ENVIRONMENT: Mapping[str, str] = {
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "LOGNAME": "candidate",
    "PATH": "/opt/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/opt/toolbox",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "TZ": "UTC",
    "USER": "candidate",
}


def written_files(hardening: Hardening) -> Mapping[str, tuple[int, bytes]]:
    """Small files that are made for the sandbox: mode and content by path."""
    uid = hardening.inside_uid
    return {
        AGENT: (0o444, Path(agent.__file__).read_bytes()),
        "/etc/passwd": (0o444, f"candidate:x:{uid}:{uid}:Candidate:{HOME}:/bin/bash\n".encode()),
        "/etc/group": (0o444, f"candidate:x:{uid}:\n".encode()),
        "/etc/hosts": (0o444, b"127.0.0.1 localhost sandbox\n::1 localhost\n"),
        "/etc/nsswitch.conf": (0o444, b"passwd: files\ngroup: files\nhosts: files\n"),
        "/etc/gitconfig": (
            0o444,
            b"[user]\n\tname = Candidate\n\temail = candidate@localhost\n[init]\n\tdefaultBranch = main\n"
            b"[gc]\n\tauto = 0\n[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n",
        ),
        "/opt/bin/pytest": (0o555, b'#!/bin/sh\nexec python3 -m pytest "$@"\n'),
    }


def layout(limits: Limits, toolbox: Path, hardening: Hardening, hand_in: Callable[[bytes], int]) -> list[str]:
    """bwrap's file-system arguments. ``hand_in`` gives a descriptor from which bwrap reads the bytes."""
    out = []
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/", name)
        if path.is_symlink():
            out += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            out += ["--ro-bind", str(path), str(path)]
    out += ["--ro-bind", "/usr", "/usr"]
    for masked in hardening.masked:
        if Path(masked).is_dir() and not Path(masked).is_symlink():
            out += ["--size", "4096", "--tmpfs", masked, "--remount-ro", masked]
    for folder in ("/etc", "/home", "/opt", "/opt/bin", "/run", "/run/pairsight", "/var"):
        out += ["--perms", "0755", "--dir", folder]
    out += ["--proc", "/proc", "--dev", "/dev"]
    out += ["--perms", "1777", "--size", str(hardening.shm_bytes), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    out += ["--perms", "1777", "--size", str(limits.tmp_bytes), "--tmpfs", "/tmp", "--symlink", "../tmp", "/var/tmp"]
    out += ["--perms", "0755", "--size", str(hardening.home_bytes), "--tmpfs", HOME]
    out += ["--perms", "0755", "--size", str(limits.workspace_bytes), "--tmpfs", WORKSPACE]
    out += ["--ro-bind", str(toolbox), "/opt/toolbox", "--symlink", "/usr/bin/python3", "/opt/bin/python"]
    for path in map(Path, hardening.etc):
        if path.exists():
            out += ["--ro-bind-try", str(path), str(path)]
    for name, (mode, content) in written_files(hardening).items():
        out += ["--perms", f"{mode:04o}", "--ro-bind-data", str(hand_in(content)), name]
    return [*out, "--remount-ro", "/"]


def arguments(
    spec: SandboxSpec,
    toolbox: Path,
    hardening: Hardening,
    memory_held: bool,
    info: int,
    hand_in: Callable[[bytes], int],
) -> list[str]:
    """bwrap's whole command line behind its own name."""
    limits, uid = spec.limits, str(hardening.inside_uid)
    out = ["--unshare-user", "--unshare-all", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1"]
    out += ["--cap-drop", "ALL", "--clearenv", "--uid", uid, "--gid", uid, "--hostname", "sandbox"]
    out += layout(limits, toolbox, hardening, hand_in)
    out += ["--seccomp", str(hand_in(seccomp.program(platform.machine()))), "--info-fd", str(info)]
    for name, value in ENVIRONMENT.items():
        out += ["--setenv", name, value]
    rlimits = {
        "CORE": hardening.core_bytes,
        "FSIZE": limits.file_bytes,
        "MEMLOCK": 1 << 20,
        "NOFILE": limits.open_files,
        "NPROC": limits.pids + hardening.extra_pids,
    }
    config: dict[str, object] = {"root": WORKSPACE, "file_bytes": limits.file_bytes, "cpu_seconds": limits.cpu_seconds}
    if not memory_held:
        # Address space is more than memory (an interpreter reserves and never touches), so it is given twice the room
        # and the agent watches what is really used.
        rlimits["AS"] = 2 * limits.memory_bytes
        config["memory_bytes"] = limits.memory_bytes
    config["rlimits"] = rlimits
    return [*out, "--chdir", WORKSPACE, "--", "/usr/bin/python3", "-I", "-S", "-B", AGENT, json.dumps(config)]


class Spawner:
    """One thread that lives as long as the process and starts every bwrap: it dies with its parent *thread*."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    def popen(self, argv: Sequence[str], user: int | None, keep: Sequence[int], stdio: tuple[int, int, int]) -> Process:
        """Start a program with an empty environment and only ``keep`` open besides its stdio. Raises ``OSError``."""
        with self._lock:
            if self._pool is None or self._owner != os.getpid():
                self._pool = concurrent.futures.ThreadPoolExecutor(1, "sandbox-spawner")
                self._owner = os.getpid()
            pool = self._pool

        def start() -> Process:
            return subprocess.Popen(
                argv,
                stdin=stdio[0],
                stdout=stdio[1],
                stderr=stdio[2],
                env={},
                cwd="/",
                close_fds=True,
                pass_fds=tuple(keep),
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                umask=0o022,
                start_new_session=True,
            )

        return pool.submit(start).result()


Process = subprocess.Popen[bytes]
SPAWNER = Spawner()


class BubblewrapStream:
    """A running bwrap as a byte stream (``sandbox.client.Stream``). Process 1 is the agent: nothing outlives it."""

    place = ""

    def __init__(self, process: Process, fds: tuple[int, int, int], group: Group) -> None:
        self._process = process
        self._stdin, self._stdout, self._stderr = fds
        self._group = group
        self._agent = -1
        self._lock = threading.Lock()
        self._ended = False
        self._words = b""
        self._listener = threading.Thread(target=self._listen, name="sandbox-stderr", daemon=True)
        self._listener.start()

    def know_agent(self, pid: int) -> None:
        """Hold the agent's process by descriptor; its number could be given to another."""
        self.agent_pid = pid
        self._agent = os.pidfd_open(pid)

    def read(self) -> bytes:
        return os.read(self._stdout, 1 << 16)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._stdin, view) :]

    def _listen(self) -> None:
        while data := os.read(self._stderr, 4096):
            self._words = (self._words + data)[-4096:]

    def hang_up(self) -> str:
        return self.end()

    def end(self) -> str:
        with self._lock:
            if not self._ended:
                self._ended = True
                self._kill()
                self._group.remove()
        return self._words.decode("utf-8", "replace").strip()[-500:]

    def _kill(self) -> None:
        """Process 1 first: the kernel then ends all others before it counts as ended, and bwrap reaps it and leaves."""
        if self._agent >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._agent, signal.SIGKILL)
            select.select([self._agent], [], [], 5.0)
        try:
            self._process.wait(2.0 if self._agent >= 0 else 0.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(5.0)
        self._listener.join(2.0)

    def release(self) -> None:
        for fd in (self._stdin, self._stdout, self._agent):
            if fd >= 0:
                os.close(fd)
        if not self._listener.is_alive():
            os.close(self._stderr)


class Bubblewrap:
    """The backend. ``randbelow`` picks the user of a sandbox; ``hardening`` is what it is held by."""

    name = "bubblewrap"

    def __init__(self, hardening: Hardening = HARDENING, randbelow: Callable[[int], int] = secrets.randbelow) -> None:
        self._hardening = hardening
        self._randbelow = randbelow

    def probe(self) -> Probe:
        """See ``sandbox.base``. What it needs is checked in the order in which a person would mend it."""
        lacking = self._lacking()
        if lacking is not None:
            return lacking
        deadline = time.monotonic() + PROBE_SECONDS
        try:
            sandbox = self.start(SandboxSpec("probe"))
        except PairsightError as error:
            return Probe(False, str(error), install="See docs/security.md.")
        too_long = threading.Timer(deadline - time.monotonic(), sandbox.stop)
        too_long.start()
        try:
            done = sandbox.exec(["python3", "-c", "print(6 * 7)"])
        except PairsightError as error:
            return Probe(False, f"it did not run python3 within {PROBE_SECONDS:g} s: {error}")
        finally:
            too_long.cancel()
            sandbox.stop()
        if done.stdout.strip() != b"42":
            return Probe(False, f"python3 inside answered {(done.stdout + done.stderr)[-200:]!r}")
        return Probe(True, "bubblewrap works", weaker=self._weaker())

    def _lacking(self) -> Probe | None:
        if platform.system() != "Linux" or platform.machine() not in seccomp.MACHINES:
            return Probe(False, f"expected Linux on x86_64 or aarch64, got {platform.system()} {platform.machine()}")
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            return Probe(False, "bubblewrap is not installed", install=INSTALL)
        try:
            said = subprocess.run([bwrap, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
        except (OSError, subprocess.TimeoutExpired) as error:
            return Probe(False, f"{bwrap} does not run: {error}", install=INSTALL)
        version = tuple(int(part) for part in re.findall(r"\d+", said)[:3])
        if version < OLDEST:
            return Probe(False, f"expected bubblewrap 0.8 or newer, got {said.strip() or 'nothing'}", install=INSTALL)
        for program, package in (("/usr/bin/python3", "python3"), ("/bin/bash", "bash")):
            if not Path(program).exists():
                return Probe(False, f"expected {program}, it is not there", install=f"apt-get install {package}")
        return None

    def _weaker(self) -> tuple[str, ...]:
        weaker = ["inodes are not limited"]
        group = Group(f"probe-{secrets.token_hex(4)}", Limits(), 0, 1.0)
        held = group.held
        group.remove()
        if "memory" not in held:
            weaker.append("memory is limited by a watchdog, not by a control group")
        if "pids" not in held:
            weaker.append("processes are limited per user, not by a control group")
        if "cpu" not in held:
            weaker.append("processor time is not shared out by a control group")
        if os.geteuid() != 0:
            weaker.append("sandboxes run as the server's own user, not each as its own")
        return tuple(weaker)

    def start(self, spec: SandboxSpec) -> Sandbox:
        """See ``sandbox.base``. Takes at most 15 s."""
        stream, seconds = self.launch(spec)
        return AgentSandbox(self.name, stream, spec.limits, hello_seconds=seconds)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """See ``sandbox.base``. Nothing outlives its agent."""
        return None

    def reap(self, wanted: Collection[str]) -> list[str]:
        """See ``sandbox.base``. Nothing outlives its server."""
        return []

    def launch(self, spec: SandboxSpec) -> tuple[BubblewrapStream, float]:
        """Start the agent. Returns its bytes and the seconds left for its hello. Raises ``PlatformFailure``."""
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise PlatformFailure("Expected bubblewrap to be installed: %(install)s", install=INSTALL)
        toolbox = find_toolbox()
        if toolbox is None:
            raise PlatformFailure("The sandbox's tools are not installed; `make setup` installs them.")
        deadline = time.monotonic() + START_SECONDS
        stream = self._spawn(bwrap, spec, toolbox, deadline)
        return stream, max(0.1, deadline - time.monotonic())

    def _spawn(self, bwrap: str, spec: SandboxSpec, toolbox: Path, deadline: float) -> BubblewrapStream:
        hardening = self._hardening
        tag = re.sub(r"[^A-Za-z0-9]", "-", spec.interview)[:32]
        group = Group(f"{tag}-{secrets.token_hex(4)}", spec.limits, hardening.extra_pids, hardening.cpu_share)
        info_r, info_w = os.pipe()
        given = [info_w]
        inside: list[int] = []
        ours: list[int] = [info_r]

        def hand_in(content: bytes) -> int:
            fd = os.memfd_create("pairsight")
            os.write(fd, content)
            os.lseek(fd, 0, os.SEEK_SET)
            given.append(fd)
            return fd

        try:
            line = arguments(spec, toolbox, hardening, "memory" in group.held, info_w, hand_in)
            for stdio in range(3):
                reading, writing = os.pipe()
                inside.append(reading if stdio == 0 else writing)
                ours.append(writing if stdio == 0 else reading)
            fds = (ours[1], ours[2], ours[3])
            process = SPAWNER.popen(
                self._entered(group, hardening, [bwrap, *line]),
                self._user(),
                [*given, *group.doors],
                (inside[0], inside[1], inside[2]),
            )
        except OSError as error:
            for fd in ours:
                os.close(fd)
            group.remove()
            raise PlatformFailure("The sandbox did not start: %(reason)s", reason=str(error)) from error
        finally:
            for fd in (*given, *inside):
                os.close(fd)
        group.shut()
        stream = BubblewrapStream(process, fds, group)
        try:
            stream.know_agent(child_pid(info_r, deadline))
        except (OSError, ValueError, KeyError, TypeError) as error:
            words = stream.end()
            stream.release()
            raise PlatformFailure("The sandbox did not start: %(reason)s", reason=words or str(error)) from error
        finally:
            os.close(info_r)
        return stream

    @staticmethod
    def _entered(group: Group, hardening: Hardening, argv: Sequence[str]) -> list[str]:
        """A shell that enters the groups by the doors it was given, makes itself the first to go, and becomes bwrap.

        Not ``sh``: Debian's knows no descriptor above 9.
        """
        doors = "".join(f"echo 0 >&{door} && exec {door}>&- && " for door in group.doors)
        last = f"echo {hardening.oom_score_adj} >/proc/self/oom_score_adj"
        return ["/bin/bash", "--norc", "--noprofile", "-c", f'{doors}{last} && exec "$@"', "bash", *argv]

    def _user(self) -> int | None:
        """An unprivileged user of the sandbox's own where the server is root; None: stay who we are.

        Raises ``OSError`` when no user number is free: bwrap is never started as root.
        """
        if os.geteuid() != 0:
            return None
        first, count = user_range(self._hardening, Path("/proc/self/uid_map").read_text("ascii"))
        taken = users_at_work()
        for _ in range(100):
            uid = first + self._randbelow(count)
            if uid in taken:
                continue
            with contextlib.suppress(KeyError):
                pwd.getpwuid(uid)
                continue
            return uid
        raise OSError("no free user number for a sandbox")


def user_range(hardening: Hardening, uid_map: str) -> tuple[int, int]:
    """First and count of the user numbers to pick from, among those that exist in this user namespace.

    Raises ``OSError`` when there are none but the server's own.
    """
    spans = [(int(inside), int(count)) for inside, _, count in map(str.split, uid_map.splitlines())]
    first, last = hardening.first_uid, hardening.first_uid + hardening.uid_count
    if any(start <= first and last <= start + count for start, count in spans):
        return first, hardening.uid_count
    start, count = max(spans, key=lambda span: span[1])
    # The upper half, and below the numbers that mean "nobody".
    low, high = start + count // 2, min(start + count, 60_000 if start + count <= 65_536 else start + count)
    if high - low < 100 or low < 1:
        raise OSError("expected room for unprivileged user numbers in this container, got none")
    return low, high - low


def users_at_work() -> set[int]:
    """Users of running processes."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            found.add(os.stat(f"/proc/{name}").st_uid)
    return found


def child_pid(info: int, deadline: float) -> int:
    """The agent's process number as bwrap tells it. Raises ``OSError``, ``ValueError``, ``KeyError``."""
    text = b""
    for part in until_closed(info, deadline):
        text += part
    return int(json.loads(text)["child-pid"])


def until_closed(fd: int, deadline: float) -> Iterator[bytes]:
    """What arrives until the other end closes. Raises ``TimeoutError`` at the deadline."""
    while True:
        if not select.select([fd], [], [], max(0.0, deadline - time.monotonic()))[0]:
            raise TimeoutError("bwrap did not start within its time")
        data = os.read(fd, 4096)
        if not data:
            return
        yield data


backend = Bubblewrap()
