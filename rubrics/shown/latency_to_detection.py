"""Latency to detection: how long a planted mistake had been on the screen when it was named.

Owns the middle time, shown and never scored: who reads slowly reads well too. Invariant: pauses of the clock are taken out; a
mistake that was repaired without a word has no moment and is left out; nothing where planted mistakes may not be told of.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from statistics import median_low

from rubrics import registry
from rubrics.base import Detection, Fact, LogView
from rubrics.base import translatable as _

_NONE = _("No change of known quality was named as flawed.")


class LatencyToDetection:
    """Evidence: the showing and what named the fault."""

    title = _("Time until a flaw was named")

    def read(self, log: LogView) -> Fact:
        """The lower median in seconds."""
        reading = registry.signal("defect_detection").read(log) if log.plants else None
        if not isinstance(reading, Detection):
            return Fact(None, "", (), _NONE)
        shown_at = {
            one.decision.seq: one.seq
            for one in log.verdicts.hunks
            if one.decision and not one.decision.accepted and one.seq
        }
        shown_at |= {
            one.judged.seq: one.seq for one in log.facts.reviewed if one.judged and one.judged.doubts and one.seq
        }
        found = [
            (seq, shown_at[seq])
            for one in reading.defective
            if one.hit and one.known
            for seq in one.evidence
            if seq in shown_at
        ]
        times = [took for named, first in found if (took := _took(log, first, named)) is not None]
        if not times:
            return Fact(None, "", (), _NONE)
        return Fact(
            Decimal(median_low(times)) / 1000, _("seconds"), tuple(sorted({seq for pair in found for seq in pair})),
            _("Half of the %(n)d flaws that were named had been shown for at most %(value)s seconds."), {"n": len(times)},
        )  # fmt: skip


def _took(log: LogView, first: int, named: int) -> int | None:
    began, ended = _at(log, first), _at(log, named)
    if began is None or ended is None:
        return None
    stood = sum(lost for at, lost in log.facts.pauses if began < at <= ended)
    return max(0, ended - began - stood)


def _at(log: LogView, seq: int) -> int | None:
    at = bisect_left(log.events, seq, key=lambda event: event.seq)
    return log.events[at].at_ms if at < len(log.events) and log.events[at].seq == seq else None


shown = LatencyToDetection()
