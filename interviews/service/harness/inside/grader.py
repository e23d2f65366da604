"""The grader: runs the hidden tests under pytest and gives them ``candidate``, the program under test.

Owns what an exercise's author writes against (``Candidate``, ``Run``, ``Answer``) and the grader's side of the relay: one JSON
line a request on the descriptors it was started with. Invariant: what comes back from the program under test is text and
plain JSON values, never an object of its own; what goes out holds no value that a test expects. Leaves out where the program
runs (``harness.relay``).
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import shutil
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TextIO

import pytest

HERE = Path(__file__).resolve().parent
DEVICE = "/dev/null"
RUNTIMES = {"python": "python3", "typescript": "node"}
CLASS_NAME = re.compile(r"[A-Za-z_]\w{0,99}")
NO_ANSWER = {
    "crash": "The program ended before it answered.",
    "timeout": "The program took longer than it may.",
    "garbage": "What the program answered is not plain JSON.",
}


class ProgramFailed(Exception):
    """The program under test gave no answer. The message says why, in words that may be shown."""


@dataclass(frozen=True)
class Run:
    """What a program did. Text is UTF-8, other bytes replaced; at most 512 KiB of output, 16 KiB of errors.

    ``exit_code`` is negative for a signal, 127 for a program that is not there, 124 when ``timed_out``.
    """

    exit_code: int
    stdout: str
    stderr: str
    timed_out: bool
    truncated: bool


@dataclass(frozen=True)
class Answer:
    """What a function answered: ``value``, or ``error``.

    ``error`` is None, the name of the exception's class, or "crash", "timeout" or "garbage".
    """

    result: Any
    error: str | None = None

    @property
    def value(self) -> Any:
        """The JSON value. Raises ``ProgramFailed`` where there is none; a test need not catch it."""
        if self.error is not None:
            raise ProgramFailed(NO_ANSWER.get(self.error, f"The program raised {self.error}."))
        return self.result


class Candidate:
    """The program under test, from outside: its files are in a sandbox of their own, the same for all calls of one grading."""

    def __init__(self, relay: Relay, language: str, driver: str | None, call_s: float) -> None:
        self._relay = relay
        self._language = language
        self._driver = driver
        self._call_s = call_s

    def run(
        self, argv: Sequence[str], *, stdin: str = "", env: Mapping[str, str] | None = None,
        files: Mapping[str, str] | None = None, timeout_s: float | None = None,
    ) -> Run:  # fmt: skip
        """Run a program in the workspace, after ``files`` (path to text) were laid down there."""
        return self._relay.run(
            {
                "argv": list(argv), "stdin": stdin, "env": dict(env or {}), "files": dict(files or {}),
                "timeout_s": timeout_s or self._call_s,
            }
        )  # fmt: skip

    def call(self, function: str, *arguments: Any) -> Any:
        """The value that a function returns in a new process. Raises ``ProgramFailed``; a test need not catch it.

        ``function`` is "drive:name" for one of the exercise's driver, else "package.module:name" (Python) or
        "path/file.ts:name" (TypeScript). Arguments and value are JSON.
        """
        return self.calls(function, [arguments])[0].value

    def calls(self, function: str, each: Iterable[Sequence[Any]], timeout_s: float | None = None) -> list[Answer]:
        """One call for each list of arguments, all in one new process, in order; ends only what has not answered yet."""
        asked = [[function, list(arguments)] for arguments in each]
        stdin = json.dumps({"driver": self._driver, "calls": asked}, allow_nan=False)
        if self._language == "typescript":
            argv = [RUNTIMES["typescript"], "--input-type=module", "-e", (HERE / "call.mjs").read_text("utf-8")]
        else:
            argv = [RUNTIMES["python"], "-P", "-c", (HERE / "call.py").read_text("utf-8")]
        # What is printed goes with the errors; descriptor 3 is what is read here.
        done = self.run(["sh", "-c", 'exec "$@" 3>&1 1>&2', "sh", *argv], stdin=stdin, timeout_s=timeout_s)
        return read_answers(done, len(asked))

    def fresh(self) -> None:
        """A new copy of the submitted files: nothing that earlier calls left on the disk is there."""
        self._relay.say({"fresh": True})


def read_answers(done: Run, count: int) -> list[Answer]:
    """``count`` answers from what was said on the answers' channel. One line out of form, or one too many, spoils all."""
    *lines, _cut_off = done.stdout.split("\n")
    garbage = [Answer(None, "garbage")] * count
    if len(lines) > count:
        return garbage
    try:
        found = [read_answer(line) for line in lines]
    except (ValueError, RecursionError, MemoryError):
        return garbage
    missing = "timeout" if done.timed_out else "garbage" if done.truncated else "crash"
    return found + [Answer(None, missing)] * (count - len(found))


