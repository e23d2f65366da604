"""What the event log asks its database.

Owns the statements and reading their rows. Invariant: built once, at import; nothing here begins or ends a transaction. Leaves out
when they are asked (``sql``).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from interviews.errors import LogCorrupt, NotFound
from interviews.events import Header, Record
from interviews.leases import Holding
from interviews.log import OVER, SCORED, ClientKey, kept_for
from interviews.store import tables as t

MAX_SEQ = 2**53
RECORD = [t.events.c[name] for name in Record.model_fields]
HOLDING = [t.interviews.c[f"lease_{name}"] for name in Holding.__dataclass_fields__]


# Built once: building a statement takes longer than running it.
class OfInterviews:
    """A query about interviews of given ids. Most often there is one, and a list of one takes a tenth of a small append."""

    def __init__(self, query: sa.Select[Any]) -> None:
        self._one = query.where(t.interviews.c.id == sa.bindparam("name"))
        self._many = query.where(t.interviews.c.id.in_(sa.bindparam("names", expanding=True)))

    def of(self, connection: sa.Connection, names: Sequence[str]) -> sa.CursorResult[Any]:
        if len(names) == 1:
            return connection.execute(self._one, {"name": names[0]})
        return connection.execute(self._many, {"names": names})


# The interviews' rows, locked against every other process in an order that all keep to.
LOCKED = OfInterviews(
    sa.select(t.interviews.c.id, t.interviews.c.header, *HOLDING)
    .order_by(t.interviews.c.id)
    .with_for_update(key_share=True)
)
_later = t.events.alias()
HEADS = OfInterviews(
    sa.select(t.events.c.interview, t.events.c.seq, t.events.c.hash, t.events.c.at_ms)
    .join_from(t.interviews, t.events, t.events.c.interview == t.interviews.c.id)
    .where(
        t.events.c.seq
        == sa.select(sa.func.max(_later.c.seq))
        .where(_later.c.interview == t.interviews.c.id)
        .correlate(t.interviews)
        .scalar_subquery(),
    )
)
KEY = sa.select(t.client_keys.c.first_seq, t.client_keys.c.last_seq).where(
    t.client_keys.c.interview == sa.bindparam("name"),
    t.client_keys.c.client_id == sa.bindparam("sender"),
    t.client_keys.c.client_seq == sa.bindparam("number"),
)
RECORDS = (
    sa.select(*RECORD)
    .where(
        t.events.c.interview == sa.bindparam("name"),
        t.events.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
    .order_by(t.events.c.seq)
)
BEAT = sa.update(t.interviews).where(t.interviews.c.id == sa.bindparam("name")).values(lease_beat=sa.bindparam("beat"))
UNDER_WAY = (
    sa.select(t.interviews.c.id)
    .where(
        sa.exists().where(t.events.c.interview == t.interviews.c.id),
        # Written out, for only so does a partial index serve.
        ~sa.exists().where(
            t.events.c.interview == t.interviews.c.id, t.events.c.type == sa.literal_column(f"'{OVER}'")
        ),
    )
    .order_by(t.interviews.c.created_at_ms, t.interviews.c.id)
)
_LATER = t.events.alias("later")
UNSCORED = (
    sa.select(t.events.c.interview)
    .where(
        t.events.c.type == sa.literal_column(f"'{OVER}'"),
        t.events.c.at_ms >= sa.bindparam("since"),
        # Few events come behind the end: this reads those alone.
        ~sa.exists().where(
            _LATER.c.interview == t.events.c.interview, _LATER.c.seq > t.events.c.seq, _LATER.c.type == SCORED
        ),
    )
    .order_by(t.events.c.interview)
)
ERASE = (
    sa.update(t.events)
    .where(t.events.c.interview == sa.bindparam("name"), t.events.c.seq == sa.bindparam("number"))
    .values(payload=None, salt=None)
)
FORGET = t.contents.delete().where(
    t.contents.c.interview == sa.bindparam("name"), t.contents.c.sha256 == sa.bindparam("digest")
)
UNSAY = t.scorecards.delete().where(t.scorecards.c.interview == sa.bindparam("name"))
ONE = sa.literal(1)


def insert(table: sa.Table, mark: str) -> str:
    """An insert of whole rows in the driver's own words: SQLAlchemy's would take longer than the database."""
    names = ", ".join(column.name for column in table.columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(table.columns))})"


def recorded_under(connection: sa.Connection, interview: str, key: ClientKey) -> list[Record] | None:
    """What the key recorded, or None where it recorded nothing yet."""
    row = connection.execute(KEY, {"name": interview, "sender": key.client_id, "number": key.client_seq}).one_or_none()
    return None if row is None else records(connection, interview, row.first_seq, row.last_seq)


def records(connection: sa.Connection, interview: str, first: int, last: int) -> list[Record]:
    """Those events that there are, in order. Raises ``LogCorrupt`` for one whose content is no JSON."""
    rows = connection.execute(RECORDS, {"name": interview, "first": first, "last": last})
    return [
        Record.trusted(
            seq=seq, at_ms=at_ms, actor=actor, type=type_, v=v, cause=cause,
            payload=None if payload is None else _payload(seq, payload), salt=salt, payload_hash=payload_hash, hash=hash_,
        )
        for seq, at_ms, actor, type_, v, cause, payload, salt, payload_hash, hash_ in rows
    ]  # fmt: skip


def header(text: str) -> Header:
    """An interview's header as it was stored. Raises ``LogCorrupt`` for one that was changed, or that a newer version wrote."""
    try:
        return Header.model_validate_json(text)
    except ValueError as error:
        why = str(error).splitlines()[-1].strip()
        raise LogCorrupt("The log's header does not fit: %(why)s", why=why) from None


def _payload(seq: int, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise LogCorrupt("The content of event %(seq)d is not what was recorded", seq=seq) from None


def contents_of(connection: sa.Connection, interview: str, seqs: Collection[int]) -> list[str]:
    """Hashes of the content kept for those events."""
    whole = sa.select(t.events.c.seq, t.events.c.payload).where(
        t.events.c.interview == interview, t.events.c.type == "file.snapshotted", t.events.c.payload.is_not(None)
    )
    return kept_for(json.loads(row.payload) for row in connection.execute(whole) if row.seq in seqs)


def types(connection: sa.Connection, interview: str) -> dict[int, str]:
    """The types of all events by their numbers."""
    query = sa.select(t.events.c.seq, t.events.c.type).where(t.events.c.interview == interview)
    return {row.seq: row.type for row in connection.execute(query)}


def holding(connection: sa.Connection, interview: str) -> Holding:
    """Who leads the interview, whose row is locked from then on. Raises ``NotFound``."""
    row = LOCKED.of(connection, [interview]).one_or_none()
    if row is None:
        raise unknown(interview)
    return as_holding(row)


def as_holding(row: sa.Row[Any]) -> Holding:
    """As a row of ``LOCKED`` tells it."""
    return Holding(row.lease_owner, row.lease_epoch, row.lease_beat, row.lease_term_ms)


def hold(connection: sa.Connection, interview: str, holding: Holding) -> None:
    """Write down who leads the interview."""
    values = {f"lease_{name}": value for name, value in asdict(holding).items()}
    connection.execute(t.interviews.update().where(t.interviews.c.id == interview).values(values))


def unknown(interview: str) -> NotFound:
    """What is said of an interview that there is not."""
    return NotFound("There is no interview with the id %(id)s", id=interview)
