"""The log port: where an interview's events are appended and read.

Owns the port and its in-memory form. Invariant: an append is all or nothing and durable when it returns; seq is
gapless from 1; a repeated client key appends nothing and returns what it appended the first time; an append under a
lease that another owner has taken over records nothing. Leaves out SQL (``store``) and the rules of leases
(``leases``).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from interviews.chain import genesis, seal, sha256_hex
from interviews.erasure import erased, require_erasable
from interviews.errors import BadInput, LeaseLost, NotFound
from interviews.events import AnyPayload, Header, Json, Record
from interviews.leases import Ended, Holding, Lease, Monotonic, Watch
from interviews.times import Clock, Onward

NewSalt = Callable[[], str]
SALTS_AT_ONCE = 256
# The event after which an interview needs nobody to lead it.
OVER = "debrief.shown"
SCORED = "score.recorded"


def random_salts() -> NewSalt:
    """16 random bytes in hex at each call. Not thread-safe: a log calls it under its own lock.

    They are drawn from the system many at a time, for one by one they would cost as much as a hash.
    """
    ready: list[str] = []
    process = 0

    def new() -> str:
        nonlocal process
        if not ready or process != os.getpid():  # a forked process must not repeat its parent's
            block, process = os.urandom(16 * SALTS_AT_ONCE).hex(), os.getpid()
            ready[:] = [block[at : at + 32] for at in range(0, len(block), 32)]
        return ready.pop()

    return new


@dataclass(frozen=True)
class Draft:
    """An event to be appended. ``follows`` makes the draft before it in the same append its cause."""

    actor: str
    data: AnyPayload
    cause: int | None = None
    follows: bool = False


@dataclass(frozen=True)
class ClientKey:
    """What makes a retry idempotent: the sender (1 to 200 printable characters) and its own counter (from 0).

    Raises ``BadInput`` for others.
    """

    client_id: str
    client_seq: int

    def __post_init__(self) -> None:
        if not (0 < len(self.client_id) <= 200 and self.client_id.isprintable()):
            raise BadInput("Expected a client's name of 1 to 200 printable characters")
        if not 0 <= self.client_seq < 1 << 53:
            raise BadInput("Expected a client's counter from 0 on, got %(got)s", got=self.client_seq)


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

    def append(
        self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None, lease: Lease | None = None
    ) -> list[Record]:
        """Seal, store and return the drafts; for a repeated key, the records of the first time.

        Without a lease nobody is asked: that is for a log with one process. Raises ``LeaseLost``, ``BadInput``,
        ``NotFound``, and ``PlatformFailure`` where the store failed: then nothing was recorded.
        """
        ...

    def erase(
        self,
        interview: str,
        seqs: Collection[int],
        actor: str,
        reason: str,
        then: Sequence[Draft] = (),
        lease: Lease | None = None,
        key: ClientKey | None = None,
    ) -> list[Record]:
        """Drop the payloads and salts of those events for good, and content kept for them.

        Appends who did so and why, and then ``then``; returns these, for a repeated key those of the first time.

        The chain still verifies. What may and must be erased together says ``erasure``. Raises as ``append``.
        """
        ...

    def acquire(self, interview: str, owner: str, term_s: float) -> Lease:
        """Become the one writer; renew within ``term_s`` seconds, or others may take it.

        ``owner`` names this process, as no other is named. Raises ``LeaseHeld`` while another's is alive: ask again,
        for only a process that asks sees the other's term run out.
        """
        ...

    def renew(self, leases: Collection[Lease]) -> list[Lease]:
        """Show that their owner is alive; returns those that another has taken over."""
        ...

    def release(self, lease: Lease) -> None:
        """Let another have it at once. Does nothing when another has it already."""
        ...

    def keep(self, interview: str, data: bytes, wanted: Collection[str]) -> None:
        """Keep content that no event holds, by its SHA-256 in hex; of what was kept before, only the hashes ``wanted`` stay.

        Raises ``NotFound`` and ``PlatformFailure``.
        """
        ...

    def content(self, interview: str, sha256: str) -> bytes | None:
        """Content that was kept, or None."""
        ...

    def under_way(self) -> list[str]:
        """Ids of the interviews that something has happened in and that are not over (``debrief.shown``), oldest first."""
        ...

    def unscored(self, since_ms: int) -> list[str]:
        """Ids of the interviews that are over since then and have no score recorded behind that: analyses are still to come."""
        ...

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        """What that key appended, or an empty list."""
        ...

    def read(self, interview: str, after: int = 0) -> list[Record]:
        """Records with seq > ``after``, in order."""
        ...


def kept_for(payloads: Iterable[dict[str, Json] | None]) -> list[str]:
    """Hashes of the content that may be kept for these payloads: that of a file whose text no event holds."""
    return [str(payload["sha256"]) for payload in payloads if payload is not None and payload.get("text", "") is None]


def seal_all(
    previous: str, last: int, at_ms: int, drafts: Sequence[Draft], new_salt: NewSalt
) -> list[tuple[Record, str]]:
    """Seal drafts as the records ``last + 1`` and following, each with the canonical JSON of its payload."""
    sealed: list[tuple[Record, str]] = []
    for seq, draft in enumerate(drafts, start=last + 1):
        cause = seq - 1 if draft.follows and sealed else draft.cause
        one = seal(previous, seq=seq, at_ms=at_ms, actor=draft.actor, cause=cause, data=draft.data, salt=new_salt())
        sealed.append(one)
        previous = one[0].hash
    return sealed


class MemoryLog:
    """A log that lives as long as the process: for tests and for scoring without a store."""

    def __init__(
        self, clock: Clock, new_salt: NewSalt, monotonic: Monotonic = time.monotonic, ended: Ended = lambda _: False
    ) -> None:
        self._clock, self._new_salt = clock, new_salt
        self._headers: dict[str, Header] = {}
        self._records: dict[str, list[Record]] = {}
        self._keys: dict[tuple[str, ClientKey], range] = {}
        self._contents: dict[str, dict[str, bytes]] = {}
        self._holdings: dict[str, Holding] = {}
        self._times: dict[str, Onward] = {}
        self._watch = Watch(monotonic, ended)
        self._lock = threading.RLock()

    def create(self, header: Header) -> None:
        with self._lock:
            if header.id in self._headers:
                raise BadInput("An interview with the id %(id)s exists already", id=header.id)
            self._headers[header.id], self._records[header.id] = header, []
            self._holdings[header.id], self._times[header.id] = Holding(), Onward()
            self._contents[header.id] = {}

    def header(self, interview: str) -> Header:
        try:
            return self._headers[interview]
        except KeyError:
            raise NotFound("There is no interview with the id %(id)s", id=interview) from None

    def interviews(self) -> list[Header]:
        return sorted(self._headers.values(), key=lambda header: -header.created_at_ms)

    def append(
        self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None, lease: Lease | None = None
    ) -> list[Record]:
        header = self.header(interview)
        with self._lock:
            if lease is not None:
                self._holdings[interview].require(lease)
            if key is not None and (interview, key) in self._keys:
                return self.find(interview, key)
            records = self._records[interview]
            previous = records[-1].hash if records else genesis(header)
            at_ms = self._times[interview].at(self._clock(), records[-1].at_ms if records else 0)
            new = [record for record, _ in seal_all(previous, len(records), at_ms, drafts, self._new_salt)]
            if key is not None:
                self._keys[interview, key] = range(len(records), len(records) + len(new))
            records.extend(new)
            return new

    def erase(
        self,
        interview: str,
        seqs: Collection[int],
        actor: str,
        reason: str,
        then: Sequence[Draft] = (),
        lease: Lease | None = None,
        key: ClientKey | None = None,
    ) -> list[Record]:
        with self._lock:
            if key is not None and (interview, key) in self._keys:
                return self.find(interview, key)
            records = self.read(interview)
            require_erasable(seqs, {record.seq: record.type for record in records})
            told = self.append(interview, [Draft(actor, erased(seqs, reason)), *then], key, lease)
            for digest in kept_for(records[seq - 1].payload for seq in seqs):
                self._contents[interview].pop(digest, None)
            for seq in seqs:
                bare = records[seq - 1].model_copy(update={"payload": None, "salt": None})
                self._records[interview][seq - 1] = bare
            return told

    def acquire(self, interview: str, owner: str, term_s: float) -> Lease:
        self.header(interview)
        with self._lock:
            holding = self._watch.take(interview, self._holdings[interview], owner, term_s)
            self._holdings[interview] = holding
            return Lease(interview, owner, holding.epoch)

    def renew(self, leases: Collection[Lease]) -> list[Lease]:
        lost: list[Lease] = []
        with self._lock:
            for lease in leases:
                try:
                    self._holdings[lease.interview] = self._holdings[lease.interview].renewed(lease)
                except LeaseLost:
                    lost.append(lease)
        return lost

    def release(self, lease: Lease) -> None:
        with self._lock:
            self._holdings[lease.interview] = self._holdings[lease.interview].released(lease)

    def keep(self, interview: str, data: bytes, wanted: Collection[str]) -> None:
        self.header(interview)
        with self._lock:
            kept = self._contents[interview]
            for digest in kept.keys() - set(wanted):
                del kept[digest]
            kept[sha256_hex(data)] = data

    def content(self, interview: str, sha256: str) -> bytes | None:
        return self._contents.get(interview, {}).get(sha256)

    def under_way(self) -> list[str]:
        with self._lock:
            oldest_first = sorted(self._headers.values(), key=lambda header: header.created_at_ms)
            types = {header.id: {record.type for record in self._records[header.id]} for header in oldest_first}
        return [id_ for id_, there in types.items() if there and OVER not in there]

    def unscored(self, since_ms: int) -> list[str]:
        with self._lock:
            over = {id_: [r for r in records if r.type == OVER] for id_, records in self._records.items()}
            return [
                id_
                for id_, ends in over.items()
                if ends
                and ends[-1].at_ms >= since_ms
                and not any(r.type == SCORED for r in self._records[id_][ends[-1].seq :])
            ]

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        with self._lock:
            return [self._records[interview][at] for at in self._keys.get((interview, key), ())]

    def read(self, interview: str, after: int = 0) -> list[Record]:
        self.header(interview)
        return self._records[interview][after:]
