"""The log in a database: SQLAlchemy Core over SQLite.

Owns the tables' use; their form is owned by ``interviews/migrations``. Invariant: ``append`` returns after the commit
(SQLite in WAL mode, ``synchronous=FULL``), and ``(interview, seq)`` and the client key are unique in the database
itself. Leaves out what the events mean.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from interviews.chain import genesis
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.events import Header, Record
from interviews.log import ClientKey, Clock, Draft, NewSalt, seal_all

metadata = sa.MetaData()
interviews_table = sa.Table(
    "interviews",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("header", sa.Text, nullable=False),
)
events_table = sa.Table(
    "events",
    metadata,
    sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("v", sa.Integer, nullable=False),
    sa.Column("cause", sa.BigInteger),
    sa.Column("payload", sa.Text),
    sa.Column("salt", sa.String),
    sa.Column("payload_hash", sa.String, nullable=False),
    sa.Column("hash", sa.String, nullable=False),
    sa.Column("client_id", sa.String),
    sa.Column("client_seq", sa.BigInteger),
    sa.Index("ix_events_client", "interview", "client_id", "client_seq"),
)
keys_table = sa.Table(
    "client_keys",
    metadata,
    sa.Column("interview", sa.String, sa.ForeignKey("interviews.id"), primary_key=True),
    sa.Column("client_id", sa.String, primary_key=True),
    sa.Column("client_seq", sa.BigInteger, primary_key=True, autoincrement=False),
)


def _configure_sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection, which SQLAlchemy does not type
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def open_engine(url: str) -> sa.Engine:
    """An engine for ``url``, its schema brought up to date. Raises ``PlatformFailure`` when it cannot be opened."""
    try:
        engine = sa.create_engine(url)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _configure_sqlite)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise PlatformFailure(
            "The database %(url)s cannot be opened: %(why)s", url=sa.engine.make_url(url).render_as_string(), why=reason
        ) from None
    return engine


class SqlLog:
    """An ``EventLog`` in a database."""

    def __init__(self, engine: sa.Engine, clock: Clock, new_salt: NewSalt) -> None:
        self._engine, self._clock, self._new_salt = engine, clock, new_salt
        self._writer = threading.Lock()

    def create(self, header: Header) -> None:
        row = {"id": header.id, "created_at_ms": header.created_at_ms, "header": header.model_dump_json()}
        try:
            with self._writer, self._engine.begin() as connection:
                connection.execute(interviews_table.insert().values(row))
        except sa.exc.IntegrityError:
            raise BadInput("An interview with the id %(id)s exists already", id=header.id) from None

    def header(self, interview: str) -> Header:
        query = sa.select(interviews_table.c.header).where(interviews_table.c.id == interview)
        with self._engine.connect() as connection:
            text = connection.execute(query).scalar_one_or_none()
        if text is None:
            raise NotFound("There is no interview with the id %(id)s", id=interview)
        return Header.model_validate_json(text)

    def interviews(self) -> list[Header]:
        query = sa.select(interviews_table.c.header).order_by(interviews_table.c.created_at_ms.desc())
        with self._engine.connect() as connection:
            return [Header.model_validate_json(text) for text in connection.execute(query).scalars()]

    def append(self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None) -> list[Record]:
        header = self.header(interview)
        with self._writer:
            if key is not None and (known := self.find(interview, key)):
                return known
            try:
                with self._engine.begin() as connection:
                    return self._append(connection, header, drafts, key)
            except sa.exc.SQLAlchemyError as error:
                why = str(getattr(error, "orig", None) or error).splitlines()[0]
                raise PlatformFailure(
                    "The log could not be written (%(why)s). Nothing was recorded; try again.", why=why
                ) from None

    def _append(
        self, connection: sa.Connection, header: Header, drafts: Sequence[Draft], key: ClientKey | None
    ) -> list[Record]:
        last = connection.execute(
            sa.select(events_table.c.seq, events_table.c.hash, events_table.c.at_ms)
            .where(events_table.c.interview == header.id)
            .order_by(events_table.c.seq.desc())
            .limit(1)
        ).one_or_none()
        seq, previous, floor = (last.seq, last.hash, last.at_ms) if last else (0, genesis(header), 0)
        records = seal_all(previous, seq, max(self._clock(), floor), drafts, self._new_salt)
        if key is not None:
            connection.execute(
                keys_table.insert().values(interview=header.id, client_id=key.client_id, client_seq=key.client_seq)
            )
        rows = [
            {
                **record.model_dump(exclude={"payload"}),
                "payload": json.dumps(record.payload, ensure_ascii=True, separators=(",", ":")),
                "interview": header.id,
                "client_id": key.client_id if key else None,
                "client_seq": key.client_seq if key else None,
            }
            for record in records
        ]
        if rows:
            connection.execute(events_table.insert(), rows)
        return records

    def find(self, interview: str, key: ClientKey) -> list[Record]:
        return self._select(
            events_table.c.interview == interview,
            events_table.c.client_id == key.client_id,
            events_table.c.client_seq == key.client_seq,
        )

    def read(self, interview: str, after: int = 0) -> list[Record]:
        self.header(interview)
        return self._select(events_table.c.interview == interview, events_table.c.seq > after)

    def _select(self, *where: sa.ColumnElement[bool]) -> list[Record]:
        columns = [events_table.c[name] for name in Record.model_fields]
        query = sa.select(*columns).where(*where).order_by(events_table.c.seq)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            Record.model_construct(**{**row, "payload": None if row["payload"] is None else json.loads(row["payload"])})
            for row in rows
        ]
