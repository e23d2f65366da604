"""The interviews of this process: those that it leads.

Owns opening them from the log, the ticking of their clocks and the upkeep of sandboxes. Invariant: an interview is open here
only under its lease, one ``Room`` each, recovered before anybody sees it; one that another process has taken over is let
go of. Leaves out who may reach them (``web.auth``) and the rules of leases (``interviews.leases``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from interviews import events as e
from interviews import exercises
from interviews.errors import LeaseHeld, PairsightError
from interviews.leases import Lease
from interviews.log import EventLog
from interviews.service.background import begin
from interviews.service.interview import Interview, Tools
from interviews.service.room import Room
from interviews.service.terms import require_possible
from sandbox.pool import Pool

TICK_S = 0.5
UPKEEP_S = 60.0
# What was over for longer and has no score is an older record's; whoever opens it has it analysed.
ANALYSED_WITHIN_MS = 86_400_000
# What is left behind at the end is left by so many at a time.
LEAVERS = 8
# Who waits lets those who seek their sandbox go first for so long: one whose workspace cannot be had holds up nobody for ever.
SEEK_S = 30.0
# A lease is renewed so many times a term: a renewal may be late, or fail, before another process takes over.
BEATS = 4
logger = logging.getLogger("pairsight")


class Interviews:
    """Every interview by id; ``start`` recovers and ticks until ``close``.

    ``owner`` names this process as no other is named; ``term_s`` is how long its leases last without a renewal.
    """

    def __init__(self, log: EventLog, tools: Tools, owner: str = "here", term_s: float = 6.0) -> None:
        self.log, self.tools = log, tools
        self._owner, self._term_s = owner, term_s
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._lining = threading.Lock()
        self._closed = threading.Event()
        self._pool: Pool | None = None
        self.on_moved: Callable[[Room], None] = lambda room: None
        """Called when an interview is led elsewhere from now on, or nowhere: whoever is connected here must ask again."""
        self.on_tick: Callable[[], None] = lambda: None
        """Called after each tick of the clocks, that is every half second where they are on time."""

    @property
    def rooms(self) -> list[Room]:
        """What is open here."""
        return list(self._rooms.values())

    @property
    def pool(self) -> Pool | None:
        """Where the sandboxes come from; none until it has been chosen."""
        return self._pool

    @property
    def stopping(self) -> bool:
        """Whether this process lets go of what it leads."""
        return self._closed.is_set()

    def create(self, exercise: str, candidate: str, settings: e.InterviewSettings, seed: int) -> str:
        """A new interview; returns its id. Raises ``NotFound`` for an unknown exercise, ``BadInput`` as ``require_possible``."""
        loaded = exercises.load(exercise)
        require_possible(settings, self.tools.provider(settings.provider), self.tools.cost)
        header = e.Header(
            id=self.tools.new_id(),
            created_at_ms=self.tools.clock(),
            candidate=candidate,
            exercise=loaded.pin(seed),
            # Every setting by name: a default that changes later must not change what was chosen.
            settings=e.InterviewSettings(**settings.model_dump()),
        )
        self.log.create(header)
        return header.id

    def get(self, interview: str) -> Room:
        """The room of that interview, opened and recovered where it was not.

        Raises ``LeaseHeld`` where another process leads it, ``NotFound`` for an unknown one or for an exercise that is gone.
        """
        room = self._rooms.get(interview)
        if room is not None:
            return room
        with self._lock:
            opening = self._opening.setdefault(interview, threading.Lock())
        with opening:
            if (room := self._rooms.get(interview)) is None:
                room = self._open(interview)
                if _waits(room):
                    # Asked for before its turn to be opened: those who work come first all the same.
                    begin("line", self._take_up)
            return room

    def _open(self, interview: str) -> Room:
        header = self.log.header(interview)
        if self._closed.is_set():
            raise LeaseHeld("This server is stopping; the interview %(id)s goes on with another", id=interview)
        lease = self.log.acquire(interview, self._owner, self._term_s)
        try:
            exercise = exercises.load(header.exercise.id)
            room = Room(Interview(self.log, header, exercise, self.tools, lease))
            room.interview.on_lost = lambda: self._move_soon(room)
            # Before any clock ticks, and anybody is let in: the time nobody led it is not the candidate's.
            room.recover()
        except BaseException:
            self.log.release(lease)
            raise
        with self._lock:
            self._rooms[interview] = room
        return room

    def start(self) -> None:
        """Recover what is under way and tick, in the background."""
        self._take_up()
        begin("clock", self._tick)
        begin("upkeep", self._keep_up)
        begin("lead", self._lead)

    def _take_up(self) -> None:
        """Open what is under way, or over and not scored yet, and nobody leads; have those who wait line up."""
        late = self.log.unscored(self.tools.clock() - ANALYSED_WITHIN_MS)
        for interview in (*self.log.under_way(), *late):
            if interview in self._rooms or self._closed.is_set():
                continue
            with self._lock:
                opening = self._opening.setdefault(interview, threading.Lock())
            try:
                with opening:
                    if interview not in self._rooms:
                        self._open(interview)
            except LeaseHeld:
                # Asked again at each beat: only so is it noticed when its owner has ended.
                continue
            except PairsightError as error:
                logger.warning("an interview cannot be opened: %s", error, extra={"interview": interview})
            except Exception:
                logger.exception("an interview cannot be opened", extra={"interview": interview})
        if any(map(_waits, self.rooms)):
            begin("line", self._line_up)

    def _line_up(self) -> None:
        """Those who wait, in their old order, behind all who seek the sandbox they work in; not behind one that cannot be had."""
        if not self._lining.acquire(blocking=False):
            return
        try:
            until = time.monotonic() + SEEK_S
            for room in self.rooms:
                if room.seeker is not None:
                    room.seeker.join(max(0.0, until - time.monotonic()))
            for room in sorted(filter(_waits, self.rooms), key=_ahead):
                if not self._closed.is_set():
                    room.wait_again()
        finally:
            self._lining.release()

    def _tick(self) -> None:
        while not self._closed.wait(TICK_S):
            for room in list(self._rooms.values()):
                try:
                    room.tick()
                except Exception:
                    # One interview's trouble must not stop the clocks of all others.
                    logger.exception("a clock", extra={"interview": room.interview.id})
            self.on_tick()

    def _lead(self) -> None:
        """Renew our leases; let go of what was taken over, and take up what another left."""
        while not self._closed.wait(self._term_s / BEATS):
            try:
                self._renew()
                self._take_up()
            except PairsightError as error:
                logger.warning("leases could not be renewed: %s", error)
            except Exception:
                logger.exception("leases")

    def _renew(self) -> None:
        held = {room.interview.lease: room for room in list(self._rooms.values())}
        leases = [lease for lease in held if lease is not None]
        for lost in self.log.renew(leases) if leases else ():
            self._move(held[lost])

    def _move_soon(self, room: Room) -> None:
        begin(f"move-{room.interview.id}", lambda: self._move(room))

    def _move(self, room: Room) -> None:
        """Another process leads it: leave the sandbox for it, tell whoever is connected here."""
        with self._lock:
            if self._rooms.get(room.interview.id) is not room:
                return
            del self._rooms[room.interview.id]
        logger.warning("an interview is led by another process now", extra={"interview": room.interview.id})
        self.on_moved(room)
        room.leave()

    def _keep_up(self) -> None:
        """Start sandboxes ahead; remove what dead servers left, but for what an interview under way works in."""
        while True:
            try:
                pool = self._pool = self.tools.backend()
                pool.renew()
                removed = pool.reap(
                    [room.workspace.place for room in list(self._rooms.values()) if room.workspace.place]
                )
                if removed:
                    logger.info("removed what was left behind: %s", ", ".join(removed))
            except PairsightError as error:
                logger.warning("no upkeep of sandboxes: %s", error)
            except Exception:
                logger.exception("upkeep of sandboxes")
            if self._closed.wait(UPKEEP_S):
                return

    def close(self) -> None:
        """Let go of every interview and its sandbox: the next process leads them, and adopts the sandboxes where that can be."""
        self._closed.set()
        if self._pool is not None:
            self._pool.close()
        with ThreadPoolExecutor(LEAVERS) as leavers:
            for left in [leavers.submit(self._leave, room) for room in list(self._rooms.values())]:
                left.exception()

    def _leave(self, room: Room) -> None:
        try:
            room.leave()
        finally:
            lease: Lease | None = room.interview.lease
            if lease is not None:
                with contextlib.suppress(PairsightError):
                    self.log.release(lease)


def _waits(room: Room) -> bool:
    """Whether its candidate stood in line when the last server stopped, or had not come in yet, and does not stand in it again."""
    state = room.interview.state
    waited = state.status == "ready" and not state.sandbox_lost and (state.queued is not None or bool(state.sandbox))
    return waited and not room.preparing and not room.ready


def _ahead(room: Room) -> int:
    """How many were ahead of it; fewer than any where its sandbox was there."""
    queued = room.interview.state.queued
    return -1 if queued is None else queued
