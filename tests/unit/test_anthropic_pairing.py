"""Replies with tools on their way into the log, and the clock that a slow or failing assistant holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from assistant.base import Ask, Finished, Part, TextDelta, ToolCall, Working
from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.service import reply
from interviews.service.interview import Interview
from tests.product import wait
from tests.unit.test_pairing import ended, kinds, paired


def logged(interview: Interview, type_: str) -> list[dict[str, e.Json]]:
    return [record.payload or {} for record in interview.log.read(interview.id) if record.type == type_]


def test_tool_calls_are_logged_between_the_words_around_them() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("Let me ")
        yield TextDelta("look.")
        yield Working("read_file", "c1", {"path": "a.py"})
        yield ToolCall("read_file", "c1", {"path": "a.py"}, "x = 1\n", True)
        yield TextDelta("It is 1.")
        usage = e.Usage(input_tokens=5, output_tokens=4, cache_read_tokens=3, cache_write_tokens=2)
        yield Finished("end_turn", usage, model="claude-x")

    interview, pair = paired(answer)
    pair.ask("what is x?", [], None)
    wait(lambda: ended(interview))
    types = [record.type for record in interview.log.read(interview.id)]
    told = types[types.index("reply.started") :]
    assert told[-3:] == ["tool.called", "reply.appended", "reply.finished"] and "reply.appended" in told[:-3]
    assert interview.state.turns[0].tools[0]["output"] == "x = 1\n"
    (finished,) = logged(interview, "reply.finished")
    assert finished["model"] == "claude-x" and finished["text"] == "Let me look.It is 1."
    assert finished["usage"] == {
        "input_tokens": 5, "output_tokens": 4, "cache_read_tokens": 3, "cache_write_tokens": 2,
    }  # fmt: skip


def test_a_failed_reply_gives_back_the_time_since_the_prompt() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("Half of ")
        yield TextDelta("it")
        raise PlatformFailure("Claude's service is overloaded.")

    interview, pair = paired(answer)
    pair.ask("hello", [], None)
    wait(lambda: interview.state.lost_ms and interview.state.paused_ms is None)
    assert kinds(interview)[-3:] == ["reply.failed", "clock.paused", "clock.resumed"]
    assert interview.state.turns[0].reply == "Half of it"
    prompt, failed = (
        next(record.at_ms for record in interview.log.read(interview.id) if record.type == type_)
        for type_ in ("prompt.sent", "reply.failed")
    )
    assert interview.state.lost_ms >= failed - prompt


def test_a_slow_reply_that_fails_gives_the_time_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "FIRST_TOKEN_S", 0.05)
    go = threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        go.wait(10)
        yield TextDelta("at last")
        raise PlatformFailure("broken")

    interview, pair = paired(answer)
    start = interview.now()
    pair.ask("hello", [], None)
    wait(lambda: interview.state.paused_ms is not None)
    go.set()
    wait(lambda: ended(interview) and kinds(interview).count("clock.resumed") == 2)
    assert interview.state.paused_ms is None
    assert 0 < interview.state.lost_ms <= interview.now() - start
    assert sum(resumed["lost_ms"] for resumed in logged(interview, "clock.resumed")) == interview.state.lost_ms


def test_silence_in_the_midst_holds_the_clock_but_the_assistants_work_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reply, "FIRST_TOKEN_S", 0.1)
    working, silent = threading.Event(), threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("first ")
        yield Working("run_tests", "c2", {})
        working.wait(10)
        yield ToolCall("run_tests", "c2", {}, "3 passed", True)
        silent.wait(10)
        yield Finished("end_turn")

    interview, pair = paired(answer)
    pair.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply == "first ")
    working.wait(0.3)
    assert interview.state.paused_ms is None
    working.set()
    wait(lambda: interview.state.paused_ms is not None)
    silent.set()
    wait(lambda: ended(interview) and interview.state.paused_ms is None)
    assert kinds(interview).count("clock.paused") == 1


def test_the_stop_button_is_seen_by_a_provider_that_waits() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta("thinking ")
        wait(ask.cancelled)
        yield Finished("stopped", e.Usage(input_tokens=9))

    interview, pair = paired(answer)
    turn = pair.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply)
    pair.stop(turn)
    wait(lambda: ended(interview))
    (finished,) = logged(interview, "reply.finished")
    assert finished["stop_reason"] == "stopped" and finished["usage"]["input_tokens"] == 9
    assert interview.state.lost_ms == 0


def test_a_declined_reply_gives_its_time_back_and_is_not_told_again() -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        yield TextDelta("I")
        if len(asked) == 2:
            threading.Event().wait(0.05)
        yield Finished("refusal" if len(asked) == 2 else "end_turn")

    interview, pair = paired(answer)
    for number in range(3):
        pair.ask(f"prompt {number}", [], None)
        wait(lambda: ended(interview) and not pair.answering(interview.state.turns[-1].turn))
        assert (interview.state.lost_ms > 0) == (number >= 1) and interview.state.paused_ms is None
    assert [turn.stop_reason for turn in interview.state.turns] == ["end_turn", "refusal", "end_turn"]
    assert [turn.prompt for turn in asked[2].history] == ["prompt 0"]
