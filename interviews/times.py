"""What time it is, told so that an interview's time only ever goes on.

Owns the two rules that keep it so. Invariant: while a process lives its clock goes on evenly, whatever is done to the machine's
time of day (``steady``); where that is behind what an interview has recorded already (a restart, another machine), the
interview's time goes on from there (``Onward``). Leaves out who asks. Why: ``docs/decisions/0007-time-only-goes-on.md``.
"""

from __future__ import annotations

import time
from collections.abc import Callable

Clock = Callable[[], int]
NS = 1_000_000


def steady(wall: Clock = time.time_ns, monotonic: Clock = time.monotonic_ns) -> Clock:
    """Unix ms: the time of day as it is now, and from there on by the monotonic clock alone. Both are given in ns."""
    ahead = wall() - monotonic()
    return lambda: (monotonic() + ahead) // NS


class Onward:
    """One interview's time, by a clock that may be behind it when it is first asked."""

    def __init__(self) -> None:
        self._ahead: int | None = None

    def at(self, clock_ms: int, last_ms: int) -> int:
        """Unix ms at ``clock_ms``, where the last recorded event bears ``last_ms``."""
        if self._ahead is None:
            self._ahead = max(0, last_ms - clock_ms)
        return max(clock_ms + self._ahead, last_ms)
