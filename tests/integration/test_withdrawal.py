"""What planted mistakes say of a candidate, taken back: what is left, for whom, and until when."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import SocketIOTestClient

from app import invitation, main
from interviews import events as e
from interviews.chain import verify
from interviews.errors import NotAllowed
from interviews.fold import fold
from interviews.log import Draft
from interviews.ndjson import read_log
from interviews.service import consenting, redaction
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from interviews.visibility import TAKEN_BACK, wire, withhold
from tests.judging import DIMENSIONS, form
from web import auth

WEEK_MS = 7 * 86_400_000
FAULT = "Only the first amount is looked at: 1 hour 30 minutes becomes 60 minutes"
HUNK = {"path": "playlists/request.py", "base_version": 1, "line": 1, "before": "", "after": "# looks at one amount\n"}


def held(interviews: Interviews, *, plants: bool = True, verdicts: bool = True, over: bool = True) -> Room:
    """An interview in which a planted mistake was offered and named, and a sound hunk let in."""
    room = interviews.get(interviews.create("prompted-playlists", "Ada", e.InterviewSettings(), 7))
    interview, spec = room.interview, room.interview.exercise.spec
    defect = spec.defects[0]
    room.consent("0" * 64, "en", plants=plants)
    hunks = tuple(e.Hunk.model_validate({**HUNK, "hunk": f"h{number}"}) for number in (1, 2))
    notes = (e.HunkNote(hunk="h1", defect=defect.id), e.HunkNote(hunk="h2"))
    events: list[e.AnyPayload] = [
        e.KeyRecorded(requirements=spec.requirements, defects=spec.defects, brief_shared=False),
        e.InterviewStarted(),
        e.PhaseStarted(phase="open", duration_ms=60_000),
        e.PromptSent(turn="a1", text="Make the lengths right"),
        e.SuggestionOffered(suggestion="s1", turn="a1", title="Lengths", hunks=hunks),
        e.SuggestionAnnotated(suggestion="s1", hunks=notes),
    ]
    if verdicts:
        events += [
            e.SuggestionDecided(suggestion="s1", hunk="h1", decision="rejected", reason=FAULT),
            e.SuggestionDecided(suggestion="s1", hunk="h2", decision="accepted"),
        ]
    events += [
        e.PhaseEnded(phase="open", by="candidate"),
        e.InterviewSubmitted(by="candidate", late=False),
        e.AnalysisRecorded(kind="hidden_tests", result={"tests": [], "passed": 3, "total": 4}),
        e.AnalysisRecorded(kind="review_repairs", result={"repaired": [defect.id]}),
    ]
    interview.record(*(Draft("system", event) for event in events))
    if over:
        item = e.DebriefItem(
            defect=defect.id, title=defect.title, explanation=defect.explanation, fix=defect.fix,
            outcome="rejected" if verdicts else "not shown", suggestion="s1", hunk="h1", path=defect.path,
            proof="assert False, 'the proof'",
        )  # fmt: skip
        interview.record(Draft("system", e.DebriefShown(items=(item,))))
        card = interview.tools.score(interview.header, interview.log.read(interview.id))
        interview.record(Draft("system", e.ScoreRecorded(scorecard=card, author="rubric")))
    return room


def client(app: Flask, settings: Settings, room: Room, role: e.Role) -> FlaskClient:
    found = app.test_client()
    assert found.get(invitation(settings, "", room.interview.id, role)).status_code == 302
    return found


def critique(room: Room) -> e.Json:
    """What the newest scorecard in the log says of planted mistakes."""
    cards = [r.payload for r in room.interview.log.read(room.interview.id) if r.type == "score.recorded" and r.payload]
    return detection(cards[-1]["scorecard"])


def detection(card: e.Json) -> e.Json:
    """What a scorecard says of planted mistakes."""
    dimension = next(one for one in card["dimensions"] if one["id"] == "critique")
    return next(one for one in dimension["indicators"] if one["id"] == "defect_detection")


def test_it_is_asked_once_more_and_done_once(app: Flask, settings: Settings, interviews: Interviews) -> None:
    room = held(interviews)
    ours, id_ = client(app, settings, room, "candidate"), room.interview.id
    debrief = ours.get(f"/interviews/{id_}/debrief").get_data(as_text=True)
    assert "Take it back" in debrief and "You did not take it." in debrief and "the proof" in debrief
    assert "Of 1 planted mistakes" in debrief and "3 of 4 tests" in debrief
    asked = ours.get(f"/interviews/{id_}/withdraw")
    assert asked.status_code == 200 and "It cannot be undone" in asked.get_data(as_text=True)
    assert not consenting.withdrawn(room.interview)
    assert "1 of 1" in critique(room)["explanation"]

    for _again in range(2):
        assert ours.post(f"/interviews/{id_}/withdraw").status_code == 302
    assert room.interview.counts["consent.withdrawn"] == 1 and room.interview.counts["score.recorded"] == 2
    assert critique(room)["status"] == "not_observed"
    after = ours.get(f"/interviews/{id_}/debrief").get_data(as_text=True)
    assert "You took it back" in after and "Take it back…" not in after and "You did not take it." in after
    assert ours.get(f"/interviews/{id_}/withdraw").status_code == 302


def test_the_scorecard_reads_as_where_there_was_no_opportunity(interviews: Interviews) -> None:
    room, without, idle = held(interviews), held(interviews, plants=False), held(interviews, verdicts=False)
    assert critique(room)["n"] == 2
    consenting.withdraw(room.interview)
    assert critique(room) == critique(idle) == critique(without)


def test_nothing_of_it_reaches_an_interviewer_any_more(app: Flask, settings: Settings, interviews: Interviews) -> None:
    room = held(interviews)
    id_, theirs = room.interview.id, client(app, settings, room, "interviewer")
    defect = room.interview.exercise.spec.defects[0]
    told = (defect.title, defect.id, "Planted mistakes named", "consent.withdrawn")
    places = (
        f"/api/interviews/{id_}/interviewer/events", f"/api/interviews/{id_}/interviewer/state", f"/interviews/{id_}/scorecard",
        f"/api/interviews/{id_}/interviewer/scorecard", f"/interviews/{id_}/watch", f"/interviews/{id_}/replay",
        *(f"/interviews/{id_}/export.{suffix}" for suffix in ("json", "csv")),
    )  # fmt: skip
    assert theirs.post(f"/interviews/{id_}/reveal").status_code == 302
    before = "".join(theirs.get(place).get_data(as_text=True) for place in places)
    assert all(words in before for words in told[:3])

    assert redaction.search(room.interview.log, id_, defect.title).stays == {"debrief.shown": 1, "key.recorded": 1}
    consenting.withdraw(room.interview)
    for place in places:
        answer = theirs.get(place)
        assert answer.status_code == 200
        assert not [words for words in told if words in answer.get_data(as_text=True)], place
    state = theirs.get(f"/api/interviews/{id_}/interviewer/state").get_json()
    assert state["status"] == "finished" and state["debrief"] == []
    # Their own words stay: interviewers have heard them.
    assert FAULT in theirs.get(f"/api/interviews/{id_}/interviewer/events").get_data(as_text=True)
    assert redaction.search(room.interview.log, id_, defect.title).stays == {}
    assert redaction.search(room.interview.log, id_, FAULT).kinds == {"suggestion.decided": 1}
    own = client(app, settings, room, "candidate").get(f"/api/interviews/{id_}/candidate/state").get_json()
    assert own["debrief"][0]["defect"] == defect.id


def test_what_people_said_of_it_is_gone_with_it(app: Flask, settings: Settings, interviews: Interviews) -> None:
    """Ratings, overrides and signatures of before say how somebody dealt with planted mistakes as a score does."""
    room = held(interviews)
    id_, first = room.interview.id, client(app, settings, room, "interviewer")
    words = "Saw through the planted one"
    levels = dict.fromkeys(DIMENSIONS, 4)
    told = {f"reason-{dimension}": words if dimension == "critique" else "Clear" for dimension in DIMENSIONS}
    assert first.post(f"/interviews/{id_}/rate", data={**form(levels), **told}).status_code == 302
    override = {"dimension": "critique", "level": "5", "reason": words}
    assert first.post(f"/interviews/{id_}/override", data=override).status_code == 302
    signed = {"seen": str(room.interview.state.seq)}
    assert first.post(f"/interviews/{id_}/sign", data=signed).status_code == 302
    places = (
        f"/interviews/{id_}/scorecard",
        f"/api/interviews/{id_}/interviewer/scorecard",
        f"/interviews/{id_}/export.log",
    )
    assert all(words in first.get(place).get_data(as_text=True) for place in places)

    consenting.withdraw(room.interview)
    for place in places:
        assert words not in first.get(place).get_data(as_text=True), place
    card = first.get(places[1]).get_json()
    assert card["ratings"][0]["levels"] == {one: 4 for one in DIMENSIONS if one != "critique"} and card["final"] == []
    # It reads as where what the score rests on has changed for any other reason.
    assert "as it was then" in first.get(places[0]).get_data(as_text=True)
    header, records = read_log(io.StringIO(first.get(places[2]).get_data(as_text=True)))
    verify(header, records)
    assert first.post(f"/interviews/{id_}/sign", data={"seen": str(room.interview.state.seq)}).status_code == 302
    card = first.get(places[1]).get_json()
    assert {one["dimension"]: one["level"] for one in card["final"]}["critique"] is None


def test_the_log_that_leaves_is_whole_but_for_it(
    app: Flask, settings: Settings, interviews: Interviews, tmp_path: Path
) -> None:
    room = held(interviews)
    consenting.withdraw(room.interview)
    theirs = client(app, settings, room, "interviewer")
    assert theirs.post(f"/interviews/{room.interview.id}/reveal").status_code == 302
    exported = theirs.get(f"/interviews/{room.interview.id}/export.log")
    file = tmp_path / "log.ndjson"
    file.write_bytes(exported.data)
    header, records = read_log(io.StringIO(exported.get_data(as_text=True)))
    verify(header, records)
    # It can be replayed to its end.
    assert fold(e.understand(record) for record in records).suggestions["s1"].decisions == {
        "h1": "rejected",
        "h2": "accepted",
    }
    kept = {record.type for record in records if record.payload is not None}
    assert not kept & (TAKEN_BACK | {"consent.withdrawn"}) and "suggestion.decided" in kept
    assert [record.payload is None for record in records if record.type == "score.recorded"] == [True, False]
    assert "review_repairs" not in exported.get_data(as_text=True)

    checked = CliRunner().invoke(main, ["verify", str(file), "--strict", "--json"])
    assert checked.exit_code == 0, checked.output
    gone = json.loads(checked.output)["tombstones"]
    assert gone["unexplained"] == [] and gone["withheld"] and gone["erased"]
    scored = CliRunner().invoke(main, ["score", str(file), "--json"])
    assert scored.exit_code == 0
    assert detection(json.loads(scored.output)) == critique(room)
    # What the log here holds is whole, and scores to the same.
    whole = room.interview.log.read(room.interview.id)
    verify(room.interview.header, whole)
    again = room.interview.tools.score(room.interview.header, whole)
    assert detection(again) == critique(room)


def test_a_scorecard_that_was_under_way_is_withheld(interviews: Interviews) -> None:
    room = held(interviews)
    old = critique(room), room.interview.tools.score(room.interview.header, room.interview.log.read(room.interview.id))
    consenting.withdraw(room.interview)
    late = room.interview.record(Draft("system", e.ScoreRecorded(scorecard=old[1], author="rubric")))[0]
    at = consenting.withdrawn(room.interview)
    assert withhold("interviewer", late).payload and withhold("interviewer", late, at).payload is None
    assert wire("interviewer", late)["payload"] is None


def test_what_is_analysed_late_reaches_no_connected_interviewer(
    app: Flask, settings: Settings, interviews: Interviews
) -> None:
    def connected(room: Room) -> SocketIOTestClient:
        theirs = client(app, settings, room, "interviewer")
        query = f"interview={room.interview.id}&role=interviewer&client=c1"
        page = app.extensions["socketio"].test_client(app, query_string=query, flask_test_client=theirs)
        assert page.emit("hello", {"since": room.interview.state.seq}, callback=True)["ok"]
        page.get_received()
        return page

    def heard(page: SocketIOTestClient) -> list[dict[str, e.Json]]:
        return [event for one in page.get_received() if one["name"] == "events" for event in one["args"][0]["events"]]

    for withdraws in (False, True):
        room = held(interviews)
        page = connected(room)
        if withdraws:
            consenting.withdraw(room.interview)
            assert all(event["payload"] is None for event in heard(page) if event["type"] == "withheld")
        late = e.AnalysisRecorded(kind="review_repairs", result={"hunks": {"v1": {"repaired": True}}})
        seq = room.interview.record(Draft("system", late))[0].seq
        (told,) = (event for event in heard(page) if event["seq"] == seq)
        assert (told["payload"] is None) == withdraws and (told["type"] == "withheld") == withdraws


def test_it_can_be_done_for_seven_days_from_the_debrief(app: Flask, settings: Settings, interviews: Interviews) -> None:
    early = held(interviews, over=False)
    with pytest.raises(NotAllowed, match="once you have seen"):
        consenting.withdraw(early.interview)

    room = held(interviews)
    shown = next(r for r in room.interview.log.read(room.interview.id) if r.type == "debrief.shown").at_ms
    ours, path = client(app, settings, room, "candidate"), f"/interviews/{room.interview.id}"
    room.interview.tools = replace(room.interview.tools, clock=lambda: shown + WEEK_MS + 1)
    refused = ours.post(f"{path}/withdraw")
    assert refused.status_code == 403 and "seven days" in refused.get_data(as_text=True)
    assert ours.get(f"{path}/withdraw").status_code == 302
    assert "They have passed" in ours.get(f"{path}/debrief").get_data(as_text=True)
    assert not room.interview.counts["consent.withdrawn"]


def test_for_these_days_an_expired_link_opens_for_the_candidate_alone(app: Flask, interviews: Interviews) -> None:
    room = held(interviews)
    shown = next(r for r in room.interview.log.read(room.interview.id) if r.type == "debrief.shown").at_ms

    def opened(role: e.Role, at: int) -> FlaskClient | None:
        room.interview.tools = interviews.tools = replace(room.interview.tools, clock=lambda: at)
        found = app.test_client()
        token = auth.sign_link(app.config["SECRET_KEY"], auth.Link(room.interview.id, role, shown - 1))
        answer = found.get(f"/join/{token}", follow_redirects=True)
        assert answer.status_code == 200 or "expired" in answer.get_data(as_text=True)
        return found if answer.status_code == 200 else None

    assert opened("interviewer", shown + 1) is None and opened("candidate", shown + WEEK_MS + 1) is None
    ours = opened("candidate", shown + WEEK_MS)
    assert ours is not None and ours.post(f"/interviews/{room.interview.id}/withdraw").status_code == 302
    assert room.interview.counts["consent.withdrawn"] == 1


def test_before_there_is_a_score_it_can_be_taken_back_too(interviews: Interviews) -> None:
    interview = held(interviews, over=False).interview
    interview.record(Draft("system", e.DebriefShown(items=())))
    consenting.withdraw(interview)
    records = interview.log.read(interview.id)
    assert records[-1].type == "consent.withdrawn"
    card = interview.tools.score(interview.header, records)
    assert detection(card)["status"] == "not_observed"


def test_on_the_last_of_the_seven_days_it_can_be_done(interviews: Interviews) -> None:
    room = held(interviews)
    shown = next(r for r in room.interview.log.read(room.interview.id) if r.type == "debrief.shown").at_ms
    room.interview.tools = replace(room.interview.tools, clock=lambda: shown + WEEK_MS - 60_000)
    consenting.withdraw(room.interview)
    assert room.interview.counts["consent.withdrawn"] == 1


def test_where_nothing_was_met_there_is_nothing_to_take_back(
    app: Flask, settings: Settings, interviews: Interviews
) -> None:
    room = held(interviews, verdicts=False)
    ours, path = client(app, settings, room, "candidate"), f"/interviews/{room.interview.id}"
    assert "Take it back" not in ours.get(f"{path}/debrief").get_data(as_text=True)
    refused = ours.post(f"{path}/withdraw")
    assert refused.status_code == 403 and "nothing to take back" in refused.get_data(as_text=True)
    theirs = client(app, settings, room, "interviewer")
    assert theirs.post(f"{path}/withdraw").status_code == 403
