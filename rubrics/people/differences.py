"""A person's levels beside the proposed ones: every difference in words.

Owns what is said of a difference: whether the person's level lies within what the rubric's evidence allows, and what a log cannot
show. Invariant: pure; neither side is called right. Leaves out who overrides what (``ratings``) and drawing (``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rubrics.base import DimensionScore, Note, RatedBy
from rubrics.base import translatable as _
from rubrics.rubric import Dimension, Rubric

Kind = Literal["same", "within", "outside", "alone", "untold"]

# What the log cannot tell an indicator, by its signal.
UNSEEN = {
    "requirement_coverage": _(
        "Requirements are recognised by their words: one that was paraphrased, or said aloud, counts as never stated."
    ),
    "grounding": _(
        "A part of the workspace that was meant but not named, such as “this test here”, is not recognised."
    ),
    "constraint_or_example": _("A constraint in words that no pattern knows, or said aloud, is not recognised."),
    "defect_detection": _(
        "Only mistakes placed on purpose are known: another fault that was rightly found counts for nothing here, and doubts "
        "that were voiced and not written are not heard."
    ),
    "specificity": _("How good a remark was is read from its words, not from whether it would have helped."),
    "productive_follow_up": _("A follow-up that moved the candidate's own understanding leaves no trace."),
    "loops": _(
        "A failure that came back by intention, as in a test written first, looks like one that was not understood."
    ),
    "fix_yield": _("Why a failure went away is not known; only that it did after that follow-up."),
    "verified_before_submit": _("Reading code with care is checking it too, and is not seen: only what ran is."),
    "own_test_strength": _("Tests that were thought through and not written, or ran by hand, are not seen."),
    "hidden_tests": _("The files are seen, not whose merit they are."),
    "explain_back": _("It is what people heard, put as a share: it knows nothing that they did not."),
}
UNSEEN_OTHERWISE = _("It reads the log alone: what was said aloud or left undone for a good reason is not in it.")


@dataclass(frozen=True)
class Difference:
    """One rater's level beside the proposal. ``span``: the lowest and the highest level that its evidence allows, or None.

    ``kind``: the ``same`` level; another ``within`` the span; ``outside`` of it; the person ``alone`` has a level, or it is
    ``untold`` because they have none.
    """

    dimension: str
    rater: str
    seq: int
    level: int | None
    kind: Kind
    span: tuple[int, int] | None
    words: tuple[Note, ...]


# Where a dimension of an older form has no levels of its own.
FIFTHS = tuple(Decimal(fifth) / 5 for fifth in range(5))


def anchors(dimension: Dimension) -> list[str]:
    """What each level of a dimension means, from 1 to 5; empty words where the rubric has none."""
    return [level.words for level in dimension.levels] if dimension.levels else [""] * 5


def span(dimension: Dimension, score: DimensionScore) -> tuple[int, int] | None:
    """The levels that the ends of its interval stand for."""
    if score.ci95 is None:
        return None
    starts = [level.from_ for level in dimension.levels] if dimension.levels else FIFTHS
    low, high = (sum(1 for start in starts if float(start) <= end) for end in score.ci95)
    return low, high


def differences(rubric: Rubric, scores: Sequence[DimensionScore], ratings: Sequence[RatedBy]) -> list[Difference]:
    """Of every dimension and rating that gave it a level, or said that it cannot be told; in the order of both."""
    out = []
    for score in scores:
        dimension = rubric.dimension(score.id)
        if dimension is None:
            continue
        allowed = span(dimension, score)
        for one in ratings:
            if score.id in one.levels:
                level = one.levels[score.id]
                kind, words = _compared(one.rater, level, score, allowed)
                out.append(Difference(score.id, one.rater, one.seq, level, kind, allowed, words))
    return out


def unseen(dimension: Dimension) -> list[str]:
    """What a log cannot tell of a dimension, a sentence an indicator."""
    return list(dict.fromkeys(UNSEEN.get(one.signal, UNSEEN_OTHERWISE) for one in dimension.indicators))


def apart(ratings: Sequence[RatedBy], dimension: str) -> Note | None:
    """How far people are from each other there; None where fewer than two gave a level."""
    levels = [one.levels[dimension] for one in ratings if one.levels.get(dimension) is not None]
    told = [level for level in levels if level is not None]
    if len(told) < 2:
        return None
    if (most := max(told) - min(told)) == 0:
        return Note(_("The raters agree with each other."))
    if most == 1:
        return Note(_("The raters are one level apart."))
    return Note(_("The raters are %(n)d levels apart: talk about what each of them saw."), {"n": most})


def _compared(
    rater: str, level: int | None, score: DimensionScore, allowed: tuple[int, int] | None
) -> tuple[Kind, tuple[Note, ...]]:
    proposal = _proposal(score, allowed)
    if level is None:
        return "untold", (Note(_("%(rater)s cannot tell."), {"rater": rater}), proposal)
    said = {"rater": rater, "level": level}
    if score.level == level:
        return "same", (Note(_("%(rater)s and the rubric both say level %(level)d."), said),)
    if allowed is None:
        return "alone", (
            proposal,
            Note(_("So %(rater)s's level %(level)d stands alone: there is nothing to compare it with."), said),
        )
    low, high = allowed
    if low <= level <= high:
        within = Note(_("%(rater)s's level %(level)d is one of them, so the two do not contradict each other."), said)
        return "within", (proposal, within)
    far = low - level if level < low else level - high
    beyond = {**said, "far": far}
    words = (
        Note(_("%(rater)s's level %(level)d lies below all of them, by %(far)d."), beyond)
        if level < low
        else Note(_("%(rater)s's level %(level)d lies above all of them, by %(far)d."), beyond)
    )
    why = Note(
        _(
            "Either the rater saw or weighed what the log does not count, or the count shows what was missed: what it "
            "counted and what it cannot see stand below."
        )
    )
    return "outside", (proposal, words, why)


def _proposal(score: DimensionScore, allowed: tuple[int, int] | None) -> Note:
    """What the rubric has to say, and which levels its evidence allows."""
    if allowed is None:
        few = score.status == "cannot_tell"
        return Note(
            _("The rubric has counts (opportunities: %(n)d) that are too few for a level.")
            if few
            else _("The rubric saw no opportunity to show this."),
            {"n": score.n},
        )
    low, high = allowed
    told = {"n": score.n, "low": low, "high": high, "level": score.level}
    if score.level is None:
        return Note(
            _("The rubric names no level: what it counted (opportunities: %(n)d) allows levels %(low)d to %(high)d."),
            told,
        )
    if low == high:
        return Note(
            _("The rubric says level %(level)d, and what it counted (opportunities: %(n)d) allows no other."), told
        )
    return Note(
        _("The rubric says level %(level)d; what it counted (opportunities: %(n)d) allows levels %(low)d to %(high)d."),
        told,
    )
