"""A running interview: its log, the state folded from it, and who listens.

Owns the order of things. Invariant: state changes only by recorded events, under one lock, and listeners hear every
record once and in order; only under its lease anything is recorded. Leaves out what the acts mean (its sibling modules).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from assistant.base import Limits, Provider
from interviews import events as e
from interviews.errors import BadInput, Conflict, LeaseLost, NotAllowed
from interviews.exercises import Exercise
from interviews.fold import apply
from interviews.keyframes import Keyframes
from interviews.leases import Lease
from interviews.log import ClientKey, Draft, EventLog
from interviews.service.files import FileHistory
from interviews.state import State
from interviews.times import Clock, Onward
from sandbox.pool import Pool

# In characters of JSON. A log is read whole to be shown and scored; an hour of hard work makes some five million.
MAX_VOLUME = 64_000_000
EVENT_VOLUME = 300

Listener = Callable[[list[e.Record]], None]
Cost = Callable[[str, e.Usage], int | None]
"""Millionths of a US dollar that so many tokens of a model cost, None where that is not known."""


Baseline = Callable[[e.Header], e.Json | None]
"""What an assistant alone has reached in an interview's exercise (``interviews.baseline``), None where nobody tried."""


def untried(header: e.Header) -> e.Json | None:
    """Nobody let an assistant try it alone."""
    return None


def unpriced(model: str, usage: e.Usage) -> int | None:
    """There is no list of prices."""
    return None


@dataclass(frozen=True)
class Tools:
    """What the rim hands in: clock (Unix ms), ids, pauses, the sandboxes and the guarantees they cannot
    hold, the providers by name, the rubric as a function, how providers may answer, what their pauses are multiplied by, what
    their models cost, and what they have reached alone."""

    clock: Clock
    new_id: Callable[[], str]
    sleep: Callable[[float], None]
    backend: Callable[[], Pool]
    weaker: Callable[[], tuple[str, ...]]
    provider: Callable[[str], Provider]
    score: Callable[[e.Header, list[e.Record]], e.Json]
    limits: Limits = field(default_factory=Limits)
    pace: float = 1.0
    cost: Cost = unpriced
    baseline: Baseline = untried


class Interview:
    """One interview in this process. All methods are thread-safe."""

    def __init__(
        self, log: EventLog, header: e.Header, exercise: Exercise, tools: Tools, lease: Lease | None = None
    ) -> None:
        self.id, self.header, self.exercise, self.tools = header.id, header, exercise, tools
        self.log, self.lease = log, lease
        self.state = State()
        self.counts: Counter[str]
        """How many events there are of each type, those erased too: what is numbered by it keeps its number."""
        self.lock = threading.RLock()
        self.on_lost: Callable[[], None] = lambda: None
        """Called, under the lock, when another process turns out to lead this interview; it must not block."""
        self.holders: dict[str, int] = {}
        """Who holds the clock, and since when (``clock``)."""
        self.given_back: list[tuple[int, int]]
        """Times from and to which it stood and that were given back; what the log says of it, and this process knows better."""
        self._listeners: list[Listener] = []
        self._unsure = False
        self._time = Onward()
        self._fold_whole()

    def _fold_whole(self) -> None:
        """Fold the log from its start: what was erased from it is in no memory of ours either."""
        self.history, self.keyframes = FileHistory(), Keyframes()
        self.volume, self.counts, self.given_back = 0, Counter(), []
        state = State()
        for record in self.log.read(self.id):
            self._take(record, state)
        # In place: whoever holds the state sees it change as by any event.
        vars(self.state).update(vars(state))

    def _take(self, record: e.Record, state: State) -> None:
        event = e.understand(record)
        apply(state, event)
        self.history.take(event)
        self.keyframes.take(event)
        self.counts[event.type] += 1
        self.volume += EVENT_VOLUME + len(str(record.payload))
        if isinstance(event.data, e.ClockResumed):
            self.given_back.append((event.at_ms - event.data.lost_ms, event.at_ms))

    def record(self, *drafts: Draft, key: ClientKey | None = None) -> list[e.Record]:
        """Commit the drafts, fold them and tell listeners. A repeated key returns the records of the first time.

        Raises as ``EventLog.append``; ``Conflict`` where the drafts were made before it was known what the log holds.
        """
        with self.lock:
            return self._commit(lambda: self.log.append(self.id, drafts, key, self.lease))

    def _commit(self, write: Callable[[], list[e.Record]]) -> list[e.Record]:
        if self._settle():
            raise Conflict("The record was out of reach for a moment; please try again")
        self._unsure = True
        try:
            records = write()
        except LeaseLost:
            self.on_lost()
            raise
        self._unsure = False
        self._fold([record for record in records if record.seq > self.state.seq])
        return records

    def erase(
        self, seqs: Collection[int], actor: str, reason: str, then: Sequence[Draft], key: ClientKey | None = None
    ) -> list[e.Record]:
        """Drop what those events hold, tell of it and record ``then``, all or nothing. Raises as ``record``, and ``NotFound``."""
        with self.lock:
            return self._commit(lambda: self.log.erase(self.id, seqs, actor, reason, then, self.lease, key))

    def _fold(self, new: list[e.Record]) -> None:
        if any(record.type == "payload.erased" for record in new):
            self._fold_whole()
        else:
            for record in new:
                self._take(record, self.state)
        if new:
            for listener in list(self._listeners):
                listener(new)

    def _settle(self) -> bool:
        """After an append whose outcome nobody told: take over what the log holds; whether that was more than was known."""
        if not self._unsure:
            return False
        new = self.log.read(self.id, self.state.seq)
        self._unsure = False
        self._fold(new)
        return bool(new)

    def known(self, key: ClientKey | None) -> list[e.Record]:
        """What that client key recorded before, or an empty list."""
        with self.lock:
            self._settle()
            return self.log.find(self.id, key) if key is not None else []

    def subscribe(self, listener: Listener) -> None:
        """Call ``listener`` with every batch of new records, in order, while the lock is held; it must not block."""
        with self.lock:
            self._listeners.append(listener)

    def now(self) -> int:
        """Unix milliseconds: never before what is recorded, and always going on."""
        return self._time.at(self.tools.clock(), self.state.at_ms)

    def has_room(self, share: float = 1.0) -> bool:
        """Whether less than that share of what a log may hold is used up."""
        return self.volume <= MAX_VOLUME * share

    def require_room(self, share: float = 1.0) -> None:
        """Raise ``BadInput`` when that share of what a log may hold is used up."""
        if not self.has_room(share):
            raise BadInput("The record of this interview is full; what was saved is safe and can still be submitted")

    def require_running(self) -> None:
        """Raise ``NotAllowed`` unless the candidate may work now."""
        if self.state.status != "running":
            raise NotAllowed(_WHY_NOT[self.state.status])


_WHY_NOT: dict[str, str] = {
    "invited": "The interview has not started: the candidate has not consented yet",
    "ready": "The interview has not started yet",
    "running": "",
    "grace": "Time is up; only edits made before the end are still saved",
    "between": "This part of the interview is over; work goes on when you begin the next",
    "submitted": "The interview has been submitted",
    "finished": "The interview is over",
}


def last_payload(records: Sequence[e.Record], type_: str) -> dict[str, e.Json]:
    """The payload of the last record of that type. Raises ``BadInput`` where it was erased since."""
    found = next((record.payload for record in reversed(records) if record.type == type_ and record.payload), None)
    if found is None:
        raise BadInput("What this message did was recorded, and has been erased since")
    return found
