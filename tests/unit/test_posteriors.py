"""Posteriors: exact, honest about little, and what they claim is what they hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics.numbers import normal, probit
from rubrics.numbers.joint import mix
from rubrics.numbers.posterior import UNIT, Weights, interval, mean, share
from rubrics.numbers.probit import Counts, Prior

NONE: Counts = (0, 0, 0, 0, 0, 0)
TWO = Prior(1200, 600, 0, 500)
FOUR = Prior(1200, 600, 0, 500, (50, 300, 600, 1000, 1700, 3000))
FLAT = share(5, 5, 0, 0)


def cdf(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


def people(sd: float) -> Iterator[tuple[float, float]]:
    """Standings on a probit scale, and how many have each."""
    for at in range(-32, 33):
        yield sd * at / 8, math.exp(-((at / 8) ** 2) / 2)


def two(hits: int, misses: int, alarms: int, passes: int) -> Weights:
    return probit.detection(TWO, {0: (0, 0, 0, 0, hits, misses)}, (0, 0, 0, 0, alarms, passes))


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


def test_the_tables_are_those_of_the_normal_distribution() -> None:
    for x in range(-5000, 5001, 37):
        assert normal.phi(x) / normal.ONE == pytest.approx(cdf(x / 1000), abs=1e-6)
        assert normal.quantile(normal.phi(x)) == pytest.approx(x, abs=1)
    for x in range(0, 30_000_000, 1_234_567):
        assert normal.exp(-x) / normal.ONE == pytest.approx(math.exp(-x / 1e6), abs=1e-6)
    assert normal.exp(-50_000_000) == 0
    assert normal.log(normal.ONE // 4) == pytest.approx(math.log(0.25) * 1e6, abs=1)


def test_detection_is_the_posterior_of_its_model() -> None:
    """Against the same model, summed up in floating point by another way of stepping."""
    flawed, sound = {0: (2, 1, 1, 0, 0, 0), 400: (0, 1, 0, 1, 0, 0)}, (0, 1, 3, 6, 0, 0)
    steps = [step / 1000 for step in FOUR.steps]
    masses: dict[float, float] = {}
    for i, j in product(range(-60, 61), range(-30, 31)):
        d, c = 1.2 + 0.6 * i / 15, 0.5 * j / 10
        prior = math.exp(-((i / 15) ** 2 + (j / 10) ** 2) / 2)
        masses[d] = masses.get(d, 0) + prior * sum(_chance(d, c, t, flawed, sound) for t in steps)
    total = sum(masses.values())
    exact = sum(cdf(d / 2) * mass for d, mass in masses.items()) / total
    found = probit.detection(FOUR, flawed, sound)
    assert mean(found) / UNIT == pytest.approx(exact, abs=3e-4)
    low, high = (edge / UNIT for edge in interval(found))
    assert sum(mass for d, mass in masses.items() if cdf(d / 2) < low) / total == pytest.approx(0.025, abs=0.006)
    assert sum(mass for d, mass in masses.items() if cdf(d / 2) > high) / total == pytest.approx(0.025, abs=0.006)


def _chance(d: float, c: float, t: float, flawed: dict[int, Counts], sound: Counts) -> float:
    chance = 1.0
    for x, verdicts in [*((d / 2 - c - at / 1000, one) for at, one in flawed.items()), (-d / 2 - c, sound)]:
        edges = (0.0, cdf(x - t), cdf(x), cdf(x + t), 1.0)
        for n, low, high in zip(verdicts, edges, edges[1:], strict=False):
            chance *= (high - low) ** n
    return chance


def _ways(one: Counts) -> int:
    """In how many orders these verdicts may come."""
    return math.factorial(sum(one)) // math.prod(math.factorial(n) for n in one)


@pytest.mark.parametrize(("hits", "alarms"), list(product((0, 2, 5), (0, 3, 9))))
def test_verdicts_count_in_the_right_direction(hits: int, alarms: int) -> None:
    now = mean(two(hits, 6 - hits, alarms, 10 - alarms))
    assert mean(two(hits + 1, 5 - hits, alarms, 10 - alarms)) > now
    assert mean(two(hits, 6 - hits, alarms + 1, 9 - alarms)) < now


def test_rejecting_everything_or_nothing_gains_nothing() -> None:
    unknown = mean(two(0, 0, 0, 0))
    assert mean(two(6, 0, 10, 0)) < unknown
    assert mean(two(0, 6, 0, 10)) < unknown
    assert mean(two(24, 0, 24, 0)) < unknown
    assert mean(two(6, 0, 0, 10)) > unknown
    every = probit.detection(FOUR, {0: (6, 0, 0, 0, 0, 0)}, (10, 0, 0, 0, 0, 0))
    assert mean(every) < unknown


def test_a_hard_mistake_costs_less_when_missed_and_earns_more_when_seen() -> None:
    def at(shift: int, verdict: Counts) -> int:
        rest: Counts = (2, 1, 1, 1, 0, 0)
        both = {0: rest, shift: verdict} if shift else {0: (3, 1, 1, 1, 0, 0) if verdict[0] else (2, 1, 1, 2, 0, 0)}
        return mean(probit.detection(FOUR, both, (0, 1, 3, 6, 0, 0)))

    seen, missed = (1, 0, 0, 0, 0, 0), (0, 0, 0, 1, 0, 0)
    assert at(-400, seen) < at(0, seen) < at(400, seen)
    assert at(-400, missed) < at(0, missed) < at(400, missed)


def test_being_sure_at_the_right_moments_tells_more() -> None:
    """Sure where right, doubting where wrong: more is known of that person than of the same verdicts in two steps."""
    four = probit.detection(FOUR, {0: (4, 0, 2, 0, 0, 0)}, (0, 1, 0, 9, 0, 0))
    assert mean(four) > mean(two(4, 2, 1, 9))
    other = probit.detection(FOUR, {0: (0, 4, 0, 2, 0, 0)}, (1, 0, 9, 0, 0, 0))
    assert mean(other) < mean(two(4, 2, 1, 9))


@pytest.mark.parametrize(("hits", "alarms"), [(6, 0), (4, 1), (3, 2), (5, 3)])
def test_bold_and_careful_wording_of_the_same_verdicts_differ_little(hits: int, alarms: int) -> None:
    bold = probit.detection(FOUR, {0: (hits, 0, 0, 6 - hits, 0, 0)}, (alarms, 0, 0, 10 - alarms, 0, 0))
    careful = probit.detection(FOUR, {0: (0, hits, 6 - hits, 0, 0, 0)}, (0, alarms, 10 - alarms, 0, 0, 0))
    assert abs(mean(bold) - mean(careful)) <= 250  # a quarter of a level of detection


def test_without_sureness_in_the_rubric_four_steps_are_two() -> None:
    assert probit.detection(TWO, {0: (3, 1, 1, 1, 0, 0)}, (0, 1, 4, 5, 0, 0)) == two(4, 2, 1, 9)


@pytest.mark.parametrize("n", [3, 5, 8, 16])
def test_a_share_interval_covers_what_it_claims(n: int) -> None:
    """Over people of probit SD 0.4, and every outcome of n opportunities: exact, nothing is drawn."""
    covered = total = 0.0
    for hits in range(n + 1):
        low, high = (edge / UNIT for edge in interval(share(5, 5, hits, n - hits)))
        for skill, weight in people(0.4):
            truth = cdf(skill)
            mass = weight * math.comb(n, hits) * truth**hits * (1 - truth) ** (n - hits)
            total += mass
            covered += mass * (low <= truth <= high)
    assert 0.93 < covered / total < 0.97


@pytest.mark.parametrize("n", [3, 5, 8, 16])
def test_a_detection_interval_covers_what_it_claims(n: int) -> None:
    """The same for n flawed and n sound changes, d' of SD 0.6 and a criterion of SD 0.5; a bootstrap covers 70 % at n = 3."""
    covered = total = 0.0
    grid = [(0.6 * d / 4, math.exp(-((d / 4) ** 2) / 2)) for d in range(-13, 14)]
    criteria = [(0.5 * c / 2, math.exp(-((c / 2) ** 2) / 2)) for c in range(-6, 7)]
    for hits, alarms in product(range(n + 1), range(n + 1)):
        low, high = (edge / UNIT for edge in interval(two(hits, n - hits, alarms, n - alarms)))
        ways = math.comb(n, hits) * math.comb(n, alarms)
        for (d, people_), (c, lean) in product(grid, criteria):
            hit, alarm = cdf((1.2 + d) / 2 - c), cdf(-(1.2 + d) / 2 - c)
            mass = people_ * lean * ways
            mass *= hit**hits * (1 - hit) ** (n - hits) * alarm**alarms * (1 - alarm) ** (n - alarms)
            total += mass
            covered += mass * (low <= cdf((1.2 + d) / 2) <= high)
    assert 0.93 < covered / total < 0.97


