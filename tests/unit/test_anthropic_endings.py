"""How a reply of Claude's ends: every ``stop_reason``, and budgets."""

from __future__ import annotations

import time
from typing import get_args

import pytest
from anthropic.types import StopReason

from assistant.base import Delayed, Finished, Part, Proposal, TextDelta, ToolCall, Turn
from assistant.providers.anthropic import Claude
from assistant.rounds import CALLS
from interviews.errors import PlatformFailure
from interviews.events import Usage
from tests.loopback.script import Answer, Use, When
from tests.unit.claude import asking, playing, reply, rules, text

HISTORY = tuple(Turn(f"earlier prompt {number}", f"earlier reply {number}") for number in range(4))


def ending(parts: list[Part]) -> Finished:
    last = parts[-1]
    assert isinstance(last, Finished)
    return last


ENDINGS = {
    "end_turn": "",
    "stop_sequence": "",
    "max_tokens": "reached its length limit",
    "refusal": "Claude declined to answer this. Ask in another way",
    "model_context_window_exceeded": "filled what this model can hold",
    "a_reason_to_come": "without a reason that is known here",
}


@pytest.mark.parametrize("reason", ENDINGS)
def test_an_answer_keeps_its_text_and_says_why_it_ended(reason: str) -> None:
    with playing(rules(Answer(say="Up to here", stop=reason))) as loopback:
        parts = reply(asking("hello", history=HISTORY))
    words = ENDINGS[reason]
    assert text(parts).startswith("Up to here\n\n[" if words else "Up to here") and words in text(parts)
    assert ending(parts).stop_reason == reason
    assert len(loopback.requests) == 1, "nothing that was seen is begun anew"


def test_every_reason_that_the_sdk_knows_is_tested() -> None:
    assert set(get_args(StopReason)) <= ENDINGS.keys() | {"tool_use", "pause_turn"}


def test_a_reason_that_is_no_word_is_not_recorded() -> None:
    with playing(rules(Answer(say="Up to here", stop="<b>odd</b>"))):
        parts = reply(asking("hello"))
    assert ending(parts).stop_reason == "unknown" and "<b>" not in text(parts)


@pytest.mark.parametrize(
    ("category", "words"), [("cyber", "attack computers"), (None, "this. Ask"), ("new_category", "this. Ask")]
)
def test_a_refusal_says_what_it_was_taken_for(category: str | None, words: str) -> None:
    with playing(rules(Answer(stop="refusal", category=category))):
        parts = reply(asking("hello"))
    assert words in text(parts) and text(parts).startswith("[Claude declined")
    assert ending(parts).stop_reason == "refusal"


def test_what_was_proposed_before_a_refusal_is_still_offered() -> None:
    edit = Use(tool="propose_edit", input={"path": "a.py", "old_text": "x = 1\n", "new_text": "x = 2\n"})
    with playing(rules(Answer(when=When(rounds=0), use=(edit,)), Answer(say="And", stop="refusal"))):
        parts = reply(asking("hello"))
    assert any(isinstance(part, Proposal) for part in parts) and "declined" in text(parts)


TOO_LONG = {"type": "invalid_request_error", "message": "prompt is too long: 250000 tokens > 200000 maximum"}


@pytest.mark.parametrize(
    "told",
    [{"stop": "model_context_window_exceeded"}, {"status": 413}, {"status": 400, "error": TOO_LONG}],
    ids=["stop", "413", "400"],
)
def test_a_conversation_that_does_not_fit_is_shortened_once(told: dict[str, object]) -> None:
    cut = Answer.model_validate({"when": {"turns": 5}, **told})
    fits = Answer(when=When(turns=3), say="Now it fits.")
    with playing(rules(cut, fits)) as loopback:
        parts = reply(asking("hello", history=HISTORY))
    assert text(parts) == "Now it fits." and ending(parts).stop_reason == "end_turn"
    assert [part.reason for part in parts if isinstance(part, Delayed)] == [
        "The conversation is too long for this model; its oldest parts are left out."
    ]
    shorter = [message["content"][0]["text"] for message in loopback.requests[1].body["messages"]]
    assert shorter[0] == "[Earlier parts of this conversation are left out.]\n\nearlier prompt 2"
    assert len(loopback.requests) == 2


def test_a_conversation_that_is_still_too_long_is_told() -> None:
    with playing(rules(Answer(stop="model_context_window_exceeded"))) as loopback:
        with pytest.raises(PlatformFailure, match="too long for this model"):
            reply(asking("hello", history=HISTORY))
        assert len(loopback.requests) == 2


def test_a_pause_goes_on_with_what_was_said() -> None:
    paused = Answer(when=When(tools=True), times=2, say="I pause.", stop="pause_turn")
    with playing(rules(paused, Answer(say="I go on."))) as loopback:
        parts = reply(asking("hello"))
    assert text(parts) == "I pause.\n\nI pause.\n\nI go on." and ending(parts).stop_reason == "end_turn"
    last = loopback.requests[-1].body["messages"]
    assert [message["role"] for message in last] == ["user", "assistant"]
    assert [block["text"] for block in last[1]["content"]] == ["I pause."] * 2


