"""Interviews scored again under another rubric: side by side, whoever is bad left out, and gone with what is taken out."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from app import create_app, invitation, main
from interviews import events as e
from interviews import exercises
from interviews.log import Draft
from interviews.ndjson import read_log
from interviews.settings import Settings
from interviews.store import Scorecards, SqlLog, backup, open_engine
from interviews.store import tables as t
from rubrics import rubric as rubric_files
from tests.golden.make import LOG
from tests.judging import form
from tests.support import counting_salt, ticking_clock
from wiring import score_records

OTHER = "platform_team"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAIRSIGHT_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def log(data: Path) -> Iterator[SqlLog]:
    engine = open_engine(f"sqlite:///{data}/pairsight.db")
    yield SqlLog(engine, ticking_clock(), counting_salt())
    engine.dispose()


@pytest.fixture
def kept(data: Path, log: SqlLog) -> Iterator[Scorecards]:
    engine = open_engine(f"sqlite:///{data}/pairsight.db")
    yield Scorecards(engine)
    engine.dispose()


def held(
    log: SqlLog, interview: str, *, scored: bool = True, rubric: str = "standard", exercise: str = "prompted-playlists"
) -> None:
    """The golden interview once more, over and scored."""
    with LOG.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    pinned = exercises.load("prompted-playlists").pin(7).model_copy(update={"id": exercise})
    log.create(header.model_copy(update={"id": interview, "exercise": pinned}))
    events = [e.understand(record) for record in records if record.type != "score.recorded"]
    log.append(interview, [Draft(one.actor, one.data, one.cause) for one in events if one.data is not None])
    if not any(one.type == "debrief.shown" for one in events):
        log.append(interview, [Draft("system", e.DebriefShown(items=()))])
    if scored:
        under = rubric_files.find(rubric)
        card = score_records(log.header(interview), log.read(interview), under).model_dump(mode="json")
        log.append(interview, [Draft("system", e.ScoreRecorded(scorecard=card, author="rubric"))])


def rescore(*arguments: str, rubric: str = OTHER) -> Result:
    return CliRunner().invoke(main, ["rescore", "--rubric", rubric, "--processes", "1", *arguments])


def told(done: Result) -> dict[str, Any]:
    return dict(json.loads(done.stdout))


def test_the_new_stands_beside_the_old_which_stays(log: SqlLog, kept: Scorecards, tmp_path: Path) -> None:
    held(log, "a1")
    held(log, "a2", scored=False)
    log.create(log.header("a1").model_copy(update={"id": "under-way"}))
    before = log.read("a1")
    out = tmp_path / "out.csv"
    done = rescore("--json", "--out", str(out))
    assert done.exit_code == 0, done.output
    found, rubric = told(done), rubric_files.load(OTHER)
    assert found["rubric"] == rubric.ref.model_dump() and found["scored"] == 2 and found["skipped"] == []
    one, two = found["interviews"]
    assert (one["id"], one["old_rubric"]["id"], two["old_rubric"]) == ("a1", "standard", None)
    old = {row["id"]: row["old"] for row in one["dimensions"]}
    assert old["prompt"] == {
        name: before[-1].payload["scorecard"]["dimensions"][0][name]  # type: ignore[index] # a score was recorded
        for name in ("level", "ci95", "status")
    }
    card = score_records(log.header("a1"), before, rubric).model_dump(mode="json")
    assert {row["id"]: row["new"] for row in one["dimensions"] if row["new"]} == {
        row["id"]: {name: row[name] for name in ("level", "ci95", "status")} for row in card["dimensions"]
    }
    assert all(row["old"] is None for row in two["dimensions"])
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert len(rows) == sum(len(row["dimensions"]) for row in found["interviews"])
    assert rows[0]["old_status"] == one["dimensions"][0]["old"]["status"] and rows[0]["new_rubric"] == rubric.id

    assert log.read("a1") == before
    assert [one.scorecard for one in kept.of("a1")] == [card]
    # Once more, and under the first rubric: nothing is replaced.
    assert told(rescore("--json")) == found
    assert rescore(rubric="standard").exit_code == 0
    assert [one.scorecard["rubric"]["id"] for one in kept.of("a1")] == [rubric.id, "standard"]
    words = rescore().stdout
    assert "a1 (" in words and " → " in words and "Scored 2 interviews" in words


def test_two_processes_give_what_one_gives(log: SqlLog, kept: Scorecards) -> None:
    for number in range(5):
        held(log, f"a{number}", scored=number % 2 == 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("commands.rescore.AHEAD", 1)
        two = CliRunner().invoke(main, ["rescore", "--rubric", OTHER, "--processes", "2", "--json"])
    assert two.exit_code == 0, two.output
    cards = [kept.of(f"a{number}") for number in range(5)]
    assert told(two) == told(rescore("--json")) and all(len(one) == 1 for one in cards)
    assert cards == [kept.of(f"a{number}") for number in range(5)]


@pytest.mark.parametrize(
    ("table", "change", "why"),
    [
        ("events", {"hash": "0" * 64}, "does not follow"),
        ("events", {"payload": "{"}, "is not what was recorded"),
        ("events", {"type": "tomorrow.came"}, "does not follow"),
        ("interviews", {"header": '{"tomorrow": 1}'}, "header does not fit"),
    ],
)
def test_a_bad_one_is_named_and_left_out_and_the_others_are_scored(
    log: SqlLog, kept: Scorecards, table: str, change: dict[str, str], why: str
) -> None:
    for name in ("a1", "bad", "a2"):
        held(log, name)
    with kept._engine.begin() as connection:
        at = (
            t.interviews.c.id == "bad"
            if table == "interviews"
            else sa.and_(t.events.c.interview == "bad", t.events.c.seq == 9)
        )
        connection.execute(sa.update(t.metadata.tables[table]).where(at).values(change))
    done = rescore("--json")
    assert done.exit_code == 1
    assert [one["id"] for one in told(done)["interviews"]] == ["a1", "a2"]
    (skipped,) = told(done)["skipped"]
    assert skipped["id"] == "bad" and why in skipped["why"] and f"! bad was left out: {skipped['why']}" in done.stderr
    assert kept.of("a1") and kept.of("a2") and "Traceback" not in done.output


def test_what_a_newer_version_wrote_is_told(log: SqlLog, kept: Scorecards) -> None:
    """A whole chain, of an event that this version does not know."""
    held(log, "a1")
    log.append("a1", [Draft("system", e.NoteAdded(text="x", about_seq=1))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(e._READERS, "note.added", e._READERS["interview.started"])
        patch.setattr("interviews.events._payloads", e.InterviewStarted.__pydantic_validator__)
        done = rescore("--json")
    assert done.exit_code == 1 and "note.added" in told(done)["skipped"][0]["why"]


def test_a_rubric_that_is_none_is_told_before_anything_is_done(log: SqlLog, tmp_path: Path) -> None:
    held(log, "a1")
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: x\n")
    for name, words in (("nothing", "got nothing"), (str(broken), "broken.yaml")):
        done = rescore(rubric=name)
        assert done.exit_code == 1 and words in done.stderr and done.stdout == ""
    nowhere = rescore("--out", str(tmp_path / "no" / "folder.csv"))
    assert nowhere.exit_code == 1 and "Expected a file to write to" in nowhere.stderr


def test_where_nothing_is_stored_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRSIGHT_DATA", str(tmp_path))
    assert rescore().exit_code == 1 and not list(tmp_path.iterdir())


def test_what_is_taken_back_is_in_no_scorecard_under_any_rubric(log: SqlLog, kept: Scorecards) -> None:
    held(log, "a1")
    assert rescore().exit_code == 0
    (card,) = kept.of("a1")
    assert _critique(card.scorecard)["n"] > 0
    log.append("a1", [Draft("candidate", e.ConsentWithdrawn(scope="planted-defects"))])
    assert kept.of("a1") == []
    assert rescore().exit_code == 0
    (after,) = kept.of("a1")
    detection = next(one for one in _critique(after.scorecard)["indicators"] if one["id"] == "defect_detection")
    assert (detection["status"], detection["n"]) == ("not_observed", 0)


def _critique(card: dict[str, Any]) -> dict[str, Any]:
    return next(dict(one) for one in card["dimensions"] if one["id"] == "critique")


def test_a_backup_holds_them(log: SqlLog, kept: Scorecards, data: Path, tmp_path: Path) -> None:
    held(log, "a1")
    assert rescore().exit_code == 0
    (data / "secret_key").write_text("k")
    backup.back_up(f"sqlite:///{data}/pairsight.db", data / "secret_key", tmp_path / "copy", 1)
    backup.restore(tmp_path / "copy", tmp_path / "again")
    engine = open_engine(f"sqlite:///{tmp_path}/again/pairsight.db")
    assert Scorecards(engine).of("a1") == kept.of("a1") != []
    engine.dispose()


def test_the_scorecards_page_shows_them_once_it_may_be_seen(log: SqlLog, data: Path) -> None:
    held(log, "a1")
    settings = Settings(data=data)
    app = create_app(settings)
    try:
        client = app.test_client()
        assert client.get(invitation(settings, "", "a1", "interviewer")).status_code == 302
        page = "/interviews/a1/scorecard"
        assert client.get(page).status_code == 302
        assert client.post("/interviews/a1/rate", data=form()).status_code == 302
        assert "Under other rubrics" not in client.get(page).get_data(as_text=True)
        assert rescore().exit_code == 0 and rescore(rubric="standard").exit_code == 0
        shown = client.get(page).get_data(as_text=True)
        assert shown.count("Under other rubrics") == 1 and rubric_files.load(OTHER).sha256[:8] in shown
    finally:
        app.extensions["interviews"].close()


def test_a_recorded_scorecard_that_does_not_say_of_which_log_is_not_taken(log: SqlLog, kept: Scorecards) -> None:
    held(log, "a1")
    assert kept.recorded("a1")
    log.append("a1", [Draft("system", e.ScoreRecorded(scorecard={"dimensions": []}, author="rubric"))])
    assert kept.recorded("a1") is None


def test_groups_are_compared_by_what_is_stored_and_nothing_is_written(log: SqlLog, data: Path, tmp_path: Path) -> None:
    held(log, "a1")
    held(log, "a2")
    held(log, "a3", scored=False)
    log._engine.dispose()
    with sa.create_engine(f"sqlite:///{data}/pairsight.db").connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    groups = tmp_path / "groups.csv"
    groups.write_text("interview,sex\na1,Zorblaxian\na2,m\n")
    before = hashlib.sha256((data / "pairsight.db").read_bytes()).hexdigest()
    done = CliRunner().invoke(main, ["adverse-impact", "--groups", str(groups), "--json"])
    assert done.exit_code == 0, done.output
    assert {one["id"] for one in json.loads(done.stdout)["dimensions"]} >= {"prompt", "critique", "refine"}
    assert all(b"Zorblaxian" not in path.read_bytes() for path in data.iterdir())
    assert hashlib.sha256((data / "pairsight.db").read_bytes()).hexdigest() == before
    # As they were scored under another rubric, once they were.
    other = ["adverse-impact", "--groups", str(groups), "--rubric", OTHER]
    early = CliRunner().invoke(main, other)
    assert early.exit_code == 1 and "`pairsight rescore` does so" in early.stderr
    assert rescore().exit_code == 0 and CliRunner().invoke(main, other).exit_code == 0
    groups.write_text("interview,sex\na3,f\n")
    unscored = CliRunner().invoke(main, ["adverse-impact", "--groups", str(groups)])
    assert unscored.exit_code == 1 and "Line 2 of" in unscored.stderr and "got a3" in unscored.stderr


def compare(groups: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["adverse-impact", "--groups", str(groups), *arguments])


def test_scores_of_two_rubrics_are_not_compared(log: SqlLog, tmp_path: Path) -> None:
    held(log, "a1")
    held(log, "a2")
    held(log, "b1", rubric=OTHER)
    groups = tmp_path / "groups.csv"
    groups.write_text("interview,sex\na1,f\na2,m\nb1,m\n")
    standard, other = rubric_files.find("standard").ref, rubric_files.find(OTHER).ref
    for more in ((), ("--json",), ("--dimension", "prompt")):
        refused = compare(groups, *more)
        assert refused.exit_code == 1 and not refused.stdout
        assert "Expected scores under one rubric, got those under 2" in refused.stderr
        assert f"standard version {standard.version} ({standard.sha256[:12]}) in 2" in refused.stderr
        assert f"{OTHER} version {other.version} ({other.sha256[:12]}) in 1" in refused.stderr
        assert "pairsight rescore --rubric" in refused.stderr
    # As it says how to go on.
    assert rescore().exit_code == 0
    done = compare(groups, "--rubric", OTHER, "--json")
    assert done.exit_code == 0, done.output
    assert told(done)["rubric"] == other.model_dump()
    # Who is not in the file of groups bears on nothing.
    groups.write_text("interview,sex\na1,f\na2,m\n")
    assert told(compare(groups, "--json"))["rubric"] == standard.model_dump()
    assert f"Scores under the rubric standard version {standard.version}" in compare(groups).stdout


def test_a_rubric_is_its_content_and_no_name(log: SqlLog, tmp_path: Path) -> None:
    held(log, "a1")
    ours = tmp_path / "ours.yaml"
    ours.write_bytes((rubric_files.ROOT / "standard.yaml").read_bytes() + b"# ours\n")
    held(log, "a2", rubric=str(ours))
    groups = tmp_path / "groups.csv"
    groups.write_text("interview,sex\na1,f\na2,m\n")
    refused = compare(groups)
    assert refused.exit_code == 1 and rubric_files.find(str(ours)).sha256[:12] in refused.stderr


def test_scores_of_two_exercises_are_compared_with_a_word(log: SqlLog, tmp_path: Path) -> None:
    held(log, "a1")
    held(log, "a2")
    held(log, "c1", exercise="parking-fees")
    groups = tmp_path / "groups.csv"
    groups.write_text("interview,sex\na1,f\na2,m\nc1,m\n")
    found = told(compare(groups, "--json"))
    assert [(one["id"], one["interviews"]) for one in found["exercises"]] == [
        ("prompted-playlists", 2),
        ("parking-fees", 1),
    ]
    assert any("2 exercises, which are not one scale" in note for note in found["notes"])
    assert "! Scores are of 2 exercises" in compare(groups).stdout
    groups.write_text("interview,sex\na1,f\na2,m\n")
    alone = told(compare(groups, "--json"))
    assert len(alone["exercises"]) == 1 and not any("exercises" in note for note in alone["notes"])