def test_a_detection_interval_of_four_steps_covers_what_it_claims() -> None:
    """Three flawed and three sound changes, people who use "probably" as differently as the model allows for."""
    covered = total = 0.0
    verdicts = [(a, b, c, 3 - a - b - c, 0, 0) for a, b, c in product(range(4), repeat=3) if a + b + c <= 3]
    grid = [(0.3 * d, math.exp(-((d / 2) ** 2) / 2)) for d in range(-6, 7)]
    criteria = [(0.5 * c, math.exp(-(c**2) / 2)) for c in range(-3, 4)]
    corners = [(d, c, t, w * v) for (d, w), (c, v), t in product(grid, criteria, FOUR.steps)]
    alike = {
        one: [_ways(one) * _chance(0, c - (1.2 + d) / 2, t / 1000, {0: one}, NONE) for d, c, t, _ in corners]
        for one in verdicts
    }
    other = {
        one: [_ways(one) * _chance(0, c + (1.2 + d) / 2, t / 1000, {0: one}, NONE) for d, c, t, _ in corners]
        for one in verdicts
    }
    truths = [cdf((1.2 + d) / 2) for d, _c, _t, _w in corners]
    for flawed, sound in product(verdicts, verdicts):
        low, high = (edge / UNIT for edge in interval(probit.detection(FOUR, {0: flawed}, sound)))
        for (_d, _c, _t, people_), one, two_, truth in zip(corners, alike[flawed], other[sound], truths, strict=True):
            total += people_ * one * two_
            covered += people_ * one * two_ * (low <= truth <= high)
    assert 0.93 < covered / total < 0.97


