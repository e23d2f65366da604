"""Posteriors, levels and dimensions: exact, honest about little, the same everywhere."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.ndjson import read_log
from rubrics import posterior
from rubrics.base import LogView, Scorecard
from rubrics.posterior import UNIT, Weights, detection, interval, mean, mix, share
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import CARD, HEADER, LOG

ROOT = Path(__file__).resolve().parents[2]
PRIOR = (Decimal("1.2"), Decimal("0.6"), Decimal("0"), Decimal("0.5"))


def probit(hits: int, misses: int, alarms: int, passes: int) -> Weights:
    return detection(*PRIOR, hits, misses, alarms, passes)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 40), st.integers(0, 40))
def test_the_mean_is_that_of_the_beta_binomial_model(a: int, b: int, hits: int, misses: int) -> None:
    exact = (a + hits) / (a + b + hits + misses)
    assert mean(share(a, b, hits, misses)) == pytest.approx(exact * UNIT, abs=1.01)


def test_intervals_are_those_of_known_distributions() -> None:
    assert interval(share(1, 1, 0, 0)) == (250, 9750)
    # Beta(2, 2) has the distribution function 3x² − 2x³, and Beta(1, 9) has 1 − (1 − x)⁹.
    low, high = (edge / UNIT for edge in interval(share(2, 2, 0, 0)))
    assert 3 * low**2 - 2 * low**3 == pytest.approx(0.025, abs=2e-4)
    assert 3 * high**2 - 2 * high**3 == pytest.approx(0.975, abs=2e-4)
    low, high = (edge / UNIT for edge in interval(share(1, 1, 0, 8)))
    assert 1 - (1 - low) ** 9 == pytest.approx(0.025, abs=2e-4)
    assert 1 - (1 - high) ** 9 == pytest.approx(0.975, abs=2e-4)


@given(st.integers(0, 30), st.integers(0, 30))
def test_one_more_hit_raises_and_one_more_miss_lowers(hits: int, misses: int) -> None:
    now = mean(share(5, 5, hits, misses))
    assert mean(share(5, 5, hits + 1, misses)) > now > mean(share(5, 5, hits, misses + 1))


@given(st.integers(0, 6), st.integers(0, 10))
def test_verdicts_count_in_the_right_direction(hits: int, alarms: int) -> None:
    now = mean(probit(hits, 6 - hits, alarms, 10 - alarms))
    if hits < 6:
        assert mean(probit(hits + 1, 5 - hits, alarms, 10 - alarms)) > now
    if alarms < 10:
        assert mean(probit(hits, 6 - hits, alarms + 1, 9 - alarms)) < now


def test_rejecting_everything_or_nothing_gains_nothing() -> None:
    unknown = mean(probit(0, 0, 0, 0))
    assert mean(probit(6, 0, 10, 0)) < unknown
    assert mean(probit(0, 6, 0, 10)) < unknown
    assert mean(probit(24, 0, 24, 0)) < unknown
    assert mean(probit(6, 0, 0, 10)) > unknown


def test_phi_is_the_normal_distribution_function() -> None:
    for hundredths in range(-330, 331, 7):
        x = hundredths / 100
        exact = (1 + math.erf(x / math.sqrt(2))) / 2
        assert posterior.phi(Decimal(hundredths) / 100) == pytest.approx(exact * 1_000_000, abs=1)


def test_a_share_interval_covers_what_it_claims() -> None:
    """Over everyone the prior describes and every outcome of eight prompts, the interval holds the truth as often as it says."""
    truths = [(i + 0.5) / 200 for i in range(200)]
    prior = [(truth * (1 - truth)) ** 4 for truth in truths]
    covered = total = 0.0
    for hits in range(9):
        low, high = (edge / UNIT for edge in interval(share(5, 5, hits, 8 - hits)))
        for truth, weight in zip(truths, prior, strict=True):
            mass = weight * math.comb(8, hits) * truth**hits * (1 - truth) ** (8 - hits)
            total += mass
            covered += mass * (low <= truth <= high)
    assert 0.94 < covered / total < 0.97


def test_a_detection_interval_covers_what_it_claims() -> None:
    """The same for six flawed and ten sound hunks, where a bootstrap covers 89 %."""

    def cdf(x: float) -> float:
        return (1 + math.erf(x / math.sqrt(2))) / 2

    people = [
        (1.2 + 0.6 * d / 4, 0.5 * c / 4, math.exp(-((d / 4) ** 2 + (c / 4) ** 2) / 2))
        for d, c in product(range(-12, 13), range(-12, 13))
    ]
    covered = total = 0.0
    for hits, alarms in product(range(7), range(11)):
        low, high = (edge / UNIT for edge in interval(probit(hits, 6 - hits, alarms, 10 - alarms)))
        for d, c, weight in people:
            hit, alarm = cdf(d / 2 - c), cdf(-d / 2 - c)
            mass = weight * math.comb(6, hits) * hit**hits * (1 - hit) ** (6 - hits)
            mass *= math.comb(10, alarms) * alarm**alarms * (1 - alarm) ** (10 - alarms)
            total += mass
            covered += mass * (low <= cdf(d / 2) <= high)
    assert 0.94 < covered / total < 0.98


def test_a_mixture_weighs_means_and_carries_both_uncertainties() -> None:
    sure, vague = share(2, 2, 60, 20), share(5, 5, 1, 2)
    mixed = mix([(2, sure), (1, vague)])
    assert mean(mixed) == pytest.approx((2 * mean(sure) + mean(vague)) / 3, abs=15)
    width = [high - low for low, high in (interval(sure), interval(mixed), interval(vague))]
    assert width[0] < width[1] < width[2]
    assert mix([(3, vague)]) == pytest.approx(vague, abs=10**9)


def golden() -> Scorecard:
    return Scorecard.model_validate_json(CARD.read_text("utf-8"))


def test_an_empty_log_scores_nothing_and_holds_nothing_against_anyone() -> None:
    card = score(LogView.of(HEADER, []), load("standard"))
    assert card.log.events == 0
    assert card.log.head_hash
    for dimension in card.dimensions:
        assert (dimension.score, dimension.ci95, dimension.n, dimension.status) == (None, None, 0, "not_observed")
        for one in dimension.indicators:
            assert (one.value, one.level, one.ci95, one.n, one.status) == (None, None, None, 0, "not_observed")
    assert any("not submitted" in flag for flag in card.flags)


def test_a_level_is_given_where_two_levels_at_most_are_possible() -> None:
    rubric = load("standard")
    given = 0
    for dimension in golden().dimensions:
        for one in dimension.indicators:
            indicator = rubric.indicator(one.id)
            assert indicator is not None
            if one.id == "own_test_strength":
                # Older than the analysis that it reads.
                assert (one.status, one.n) == ("not_observed", 0)
                continue
            assert one.ci95 is not None
            low, high = (sum(float(level.from_) <= edge for level in indicator.levels) for edge in one.ci95)
            assert (one.level is not None) == (high - low <= 1) == (one.status in ("clear", "leaning"))
            given += one.level is not None
    assert 0 < given < 5


def test_there_is_no_total_that_something_unobserved_could_lower() -> None:
    # What was handed in, what is only shown and what people said stand beside them, and no dimension is part of it.
    assert set(Scorecard.model_fields) == {
        "rubric", "log", "dimensions", "flags", "outcome", "calibration", "shown", "ratings", "final"
    }  # fmt: skip


def test_another_language_changes_the_words_and_nothing_else() -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        view = LogView.of(*read_log(lines))
    english = score(view, load("standard"))
    other = score(view, load("standard"), lambda text: f"«{text}»")
    assert "«" in other.dimensions[0].indicators[0].explanation
    assert "«" in other.flags[0]

    def bare(card: Scorecard) -> list[object]:
        return [
            (d.id, d.score, d.ci95, d.n, d.status, [one.model_copy(update={"explanation": ""}) for one in d.indicators])
            for d in card.dimensions
        ]

    assert bare(english) == bare(other)


def test_another_process_with_other_hashes_and_locale_gives_the_same_bytes() -> None:
    program = (
        "import sys; from tests.golden.make import LOG, card_text; from interviews.ndjson import read_log\n"
        "sys.stdout.reconfigure(encoding='utf-8', newline='')\n"
        "sys.stdout.write(card_text(read_log(LOG.open(encoding='utf-8', newline=''))[1]))"
    )
    for seed in ("1", "4242"):
        environment = {"PATH": os.defpath, "PYTHONHASHSEED": seed, "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
        out = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True, timeout=60
        ).stdout
        assert out == CARD.read_bytes()