def test_a_budget_ends_a_reply_before_the_next_round() -> None:
    look = Use(tool="list_files")
    edit = Use(tool="propose_edit", input={"path": "a.py", "old_text": "x = 1\n", "new_text": "x = 2\n"})
    asked: list[tuple[Usage, str]] = []

    def afford(usage: Usage, model: str) -> bool:
        asked.append((usage, model))
        return usage.input_tokens < 250

    with playing(rules(Answer(say="Let me see.", use=(look, edit)))) as loopback:
        parts = reply(asking("hello", afford=afford, model="claude-test-1"))
    assert text(parts).endswith("[The budget for the assistant is used up, so this answer ends here.]")
    end = ending(parts)
    assert end.stop_reason == "budget" and end.model == "claude-test-1"
    assert (end.usage.input_tokens, end.usage.output_tokens) == (300, 60) and len(loopback.requests) == 3
    assert asked == [(Usage(input_tokens=100 * n, output_tokens=20 * n), "claude-test-1") for n in (1, 2, 3)]
    assert any(isinstance(part, Proposal) for part in parts), "what was proposed is still offered"


def test_a_stop_within_a_tool_tells_what_was_used_where_the_budget_is_used_up_too() -> None:
    pressed: list[bool] = []
    edit = Use(tool="propose_edit", input={"path": "a.py", "old_text": "x = 1\n", "new_text": "x = 2\n"})
    ask = asking("hello", afford=lambda usage, model: False, cancelled=lambda: bool(pressed))
    with playing(rules(Answer(say="Let me see.", use=(edit,)))):
        parts: list[Part] = []
        for part in Claude().reply(ask):
            parts.append(part)
            if isinstance(part, ToolCall):
                pressed.append(True)
    assert not any(isinstance(part, TextDelta) for part in parts[-2:])
    assert ending(parts).stop_reason == "stopped" and ending(parts).usage.input_tokens == 100
    assert isinstance(parts[-2], Proposal)


def test_calls_beyond_what_one_message_may_hold_are_told_and_not_done() -> None:
    many = Answer(when=When(rounds=0), use=tuple(Use(tool="list_files") for _ in range(CALLS + 2)))
    with playing(rules(many, Answer(say="So be it."))):
        parts = reply(asking("hello"))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [call.ok for call in calls] == [True] * CALLS + [False] * 2
    assert f"at most {CALLS}" in calls[-1].output and text(parts).endswith("So be it.")


def test_no_mode_but_its_own_has_tools() -> None:
    with playing(
        rules(Answer(when=When(rounds=0), use=(Use(tool="list_files"),)), Answer(say="So be it."))
    ) as loopback:
        parts = reply(asking("hello", mode="chat"))
    body = loopback.requests[0].body
    assert "tools" not in body and "tool_choice" not in body
    assert "you have no tools" in body["system"][0]["text"] and "propose_edit" not in body["system"][0]["text"]
    # A model that calls one all the same is told, and nothing is done.
    (call,) = [part for part in parts if isinstance(part, ToolCall)]
    assert not call.ok and text(parts) == "So be it."


def test_a_task_says_what_the_mode_and_the_interview_allow() -> None:
    told = {}
    with playing(rules(Answer(say="Fine."))) as loopback:
        for mode in ("chat", "edit", "agent"):
            for tree in (True, False):
                reply(asking("hello", mode=mode, tree=tree))
                told[mode, tree] = loopback.requests[-1].body["system"][0]["text"]
    assert "cannot run anything" in told["edit", True] and "scratch copy" not in told["edit", True]
    assert "scratch copy" in told["agent", True]
    for (_mode, tree), words in told.items():
        assert ("only what the person attached" in words) != tree


def test_half_of_a_character_breaks_nothing() -> None:
    read = Use(tool="read_file", raw='{"path": "\\ud83d.py"}')
    with playing(
        rules(Answer(when=When(rounds=0), say="Half \ud83d of it", use=(read,)), Answer(say="Fine."))
    ) as loopback:
        parts = reply(asking("hello"))
    assert text(parts) == "Half ? of it\n\nFine."
    (call,) = [part for part in parts if isinstance(part, ToolCall)]
    assert call.input == {"path": "?.py"} and not call.ok
    said, called = loopback.requests[1].body["messages"][1]["content"]
    assert said["text"] == "Half ? of it" and called["input"] == {"path": "?.py"}


def test_a_connection_that_is_held_open_behind_the_end_holds_up_nothing() -> None:
    start = time.monotonic()
    with playing(rules(Answer(say="Fine.", hold_s=20))):
        parts = reply(asking("hello"))
    assert text(parts) == "Fine." and ending(parts).stop_reason == "end_turn" and time.monotonic() - start < 5


def test_a_connection_serves_the_next_round_too() -> None:
    with playing(rules(Answer(when=When(rounds=0), use=(Use(tool="list_files"),)), Answer(say="Fine."))) as loopback:
        reply(asking("hello"))
        reply(asking("hello"))
    assert len(loopback.requests) == 4 and len({one.source for one in loopback.requests}) == 1
