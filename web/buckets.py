"""How much the pages of one person's role may ask of the server, so that it answers others too.

Owns the token buckets. Invariant: whoever types, pastes and holds keys down never meets the end of one; whoever floods is first
told to wait (``Busy``), and, going on, reaches its floor and is cut off. A bucket belongs to a role in an interview: connecting
anew does not fill it, many connections share it. Leaves out what is done about either (``sockets``, ``lines``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from interviews.errors import PairsightError

BURST = 1000.0
PER_S = 200.0
FLOOR = -1000.0
# Characters of a message that cost as much as a small message.
SIZE = 4096
# What an act costs beside the message that asks for it; others cost nothing more.
COSTS = {
    "hello": 20.0,
    "create": 4.0,
    "delete": 4.0,
    "run": 20.0,
    "ask": 20.0,
    "ticket.open": 20.0,
    "ticket.revise": 20.0,
    "comment": 4.0,
    "judge": 4.0,
    "term.open": 20.0,
    "next_phase": 20.0,
    "submit": 20.0,
    "redact": 50.0,
    "redact.find": 50.0,
}
KEPT = 1000


class Busy(PairsightError):
    """More was asked than one page may ask at a time; what was sent is to be kept and sent again a little later."""

    status = 429


class Bucket:
    """Tokens, at most ``BURST``, ``PER_S`` more each second. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._at, self._tokens = monotonic(), BURST
        self._lock = threading.Lock()

    def _fill(self) -> None:
        now = self._monotonic()
        self._at, self._tokens = now, min(BURST, self._tokens + (now - self._at) * PER_S)

    @property
    def full(self) -> bool:
        """Whether nothing has been asked for a while."""
        with self._lock:
            self._fill()
            return self._tokens >= BURST

    def charge(self, cost: float) -> bool:
        """Take what a message has cost already; false where the floor was reached."""
        with self._lock:
            self._fill()
            self._tokens = max(FLOOR, self._tokens - cost)
            return self._tokens > FLOOR

    def spend(self, cost: float) -> None:
        """Take what an act will cost. Raises ``Busy`` where the bucket is empty."""
        with self._lock:
            self._fill()
            if self._tokens < cost:
                raise Busy("You are sending faster than this server can take. Nothing is lost: it goes on in a moment.")
            self._tokens -= cost


class Buckets:
    """Every bucket by the role and interview it belongs to. Thread-safe."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._lock = threading.Lock()

    def of(self, interview: str, role: str) -> Bucket:
        """The bucket of that role."""
        with self._lock:
            if len(self._buckets) > KEPT:
                self._buckets = {whose: bucket for whose, bucket in self._buckets.items() if not bucket.full}
            return self._buckets.setdefault((interview, role), Bucket(self._monotonic))
