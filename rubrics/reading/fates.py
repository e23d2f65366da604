"""What became of accepted hunks: how many of their lines stand in the work that was handed in.

Owns the count. Invariant: pure; a hunk whose fate a gap in the log hides is absent. Leaves out following the lines
(``interviews.lineage``) and whether what became of them is good (``signals``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from interviews import events as e
from interviews.lineage import Lineage


@dataclass(frozen=True)
class Fate:
    """Of the ``lines`` that a hunk brought in, ``standing`` are there unchanged. ``changed``: it went in other than proposed."""

    suggestion: str
    hunk: str
    lines: int
    standing: int
    changed: bool


def fates(events: Iterable[e.Event]) -> list[Fate]:
    """Of every accepted hunk that brought lines in, in order of decision, as of the submission, or the end before there is one."""
    lineage = _followed(events, e.InterviewSubmitted)
    standing = {number for lines in lineage.standing().values() for number in lines.values()}
    return [
        Fate(one.suggestion, one.hunk, len(one.lines), sum(number in standing for number in one.lines), one.changed)
        for one in lineage.brought()
        if one.known and one.lines
    ]


def gone(events: Iterable[e.Event]) -> frozenset[tuple[str, str]]:
    """Proposal and hunk of the accepted ones of which surely nothing was left when open work ended."""
    return _followed(events, e.PhaseOffered, e.InterviewSubmitted).gone()


def _followed(events: Iterable[e.Event], *until: type[e.Payload]) -> Lineage:
    lineage = Lineage()
    for event in events:
        if isinstance(event.data, until):
            break
        lineage.take(event)
    return lineage
