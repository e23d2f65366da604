"""Who may write an interview: the rules of its lease.

Owns what a lease is, when it changes hands and what a former owner may do (nothing). Invariant: the epoch grows with
every change of hands and never shrinks. No time is compared between processes, machines or restarts: a process takes a
lease over only after watching it go unrenewed for the whole term by its own monotonic clock, so that a clock stepped
in either direction changes nothing. Only of an owner that has certainly ended (``Ended``) it is taken at once. Leaves out
where leases are kept (``log``, ``store``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from interviews.errors import LeaseHeld, LeaseLost

Monotonic = Callable[[], float]
Ended = Callable[[str], bool]
"""Whether the owner of that name is known to be gone; false where nothing is known of it."""


@dataclass(frozen=True)
class Lease:
    """The right to write one interview, as its owner holds it."""

    interview: str
    owner: str
    epoch: int


@dataclass(frozen=True)
class Holding:
    """What a log keeps of an interview's lease. ``owner`` is null where nobody holds it; ``beat`` counts renewals.

    ``term_ms``: milliseconds without a renewal after which others may take it.
    """

    owner: str | None = None
    epoch: int = 0
    beat: int = 0
    term_ms: int = 0

    def taken(self, owner: str, term_s: float) -> Holding:
        """After a change of hands."""
        return Holding(owner, self.epoch + 1, 0, round(term_s * 1000))

    def renewed(self, lease: Lease) -> Holding:
        """After a renewal. Raises ``LeaseLost``."""
        self.require(lease)
        return replace(self, beat=self.beat + 1)

    def released(self, lease: Lease) -> Holding:
        """After the owner let go; unchanged where it is another's by now."""
        return replace(self, owner=None) if self._is(lease) else self

    def require(self, lease: Lease) -> None:
        """Raise ``LeaseLost`` unless ``lease`` is the one in force."""
        if not self._is(lease):
            raise LeaseLost(
                "Another process has taken over the interview %(id)s; nothing was recorded here", id=lease.interview
            )

    def _is(self, lease: Lease) -> bool:
        return (self.owner, self.epoch) == (lease.owner, lease.epoch)


class Watch:
    """What one process has seen of the leases that others hold. Not thread-safe: use it under the log's own lock."""

    def __init__(self, monotonic: Monotonic, ended: Ended) -> None:
        self._monotonic, self._ended = monotonic, ended
        self._seen: dict[str, tuple[Holding, float]] = {}

    def take(self, interview: str, holding: Holding, owner: str, term_s: float) -> Holding:
        """The holding with ``owner`` as its owner. Raises ``LeaseHeld`` while the lease may still be alive."""
        if holding.owner not in (None, owner) and not self._ended(str(holding.owner)):
            seen, since = self._seen.get(interview, (None, 0.0))
            now = self._monotonic()
            if seen != holding:
                self._seen[interview] = (holding, now)
                since = now
            if now - since < holding.term_ms / 1000:
                raise LeaseHeld(
                    "The interview %(id)s is led by another process, %(owner)s", id=interview, owner=holding.owner
                )
        self._seen.pop(interview, None)
        return holding.taken(owner, term_s)
