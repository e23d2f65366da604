"""The subject: where the program under test runs, on a copy of the submitted files.

Owns its sandbox, which is started when first needed and again after a loss. Invariant: whatever the program does (crash,
hang, flood, end everything in its sandbox) is an ``ExecResult``; only a sandbox that cannot be started is a platform
failure. Leaves out who asks (``harness.relay``) and what the answer is worth (``harness.inside``).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import Field

from interviews.errors import BadInput, PlatformFailure
from interviews.events import Value
from sandbox.base import ExecResult, Sandbox

MAX_CALL_S = 120
# Doubled by base64 and the second stream, and still below what an unread pipe holds.
MAX_OUTPUT = 512 << 10
# The first is tried again, as it may have been ours. A program that goes on ending its sandbox gets no more of them.
MAX_LOSSES = 3
OVER_TIME = ExecResult(124, b"", b"", timed_out=True, truncated=False, duration_ms=0)
ENDED_ALL = ExecResult(-9, b"", b"", timed_out=False, truncated=False, duration_ms=0)


class Program(Value):
    """What to run: ``files`` (path to text) are laid down in the workspace first."""

    argv: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    stdin: str
    env: dict[str, str]
    files: Annotated[dict[str, str], Field(max_length=100)]
    timeout_s: Annotated[float, Field(gt=0, le=MAX_CALL_S)]


class Subject:
    """Runs programs beside the submitted files. ``budget_s`` is what they may take in all, counted while they run."""

    def __init__(self, start: Callable[[], Sandbox], files: Mapping[str, str], budget_s: float) -> None:
        self._start = start
        self._files = files
        self._left_s = budget_s
        self._losses = 0
        self._sandbox: Sandbox | None = None

    def run(self, program: Program) -> ExecResult:
        """Run it. Raises ``PlatformFailure`` when no sandbox can be started."""
        for _ in range(2):
            if self._left_s <= 0:
                return OVER_TIME
            if self._losses >= MAX_LOSSES:
                return ENDED_ALL
            sandbox = self._ready()
            begun = time.monotonic()
            try:
                for path, text in program.files.items():
                    sandbox.write(path, text.encode("utf-8", "surrogatepass"))
                return sandbox.exec(
                    program.argv, env=program.env, stdin=program.stdin.encode("utf-8", "surrogatepass"),
                    timeout_s=min(program.timeout_s, self._left_s), output_cap=MAX_OUTPUT,
                )  # fmt: skip
            except BadInput as error:
                # A folder or a link of the program's is in the way, or its files have filled the disk.
                return ExecResult(126, b"", str(error).encode(), timed_out=False, truncated=False, duration_ms=0)
            except PlatformFailure:
                self._losses += 1
                self.stop()
            finally:
                self._left_s -= time.monotonic() - begun
        return ENDED_ALL

    def _ready(self) -> Sandbox:
        if self._sandbox is not None and self._sandbox.alive:
            return self._sandbox
        self.stop()
        self._sandbox = sandbox = self._start()
        for path, text in self._files.items():
            # What has no place beside the rest, or no room, is no reason to grade nothing.
            with contextlib.suppress(BadInput):
                sandbox.write(path, text.encode("utf-8", "surrogatepass"))
        return sandbox

    def stop(self) -> None:
        """End it; the next program gets a new one."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.stop()
