"""The interview's clock, computed from its state.

Owns how much working time of the phase is left, and which states an interview is under way in. Invariant: time while the clock is
paused, or before the phase began, never counts; pure, ``now_ms`` is passed in. Leaves out what follows (``service.phases``).
"""

from __future__ import annotations

from interviews.state import State, Status

# It has a sandbox, whose files and terminals are followed, and a server that is started again leads it on.
UNDER_WAY: tuple[Status, ...] = ("running", "grace", "between")


def elapsed_ms(state: State, now_ms: int) -> int:
    """Working time spent in the current phase, in milliseconds."""
    if not state.phase_started_ms:
        return 0
    end = state.phase_ended_ms or now_ms
    if state.paused_ms is not None:
        end = min(end, state.paused_ms)
    return max(0, end - state.phase_started_ms - state.lost_ms)


def remaining_ms(state: State, now_ms: int) -> int:
    """Working time left in the current phase, in milliseconds, never negative."""
    return max(0, state.phase_duration_ms - elapsed_ms(state, now_ms))