def _dimension_covers(n: int, together: int) -> float:
    covered = total = 0.0
    for hits in product(range(n + 1), repeat=3):
        parts = [(weight, FLAT, share(5, 5, one, n - one)) for weight, one in zip((2, 1, 1), hits, strict=True)]
        low, high = (edge / UNIT for edge in interval(mix(parts, together)))
        ways = math.prod(math.comb(n, one) for one in hits)
        for skill, weight in people(0.4):
            truth = cdf(skill)
            mass = weight * ways * truth ** sum(hits) * (1 - truth) ** (3 * n - sum(hits))
            total += mass
            covered += mass * (low <= truth <= high)
    return covered / total


@pytest.mark.parametrize("n", [3, 5])
def test_a_dimension_of_three_measures_of_one_skill_covers_what_it_claims(n: int) -> None:
    assert 0.93 < _dimension_covers(n, 800) < 0.97
    # Taken as independent, they would claim more than they hold.
    assert _dimension_covers(n, 0) < 0.92


def test_a_mixture_weighs_means_and_carries_both_uncertainties() -> None:
    sure, vague = share(2, 2, 60, 20), share(5, 5, 1, 2)
    apart = mix([(2, share(2, 2, 0, 0), sure), (1, share(5, 5, 0, 0), vague)], 0)
    assert mean(apart) == pytest.approx((2 * mean(sure) + mean(vague)) / 3, abs=20)
    width = [high - low for low, high in (interval(sure), interval(apart), interval(vague))]
    assert width[0] < width[1] < width[2]
    assert mix([(3, share(5, 5, 0, 0), vague)], 800) == vague


def test_what_one_measure_shows_is_carried_into_its_siblings() -> None:
    much, little = share(5, 5, 14, 2), share(5, 5, 1, 1)
    apart, shared = (mix([(1, FLAT, much), (1, FLAT, little)], together) for together in (0, 800))
    assert mean(shared) > mean(apart)
    # The prior of the whole stays the published one where its measures are nearly the same thing.
    assert interval(mix([(1, FLAT, FLAT), (1, FLAT, FLAT)], 900)) == pytest.approx(interval(FLAT), abs=150)


