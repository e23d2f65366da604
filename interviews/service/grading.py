"""After submission: hidden tests in a fresh sandbox, and the debrief.

Owns what is run on a copy of the submitted files. Invariant: hidden tests never enter the candidate's container; a
grader that cannot run is a platform failure that says so, never a zero. Leaves out scoring (``rubrics``).
"""

from __future__ import annotations

import contextlib

from assistant.defects import debrief_items
from interviews import events as e
from interviews.errors import BadInput, PairsightError
from interviews.service.interview import Interview
from interviews.service.runs import run_tests
from sandbox.base import SandboxSpec

TRIES = 3


def grade(interview: Interview) -> dict[str, e.Json]:
    """``{"tests": [{"id", "outcome"}], "passed": n, "total": n}``, or ``{"failed": why}`` after three tries."""
    reason = ""
    for _ in range(TRIES):
        try:
            return _grade(interview)
        except PairsightError as error:
            reason = str(error)
            interview.tools.sleep(1.0)
    return {"failed": reason, "tests": [], "passed": 0, "total": 0}


def _grade(interview: Interview) -> dict[str, e.Json]:
    sandbox = interview.tools.backend().start(SandboxSpec(interview=f"{interview.id}-grade"))
    try:
        hidden = {f"hidden_tests/{path}": text for path, text in interview.exercise.hidden_tests.items()}
        for path, text in hidden.items():
            sandbox.write(path, text.encode())
        for path in sorted(interview.state.files, key=lambda path: path not in interview.exercise.workspace):
            view = interview.state.files[path]
            if view.text is not None and path not in hidden:
                # What has no place beside the rest, or no room, is no reason to grade nothing.
                with contextlib.suppress(BadInput):
                    sandbox.write(path, view.text.encode("utf-8", "surrogatepass"))
        finished = run_tests(sandbox, interview.exercise.spec.hidden_run, "hidden")
    finally:
        sandbox.stop()
    tests = [{"id": test.id, "outcome": test.outcome} for test in finished.tests]
    return {"tests": tests, "passed": sum(test["outcome"] == "passed" for test in tests), "total": len(tests)}


def debrief(interview: Interview) -> tuple[e.DebriefItem, ...]:
    """Each planted mistake and what became of it."""
    events = [e.understand(record) for record in interview.log.read(interview.id)]
    return tuple(debrief_items(interview.exercise.spec.defects, events))
