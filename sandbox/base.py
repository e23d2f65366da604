"""The sandbox port: what a place that runs candidate code can do.

Owns the value types and protocols that the service sees. Invariant: nothing here knows which backend
runs; a backend only says how the agent is started and hands back its byte stream, everything else is
shared. Leaves out the wire protocol (``sandbox.client``, ``sandbox.agent``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from interviews.errors import WorkspaceFull

__all__ = [
    "WORKSPACE",
    "Backend",
    "Change",
    "ExecResult",
    "FileEntry",
    "Limits",
    "Pipe",
    "Probe",
    "Sandbox",
    "SandboxSpec",
    "Terminal",
    "WorkspaceFull",
]

WORKSPACE = "/workspace"


@dataclass(frozen=True)
class Limits:
    """What one sandbox may use. Bytes, seconds, counts."""

    memory_bytes: int = 1 << 30
    workspace_bytes: int = 64 << 20
    tmp_bytes: int = 64 << 20
    pids: int = 128
    cpu_seconds: int = 3600
    file_bytes: int = 32 << 20
    open_files: int = 1024


@dataclass(frozen=True)
class SandboxSpec:
    """What to start: ``interview`` (id, for labels and logs) and its ``limits``.

    ``yields``: nobody waits for what runs in it, so it has the processor where others leave it, as far as this system can say so.
    """

    interview: str
    limits: Limits = field(default_factory=Limits)
    yields: bool = False


@dataclass(frozen=True)
class FileEntry:
    """One regular file below the workspace. ``path`` is relative with ``/``; ``sha256`` hex of its bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class ExecResult:
    """A finished command. ``exit_code`` is negative for a signal, 124 when ``timed_out``.

    ``stdout`` and ``stderr`` are capped at the source; ``truncated`` says that either was.
    """

    exit_code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool
    truncated: bool
    duration_ms: int


@dataclass(frozen=True)
class Change:
    """A file on the sandbox's disk changed. ``kind`` "overflow" means: list again, events were lost."""

    kind: Literal["written", "deleted", "overflow"]
    path: str


@dataclass(frozen=True)
class Probe:
    """Whether a backend can run here. ``reason`` in plain words; ``weaker`` lists guarantees it cannot hold."""

    ok: bool
    reason: str
    install: str = ""
    weaker: tuple[str, ...] = ()


class Pipe(Protocol):
    """A running program's input and output. ``write`` feeds it; what it says arrives at the callback of ``open_pipe``."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Terminal(Pipe, Protocol):
    """An open PTY. ``write`` takes raw keys; output arrives at the callback given to ``open_terminal``."""

    def resize(self, cols: int, rows: int) -> None: ...


class Sandbox(Protocol):
    """A running sandbox. Thread-safe; every call has a deadline.

    Raises ``PlatformFailure`` once the sandbox is gone. Paths are relative to the workspace with ``/``; a path that
    leaves it raises ``BadInput``; one that names anything but a regular file ``NotRegular``, a full disk
    ``WorkspaceFull`` (both a ``BadInput``). A missing file raises ``NotFound``.

    Callbacks of one terminal come one at a time from a thread of that terminal's own, those of the watch from another:
    a callback may take its time (the program behind it then waits), it holds up nobody else.
    """

    @property
    def backend(self) -> str: ...

    @property
    def alive(self) -> bool: ...

    @property
    def place(self) -> str:
        """What ``Backend.adopt`` finds it by once its agent or this process is gone; "" where it goes with them."""
        ...

    def read(self, path: str) -> bytes: ...

    def write(self, path: str, data: bytes, expected: str | None = None) -> None:
        """Atomic: a reader sees the old or the new bytes. Makes parent folders.

        With ``expected`` (a SHA-256 in hex, "" for no file) it is refused as ``FileChanged`` unless just that is there.
        """
        ...

    def delete(self, path: str, expected: str | None = None) -> None:
        """With ``expected`` (a SHA-256 in hex) it is refused as ``FileChanged`` unless just that is there."""
        ...

    def list(self) -> list[FileEntry]:
        """Regular files, sorted by path, bounded (at most 2,000), without ``.git``, caches and symlinks."""
        ...

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float = 60.0,
        output_cap: int = 1 << 20,
    ) -> ExecResult:
        """Run in the workspace. A program that is not there is a result: exit code 127.

        At the deadline, and likewise when the program ends, whatever it started is killed, in any process group or
        session: a command leaves nothing running.
        """
        ...

    def open_terminal(
        self,
        *,
        cols: int,
        rows: int,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        argv: Sequence[str] | None = None,
    ) -> Terminal:
        """A PTY opened inside with a login-like bash (job control works).

        Output comes as bytes that do not split a UTF-8 character. The bash marks prompt, command and exit code with
        OSC 133 (``sandbox.marks`` reads them). ``on_exit`` is called once, last, also after ``close`` or a loss.
        """
        ...

    def open_pipe(
        self,
        argv: Sequence[str],
        *,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        env: Mapping[str, str] | None = None,
    ) -> Pipe:
        """A program on two plain pipes: its standard output comes as raw bytes, its errors are dropped.

        Flow control, ``close`` and ``on_exit`` as for a terminal.
        """
        ...

    def watch(self, on_change: Callable[[Change], None]) -> None:
        """Report changes below the workspace from now on, also those of ``write``: the caller knows its own by hash.

        One callback at a time; a second call replaces the first callback.
        """
        ...

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """Call ``callback(reason)`` once when its agent is gone without ``stop`` or ``leave`` having been called.

        A callback that comes too late is called at once, from a thread of its own. With a ``place`` the files may still
        be there: ``Backend.adopt`` them, or ``stop`` to end what is left. Without one, ``stop`` need not follow.
        """
        ...

    def leave(self) -> None:
        """Let go without ending it: what has a ``place`` stays there for ``Backend.adopt``, all else is stopped.

        May be called after a loss, and twice; afterwards only ``stop`` may be.
        """
        ...

    def stop(self) -> None:
        """End every process and forget the files, also after a loss. May be called twice."""
        ...


class Backend(Protocol):
    """One way to start a sandbox; a file in ``sandbox/backends/`` with a module-level ``backend: Backend``."""

    name: str

    def probe(self) -> Probe:
        """Start the agent, run ``python3``, within 20 s. Never raises."""
        ...

    def start(self, spec: SandboxSpec) -> Sandbox:
        """Raise ``PlatformFailure`` with the reason when it cannot be started within its deadline."""
        ...

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """The sandbox at ``place`` with its agent started anew; files and programs are as they were, terminals are gone.

        None when there is none any more, or never could be. Raises ``PlatformFailure`` when that cannot be told now.
        """
        ...

    def reap(self, wanted: Collection[str]) -> list[str]:
        """Remove what dead servers left at places nobody wants, and what has outlived its time. Returns their names.

        Acts only on a complete list of what there is; without one it does nothing. Never raises.
        """
        ...
