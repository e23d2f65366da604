"""What went well is facts of the log, and nothing where there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from app import create_app
from interviews import events as e
from interviews.fold import fold
from interviews.settings import Settings
from web.wentwell import facts

Outcome = Literal["passed", "failed"]


def told(tmp_path: Path, *payloads: e.AnyPayload) -> list[str]:
    events = [
        e.Event(seq=seq, at_ms=seq, actor="system", type=data.type, cause=None, data=data)
        for seq, data in enumerate(payloads, 1)
    ]
    with create_app(Settings(data=tmp_path)).test_request_context():
        return facts(fold(events), events)


def run(name: str, **outcomes: Outcome) -> tuple[e.RunStarted, e.RunFinished]:
    tests = tuple(e.TestResult(id=id_, outcome=outcome) for id_, outcome in outcomes.items())
    finished = e.RunFinished(run=name, exit_code=0, tests=tests, output="", timed_out=False, duration_ms=1)
    return e.RunStarted(run=name, files={}), finished


def item(
    outcome: Literal["not shown", "rejected", "submitted", "named", "doubted", "let through", "not judged"],
) -> e.DebriefItem:
    return e.DebriefItem(defect="d", title="t", explanation="", fix="", outcome=outcome)


@pytest.mark.parametrize(
    "payloads",
    [
        (),
        run("r1", a="failed"),
        (e.DebriefShown(items=(item("submitted"), item("let through"), item("not judged"), item("not shown"))),),
        (e.AnalysisRecorded(kind="hidden_tests", result={"failed": "no place", "tests": [], "passed": 0, "total": 0}),),
    ],
)
def test_where_nothing_went_well_nothing_is_said(tmp_path: Path, payloads: tuple[e.AnyPayload, ...]) -> None:
    assert told(tmp_path, *payloads) == []


def test_tests_that_came_right_are_told_by_the_last_run(tmp_path: Path) -> None:
    first, last = run("r1", a="failed", b="passed"), run("r2", a="passed", b="passed")
    assert told(tmp_path, *first, *last) == [
        "In your last test run all tests passed.",
        "A test that had failed before passed in your last run.",
    ]
    assert told(tmp_path, *last, *first) == []


def test_mistakes_that_were_not_met_or_judged_count_neither_way(tmp_path: Path) -> None:
    items = tuple(map(item, ("named", "doubted", "rejected", "let through", "not judged", "not shown")))  # type: ignore[arg-type]  # map forgets the literals
    assert told(tmp_path, e.DebriefShown(items=items)) == [
        "Of 4 planted mistakes that you gave a verdict on, you kept 3 out, mended or doubted them."
    ]


def test_sound_pieces_that_were_let_in_are_told(tmp_path: Path) -> None:
    hunks = tuple(
        e.Hunk(hunk=f"v{n}", path="a.py", base_version=0, line=n, before="", after="x\n") for n in range(1, 5)
    )
    notes = tuple(e.HunkNote(hunk=f"v{n}", defect="d" if n == 1 else None) for n in range(1, 5))
    verdicts: tuple[e.Verdict, ...] = ("merge", "merge", "block")
    judged = [e.HunkJudged(review="r", hunk=f"v{n}", verdict=verdict) for n, verdict in enumerate(verdicts, 1)]
    opened = e.ReviewOpened(review="r", title="", description="", folder="review", hunks=hunks)
    words = told(tmp_path, opened, e.ReviewAnnotated(review="r", hunks=notes, defects=()), *judged)
    assert words == ["Of 2 sound pieces of the review that you gave a verdict on, you let 1 in."]
