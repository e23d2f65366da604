"""The signals over what came with reviews and tickets: verdicts, repairs, what a ticket says, what was taken back."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.exercises import load as load_exercise
from interviews.ndjson import read_log
from interviews.reviews import change_request, changed_lines
from rubrics import registry
from rubrics.base import Share
from rubrics.reading.fates import fates
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import GROWN_REVIEWED
from tests.golden.story import Story, hunk, note
from tests.unit.test_signals import CAP, asked, begin, detection, offered, share

FLAW = e.Defect(
    id="limit", kind="wrong boundary", title="The limit is left out", explanation="", fix="", path="songs/limits.py",
    patterns=(r"\blimit\b",),
)  # fmt: skip
FLAWED, GOOD = "v1", "v2"


def reviewed(story: Story) -> Story:
    """A review of two hunks: the second line of the first one is wrong."""
    hunks = tuple(hunk(name, "songs/limits.py", 1, "a\n", "a\nb\nc\n", base=0) for name in (FLAWED, GOOD))
    notes = (note(FLAWED, defect="limit").model_copy(update={"lines": (2,)}), note(GOOD))
    story.tell("system", e.ReviewOpened(review="rv1", title="Limits", description="", folder="review", hunks=hunks))
    story.tell("system", e.ReviewAnnotated(review="rv1", hunks=notes, defects=(FLAW,)))
    return story


def judge(
    story: Story, name: str, verdict: e.Verdict, fault: str = "", line: int = 0, repair: str | None = None
) -> None:
    story.tell(
        "candidate", e.HunkJudged(review="rv1", hunk=name, verdict=verdict, line=line, fault=fault, repair=repair)
    )


def repaired(story: Story, *, passes: bool) -> None:
    result = {"hunks": {FLAWED: {"repaired": passes}}}
    story.tell("system", e.AnalysisRecorded(kind="review_repairs", result=result, key="k"))


@pytest.mark.parametrize(
    ("verdict", "fault", "line", "expected"),
    [
        ("block", "the limit is never looked at", 0, (1, 1)),
        ("probably wrong", "the limit is never looked at", 0, (1, 1)),
        ("block", "this is wrong", 2, (1, 1)),
        ("block", "this is wrong", 1, (0, 0)),
        ("block", "", 2, (0, 0)),
        ("block", "not my style", 2, (0, 0)),
        ("block", "", 0, (0, 0)),
        ("probably right", "", 0, (0, 1)),
        ("merge", "", 0, (0, 1)),
        ("merge", "the limit is never looked at", 2, (0, 1)),
    ],
)
def test_a_planted_hunk_of_the_review(verdict: e.Verdict, fault: str, line: int, expected: tuple[int, int]) -> None:
    story = reviewed(begin())
    assert detection(story) == (0, 0, 0, 0)
    judge(story, FLAWED, verdict, fault, line)
    assert detection(story) == (*expected, 0, 0)


@pytest.mark.parametrize(
    ("verdict", "fault", "expected"),
    [
        ("merge", "", (0, 1)),
        ("probably right", "", (0, 1)),
        ("block", "it crashes", (1, 1)),
        ("probably wrong", "the limit is missing", (1, 1)),
        ("block", "the limit", (1, 1)),
        ("block", "not my style", (0, 0)),
        ("probably wrong", "", (0, 0)),
    ],
)
def test_a_sound_hunk_of_the_review(verdict: e.Verdict, fault: str, expected: tuple[int, int]) -> None:
    story = reviewed(begin())
    judge(story, GOOD, verdict, fault, 2)
    assert detection(story) == (0, 0, *expected)


def test_the_last_verdict_before_submission_counts() -> None:
    story = reviewed(begin())
    judge(story, FLAWED, "merge")
    judge(story, FLAWED, "block", "the limit is left out")
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    judge(story, FLAWED, "merge")
    assert detection(story)[:2] == (1, 1)
    (one,) = [one for one in story.view().facts.reviewed if one.judged]
    assert one.judged is not None and one.judged.verdict == "block", "its four steps are kept"


def test_a_repair_counts_once_it_is_known_to_pass() -> None:
    story = reviewed(begin())
    judge(story, FLAWED, "block", "", 0, "a\nB\nc\n")
    assert detection(story)[:2] == (0, 0), "nobody has tried it yet"
    repaired(story, passes=False)
    assert detection(story)[:2] == (0, 0), "wording costs nothing"
    repaired(story, passes=True)
    assert detection(story)[:2] == (1, 1)
    judge(story, FLAWED, "probably right", "", 0, "a\nB\nc\n")
    assert detection(story)[:2] == (0, 1), "who lets it in has not found it"


def test_the_fault_may_be_named_in_a_comment_at_the_hunk_and_in_no_prompt() -> None:
    for told in ("prompt", "comment", "ticket"):
        story = reviewed(begin())
        judge(story, FLAWED, "block", "look here")
        if told == "prompt":
            asked(story, "a1", "why is the limit never read?")
        elif told == "ticket":
            story.tell("candidate", opened("t1.1", "Read the limit"))
        else:
            comment = e.CommentAdded(comment="k1", suggestion="rv1", hunk=FLAWED, line=2, text="the limit is lost")
            story.tell("candidate", comment)
        # One text that names every fault there could be is no review of any hunk.
        assert detection(story)[:2] == ((1, 1) if told == "comment" else (0, 0)), told


def test_one_text_at_every_hunk_blames_the_sound_ones_too() -> None:
    story = reviewed(begin())
    for number, name in enumerate((FLAWED, GOOD)):
        judge(story, name, "block")
        comment = e.CommentAdded(comment=f"k{number}", suggestion="rv1", hunk=name, line=0, text="the limit is lost")
        story.tell("candidate", comment)
    assert detection(story) == (1, 1, 1, 1)


def test_what_is_decided_behind_open_work_is_not_about_what_was_handed_in() -> None:
    for late in (False, True):
        story = begin()
        asked(story, "a1", "do it")
        if late:
            story.tell("system", e.PhaseOffered(phase="review", duration_ms=900_000))
        offered(story, "a1", note("h1", defect="flaw1"), accept=False, reason="rate 1: the last minute")
        assert detection(story)[:2] == ((0, 0) if late else (1, 1))


def test_naming_a_fault_of_the_review_in_a_prompt_is_no_follow_up() -> None:
    story = reviewed(begin())
    asked(story, "a1", "do it")
    asked(story, "a2", "why is the limit never read?")
    assert share(story, "productive_follow_up") == (0, 0)


def test_without_plants_or_with_consent_withdrawn_nothing_is_observed() -> None:
    expected = "No verdict was given on a change of known quality."
    for course in ("chosen", "withdrawn"):
        story = begin()
        story.tell("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en", plants=course != "chosen"))
        reviewed(story)
        judge(story, FLAWED, "merge")
        judge(story, GOOD, "block", "it crashes")
        if course != "chosen":
            assert detection(story) == (0, 1, 1, 1)
            story.tell("candidate", e.ConsentWithdrawn(scope="planted-defects"))
        assert detection(story) == (0, 0, 0, 0)
        card = score(story.view(), load("standard"))
        (indicator,) = [
            one for dimension in card.dimensions for one in dimension.indicators if one.id == "defect_detection"
        ]
        assert (indicator.status, indicator.value, indicator.explanation) == ("not_observed", None, expected)


# Tickets


def opened(turn: str, text: str, title: str = "Some work", *mentions: e.Mention) -> e.TicketOpened:
    return e.TicketOpened(ticket=turn.partition(".")[0], turn=turn, title=title, text=text, files={}, mentions=mentions)


def revised(turn: str, text: str, *comments: str) -> e.TicketRevised:
    return e.TicketRevised(ticket=turn.partition(".")[0], turn=turn, text=text, files={}, comments=comments)


def handed_over(story: Story, turn: str, text: str, title: str = "Some work", *, miss: bool = False) -> None:
    story.tell("candidate", opened(turn, text, title))
    story.answer(turn, "Done.", miss=miss)


@pytest.mark.parametrize("where", ["title", "text", "revision", "answered comment", "comment"])
def test_a_ticket_states_requirements(where: str) -> None:
    story = begin()
    handed_over(story, "t1.1", CAP if where == "text" else "do it", CAP if where == "title" else "Some work")
    if "comment" in where:
        story.tell("candidate", e.CommentAdded(comment="k1", suggestion="s0", hunk="h0", line=0, text=CAP))
    if where in ("revision", "answered comment"):
        story.tell("candidate", revised("t1.2", CAP if where == "revision" else "", "k1"))
    offered(story, "t1.2", note("h1", "cap", "cap"))
    assert share(story, "requirement_coverage") == (1, 1)


def test_what_a_ticket_left_out_is_missing() -> None:
    story = begin()
    handed_over(story, "t1.1", "do it")
    offered(story, "t1.1", note("h1", "cap"))
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    story.tell(
        "system",
        e.AnalysisRecorded(
            kind="hidden_tests", result={"tests": [{"id": "test_fees.py::test_cap", "outcome": "failed"}]}
        ),
    )
    assert share(story, "requirement_coverage") == (0, 1)


def test_tickets_are_grounded_as_prompts_are_and_a_miss_is_left_out() -> None:
    story = begin()
    handed_over(story, "t1.1", "shuffle() gives the same order each time")
    handed_over(story, "t2.1", "make it nicer")
    handed_over(story, "t3.1", "sing me a song", miss=True)
    attached = e.Mention(kind="file", name="songs/builder.py", version=1)
    story.tell("candidate", opened("t4.1", "make it nicer", "Some work", attached))
    assert share(story, "grounding") == (2, 3)


def test_another_round_is_a_follow_up_and_a_new_ticket_is_none() -> None:
    story = begin()
    asked(story, "a1", "do it")
    handed_over(story, "t1.1", "and that")
    assert share(story, "productive_follow_up") == (0, 0)
    story.tell("candidate", e.CommentAdded(comment="k1", suggestion="s0", hunk="h0", line=0, text=CAP))
    story.tell("candidate", revised("t1.2", "see my comment", "k1"))
    story.answer("t1.2", "Done.")
    story.tell("candidate", revised("t1.3", "again"))
    story.answer("t1.3", "Done.")
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert share(story, "productive_follow_up") == (1, 2)


def test_who_delegates_is_read_as_who_asks() -> None:
    """The same words about the same work, in prompts or in tickets."""
    readings = []
    for delegating in (False, True):
        story = begin()
        for at, requirement in enumerate(("do it", CAP), start=1):
            turn = f"t1.{at}" if delegating else f"a{at}"
            if not delegating:
                asked(story, turn, requirement)
            elif at == 1:
                handed_over(story, turn, requirement, "")
            else:
                story.tell("candidate", revised(turn, requirement))
                story.answer(turn, "Done.")
            offered(story, turn, note(f"h{at}", "cap", "cap" if at > 1 else ""))
        story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
        found = [registry.signal(name).read(story.view()) for name in ("requirement_coverage", "grounding")]
        found.append(registry.signal("productive_follow_up").read(story.view()))
        readings.append([[one.hit for one in reading.opportunities] for reading in found if isinstance(reading, Share)])
    assert readings[0] == readings[1]
    assert len(readings[0]) == 3


def test_what_came_back_of_a_ticket_is_followed_as_any_code_of_the_assistants() -> None:
    with GROWN_REVIEWED.open(encoding="utf-8", newline="") as lines:
        _, records = read_log(lines)
    assert [(one.suggestion, one.lines, one.standing) for one in fates(map(e.understand, records))] == [
        ("t1.2-s1", 1, 1)
    ]


# Where a mistake is


@pytest.mark.parametrize(
    ("sound", "flawed", "lines"),
    [
        ("a\nb\nc\n", "a\nB\nc\n", (2,)),
        ("a\nb\nc\n", "a\nc\n", (1, 2)),
        ("a\nb\n", "a\nx\ny\nb\n", (2, 3)),
        ("a\nb\n", "a\n", (1,)),
        ("a\n", "", ()),
        ("a\n", "a\n", ()),
    ],
)
def test_a_notes_lines_are_those_that_the_mistake_changed(sound: str, flawed: str, lines: tuple[int, ...]) -> None:
    assert changed_lines(sound, flawed) == lines


def test_a_review_says_where_its_mistakes_are_and_of_sound_hunks_nothing() -> None:
    request = change_request(load_exercise("prompted-playlists"), 7, plants=True)
    after = {hunk.hunk: hunk.after for hunk in request.hunks}
    planted = [noted for noted in request.notes if noted.defect]
    assert planted and any(noted.lines for noted in planted)
    for noted in request.notes:
        assert all(1 <= line <= after[noted.hunk].count("\n") for line in noted.lines)
        assert noted.defect is not None or noted.lines == ()


@pytest.mark.parametrize(
    ("fault", "repair", "alarms"),
    [
        ("it should return 3 here", None, 1),
        ("I am not sure, I need to look at this again", None, 0),
        ("I'd have to run it to know", None, 0),
        ("Should this have a test?", None, 0),
        ("", "something else\n", 1),
        ("not my style, I prefer a helper", "something else\n", 0),
    ],
)
def test_what_puts_something_else_in_the_place_of_sound_code_is_a_false_alarm(
    fault: str, repair: str | None, alarms: int
) -> None:
    story = reviewed(begin())
    judge(story, GOOD, "block", fault, repair=repair)
    assert detection(story)[2:] == (alarms, alarms)
