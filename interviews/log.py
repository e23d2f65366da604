"""The log port: where an interview's events are appended and read.

Owns the port and its in-memory form. Invariant: an append is all or nothing and durable when it returns; seq is
gapless from 1; a repeated client key appends nothing and returns what it appended the first time. Leaves out SQL
(``store``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from interviews.chain import genesis, seal
from interviews.errors import BadInput, NotFound
from interviews.events import AnyPayload, Header, Record

Clock = Callable[[], int]
NewSalt = Callable[[], str]


@dataclass(frozen=True)
class Draft:
    """An event to be appended. ``follows`` makes the draft before it in the same append its cause."""

    actor: str
    data: AnyPayload
    cause: int | None = None
    follows: bool = False


@dataclass(frozen=True)
class ClientKey:
    """What makes a retry idempotent: the sender and its own counter."""

    client_id: str
    client_seq: int


class EventLog(Protocol):
    """Append-only logs by interview id. Thread-safe."""

    def create(self, header: Header) -> None:
        """Begin a log. Raises ``BadInput`` when the id is taken."""
        ...

    def header(self, interview: str) -> Header:
        """Raises ``NotFound`` for an unknown id."""
        ...

    def interviews(self) -> list[Header]:
        """Every interview's header, newest first."""
        ...

    def append(self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None) -> list[Record]:
        """Seal, store and return the drafts; for a repeated key, the records of the first time."""
        ...

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        """What that key appended, or an empty list."""
        ...

    def read(self, interview: str, after: int = 0) -> list[Record]:
        """Records with seq > ``after``, in order."""
        ...


def seal_all(previous: str, last: int, at_ms: int, drafts: Sequence[Draft], new_salt: NewSalt) -> list[Record]:
    """Seal drafts as the records ``last + 1`` and following."""
    records: list[Record] = []
    for seq, draft in enumerate(drafts, start=last + 1):
        cause = seq - 1 if draft.follows and records else draft.cause
        record = seal(previous, seq=seq, at_ms=at_ms, actor=draft.actor, cause=cause, data=draft.data, salt=new_salt())
        records.append(record)
        previous = record.hash
    return records


class MemoryLog:
    """A log that lives as long as the process: for tests and for scoring without a store."""

    def __init__(self, clock: Clock, new_salt: NewSalt) -> None:
        self._clock, self._new_salt = clock, new_salt
        self._headers: dict[str, Header] = {}
        self._records: dict[str, list[Record]] = {}
        self._keys: dict[tuple[str, ClientKey], list[Record]] = {}
        self._lock = threading.Lock()

    def create(self, header: Header) -> None:
        if header.id in self._headers:
            raise BadInput("An interview with the id %(id)s exists already", id=header.id)
        self._headers[header.id], self._records[header.id] = header, []

    def header(self, interview: str) -> Header:
        try:
            return self._headers[interview]
        except KeyError:
            raise NotFound("There is no interview with the id %(id)s", id=interview) from None

    def interviews(self) -> list[Header]:
        return sorted(self._headers.values(), key=lambda header: -header.created_at_ms)

    def append(self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None) -> list[Record]:
        header = self.header(interview)
        with self._lock:
            if key is not None and (interview, key) in self._keys:
                return self._keys[interview, key]
            records = self._records[interview]
            previous = records[-1].hash if records else genesis(header)
            at_ms = max(self._clock(), records[-1].at_ms if records else 0)
            new = seal_all(previous, len(records), at_ms, drafts, self._new_salt)
            records.extend(new)
            if key is not None:
                self._keys[interview, key] = new
            return new

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        return self._keys.get((interview, key), [])

    def read(self, interview: str, after: int = 0) -> list[Record]:
        self.header(interview)
        return self._records[interview][after:]
