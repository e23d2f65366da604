"""Mutants of the submitted program that the candidate's own tests kill.

Owns which tests are the candidate's own, which mutants are tried, and what is told of them. Invariant: a test counts only where it
passes on the program as submitted, and on the same program in other words, so that one that compares texts kills nothing; mutants
lie only in lines that those tests reach; one of which it cannot be said whether it was killed is not counted. Leaves out the
operators, which are mutmut's (``inside.sources``), and trying mutants (``trials``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from interviews import events as e
from interviews.service.analyses.asking import (
    NOT_PYTHON,
    Analysis,
    Work,
    is_test,
    lay_out,
    pytest_arguments,
    run_tests,
    sources,
)
from interviews.service.analyses.trials import QUIET, Trial, passed
from interviews.service.grading import submitted_files
from interviews.service.interview import Interview
from sandbox.base import SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "own_tests"
MOST = 40
MOST_TESTS = 200
FIRST_S = 30.0
# Another number makes another key: what counts as killed has changed.
RULE = 2


def collect(interview: Interview) -> Work | None:
    """What was submitted, against the tests that were given."""
    exercise, files = interview.exercise, submitted_files(interview)
    if exercise.spec.language != "python" or pytest_arguments(exercise.spec.run) is None:
        return Work("not Python", lambda pool, name: NOT_PYTHON)
    given = {path: text for path, text in exercise.workspace.items() if is_test(path)}
    return Work([RULE, sorted(files.items())], lambda pool, name: strength(pool, name, files, given))


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
            own = passed(own, run_tests(sandbox, _without_x(own), (), FIRST_S).ran)
            if own:
                lay_out(sandbox, {**files, **sources(maker, "plain", program)})
                own = passed(own, run_tests(sandbox, _without_x(own), (), FIRST_S).ran)
            if not own:
                return _nothing([], "No test of the candidate's own passes on what was submitted")
            lay_out(sandbox, files)
            ran = run_tests(sandbox, _without_x(own), sorted(program), FIRST_S).ran
        finally:
            sandbox.stop()
        if ran is None:
            return _nothing(own, "The tests of the candidate's own gave no answer when they were measured")
        made = sources(maker, "mutants", program, ran=ran.lines, most=MOST)
        tried = Trial(pool, name, files, own).run(made["chosen"])
    finally:
        maker.stop()
    survivors = [mutant for mutant, killed in tried if killed is False]
    killed = sum(killed is True for _, killed in tried)
    return {
        "mutants": killed + len(survivors), "killed": killed, "not_observed": len(tried) - killed - len(survivors),
        "survivors": [{key: one[key] for key in ("path", "line", "operator")} for one in survivors], "tests": own,
        "possible": made["all"], "left_out": len(made["chosen"]) - len(tried),
    }  # fmt: skip


def _nothing(own: Sequence[str], why: str) -> e.Json:
    return {"mutants": 0, "killed": 0, "survivors": [], "tests": [*own], "why": why}


def _without_x(own: Sequence[str]) -> list[str]:
    return [*(one for one in QUIET if one != "-x"), *own]
