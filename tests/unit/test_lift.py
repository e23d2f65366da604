"""What an assistant reaches alone: its mean and how sure it is, and what a scorecard makes of it."""

from __future__ import annotations

import random
from statistics import mean

import pytest

from interviews import events as e
from interviews.baseline import DECAYED, Attempt, Baseline
from rubrics.base import Outcome
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import DEFECTS, HEADER, REQUIREMENTS
from tests.golden.story import Story

TESTS = tuple(f"hidden_tests/test_fees.py::test_{at}" for at in range(10))


def attempt(rate: float, cost: int | None = 100) -> Attempt:
    passed = round(rate * len(TESTS))
    tests = {test: "passed" if at < passed else "failed" for at, test in enumerate(TESTS)}
    return Attempt(
        at_ms=7, rate=rate, tests=tests, rounds=2, tokens=50, cost_microusd=cost, total_ms=900, ended="unchanged"
    )


def alone(*rates: float) -> Baseline:
    attempts = tuple(attempt(rate) for rate in rates)
    return Baseline(exercise="car-park", version=1, sha256="c0" * 32, provider="scripted", model="", attempts=attempts)


def graded(passed: int, baseline: e.Json | None = None) -> Outcome | None:
    """The outcome of a log whose hidden tests passed so often, beside one of a planted mistake that failed."""
    story = Story(HEADER)
    story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=DEFECTS, brief_shared=False))
    tests = [{"id": test, "outcome": "passed" if at < passed else "failed"} for at, test in enumerate(TESTS)]
    tests.append({"id": DEFECTS[0].tests[0], "outcome": "failed"})
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))
    if baseline is not None:
        story.tell("system", e.AnalysisRecorded(kind="baseline", result=baseline))
    return score(story.view(), load("standard")).outcome


def test_its_interval_narrows_with_attempts_and_never_vanishes() -> None:
    widths = [high - low for low, high in (alone(*[0.5] * runs).interval for runs in (1, 2, 3, 5, 20))]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 1.0 and 0 < widths[-1] < 0.1
    assert alone(0.2, 0.8).interval[1] - alone(0.2, 0.8).interval[0] > widths[1], "attempts that differ tell less"


def test_the_interval_holds_the_true_mean_as_often_as_it_says() -> None:
    chance, held, times = random.Random(3), 0, 2_000
    for _ in range(times):
        true, spread = chance.uniform(0.3, 0.7), chance.uniform(0.05, 0.15)
        low, high = alone(*(min(1.0, max(0.0, chance.gauss(true, spread))) for _ in range(5))).interval
        held += low <= true <= high
    assert held / times >= 0.94


def test_tests_tokens_and_costs_are_of_all_attempts() -> None:
    found = alone(0.5, 0.6)
    assert found.tests[TESTS[4]] == 1.0 and found.tests[TESTS[5]] == 0.5 and found.tests[TESTS[9]] == 0.0
    assert (found.tokens, found.cost_microusd, found.result()["runs"]) == (100, 200, 2)
    unpriced = found.model_copy(update={"attempts": (attempt(0.5), attempt(0.5, None))})
    assert unpriced.cost_microusd is None


def test_an_exercise_that_is_solved_alone_has_decayed() -> None:
    assert not alone(DECAYED - 0.05).decayed
    assert alone(DECAYED).decayed
    assert alone(1.0, 0.8).decayed and mean([1.0, 0.8]) == DECAYED


def test_without_a_baseline_there_is_the_share_alone() -> None:
    found = graded(7)
    assert found is not None
    assert (found.passed, found.total, found.share, found.lift) == (7, 10, 0.7, None)
    assert "nothing to compare" in found.explanation


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (10, "above that, likely by 40 to 60 in a hundred"),
        (5, "Whether what was handed in goes beyond that cannot be told"),
        (0, "below that, likely by 40 to 60 in a hundred"),
    ],
)
def test_the_lift_is_as_uncertain_as_the_baseline(passed: int, words: str) -> None:
    baseline = alone(*[0.5] * 5)
    low, high = baseline.interval
    found = graded(passed, baseline.result())
    assert found is not None and found.lift_ci95 is not None
    assert found.lift == pytest.approx(passed / 10 - 0.5)
    assert found.lift_ci95 == pytest.approx((passed / 10 - high, passed / 10 - low), abs=1e-3)
    assert "Alone, the assistant passes 50 in a hundred" in found.explanation
    assert words in found.explanation
    assert found.runs == 5 and len(found.evidence) == 2


def test_a_decayed_exercise_is_a_remark_and_changes_no_dimension() -> None:
    cards = []
    for rate in (0.5, 0.95):
        story = Story(HEADER)
        story.tell("system", e.KeyRecorded(requirements=REQUIREMENTS, defects=(), brief_shared=False))
        tests = [{"id": test, "outcome": "passed"} for test in TESTS]
        story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))
        story.tell("system", e.AnalysisRecorded(kind="baseline", result=alone(*[rate] * 5).result()))
        cards.append(score(story.view(), load("standard")))
    fresh, decayed = cards
    assert fresh.outcome is not None and not fresh.outcome.decayed
    assert decayed.outcome is not None and decayed.outcome.decayed
    assert set(decayed.flags) - set(fresh.flags) == {
        "The assistant solves this exercise alone: how much was handed in tells little of who handed it in."
    }
    assert [one.explanation for one in fresh.dimensions] == [one.explanation for one in decayed.dimensions]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"rate": "high", "interval": [0, 1], "runs": 1},
        {"rate": 1.0, "interval": [1]},
        {"rate": 1e308, "interval": [0, 1], "runs": 1},
        {"rate": 0.5, "interval": [0, 1], "runs": 1e308},
    ],
)
def test_a_baseline_that_cannot_be_read_is_none(odd: dict[str, e.Json]) -> None:
    found = graded(7, odd)
    assert found is not None and found.lift is None


def test_without_hidden_tests_there_is_no_outcome() -> None:
    assert score(Story(HEADER).view(), load("standard")).outcome is None
