"""A place to work in that only keeps files, in this process's memory.

Owns that stand-in, for benchmarks of everything but the sandbox: fifty real ones would be measured along with what is asked
about. Invariant: a backend and a sandbox as ``sandbox.base`` has them, but no program runs in it. The product never sees it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence

from interviews.chain import sha256_hex
from interviews.errors import FileChanged, NotFound, PlatformFailure
from sandbox.base import Change, ExecResult, FileEntry, Pipe, Probe, Sandbox, SandboxSpec, Terminal


class StillBackend:
    """Starts ``Still`` sandboxes."""

    name = "still"

    def probe(self) -> Probe:
        return Probe(True, "for benchmarks")

    def start(self, spec: SandboxSpec) -> Sandbox:
        return Still()

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        return None

    def reap(self, wanted: Collection[str]) -> list[str]:
        return []


class Still:
    """Files and nothing that moves."""

    backend, place = "still", ""

    def __init__(self) -> None:
        self.alive = True
        self._files: dict[str, bytes] = {}
        self._on_change: Callable[[Change], None] = lambda change: None
        self._lock = threading.Lock()

    def read(self, path: str) -> bytes:
        with self._lock:
            if path not in self._files:
                raise NotFound("There is no file %(path)s", path=path)
            return self._files[path]

    def write(self, path: str, data: bytes, expected: str | None = None) -> None:
        with self._lock:
            there = sha256_hex(self._files[path]) if path in self._files else ""
            if expected not in (None, there):
                raise FileChanged("%(path)s has changed", path=path)
            self._files[path] = data
        self._on_change(Change("written", path))

    def delete(self, path: str, expected: str | None = None) -> None:
        with self._lock:
            if path not in self._files:
                raise NotFound("There is no file %(path)s", path=path)
            if expected not in (None, sha256_hex(self._files[path])):
                raise FileChanged("%(path)s has changed", path=path)
            del self._files[path]
        self._on_change(Change("deleted", path))

    def list(self) -> list[FileEntry]:
        with self._lock:
            return [FileEntry(path, len(data), sha256_hex(data)) for path, data in sorted(self._files.items())]

    def exec(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        timeout_s: float = 60.0,
        output_cap: int = 1 << 20,
    ) -> ExecResult:
        raise PlatformFailure("No program runs here")

    def open_terminal(
        self,
        *,
        cols: int,
        rows: int,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        argv: Sequence[str] | None = None,
    ) -> Terminal:
        raise PlatformFailure("No program runs here")

    def open_pipe(
        self,
        argv: Sequence[str],
        *,
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
        env: Mapping[str, str] | None = None,
    ) -> Pipe:
        raise PlatformFailure("No program runs here")

    def watch(self, on_change: Callable[[Change], None]) -> None:
        self._on_change = on_change

    def on_lost(self, callback: Callable[[str], None]) -> None:
        """It is never lost."""

    def leave(self) -> None:
        self.alive = False

    def stop(self) -> None:
        self.alive = False