def read_answer(line: str) -> Answer:
    """One line of ``call.py`` or ``call.mjs``. Raises ``ValueError`` for anything but plain, finite JSON in its form."""
    said = json.loads(line, parse_constant=_refuse, parse_float=_finite)
    if not isinstance(said, dict) or len(said) != 1:
        raise ValueError("expected one of value and error")
    if "value" in said:
        return Answer(said["value"])
    name = said["error"] if isinstance(said.get("error"), str) else ""
    return Answer(None, name if CLASS_NAME.fullmatch(name) and name not in NO_ANSWER else "Exception")


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("expected a finite number")
    return number


class Relay:
    """The two ends that this process was started with; nothing else in it can write to them by accident."""

    def __init__(self) -> None:
        self._in: TextIO = os.fdopen(os.dup(0), encoding="utf-8")
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="ascii")
        nowhere = os.open(DEVICE, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        os.close(nowhere)

    def say(self, message: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def run(self, program: Mapping[str, Any]) -> Run:
        self.say({"run": program})
        line = self._in.readline()
        if not line:
            pytest.exit("the relay is gone", 70)
        said = json.loads(line)
        for name in ("stdout", "stderr"):
            said[name] = base64.b64decode(said[name]).decode("utf-8", "replace")
        return Run(**said)


class Plugin:
    """Gives tests ``candidate`` and tells the relay what became of each."""

    def __init__(self, relay: Relay, candidate: Candidate) -> None:
        self._relay = relay
        self._candidate = candidate
        self._outcome = "passed"
        self._message = ""
        self.told = 0

    @pytest.fixture(scope="session")
    def candidate(self) -> Candidate:
        """The program under test."""
        return self._candidate

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.outcome != "passed" and self._outcome == "passed":
            self._outcome = "skipped" if report.skipped else "failed" if call.when == "call" else "error"
            self._message = "" if report.skipped or call.excinfo is None else told_of(call.excinfo.value)
        return report

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.told += 1
        self._relay.say({"test": {"id": nodeid[:300], "outcome": self._outcome, "message": self._message}})
        self._outcome, self._message = "passed", ""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._relay.say({"fault": f"{report.nodeid}: {report.longreprtext.strip()[-300:]}"})


def told_of(error: BaseException) -> str:
    """What may be said of a failed test: never its assertion, for that holds what was expected."""
    if isinstance(error, ProgramFailed):
        return str(error)
    if isinstance(error, AssertionError):
        return "The program answered, but not what is promised."
    return "The program's answer is not of the form that is asked for."


def main(config: Mapping[str, Any]) -> int:
    relay = Relay()
    runtime = RUNTIMES[config["language"]]
    if shutil.which(runtime) is None:
        # The subject is made like this place: nobody's program would run there.
        relay.say({"fault": f"expected {runtime} in the sandbox, it is not there"})
        return 1
    candidate = Candidate(relay, config["language"], config["driver"], config["call_s"])
    plugin = Plugin(relay, candidate)
    # Nobody reads how two values differ, and telling it costs more the longer a value the program chose.
    quiet = ["-q", "--assert=plain", "--tb=native", "-p", "no:cacheprovider"]
    options = [*quiet, "-c", DEVICE, f"--rootdir={os.getcwd()}"]
    code = int(pytest.main([*options, "hidden_tests"], plugins=[plugin]))
    if code in (0, 1):
        relay.say({"end": plugin.told})
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
