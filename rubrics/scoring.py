"""Scores: a rubric over a log.

Owns how readings become values, intervals, levels and dimensions. Invariant: pure; same log and same rubric give the
same bytes on every machine (whole numbers up to ten-thousandths, then levels). What was not observed has no value,
and nothing adds dimensions up, so that it cannot rank lower. Leaves out what is read (``signals``) and the words
(``explain``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interviews.errors import BadInput
from rubrics import explain, lift, posterior, registry
from rubrics.base import (
    Detection,
    DimensionScore,
    IndicatorScore,
    LogRef,
    LogView,
    Note,
    Opportunity,
    Reading,
    Scorecard,
    Share,
    Status,
)
from rubrics.base import translatable as _
from rubrics.explain import Translate
from rubrics.posterior import UNIT, Weights
from rubrics.rubric import DetectionPrior, Dimension, Indicator, Rubric, SharePrior

# Events whose loss can change a score; a withheld note or presence takes no evidence away.
_EVIDENCE = frozenset(
    {
        "key.recorded", "file.snapshotted", "file.edited", "file.deleted", "run.started", "run.finished", "command.finished",
        "prompt.sent", "reply.finished", "reply.failed", "suggestion.offered", "suggestion.annotated", "suggestion.decided",
        "ticket.opened", "ticket.revised", "comment.added", "review.opened", "review.annotated", "hunk.judged",
        "interview.submitted", "analysis.recorded",
    }
)  # fmt: skip


def score(log: LogView, rubric: Rubric, translate: Translate = _) -> Scorecard:
    """Score a log, however short. ``translate`` turns the sentences into another language; the numbers stay."""
    reached = lift.outcome(log, translate)
    remarks = [explain.sentence(note, translate) for note in _flags(log)]
    return Scorecard(
        rubric=rubric.ref,
        log=LogRef(interview=log.header.id, events=len(log.events), head_hash=log.head_hash),
        dimensions=tuple(_dimension(log, dimension, rubric, translate) for dimension in rubric.dimensions),
        flags=(*remarks, *([lift.decayed(translate)] if reached and reached.decayed else [])),
        outcome=reached,
    )


@dataclass(frozen=True)
class _Measured:
    score: IndicatorScore
    weight: int
    posterior: Weights | None


def _dimension(log: LogView, dimension: Dimension, rubric: Rubric, translate: Translate) -> DimensionScore:
    measured = [_indicator(log, indicator, translate) for indicator in dimension.indicators]
    parts = [(one.weight, one.posterior) for one in measured if one.posterior is not None]
    opportunities = sum(one.score.n for one in measured)
    status: Status
    value: int | None = None
    interval: tuple[int, int] | None = None
    if parts:
        mixed = parts[0][1] if len(parts) == 1 else posterior.mix(parts)
        value, interval = posterior.mean(mixed), posterior.interval(mixed)
        status = "leaning" if interval[1] - interval[0] <= int(rubric.max_width * UNIT) else "cannot_tell"
        told = {"used": len(parts), "all": len(measured)}
        words = [
            explain.sentence(Note(_("From %(used)d of %(all)d indicators."), told), translate),
            explain.band(interval, translate),
        ]
    elif any(one.score.status == "cannot_tell" for one in measured):
        status, words = "cannot_tell", [translate(_("There was too little to put a number on it."))]
    else:
        status, words = (
            "not_observed",
            [translate(_("There was no opportunity to show this, which counts neither way."))],
        )
    return DimensionScore(
        id=dimension.id, score=_number(value), ci95=_numbers(interval), n=opportunities, status=status,
        explanation=" ".join(words), indicators=tuple(one.score for one in measured),
    )  # fmt: skip


def _indicator(log: LogView, indicator: Indicator, translate: Translate) -> _Measured:
    signal = registry.signal(indicator.signal)
    reading = signal.read(log)
    if reading.planted and not log.plants:
        reading = signal.read(log.bare)
    opportunities = _opportunities(reading)
    words = [explain.counts(reading, translate)]
    unknown = sum(1 for one in opportunities if not one.known)
    weights = None if unknown else _posterior(reading, indicator.prior)
    status: Status
    value: int | None = None
    interval: tuple[int, int] | None = None
    level: int | None = None
    if weights is not None:
        value, interval = posterior.mean(weights), posterior.interval(weights)
        low, level, high = (_level(indicator, at) for at in (interval[0], value, interval[1]))
        status = "clear" if high == low else "leaning" if high - low == 1 else "cannot_tell"
        anchor = indicator.levels[level - 1].words
        level = None if status == "cannot_tell" else level
        words += [explain.band(interval, translate), explain.levels(low, high, level, anchor, translate)]
    elif not opportunities:
        status = "not_observed"
    else:
        status = "cannot_tell"
        words.append(explain.unknown(unknown, translate) if unknown else explain.too_few(translate))
    shown = IndicatorScore(
        id=indicator.id, value=_number(value), level=level, ci95=_numbers(interval), n=len(opportunities), status=status,
        source=reading.source if isinstance(reading, Share) else "signal",
        evidence=tuple(sorted({seq for one in opportunities for seq in one.evidence})),
        explanation=" ".join(words),
    )  # fmt: skip
    return _Measured(shown, indicator.weight, weights)


def _opportunities(reading: Reading) -> Sequence[Opportunity]:
    return reading.opportunities if isinstance(reading, Share) else [*reading.defective, *reading.good]


def _posterior(reading: Reading, prior: SharePrior | DetectionPrior) -> Weights | None:
    """None where nothing may be put as a number: no opportunity, or too few."""
    match reading, prior:
        case Share(opportunities=chances), SharePrior():
            if len(chances) < prior.min_opportunities:
                return None
            return posterior.share(prior.a, prior.b, *_split(chances))
        case Detection(defective=defective, good=good), DetectionPrior():
            if len(defective) < prior.min_defective or len(good) < prior.min_good:
                return None
            return posterior.detection(
                prior.d_mean, prior.d_sd, prior.c_mean, prior.c_sd, *_split(defective), *_split(good)
            )
        case _:
            wanted = "detection" if isinstance(reading, Detection) else "share"
            raise BadInput("Expected a prior of kind %(want)s, got one of kind %(got)s", want=wanted, got=prior.kind)


def _split(chances: Sequence[Opportunity]) -> tuple[int, int]:
    hits = sum(1 for chance in chances if chance.hit)
    return hits, len(chances) - hits


def _level(indicator: Indicator, value: int) -> int:
    return sum(1 for level in indicator.levels if int(level.from_ * UNIT) <= value)


def _number(value: int | None) -> float | None:
    return None if value is None else value / UNIT


def _numbers(interval: tuple[int, int] | None) -> tuple[float, float] | None:
    return None if interval is None else (interval[0] / UNIT, interval[1] / UNIT)


def _flags(log: LogView) -> list[Note]:
    facts, flags = log.facts, []
    if facts.submission is None:
        flags.append(Note(_("The interview was not submitted: this score covers what happened so far.")))
    elif facts.submission.late:
        flags.append(Note(_("Submitted late: edits of the minute's grace are included.")))
    if lost := sum(1 for event in facts.withheld if event.type in _EVIDENCE):
        flags.append(
            Note(_("Evidence was withheld or erased (events: %(n)d): what it held could not be scored."), {"n": lost})
        )
    if misses := sum(1 for prompt in facts.prompts if prompt.outcome == "miss"):
        flags.append(Note(_("The assistant had no answer to some prompts (%(n)d): they are left out."), {"n": misses}))
    if failed := sum(1 for prompt in facts.prompts if prompt.outcome == "failed"):
        flags.append(Note(_("The assistant failed on some prompts (%(n)d): they are left out."), {"n": failed}))
    if facts.key is None:
        flags.append(Note(_("The exercise's key is missing: what needs it is not observed.")))
    elif facts.submission is not None and facts.hidden_tests is None:
        flags.append(Note(_("The hidden tests have no result: corrections and repairs cannot be seen.")))
    return flags
