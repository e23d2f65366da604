"""What attacks are made of: a place under attack, the hostile programs' common words, and "the interview goes on".

Owns running a hostile program inside and reading what it brought home. Invariant: a program reports each thing that it
got hold of, and says at its end that it came that far, so that one which broke down is no attack that was held. Leaves
out the attacks (``test_*.py``) and what must come of them (``tests.attacks.catalogue``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from interviews.errors import PairsightError, PlatformFailure
from sandbox.base import Backend, ExecResult, Limits, Sandbox, SandboxSpec, Terminal
from sandbox.hardening import HARDENING
from tests.attacks import catalogue

LIMITS = Limits(
    memory_bytes=512 << 20,
    workspace_bytes=24 << 20,
    tmp_bytes=8 << 20,
    file_bytes=8 << 20,
    pids=64,
    open_files=256,
)
MOST_PIDS = LIMITS.pids + HARDENING.extra_pids
END = "came to the end"

# What every hostile program begins with. ``got`` reports a success; ``attempt`` makes a system call and reports it when
# it worked or (where the call should not even reach the kernel) when anything but a refusal came back.
PRELUDE = """
import contextlib, ctypes, errno, fcntl, glob, json, mmap, os, platform, resource, signal, socket, stat, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
FILTERED = {filtered}
AGENT = os.getppid()
NUMBERS = dict(
    ioperm=(173, 0), iopl=(172, 0), mount=(165, 40), umount2=(166, 39), pivot_root=(155, 41), chroot=(161, 51),
    swapon=(167, 224), reboot=(169, 142), sethostname=(170, 161), init_module=(175, 105), finit_module=(313, 273),
    delete_module=(176, 106), acct=(163, 89), settimeofday=(164, 170), clock_settime=(227, 112), adjtimex=(159, 171),
    kexec_load=(246, 104), kexec_file_load=(320, 294), syslog=(103, 116), quotactl=(179, 60),
    bpf=(321, 280), perf_event_open=(298, 241), io_uring_setup=(425, 425), userfaultfd=(323, 282),
    memfd_create=(319, 279), memfd_secret=(447, 447), fanotify_init=(300, 262), lookup_dcookie=(212, 18),
    ptrace=(101, 117), process_vm_readv=(310, 270), process_vm_writev=(311, 271), pidfd_getfd=(438, 438),
    pidfd_open=(434, 434), kcmp=(312, 272), process_madvise=(440, 440), move_pages=(279, 239),
    add_key=(248, 217), request_key=(249, 218), keyctl=(250, 219), unshare=(272, 97), setns=(308, 268),
    clone=(56, 220), clone3=(435, 435), move_mount=(429, 429), fsopen=(430, 430), open_tree=(428, 428),
    fsmount=(432, 432), mount_setattr=(442, 442), personality=(135, 92), name_to_handle_at=(303, 264),
    open_by_handle_at=(304, 265), shmget=(29, 194), msgget=(68, 186), mq_open=(240, 180), mlock=(149, 228),
    capset=(126, 91), sched_setscheduler=(144, 119), ioprio_set=(251, 30), modify_ldt=(154, 0), mknod=(133, 0),
    getpid=(39, 172), mbind=(237, 235), set_mempolicy=(238, 237), vmsplice=(278, 75), futex=(202, 98),
)
REFUSALS = (errno.EPERM, errno.ENOSYS)

def got(*words):
    print("GOT", *words, flush=True)

def call(name, *arguments):
    ctypes.set_errno(0)
    number = NUMBERS[name][platform.machine() != "x86_64"]
    wide = [one if isinstance(one, (bytes, ctypes.Array)) else ctypes.c_long(one) for one in arguments]
    return libc.syscall(ctypes.c_long(number), *wide), ctypes.get_errno()

def attempt(name, *arguments):
    result, error = call(name, *arguments)
    if result >= 0:
        got(name, "gave", result)
    elif FILTERED and error not in REFUSALS:
        got(name, "reached the kernel:", errno.errorcode.get(error, error))
    return result

@contextlib.contextmanager
def refused(*words):
    try:
        yield
    except (OSError, ValueError):
        return
    got(*words)
"""


@dataclass
class Place:
    """A backend under attack with a sandbox that attacks share, and those that one attack starts for itself."""

    name: str
    backend: Backend
    sandbox: Sandbox
    attack: catalogue.Attack
    more: list[Sandbox] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether the catalogue says that this backend holds this attack."""
        return self.name not in self.attack.weaker

    @property
    def virtual(self) -> bool:
        """Whether the kernel inside is gVisor's, whose priorities and names are its own."""
        return self.name == catalogue.GVISOR

    def start(self, limits: Limits = LIMITS) -> Sandbox:
        """One more sandbox; it ends with the test."""
        made = self.backend.start(SandboxSpec("attack", limits))
        self.more.append(made)
        return made

    def run(self, program: str, *argv: str, sandbox: Sandbox | None = None, timeout_s: float = 30.0) -> list[str]:
        """Run a hostile program; what it got hold of, a line each."""
        program = f"VIRTUAL = {self.virtual}\n{program}"
        return brought_home(sandbox or self.sandbox, program, *argv, timeout_s=timeout_s)


