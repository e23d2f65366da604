"""Who gets a sandbox, and when: a backend behind a waiting line, with some sandboxes started ahead.

Owns how many run, who waits in which order, and those kept warm. Invariant: an interview that is under way never waits for
another's place; candidates go before scratch copies and graders, which always have places that no candidate takes; a warm
one takes nobody's place. A sandbox counts for as long as it is alive. Leaves out how one is started (the backend).
"""

from __future__ import annotations

import bisect
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum

from interviews.errors import N_, PairsightError, PlatformFailure
from sandbox.base import Backend, Probe, Sandbox, SandboxSpec

WARM = "warm"
# A container's life is bounded: an interview must not be given one that has spent much of it.
WARM_SECONDS = 1800.0
# How soon an ended sandbox is noticed by those who wait for its place.
POLL_SECONDS = 0.1
# Starts at a time. More of them take each other's processor and finish no sooner.
AT_ONCE = 4
logger = logging.getLogger("pairsight")


class Closed(PlatformFailure):
    """The server is being stopped: whoever waited is to wait again when it is back."""


class Turn(IntEnum):
    """Who goes first. An interview under way is neither counted out nor refused: its clock stands until it has one.

    ``BESIDE`` is the second sandbox of somebody who has a place already, and no interview.
    """

    UNDER_WAY = 0
    BESIDE = 1
    CANDIDATE = 2
    LATER = 3
    AHEAD = 4


@dataclass(frozen=True)
class Load:
    """What the pool holds now, in sandboxes and people."""

    running: int
    starting: int
    waiting: int
    warm: int


Ticket = tuple[Turn, int]


