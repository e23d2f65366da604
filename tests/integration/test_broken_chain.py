"""A log whose chain does not hold gives no number anywhere: commands, pages, the API, and what is recorded after an interview."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from app import create_app, main
from interviews import events as e
from interviews.log import Draft
from interviews.service import consenting
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from interviews.store import tables as t
from rubrics.rubric import load
from tests.golden.make import LOG
from tests.judging import DIMENSIONS, over, rater


def altered(settings: Settings, room: Room, type_: str = "prompt.sent", payload: str | None = None) -> int:
    """Change what the first event of that type holds, as whoever can write the database could; returns its number."""
    engine = sa.create_engine(f"sqlite:///{settings.data}/pairsight.db")
    mine = (t.events.c.interview == room.interview.id, t.events.c.type == type_)
    with engine.begin() as connection:
        seq, text = connection.execute(
            sa.select(t.events.c.seq, t.events.c.payload).where(*mine).order_by(t.events.c.seq).limit(1)
        ).one()
        content = json.loads(text)
        # Of a form that there is: only the hash tells.
        if type_ == "prompt.sent":
            content["text"] += " And test that `no` song is played twice."
        else:
            content["ratings"][0]["level"] = 5
        connection.execute(
            t.events.update()
            .where(*mine, t.events.c.seq == seq)
            .values(payload=json.dumps(content) if payload is None else payload)
        )
    engine.dispose()
    return int(seq)


def rated(room: Room, *names: str, level: e.Level = 3) -> None:
    rubric = load("standard")
    for name in names:
        rating = e.RatingRecorded(
            rater=name, blind=True, rubric=rubric.id, rubric_version=rubric.version, rubric_sha256=rubric.sha256,
            ratings=tuple(e.Rating(dimension=one, level=level) for one in DIMENSIONS),
        )  # fmt: skip
        room.interview.record(Draft(f"interviewer:{name}", rating))


def pairsight(settings: Settings, *arguments: str) -> Result:
    return CliRunner(env={"PAIRSIGHT_DATA": str(settings.data)}).invoke(main, arguments)


def refused(done: Result, words: str) -> None:
    """One line on stderr that holds the words, and nothing else."""
    assert done.exit_code == 1 and done.stdout == "", done.output
    assert len(done.stderr.strip().splitlines()) == 1 and words in done.stderr


def broken_file(folder: Path) -> Path:
    """The golden log with another answer of the hidden tests, which the scorecard counts."""
    lines = LOG.read_text("utf-8").splitlines(keepends=True)
    at = next(at for at, line in enumerate(lines) if '"kind": "hidden_tests"' in line)
    lines[at] = lines[at].replace('"failed"', '"passed"', 1)
    path = folder / "broken.ndjson"
    path.write_text("".join(lines), "utf-8", newline="")
    return path


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_broken_file_has_no_scorecard_and_can_be_exported_as_it_is(tmp_path: Path, form: str) -> None:
    path, out, settings = broken_file(tmp_path), tmp_path / "out", Settings(data=tmp_path / "none")
    refused(pairsight(settings, "export", str(path), "--format", form, "--out", str(out)), "is not what was recorded")
    assert not out.exists()
    refused(pairsight(settings, "score", str(path)), "is not what was recorded")
    done = pairsight(settings, "export", str(path), "--format", "log", "--out", str(out))
    assert done.exit_code == 0 and out.read_text("utf-8").count("\n") == LOG.read_text("utf-8").count("\n")


@pytest.mark.parametrize("payload", [None, "{", '{"text": 1}'])
def test_a_stored_one_neither(settings: Settings, interviews: Interviews, tmp_path: Path, payload: str | None) -> None:
    room, out = over(interviews), tmp_path / "out"
    seq = altered(settings, room, payload=payload)
    for form in ("json", "csv"):
        done = pairsight(settings, "export", room.interview.id, "--format", form, "--out", str(out))
        refused(done, f"event {seq} is not what was recorded")
        assert not out.exists()
    whole = pairsight(settings, "export", room.interview.id, "--format", "log", "--out", str(out))
    # What is no JSON cannot be written as JSON.
    assert (whole.exit_code, out.exists()) == ((1, False) if payload == "{" else (0, True))
    assert "Traceback" not in whole.output and isinstance(whole.exception, SystemExit | None)


def test_a_page_says_that_there_is_no_score_and_offers_the_log(
    app: Flask, settings: Settings, interviews: Interviews
) -> None:
    room = over(interviews)
    ada, id_ = rater(app, settings, room, "Ada"), room.interview.id
    assert ada.post(f"/interviews/{id_}/reveal").status_code == 302
    whole = ada.get(f"/interviews/{id_}/scorecard")
    assert whole.status_code == 200 and 'class="level"' in whole.get_data(as_text=True)
    seen = str(room.interview.state.seq)
    altered(settings, room)

    page = ada.get(f"/interviews/{id_}/scorecard")
    text = page.get_data(as_text=True)
    assert page.status_code == 409 and "There is no score" in text and "is not what was recorded" in text
    assert 'class="level"' not in text and f"/interviews/{id_}/export.log" in text and "Traceback" not in text
    answer = ada.get(f"/api/interviews/{id_}/interviewer/scorecard")
    assert answer.status_code == 409 and "is not what was recorded" in answer.get_json()["error"]
    for suffix in ("json", "csv"):
        export = ada.get(f"/interviews/{id_}/export.{suffix}")
        assert export.status_code == 409 and "is not what was recorded" in export.get_data(as_text=True)
    assert ada.get(f"/interviews/{id_}/export.log").status_code == 200
    # Nor is a level made final that was shown before.
    assert ada.post(f"/interviews/{id_}/sign", data={"seen": seen}).status_code == 409
    assert room.interview.counts["score.signed"] == 0


def test_content_that_is_no_json_is_told_on_the_page_too(
    app: Flask, settings: Settings, interviews: Interviews
) -> None:
    room = over(interviews)
    ada = rater(app, settings, room, "Ada")
    assert ada.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    altered(settings, room, payload="{")
    page = ada.get(f"/interviews/{room.interview.id}/scorecard")
    assert page.status_code == 409 and "There is no score" in page.get_data(as_text=True)


def test_after_grading_a_broken_log_gets_no_score_and_the_withdrawal_stands(
    settings: Settings, interviews: Interviews
) -> None:
    room = over(interviews, until="score.recorded")
    altered(settings, room)
    room._score()
    assert room.interview.counts["score.recorded"] == 0

    scored = over(interviews)
    scored.interview.record(Draft("system", e.DebriefShown(items=())))
    altered(settings, scored)
    consenting.withdraw(scored.interview)
    cards = [one for one in scored.interview.log.read(scored.interview.id) if one.type == "score.recorded"]
    assert consenting.withdrawn(scored.interview) and all(one.payload is None for one in cards)


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[Settings, list[str]]]:
    """Three interviews that two people rated, the second one changed afterwards."""
    settings = Settings(data=tmp_path / "data")
    interviews: Interviews = create_app(settings).extensions["interviews"]
    rooms = [over(interviews) for _ in range(3)]
    for room in rooms:
        room._score()
        rated(room, "Ada", "Bo")
    altered(settings, rooms[1], "rating.recorded")
    yield settings, [room.interview.id for room in rooms]
    interviews.close()


def test_agreement_leaves_it_out_and_names_it(three: tuple[Settings, list[str]]) -> None:
    settings, (_first, bad, _last) = three
    done = pairsight(settings, "agreement", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["interviews"], told["scored_by_people"], told["scored_by_two"]) == (3, 2, 2)
    assert told["unreadable"] == [bad] and "is not what was recorded" in told["skipped"][0]["why"]
    assert told["dimensions"][0]["people"]["n"] == 2
    assert f"! {bad} was left out: The content of event" in done.stderr
    assert f"! {bad} was left out" in pairsight(settings, "agreement").stderr


def test_a_rating_that_was_taken_out_of_a_log_is_missed(three: tuple[Settings, list[str]]) -> None:
    settings, (first, bad, _last) = three
    engine = sa.create_engine(f"sqlite:///{settings.data}/pairsight.db")
    with engine.begin() as connection:
        ratings = t.events.c.type == "rating.recorded"
        last = sa.select(sa.func.max(t.events.c.seq)).where(t.events.c.interview == first, ratings)
        end = connection.execute(last).scalar_one()
        # Something stands behind it, so that a hole is left; what is cut off an end, only a head noted elsewhere tells.
        connection.execute(t.events.delete().where(t.events.c.interview == first, ratings, t.events.c.seq < end))
        connection.execute(
            t.events.update().where(t.events.c.interview == first, ratings).values(type="score.revealed")
        )
    engine.dispose()
    told = json.loads(pairsight(settings, "agreement", "--json").stdout)
    assert told["unreadable"] == sorted([first, bad]) and told["scored_by_people"] == 1


def test_a_header_that_was_changed_costs_the_others_nothing(three: tuple[Settings, list[str]]) -> None:
    settings, (first, bad, _last) = three
    engine = sa.create_engine(f"sqlite:///{settings.data}/pairsight.db")
    with engine.begin() as connection:
        connection.execute(t.interviews.update().where(t.interviews.c.id == first).values(header='{"id": 1}'))
    engine.dispose()
    told = json.loads(pairsight(settings, "agreement", "--json").stdout)
    assert told["unreadable"] == sorted([first, bad]) and told["scored_by_people"] == 1
    refused(pairsight(settings, "export", first, "--format", "log", "--out", "x"), "header does not fit")


def test_groups_are_compared_without_it(three: tuple[Settings, list[str]], tmp_path: Path) -> None:
    settings, ids = three
    groups = tmp_path / "groups.csv"
    groups.write_text("interview,sex,hired\n" + "".join(f"{id_},{'fm'[at % 2]},yes\n" for at, id_ in enumerate(ids)))
    asked = ["adverse-impact", "--groups", str(groups), "--json"]
    with pytest.MonkeyPatch.context() as patch:
        done = pairsight(settings, *asked)
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)
        assert f"! {ids[1]} was left out" in done.stderr
        assert [one["id"] for one in told["skipped"]] == [ids[1]] and "is not what was" in told["skipped"][0]["why"]
        part = told["dimensions"][0]
        assert part["observed"] + part["not_observed"] == 2
        assert [one["group"] for one in part["breakdowns"][0]["groups"]] == [{"sex": "f"}]
        # Nor is a scorecard counted that was kept while the log was whole.
        patch.setattr("interviews.store.scorecards.require_next", lambda *_: None)
        assert pairsight(settings, "rescore", "--rubric", "platform_team", "--processes", "1").exit_code == 0
    other = json.loads(pairsight(settings, *asked, "--rubric", "platform_team").stdout)
    assert [one["id"] for one in other["skipped"]] == [ids[1]]
    assert other["dimensions"][0]["observed"] + other["dimensions"][0]["not_observed"] == 2
