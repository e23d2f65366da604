"""Group commit: what many threads submit at once shares one transaction.

Owns who commits. Invariant: every submitted piece of work is settled exactly once, by the thread that leads its group,
and ``submit`` returns after that; there is at most one leader, so nothing else writes from this process. There is no
writer thread: whoever comes first leads all who wait, and calls who leads next before anyone whose work is done, so that many
threads that wake up hold up no commit. Leaves out what a commit is.
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


class _Place(Generic[W]):
    """A thread's place in the line: it is called when its work was settled, or when it is its turn to lead."""

    def __init__(self, work: W) -> None:
        self.work = work
        self._called = threading.Lock()
        self._called.acquire()

    def call(self) -> None:
        self._called.release()

    def wait(self) -> None:
        self._called.acquire()


class Group(Generic[W]):
    """Hands groups of submitted work, in order of arrival, to ``commit``, which must settle each piece."""

    def __init__(self, commit: Callable[[list[W]], None]) -> None:
        self._commit = commit
        self._leading = threading.Lock()
        self._arriving = threading.Lock()
        self._waiting: list[_Place[W]] = []
        self._led = False

    @property
    def waiting(self) -> int:
        """How many pieces of work no leader has taken up yet."""
        return len(self._waiting)

    def submit(self, work: W) -> None:
        """Return once ``work`` is settled, by this thread or another."""
        place = _Place(work)
        with self._arriving:
            self._waiting.append(place)
            follows, self._led = self._led, True
        if follows:
            place.wait()
            if work.settled:
                return
        group: list[_Place[W]] = []
        try:
            with self._leading:
                with self._arriving:
                    group, self._waiting = self._waiting, []
                try:
                    self._commit([one.work for one in group])
                finally:
                    for one in group:
                        if not one.work.settled:
                            one.work.interrupted()
        finally:
            self._hand_on(place, group)

    def _hand_on(self, leader: _Place[W], group: list[_Place[W]]) -> None:
        """Call whoever leads next, and then those whose work is done: the next commit waits for none of them."""
        with self._arriving:
            following = [one for one in self._waiting if one is not leader][:1]
            self._led = bool(following)
        for one in (*following, *group):
            if one is not leader:
                one.call()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every group waiting."""
        with self._leading:
            yield
