"""What appending and reading a durable, chained log costs, beside bare SQLite with the same durability."""

from __future__ import annotations

import itertools
import json
import sqlite3
import tempfile
from pathlib import Path

from bench.measure import Row, compare
from interviews import events as e
from interviews.log import Draft
from interviews.state import fold
from interviews.store import SqlLog, open_engine

BATCH = 10
BATCHES = 40


def header(interview: str) -> e.Header:
    pin = e.ExercisePin(id="none", version=1, sha256="0" * 64, seed=1, title="None")
    settings = e.InterviewSettings(minutes=40, grace_s=60)
    return e.Header(id=interview, created_at_ms=0, candidate="Ada", exercise=pin, settings=settings)


def drafts(first: int) -> list[Draft]:
    """Edits that append one letter each to one file."""
    return [
        Draft("candidate", e.FileEdited(path="a.py", version=v, changes=[v - 1, [0, "x"]] if v > 1 else [[0, "x"]],
                                        origin="typed", client="c1"))
        for v in range(first, first + BATCH)
    ]  # fmt: skip


def bare_store(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e (i TEXT, seq INT, data TEXT)"
    )
    return connection


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        bare = bare_store(Path(folder) / "bare.db")
        names, salts = itertools.count(), itertools.count()
        engine = open_engine(f"sqlite:///{folder}/ours.db")
        log = SqlLog(engine, clock=lambda: 0, new_salt=lambda: f"{next(salts):032x}")

        def append_ours() -> None:
            interview = f"i{next(names)}"
            log.create(header(interview))
            for batch in range(BATCHES):
                log.append(interview, drafts(1 + batch * BATCH))

        def append_bare() -> None:
            for batch in range(BATCHES):
                with bare:
                    lines = [(str(i), json.dumps(d.data.model_dump())) for i, d in enumerate(drafts(1 + batch * BATCH))]
                    bare.executemany("INSERT INTO e VALUES ('i', ?, ?)", lines)

        append = compare("append an event, in batches of 10", append_ours, append_bare, each=BATCH * BATCHES)

        start = e.FileSnapshotted(path="a.py", version=0, text="", size=0, sha256="0" * 64, origin="starter")
        log.create(header("replayed"))
        log.append("replayed", [Draft("system", start)])
        for batch in range(BATCHES):
            log.append("replayed", drafts(1 + batch * BATCH))
        lines = [record.model_dump_json() for record in log.read("replayed")]

        replay = compare(
            "read an event and fold it into the state",
            lambda: fold(e.understand(record) for record in log.read("replayed")),
            lambda: [json.loads(line) for line in lines],
            each=BATCH * BATCHES,
        )
        engine.dispose()
        bare.close()
        return [append, replay]