def brought_home(
    sandbox: Sandbox, program: str, *argv: str, filtered: bool = True, timeout_s: float = 30.0
) -> list[str]:
    """What a hostile program got hold of, a line each."""
    whole = f"{PRELUDE.replace('{filtered}', str(filtered))}\n{program}\nprint({END!r})"
    done = sandbox.exec(["python3", "-c", whole, *argv], timeout_s=timeout_s)
    *lines, last = done.stdout.decode("utf-8", "replace").splitlines() or [""]
    assert last == END, done
    return [line.removeprefix("GOT ") for line in lines if line.startswith("GOT ")]


def shell(sandbox: Sandbox, line: str, timeout_s: float = 20.0) -> ExecResult:
    return sandbox.exec(["sh", "-c", line], timeout_s=timeout_s)


def text(sandbox: Sandbox, line: str) -> str:
    """Output of a shell line that must succeed."""
    done = shell(sandbox, line)
    assert done.exit_code == 0, done
    return done.stdout.decode()


def eventually(happened: Callable[[], object], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.01)


class Screen:
    """A terminal and all that it has shown; with a gate, its reader stands still until the gate opens."""

    def __init__(self, sandbox: Sandbox, *argv: str, gate: threading.Event | None = None) -> None:
        self.seen = bytearray()
        self.codes: list[int] = []
        self.gate = gate
        self.terminal: Terminal = sandbox.open_terminal(
            cols=80, rows=24, on_output=self._output, on_exit=self.codes.append, argv=argv or None
        )

    def _output(self, data: bytes) -> None:
        if self.gate is not None:
            self.gate.wait(30)
        self.seen += data

    def shows(self, words: bytes, seconds: float = 15.0) -> None:
        eventually(lambda: words in self.seen, seconds)

    def ended(self) -> bool:
        return bool(self.codes)

    def close(self) -> None:
        self.terminal.close()
        eventually(self.ended)


def goes_on(sandbox: Sandbox) -> None:
    """Files, commands and terminals of the same sandbox still answer."""
    assert sandbox.alive
    sandbox.write("goes/on.txt", b"yes")
    assert sandbox.read("goes/on.txt") == b"yes"
    assert "goes/on.txt" in [entry.path for entry in sandbox.list()]
    sandbox.delete("goes/on.txt")
    assert shell(sandbox, "echo alive").stdout == b"alive\n"
    screen = Screen(sandbox, "sh", "-c", "read word; echo heard $word")
    screen.terminal.write(b"you\r")
    screen.shows(b"heard you")
    eventually(lambda: screen.codes == [0])


def ends_plainly(place: Place, sandbox: Sandbox) -> None:
    """It is reported lost in words, answers every call with a plain failure, and a new one starts."""
    reasons: list[str] = []
    sandbox.on_lost(reasons.append)
    eventually(lambda: reasons)
    assert reasons[0] and "Traceback" not in reasons[0]
    assert not sandbox.alive
    for act in (sandbox.list, lambda: sandbox.read("x"), lambda: sandbox.exec(["true"])):
        with pytest.raises(PlatformFailure):
            act()
    sandbox.stop()
    goes_on(place.start())


def goes_on_or_ends(place: Place, sandbox: Sandbox) -> None:
    """Where memory runs out the kernel chooses whom it ends: either is plain, and nothing hangs."""
    with contextlib.suppress(PairsightError):
        sandbox.exec(["true"])
    if sandbox.alive:
        goes_on(sandbox)
    else:
        ends_plainly(place, sandbox)


def status_outside(pid: int, name: str) -> str:
    """A line of the host's view of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def agent_outside(sandbox: Sandbox) -> int:
    """The host's number of the agent: the parent of a program that nobody else runs."""
    mark = f"98764.{secrets.randbelow(10**9)}"
    screen = Screen(sandbox, "sh", "-c", f"echo here; exec sleep {mark}")
    screen.shows(b"here")
    found: list[int] = []

    def look() -> bool:
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if mark.encode() in Path("/proc", name, "cmdline").read_bytes().split(b"\0"):
                    found.append(int(status_outside(int(name), "PPid")))
        return bool(found)

    eventually(look)
    screen.close()
    return found[0]


def user_outside(sandbox: Sandbox) -> int:
    """The host's user that programs inside run as."""
    return int(status_outside(agent_outside(sandbox), "Uid").split()[0])


def resident_bytes() -> int:
    """Memory of this process, the server's side of every sandbox here."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
