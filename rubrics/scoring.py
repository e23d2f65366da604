"""Scores: a rubric over a log.

Owns how readings become values, intervals, levels and dimensions. Invariant: pure; same log and same rubric give the
same bytes on every machine (whole numbers up to ten-thousandths, then levels). What was not observed has no value,
and nothing adds dimensions up, so that it cannot rank lower. Leaves out what is read (``signals``), the words
(``explain``, ``flags``) and how judges and people come to theirs (``judging``, ``ratings``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import localcontext

from interviews.errors import BadInput
from rubrics import beside, explain, flags, lift, registry
from rubrics.base import (
    Detection,
    DimensionScore,
    IndicatorScore,
    LogRef,
    LogView,
    Opportunity,
    Reading,
    Scorecard,
    Share,
    Status,
)
from rubrics.base import translatable as _
from rubrics.explain import Translate
from rubrics.judging.record import judged
from rubrics.numbers import joint, posterior, probit
from rubrics.numbers.normal import MILLI, context, whole
from rubrics.numbers.posterior import UNIT, Weights
from rubrics.people import ratings
from rubrics.rubric import DetectionPrior, Dimension, Indicator, Level, Rubric, SharePrior

_FIFTHS = (0, 2_000, 4_000, 6_000, 8_000)


def score(log: LogView, rubric: Rubric, translate: Translate = _) -> Scorecard:
    """Score a log, however short. ``translate`` turns the sentences into another language; the numbers stay."""
    # Whatever decimals are set to around us: a signal, or what is shown, may divide some.
    with localcontext(context()):
        return _score(log, rubric, translate)


def _score(log: LogView, rubric: Rubric, translate: Translate) -> Scorecard:
    reached = lift.outcome(log, translate)
    remarks = [explain.sentence(note, translate) for note in flags.flags(log, rubric)]
    dimensions = tuple(_dimension(log, dimension, rubric, translate) for dimension in rubric.dimensions)
    said = ratings.judged(log, rubric)
    return Scorecard(
        rubric=rubric.ref,
        log=LogRef(interview=log.header.id, events=len(log.events), head_hash=log.head_hash),
        dimensions=dimensions,
        flags=(*remarks, *([lift.decayed(translate)] if reached and reached.decayed else [])),
        outcome=reached,
        calibration="calibrated" if rubric.calibration and rubric.calibration.enough else "uncalibrated",
        shown=beside.shown(log, translate),
        ratings=said.ratings,
        final=ratings.final(said, dimensions),
    )


@dataclass(frozen=True)
class _Measured:
    score: IndicatorScore
    weight: int
    prior: Weights
    posterior: Weights | None
    """What the dimension hears: also of too few opportunities for a number of its own, or leaving one open would pay."""


@dataclass(frozen=True)
class _Placed:
    """A posterior put in numbers and levels. ``level`` is None where more than two levels are possible."""

    value: int
    interval: tuple[int, int]
    status: Status
    level: int | None
    words: tuple[str, ...]


def _placed(weights: Weights, levels: tuple[Level, ...] | None, translate: Translate) -> _Placed:
    value, interval = posterior.mean(weights), posterior.interval(weights)
    edges = [whole(level.from_, UNIT) for level in levels] if levels else _FIFTHS
    low, level, high = (sum(1 for edge in edges if edge <= at) for at in (interval[0], value, interval[1]))
    anchor = levels[level - 1].words if levels else ""
    status: Status = "clear" if high == low else "leaning" if high - low == 1 else "cannot_tell"
    given = None if status == "cannot_tell" else level
    words = (explain.band(interval, translate), explain.levels(low, high, given, anchor, translate))
    return _Placed(value, interval, status, given, words)


def _dimension(log: LogView, dimension: Dimension, rubric: Rubric, translate: Translate) -> DimensionScore:
    measured = [_indicator(log, indicator, translate) for indicator in dimension.indicators]
    used = sum(one.posterior is not None for one in measured)
    few = sum(one.posterior is not None and one.score.value is None for one in measured)
    # What has no value stays at its prior, moved by its siblings: left out, it would change what the mean is of, and whoever
    # avoided it would gain or lose by that.
    parts, together = [(one.weight, one.prior, one.posterior) for one in measured], whole(dimension.together, MILLI)
    # Where none has a number of its own, neither has the dimension.
    weights = joint.mix(parts, together) if used > few else None
    weights, judge = judged(log, rubric, dimension, weights, translate)
    placed = _placed(weights, dimension.levels, translate) if weights is not None else None
    status: Status
    if placed is not None:
        status = placed.status
        words = [explain.basis(used, len(measured), bool(together), translate)]
        words += [*([explain.few(few, translate)] if few else []), *placed.words]
    elif any(one.score.status == "cannot_tell" for one in measured):
        status, words = "cannot_tell", [translate(_("There was too little to put a number on it."))]
    else:
        status = "not_observed"
        words = [translate(_("There was no opportunity to show this, which counts neither way."))]
    return DimensionScore(
        id=dimension.id, score=_number(placed), ci95=_interval(placed),
        n=sum(one.score.n for one in measured), status=status, explanation=" ".join(words),
        indicators=tuple(one.score for one in measured), level=placed.level if placed else None, judge=judge,
    )  # fmt: skip


def _indicator(log: LogView, indicator: Indicator, translate: Translate) -> _Measured:
    signal = registry.signal(indicator.signal)
    reading = signal.read(log)
    if reading.planted and not log.plants:
        reading = signal.read(log.bare)
    opportunities = _opportunities(reading)
    words = [explain.counts(reading, translate)]
    unknown = sum(1 for one in opportunities if not one.known)
    gone = sum(1 for event in log.facts.withheld if event.type in signal.opens)
    prior, weights = posterior_of(reading, indicator.prior)
    heard = weights if not unknown and not gone else None
    placed = (
        _placed(heard, indicator.levels, translate) if heard is not None and enough(reading, indicator.prior) else None
    )
    status: Status
    if placed is not None:
        status = placed.status
        words += placed.words
    elif not opportunities:
        status = "not_observed"
    else:
        status = "cannot_tell"
        words.append(
            explain.unknown(unknown, translate)
            if unknown
            else explain.gone(gone, translate)
            if gone
            else explain.too_few(translate)
        )
    shown = IndicatorScore(
        id=indicator.id, value=_number(placed), level=placed.level if placed else None,
        ci95=_interval(placed), n=len(opportunities), status=status,
        source=reading.source if isinstance(reading, Share) else "signal",
        evidence=tuple(sorted({seq for one in opportunities for seq in one.evidence})),
        explanation=" ".join(words),
    )  # fmt: skip
    return _Measured(shown, indicator.weight, prior, heard)


def _opportunities(reading: Reading) -> Sequence[Opportunity]:
    return reading.opportunities if isinstance(reading, Share) else [*reading.defective, *reading.good]


def enough(reading: Reading, prior: SharePrior | DetectionPrior) -> bool:
    """Whether there were as many opportunities as a number of its own asks for."""
    if isinstance(reading, Share):
        return isinstance(prior, SharePrior) and len(reading.opportunities) >= prior.min_opportunities
    if not isinstance(prior, DetectionPrior):
        return False
    return len(reading.defective) >= prior.min_defective and len(reading.good) >= prior.min_good


def posterior_of(reading: Reading, prior: SharePrior | DetectionPrior) -> tuple[Weights, Weights | None]:
    """The prior, and the posterior, of however few opportunities: None where there was none."""
    match reading, prior:
        case Share(opportunities=chances), SharePrior():
            before = posterior.share(prior.a, prior.b, 0, 0)
            if not chances:
                return before, None
            hits = sum(1 for chance in chances if chance.hit)
            return before, posterior.share(prior.a, prior.b, hits, len(chances) - hits)
        case Detection(defective=defective, good=good), DetectionPrior():
            believed = _believed(prior)
            before = probit.detection(believed, {}, probit.counts(()))
            if not defective and not good:
                return before, None
            shifts = _shifts(prior)
            flawed = {
                at: probit.counts((one.hit, one.sure) for one in defective if shifts[one.difficulty or "middle"] == at)
                for at in shifts.values()
            }
            return before, probit.detection(believed, flawed, probit.counts((one.hit, one.sure) for one in good))
        case _:
            wanted = "detection" if isinstance(reading, Detection) else "share"
            raise BadInput("Expected a prior of kind %(want)s, got one of kind %(got)s", want=wanted, got=prior.kind)


def _believed(prior: DetectionPrior) -> probit.Prior:
    steps = tuple(whole(step, MILLI) for step in prior.sureness.steps) if prior.sureness else ()
    d_mean, d_sd, c_mean, c_sd = (whole(one, MILLI) for one in (prior.d_mean, prior.d_sd, prior.c_mean, prior.c_sd))
    return probit.Prior(d_mean, d_sd, c_mean, c_sd, steps)


def _shifts(prior: DetectionPrior) -> dict[str, int]:
    """By how many thousandths of a probit each of the exercise's words moves a mistake out of sight."""
    given = prior.difficulty
    if given is None:
        return {"easy": 0, "middle": 0, "hard": 0}
    return {word: whole(getattr(given, word), MILLI) for word in ("easy", "middle", "hard")}


def _number(placed: _Placed | None) -> float | None:
    return None if placed is None else placed.value / UNIT


def _interval(placed: _Placed | None) -> tuple[float, float] | None:
    return None if placed is None else (placed.interval[0] / UNIT, placed.interval[1] / UNIT)
