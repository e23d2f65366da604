"""The interviews of this process.

Owns opening them from the log, the ticking of their clocks and the upkeep of sandboxes. Invariant: one ``Room`` an
interview a process; those under way are recovered at start. Leaves out who may reach them (``web.auth``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from interviews import events as e
from interviews import exercises
from interviews.errors import BadInput, PairsightError
from interviews.log import EventLog
from interviews.service.interview import Interview, Tools
from interviews.service.room import Room
from sandbox.pool import Pool

TICK_S = 0.5
UPKEEP_S = 60.0
# What is left behind at the end is left by so many at a time.
LEAVERS = 8
logger = logging.getLogger("pairsight")


class Interviews:
    """Every interview by id; ``start`` recovers and ticks until ``close``."""

    def __init__(self, log: EventLog, tools: Tools) -> None:
        self.log, self.tools = log, tools
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._pool: Pool | None = None

    def create(self, exercise: str, candidate: str, settings: e.InterviewSettings, seed: int) -> str:
        """A new interview; returns its id. Raises ``NotFound`` for an unknown exercise."""
        loaded = exercises.load(exercise)
        why = self.tools.provider(settings.provider).check(settings.model)
        if why:
            raise BadInput("The assistant %(name)s cannot be used: %(why)s", name=settings.provider, why=why)
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
        """The room of that interview. Raises ``NotFound`` for an unknown one, or for an exercise that is gone."""
        with self._lock:
            room = self._rooms.get(interview)
            if room is None:
                header = self.log.header(interview)
                room = Room(Interview(self.log, header, exercises.load(header.exercise.id), self.tools))
                self._rooms[interview] = room
            return room

    def start(self) -> None:
        """Recover what is under way and tick, in the background."""
        seekers: list[threading.Thread] = []
        for header in self.log.interviews():
            try:
                # Before any clock ticks: the time we were down is not the candidate's.
                if (seeker := self.get(header.id).recover()) is not None:
                    seekers.append(seeker)
            except PairsightError as error:
                logger.warning("interview %s cannot be opened: %s", header.id, error)
            except Exception:
                logger.exception("interview %s cannot be opened", header.id)
        threading.Thread(target=self._line_up, args=(seekers,), name="line", daemon=True).start()
        threading.Thread(target=self._tick, name="clock", daemon=True).start()
        threading.Thread(target=self._keep_up, name="upkeep", daemon=True).start()

    def _line_up(self, seekers: Sequence[threading.Thread]) -> None:
        """Those who waited when the last server stopped, or had not come in yet, in their old order, behind ``seekers``."""
        for seeker in seekers:
            seeker.join()
        waited: list[tuple[int, Room]] = []
        for room in list(self._rooms.values()):
            state = room.interview.state
            if state.status == "ready" and not state.sandbox_lost and (state.queued is not None or state.sandbox):
                waited.append((-1 if state.queued is None else state.queued, room))
        for _, room in sorted(waited, key=lambda one: one[0]):
            if not self._closed.is_set():
                room.wait_again()

    def _tick(self) -> None:
        while not self._closed.wait(TICK_S):
            for room in list(self._rooms.values()):
                try:
                    room.tick()
                except Exception:
                    # One interview's trouble must not stop the clocks of all others.
                    logger.exception("clock of %s", room.interview.id)

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
        """Let go of every sandbox: the next process adopts those of interviews under way, where that can be."""
        self._closed.set()
        if self._pool is not None:
            self._pool.close()
        with ThreadPoolExecutor(LEAVERS) as leavers:
            for left in [leavers.submit(room.leave) for room in list(self._rooms.values())]:
                left.exception()
