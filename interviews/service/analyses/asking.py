"""What analyses share: their form, and asking what runs inside a sandbox.

Owns how a program of ``inside/`` is started and what of its answer is believed. Invariant: an answer is read after its process has
ended, is of the expected form and carries the word given to it, or there is none; what came from a process that candidates' code
ran in stays that code's own word. Leaves out what is asked for (``coverage``, ``mutants``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, ValidationError

from interviews import events as e
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.exercises import RunSpec
from interviews.service.interview import Interview
from sandbox.base import Sandbox
from sandbox.pool import Pool
from sandbox.toolbox import LOCKS

INSIDE = Path(__file__).resolve().parent / "inside"
SOURCES = (INSIDE / "sources.py").read_text("utf-8")
TESTS = (INSIDE / "tests.py").read_text("utf-8")
MAX_ANSWER = 4 << 20
SOURCES_S = 60.0
MAX_FOUND = 20_000
NOT_PYTHON: e.Json = {"not_available": "There are tools for Python only"}


@dataclass(frozen=True)
class Work:
    """An analysis that can be made. ``content`` is all that its result depends on beside exercise and tools, as JSON values."""

    content: e.Json
    run: Callable[[Pool, str], e.Json]


@dataclass(frozen=True)
class Analysis:
    """``collect`` gives what is to be done for a submitted interview, None where there is nothing to find out."""

    kind: str
    collect: Callable[[Interview], Work | None]


class Ran(e.Value):
    """What the process in which tests ran said of them: how pytest ended, outcome by test, and by path the lines that ran."""

    nonce: str
    exit_code: int
    outcomes: Annotated[dict[str, str], Field(max_length=MAX_FOUND)]
    lines: dict[str, Annotated[list[int], Field(max_length=MAX_FOUND)]]


class Told(NamedTuple):
    """What tests said for themselves, or None, the seconds that they took, and whether they were stopped at the time limit."""

    ran: Ran | None
    seconds: float
    late: bool = False


@cache
def tools_hash() -> str:
    """The tools in the sandbox, and what is asked of them there."""
    digest = hashlib.sha256()
    for data in (*(lock.read_bytes() for lock in LOCKS), SOURCES.encode(), TESTS.encode()):
        digest.update(hashlib.sha256(data).digest())
    return digest.hexdigest()


def lay_out(sandbox: Sandbox, files: Mapping[str, str]) -> None:
    """Write the files and nothing else: whatever a program changed among them, or added of Python, is put right."""
    wanted = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    there = {entry.path: entry.sha256 for entry in sandbox.list()}
    for path in there.keys() - wanted.keys():
        if path.endswith((".py", ".ini", ".toml", ".cfg")):
            with contextlib.suppress(BadInput, NotFound):
                sandbox.delete(path)
    for path, data in wanted.items():
        if there.get(path) != hashlib.sha256(data).hexdigest():
            # What has no place beside the rest, or no room, is no reason to analyse nothing.
            with contextlib.suppress(BadInput):
                sandbox.write(path, data)


def sources(sandbox: Sandbox, do: str, files: Mapping[str, str], **more: e.Json) -> e.Json:
    """What ``inside/sources.py`` says. In a sandbox where no program of a candidate's ever ran. Raises ``PlatformFailure``."""
    asked = json.dumps({"do": do, "files": dict(files), **more}).encode("utf-8", "surrogatepass")
    done = sandbox.exec(["python3", "-I", "-B", "-c", SOURCES], stdin=asked, timeout_s=SOURCES_S, output_cap=MAX_ANSWER)
    if done.exit_code != 0 or done.truncated:
        told = done.stderr.decode("utf-8", "replace").strip()[-300:]
        raise PlatformFailure("The sources could not be read (%(do)s): %(why)s", do=do, why=told or done.exit_code)
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise PlatformFailure("The sources could not be read (%(do)s): no answer", do=do) from None


def run_tests(
    sandbox: Sandbox, arguments: Sequence[str], measure: Sequence[str], timeout_s: float, *, folder: str = "",
    environment: Mapping[str, str] | None = None,
) -> Told:  # fmt: skip
    """Run tests of what lies in the workspace, in a folder of it. Raises ``PlatformFailure`` for a sandbox that is gone."""
    nonce = secrets.token_hex(16)
    asked = {
        "arguments": [*arguments], "measure": [*measure], "nonce": nonce, "folder": folder, "environment": {**(environment or {})},
    }  # fmt: skip
    # What is printed goes with the errors; descriptor 3 is what is read here.
    argv = ["sh", "-c", 'exec "$@" 3>&1 1>&2', "sh", "python3", "-I", "-B", "-c", TESTS]
    done = sandbox.exec(argv, stdin=json.dumps(asked).encode(), timeout_s=timeout_s, output_cap=MAX_ANSWER)
    seconds = done.duration_ms / 1000
    if done.timed_out or done.truncated or done.exit_code != 0:
        return Told(None, seconds, done.timed_out)
    try:
        ran = Ran.model_validate_json(done.stdout)
    except ValidationError:
        return Told(None, seconds)
    return Told(ran if secrets.compare_digest(ran.nonce.encode(), nonce.encode()) else None, seconds)


def pytest_arguments(run: RunSpec) -> tuple[str, ...] | None:
    """What the exercise hands to pytest, without the report; None where its tests are run by something else."""
    argv = list(run.argv)
    if argv[1:3] == ["-m", "pytest"] and posixpath.basename(argv[0]).startswith("python"):
        given = argv[3:]
    elif argv and posixpath.basename(argv[0]) == "pytest":
        given = argv[1:]
    else:
        return None
    return tuple(one for one in given if not one.startswith("--junit"))


def is_test(path: str) -> bool:
    """Whether a file holds tests, or what only tests use."""
    name = posixpath.basename(path)
    return path.startswith("tests/") or name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