class Pool:
    """A ``Backend`` over a backend. ``most`` interviews at a time and ``queue`` waiting; ``warm`` are kept ready."""

    def __init__(
        self, backend: Backend, *, warm: int = 0, most: int = 50, queue: int = 200, at_once: int = AT_ONCE
    ) -> None:
        self.name = backend.name
        self._backend = backend
        self._most, self._queue, self._at_once, self._keep = most, queue, at_once, warm
        self._changed = threading.Condition()
        self._tickets = 0
        self._places: list[Ticket] = []
        self._starts: list[Ticket] = []
        self._running: list[tuple[Turn, Sandbox]] = []
        self._coming: list[Turn] = []
        self._starting = 0
        self._warm: list[tuple[float, Sandbox]] = []
        self._warming = 0
        self._closed = False
        self.renew()

    # --- the port ---

    def probe(self) -> Probe:
        return self._backend.probe()

    def start(
        self, spec: SandboxSpec, *, turn: Turn = Turn.LATER, on_waiting: Callable[[int], None] | None = None
    ) -> Sandbox:
        """As ``Backend.start``, once there is room. ``on_waiting`` hears how many are ahead, each time that changes.

        What it raises ends the wait. A candidate for whom the line is too long is refused with a ``PlatformFailure``.
        """
        self._take_place(turn, on_waiting)
        sandbox: Sandbox | None = None
        try:
            # What is warm was made for people.
            sandbox = self._take_warm() if spec == SandboxSpec(spec.interview) else None
            if sandbox is None:
                with self._slot(turn):
                    sandbox = self._backend.start(spec)
        finally:
            with self._changed:
                self._coming.remove(turn)
                if sandbox is not None:
                    self._running.append((turn, sandbox))
                self._changed.notify_all()
            self.renew()
        return sandbox

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """As ``Backend.adopt``; it never waits for a place, because it has one."""
        with self._slot(Turn.UNDER_WAY):
            sandbox = self._backend.adopt(spec, place)
        if sandbox is not None:
            with self._changed:
                self._running.append((Turn.UNDER_WAY, sandbox))
        return sandbox

    def reap(self, wanted: Collection[str]) -> list[str]:
        """As ``Backend.reap``; what this pool knows of is wanted too."""
        with self._changed:
            known = [sandbox.place for _, sandbox in (*self._running, *self._warm)]
        return self._backend.reap({*wanted, *filter(None, known)})

    # --- what is kept ahead ---

    @property
    def warm(self) -> int:
        """How many stand ready."""
        with self._changed:
            return len(self._warm)

    def load(self) -> Load:
        """What it holds now."""
        with self._changed:
            return Load(len(self._alive()), len(self._coming), len(self._places), len(self._warm))

    def renew(self) -> None:
        """Bring the warm ones to their number: end what is dead, too old or in the way, start what is lacking.

        The work is done in the background; a start that fails is tried again at the next call.
        """
        with self._changed:
            oldest = time.monotonic() - WARM_SECONDS
            kept = [(born, one) for born, one in self._warm if one.alive and born > oldest]
            kept = [] if self._closed else kept[: max(0, min(self._keep, self._room()))]
            ended = [one for _, one in self._warm if all(one is not other for _, other in kept)]
            self._warm = kept
            lacking = min(self._keep, self._room()) - len(kept) - self._warming
            lacking = 0 if self._closed else max(0, lacking)
            self._warming += lacking
        for sandbox in ended:
            threading.Thread(target=sandbox.stop, name="warm-end", daemon=True).start()
        for _ in range(lacking):
            threading.Thread(target=self._warm_one, name="warm-start", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more, and end the warm ones; the others belong to whoever started them."""
        with self._changed:
            self._closed = True
            warm, self._warm = self._warm, []
            self._changed.notify_all()
        for _, sandbox in warm:
            sandbox.stop()

    def _warm_one(self) -> None:
        sandbox: Sandbox | None = None
        try:
            with self._slot(Turn.AHEAD):
                sandbox = self._backend.start(SandboxSpec(WARM))
        except PairsightError as error:
            logger.warning("no sandbox could be started ahead: %s", error)
        finally:
            with self._changed:
                self._warming -= 1
                late = self._closed
                if sandbox is not None and not late:
                    self._warm.append((time.monotonic(), sandbox))
        if sandbox is not None:
            sandbox.stop() if late else sandbox.on_lost(lambda _reason: self.renew())

    def _take_warm(self) -> Sandbox | None:
        with self._changed:
            while self._warm:
                born, sandbox = self._warm.pop(0)
                if sandbox.alive and born > time.monotonic() - WARM_SECONDS:
                    return sandbox
                threading.Thread(target=sandbox.stop, name="warm-end", daemon=True).start()
        return None

    # --- lines ---

    def _alive(self) -> list[Turn]:
        self._running = [(turn, sandbox) for turn, sandbox in self._running if sandbox.alive]
        return [turn for turn, _ in self._running]

    @property
    def _spare(self) -> int:
        """Places beyond the candidates', so that a candidate's scratch copy never waits for a candidate to finish."""
        return max(1, self._most // 8)

    def _room(self) -> int:
        """Places that nobody has."""
        return self._most + self._spare - len(self._alive()) - len(self._coming)

    def _has_place(self, turn: Turn) -> bool:
        if turn in (Turn.UNDER_WAY, Turn.BESIDE):
            return True
        here = (*self._alive(), *self._coming)
        if turn == Turn.LATER:
            return here.count(Turn.LATER) < self._spare
        return here.count(Turn.UNDER_WAY) + here.count(Turn.CANDIDATE) < self._most

    def _take_place(self, turn: Turn, on_waiting: Callable[[int], None] | None) -> None:
        with self._changed:
            waiting = sum(one == Turn.CANDIDATE for one, _ in self._places)
            if turn == Turn.CANDIDATE and waiting >= self._queue and (waiting or not self._has_place(turn)):
                raise PlatformFailure(
                    "All %(most)d places are taken and %(queue)d people are waiting already. Nothing is lost and no time "
                    "of yours has passed: please try again in a few minutes.",
                    most=self._most, queue=self._queue,
                )  # fmt: skip
            ticket = self._stand(self._places, turn)
        self._wait(self._places, ticket, self._has_place, lambda: self._coming.append(turn), on_waiting)

    @contextlib.contextmanager
    def _slot(self, turn: Turn) -> Iterator[None]:
        """One of the few starts at a time."""

        def take() -> None:
            self._starting += 1

        with self._changed:
            ticket = self._stand(self._starts, turn)
        self._wait(self._starts, ticket, lambda _turn: self._starting < self._at_once, take)
        try:
            yield
        finally:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()

    def _stand(self, line: list[Ticket], turn: Turn) -> Ticket:
        self._tickets += 1
        ticket = (turn, self._tickets)
        bisect.insort(line, ticket)
        return ticket

    def _wait(
        self,
        line: list[Ticket],
        ticket: Ticket,
        may: Callable[[Turn], bool],
        take: Callable[[], None],
        on_waiting: Callable[[int], None] | None = None,
    ) -> None:
        """Until this is the first in line that may go; then ``take``. Raises ``Closed``."""
        told: int | None = None
        try:
            while True:
                with self._changed:
                    if self._closed:
                        raise Closed(N_("The server is being stopped; please try again in a moment."))
                    if next((one for one in line if may(one[0])), None) == ticket:
                        return take()
                    ahead = line.index(ticket)
                    if on_waiting is None or ahead == told:
                        self._changed.wait(POLL_SECONDS)
                        continue
                # Not under the lock: it may take its time.
                told = ahead
                on_waiting(ahead)
        finally:
            with self._changed:
                line.remove(ticket)
                self._changed.notify_all()