def test_a_joint_posterior_is_that_of_its_model() -> None:
    """Against the copula summed up in floating point, with the measures' own parts drawn out at full length."""
    steps = [(at / 4, math.exp(-((at / 4) ** 2) / 2)) for at in range(-16, 17)]
    counts = ((2, 7, 1), (1, 1, 4))
    quantiles: dict[float, float] = {}

    def value(u: float) -> float:
        if u not in quantiles:
            reach, below = cdf(u), 0.0
            for at in range(4000):
                x = (at + 0.5) / 4000
                below += 630 * (x * (1 - x)) ** 4 / 4000
                if below >= reach:
                    break
            quantiles[u] = x
        return quantiles[u]

    told: list[tuple[float, float]] = []
    for f, f_mass in steps:
        marginals = []
        for _weight, hits, misses in counts:
            row = []
            for own, own_mass in steps:
                x = value(round(math.sqrt(0.8) * f + math.sqrt(0.2) * own, 3))
                row.append((x, own_mass * x**hits * (1 - x) ** misses))
            marginals.append(row)
        for (x, x_mass), (y, y_mass) in product(*marginals):
            told.append(((2 * x + y) / 3, f_mass * x_mass * y_mass))
    total = sum(mass for _value, mass in told)
    found = mix([(weight, FLAT, share(5, 5, hits, misses)) for weight, hits, misses in counts], 800)
    assert mean(found) / UNIT == pytest.approx(sum(one * mass for one, mass in told) / total, abs=2e-3)
    low, high = (edge / UNIT for edge in interval(found))
    assert sum(mass for one, mass in told if one < low) / total == pytest.approx(0.025, abs=0.006)
    assert sum(mass for one, mass in told if one > high) / total == pytest.approx(0.025, abs=0.006)


def test_what_was_not_seen_is_expected_as_its_siblings_suggest_and_widens() -> None:
    much = share(5, 5, 14, 2)
    seen, unseen = mix([(1, FLAT, much), (1, FLAT, much)], 800), mix([(1, FLAT, much), (1, FLAT, None)], 800)
    assert mean(FLAT) < mean(unseen) < mean(seen)
    assert mean(unseen) > (mean(much) + mean(FLAT)) / 2
    width = [high - low for low, high in (interval(seen), interval(unseen))]
    assert width[0] < width[1]
    # Where indicators share nothing, nothing is to be expected of them.
    assert mix([(1, FLAT, much), (1, FLAT, None)], 0) == much


def test_seldom_seen_behaviour_that_most_people_show_lifts_nobody() -> None:
    """Two people as good as each other: one had occasion to show what nearly everybody does, the other had not."""
    common = share(8, 2, 0, 0)
    had = mix([(1, FLAT, share(5, 5, 4, 4)), (1, common, share(8, 2, 8, 2))], 800)
    had_not = mix([(1, FLAT, share(5, 5, 4, 4)), (1, common, None)], 800)
    assert abs(mean(had) - mean(had_not)) < 200


@pytest.mark.parametrize(
    "parts",
    [
        [(1, (100, 100), (2000, 0)), (1, (100, 100), (0, 2000))],
        [(1, (5, 5), (2000, 0)), (1, (5, 5), (0, 2000))],
        [(1, (1, 100), (900, 0)), (1, (5, 5), (3, 1))],
        [(weight, (50, 50), (0, 800) if weight % 2 else (800, 0)) for weight in range(1, 9)],
    ],
)
def test_whatever_is_seen_there_is_a_posterior(parts: list[tuple[int, tuple[int, int], tuple[int, int]]]) -> None:
    """Far beyond what a prior holds possible, and where measures of what should be one skill contradict each other."""
    told = [(weight, share(a, b, 0, 0), share(a, b, *seen)) for weight, (a, b), seen in parts]
    for together in (0, 500, 900):
        found = mix(told, together)
        low, high = interval(found)
        assert 0 <= low <= mean(found) <= high <= UNIT and low < high
        between = [mean(posterior) for _weight, _prior, posterior in told]
        assert min(between) - 150 <= mean(found) <= max(between) + 150


def test_the_best_and_the_worst_are_not_held_back_by_the_grid() -> None:
    best, worst = (mix([(1, FLAT, share(5, 5, *seen))] * 3, 900) for seen in ((16, 0), (0, 16)))
    # Of one skill alone, forty-eight of forty-eight would be (5 + 48) / 58.
    assert 0.89 < mean(best) / UNIT < 53 / 58
    assert mean(best) + mean(worst) == pytest.approx(UNIT, abs=2)
