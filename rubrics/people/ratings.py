"""What people said of an interview, read from its log.

Owns ratings, overrides and signatures as a scorecard has them. Invariant: pure; nothing is replaced: every rating is told, the
latest of each rater counts (names that differ only in case are one), and a proposed level becomes final only by a person's
signature or override, given under this very rubric. Once a candidate took back what planted mistakes say, what people had said
before of a dimension that rests on them is left out. Leaves out who may say it and when (``interviews.service.rating``) and what
it shows of the rubric (``agreement``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from interviews import events as e

# By this name too: who reads ratings asks whose they are.
from interviews.raters import person as person
from rubrics import registry
from rubrics.base import DimensionScore, Final, LogView, RatedBy
from rubrics.rubric import Rubric


@dataclass(frozen=True)
class Signature:
    """Someone signed the scorecard, at event ``seq``. Not ``stands``: the record has changed since, or it was another rubric's."""

    rater: str
    seq: int
    head_hash: str
    stands: bool


@dataclass(frozen=True)
class Overridden:
    """Someone's level, or none, for a dimension, with their reason. ``counts``: no later one replaces it."""

    dimension: str
    level: int | None
    rater: str
    seq: int
    reason: str
    counts: bool


@dataclass(frozen=True)
class Judged:
    """All that people said of an interview, in order; ``explained`` are the answers they heard."""

    ratings: tuple[RatedBy, ...] = ()
    overridden: tuple[Overridden, ...] = ()
    signatures: tuple[Signature, ...] = ()
    explained: tuple[e.ExplanationRated, ...] = ()


def judged(log: LogView, rubric: Rubric) -> Judged:
    """What people said. Ratings by other rubrics are told too, overrides and signatures under another hash are not."""
    told = _behind_the_end(log.events)
    if not told:
        return Judged()
    back = max((event.seq for event in told if event.type == "consent.withdrawn"), default=0)
    gone = _resting_on_plants(log, rubric) if back else frozenset[str]()
    ratings, overridden, signatures, explained = (
        list[RatedBy](),
        list[Overridden](),
        list[Signature](),
        list[e.ExplanationRated](),
    )
    latest: dict[str, int] = {}
    moved = max((event.seq for event in told if event.type in e.MOVES_THE_SCORE), default=0)
    for event in told:
        early = event.seq < back
        match event.data:
            case e.RatingRecorded() as given:
                # Which dimensions of another rubric rested on planted mistakes, this one does not know.
                known = given.rubric_sha256 == rubric.sha256
                lost = () if not early else gone if known else {one.dimension for one in given.ratings}
                ratings.append(_rated(event.seq, given, lost))
            case e.ScoreOverridden() as given if given.rubric_sha256 == rubric.sha256:
                if not (early and given.dimension in gone):
                    latest[given.dimension] = event.seq
                    one = (given.dimension, given.level, given.rater, event.seq, given.reason)
                    overridden.append(Overridden(*one, counts=True))
            case e.ScoreSigned() as given if given.rubric_sha256 == rubric.sha256:
                signatures.append(Signature(given.rater, event.seq, given.head_hash, stands=event.seq > moved))
            case e.ExplanationRated() as given:
                explained.append(given)
            case _:
                pass
    return Judged(
        tuple(ratings),
        tuple(
            one if latest[one.dimension] == one.seq else Overridden(**{**vars(one), "counts": False})
            for one in overridden
        ),
        tuple(signatures),
        tuple(explained),
    )


def final(said: Judged, dimensions: Iterable[DimensionScore]) -> tuple[Final, ...]:
    """What is final of each dimension: the override that counts, else the proposal where a signature stands."""
    signature = next((one for one in reversed(said.signatures) if one.stands), None)
    out = []
    for dimension in dimensions:
        one = next((one for one in said.overridden if one.counts and one.dimension == dimension.id), None)
        if one is not None:
            told = Final(
                dimension=one.dimension,
                level=one.level,
                by="overridden",
                rater=one.rater,
                seq=one.seq,
                reason=one.reason,
            )
            out.append(told)
        elif signature is not None:
            out.append(
                Final(
                    dimension=dimension.id, level=dimension.level, by="signed", rater=signature.rater, seq=signature.seq
                )
            )
    return tuple(out)


def counting(ratings: Sequence[RatedBy]) -> list[RatedBy]:
    """The latest rating of each rater, in the order in which they first rated."""
    # A name that is there again keeps its place.
    return list({person(one.rater): one for one in ratings}.values())


def _behind_the_end(events: Sequence[e.Event]) -> list[e.Event]:
    """What came after the submission, in order: nothing is judged before it. A log may be long, its end is short."""
    out: list[e.Event] = []
    for event in reversed(events):
        if event.type == "interview.submitted":
            return out[::-1]
        out.append(event)
    return []


def _rated(seq: int, given: e.RatingRecorded, gone: Collection[str]) -> RatedBy:
    kept = [one for one in given.ratings if one.dimension not in gone]
    return RatedBy(
        rater=given.rater, seq=seq, blind=given.blind, rubric_sha256=given.rubric_sha256,
        levels={one.dimension: one.level for one in kept}, reasons={one.dimension: one.reason for one in kept},
    )  # fmt: skip


def _resting_on_plants(log: LogView, rubric: Rubric) -> frozenset[str]:
    """Ids of the dimensions of which an indicator tells what became of planted mistakes."""
    return frozenset(
        dimension.id
        for dimension in rubric.dimensions
        if any(registry.signal(indicator.signal).read(log.bare).planted for indicator in dimension.indicators)
    )
