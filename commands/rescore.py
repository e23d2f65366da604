"""``pairsight rescore``: all interviews that are over, scored under a rubric, beside what they were scored before.

Owns its words and how the work is shared among processes. Invariant: nothing that was scored is replaced; an interview that cannot
be scored is named and left out, the others are scored, and the exit code is 1. One interview a process is in memory, however many
there are. Leaves out scoring (``rubrics.scoring``) and keeping (``interviews.store.scorecards``).
"""

from __future__ import annotations

import csv
import gc
import json
import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

import click

from interviews.errors import BadInput, PairsightError, PlatformFailure
from interviews.events import Json, Record
from interviews.scorecards import Kept
from interviews.settings import read_settings
from interviews.store import Scorecards, open_engine
from rubrics import rubric as rubric_files
from rubrics.base import LogView
from rubrics.exports.csv import cell
from rubrics.rubric import Rubric
from rubrics.scoring import score
from wiring import now_ms, require_database

FEW = 20
AHEAD = 4  # interviews a process that are handed out before those in front of them are written down
AT_ONCE = 25  # scorecards in one transaction
READINGS = ("level", "low", "high", "status")
COLUMNS = (
    "interview", "exercise", "dimension", *(f"old_{name}" for name in READINGS), "old_rubric", "old_rubric_version",
    *(f"new_{name}" for name in READINGS), "new_rubric", "new_rubric_version", "new_rubric_sha256", "events", "head_hash",
)  # fmt: skip


class Scored(NamedTuple):
    """What came of one interview: its scorecard and the newest one in its log, or ``why`` there is none."""

    interview: str
    exercise: str = ""
    new: dict[str, Json] | None = None
    old: dict[str, Json] | None = None
    events: int = 0
    why: str = ""


@click.command("rescore")
@click.option("--rubric", "name", required=True, metavar="ID|FILE", help="The rubric to score under.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the comparison as CSV too.")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="How many work at it; otherwise as many as there are cores."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON; progress goes to stderr.")
def rescore_command(name: str, out: Path | None, processes: int | None, as_json: bool) -> None:
    """Score every interview that is over under a rubric, and say what it was before.

    New scorecards are kept beside the old ones, which stay.

    \b
    Example: pairsight rescore --rubric standard
             pairsight rescore --rubric ours.yaml --out compared.csv --json
    """
    rubric = rubric_files.find(name)
    settings = read_settings(os.environ)
    require_database(settings, name)
    kept = Scorecards(open_engine(settings.database_url))
    ids = kept.finished()
    # Of few, one process has scored them before another has begun.
    wanted = processes or (len(os.sched_getaffinity(0)) if len(ids) > FEW else 1)
    skipped: list[Scored] = []
    with ExitStack() as stack:
        told = stack.enter_context(_Told(rubric, as_json))
        table = stack.enter_context(_table(out)) if out else None
        bar = stack.enter_context(click.progressbar(length=len(ids), label=rubric.id, file=sys.stderr))
        for one in keep(kept, rubric, scored(settings.database_url, rubric, ids, wanted)):
            bar.update(1)
            if one.why:
                skipped.append(one)
                continue
            rows = compared(one)
            told.add(one, rows)
            if table is not None:
                table.writerows([cell(value) for value in row] for row in _lines(one, rows))
        told.end(len(ids) - len(skipped), skipped)
    if skipped:
        sys.exit(1)


def scored(url: str, rubric: Rubric, ids: list[str], processes: int) -> Iterator[Scored]:
    """What comes of each interview in the database ``url``, in order.

    Raises ``PlatformFailure`` where a process ends on its own.
    """
    if processes == 1:
        _begin(url, rubric)
        yield from map(score_one, ids)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, _begin_alone, (url, rubric)) as pool:
        waiting: deque[Future[Scored]] = deque()
        rest = iter(ids)
        try:
            while True:
                waiting.extend(pool.submit(score_one, id_) for id_ in islice(rest, processes * AHEAD - len(waiting)))
                if not waiting:
                    return
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise PlatformFailure("A process that scored ended on its own: %(why)s", why=error) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_at_work: tuple[Scorecards, Rubric] | None = None
_done = 0


def _begin(url: str, rubric: Rubric) -> None:
    """What a process needs for all the interviews that it will score."""
    global _at_work
    _at_work = Scorecards(open_engine(url)), rubric


def _begin_alone(url: str, rubric: Rubric) -> None:
    """The same in a process that does nothing else: what is there now stays to its end, and need not be searched for circles."""
    _begin(url, rubric)
    gc.freeze()


def score_one(interview: str) -> Scored:
    """One interview, read from the database and scored."""
    global _done
    assert _at_work is not None  # a process begins before it is handed anything
    kept, rubric = _at_work
    # Events by the thousand, none of them in a circle: to look for those again and again takes a third of the time.
    _done += 1
    if _done % AT_ONCE == 0:
        gc.collect()
    gc.disable()
    try:
        header = kept.header(interview)
        seen = _Seen()
        log = LogView.of(header, seen.passing(kept.records(header)))
        card = score(log, rubric).model_dump(mode="json")
        return Scored(interview, header.exercise.id, card, seen.card, len(log.events))
    except PairsightError as error:
        return Scored(interview, why=str(error))
    except Exception as error:  # one log that nobody foresaw must not cost the others their scores
        return Scored(interview, why=f"{type(error).__name__}: {error}")
    finally:
        gc.enable()


