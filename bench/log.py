"""What keeping a durable, chained log costs, and finding a moment in it again.

Owns those figures. The bare side of an append is raw SQLite with the same durability: it is given the same events as plain
values, makes JSON of them and writes them in the same batches into a table of the same columns and key, as many bytes to a row.
It is handed hashes and makes none, checks nothing and asks for no lease. A second row is handed the rows themselves: what is left
then is the database's work alone.
"""

from __future__ import annotations

import gc
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

from bench.measure import RUNS, Row, compare, compare_rates, p95, row
from bench.parts.chromium import chromium, replay_page, seek_last, seeks
from bench.parts.serve import served
from bench.parts.work import Work
from interviews import events as e
from interviews.fold import fold
from interviews.log import Draft, random_salts
from interviews.ndjson import write_log
from interviews.store import SqlLog, open_engine

BATCH = 100
BATCHES = 100
APPENDS = 9  # runs of a third of a second each: a neighbour's disk is felt for longer than one
HOURS = 2
SEEKS = 100
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

    def as_row(interview: str, seq: int, actor: str, type_: str, payload: dict[str, e.Json]) -> tuple[object, ...]:
        digest = digests[seq % BATCH]
        return (
            interview, seq, 1_700_000_000_000, actor, type_, 1, None, json.dumps(payload), digest[:32], digest, digest
        )  # fmt: skip

    plain = [[(draft.actor, draft.data.type, e.dump_payload(draft.data)) for draft in batch] for batch in batches]

    def from_events() -> None:
        interview, seqs = f"{INTERVIEW}{next(names)}", itertools.count(1)
        for batch in plain:
            rows = [as_row(interview, next(seqs), *event) for event in batch]
            with bare:
                bare.executemany(insert, rows)

    # Rows of which nothing is left to make, for each run.
    ready = iter([
        [[as_row(f"{INTERVIEW}r{run}", seq, *event) for seq, event in enumerate(batch, start=first * BATCH)]
         for first, batch in enumerate(plain)]
        for run in range(APPENDS)
    ])  # fmt: skip

    def from_rows() -> None:
        for rows in next(ready):
            with bare:
                bare.executemany(insert, rows)

    # What stands ready for the bare side is not for the collector to walk through while ours is timed.
    gc.collect()
    gc.freeze()
    what, each = f"durable events through the log port, in batches of {BATCH}", BATCH * len(batches)
    yield compare_rates(f"{what}, beside raw sqlite3", ours, from_events, each=each, target=0.5, runs=APPENDS)
    yield compare_rates(
        f"{what}, beside raw sqlite3 given rows made beforehand", ours, from_rows, each=each, runs=APPENDS
    )
    gc.unfreeze()
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
    kept, packed, now = [], [], [0]
    for run in range(RUNS):
        path, work = Path(folder, f"hour{run}.db"), Work(1, seed=run)
        engine = open_engine(f"sqlite:///{path}")
        log = SqlLog(engine, clock=lambda: now[0], new_salt=random_salts())
        empty = path.stat().st_size
        log.create(work.header(INTERVIEW))
        work.write(log, INTERVIEW, now)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        kept.append((path.stat().st_size - empty) / 1024)
        out = io.StringIO()
        write_log(out, log.header(INTERVIEW), log.read(INTERVIEW))
        packed.append(len(gzip.compress(out.getvalue().encode())) / 1024)
        engine.dispose()
    return row("kept for an hour of work, beside gzip of its NDJSON", "KiB", kept, packed, target=5.0)


def seek(folder: str) -> Row:
    """From ``seek`` on the replay page until the moment is drawn, anywhere in two hours; beside the same in a log of nothing."""
    values, baselines, chance = [], [], random.Random(1)
    with served("product", Path(folder, "replay"), interviews=1, hours=HOURS) as product, chromium() as browser:
        empty, recorded = (links["interviewer"] for links in product.links)
        with replay_page(browser, recorded) as long, replay_page(browser, empty) as bare:
            last = seek_last(long)
            for _ in range(RUNS):
                baselines.append(p95(seeks(bare, [0] * SEEKS)) * 1000)
                values.append(p95(seeks(long, [chance.randint(1, last) for _ in range(SEEKS)])) * 1000)
    what = f"p95 of a seek to any moment of {HOURS} hours in the browser, beside an empty log"
    return row(what, "ms", values, baselines, target=100.0, bound="value")


def rows() -> list[Row]:
    drafts = edits(BATCH * BATCHES)
    batches = [drafts[first : first + BATCH] for first in range(0, len(drafts), BATCH)]
    with tempfile.TemporaryDirectory() as folder:
        return [*appends(folder, batches), replay(folder, batches), seek(folder), hour(folder)]
