"""What several answers come to, and what that may move.

Owns median, spread, when a judge abstains, and the bounded effect. Invariant: whole numbers only; without enough answers that agree
there is no level and no effect; the effect never exceeds the rubric's cap. Leaves out single answers (``answers``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rubrics.base import Note
from rubrics.base import translatable as _
from rubrics.judging.answers import Answer
from rubrics.numbers import posterior
from rubrics.numbers.posterior import BINS, UNIT, Weights
from rubrics.rubric import Dimension

FIFTHS = (0, 2_000, 4_000, 6_000, 8_000)
"""Where the five levels begin, in ten-thousandths, unless a rubric says otherwise."""


@dataclass(frozen=True)
class Verdict:
    """``level`` is None where the judge abstains; ``spread`` is how many levels lie between the lowest and the highest answer."""

    level: int | None
    spread: int | None
    notes: tuple[Note, ...]
    evidence: tuple[int, ...]


def verdict(answers: Sequence[Answer], stable: Decimal) -> Verdict:
    """The median of the answers; none where more than a third are none, or too few lie within one level of it."""
    levels = sorted(answer.level for answer in answers if answer.level is not None)
    missing = len(answers) - len(levels)
    spread = levels[-1] - levels[0] if levels else None
    evidence = tuple(sorted({seq for answer in answers for seq in answer.evidence}))
    told: dict[str, object] = {"missing": missing, "n": len(answers)}
    if missing * 3 > len(answers) or not levels:
        why = Counter(answer.reason for answer in answers if answer.level is None).most_common(1)
        most = Note(_("It abstains: %(missing)d of %(n)d answers cannot be used, most of them for this reason:"), told)
        return Verdict(None, spread, (most, *(Note(reason) for reason, _count in why)), evidence)
    median = levels[(len(levels) - 1) // 2]
    near = sum(1 for level in levels if abs(level - median) <= 1)
    told |= {"near": near, "level": median, "low": levels[0], "high": levels[-1]}
    if near < stable * len(answers):
        note = Note(
            _("It abstains: of %(n)d answers only %(near)d lie within one level; they reach from %(low)d to %(high)d."),
            told,
        )
        return Verdict(None, spread, (note,), evidence)
    note = Note(
        _(
            "Level %(level)d in the middle of %(n)d answers, which reach from %(low)d to %(high)d; %(near)d lie within one level "
            "of it."
        ),
        told,
    )
    return Verdict(median, spread, (note,), evidence)


def moved(weights: Weights, level: int | None, cap: Decimal, edges: Sequence[int] = FIFTHS) -> tuple[Weights, int]:
    """The posterior drawn towards that level, and by how much its mean moved, in ten-thousandths.

    Towards its nearer edge, and no further than ``cap``, a share of the scale; not at all where the mean is in that level already,
    or where there is no level. ``edges`` are the lowest values of the five levels, in ten-thousandths.
    """
    if level is None:
        return weights, 0
    mean = posterior.mean(weights)
    low, high = edges[level - 1], (edges[level] - 1 if level < 5 else UNIT)
    wanted = low - mean if mean < low else high - mean if mean > high else 0
    bound = int(cap * UNIT)
    wanted = max(-bound, min(bound, wanted))
    # Whole bins, rounded towards no effect; what would leave the scale stays at its end.
    bins = abs(wanted) * BINS // UNIT
    while bins:
        after = _shifted(weights, bins if wanted > 0 else -bins)
        effect = posterior.mean(after) - mean
        if abs(effect) <= bound:
            return after, effect
        bins -= 1
    return weights, 0


def edges_of(dimension: Dimension) -> tuple[int, ...]:
    """The lowest values of a dimension's levels, in ten-thousandths."""
    return tuple(int(level.from_ * UNIT) for level in dimension.levels) if dimension.levels else FIFTHS


def _shifted(weights: Weights, bins: int) -> Weights:
    out = [0] * BINS
    for at, weight in enumerate(weights):
        out[max(0, min(BINS - 1, at + bins))] += weight
    return tuple(out)
