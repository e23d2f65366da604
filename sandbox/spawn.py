"""Starting a sandbox's first process, and speaking with it over pipes.

Owns the one thread that starts them all, the descriptors handed in, and the end of what was started. Invariant: the child
inherits what it was given and nothing else; every wait has an end; a start that failed leaves no process and no
descriptor. Leaves out what is started (``sandbox.bwrap``).
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.cgroups import Group
from sandbox.hardening import Hardening
from sandbox.marks import abandoned

Process = subprocess.Popen[bytes]


class Handover:
    """Descriptors made for a child. Whoever starts it takes them over and closes them once the child has its own."""

    def __init__(self, kept: Sequence[int] = ()) -> None:
        """``kept``: descriptors that exist already and come along."""
        self.kept = list(kept)
        self.stdio: list[int] = []
        self.taken = False
        self.closed = False

    def content(self, data: bytes) -> int:
        """A descriptor from which the child reads ``data``. Raises ``OSError``."""
        fd = os.memfd_create("pairsight")
        self.kept.append(fd)
        os.write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def pipe(self, ours: contextlib.ExitStack) -> tuple[int, int]:
        """A pipe from the child: its end, and the reading one, which ``ours`` will close. Raises ``OSError``.

        The child's end can be read too, so that writing to it does not fail when we are gone: bwrap's first process would
        end by that and leave its second one waiting for it for ever.
        """
        reading, writing = os.pipe()
        ours.callback(os.close, reading)
        try:
            self.kept.append(os.open(f"/proc/self/fd/{writing}", os.O_RDWR | os.O_CLOEXEC))
        finally:
            os.close(writing)
        return self.kept[-1], reading

    def own_stdio(self, ours: contextlib.ExitStack) -> tuple[int, int, int]:
        """Give the child three pipes as input, output and errors. Returns the other ends, which ``ours`` will close.

        Raises ``OSError``.
        """
        ends = []
        for number in range(3):
            reading, writing = os.pipe()
            theirs, end = (writing, reading) if number > 0 else (reading, writing)
            self.stdio.append(theirs)
            ours.callback(os.close, end)
            ends.append(end)
        return ends[0], ends[1], ends[2]

    def close(self) -> None:
        self.closed = True
        while ends := self.kept or self.stdio:
            os.close(ends.pop())

    def abandon(self) -> None:
        """Close them unless somebody has taken them over."""
        if not self.taken:
            self.close()


class Spawner:
    """One thread that lives as long as the server and starts every sandbox: bwrap dies with its parent *thread*."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    def thread(self) -> concurrent.futures.Executor:
        """The one thread; a server that was forked from another has its own."""
        with self._lock:
            if self._pool is None or self._owner != os.getpid():
                self._pool = concurrent.futures.ThreadPoolExecutor(1, "sandbox-spawner")
                self._owner = os.getpid()
            return self._pool

    def popen(
        self, argv: Sequence[str], user: int | None, handover: Handover, hardening: Hardening, deadline: float
    ) -> Process:
        """Start a program in a process group of its own. ``user`` None: the server's. Takes ``handover`` over.

        Raises ``OSError``, ``TimeoutError`` at ``deadline`` (of ``time.monotonic``); what starts later is ended then.
        """
        future = self.thread().submit(start, argv, user, handover, hardening)
        handover.taken = True
        try:
            return future.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            if future.cancel():
                handover.close()
            else:
                future.add_done_callback(end_late)
            raise


def start(argv: Sequence[str], user: int | None, handover: Handover, hardening: Hardening) -> Process:
    """Called by the one thread. What has been given up since it was asked for is not started."""
    if handover.closed:
        raise OSError("the start was given up")
    try:
        for fd in () if hardening.closed_descriptors else handover.kept:
            os.set_inheritable(fd, True)
        return subprocess.Popen(
            argv,
            stdin=handover.stdio[0],
            stdout=handover.stdio[1],
            stderr=handover.stdio[2],
            env={} if hardening.empty_environment else None,
            cwd="/",
            close_fds=hardening.closed_descriptors,
            pass_fds=tuple(handover.kept) if hardening.closed_descriptors else (),
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            umask=0o022,
            start_new_session=hardening.own_session,
            process_group=None if hardening.own_session else 0,
        )
    finally:
        handover.close()


def end_late(future: concurrent.futures.Future[Process]) -> None:
    """Nobody waits for it any more."""
    if future.exception() is None:
        threading.Thread(target=end_group, args=(future.result(),), daemon=True).start()


def end_group(process: Process, seconds: float = 5.0) -> bool:
    """Kill all that it has started so far, and wait for it. False when it has not ended in time."""
    if process.poll() is None:
        # Before it has been waited for, its number is nobody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


SPAWNER = Spawner()


class BubblewrapStream:
    """A running bwrap as a byte stream (``sandbox.stream.Stream``). Process 1 is the agent: nothing outlives it."""

    place = ""

    def __init__(self, process: Process, fds: tuple[int, int, int], group: Group) -> None:
        """``fds`` are our ends of its input, output and errors; they and ``group`` are this object's from now on."""
        self.agent_pid = 0
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
        """Hold the agent's process by descriptor; its number could be given to another. Raises ``OSError``."""
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
                self._listener.join(2.0)
        return self._words.decode("utf-8", "replace").strip()[-500:]

    def _kill(self) -> None:
        """Process 1 first: the kernel then ends all others before it counts as ended, and bwrap reaps it and leaves."""
        if self._agent >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._agent, signal.SIGKILL)
            readable(self._agent, 5.0)
        try:
            self._process.wait(2.0 if self._agent >= 0 else 0.0)
        except subprocess.TimeoutExpired:
            if not end_group(self._process):
                self._words += b"\nbwrap did not end when it was killed"

    def release(self) -> None:
        for fd in (self._stdin, self._stdout, self._agent):
            if fd >= 0:
                os.close(fd)
        if not self._listener.is_alive():
            os.close(self._stderr)


def reap(agent: Sequence[str]) -> list[str]:
    """End what dead servers left in the middle of a start, on the way to become ``agent`` with a mark as last argument.

    A server can die between bwrap's first process being tied to it and that one having told the second to go on, which
    then waits for ever. Once it is the agent it needs nobody to end it. Returns their names. Never raises.
    """
    ended = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            process = os.pidfd_open(int(number))
            held.callback(os.close, process)
            words = os.fsdecode(Path("/proc", number, "cmdline").read_bytes()).split("\0")[:-1]
            if agent[-1] in words and words[: len(agent)] != list(agent) and abandoned(words[-1]):
                signal.pidfd_send_signal(process, signal.SIGKILL)
                ended.append(f"process {number}")
    return ended


def readable(fd: int, seconds: float) -> bool:
    """Wait for it. Not ``select``, which knows no descriptor above 1023."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(max(0.0, seconds) * 1000))


def child_pid(info: int, deadline: float) -> int:
    """The agent's process number as bwrap tells it. Raises ``OSError``, ``ValueError``, ``KeyError``."""
    text = b""
    for part in until_closed(info, deadline):
        text += part
    return int(json.loads(text)["child-pid"])


def until_closed(fd: int, deadline: float) -> Iterator[bytes]:
    """What arrives until the other end closes. Raises ``TimeoutError`` at the deadline."""
    while True:
        if not readable(fd, deadline - time.monotonic()):
            raise TimeoutError("bwrap did not start within its time")
        data = os.read(fd, 4096)
        if not data:
            return
        yield data
