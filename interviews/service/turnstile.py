"""One after another, for work that begins in one instant.

Owns when each may begin. Invariant: beginnings are ``apart_s`` seconds apart at least, and who comes alone does not wait. Leaves
out how many may be at work (``workbench.SEATS``).
"""

from __future__ import annotations

import threading
import time


class Turnstile:
    """Lets threads through, in the order in which they come."""

    def __init__(self, apart_s: float) -> None:
        self._apart_s, self._lock, self._free_at = apart_s, threading.Lock(), 0.0

    def wait(self) -> None:
        """Return when it is one's turn."""
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._free_at)
            self._free_at = turn + self._apart_s
        time.sleep(turn - now)
