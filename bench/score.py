"""What scoring costs: of one long log, and of many that are stored.

Owns those figures. The bare side only parses: of each line it makes the record and its payload with pydantic's compiled core, the
models that the log is made of and nothing else, and keeps them in a list as a reader would. Neither side looks at the hash chain in
the first row; checking it is a row of its own, and is part of re-scoring. Re-scoring reads each interview from SQLite anew, checks
its chain, scores it and keeps the scorecard, in as many processes as the command uses on two cores; the bare side parses the same
interviews' lines in as many.
"""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from bench.measure import RUNS, Row, compare, row, seconds
from bench.parts.work import Work
from commands.rescore import keep, scored
from interviews import events as e
from interviews import exercises
from interviews.chain import verify
from interviews.collector import paused
from interviews.log import Draft, EventLog, MemoryLog, random_salts
from interviews.ndjson import read_log, stream_log, write_log
from interviews.store import Scorecards, SqlLog, open_engine
from rubrics import rubric as rubric_files
from rubrics.base import LogView
from rubrics.scoring import score

EVENTS_AN_HOUR = 11_400  # of the invented work
LONG, SHORT = 50_000, 5_000
STORED, INTERVIEWS = 50, 1_000
PROCESSES = 2
SETTLED = 100  # interviews after which a process has all in memory that it keeps
PLANTED, SOUND = 6, 10
_payloads: TypeAdapter[Any] = TypeAdapter(e.AnyPayload)


def work(log: EventLog, interview: str, events: int, now: list[int], seed: int = 1) -> None:
    """Write a log of about so many events: the work, then a review, its verdicts and what the hidden tests found."""
    someone = Work(events / EVENTS_AN_HOUR, seed)
    header = someone.header(interview)
    log.create(header)
    drafts: list[Draft] = []
    for at, some in someone.messages():
        if now[0] // 60_000 != at // 60_000 and drafts:
            log.append(interview, drafts)
            drafts = []
        now[0] = at
        drafts += some
    log.append(interview, [*drafts[:-3], *_reviewed(header), *drafts[-3:], _hidden()])


def _reviewed(header: e.Header) -> Iterator[Draft]:
    defects = exercises.load(header.exercise.id).spec.defects
    names = [f"h{number}" for number in range(PLANTED + SOUND)]
    hunks = tuple(
        e.Hunk(hunk=name, path="playlists/pick.py", base_version=1, line=1, before="", after=f"{name} = 1\n")
        for name in names
    )
    notes = tuple(
        e.HunkNote(hunk=name, defect=defects[at % len(defects)].id if at < PLANTED else None, lines=(1,))
        for at, name in enumerate(names)
    )
    yield Draft("system", e.ReviewOpened(review="v", title="A change", description="", folder="playlists", hunks=hunks))
    yield Draft("system", e.ReviewAnnotated(review="v", hunks=notes, defects=defects))
    for at, name in enumerate(names):
        doubts = at % 3 == 0
        verdict: e.Verdict = "block" if doubts else "merge"
        fault = "This is wrong: it breaks for an empty list" if doubts else ""
        yield Draft("candidate", e.HunkJudged(review="v", hunk=name, verdict=verdict, line=1, fault=fault))


def _hidden() -> Draft:
    tests = [{"id": f"hidden_tests/test_wish.py::test_{number}", "outcome": "passed"} for number in range(20)]
    return Draft("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))


def parse(lines: Iterable[str]) -> list[tuple[e.Record, object]]:
    """The bare side. Python's search for circles is paused as it is on ours: it would take most of the time."""
    out = []
    with paused():
        for line in lines:
            record = e.Record.model_validate_json(line)
            payload = {"type": record.type, "v": record.v, **(record.payload or {})}
            out.append((record, _payloads.validate_python(payload)))
    return out


def one_log(events: int = LONG, runs: int = RUNS) -> Iterator[Row]:
    now = [0]
    log = MemoryLog(lambda: now[0], random_salts())
    work(log, "a", events, now)
    out = io.StringIO()
    count = write_log(out, log.header("a"), log.read("a"))
    text, rubric = out.getvalue(), rubric_files.load()
    _, *lines = text.splitlines()

    def ours() -> None:
        score(LogView.of(*stream_log(io.StringIO(text))), rubric)

    # The tables of posteriors are made once a process, and by whichever scores first.
    ours()
    header, records = read_log(io.StringIO(text))
    bare = "beside parsing it with pydantic-core"
    yield compare(
        f"score a log of {count} events, {bare}, an event",
        ours,
        lambda: parse(lines),
        each=count,
        target=3.0,
        runs=runs,
    )
    yield compare(
        f"check the hash chain of a log of {count} events, {bare}, an event", lambda: verify(header, records),
        lambda: parse(lines), each=count, runs=runs,
    )  # fmt: skip


def parse_file(path: str) -> int:
    """The bare side of one stored interview."""
    with open(path, encoding="utf-8") as file:
        next(file)
        return len(parse(file))


def stored(folder: str, events: int, count: int) -> tuple[str, list[str], list[str]]:
    """Address of a database with so many interviews, their ids, and the same as files of NDJSON."""
    url, now = f"sqlite:///{folder}/pairsight.db", [0]
    engine = open_engine(url)
    log, ids, files = SqlLog(engine, lambda: now[0], random_salts()), [], []
    for number in range(count):
        ids.append(f"{number:016x}")
        work(log, ids[-1], events, now, seed=number)
        files.append(str(Path(folder, f"{number}.ndjson")))
        with open(files[-1], "w", encoding="utf-8") as file:
            write_log(file, log.header(ids[-1]), log.read(ids[-1]))
    engine.dispose()
    return url, ids, files


def many(
    folder: str, events: int = SHORT, there: int = STORED, interviews: int = INTERVIEWS, runs: int = RUNS
) -> Iterator[Row]:
    url, ids, files = stored(folder, events, there)
    wanted = list(itertools.islice(itertools.cycle(ids), interviews))
    engine, rubric = open_engine(url), rubric_files.load()
    kept = Scorecards(engine)
    early: list[float] = []
    late: list[float] = []

    def ours() -> None:
        for count, one in enumerate(keep(kept, rubric, scored(url, rubric, wanted, PROCESSES)), start=1):
            assert not one.why, one.why
            if count == SETTLED:
                early.append(_resident())
            elif count == interviews - SETTLED:  # before the processes that have nothing left to do end
                late.append(_resident())

    def bare() -> None:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, context) as pool:
            paths = itertools.islice(itertools.cycle(files), interviews)
            assert sum(pool.map(parse_file, paths, chunksize=4))

    taken = [(interviews / seconds(bare), interviews / seconds(ours)) for _ in range(runs)]
    engine.dispose()
    yield row(
        f"re-score {interviews} interviews of {events} events in {PROCESSES} processes, beside parsing them with pydantic-core",
        "interviews/s", [got for _, got in taken], [got for got, _ in taken], target=20.0, better="higher", bound="value",
    )  # fmt: skip
    yield row(
        f"memory of the largest process at the {interviews - SETTLED}th of them, beside that at the {SETTLED}th",
        "MiB",
        late,
        early,
        target=1.1,
    )


def _resident() -> float:
    """MiB of the largest of our processes."""
    sizes = [int(Path(f"/proc/{one.pid}/statm").read_text().split()[1]) for one in multiprocessing.active_children()]
    return max(sizes) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return [*one_log(), *many(folder)]
