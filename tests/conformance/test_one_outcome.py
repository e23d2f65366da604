"""One outcome feeds one scored indicator.

An outcome is what came of an act: a test's result, a verdict on a change, what an analysis found, a person's rating. Each is turned
over by itself in interviews that have all of them, and each test of each run in simulated ones of every style; the hits or
the count of one indicator may change and of no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from interviews import events as e
from interviews.ndjson import read_log
from rubrics import registry
from rubrics.base import Detection, LogView
from simulator.chance import anybody
from simulator.course import Request, simulate
from simulator.work import STYLES, Style
from tests.conformance.test_signals import RECORDS
from tests.golden.make import GROWN_REVIEWED, HEADER

OTHER = {"passed": "failed", "failed": "passed", "error": "passed", "skipped": "passed"}
VERDICT = {"block": "merge", "probably wrong": "probably right", "probably right": "probably wrong", "merge": "block"}


def counts(view: LogView) -> dict[str, tuple[tuple[int, int], ...]]:
    """Of every signal its hits and opportunities: of a detection those of flawed changes, then of sound ones."""
    found = {}
    for name in registry.signal_ids():
        reading = registry.signal(name).read(view)
        groups = [reading.defective, reading.good] if isinstance(reading, Detection) else [reading.opportunities]
        found[name] = tuple((sum(one.hit for one in group), len(group)) for group in groups)
    return found


@cache
def logs() -> list[tuple[e.Header, list[e.Record]]]:
    with GROWN_REVIEWED.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    covered = {"hunks": {"a3.1/a3.1.h1": {"lines": 2, "run": 2, "runs": ["r2"]}}, "unanswered": [], "left_out": 0}
    coverage = {"kind": "accepted_coverage", "result": covered, "key": "d4" * 32}
    last = RECORDS[-1]
    made = {"seq": last.seq + 1, "type": "analysis.recorded", "actor": "system", "payload": coverage}
    # Before the candidate takes back that it may be scored.
    return [(HEADER, [*RECORDS, last.model_copy(update=made)]), (header, records[:-1])]


def turned(record: e.Record) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each outcome that the record holds, turned over: what it is, and the payload with it."""
    payload = record.payload or {}
    match record.type:
        case "hunk.judged":
            yield payload["hunk"], {**payload, "verdict": VERDICT[payload["verdict"]]}
        case "explanation.rated":
            yield payload["question"], {**payload, "level": 6 - payload["level"]}
        case "run.finished":
            for at, test in enumerate(payload["tests"]):
                tests = [*payload["tests"]]
                tests[at] = {**test, "outcome": OTHER[test["outcome"]]}
                yield test["id"], {**payload, "tests": tests}
        case "analysis.recorded":
            for name, result in _analyses(payload["kind"], payload["result"]):
                yield name, {**payload, "result": result}


def _analyses(kind: str, result: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    match kind:
        case "hidden_tests":
            for at, test in enumerate(result["tests"]):
                tests = [*result["tests"]]
                tests[at] = {**test, "outcome": OTHER[test["outcome"]]}
                yield test["id"], {**result, "tests": tests}
        case "review_repairs":
            for name, one in result["hunks"].items():
                yield name, {**result, "hunks": {**result["hunks"], name: {**one, "repaired": not one["repaired"]}}}
        case "accepted_coverage":
            for name, one in result["hunks"].items():
                run = 0 if one["run"] else one["lines"]
                yield name, {**result, "hunks": {**result["hunks"], name: {**one, "run": run}}}
        case "own_tests":
            yield "mutants", {**result, "killed": 0 if result["killed"] else result["mutants"]}


def outcomes() -> list[tuple[str, int, int, str, dict[str, Any]]]:
    return [
        (f"{record.type} {record.seq} {name}", which, at, name, payload)
        for which, (_header, records) in enumerate(logs())
        for at, record in enumerate(records)
        for name, payload in turned(record)
    ]


def speaks(which: int, at: int) -> bool:
    """Whether this is a verdict on a change of the review, with words or with comments at the change."""
    records = [record for record in logs()[which][1] if record.payload]
    record = logs()[which][1][at]
    if record.type != "hunk.judged" or not record.payload:
        return False
    hunk = record.payload["hunk"]
    commented = any(one.type == "comment.added" and (one.payload or {})["hunk"] == hunk for one in records)
    return bool(record.payload.get("fault")) or commented


def moved(which: int, at: int, payload: dict[str, Any]) -> set[str]:
    header, records = logs()[which]
    other = [*records[:at], records[at].model_copy(update={"payload": payload}), *records[at + 1 :]]
    before, now = counts(LogView.of(header, records)), counts(LogView.of(header, other))
    return {name for name in before if before[name] != now[name]}


@pytest.mark.parametrize(
    ("which", "at", "name", "payload"), [one[1:] for one in outcomes()], ids=[one[0] for one in outcomes()]
)
def test_an_outcome_moves_one_indicator_at_most(which: int, at: int, name: str, payload: dict[str, Any]) -> None:
    found = moved(which, at, payload)
    if speaks(which, at):
        # Words that go with a doubt are a push-back, with "merge" they are none: the verdict is their occasion.
        found -= {"specificity"}
    assert len(found) <= 1


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("seed", [0, 3, 22])
def test_no_test_of_a_run_moves_two_indicators_in_any_style(seed: int, style: Style) -> None:
    made = simulate(Request(seed, anybody(seed), style=style))
    whole = LogView.of(made.header, made.records)
    before = counts(whole)
    fed = set()
    for at, record in enumerate(made.records):
        for test, payload in turned(record) if record.type == "run.finished" else ():
            events = [*whole.events]
            events[at] = e.understand(record.model_copy(update={"payload": payload}))
            now = counts(LogView(made.header, events))
            found = {name for name in before if before[name] != now[name]}
            assert len(found) <= 1, (record.seq, test)
            fed |= found
    assert fed


def test_every_kind_of_outcome_moves_the_one_that_it_feeds() -> None:
    feeds = {
        (logs()[which][1][at].type, (logs()[which][1][at].payload or {}).get("kind", "")): set[str]()
        for _, which, at, _, _ in outcomes()
    }
    for _, which, at, _, payload in outcomes():
        record = logs()[which][1][at]
        feeds[record.type, (record.payload or {}).get("kind", "")] |= moved(which, at, payload)
    # Specificity by what was said with it alone.
    assert feeds["hunk.judged", ""] - {"specificity"} == {"defect_detection"}
    assert feeds["analysis.recorded", "review_repairs"] <= {"defect_detection"}
    assert feeds["analysis.recorded", "accepted_coverage"] == {"verified_before_submit"}
    assert feeds["analysis.recorded", "own_tests"] == {"own_test_strength"}
    assert feeds["explanation.rated", ""] == {"explain_back"}
    assert feeds["analysis.recorded", "hidden_tests"] == {"defect_detection", "requirement_coverage", "hidden_tests"}
    assert feeds["run.finished", ""] <= {"productive_follow_up", "fix_yield", "loops"}
    assert feeds["run.finished", ""]
