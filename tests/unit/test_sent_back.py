"""What was sent back in a ticket, with a comment at it, was judged: in the score, and in what the candidate is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import create_app, invitation
from assistant.defects import debrief_items, traces
from interviews import events as e
from interviews.log import Draft
from interviews.sentback import sent_back
from interviews.settings import Settings
from rubrics import registry
from rubrics.base import Detection
from rubrics.shown.latency_to_detection import shown
from tests.conformance.test_one_outcome import counts
from tests.golden.make import DEFECTS
from tests.golden.story import Story, note
from tests.unit.test_signals import begin, change, detection, finish
from tests.unit.test_signals_of_reviews import handed_over, revised

NAMED = "rate 1 forgets the last minute"


def round_of(story: Story, turn: str, *noted: e.HunkNote) -> int:
    """What a round of a ticket brings."""
    return story.offer(turn, f"{turn}-s1", "A change", *((change(one.hunk), one) for one in noted))


def comment(story: Story, name: str, suggestion: str, hunk: str, text: str) -> None:
    story.tell("candidate", e.CommentAdded(comment=name, suggestion=suggestion, hunk=hunk, line=1, text=text))


def told(story: Story) -> tuple[str, str | None, str | None]:
    (item,) = debrief_items(DEFECTS, story.view().events)
    return item.outcome, item.suggestion, item.hunk


def judged(story: Story) -> list[int]:
    return [step.about_seq for step in traces(DEFECTS, story.view().events) if step.stage == "judged"]


def begun(said: str, at: str = "h1") -> tuple[Story, int]:
    """A ticket whose change holds a mistake beside sound code; ``said`` at it, and another round asked for."""
    story = begin()
    handed_over(story, "t1.1", "do it")
    round_of(story, "t1.1", note("h1", defect="flaw1"), note("h2"))
    comment(story, "k1", "t1.1-s1", at, said)
    seq = story.tell("candidate", revised("t1.2", "", "k1"))
    return story, seq


def merged(story: Story) -> None:
    """The next round is sound, and taken over."""
    story.answer("t1.2", "Done.")
    seq = round_of(story, "t1.2", note("h3"))
    story.accept("t1.2-s1", change("h3"), seq)
    finish(story)


def test_a_mistake_that_was_named_in_a_comment_and_sent_back_was_found() -> None:
    story, seq = begun(NAMED)
    merged(story)
    assert detection(story) == (1, 1, 0, 1)
    reading = registry.signal("defect_detection").read(story.view())
    assert isinstance(reading, Detection) and reading.defective[0].evidence == (seq, seq - 1)
    assert told(story) == ("named", "t1.1-s1", "h1") and judged(story) == [seq]
    assert shown.read(story.view()).value is not None


@pytest.mark.parametrize("said", ["Why is this here?", "this is wrong", "I would rather write it myself."])
def test_one_that_was_sent_back_with_other_words_was_doubted_and_costs_nothing(said: str) -> None:
    story, seq = begun(said)
    merged(story)
    assert detection(story) == (0, 0, 0, 1)
    assert told(story) == ("doubted", "t1.1-s1", "h1") and judged(story) == [seq]


def test_what_no_comment_is_at_has_no_verdict() -> None:
    story, _ = begun(NAMED, at="h2")
    merged(story)
    assert detection(story)[:2] == (0, 0)
    assert told(story) == ("not judged", "t1.1-s1", "h1") and judged(story) == []


def test_sound_code_that_is_sent_back_as_faulty_is_blamed() -> None:
    for said, alarms in (("This is wrong: it never ends.", 1), ("Please add a comment here.", 0)):
        story, _ = begun(said, at="h2")
        finish(story)
        assert detection(story)[2:] == (alarms, alarms)


def test_one_that_is_decided_after_all_is_judged_by_the_decision() -> None:
    story, _ = begun("Why is this here?")
    story.tell("assistant", e.ReplyFailed(turn="t1.2", reason="no answer"))
    decided = e.SuggestionDecided(suggestion="t1.1-s1", hunk="h1", decision="accepted")
    seq = story.tell("candidate", decided)
    finish(story, test_rate_1="failed")
    assert sent_back(story.view().events) == {} and judged(story) == [seq]
    assert told(story)[0] == "submitted"
    story, _ = begun(NAMED)
    story.tell("assistant", e.ReplyFailed(turn="t1.2", reason="no answer"))
    seq = story.tell("candidate", decided.model_copy(update={"decision": "rejected"}))
    assert told(story)[0] == "rejected" and judged(story) == [seq]
    assert detection(story)[:2] == (1, 1)


def test_a_round_that_failed_and_was_asked_for_again_is_one_verdict() -> None:
    story, seq = begun("Why is this here?")
    story.tell("assistant", e.ReplyFailed(turn="t1.2", reason="no answer"))
    comment(story, "k2", "t1.1-s1", "h1", NAMED)
    story.tell("candidate", revised("t1.3", "", "k1", "k2"))
    found = sent_back(story.view().events)["t1.1-s1", "h1"]
    assert found.seq == seq and found.said[-1] == NAMED
    assert told(story)[0] == "named" and detection(story)[:2] == (1, 1)


def test_what_made_way_before_is_not_sent_back_again_nor_what_is_said_behind_open_work() -> None:
    story, _ = begun("Please go on.", at="h2")
    round_of(story, "t1.2", note("h3"))
    comment(story, "k2", "t1.1-s1", "h1", NAMED)
    story.tell("candidate", revised("t1.3", "", "k2"))
    assert set(sent_back(story.view().events)) == {("t1.1-s1", "h2")}
    assert told(story)[0] == "not judged"
    for last in (e.PhaseOffered(phase="review", duration_ms=1), e.InterviewSubmitted(by="clock", late=False)):
        story = begin()
        handed_over(story, "t1.1", "do it")
        round_of(story, "t1.1", note("h1", defect="flaw1"))
        comment(story, "k1", "t1.1-s1", "h1", NAMED)
        story.tell("system", last)
        story.tell("candidate", revised("t1.2", "", "k1"))
        assert sent_back(story.view().events) == {} and judged(story) == []
        assert told(story)[0] == "not judged" and detection(story)[:2] == (0, 0)


def test_sending_back_feeds_defect_detection_alone() -> None:
    """The verdict turned over: the same words, and the hunk merged instead or left undecided."""
    readings = []
    for sends in (True, False):
        story = begin()
        handed_over(story, "t1.1", "do it")
        seq = round_of(story, "t1.1", note("h1", defect="flaw1"))
        comment(story, "k1", "t1.1-s1", "h1", NAMED)
        if not sends:
            story.accept("t1.1-s1", change("h1"), seq)
        story.tell("candidate", revised("t1.2", "", "k1"))
        readings.append(counts(story.view()))
    one, other = readings
    # What was taken over is to be verified, whatever is said of it.
    assert {name for name in one if one[name] != other[name]} - {"verified_before_submit"} == {"defect_detection"}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (NAMED, "You said what is wrong and asked for another round."),
        ("Why is this here?", "You asked for another round of this piece, without naming this fault."),
    ],
)
def test_the_candidate_reads_that_they_sent_it_back(tmp_path: Path, said: str, words: str) -> None:
    settings = Settings(data=tmp_path)
    app = create_app(settings)
    interviews = app.extensions["interviews"]
    try:
        room = interviews.get(interviews.create("prompted-playlists", "Ada", e.InterviewSettings(delegation=True), 7))
        room.consent("0" * 64, "en", plants=True)
        story, _ = begun(said)
        items = tuple(debrief_items(DEFECTS, story.view().events))
        opened = (e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=60_000))
        over = (e.InterviewSubmitted(by="candidate", late=False), e.DebriefShown(items=items))
        room.interview.record(*(Draft("system", one) for one in (*opened, *over)))
        page = app.test_client()
        assert page.get(invitation(settings, "", room.interview.id, "candidate")).status_code == 302
        told = page.get(f"/interviews/{room.interview.id}/debrief").get_data(as_text=True)
        assert words in told and "You gave no verdict" not in told
        assert "Of 1 planted mistakes that you gave a verdict on, you kept 1 out" in told
    finally:
        interviews.close()
