"""The clock, held while the platform is at fault.

Owns who holds it and which time is given back. Invariant: it runs again only when the last holder lets go; all the time lost in the
phase, from the moment the trouble began, is given back, and none of it twice, however troubles overlap or follow each other.
Leaves out how much is left (``timeline``).
"""

from __future__ import annotations

from collections.abc import Iterable

from interviews import events as e
from interviews.log import Draft
from interviews.service.interview import Interview


def pause(interview: Interview, holder: str, reason: str, since_ms: int | None = None) -> None:
    """Hold the clock; ``since_ms`` is when the trouble began, if earlier than now."""
    with interview.lock:
        if interview.state.status != "running" or holder in interview.holders:
            return
        now = interview.now()
        if interview.state.paused_ms is None:
            interview.record(Draft("system", e.ClockPaused(reason=reason)))
        interview.holders[holder] = min(now, since_ms if since_ms is not None else now)


def resume(interview: Interview, holder: str) -> None:
    """Let go; the clock runs when nobody holds it any more."""
    with interview.lock:
        since = interview.holders.get(holder)
        if since is None:
            return
        others = {name: began for name, began in interview.holders.items() if name != holder}
        if others:
            first = min(others, key=lambda name: others[name])
            interview.holders = {**others, first: min(others[first], since)}
            return
        if interview.state.paused_ms is not None:
            state = interview.state
            until = state.phase_ended_ms or interview.now()
            lost = uncovered(max(since, state.phase_started_ms), until, interview.given_back)
            interview.record(Draft("system", e.ClockResumed(lost_ms=lost)))
            interview.given_back.append((since, until))
        interview.holders = {}


def uncovered(since_ms: int, until_ms: int, spans: Iterable[tuple[int, int]]) -> int:
    """How much of the time between the two lies in none of the spans, in ms; never negative."""
    left, at = 0, since_ms
    for start, end in sorted(spans):
        if end > at and start < until_ms:
            left += max(0, start - at)
            at = end
    return left + max(0, until_ms - at)
