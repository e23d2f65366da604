"""Hidden tests as they run after an interview, against files given here: real sandboxes, no interview around them."""

from __future__ import annotations

from collections.abc import Mapping

from interviews.exercises import Exercise
from interviews.service.grading import hidden_tests
from rubrics.reading.wording import name_of_test
from sandbox.base import Backend
from sandbox.pool import Pool


def outcomes(backend: Backend, exercise: Exercise, files: Mapping[str, str]) -> dict[str, str]:
    """Outcome by the test's name as ``exercise.yaml`` spells it."""
    result = hidden_tests(Pool(backend), exercise, files, "graded")
    return {name_of_test(test["id"]): test["outcome"] for test in result["tests"]}
