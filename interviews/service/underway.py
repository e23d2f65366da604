"""The replies of one interview that are under way, each in a thread with a scratch copy of its own.

Owns how they are ended and how they are left. Invariant: what is stopped ends at once, whatever it waits for; what is left is
another process's, but for what the candidate had stopped. Leaves out what is asked (``asking``) and recorded (``reply``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from interviews.service.background import begin
from interviews.service.interview import Interview
from interviews.service.workbench import Workbench

# How long a reply that is left may take to notice.
LEAVE_S = 2.0


class UnderWay:
    """All methods are thread-safe: each does one thing to a dictionary or a set. ``patient``: nobody waits for what they run."""

    def __init__(self, interview: Interview, *, patient: bool = False) -> None:
        self._interview, self._patient = interview, patient
        self._stopped: set[str] = set()
        self._left: set[str] = set()
        self._benches: dict[str, Workbench] = {}
        self._threads: dict[str, threading.Thread] = {}

    def bench(self, turn: str) -> Workbench:
        """The scratch copy of a reply; from now on it counts as under way."""
        made = self._benches[turn] = Workbench(self._interview, turn, patient=self._patient)
        return made

    def begin(self, turn: str, work: Callable[[], None]) -> None:
        """Do ``work``, the reply's course from its first piece to its end."""

        def run() -> None:
            try:
                work()
            finally:
                self.over(turn)

        self._threads[turn] = begin(f"reply-{turn}", run)

    def over(self, turn: str) -> None:
        """It has ended, or could not begin."""
        if (bench := self._benches.pop(turn, None)) is not None:
            bench.close()
        self._threads.pop(turn, None)

    def stop(self, turn: str) -> None:
        """End it: after the piece that is under way, or at once where the provider watches ``Ask.cancelled``.

        What runs in the scratch copy ends at once too; nobody waits for that.
        """
        self._stopped.add(turn)
        if (bench := self._benches.get(turn)) is not None:
            begin(f"stop-{turn}", bench.close)

    def stopped(self, turn: str) -> bool:
        """Whether it was stopped."""
        return turn in self._stopped

    def left(self, turn: str) -> bool:
        """Whether its end is left to another process."""
        return turn in self._left

    def __len__(self) -> int:
        """How many are."""
        return len(self._benches)

    def __contains__(self, turn: str) -> bool:
        """Whether it is under way, or not yet recorded to its end."""
        return turn in self._benches

    def close(self) -> None:
        """End all of them."""
        for turn in list(self._benches):
            self.stop(turn)

    def leave(self) -> None:
        """Break all of them off, for the process that leads the interview next; what the candidate has stopped ends here."""
        self._left |= self._benches.keys() - self._stopped
        self.close()
        for thread in list(self._threads.values()):
            thread.join(LEAVE_S)
