"""Mutants of the submitted program that the candidate's own tests kill.

Owns which tests are the candidate's own, which mutants are tried, and what counts as killed. Invariant: a test counts only where it
passes on the program as submitted, and on the same program in other words, so that one that compares texts kills nothing; mutants
lie only in lines that those tests reach; a mutant that ends the tests or takes too long is killed. Leaves out the operators, which
are mutmut's (``inside.sources``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.service.analyses.asking import (
    NOT_PYTHON,
    Analysis,
    Ran,
    Work,
    is_test,
    lay_out,
    pytest_arguments,
    run_tests,
    sources,
)
from interviews.service.grading import submitted_files
from interviews.service.interview import Interview
from sandbox.base import Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "own_tests"
MOST = 40
MOST_TESTS = 200
FIRST_S = 30.0
LEAST_S, LONGEST_S = 3.0, 15.0
BUDGET_S = 60.0
AT_ONCE = 2
MAX_LOSSES = 2
QUIET = ("-q", "-x", "--tb=no", "-p", "no:cacheprovider")


def collect(interview: Interview) -> Work | None:
    """What was submitted, against the tests that were given."""
    exercise, files = interview.exercise, submitted_files(interview)
    if exercise.spec.language != "python" or pytest_arguments(exercise.spec.run) is None:
        return Work("not Python", lambda pool, name: NOT_PYTHON)
    given = {path: text for path, text in exercise.workspace.items() if is_test(path)}
    return Work(sorted(files.items()), lambda pool, name: strength(pool, name, files, given))


analysis = Analysis(KIND, collect)


def strength(pool: Pool, name: str, files: Mapping[str, str], given: Mapping[str, str]) -> e.Json:
    """The result. Raises ``PlatformFailure`` where no sandbox can be had."""
    python = {path: text for path, text in files.items() if path.endswith(".py")}
    program = {path: text for path, text in python.items() if not is_test(path)}
    tests = {path: text for path, text in python.items() if is_test(path)}
    maker = pool.start(SandboxSpec(interview=f"{name}-sources"))
    try:
        own = list(sources(maker, "own", tests, given=dict(given)))[:MOST_TESTS]
        if not own or not program:
            return _nothing([], "There are no tests of the candidate's own")
        sandbox = pool.start(SandboxSpec(interview=f"{name}-first"), turn=Turn.BESIDE)
        try:
            lay_out(sandbox, files)
            first, _ = run_tests(sandbox, _without_x(own), (), FIRST_S)
            own = _passed(own, first)
            if own:
                lay_out(sandbox, {**files, **sources(maker, "plain", program)})
                plain, _ = run_tests(sandbox, _without_x(own), (), FIRST_S)
                own = _passed(own, plain)
            if not own:
                return _nothing([], "No test of the candidate's own passes on what was submitted")
            lay_out(sandbox, files)
            ran, seconds = run_tests(sandbox, _without_x(own), sorted(program), FIRST_S)
        finally:
            sandbox.stop()
        if ran is None:
            return _nothing(own, "The tests of the candidate's own gave no answer when they were measured")
        made = sources(maker, "mutants", program, ran=ran.lines, most=MOST)
        limit = min(LONGEST_S, max(LEAST_S, 4 * seconds))
        tried = Trial(pool, name, files, own, limit).run(made["chosen"])
    finally:
        maker.stop()
    survivors = [mutant for mutant, killed in tried if not killed]
    return {
        "mutants": len(tried), "killed": len(tried) - len(survivors),
        "survivors": [{key: one[key] for key in ("path", "line", "operator")} for one in survivors], "tests": own,
        "possible": made["all"], "left_out": len(made["chosen"]) - len(tried),
    }  # fmt: skip


def _nothing(own: Sequence[str], why: str) -> e.Json:
    return {"mutants": 0, "killed": 0, "survivors": [], "tests": [*own], "why": why}


def _without_x(own: Sequence[str]) -> list[str]:
    return [*(one for one in QUIET if one != "-x"), *own]


def _passed(own: Sequence[str], ran: Ran | None) -> list[str]:
    """Those that passed, and all cases of which did where one test has several."""
    outcomes = {} if ran is None else ran.outcomes
    found = []
    for test in own:
        cases = [said for name, said in outcomes.items() if name == test or name.startswith(f"{test}[")]
        if cases and all(one == "passed" for one in cases):
            found.append(test)
    return found


class Trial:
    """Tries mutants in sandboxes side by side, each in a process of its own."""

    def __init__(self, pool: Pool, name: str, files: Mapping[str, str], own: Sequence[str], limit_s: float) -> None:
        self._pool, self._name, self._files, self._own, self._limit_s = pool, name, files, own, limit_s
        self._lock = threading.Lock()
        self._waiting: list[tuple[int, e.Json]] = []
        self._done: dict[int, tuple[e.Json, bool]] = {}
        self._deadline = time.monotonic() + BUDGET_S

    def run(self, mutants: Sequence[e.Json]) -> list[tuple[e.Json, bool]]:
        """Each mutant that there was time for and whether it was killed, in order."""
        self._waiting = list(enumerate(mutants))[::-1]
        with ThreadPoolExecutor(AT_ONCE) as workers:
            for worker in [workers.submit(self._work) for _ in range(min(AT_ONCE, len(mutants)))]:
                worker.result()
        return [self._done[at] for at in sorted(self._done)]

    def _next(self) -> tuple[int, e.Json] | None:
        with self._lock:
            if not self._waiting or time.monotonic() >= self._deadline:
                return None
            return self._waiting.pop()

    def _work(self) -> None:
        sandbox: Sandbox | None = None
        try:
            while (one := self._next()) is not None:
                (at, mutant), losses = one, 0
                killed: bool | None = None
                while killed is None:
                    try:
                        if sandbox is None:
                            sandbox = self._pool.start(SandboxSpec(interview=f"{self._name}-mutants"), turn=Turn.BESIDE)
                        killed = self._killed(sandbox, mutant)
                    except PlatformFailure:
                        if sandbox is None or losses >= MAX_LOSSES:
                            raise
                        # The mutated program may have ended it; the same one gets a second chance.
                        losses, lost, sandbox = losses + 1, sandbox, None
                        lost.stop()
                        killed = True if losses == MAX_LOSSES else None
                self._done[at] = mutant, killed
        finally:
            if sandbox is not None:
                sandbox.stop()

    def _killed(self, sandbox: Sandbox, mutant: e.Json) -> bool:
        lay_out(sandbox, {**self._files, mutant["path"]: mutant["text"]})
        ran, _ = run_tests(sandbox, [*QUIET, *self._own], (), self._limit_s)
        return ran is None or _passed(self._own, ran) != list(self._own)
