"""Part 1, continued: whether 95 % intervals hold the truth in 95 of 100 cases, at 3, 5, 8 and 16 opportunities.

Owns people who are drawn straight into opportunities, without a log, so that many can be. Invariant: people and items are the
simulator's; the interval is what scoring gives for those opportunities. The truth is the person's expected share over all items
that might have been drawn, or Φ(d′/2). Leaves out whole interviews (``recovery``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import sqrt
from random import Random
from typing import Literal

from interviews.events import Difficulty
from rubrics import joint, posterior
from rubrics.base import Detection, Opportunity, Reading, Share
from rubrics.posterior import UNIT
from rubrics.rubric import DetectionPrior, Dimension, Indicator, SharePrior, load
from rubrics.scoring import _posterior as posterior_of
from simulator.chance import CRITERION_SD, D_MEAN, HARDER, ITEM_SD, SKILLS, SPREAD, SURE, WITHIN_SD, looks, phi
from validation.claims import Claim, rounded
from validation.figures import correlation, wilson
from validation.trying import How, mean

SIZES = (3, 5, 8, 16)
PEOPLE = 2_000
COVERED = (0.93, 0.97)
ABOUT = (
    "95 % intervals of indicators and dimensions at fixed numbers of opportunities; of detection, that many changes, three in "
    "eight of them planted; below the rubric's minimum they are not given, and shown here for what they would be"
)
_SPREAD: dict[str, float] = {str(name): spread for name, spread in SPREAD.items()}
_WORDS: tuple[Difficulty, ...] = ("easy", "middle", "hard")


@dataclass(frozen=True)
class Case:
    """What is tried: a dimension's ``indicator``, or all of it where that is empty, with ``n`` opportunities each."""

    dimension: str
    indicator: str
    n: int
    people: int
    seed: int


@dataclass(frozen=True)
class Tried:
    """How often the interval held the truth, and how the estimate went with it."""

    covered: int
    people: int
    correlation: float
    width: float


def claims(how: How) -> list[Claim]:
    """Coverage and reliability, by number of opportunities."""
    cases = []
    for name in SKILLS:
        dimension = how.rubric.dimension(name)
        assert dimension is not None
        for indicator in [*_different(dimension), ""]:
            slow = not indicator or _kind(dimension, indicator) == "detection"
            cases += [
                Case(name, indicator, n, how.many(PEOPLE // 2 if slow else PEOPLE * 5, 40), how.seed) for n in SIZES
            ]
    # Dearest first, so that nobody waits for the last.
    order = sorted(cases, key=lambda case: (bool(case.indicator), -case.n))
    tried = dict(zip(order, how.each(partial(run, how.rubric.id), order), strict=True))
    return [claim for case in cases for claim in _claims(case, tried[case])]


def _different(dimension: Dimension) -> list[str]:
    """One indicator for each prior."""
    seen: dict[str, str] = {}
    for one in dimension.indicators:
        seen.setdefault(one.prior.model_dump_json(exclude={"why"}), one.id)
    return list(seen.values())


def _kind(dimension: Dimension, id_: str) -> Literal["share", "detection"]:
    return next(one.prior.kind for one in dimension.indicators if one.id == id_)


def _claims(case: Case, tried: Tried) -> list[Claim]:
    what = f"{case.dimension}{f', {case.indicator}' if case.indicator else ' as a whole'} at n = {case.n}"
    covered = tried.covered / tried.people
    band = wilson(tried.covered, tried.people)
    return [
        Claim(
            f"{what}: 95 % intervals that hold the truth", round(covered, 3), "of all", interval=rounded(band),
            target="0.93 to 0.97", holds=COVERED[0] <= covered <= COVERED[1], n=tried.people,
            note=f"mean width {tried.width:.2f}",
        ),
        Claim(f"{what}: reliability", round(tried.correlation**2, 2), n=tried.people),
    ]  # fmt: skip


def run(rubric_id: str, case: Case) -> Tried:
    """Draw the people of one case and look where their intervals lie."""
    dimension = load(rubric_id).dimension(case.dimension)
    assert dimension is not None
    used = [one for one in dimension.indicators if case.indicator in ("", one.id)]
    dice = Random(f"{case.seed}/coverage/{case.dimension}/{case.indicator}/{case.n}")
    truths, values, widths, covered = [], [], [], 0
    for _ in range(case.people):
        skill, criterion = dice.gauss(0, _SPREAD[case.dimension]), dice.gauss(0, CRITERION_SD)
        parts, truth = [], 0.0
        for one in used:
            reading, true = _draw(one, case.n, skill, criterion, dice)
            before, after = posterior_of(reading, _without_minimum(one))
            assert after is not None
            parts.append((one.weight, before, after))
            truth += one.weight * true
        truth /= sum(one.weight for one in used)
        weights = joint.mix(parts, int(dimension.together * 1000))
        low, high = posterior.interval(weights)
        covered += low <= truth * UNIT <= high
        truths.append(truth)
        values.append(float(posterior.mean(weights)))
        widths.append((high - low) / UNIT)
    return Tried(covered, case.people, correlation(truths, values), mean(widths))


def _without_minimum(indicator: Indicator) -> SharePrior | DetectionPrior:
    prior = indicator.prior
    if isinstance(prior, DetectionPrior):
        return prior.model_copy(update={"min_defective": 1, "min_good": 1})
    return prior.model_copy(update={"min_opportunities": 1})


def _draw(indicator: Indicator, n: int, skill: float, criterion: float, dice: Random) -> tuple[Reading, float]:
    """So many opportunities of this person's, and what they show of them in the long run."""
    if not isinstance(indicator.prior, DetectionPrior):
        chances = [Opportunity(dice.random() < phi(skill - dice.gauss(0, ITEM_SD)), (1,)) for _ in range(n)]
        return Share(tuple(chances), ""), phi(skill / sqrt(1 + ITEM_SD**2))
    planted = max(1, round(n * 6 / 16))
    d_prime = D_MEAN + skill
    flawed = [_verdict(True, d_prime, criterion, dice, _WORDS[at % 3]) for at in range(planted)]
    sound = [_verdict(False, d_prime, criterion, dice, "") for _ in range(n - planted)]
    return Detection(tuple(flawed), tuple(sound), ""), phi(d_prime / 2)


def _verdict(
    flawed: bool, d_prime: float, criterion: float, dice: Random, word: Difficulty | Literal[""]
) -> Opportunity:
    hard = HARDER[word] + dice.gauss(0, WITHIN_SD) if word else 0.0
    seen = looks(flawed, hard, d_prime) + dice.gauss(0, 1)
    return Opportunity(seen > criterion, (1,), difficulty=word, sure=abs(seen - criterion) > SURE)
