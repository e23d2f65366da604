"""What the next process does about a turn without an end, by what the log says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assistant.base import Ask, Finished, Part, TextDelta
from interviews import events as e
from interviews.log import Draft
from interviews.service import editing
from interviews.service.clock import pause, resume
from interviews.service.pairing import Pairing
from interviews.service.resuming import ATTEMPTS, OFFERED, RESTARTED, TOO_OFTEN, LeftOpen, left_open
from tests.product import wait
from tests.unit.test_clock import START, Hand
from tests.unit.test_pairing import ended, paired

SENT = e.PromptSent(turn="a1", text="please")
HUNK = e.Hunk(hunk="a1-s1-h1", path="a.py", base_version=1, line=1, before="", after="x\n")


def hand(*said: e.AnyPayload) -> Hand:
    """An interview in which each of these was said a second after the last, the prompt first."""
    made = Hand()
    made.interview.record(Draft("system", editing.snapshot("a.py", 1, "", "starter")))
    for data in (SENT, *said):
        made.go(1)
        made.interview.record(Draft("candidate" if data is SENT else "assistant", data))
    return made


def left(made: Hand) -> LeftOpen:
    (found,) = left_open(made.interview.state, made.log.read("i1"))
    return found


def begun(attempt: int = 1) -> e.ReplyStarted:
    return e.ReplyStarted(turn="a1", provider="scripted", model="", attempt=attempt)


@pytest.mark.parametrize("said", [(), (begun(),), (begun(), e.ReplyAppended(turn="a1", text="ha"))])
def test_it_is_answered_anew_from_wherever_it_broke_off(said: tuple[e.AnyPayload, ...]) -> None:
    made = hand(*said)
    assert left(made) == LeftOpen("a1", START + 1000, made.ms, SENT)


def test_a_turn_with_an_end_is_left_alone() -> None:
    done = hand(begun(), e.ReplyFinished(
        turn="a1", text="hi", stop_reason="end_turn", usage=e.Usage(), first_token_ms=1, total_ms=2
    ))  # fmt: skip
    assert left_open(done.interview.state, done.log.read("i1")) == []


def test_after_the_last_attempt_and_where_something_was_offered_it_ends_in_words() -> None:
    offered = e.SuggestionOffered(suggestion="a1-s1", turn="a1", title="t", hunks=(HUNK,))
    assert left(hand(begun(), offered)) == LeftOpen("a1", START + 1000, START + 1000, ended=OFFERED)
    attempts = [begun(number) for number in range(1, ATTEMPTS + 1)]
    assert left(hand(*attempts[:-1])).prompt == SENT
    assert left(hand(*attempts)) == LeftOpen("a1", START + 1000, START + 1000, ended=TOO_OFTEN)


def test_where_the_work_is_over_or_the_prompt_erased_nothing_is_answered() -> None:
    made = hand(begun())
    made.interview.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
    assert left(made).ended == RESTARTED and left(made).prompt is None
    made = hand(begun())
    asked = next(record.seq for record in made.log.read("i1") if record.type == "prompt.sent")
    made.interview.erase([asked], "system", "asked for", [])
    assert left_open(made.interview.state, made.log.read("i1")) == []


def test_silence_for_which_the_clock_stood_is_given_back_from_its_beginning() -> None:
    made = hand(begun())
    silent = made.ms
    made.go(9)
    pause(made.interview, "assistant", "The assistant has not answered yet", silent)
    made.go(5)
    assert left(made).lost_since_ms == silent
    # A sandbox that was lost while the assistant spoke says nothing of the assistant.
    made = hand(begun())
    made.go(2)
    pause(made.interview, "sandbox", "lost")
    assert left(made).lost_since_ms == made.ms
    resume(made.interview, "sandbox")
    # Nor does a tool that takes its time.
    made.interview.record(Draft("assistant", e.ToolStarted(turn="a1", call="c1", tool="run_tests", input={})))
    made.go(60)
    pause(made.interview, "sandbox", "lost")
    assert left(made).lost_since_ms == made.ms
    # One that was told to be delayed is waited for since it was asked.
    made = hand(begun())
    silent = made.ms
    made.go(2)
    made.interview.record(Draft("assistant", e.ReplyDelayed(turn="a1", reason="overloaded")))
    pause(made.interview, "assistant", "overloaded", silent)
    assert left(made).lost_since_ms == silent


def test_a_second_attempt_has_the_same_history_and_is_told_as_one() -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        yield TextDelta("half ")
        if len(asked) == 2:
            wait(ask.cancelled)
        yield Finished("end_turn")

    interview, pairing = paired(answer)
    for prompt in ("first", "second"):
        pairing.ask(prompt, [], None)
        wait(lambda: ended(interview) or (len(asked) == 2 and interview.state.turns[-1].reply))
    pairing.leave()
    (found,) = left_open(interview.state, interview.log.read(interview.id))
    assert found.prompt is not None
    after = Pairing(interview)
    after.ask_again(found.prompt, found.asked_ms)
    wait(lambda: ended(interview))
    turn = interview.state.turns[-1]
    assert (turn.status, turn.reply, turn.attempt) == ("finished", "half ", 2)
    assert asked[1].history == asked[2].history and asked[1].prompt == asked[2].prompt


def test_a_prompt_that_cannot_be_asked_ends_in_words() -> None:
    class Broken(Pairing):
        def asked(self, sent: e.PromptSent) -> Ask:
            raise ValueError(sent.turn)

    interview, _ = paired(lambda ask: iter([Finished("end_turn")]))
    broken = Broken(interview)
    broken.ask("hello", [], None)
    assert interview.state.turns[0].status == "failed" and "our fault" in interview.state.turns[0].error
    assert not broken.answering("a1")
