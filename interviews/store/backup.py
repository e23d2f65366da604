"""A copy of all there is, taken while the server writes, and put back where nothing is.

Owns the folder of a backup: the database, the key that signs links, and a manifest of what they hold. Invariant: such a folder
appears whole or not at all; what is restored is what was backed up, event by event, and overwrites nothing. For SQLite;
PostgreSQL has its own tools. Leaves out when, and how many are kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, ValidationError

from interviews.chain import verify
from interviews.errors import BadInput, LogCorrupt, NotFound, PlatformFailure
from interviews.store import tables as t
from interviews.store.engine import WAIT_S, open_engine
from interviews.store.sql import SqlLog

DATABASE, KEY, MANIFEST = "pairsight.db", "secret_key", "manifest.json"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kept(_Value):
    """An interview in a backup: its events, the hash of the last one, and what is wrong with their chain ("" for nothing)."""

    id: str
    events: int
    head: str
    broken: str = ""


class Manifest(_Value):
    """What a backup holds. ``sha256`` is by file name, ``made_at_ms`` Unix time."""

    format: Literal["pairsight-backup"] = "pairsight-backup"
    version: Literal[1] = 1
    made_at_ms: int
    sha256: dict[str, str]
    interviews: tuple[Kept, ...]

    @property
    def events(self) -> int:
        """How many there are in all."""
        return sum(one.events for one in self.interviews)


def back_up(url: str, key: Path, folder: Path, now_ms: int) -> Manifest:
    """Copy database and key into a new ``folder``, as they are at one moment between now and the end.

    The server may run and write. Raises ``BadInput`` for a folder that is not new or another database than SQLite,
    ``NotFound`` where there is nothing, ``PlatformFailure`` where the copy cannot be made.
    """
    database = _sqlite(url, folder)
    for needed in (database, key):
        if not needed.is_file():
            raise NotFound("Expected something to back up, got no %(path)s", path=needed)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput("Expected a new folder for the backup, got one that is there already: %(path)s", path=folder)
    with _failing_plainly("The backup could not be made: %(why)s"), _beside(folder) as made:
        _copy(database, made / DATABASE)
        shutil.copyfile(key, made / KEY)
        kept = _survey(made / DATABASE)
        digests = {name: _digest(made / name) for name in (DATABASE, KEY)}
        manifest = Manifest(made_at_ms=now_ms, sha256=digests, interviews=kept)
        (made / MANIFEST).write_text(manifest.model_dump_json(indent=1) + "\n", "utf-8")
        for name in (DATABASE, KEY, MANIFEST):
            (made / name).chmod(0o600)
            _to_disk(made / name)
        made.rename(folder)
        _to_disk(folder.absolute().parent)
    return manifest


def restore(folder: Path, data: Path) -> Manifest:
    """Put a backup into the data folder ``data``, where there must be neither database nor key.

    Raises ``BadInput`` for a folder that is no whole backup or a place that is taken; then ``data`` is as it was.
    """
    manifest = read_manifest(folder)
    for name in (DATABASE, DATABASE + "-wal", DATABASE + "-shm", KEY):
        if (data / name).exists():
            raise BadInput("Expected a data folder with nothing in it yet, got one with %(path)s", path=data / name)
    for name in (DATABASE, KEY):
        if not (folder / name).is_file() or _digest(folder / name) != manifest.sha256.get(name):
            raise BadInput("Expected %(path)s as it was backed up, got another or none", path=folder / name)
    with _failing_plainly("The backup could not be restored: %(why)s"), _beside(data / DATABASE) as made:
        for name in (DATABASE, KEY):
            shutil.copyfile(folder / name, made / name)
            (made / name).chmod(0o600)
        if _survey(made / DATABASE, let_go=True) != manifest.interviews:
            raise BadInput("Expected the interviews that the manifest of %(path)s names, got others", path=folder)
        # The database last: with it, the folder counts. A link never overwrites.
        for name in (KEY, DATABASE):
            _to_disk(made / name)
            os.link(made / name, data / name)
        _to_disk(data)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Raises ``BadInput`` where there is none that this version understands."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError):
        raise BadInput("Expected a backup with a %(name)s in %(path)s, got none", name=MANIFEST, path=folder) from None


def _sqlite(url: str, folder: Path) -> Path:
    parsed = sa.engine.make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database)
    plain = sa.URL.create(
        parsed.get_backend_name(), parsed.username, None, parsed.host, parsed.port, parsed.database, parsed.query
    )
    raise BadInput(
        "The log is not in SQLite. Use its database's own tool, and copy the secret key: "
        'pg_dump --format=custom --file=%(file)s --dbname="%(url)s"',
        file=folder / "pairsight.dump", url=plain.render_as_string(),
    )  # fmt: skip


def _copy(database: Path, copy: Path) -> None:
    """The database as it is at one moment; whoever writes meanwhile is not kept waiting."""
    with (
        contextlib.closing(sqlite3.connect(database, timeout=WAIT_S)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        _whole(target)


def _whole(connection: sqlite3.Connection) -> None:
    """Have all of a database in its one file."""
    connection.execute("PRAGMA journal_mode=DELETE")
    found = connection.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise PlatformFailure("The copied database is damaged: %(why)s", why=found)


def _survey(database: Path, *, let_go: bool = False) -> tuple[Kept, ...]:
    """What a copy holds, oldest first; ``let_go``: nobody leads any of it any more."""
    engine = open_engine(f"sqlite:///{database.absolute()}")
    try:
        log = SqlLog(engine, lambda: 0, lambda: "")
        kept: list[Kept] = []
        for header in sorted(log.interviews(), key=lambda header: (header.created_at_ms, header.id)):
            records = log.read(header.id)
            broken = ""
            try:
                verify(header, records)
            except LogCorrupt as error:
                broken = str(error)
            kept.append(
                Kept(id=header.id, events=len(records), head=records[-1].hash if records else "", broken=broken)
            )
        if let_go:
            with engine.begin() as connection:
                connection.execute(t.interviews.update().values(lease_owner=None))
    finally:
        engine.dispose()
    with contextlib.closing(sqlite3.connect(database)) as connection:
        _whole(connection)
    return tuple(kept)


@contextlib.contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A folder next to ``place``, nobody else's to read, that is gone afterwards unless it was renamed."""
    parent = place.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".pairsight-", dir=parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextlib.contextmanager
def _failing_plainly(sentence: str) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, sa.exc.SQLAlchemyError) as error:
        raise PlatformFailure(sentence, why=str(error).splitlines()[0]) from None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
