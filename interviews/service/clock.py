"""The clock, held while the platform is at fault.

Owns who holds it. Invariant: it runs again only when the last holder lets go, and all the time lost, from the moment
the trouble began, is given back. Leaves out how much is left (``timeline``).
"""

from __future__ import annotations

from interviews import events as e
from interviews.log import Draft
from interviews.service.interview import Interview


def pause(interview: Interview, holder: str, reason: str, since_ms: int | None = None) -> None:
    """Hold the clock; ``since_ms`` is when the trouble began, if earlier than now."""
    with interview.lock:
        if interview.state.status != "running" or holder in interview.holders:
            return
        now = interview.now()
        interview.holders[holder] = min(now, since_ms if since_ms is not None else now)
        if interview.state.paused_ms is None:
            interview.record(Draft("system", e.ClockPaused(reason=reason)))


def resume(interview: Interview, holder: str) -> None:
    """Let go; the clock runs when nobody holds it any more."""
    with interview.lock:
        since = interview.holders.pop(holder, None)
        if since is None:
            return
        if interview.holders:
            first = min(interview.holders, key=lambda name: interview.holders[name])
            interview.holders[first] = min(interview.holders[first], since)
        elif interview.state.paused_ms is not None:
            interview.record(Draft("system", e.ClockResumed(lost_ms=max(0, interview.now() - since))))
