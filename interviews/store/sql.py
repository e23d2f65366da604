"""The event log in a database.

Owns the transactions. Invariant: an append is acknowledged after its commit, with what it recorded; one that fails
recorded nothing and fails alone, though it shared a transaction with others. ``(interview, seq)`` and the client keys
are unique in the database itself, and the row of an interview is locked while its lease is checked and its events are
written, so that no other process comes in between. Leaves out opening (``engine``) and grouping (``group``).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import sqlalchemy as sa

from interviews.chain import genesis, sha256_hex
from interviews.erasure import erased, require_erasable
from interviews.errors import BadInput, LeaseLost, PairsightError, PlatformFailure
from interviews.events import Header, Record
from interviews.leases import Ended, Lease, Monotonic, Watch
from interviews.log import ClientKey, Draft, NewSalt, seal_all
from interviews.scorecards import TAKEN
from interviews.store import queries as q
from interviews.store import tables as t
from interviews.store.engine import WAIT_S, begin_writing, forget_overwritten, reason, write_nothing
from interviews.store.group import Group
from interviews.times import Clock, Onward

# Seconds that the writes of a group whose transaction failed may take together when each is tried alone.
ALONE_S = WAIT_S / 4


@dataclass(eq=False)
class Write:
    """What one caller wants recorded, and, once settled, what came of it."""

    interview: str
    drafts: Sequence[Draft]
    key: ClientKey | None = None
    lease: Lease | None = None
    erased: Collection[int] = ()
    records: list[Record] | None = None
    error: Exception | None = None

    @property
    def settled(self) -> bool:
        return self.records is not None or self.error is not None

    def interrupted(self) -> None:
        self.error = _unknown_outcome("interrupted")


class Head(NamedTuple):
    """The last record of a log: its number (0 for none), hash and time."""

    seq: int
    hash: str
    at_ms: int


@dataclass
class Transaction:
    """What one transaction will have recorded for each write, and the rows that say so."""

    records: dict[Write, list[Record]] = field(default_factory=dict)
    new: list[Record] = field(default_factory=list)
    events: list[tuple[object, ...]] = field(default_factory=list)
    keys: list[tuple[object, ...]] = field(default_factory=list)
    erased: list[dict[str, object]] = field(default_factory=list)
    forgotten: list[dict[str, object]] = field(default_factory=list)
    begun: bool = False
    committing: bool = False

    def settle(self) -> None:
        for write, records in self.records.items():
            write.records = records


Observer = Callable[[int, Sequence[Record], int, float], None]
"""Told of every commit: how many appends shared it, what was recorded, how many appends failed, and seconds. Must not raise."""


class SqlLog:
    """An ``EventLog`` in a database.

    ``clock`` gives Unix ms, ``new_salt`` 16 bytes in hex, ``monotonic`` seconds; ``ended`` knows owners that are gone,
    ``on_commit`` hears of every commit.
    """

    def __init__(
        self,
        engine: sa.Engine,
        clock: Clock,
        new_salt: NewSalt,
        monotonic: Monotonic = time.monotonic,
        ended: Ended = lambda _: False,
        on_commit: Observer = lambda *_: None,
    ) -> None:
        self._engine, self._clock, self._new_salt = engine, clock, new_salt
        self._times: dict[str, Onward] = {}
        self._remembered = False
        self._monotonic, self._on_commit = monotonic, on_commit
        self._watch = Watch(monotonic, ended)
        self._group = Group(self._lead)
        mark = "?" if engine.dialect.paramstyle == "qmark" else "%s"
        self._insert_events = q.insert(t.events, mark)
        self._insert_keys = q.insert(t.client_keys, mark)

    def create(self, header: Header) -> None:
        row = {
            "id": header.id,
            "created_at_ms": header.created_at_ms,
            "header": header.model_dump_json(exclude_unset=True),
        }
        with self._writing() as connection:
            try:
                connection.execute(t.interviews.insert().values(row))
            except sa.exc.IntegrityError:
                raise BadInput("An interview with the id %(id)s exists already", id=header.id) from None

    def header(self, interview: str) -> Header:
        query = sa.select(t.interviews.c.header).where(t.interviews.c.id == interview)
        with self._reading() as connection:
            text = connection.execute(query).scalar_one_or_none()
        if text is None:
            raise q.unknown(interview)
        return q.header(text)

    def interviews(self) -> list[Header]:
        query = sa.select(t.interviews.c.header).order_by(t.interviews.c.created_at_ms.desc())
        with self._reading() as connection:
            return [q.header(text) for text in connection.execute(query).scalars()]

    def append(
        self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None, lease: Lease | None = None
    ) -> list[Record]:
        records = self._submit(Write(interview, drafts, key, lease))
        if any(draft.data.type in TAKEN for draft in drafts):
            self._forget()
        return records

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
        drafts = [Draft(actor, erased(seqs, reason)), *then]
        told = self._submit(Write(interview, drafts, key, lease, erased=frozenset(seqs)))
        self._forget()
        return told

    def _forget(self) -> None:
        """Leave no copy of what was erased; where somebody still reads one, again at the next renewal."""
        self._remembered = True
        # It is erased; only this is not.
        with suppress(PlatformFailure), self._reading() as connection:
            self._remembered = not forget_overwritten(connection)

    def acquire(self, interview: str, owner: str, term_s: float) -> Lease:
        with self._writing() as connection:
            holding = self._watch.take(interview, q.holding(connection, interview), owner, term_s)
            q.hold(connection, interview, holding)
        return Lease(interview, owner, holding.epoch)

    def renew(self, leases: Collection[Lease]) -> list[Lease]:
        lost: list[Lease] = []
        with self._writing() as connection:
            names = sorted(lease.interview for lease in leases)
            held = {row.id: q.as_holding(row) for row in q.LOCKED.of(connection, names)}
            beats: list[dict[str, object]] = []
            for lease in leases:
                try:
                    beats.append({"name": lease.interview, "beat": held[lease.interview].renewed(lease).beat})
                except LeaseLost:
                    lost.append(lease)
            if beats:
                connection.execute(q.BEAT, beats)
        if self._remembered:
            self._forget()
        return lost

    def release(self, lease: Lease) -> None:
        with self._writing() as connection:
            q.hold(connection, lease.interview, q.holding(connection, lease.interview).released(lease))

    def keep(self, interview: str, data: bytes, wanted: Collection[str]) -> None:
        digest, mine = sha256_hex(data), t.contents.c.interview == interview
        with self._writing() as connection:
            q.holding(connection, interview)
            connection.execute(t.contents.delete().where(mine, t.contents.c.sha256.not_in([*wanted, digest])))
            if connection.execute(sa.select(q.ONE).where(mine, t.contents.c.sha256 == digest)).first() is None:
                connection.execute(t.contents.insert().values(interview=interview, sha256=digest, data=data))

    def content(self, interview: str, sha256: str) -> bytes | None:
        query = sa.select(t.contents.c.data).where(t.contents.c.interview == interview, t.contents.c.sha256 == sha256)
        with self._reading() as connection:
            found: bytes | None = connection.execute(query).scalar_one_or_none()
        return found

    def under_way(self) -> list[str]:
        with self._reading() as connection:
            return list(connection.execute(q.UNDER_WAY).scalars())

    def unscored(self, since_ms: int) -> list[str]:
        with self._reading() as connection:
            return list(connection.execute(q.UNSCORED, {"since": since_ms}).scalars())

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        with self._reading() as connection:
            return q.recorded_under(connection, interview, key) or []

    def read(self, interview: str, after: int = 0) -> list[Record]:
        self.header(interview)
        with self._reading() as connection:
            return q.records(connection, interview, after + 1, q.MAX_SEQ)

    def check(self) -> None:
        """Commit what changes nothing. Raises ``PlatformFailure`` where nothing can be recorded now."""
        with self._writing() as connection:
            write_nothing(connection)

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise PlatformFailure("The log could not be read (%(why)s); try again", why=reason(error)) from None

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """A transaction of its own, for what is no append."""
        try:
            with self._group.alone(), self._engine.connect() as connection:
                begin_writing(connection)
                yield connection
                connection.commit()
        except sa.exc.SQLAlchemyError as error:
            raise _not_written(error) from None

    def _submit(self, write: Write) -> list[Record]:
        self._group.submit(write)
        if write.error is not None:
            raise write.error
        assert write.records is not None  # a group's work is settled
        return write.records

    def _lead(self, group: list[Write]) -> None:
        """Settle every write of the group, and say what came of it."""
        began = self._monotonic()
        new = self._commit(group)
        failed = sum(isinstance(write.error, PlatformFailure) for write in group)
        self._on_commit(len(group), new, failed, self._monotonic() - began)

    def _commit(self, group: list[Write], wait_s: float | None = None) -> list[Record]:
        """Settle every write of the group, in one transaction where that can be; returns what was recorded.

        ``wait_s`` as for ``begin_writing``.
        """
        done = Transaction()
        try:
            with self._engine.connect() as connection:
                begin_writing(connection, wait_s)
                done.begun = True
                self._stage(connection, group, done)
                self._store(connection, done)
                done.committing = True
                connection.commit()
        except sa.exc.SQLAlchemyError as error:
            return self._recover(group, done, error)
        done.settle()
        return done.new

    def _recover(self, group: list[Write], done: Transaction, error: sa.exc.SQLAlchemyError) -> list[Record]:
        """Settle a group whose transaction failed; returns what was recorded nevertheless."""
        unsettled = [write for write in group if not write.settled]
        lost, why = getattr(error, "connection_invalidated", False), _not_written(error)
        if done.committing:
            try:
                if self._is_recorded(done):  # only the answer was lost
                    done.settle()
                    return done.new
            except sa.exc.SQLAlchemyError:
                lost, why = True, _unknown_outcome(reason(error))
        if done.begun and len(unsettled) > 1 and not lost:
            # Whichever is at fault shall not fail the others. All have waited by now: where it is the database that keeps
            # them waiting, none of them may wait as long again for each of the others.
            share_s = ALONE_S / len(unsettled)
            return [record for write in unsettled for record in self._commit([write], share_s)]
        for write in unsettled:
            write.error = why
        return []

    def _is_recorded(self, done: Transaction) -> bool:
        """Whether a transaction was committed after all; its salts, and so its hashes, are its own."""
        if not done.events:
            return False
        interview, seq, *_, hash_ = done.events[-1]
        there = sa.select(t.events.c.hash).where(t.events.c.interview == interview, t.events.c.seq == seq)
        with self._engine.connect() as connection:
            # On PostgreSQL the row is locked until the lost connection's transaction has ended.
            q.LOCKED.of(connection, [str(interview)])
            return bool(connection.execute(there).scalar_one_or_none() == hash_)

    def _stage(self, connection: sa.Connection, group: list[Write], done: Transaction) -> None:
        """Lock the interviews, check the leases and seal the records; what does not fit fails here, alone."""
        names = sorted({write.interview for write in group})
        rows = {row.id: row for row in q.LOCKED.of(connection, names)}
        # Only now: on PostgreSQL a query sees what was committed before it began.
        heads = {row.interview: Head(row.seq, row.hash, row.at_ms) for row in q.HEADS.of(connection, names)}
        known: dict[tuple[str, ClientKey], list[Record]] = {}
        for write in group:
            name, key = write.interview, write.key
            try:
                if name not in rows:
                    raise q.unknown(name)
                if write.lease is not None:
                    q.as_holding(rows[name]).require(write.lease)
                if key is not None:
                    before = known[name, key] if (name, key) in known else q.recorded_under(connection, name, key)
                    if before is not None:
                        done.records[write] = before
                        continue
                if write.erased:
                    require_erasable(write.erased, q.types(connection, name))
                    done.forgotten += [
                        {"name": name, "digest": digest} for digest in q.contents_of(connection, name, write.erased)
                    ]
                head = heads.get(name) or Head(0, genesis(Header.model_validate_json(rows[name].header)), 0)
                at_ms = self._times.setdefault(name, Onward()).at(self._clock(), head.at_ms)
                sealed = seal_all(head.hash, head.seq, at_ms, write.drafts, self._new_salt)
            except PairsightError as error:
                write.error = error
                continue
            records = [record for record, _ in sealed]
            done.records[write] = records
            done.new += records
            done.events += [
                (name, r.seq, r.at_ms, r.actor, r.type, r.v, r.cause, text, r.salt, r.payload_hash, r.hash)
                for r, text in sealed
            ]
            if key is not None:
                done.keys.append((name, key.client_id, key.client_seq, head.seq + 1, head.seq + len(records)))
                known[name, key] = records
            done.erased += [{"name": name, "number": seq} for seq in write.erased]
            if records:
                heads[name] = Head(records[-1].seq, records[-1].hash, records[-1].at_ms)

    def _store(self, connection: sa.Connection, done: Transaction) -> None:
        if done.events:
            connection.exec_driver_sql(self._insert_events, done.events)
        if done.keys:
            connection.exec_driver_sql(self._insert_keys, done.keys)
        if done.erased:
            connection.execute(q.ERASE, done.erased)
        if done.forgotten:
            connection.execute(q.FORGET, done.forgotten)
        if unsaid := {str(event[0]) for event in done.events if event[4] in TAKEN}:
            # What they were scored from is not there any more.
            connection.execute(q.UNSAY, [{"name": name} for name in sorted(unsaid)])


def _not_written(error: sa.exc.SQLAlchemyError) -> PlatformFailure:
    return PlatformFailure(
        "The log could not be written (%(why)s). Nothing was recorded; try again.", why=reason(error)
    )


def _unknown_outcome(why: str) -> PlatformFailure:
    return PlatformFailure(
        "The log went away (%(why)s) before it said whether the last change was recorded; try again", why=why
    )
