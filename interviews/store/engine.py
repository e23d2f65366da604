"""Opening the database: its settings, its schema, and how a transaction that writes begins.

Owns what SQLite and PostgreSQL differ in. Invariant: a commit is durable when it returns (SQLite in WAL mode with
``synchronous=FULL``, PostgreSQL with ``synchronous_commit=on``), and every wait for the database is bounded. Leaves
out the tables (``tables``) and their use (``sql``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from interviews.errors import PlatformFailure

WAIT_S = 10
MIGRATIONS = Path(__file__).parents[1] / "migrations"
MIGRATION_LOCK = 0x7061697273  # any number that all of our processes agree on


def reason(error: BaseException) -> str:
    """The database's own words, one line."""
    return (str(getattr(error, "orig", None) or error).strip().splitlines() or [type(error).__name__])[0]


def open_engine(url: str, wait_s: float = WAIT_S) -> sa.Engine:
    """An engine for a SQLAlchemy ``url``, its schema brought up to date.

    ``wait_s``: seconds that one statement may take, other processes' transactions included. Raises ``PlatformFailure``
    when the database cannot be opened or cannot hold Unicode.
    """
    try:
        engine = _engine(sa.engine.make_url(url), wait_s)
        migrate(engine)
    except (sa.exc.SQLAlchemyError, ImportError) as error:
        raise PlatformFailure(
            "The database %(url)s cannot be opened: %(why)s", url=_printable(url), why=reason(error)
        ) from None
    return engine


def migrate(engine: sa.Engine, revision: str = "head") -> None:
    """Bring the schema to ``revision`` in one transaction; of several processes that start at once, one does it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection:
        begin_writing(connection)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def begin_writing(connection: sa.Connection, wait_s: float | None = None) -> None:
    """Begin the connection's transaction as one that will write.

    SQLite takes its one write lock now: a transaction that reads first and then finds another writer cannot go on.
    ``wait_s``: seconds that one statement of it may take on PostgreSQL, in place of the engine's.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif wait_s is not None:
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, round(wait_s * 1000))}")


def write_nothing(connection: sa.Connection) -> None:
    """Have the transaction write to the disk what changes nothing: only that shows a disk that is full or gone."""
    if connection.dialect.name == "sqlite":
        kept = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {int(kept)}")
    else:
        connection.exec_driver_sql("SELECT pg_logical_emit_message(true, 'pairsight', '')")


def forget_overwritten(connection: sa.Connection) -> bool:
    """Take what was overwritten out of SQLite's write-ahead log too; PostgreSQL does so when it vacuums.

    False where somebody still reads what it was. Nobody waits for them: meanwhile nobody could write.
    """
    if connection.dialect.name != "sqlite":
        return True
    wait_ms = int(connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one())
    connection.exec_driver_sql("PRAGMA busy_timeout = 100")
    try:
        busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {wait_ms}")
    return not busy


def _engine(url: sa.URL, wait_s: float) -> sa.Engine:
    backend = url.get_backend_name()
    if backend == "sqlite":
        engine = sa.create_engine(url, connect_args={"timeout": wait_s})
        sa.event.listen(engine, "connect", _configure_sqlite)
    elif backend == "postgresql":
        settings = {
            "synchronous_commit": "on",
            "statement_timeout": round(wait_s * 1000),
            # One that is frozen in the middle of a commit must not keep those who wait for its locks, and wait as long.
            "idle_in_transaction_session_timeout": round(wait_s * 500),
        }
        given = {
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            "client_encoding": "utf8",
            "connect_timeout": WAIT_S,
            "tcp_user_timeout": WAIT_S * 1000,
        }
        # Asked before use: a server that was restarted meanwhile costs nobody an append.
        engine = sa.create_engine(url, connect_args=given, pool_pre_ping=True)
        sa.event.listen(engine, "connect", _require_unicode)
    else:
        raise PlatformFailure("Expected a database of SQLite or PostgreSQL, got %(url)s", url=_printable(url))
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, and not before a change of the schema.
    connection.isolation_level = None
    # What is erased is overwritten, not only unlinked.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _require_unicode(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise PlatformFailure("Expected a database in UTF8, got one in %(got)s", got=encoding)


def _printable(url: str | sa.URL) -> str:
    try:
        return sa.engine.make_url(url).render_as_string()
    except sa.exc.ArgumentError:
        return str(url)
