"""Follow-ups where something stood in the way: an outage, a run elsewhere or none, code that does not load, a shared brief."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interviews import events as e
from rubrics import registry
from rubrics.base import LogView, Share
from rubrics.own_words import own_words
from simulator.chance import anybody
from simulator.course import Request, simulate
from simulator.work import STYLES, Style
from tests.golden.story import Story, note
from tests.unit.test_shown import shown
from tests.unit.test_signals import CAP, asked, begin, finish, offered, share

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
