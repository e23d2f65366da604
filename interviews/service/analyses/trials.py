"""Mutants tried against the candidate's own tests, side by side, and alone where the clock is in doubt.

Owns whether a mutant is killed. Invariant: tests that fail kill one only where they passed on the program as submitted in the
same sandbox, before and after, for tests that fail now and then notice nothing; taking too long kills a mutant only where the
program as submitted was timed before and after in the same sandbox and took a small part of the limit both times; on a machine that
is busy with something else it is tried once more by itself, and counts as not observed where that tells nothing either. Leaves
out which mutants there are (``mutants``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.service.analyses.asking import Ran, lay_out, run_tests
from sandbox.base import Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn

LEAST_S, LONGEST_S = 3.0, 20.0
# How many times as long as the program as submitted a mutant may take, and how many times at least where that kills it.
TIMES, MANY = 8, 5
BUDGET_S, ALONE_S = 60.0, 30.0
AT_ONCE = 2
MAX_LOSSES = 2
QUIET = ("-q", "-x", "--tb=no", "-p", "no:cacheprovider")
Verdict = bool | None
One = tuple[int, e.Json]


@dataclass
class _Place:
    """A sandbox; ``unchanged_s`` is what the program as submitted took there last, None where its tests did not pass in time.

    ``failed`` are the mutants whose tests failed there.
    """

    sandbox: Sandbox
    unchanged_s: float | None
    failed: list[int] = field(default_factory=list)


class Trial:
    """Tries mutants of ``files``, each in a process of its own, against the tests named in ``own``."""

    def __init__(self, pool: Pool, name: str, files: Mapping[str, str], own: Sequence[str]) -> None:
        self._pool, self._name, self._files, self._own = pool, name, files, list(own)
        self._lock = threading.Lock()
        self._waiting: list[One] = []
        self._deadline = 0.0
        self._done: dict[int, tuple[e.Json, Verdict]] = {}

    def run(self, mutants: Sequence[e.Json]) -> list[tuple[e.Json, Verdict]]:
        """Each mutant that there was time for, in order, and whether it was killed; None: not observed.

        Raises ``PlatformFailure`` where no sandbox can be had.
        """
        self._begin(list(enumerate(mutants)), BUDGET_S)
        with ThreadPoolExecutor(AT_ONCE) as workers:
            for worker in [workers.submit(self._work) for _ in range(min(AT_ONCE, len(mutants)))]:
                worker.result()
        doubtful = [(at, mutant) for at, (mutant, killed) in sorted(self._done.items()) if killed is None]
        self._begin(doubtful, ALONE_S)
        self._work()
        return [self._done[at] for at in sorted(self._done)]

    def _begin(self, waiting: list[One], seconds: float) -> None:
        self._waiting, self._deadline = waiting[::-1], time.monotonic() + seconds

    def _next(self) -> One | None:
        with self._lock:
            if not self._waiting or time.monotonic() >= self._deadline:
                return None
            return self._waiting.pop()

    def _work(self) -> None:
        place: _Place | None = None
        try:
            while (one := self._next()) is not None:
                (at, mutant), losses = one, 0
                while True:
                    try:
                        place = place or self._started()
                        killed = self._killed(place, at, mutant)
                        break
                    except PlatformFailure:
                        if place is None:
                            raise
                        # The mutated program may have ended it; the same one gets a second chance.
                        losses, lost, place = losses + 1, place, None
                        lost.sandbox.stop()
                        if losses == MAX_LOSSES:
                            killed = True
                            break
                self._done[at] = mutant, killed
            if place is not None and place.failed:
                self._confirm(place)
        finally:
            if place is not None:
                place.sandbox.stop()

    def _started(self) -> _Place:
        sandbox = self._pool.start(SandboxSpec(interview=f"{self._name}-mutants"), turn=Turn.BESIDE)
        try:
            return _Place(sandbox, self._unchanged_s(sandbox))
        except PlatformFailure:
            sandbox.stop()
            raise

    def _confirm(self, place: _Place) -> None:
        """Take back what failing tests killed where they fail on the program as submitted too."""
        try:
            passes = self._unchanged_s(place.sandbox) is not None
        except PlatformFailure:
            passes = False
        for at in [] if passes else place.failed:
            self._done[at] = self._done[at][0], None

    def _killed(self, place: _Place, at: int, mutant: e.Json) -> Verdict:
        before = place.unchanged_s
        limit_s = LONGEST_S if before is None else min(LONGEST_S, max(LEAST_S, TIMES * before))
        lay_out(place.sandbox, {**self._files, mutant["path"]: mutant["text"]})
        told = run_tests(place.sandbox, [*QUIET, *self._own], (), limit_s)
        if not told.late:
            if self._pass(told.ran):
                return False
            place.failed.append(at)
            return None if before is None else True
        after = place.unchanged_s = self._unchanged_s(place.sandbox)
        if before is None or after is None or limit_s < MANY * max(before, after):
            return None
        return True

    def _unchanged_s(self, sandbox: Sandbox) -> float | None:
        lay_out(sandbox, self._files)
        told = run_tests(sandbox, [*QUIET, *self._own], (), LONGEST_S)
        return told.seconds if self._pass(told.ran) else None

    def _pass(self, ran: Ran | None) -> bool:
        return passed(self._own, ran) == self._own


def passed(own: Sequence[str], ran: Ran | None) -> list[str]:
    """Those that passed, and all cases of which did where one test has several."""
    outcomes = {} if ran is None else ran.outcomes
    found = []
    for test in own:
        cases = [said for name, said in outcomes.items() if name == test or name.startswith(f"{test}[")]
        if cases and all(one == "passed" for one in cases):
            found.append(test)
    return found