class _Seen:
    """The newest scorecard among records that pass by."""

    card: dict[str, Json] | None = None

    def passing(self, records: Iterable[Record]) -> Iterator[Record]:
        for record in records:
            if record.type == "score.recorded":
                self.card = (record.payload or {}).get("scorecard")
            yield record


def keep(kept: Scorecards, rubric: Rubric, found: Iterable[Scored]) -> Iterator[Scored]:
    """Each after it is kept, or with why it is not."""
    rest = iter(found)
    while some := list(islice(rest, AT_ONCE)):
        cards = [
            Kept(
                interview=one.interview, rubric_sha256=rubric.ref.sha256, head_hash=one.new["log"]["head_hash"],
                events=one.events, scored_at_ms=now_ms(), scorecard=one.new,
            )
            for one in some
            if one.new is not None
        ]  # fmt: skip
        late = set(kept.add(cards))
        for one in some:
            yield Scored(one.interview, why=_LATE) if one.interview in late else one


_LATE = "Something was taken out of it while it was scored; score it again"


def compared(one: Scored) -> list[dict[str, Json]]:
    """Of each dimension what it was and what it is; null where a scorecard has none of that name."""
    old, new = (_readings(card) for card in (one.old, one.new))
    return [{"id": id_, "old": old.get(id_), "new": new.get(id_)} for id_ in dict.fromkeys([*new, *old])]


def _readings(card: dict[str, Json] | None) -> dict[str, dict[str, Json]]:
    dimensions = (card or {}).get("dimensions")
    return {
        str(one.get("id")): {"level": one.get("level"), "ci95": one.get("ci95"), "status": one.get("status")}
        for one in (dimensions if isinstance(dimensions, list) else ())
        if isinstance(one, dict)
    }


def _rubric_of(card: dict[str, Json] | None) -> dict[str, Json]:
    found = (card or {}).get("rubric")
    return found if isinstance(found, dict) else {}


def _lines(one: Scored, rows: list[dict[str, Json]]) -> Iterator[list[Json]]:
    old, new = _rubric_of(one.old), _rubric_of(one.new)
    log = (one.new or {})["log"]
    for row in rows:
        told = [
            [side.get("level"), *(side.get("ci95") or (None, None)), side.get("status")]
            for side in (row["old"] or {}, row["new"] or {})
        ]
        yield [
            one.interview, one.exercise, row["id"], *told[0], old.get("id"), old.get("version"), *told[1], new.get("id"),
            new.get("version"), new.get("sha256"), log["events"], log["head_hash"],
        ]  # fmt: skip


class _table:
    """The CSV file that comparisons are written to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Any:
        try:
            self._file: IO[str] = self._path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise BadInput(
                "Expected a file to write to, got %(path)s: %(why)s", path=self._path, why=error.strerror
            ) from None
        rows = csv.writer(self._file, lineterminator="\r\n")
        rows.writerow(COLUMNS)
        return rows

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _Told:
    """What is printed, interview by interview: nothing of it is kept."""

    def __init__(self, rubric: Rubric, as_json: bool) -> None:
        self._rubric, self._json, self._first = rubric, as_json, True

    def __enter__(self) -> _Told:
        if self._json:
            click.echo(f'{{"rubric": {json.dumps(self._rubric.ref.model_dump())}, "interviews": [', nl=False)
        return self

    def __exit__(self, *_: object) -> None:
        sys.stdout.flush()

    def add(self, one: Scored, rows: list[dict[str, Json]]) -> None:
        if self._json:
            told = {
                "id": one.interview, "exercise": one.exercise, "events": one.events,
                "head_hash": (one.new or {})["log"]["head_hash"], "old_rubric": _rubric_of(one.old) or None,
                "dimensions": rows,
            }  # fmt: skip
            click.echo(("" if self._first else ",") + "\n" + json.dumps(told, ensure_ascii=False), nl=False)
            self._first = False
            return
        click.echo(f"{one.interview} ({one.exercise})")
        for row in rows:
            click.echo(f"  {row['id']}: {_said(row['old'])} → {_said(row['new'])}")

    def end(self, count: int, skipped: list[Scored]) -> None:
        if self._json:
            left_out = [{"id": one.interview, "why": one.why} for one in skipped]
            click.echo(f'\n], "scored": {count}, "skipped": {json.dumps(left_out, ensure_ascii=False)}}}')
        else:
            click.echo(f"Scored {count} interviews under {self._rubric.id} version {self._rubric.version}.")
        for one in skipped:
            click.echo(f"! {one.interview} was left out: {one.why}", err=True)


def _said(reading: dict[str, Json] | None) -> str:
    if reading is None:
        return "none"
    level, interval = reading["level"], reading["ci95"]
    words = str(reading["status"]).replace("_", " ")
    return (
        words + (f", level {level}" if level else "") + (f" [{interval[0]:.2f}, {interval[1]:.2f}]" if interval else "")
    )
