"""What appending, reading and keeping a durable, chained log costs, beside bare SQLite with the same durability.

Owns those figures. The bare side of an append does the equal durable work: the same events as JSON, in a table of the same
columns and key, as many bytes to a row (it is handed hashes, and makes none), the same batches, WAL and ``synchronous=FULL``.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.measure import RUNS, Row, compare
from interviews import events as e
from interviews.keyframes import KEYFRAME_EDITS
from interviews.log import Draft, random_salts
from interviews.ndjson import write_log
from interviews.state import fold
from interviews.store import SqlLog, open_engine

BATCH = 100
BATCHES = 100
HOUR_EDITS = 9_500
HOUR_BATCH = 3  # what a page sends in one message: an edit every 0.4 s, gathered for 250 ms, and bursts
INTERVIEW = "b7c1f0e5a2d94c68"
COLUMNS = (
    "interview VARCHAR NOT NULL, seq BIGINT NOT NULL, at_ms BIGINT NOT NULL, actor VARCHAR NOT NULL, type VARCHAR NOT NULL, "
    "v INTEGER NOT NULL, cause BIGINT, payload TEXT, salt VARCHAR, payload_hash VARCHAR NOT NULL, hash VARCHAR NOT NULL"
)


def header(interview: str) -> e.Header:
    pin = e.ExercisePin(id="none", version=1, sha256="0" * 64, seed=1, title="None")
    settings = e.InterviewSettings(minutes=40, grace_s=60)
    return e.Header(id=interview, created_at_ms=0, candidate="Ada", exercise=pin, settings=settings)


def edits(count: int) -> list[Draft]:
    """Edits that put one letter each somewhere into one file that was empty."""
    chance, out = random.Random(1), []
    for version in range(1, count + 1):
        at, size = chance.randrange(version), version - 1
        changes = [*([at] if at else []), [0, chance.choice("etaoin(): ")], *([size - at] if size > at else [])]
        out.append(
            Draft("candidate", e.FileEdited(path="playlist/pick.py", version=version, changes=changes,
                                            origin="typed", client="candidate:3f9a1c"))
        )  # fmt: skip
    return out


def bare_store(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript(
        f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e ({COLUMNS}, PRIMARY KEY (interview, seq))"
    )
    return connection


def appends(folder: str, batches: Sequence[list[Draft]]) -> Iterator[Row]:
    names = itertools.count()
    engine = open_engine(f"sqlite:///{folder}/ours.db")
    log = SqlLog(engine, clock=lambda: 1_700_000_000_000, new_salt=random_salts())
    bare = bare_store(Path(folder, "bare.db"))
    digests = [hashlib.sha256(bytes([n])).hexdigest() for n in range(BATCH)]
    insert = f"INSERT INTO e VALUES ({', '.join('?' * 11)})"

    def ours() -> None:
        interview = f"{INTERVIEW}{next(names)}"
        log.create(header(interview))
        for batch in batches:
            log.append(interview, batch)

    def as_row(interview: str, seq: int, draft: Draft) -> tuple[object, ...]:
        payload, digest = json.dumps(draft.data.model_dump(), separators=(",", ":")), digests[seq % BATCH]
        return (
            interview, seq, 1_700_000_000_000, draft.actor, draft.data.type, 1, None, payload, digest[:32], digest, digest
        )  # fmt: skip

    def from_events() -> None:
        interview, seqs = f"{INTERVIEW}{next(names)}", itertools.count(1)
        for batch in batches:
            rows = [as_row(interview, next(seqs), draft) for draft in batch]
            with bare:
                bare.executemany(insert, rows)

    # Rows of which nothing is left to make, for each run.
    ready = iter([
        [[as_row(f"{INTERVIEW}r{run}", seq, draft) for seq, draft in enumerate(batch, start=first * BATCH)]
         for first, batch in enumerate(batches)]
        for run in range(RUNS)
    ])  # fmt: skip

    def from_rows() -> None:
        for rows in next(ready):
            with bare:
                bare.executemany(insert, rows)

    what, each = f"append an event, in batches of {BATCH}", BATCH * len(batches)
    yield compare(what, ours, from_events, each=each, target=2.0)
    yield compare(f"{what}, beside rows made beforehand", ours, from_rows, each=each)
    engine.dispose()
    bare.close()


def replay(folder: str, batches: Sequence[list[Draft]]) -> Row:
    engine = open_engine(f"sqlite:///{folder}/replay.db")
    log = SqlLog(engine, clock=lambda: 1_700_000_000_000, new_salt=random_salts())
    log.create(header(INTERVIEW))
    start = e.FileSnapshotted(path="playlist/pick.py", version=0, text="", size=0, sha256="0" * 64, origin="starter")
    for batch in ([Draft("system", start)], *batches):
        log.append(INTERVIEW, batch)
    lines = [record.model_dump_json() for record in log.read(INTERVIEW)]
    row = compare(
        "read an event and fold it into the state",
        lambda: fold(e.understand(record) for record in log.read(INTERVIEW)),
        lambda: [json.loads(line) for line in lines],
        each=len(lines),
    )
    engine.dispose()
    return row


def hour(folder: str) -> Row:
    """Bytes kept for an hour of work, its keyframes included, beside gzip of the same events as NDJSON."""
    path, at_ms = Path(folder, "hour.db"), itertools.count(1_700_000_000_000, 380)
    engine = open_engine(f"sqlite:///{path}")
    log = SqlLog(engine, clock=lambda: next(at_ms), new_salt=random_salts())
    empty = path.stat().st_size
    log.create(header(INTERVIEW))
    source = Path(__file__).read_text("utf-8")[:4_000]
    drafts = edits(HOUR_EDITS)
    for first in range(0, HOUR_EDITS, HOUR_BATCH):
        log.append(INTERVIEW, drafts[first : first + HOUR_BATCH])
        if first % KEYFRAME_EDITS < HOUR_BATCH:
            log.append(INTERVIEW, [Draft("system", e.FileSnapshotted(
                path="playlist/pick.py", version=first, text=source, size=len(source), sha256="0" * 64, origin="rebuild"
            ))])  # fmt: skip
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = path.stat().st_size - empty
    out = io.StringIO()
    write_log(out, log.header(INTERVIEW), log.read(INTERVIEW))
    packed = len(gzip.compress(out.getvalue().encode()))
    engine.dispose()
    kib = 1024
    what = f"bytes kept for an hour of {HOUR_EDITS} edits, beside gzip of its NDJSON"
    return Row(what, round(kept / kib, 1), "KiB", round(packed / kib, 1), round(kept / packed, 2), 5.0, "lower", 1)


def rows() -> list[Row]:
    drafts = edits(BATCH * BATCHES)
    batches = [drafts[first : first + BATCH] for first in range(0, len(drafts), BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        return [*appends(folder, batches), replay(folder, batches), hour(folder)]
