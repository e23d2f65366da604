"""What is shown beside a score: the figures, on small interviews."""

from __future__ import annotations

from decimal import Decimal

from interviews import events as e
from rubrics import registry
from rubrics.base import Fact
from tests.golden.story import Story, hunk, note
from tests.unit.test_signals import CAP, asked, begin, offered

OWN = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"


def shown(story: Story, name: str) -> Fact:
    return registry.shown(name).read(story.view())


def written() -> Story:
    """Four lines typed, two pasted, one of the assistant's."""
    story = begin()
    story.file("candidate", "songs/own.py", "", "typed")
    story.edit("songs/own.py", "", OWN, "typed")
    story.edit("songs/own.py", "    return 2\n", "    return 2\n\n\nthree = 3\nfour = 4\n", "paste")
    asked(story, "a1", "do it")
    content = hunk("h1", "songs/builder.py", 3, "MAX_SONGS = 30\n", "MAX_MINUTES = 45\n")
    seq = story.offer("a1", "s1", "A change", (content, note("h1")))
    story.accept("s1", content, seq)
    return story


def test_every_line_belongs_to_who_brought_most_of_it_in() -> None:
    mine, assistant = shown(written(), "who_wrote"), shown(written(), "ai_share")
    # The pasted edit put one typed line in again.
    assert mine.values == {"total": 7, "typed": 3, "pasted": 3, "terminal": 0, "assistant": 1, "interviewer": 0}
    assert mine.value is not None and round(mine.value, 1) == Decimal("85.7")
    assert assistant.value is not None and round(assistant.value, 1) == Decimal("14.3")
    assert assistant.evidence


def test_what_was_withheld_leaves_who_wrote_it_untold() -> None:
    story = written()
    edit = next(record.seq for record in story.records() if record.type == "file.edited")
    story.log.erase(story.header.id, [edit], "interviewer:Mo", "A password")
    for name in ("who_wrote", "ai_share"):
        assert (shown(story, name).value, shown(story, name).evidence) == (None, ())


def test_new_requirements_and_gaps_are_counted_once() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    asked(story, "a2", f"{CAP}, and a negative stay is refused")
    asked(story, "a3", f"{CAP}, I said")
    asked(story, "a4", "thanks")
    assert shown(story, "new_atoms").value == Decimal(2) / 3
    gaps = shown(story, "spec_gap_follow_ups")
    assert (gaps.value, len(gaps.evidence), gaps.values["n"]) == (1, 1, 2)


def test_the_size_of_a_prompt_is_what_it_led_to() -> None:
    story = begin()
    for turn, size in (("a1", 1), ("a2", 3), ("a3", 2), ("a4", 0)):
        asked(story, turn, f"go on with {turn}")
        hunks = [hunk(f"{turn}-h{at}", "songs/builder.py", 3, "", "x = 1\n") for at in range(size)]
        if hunks:
            story.offer(turn, f"{turn}-s", "Changes", *((one, note(one.hunk)) for one in hunks))
    scope = shown(story, "prompt_scope")
    assert (scope.value, scope.values) == (2, {"n": 3, "files": 1})


def test_another_way_of_working_is_a_change_of_strategy() -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1"))
    offered(story, "a1", note("h2"))
    assert shown(story, "change_of_strategy").value == 0
    story.file("candidate", "songs/own.py", "", "typed")
    story.edit("songs/own.py", "", OWN, "typed")
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert shown(story, "change_of_strategy").value == 1


def test_pauses_of_the_clock_are_no_time_until_a_flaw_was_named() -> None:
    times = []
    for lost in (0, 1_000):
        story = begin()
        asked(story, "a1", "do it")
        content, noted = hunk("h1", "songs/builder.py", 3, "", "x = 1\n"), note("h1", defect="flaw1")
        seq = story.offer("a1", "s1", "A change", (content, noted))
        story.tell("system", e.ClockPaused(reason="It is sought"), e.ClockResumed(lost_ms=lost))
        story.reject("s1", "h1", "rate 1 forgets the last minute", seq)
        times.append(shown(story, "latency_to_detection").value)
    assert times[0] is not None and times[1] == times[0] - 1
