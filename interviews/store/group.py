"""Group commit: what many threads submit at once shares one transaction.

Owns who commits. Invariant: every submitted piece of work is settled exactly once, by the thread that leads its group,
and ``submit`` returns after that; there is at most one leader, so nothing else writes from this process. There is no
writer thread: whoever comes first leads all who wait. Leaves out what a commit is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar


class Work(Protocol):
    """What knows whether it was dealt with."""

    @property
    def settled(self) -> bool: ...

    def interrupted(self) -> None:
        """Settle it: whoever dealt with it was stopped, and what came of it is not known."""


W = TypeVar("W", bound=Work)


class Group(Generic[W]):
    """Hands groups of submitted work, in order of arrival, to ``commit``, which must settle each piece."""

    def __init__(self, commit: Callable[[list[W]], None]) -> None:
        self._commit = commit
        self._leading = threading.Lock()
        self._arriving = threading.Lock()
        self._waiting: list[W] = []

    @property
    def waiting(self) -> int:
        """How many pieces of work no leader has taken up yet."""
        return len(self._waiting)

    def submit(self, work: W) -> None:
        """Return once ``work`` is settled, by this thread or another."""
        with self._arriving:
            self._waiting.append(work)
        with self._leading:
            if work.settled:
                return
            with self._arriving:
                group, self._waiting = self._waiting, []
            try:
                self._commit(group)
            finally:
                for one in group:
                    if not one.settled:
                        one.interrupted()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every group waiting."""
        with self._leading:
            yield
