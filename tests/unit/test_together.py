"""The prepared assistant in several conversations at once: nothing planted can be learned from how two of them differ."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from assistant.base import Ask, Part, Turn
from assistant.registry import get
from interviews import events as e
from interviews.exercises import load
from interviews.log import Draft
from interviews.service import editing
from interviews.service.delegation import Delegation
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from tests.product import wait
from tests.support import bare_interview
from tests.unit.assistant_talk import EVERYTHING, Conversation, Reply
from tests.unit.test_pairing import Answering

EXERCISE = load("prompted-playlists")
FIX = "fix the bug: 80s is read as 80 seconds"
HINT = "1 hour 30 minutes must still be 90 minutes."
VAGUE = "song_key compares by title only"
CONCRETE = f'{VAGUE}: "Home" by two artists gives 1 track, expected 2'
PLANTED = "lost-compound"


def said(prompt: str, *beside: Turn, history: tuple[Turn, ...] = (), **fields: object) -> Reply:
    """What the prompt gets where that was said before it."""
    ask = Conversation(get("scripted"), EXERCISE).ask(prompt)
    ask = replace(ask, history=history, beside=beside, **fields)  # type: ignore[arg-type] # fields of an ask
    return Reply(tuple(get("scripted").reply(ask)))


def before(prompt: str, said_at: int, came_at: int | None = None, ticket: str = "t1", **fields: object) -> Turn:
    """A turn of another conversation."""
    return Turn(prompt, "", ticket=ticket, said_at=said_at, came_at=came_at, **fields)  # type: ignore[arg-type] # fields of a turn


def test_a_warning_changes_nothing_of_a_mistake_that_is_on_its_way_and_settles_one_that_is_not() -> None:
    assert said(FIX).defects == [PLANTED] and said(f"{FIX}. {HINT}").defects == []
    on_its_way = before(FIX, 1)
    assert said(f"{FIX}. {HINT}", on_its_way).hunks == said(FIX, on_its_way).hunks
    assert said(f"{FIX}. {HINT}", on_its_way).defects == [PLANTED]
    # The other way round the warning came first, and holds for both.
    assert said(FIX, before(f"{FIX}. {HINT}", 1)).defects == []
    # It was on its way when the warning was said, whatever became of it since.
    assert said(FIX, before(FIX, 1, 3), before(HINT, 2, ticket="t2")).defects == [PLANTED]


def test_what_came_back_is_mended_by_whoever_names_it_wherever() -> None:
    for prompt, beside in (
        (HINT, (before(FIX, 1, 2),)),
        (FIX, (before(FIX, 1, 2), before(HINT, 3, ticket=""))),
        (FIX, (before(FIX, 1, 2), before(HINT, 3))),
    ):
        reply = said(prompt, *beside)
        assert reply.defects == [] and reply.hunks, prompt
    assert "You are right" in said(HINT, before(FIX, 1, 2)).text


def test_it_stands_up_for_a_mistake_once_in_all_conversations_together() -> None:
    built = before(EVERYTHING, 1, 2)
    assert "on purpose" in said(VAGUE, built).text
    assert "title-only" in said(EVERYTHING, built, before(VAGUE, 3, ticket="t2")).defects
    assert "You are right" in said(VAGUE, built, before(VAGUE, 3, ticket="t2")).text
    assert "You are right" in said(CONCRETE, built).text


def test_what_was_stated_holds_everywhere_and_which_line_was_used_does_not() -> None:
    rules = before(EVERYTHING, 1, ticket="")
    reply = said("Implement the feature", rules)
    assert {atom for _, note in reply.hunks for atom in note.honours} >= {"spread", "clean", "versions"}
    # "Yes" follows the offer of its own conversation.
    offer = "why is the playlist of 80s too long?"
    assert said("yes please", history=(Turn(offer, ""),)).proposals
    assert not said("yes please", before(offer, 1)).proposals


@pytest.mark.parametrize(("mode", "plants"), [("chat", True), ("edit", False)])
def test_where_nothing_is_planted_nothing_is_shown(mode: str, plants: bool) -> None:
    chat = before(FIX, 1, None, ticket="", mode=mode)
    reply = said(f"{FIX}. {HINT}", chat, plants=plants)
    assert reply.defects == [] and reply.hunks
    # Only in that conversation: what a ticket proposes may hold a mistake.
    assert said(FIX, chat, plants=plants).defects == [PLANTED] * plants


def test_once_open_work_is_over_nothing_is_planted_any_more_and_what_was_is_still_mended() -> None:
    built = before(FIX, 1, 2, ticket="")
    assert said(FIX, closed=5).hunks and said(FIX, closed=5).defects == []
    reply = said(HINT, built, closed=5)
    assert reply.hunks and reply.defects == [] and "You are right" in reply.text


@dataclass
class Gated:
    """The prepared assistant, whose tickets come back once ``go`` is set."""

    go: threading.Event

    def reply(self, ask: Ask) -> Iterator[Part]:
        if ask.delegated:
            self.go.wait(20)
        yield from get("scripted").reply(ask)


def handing(go: threading.Event) -> tuple[Interview, Delegation]:
    interview = bare_interview(delegation=True)
    interview.tools = replace(interview.tools, provider=lambda name: Answering(Gated(go).reply))
    starter = [editing.snapshot(path, 1, text, "starter") for path, text in sorted(EXERCISE.workspace.items())]
    begun: tuple[e.AnyPayload, ...] = (*starter, e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=10**9))
    interview.record(*(Draft("system", one) for one in begun))
    return interview, Delegation(interview)


def planted(interview: Interview) -> dict[str, list[str]]:
    """By proposal."""
    noted = [
        record.payload or {} for record in interview.log.read(interview.id) if record.type == "suggestion.annotated"
    ]
    return {one["suggestion"]: [hunk["defect"] for hunk in one["hunks"] if hunk["defect"]] for one in noted}


def back(interview: Interview, delegation: Delegation, *tickets: str) -> None:
    wait(lambda: not any(delegation.working(one) for one in tickets), 60)


def test_two_tickets_that_differ_by_a_hint_do_not_differ_in_what_is_planted() -> None:
    go = threading.Event()
    interview, delegation = handing(go)
    for words in ("Please.", HINT):
        delegation.open("Fix the bug: 80s is read as 80 seconds", words, (), None, None)
    go.set()
    back(interview, delegation, "t1", "t2")
    assert planted(interview) == {"t1.1-s1": [PLANTED], "t2.1-s1": [PLANTED]}
    one, other = (interview.state.suggestions[name].hunks for name in ("t1.1-s1", "t2.1-s1"))
    assert [hunk["after"] for hunk in one] == [hunk["after"] for hunk in other]
    # Now it has been there to be seen; named beside the editor, it is mended in the next ticket too.
    pairing = Pairing(interview)
    pairing.ask(HINT, [], None)
    wait(lambda: interview.state.turns[-1].status == "finished")
    assert "You are right" in interview.state.turns[-1].reply
    delegation.revise("t1", "Again: 80s is read as 80 seconds, fix it.", None, None, None)
    delegation.open("Fix the bug: 80s is read as 80 seconds", "From the start.", (), None, None)
    back(interview, delegation, "t1", "t3")
    assert not any(defects for name, defects in planted(interview).items() if name not in ("t1.1-s1", "t2.1-s1"))
    assert "t3.1-s1" in planted(interview)
