"""People judge an interview: blind first, beside the rubric then, with a reason where they override, and under their own names."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, main
from interviews import events as e
from interviews.chain import verify
from interviews.errors import BadInput, NotAllowed, NotFound
from interviews.log import Draft
from interviews.ndjson import read_log
from interviews.service import rating as service
from interviews.service import redaction
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from interviews.store import SqlLog, open_engine
from rubrics import rubric as rubric_files
from rubrics.people.sampling import second_wanted
from tests.golden.make import LOG
from tests.judging import DIMENSIONS, form, judged, over, rater
from tests.support import counting_salt, ticking_clock
from web import auth

SECRETLY = "nobody else may read this yet"


@pytest.fixture
def room(interviews: Interviews) -> Room:
    return over(interviews)


def page(client: FlaskClient, room: Room, name: str) -> str:
    return client.get(f"/interviews/{room.interview.id}/{name}", follow_redirects=True).get_data(as_text=True)


def rate(client: FlaskClient, room: Room, **more: str) -> int:
    return client.post(f"/interviews/{room.interview.id}/rate", data={**form(), **more}).status_code


def ratings(room: Room) -> list[e.RatingRecorded]:
    return [one for one in judged(room) if isinstance(one, e.RatingRecorded)]


def everything(client: FlaskClient, room: Room) -> str:
    """All that an interviewer can read without judging."""
    id_ = room.interview.id
    paths = [f"/api/interviews/{id_}/interviewer/{name}" for name in ("events", "state", "scorecard")]
    paths += [f"/interviews/{id_}/{name}" for name in ("scorecard", "rate", "watch", "replay")]
    paths += [f"/interviews/{id_}/export.{suffix}" for suffix in ("json", "csv", "log")]
    return "\n".join(client.get(path).get_data(as_text=True) for path in paths)


def test_the_score_is_shown_to_nobody_who_has_not_judged(app: Flask, settings: Settings, room: Room) -> None:
    ada, id_ = rater(app, settings, room, "Ada"), room.interview.id
    assert ada.get(f"/interviews/{id_}/scorecard").location == f"/interviews/{id_}/rate"
    for path in (
        f"/api/interviews/{id_}/interviewer/scorecard",
        f"/interviews/{id_}/export.json",
        f"/interviews/{id_}/export.csv",
    ):
        refused = ada.get(path)
        assert refused.status_code == 403 and "Judge first" in refused.get_data(as_text=True)
    seen = everything(ada, room)
    assert "requirement_coverage" not in seen and "head_hash" not in seen
    # That there is a score is no secret, and the log is whole but for what it says.
    assert '"score.recorded"' in seen
    exported = ada.get(f"/interviews/{id_}/export.log")
    assert exported.content_type == "application/x-ndjson; charset=utf-8"
    header, records = read_log(io.StringIO(exported.get_data(as_text=True)))
    verify(header, records)
    bare = {record.type for record in records if record.payload is None}
    assert bare == {"score.recorded"}

    assert rate(ada, room) == 302
    assert ada.get(f"/api/interviews/{id_}/interviewer/scorecard").status_code == 200
    seen = everything(ada, room)
    assert "requirement_coverage" in seen and "head_hash" in seen


def test_a_second_rater_sees_nothing_of_the_first(app: Flask, settings: Settings, room: Room) -> None:
    ada, bo = (rater(app, settings, room, name) for name in ("Ada", "Bo"))
    said = {f"reason-{DIMENSIONS[0]}": SECRETLY, "level-q-why": "4", "reason-q-why": SECRETLY}
    assert rate(ada, room, **said) == 302
    override = {"dimension": DIMENSIONS[1], "level": "2", "reason": SECRETLY}
    assert ada.post(f"/interviews/{room.interview.id}/override", data=override).status_code == 302
    assert SECRETLY in page(ada, room, "scorecard") and SECRETLY in page(ada, room, "export.log")
    assert SECRETLY not in everything(bo, room)
    assert rate(bo, room) == 302
    assert SECRETLY in page(bo, room, "scorecard")
    assert [(one.rater, one.blind) for one in ratings(room)] == [("Ada", True), ("Bo", True)]
    # What they say is in nobody's stream.
    assert SECRETLY not in page(bo, room, "watch")


def test_what_was_rated_with_the_score_known_says_so(app: Flask, settings: Settings, room: Room) -> None:
    ada, bo = (rater(app, settings, room, name) for name in ("Ada", "Bo"))
    assert bo.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    assert bo.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    assert "Nobody has rated" in page(bo, room, "scorecard")
    signed = {"seen": str(room.interview.state.seq)}
    assert bo.post(f"/interviews/{room.interview.id}/sign", data=signed).status_code == 302
    assert "gave no levels of their own" in page(bo, room, "scorecard")
    for client in (ada, bo):
        assert rate(client, room) == 302
    assert rate(ada, room, **{f"level-{DIMENSIONS[0]}": "5"}) == 302
    assert [(one.rater, one.blind) for one in ratings(room)] == [("Ada", True), ("Bo", False), ("Ada", False)]
    shown = [one for one in judged(room) if isinstance(one, e.ScoreRevealed)]
    assert [(one.rater, one.rated) for one in shown] == [("Bo", False), ("Ada", True)]
    card = ada.get(f"/api/interviews/{room.interview.id}/interviewer/scorecard").get_json()
    assert [one["levels"][DIMENSIONS[0]] for one in card["ratings"]] == [3, 3, 5]
    compared = page(ada, room, "scorecard")
    assert "rated again later" in compared and "with the score known" in compared


def test_a_form_sent_twice_is_one_rating_and_another_is_another(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    assert [rate(ada, room), rate(ada, room)] == [302, 302]
    assert len(ratings(room)) == 1
    assert rate(ada, room, token="another page") == 302
    assert len(ratings(room)) == 2


def test_what_does_not_fit_is_said_and_nothing_entered_is_lost(app: Flask, settings: Settings, room: Room) -> None:
    ada, first = rater(app, settings, room, "Ada"), DIMENSIONS[0]
    words = {f"reason-{first}": "Said <so> early", "level-q-why": "2", "reason-q-why": "It guards."}
    wrong = {
        f"level-{first}": ("", "choose a level for"),
        f"level-{DIMENSIONS[-1]}": ("6", "choose a level for"),
        f"evidence-{first}": ("soon", "Expected times such as 18:32"),
    }
    for name, (value, why) in wrong.items():
        refused = ada.post(f"/interviews/{room.interview.id}/rate", data={**form(), **words, name: value})
        text = refused.get_data(as_text=True)
        assert refused.status_code == 400 and why in text
        assert "Said &lt;so&gt; early" in text and "It guards." in text
        assert f'name="level-{DIMENSIONS[1]}" value="3" checked' in text
    beyond = ada.post(f"/interviews/{room.interview.id}/rate", data={**form(), f"evidence-{first}": "#99999"})
    assert beyond.status_code == 400 and "numbers of events" in beyond.get_data(as_text=True)
    assert judged(room) == []


def test_an_erased_rating_was_a_rating(app: Flask, settings: Settings, room: Room) -> None:
    ada, bo = (rater(app, settings, room, name) for name in ("Ada", "Bo"))
    assert rate(ada, room, **{f"reason-{DIMENSIONS[0]}": SECRETLY}) == 302
    seq = next(r.seq for r in room.interview.log.read(room.interview.id) if r.type == "rating.recorded")
    room.interview.erase([seq], "interviewer:operator", "A name, typed by mistake", [])
    assert bo.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    assert SECRETLY not in everything(bo, room) and "Nobody has rated" in page(bo, room, "scorecard")
    assert rate(ada, room, token="again") == 302
    assert [one.blind for one in ratings(room)] == [False]


def redact(room: Room, name: str, text: str, *, judged: bool) -> list[int]:
    asked = redaction.read_redaction(text, None, "A name, typed by mistake")
    return redaction.redact(room, f"interviewer:{name}", asked, judged=judged)


def test_an_erasure_tells_nothing_to_who_has_not_judged(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    assert rate(ada, room, **{f"reason-{DIMENSIONS[0]}": SECRETLY}) == 302
    before = room.interview.state.seq
    with pytest.raises(NotFound):
        redact(room, "Bo", SECRETLY, judged=False)
    seq = next(r.seq for r in room.interview.log.read(room.interview.id) if r.type == "rating.recorded")
    with pytest.raises(NotAllowed, match="Judge first"):
        redaction.redact(
            room, "interviewer:Bo", redaction.read_redaction(None, [seq], "Not his to erase"), judged=False
        )
    assert room.interview.state.seq == before
    # A text that stands elsewhere too is taken out there, and does not tell that it stands in a rating.
    room.note("Bo", SECRETLY, 3, None)
    assert redact(room, "Bo", SECRETLY, judged=False) == [room.interview.state.seq - 2]
    assert SECRETLY in page(ada, room, "scorecard")
    assert redact(room, "Ada", SECRETLY, judged=True) == [seq]


def test_a_secret_in_a_reason_costs_nobody_their_levels(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    said = {f"reason-{DIMENSIONS[0]}": f"She said {SECRETLY}", "level-q-why": "4", "reason-q-why": SECRETLY}
    assert rate(ada, room, **said) == 302
    for level, reason in (("1", SECRETLY), ("2", f"no, {SECRETLY}")):
        override = {"dimension": DIMENSIONS[1], "level": level, "reason": reason, "token": level}
        assert ada.post(f"/interviews/{room.interview.id}/override", data=override).status_code == 302
    assert len(redact(room, "Ada", SECRETLY, judged=True)) == 4
    assert SECRETLY not in everything(ada, room)
    [rated] = ratings(room)
    assert rated.blind and rated.rater == "Ada" and [one.level for one in rated.ratings] == [3] * len(DIMENSIONS)
    assert rated.ratings[0].reason.startswith("She said ")
    assert [one.level for one in judged(room) if isinstance(one, e.ScoreOverridden)] == [2]
    assert [one.level for one in judged(room) if isinstance(one, e.ExplanationRated)] == [4]


def test_a_form_counts_for_whom_and_under_what_it_was_shown(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    for name, was, why in (("rater", "Bo", "shown to Bo"), ("rubric", "0" * 64, "The rubric has changed")):
        refused = ada.post(f"/interviews/{room.interview.id}/rate", data={**form(), name: was})
        assert refused.status_code == 409 and why in refused.get_data(as_text=True)
    assert judged(room) == []
    shown = page(ada, room, "rate")
    sha256 = rubric_files.load("standard").sha256
    assert '<input type="hidden" name="rater" value="Ada">' in shown and f'name="rubric" value="{sha256}"' in shown
    assert rate(ada, room, rater="Ada", rubric=sha256) == 302
    beyond = ada.post(f"/interviews/{room.interview.id}/sign", data={"seen": "999999"})
    assert beyond.status_code == 400


def test_one_rater_cannot_shut_the_others_out(
    app: Flask, settings: Settings, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_JUDGEMENTS", 2)
    ada, bo = (rater(app, settings, room, name) for name in ("Ada", "Bo"))
    assert [rate(ada, room, token=str(number)) for number in range(3)] == [302, 302, 403]
    assert rate(rater(app, settings, room, "ADA"), room, token="other") == 403
    assert rate(bo, room) == 302


def test_moments_are_bounded_before_they_are_looked_up(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    assert rate(ada, room, **{f"evidence-{DIMENSIONS[0]}": "00:01 " * 70}) == 400
    assert judged(room) == []


def test_moments_are_times_of_the_replay_or_numbers(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    records = room.interview.log.read(room.interview.id)
    assert rate(ada, room, **{f"evidence-{DIMENSIONS[0]}": "#27, 99:00 27"}) == 302
    assert ratings(room)[0].ratings[0].evidence == (27, records[-1].seq)
    assert f"#seq={records[-1].seq}" in page(ada, room, "scorecard")


def test_three_questions_are_asked_about_what_was_handed_in(app: Flask, settings: Settings, room: Room) -> None:
    ada = rater(app, settings, room, "Ada")
    text = page(ada, room, "rate")
    for words in ("what would break without it", "What relies on this", "how would you find out"):
        assert words in text
    answers = {"level-q-why": "4", "level-q-change": "2", "level-q-fails": "5", "reason-q-fails": "An empty day."}
    assert rate(ada, room, **answers) == 302
    heard = [one for one in judged(room) if isinstance(one, e.ExplanationRated)]
    assert [(one.question, one.level, one.note) for one in heard] == [
        ("why", 4, ""),
        ("change", 2, ""),
        ("fails", 5, "An empty day."),
    ]
    there = {record.seq: record.type for record in room.interview.log.read(room.interview.id)}
    assert {there[one.about_seq] for one in heard} == {"suggestion.decided"}
    assert "An empty day." in page(ada, room, "scorecard")


def test_a_level_is_overridden_with_a_reason_and_signed_and_both_are_exported(
    app: Flask, settings: Settings, room: Room
) -> None:
    ada, id_ = rater(app, settings, room, "Ada"), room.interview.id
    override = {"dimension": "critique", "level": "2", "reason": "Two doubts were guesses."}
    early = ada.post(f"/interviews/{id_}/override", data=override)
    assert early.status_code == 403 and "Rate the interview first" in early.get_data(as_text=True)
    assert rate(ada, room) == 302
    for wrong in ({"reason": " "}, {"dimension": "charm"}, {"level": "9"}, {"reason": "x" * 2001}):
        assert ada.post(f"/interviews/{id_}/override", data={**override, **wrong}).status_code == 400
    before = ada.get(f"/api/interviews/{id_}/interviewer/scorecard").get_json()
    assert before["final"] == []
    seen = str(room.interview.state.seq)
    assert ada.post(f"/interviews/{id_}/override", data=override).status_code == 302
    stale = ada.post(f"/interviews/{id_}/sign", data={"seen": seen})
    assert stale.status_code == 409 and "look at the score again" in stale.get_data(as_text=True)
    assert ada.post(f"/interviews/{id_}/sign", data={"seen": "x"}).status_code == 400
    assert ada.post(f"/interviews/{id_}/sign", data={"seen": str(room.interview.state.seq)}).status_code == 302

    card = ada.get(f"/api/interviews/{id_}/interviewer/scorecard").get_json()
    assert card["dimensions"] == before["dimensions"]
    final = {one["dimension"]: (one["by"], one["level"], one["rater"]) for one in card["final"]}
    proposed = {one["id"]: one["level"] for one in card["dimensions"]}
    assert final.pop("critique") == ("overridden", 2, "Ada")
    assert final == {one: ("signed", level, "Ada") for one, level in proposed.items() if one != "critique"}
    assert json.loads(page(ada, room, "export.json"))["final"] == card["final"]
    text = page(ada, room, "scorecard")
    assert "Two doubts were guesses." in text and "Signed by Ada." in text

    # What the score rests on has changed: a signature stands for what was signed.
    room.interview.record(Draft("system", e.AnalysisRecorded(kind="any", result={})))
    card = ada.get(f"/api/interviews/{id_}/interviewer/scorecard").get_json()
    assert [one["by"] for one in card["final"]] == ["overridden"]
    assert "as it was then" in page(ada, room, "scorecard")


def test_nothing_is_judged_before_the_submission_or_signed_before_the_score(
    app: Flask, settings: Settings, interviews: Interviews
) -> None:
    early = over(interviews, until="interview.submitted")
    ada = rater(app, settings, early, "Ada")
    assert "once the interview has been submitted" in page(ada, early, "scorecard")
    assert rate(ada, early) == 403
    assert ada.post(f"/interviews/{early.interview.id}/reveal").status_code == 403
    unscored = over(interviews, until="score.recorded")
    bo = rater(app, settings, unscored, "Bo")
    assert rate(bo, unscored) == 302
    assert "can be signed once" in page(bo, unscored, "scorecard")
    refused = bo.post(f"/interviews/{unscored.interview.id}/sign", data={"seen": str(unscored.interview.state.seq)})
    assert refused.status_code == 403


def test_a_link_names_its_rater_and_old_links_go_on(app: Flask, settings: Settings, room: Room) -> None:
    assert rate(rater(app, settings, room), room) == 302
    assert rate(rater(app, settings, room, "Ada"), room) == 302
    assert [(one.rater, one.blind) for one in ratings(room)] == [("interviewer", True), ("Ada", True)]
    # One person with two links is one person.
    both = rater(app, settings, room, "Cy")
    assert both.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    for name, shown in (("", "Cy"), ("Di", "Di")):
        link = auth.Link(room.interview.id, "interviewer", 1 << 50, name)
        both.get(f"/join/{auth.sign_link(app.config['SECRET_KEY'], link)}")
        assert f"You rate as {shown}." in page(both, room, "rate")
    assert rate(both, room) == 302
    assert (ratings(room)[-1].rater, ratings(room)[-1].blind) == ("Di", False)


def test_a_name_in_other_letters_is_the_same_person_in_any_browser(app: Flask, settings: Settings, room: Room) -> None:
    path = f"/interviews/{room.interview.id}"
    assert rater(app, settings, room, "Ada").post(f"{path}/reveal").status_code == 302
    again = rater(app, settings, room, "ada")
    assert again.get(f"{path}/scorecard").status_code == 200
    assert rate(again, room) == 302
    assert [(one.rater, one.blind) for one in ratings(room)] == [("ada", False)]
    # That they saw it is told once.
    assert [one.rater for one in judged(room) if isinstance(one, e.ScoreRevealed)] == ["Ada"]
    assert rate(rater(app, settings, room, "Bo"), room) == 302 and ratings(room)[-1].blind
    assert rate(rater(app, settings, room, "BO"), room, token="again") == 302
    assert [(one.rater, one.blind) for one in ratings(room)[-2:]] == [("Bo", True), ("BO", False)]


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 41, "a\x00b", "Interviewer", "operator", "ＯPERATOR", "Candidate", "\u2800", "–"]
)
def test_a_name_that_is_none_is_told(name: str) -> None:
    with pytest.raises(BadInput, match="name"):
        service.read_name(name)
    assert service.read_name("  Ada   Lovelace ") == "Ada Lovelace"


def test_the_rubric_and_the_log_bound_what_is_recorded(room: Room) -> None:
    under = service.Under("standard", 1, "0" * 64, ("prompt", "verify"))
    both = [e.Rating(dimension=one, level=None) for one in under.dimensions]
    for wrong in (both[:1], [*both, both[0]], [*both[:1], e.Rating(dimension="charm", level=3)]):
        with pytest.raises(BadInput, match="one level for each of prompt, verify"):
            service.rate(room.interview, ["Ada"], under, wrong)
    with pytest.raises(BadInput, match="characters"):
        service.rate(
            room.interview, ["Ada"], under, [both[0], e.Rating(dimension="verify", level=1, reason="x" * 2001)]
        )
    with pytest.raises(NotAllowed, match="Rate the interview first"):
        service.sign(room.interview, "Ada", under, room.interview.state.seq)
    assert judged(room) == []


def test_a_rubrics_words_are_text_whatever_signs_they_hold(
    app: Flask, settings: Settings, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    rubric = rubric_files.load("standard")
    first = rubric.dimensions[0].model_copy(update={"title": "<b>95 %s</b>", "about": "100 % of <i>it</i>"})
    odd = rubric.model_copy(update={"dimensions": (first, *rubric.dimensions[1:])})
    monkeypatch.setitem(app.extensions, "rubric", odd)
    ada = rater(app, settings, room, "Ada")
    assert "&lt;b&gt;95 %s" in page(ada, room, "rate") and "100 % of &lt;i&gt;" in page(ada, room, "rate")
    assert rate(ada, room, **{f"reason-{first.id}": "<script>"}) == 302
    assert (
        ada.post(
            f"/interviews/{room.interview.id}/override", data={"dimension": first.id, "level": "1", "reason": "<u>"}
        ).status_code
        == 302
    )
    compared = page(ada, room, "scorecard")
    assert "&lt;script&gt;" in compared and "<script>" not in compared and "&lt;u&gt;" in compared
    assert "&lt;b&gt;95 %s" in compared and "100 % of &lt;i&gt;" in compared and "<b>95" not in compared


def command(settings: Settings, *arguments: str) -> Result:
    return CliRunner(env={"PAIRSIGHT_DATA": str(settings.data)}).invoke(main, arguments)


def test_an_invitation_is_made_for_one_person(app: Flask, settings: Settings, room: Room) -> None:
    made = command(
        settings, "invite", room.interview.id, "--rater", "Ada Lovelace", "--address", "https://example.org/", "--json"
    )
    assert made.exit_code == 0, made.output
    link = json.loads(made.stdout)["link"]
    assert link.startswith("https://example.org/join/")
    client = app.test_client()
    assert client.get(link.removeprefix("https://example.org")).status_code == 302
    assert "You rate as Ada Lovelace." in page(client, room, "rate")
    for wrong in (
        ("nobody",),
        (room.interview.id, "--role", "candidate", "--rater", "Ada"),
        (room.interview.id, "--rater", "operator"),
        (room.interview.id, "--address", "example.org"),
    ):
        refused = command(settings, "invite", *wrong)
        assert refused.exit_code == 1 and len(refused.stderr.splitlines()) == 1


def test_agreement_over_the_stored_interviews(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    app = create_app(settings)
    interviews: Interviews = app.extensions["interviews"]
    try:
        rooms = [over(interviews) for _ in range(9)]
        for at, room in enumerate(rooms):
            level = at % 5 + 1
            assert (
                rate(rater(app, settings, room, "Ada"), room, **{f"level-{one}": str(level) for one in DIMENSIONS})
                == 302
            )
            other = max(1, level - at % 2)
            if at < 8:
                assert (
                    rate(rater(app, settings, room, "Bo"), room, **{f"level-{one}": str(other) for one in DIMENSIONS})
                    == 302
                )
        sampled = second_wanted(rooms[8].interview.id, 0.2)
        notice = "This interview is in the sample" in page(rater(app, settings, rooms[0], "Ada"), rooms[0], "scorecard")
        assert notice == second_wanted(rooms[0].interview.id, 0.2)
    finally:
        interviews.close()
    told = command(settings, "agreement", "--json", "--window", "4")
    assert told.exit_code == 0, told.output
    card = json.loads(told.stdout)
    assert (card["interviews"], card["scored_by_people"], card["scored_by_two"]) == (9, 9, 8)
    assert card["second_rater_asked"] == ([rooms[8].interview.id] if sampled else [])
    people = card["dimensions"][0]["people"]
    assert people["n"] == 8 and 0.8 < people["kappa"] < 1 and 0.8 < people["alpha"] < 1
    assert people["kappa_ci95"][0] < people["kappa"] < people["kappa_ci95"][1]
    assert [one["window"] for one in people["drift"]] == ["1-4", "5-8", "9-9"]
    assert command(settings, "agreement", "--json", "--window", "4").stdout == told.stdout
    words = command(settings, "agreement", "--window", "month")
    assert "people scored 9 of them blind" in words.stdout and "People with the rubric" in words.stdout
    assert command(settings, "agreement", "--window", "0").exit_code == 1
    endless = command(settings, "agreement", "--window", "1" * 5_000)
    assert endless.exit_code == 1 and "Expected a number of interviews" in endless.stderr
    assert command(settings, "agreement", "--rubric", "charm").exit_code == 1


def test_an_interview_from_no_month_is_named(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    with LOG.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    settings.data.mkdir()
    engine = open_engine(settings.database_url)
    log = SqlLog(engine, ticking_clock(), counting_salt())
    under = rubric_files.load("standard")
    given = e.RatingRecorded(
        rater="Ada", blind=True, rubric=under.id, rubric_version=under.version, rubric_sha256=under.sha256,
        ratings=tuple(e.Rating(dimension=one, level=3) for one in DIMENSIONS),
    )  # fmt: skip
    events = [event for record in records if (event := e.understand(record)).data is not None]
    for id_, at_ms in (("usual", header.created_at_ms), ("odd", 2**53 - 1)):
        log.create(header.model_copy(update={"id": id_, "created_at_ms": at_ms}))
        log.append(id_, [Draft(one.actor, one.data, one.cause) for one in events if one.data is not None])
        log.append(id_, [Draft("interviewer:Ada", given)])
    engine.dispose()
    told = command(settings, "agreement", "--window", "month", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["undated"] == ["odd"] and found["scored_by_people"] == 2
    assert {one["window"] for part in found["dimensions"] for one in part["people"]["drift"]} == {"2023-11"}
    assert "! odd is in no month" in told.stderr
    assert json.loads(command(settings, "agreement", "--json").stdout)["undated"] == []


def test_the_sample_is_drawn_by_the_id_alone() -> None:
    ids = [f"{at:016x}" for at in range(2000)]
    fifth, third = ({one for one in ids if second_wanted(one, share)} for share in (0.2, 0.33))
    assert 340 < len(fifth) < 460 and fifth < third
    assert not any(second_wanted(one, 0) for one in ids) and all(second_wanted(one, 1) for one in ids)


def test_a_companys_own_rubric_is_what_pages_exports_and_commands_score_by(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = rubric_files.load("platform_team").ref
    settings = Settings(data=tmp_path, rubric="platform_team")
    app = create_app(settings)
    held: Interviews = app.extensions["interviews"]
    try:
        room = over(held)
        ada, id_ = rater(app, settings, room, "Ada"), room.interview.id
        assert ours.sha256 in page(ada, room, "rate") and rate(ada, room, rubric=ours.sha256) == 302
        assert [one.rubric_sha256 for one in ratings(room)] == [ours.sha256]
        assert ours.sha256[:12] in page(ada, room, "scorecard")
        shown = [
            json.loads(page(ada, room, "export.json")),
            ada.get(f"/api/interviews/{id_}/interviewer/scorecard").json,
        ]
    finally:
        held.close()
    monkeypatch.setenv("PAIRSIGHT_DATA", str(tmp_path))
    monkeypatch.setenv("PAIRSIGHT_RUBRIC", "platform_team")
    scored = CliRunner().invoke(main, ["score", id_, "--json"])
    exported = CliRunner().invoke(main, ["export", id_, "--format", "json", "--out", str(tmp_path / "card.json")])
    assert scored.exit_code == exported.exit_code == 0
    shown += [json.loads(scored.stdout), json.loads((tmp_path / "card.json").read_text())]
    assert [card["rubric"] for card in shown] == [ours.model_dump()] * len(shown)
