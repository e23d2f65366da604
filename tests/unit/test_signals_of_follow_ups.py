"""Follow-ups where something stood in the way: an outage, a run elsewhere or none, code that does not load, a shared brief."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interviews import events as e
from rubrics import registry
from rubrics.base import LogView, Share
from rubrics.reading.own_words import own_words
from simulator.chance import anybody
from simulator.course import Request, simulate
from simulator.work import STYLES, Style
from tests.golden.story import Story, note
from tests.unit.test_shown import shown
from tests.unit.test_signals import CAP, asked, begin, finish, offered, share
from tests.unit.test_signals_of_runs import STARTED, TWO, follow_up, ran

NEGATIVE = "A negative stay is refused"


# What the platform failed to answer


def failed(story: Story, turn: str, text: str, how: str) -> None:
    if how == "miss":
        asked(story, turn, text, miss=True)
    else:
        story.ask(turn, text)
        story.tell("assistant", e.ReplyFailed(turn=turn, reason="no"))


@pytest.mark.parametrize("how", ["failed", "miss"])
def test_to_send_again_what_was_not_answered_says_it_for_the_first_time(how: str) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"), accept=False)
    for turn, text in (("a2", CAP), ("a3", NEGATIVE)):
        failed(story, f"{turn}-", text, how)
        asked(story, turn, text)
    finish(story)
    assert share(story, "productive_follow_up") == (2, 2)
    assert shown(story, "spec_gap_follow_ups").value == 1
    assert len(shown(story, "new_atoms").evidence) == 2


def test_what_was_not_answered_is_no_formula() -> None:
    text = "Nothing is charged for the time before they come in."
    story = begin()
    for turn in ("a1", "a2", "a3"):
        failed(story, turn, text, "failed")
    asked(story, "a4", text)
    facts = story.view().facts
    assert own_words(facts)[facts.prompts[-1].seq] == text


@pytest.mark.parametrize("style", STYLES)
def test_a_simulated_outage_hits_a_follow_up_too_and_changes_no_count(style: Style) -> None:
    plain = Request(4, anybody(4), style=style)
    one, other = (simulate(each) for each in (plain, replace(plain, outage=True)))
    assert sum(event.type == "reply.failed" for event in other.records) == 2
    for signal in ("productive_follow_up", "fix_yield", "loops"):
        counts = []
        for made in (one, other):
            reading = registry.signal(signal).read(LogView.of(made.header, made.records))
            assert isinstance(reading, Share)
            counts.append([chance.hit for chance in reading.opportunities])
        assert counts[0] == counts[1]


# Code that does not load, tests that are gone


def unreadable(story: Story, name: str, *more: e.TestResult) -> None:
    """A run in which the module of the tests could not be read."""
    told(story, name, e.TestResult(id="tests.test_fees", outcome="error"), *more)


def told(story: Story, name: str, *results: e.TestResult) -> None:
    seq = story.tell("candidate", e.RunStarted(run=name, files={}))
    done = e.RunFinished(run=name, exit_code=1, tests=results, output="", timed_out=False, duration_ms=1)
    story.tell("system", done, cause=seq)


def passed(test: str) -> e.TestResult:
    return e.TestResult(id=test, outcome="passed")


def test_a_follow_up_that_breaks_the_code_or_takes_tests_away_mends_nothing() -> None:
    story = follow_up(before=(TWO,))
    unreadable(story, "r2")
    assert share(story, "fix_yield") == (0, 1)
    story = follow_up(before=(TWO,))
    told(story, "r2", passed(STARTED))
    assert share(story, "fix_yield") == (0, 1), "the failing test is gone"
    story = follow_up(before=(TWO,))
    told(story, "r2", e.TestResult(id=TWO, outcome="skipped"), passed(STARTED))
    assert share(story, "fix_yield") == (0, 1), "it is left out"
    story = follow_up(before=(TWO,))
    told(story, "r2", passed(TWO))
    assert share(story, "fix_yield") == (1, 1), "whoever takes away a test that passed breaks nothing"
    story = follow_up(before=(TWO,))
    unreadable(story, "r2", passed(TWO))
    assert share(story, "fix_yield") == (0, 1), "what had passed could not run"


def test_code_that_loads_again_is_mended() -> None:
    for results, hits in (((passed(TWO), passed(STARTED)), 1), ((passed("tests/test_other.py::test_it"),), 0)):
        story = begin()
        asked(story, "a1", "do it")
        unreadable(story, "r1")
        asked(story, "a2", CAP)
        offered(story, "a2", note("h1", "cap", "cap"))
        told(story, "r2", *results)
        assert share(story, "fix_yield") == (hits, 1)


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_run_that_could_not_read_the_tests_is_no_way_out_of_a_loop(at: int) -> None:
    story = begin()
    for index, failing in enumerate(((TWO,), (STARTED,), (TWO,))):
        if index == at:
            unreadable(story, "broken")
        ran(story, f"r{index}", *failing)
    if at == 3:
        unreadable(story, "broken")
    assert share(story, "loops") == (0, 1)


# Runs of the review, and of another round


def test_a_run_in_the_review_decides_no_follow_up() -> None:
    for signal, text in (("fix_yield", CAP), ("productive_follow_up", "test_two_hours is red")):
        for reviewing in (False, True):
            story = follow_up(text)
            if reviewing:
                story.tell("system", e.PhaseOffered(phase="review", duration_ms=1))
            ran(story, "r2")
            finish(story)
            assert share(story, signal) == ((0, 0) if reviewing else (1, 1))


def test_a_run_behind_the_next_prompt_tells_of_that_one_alone() -> None:
    for after in ((), (TWO,)):
        story = follow_up("test_two_hours is red", before=(TWO, STARTED))
        asked(story, "a3", CAP)
        offered(story, "a3", note("h2", "cap", "cap"))
        ran(story, "r2", *after, STARTED)
        finish(story)
        assert share(story, "productive_follow_up") == (1, 1), "what states the cap"
        assert share(story, "fix_yield") == (int(not after), 1)


def test_an_idle_prompt_between_takes_no_run_away() -> None:
    for after in ((), (TWO,)):
        story = follow_up("test_two_hours is red", before=(TWO,))
        asked(story, "a3", "make it better")
        ran(story, "r2", *after)
        finish(story)
        assert share(story, "productive_follow_up") == (int(not after), 2)
        assert share(story, "loops") == share(story, "fix_yield") == (0, 0)


def test_a_named_module_that_loads_again_is_resolved() -> None:
    for results, hits in (((passed(TWO),), 1), ((e.TestResult(id="tests.test_fees", outcome="error"),), 0)):
        story = begin()
        asked(story, "a1", "do it")
        unreadable(story, "r1")
        asked(story, "a2", "tests.test_fees is red")
        told(story, "r2", *results)
        finish(story)
        assert share(story, "productive_follow_up") == (hits, 1)


# Who tests in the terminal


@pytest.mark.parametrize(
    ("said", "text", "counts"),
    [
        ("FAILED tests/test_fees.py::test_own_way - ValueError: no", "test_own_way, please", 0),
        ("FAILED tests/test_fees.py::test_own_way - ValueError: no", "look at the ValueError", 0),
        ("ValueError: no", "Now there is a ValueError", 0),
        ("", "test_two_hours fails", 0),
        ("", "test_of_nothing fails", 1),
        ("1 passed", "it fails", 1),
        ("FAILED tests/test_fees.py::test_own_way - ValueError: no", "make it better", 1),
    ],
)
def test_a_failure_that_only_a_terminal_showed_is_held_against_nobody(said: str, text: str, counts: int) -> None:
    story = begin()
    asked(story, "a1", "do it")
    story.tell("terminal", e.TerminalOutput(terminal="t1", data=said))
    asked(story, "a2", text)
    offered(story, "a2", note("h1"))
    finish(story)
    assert share(story, "productive_follow_up") == (0, counts)


def test_what_is_attached_of_a_terminal_counts_as_written() -> None:
    story = begin()
    asked(story, "a1", "do it")
    said = "FAILED tests/test_fees.py::test_own_way - ValueError: no"
    story.tell("terminal", e.TerminalOutput(terminal="t1", data=said))
    story.ask("a2", "see here", mentions=(e.Mention(kind="terminal", name="t1", text=said),))
    offered(story, "a2", note("h1"))
    finish(story)
    assert share(story, "productive_follow_up") == (0, 0)


# A brief that the assistant was given, questions, courtesies


@pytest.mark.parametrize("where", ["key", "header"])
def test_to_state_what_the_assistant_was_told_is_no_idle_follow_up(where: str) -> None:
    story = begin(brief_shared=where == "key")
    if where == "header":
        settings = story.header.settings.model_copy(update={"brief_shared": True})
        story.header = story.header.model_copy(update={"settings": settings})
    asked(story, "a1", "do it")
    asked(story, "a2", CAP)
    asked(story, "a3", "make it better")
    finish(story)
    assert share(story, "productive_follow_up") == (0, 1)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("What does `shuffle` do?", 0),
        ("Is there a quicker way to sort here?", 0),
        ("Was macht `shuffle`?", 0),
        ("Could you explain the last change", 0),
        ("Can you make it better?", 1),
        ("Please be more explicit.", 1),
        ("Hm, no.", 1),
    ],
)
def test_a_question_that_words_alone_answered_was_to_move_nothing(text: str, counts: int) -> None:
    for proposed in (False, True):
        story = begin()
        asked(story, "a1", "do it")
        asked(story, "a2", text)
        if proposed:
            offered(story, "a2", note("h1"))
        finish(story)
        assert share(story, "productive_follow_up") == (0, max(counts, proposed)), "a change makes it an opportunity"


def test_a_courtesy_with_a_failure_attached_asks_for_something() -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    story.ask("a2", "This please", mentions=(e.Mention(kind="failure", name=TWO, text=""),))
    story.answer("a2", "Here you are.")
    ran(story, "r2")
    asked(story, "a3", "This please")
    finish(story)
    assert share(story, "productive_follow_up") == (1, 1)
    assert share(story, "grounding") == (1, 2)


def test_what_a_run_has_just_passed_is_no_failure_that_nobody_saw() -> None:
    story = begin()
    asked(story, "a1", "do it")
    story.run("r1")
    asked(story, "a2", "make it nicer, test_two_hours fails")
    story.run("r2")
    finish(story)
    assert share(story, "productive_follow_up") == (0, 1)
