"""The relay between grader and subject: runs in the one what the other asks for, and hears the verdicts.

Owns the conversation over the grader's pipe, one JSON line a message, and its bounds. Invariant: nothing of the subject's
reaches the grader but the result of a program, and nothing of the grader's reaches the subject but the program to run. A
message out of form, a grader that ends without its last word or takes too long is a fault of the grader: an exception, never
a result. Leaves out what the messages mean to a test (``harness.inside.grader``).
"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from interviews.errors import PlatformFailure
from interviews.events import Value
from interviews.service.harness.subject import Program, Subject
from sandbox.base import ExecResult, Sandbox

INSIDE = Path(__file__).resolve().parent / "inside"
FOLDER = ".harness"
MAX_LINE = 8 << 20
MAX_MESSAGES = 5000
MAX_ERRORS_SHOWN = 16 << 10


class GraderFailed(PlatformFailure):
    """The grader itself is at fault: its tests or the harness, not the place it runs in and not the program under test."""


class Verdict(Value):
    """What became of one hidden test. ``message`` holds nothing of what the test expects."""

    id: Annotated[str, Field(min_length=1, max_length=300)]
    outcome: Literal["passed", "failed", "error", "skipped"]
    message: Annotated[str, Field(max_length=300)] = ""


class Said(Value):
    """A message of the grader's: exactly one of these. ``end`` is the number of verdicts that were told."""

    run: Program | None = None
    fresh: Literal[True] | None = None
    test: Verdict | None = None
    fault: Annotated[str, Field(max_length=2000)] | None = None
    end: int | None = None


class Lines:
    """The lines of a pipe, handed from its thread to ours. Raises ``GraderFailed`` for one beyond 8 MiB."""

    def __init__(self) -> None:
        self._ready = threading.Condition()
        self._lines: list[bytes] = []
        self._part = bytearray()
        self._size = 0
        self._exit: int | None = None

    def add(self, data: bytes) -> None:
        """What came. Beyond the bound it is dropped, and the next ``take`` says so."""
        with self._ready:
            self._size += len(data)
            if self._size <= MAX_LINE:
                self._part += data
                if b"\n" in data:
                    *whole, rest = bytes(self._part).split(b"\n")
                    self._lines += whole
                    self._part = bytearray(rest)
            self._ready.notify()

    def ended(self, code: int) -> None:
        """The grader has ended."""
        with self._ready:
            self._exit = code
            self._ready.notify()

    def take(self, deadline: float) -> bytes:
        """The next line. Raises ``GraderFailed`` at the deadline (monotonic seconds) and when there is none to come."""
        with self._ready:
            self._ready.wait_for(lambda: self._lines or self._exit is not None or self._size > MAX_LINE,
                                 max(0.0, deadline - time.monotonic()))  # fmt: skip
            if self._size > MAX_LINE:
                raise GraderFailed("Expected lines of at most %(limit)s bytes from the grader", limit=MAX_LINE)
            if self._lines:
                line = self._lines.pop(0)
                self._size -= len(line) + 1
                return line
            if self._exit is None:
                raise GraderFailed("The grader took longer than it may")
            raise GraderFailed("The grader ended with exit code %(code)s before its last word", code=self._exit)


def lay_out(grader: Sandbox, hidden_tests: Mapping[str, str]) -> None:
    """Put the hidden tests and the harness into the grader's workspace."""
    for name in ("grader.py", "call.py", "call.mjs"):
        grader.write(f"{FOLDER}/{name}", (INSIDE / name).read_bytes())
    for path, text in hidden_tests.items():
        grader.write(f"hidden_tests/{path}", text.encode())


def converse(grader: Sandbox, config: Mapping[str, object], subject: Subject, seconds: float) -> list[Verdict]:
    """Run the hidden tests. ``config`` is what ``inside.grader`` is told; ``seconds`` bounds the whole.

    Raises ``GraderFailed`` for a grader that is at fault, ``PlatformFailure`` when either sandbox cannot be had.
    """
    lines = Lines()
    pipe = grader.open_pipe(
        ["python3", "-B", f"{FOLDER}/grader.py", json.dumps(config)], on_output=lines.add, on_exit=lines.ended
    )
    verdicts: list[Verdict] = []
    faults: list[str] = []
    deadline = time.monotonic() + seconds
    try:
        for _ in range(MAX_MESSAGES):
            said = understand(lines.take(deadline))
            if said.run is not None:
                pipe.write(answer(subject.run(said.run)))
            elif said.fresh is not None:
                subject.stop()
            elif said.test is not None:
                verdicts.append(said.test)
            elif said.fault is not None:
                faults.append(said.fault)
            elif said.end == len({verdict.id for verdict in verdicts}) > 0:
                return verdicts
            else:
                raise GraderFailed("Expected as many verdicts as tests, at least one")
        raise GraderFailed("Expected at most %(limit)s messages from the grader", limit=MAX_MESSAGES)
    except GraderFailed as error:
        if not grader.alive:
            raise PlatformFailure("The grader's sandbox was lost") from error
        if faults:
            raise GraderFailed("The hidden tests cannot be run: %(why)s", why="; ".join(faults)) from error
        raise
    finally:
        with contextlib.suppress(PlatformFailure):
            pipe.close()


def understand(line: bytes) -> Said:
    """A message of the grader's. Raises ``GraderFailed`` for anything else."""
    try:
        said = Said.model_validate_json(line)
    except ValidationError as error:
        raise GraderFailed("Expected a message of the grader's, got: %(why)s", why=error.errors()[0]["msg"]) from error
    if len(said.model_fields_set) != 1:
        raise GraderFailed("Expected one thing at a time from the grader")
    return said


def answer(result: ExecResult) -> bytes:
    """What the grader is told of a finished program, as a line."""
    told = {
        "exit_code": result.exit_code,
        "stdout": base64.b64encode(result.stdout).decode(),
        "stderr": base64.b64encode(result.stderr[:MAX_ERRORS_SHOWN]).decode(),
        "timed_out": result.timed_out,
        "truncated": result.truncated,
    }
    return json.dumps(told).encode() + b"\n"
