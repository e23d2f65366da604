"""What becomes of a provider's parts: order, what is due by the clock, delays shown and given back, ends in words."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from random import Random

import pytest

from assistant.base import Ask, Delayed, Finished, Part, Spent, TextDelta, ToolCall, Working
from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.leases import Lease
from interviews.log import ClientKey, Draft, MemoryLog
from interviews.service import reply
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from tests.product import wait
from tests.support import counting_salt
from tests.unit.test_pairing import Answer as How
from tests.unit.test_pairing import ended, paired

TOLERANCE_MS = 150


def timed(how: How, **settings: object) -> tuple[Interview, Pairing]:
    """As ``paired``, by the true time."""
    interview, pairing = paired(how, **settings)
    ahead_ms = interview.state.at_ms - int(time.monotonic() * 1000)

    def now() -> int:
        return int(time.monotonic() * 1000) + ahead_ms

    interview.log._clock = now  # type: ignore[attr-defined]  # the log in memory, which has one
    interview.tools = replace(interview.tools, clock=now)
    return interview, pairing


def logged(interview: Interview, type_: str) -> list[dict[str, e.Json]]:
    return [record.payload or {} for record in interview.log.read(interview.id) if record.type == type_]


def over(interview: Interview, pairing: Pairing) -> None:
    wait(lambda: ended(interview) and not pairing.answering(interview.state.turns[-1].turn))


def given_back(interview: Interview, pairing: Pairing, least_ms: float, most_ms: float) -> None:
    over(interview, pairing)
    assert interview.state.paused_ms is None
    assert least_ms - TOLERANCE_MS <= interview.state.lost_ms <= most_ms + TOLERANCE_MS


def test_a_delay_is_shown_and_holds_the_clock_from_its_moment() -> None:
    go = threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        time.sleep(0.3)
        yield Delayed("The service is overloaded", 0.5)
        go.wait(10)
        yield TextDelta("here")
        time.sleep(0.3)
        yield Finished("end_turn")

    interview, pairing = timed(answer)
    start = time.monotonic()
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.paused_ms is not None)
    assert interview.state.pause_reason == "The service is overloaded" == interview.state.turns[0].delayed
    assert logged(interview, "reply.delayed") == [{"turn": "a1", "reason": "The service is overloaded", "wait_ms": 500}]
    time.sleep(0.4)
    go.set()
    wait(lambda: interview.state.turns[0].reply)
    took_ms = (time.monotonic() - start) * 1000
    # From the prompt to the first piece; what is streamed then is no delay.
    given_back(interview, pairing, 700, took_ms)
    assert interview.state.turns[0].delayed == ""


def test_a_delay_and_a_lost_sandbox_at_once_are_given_back_once() -> None:
    lost, found = threading.Event(), threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        yield Delayed("The service is overloaded", 0.5)
        lost.wait(10)
        time.sleep(0.3)
        yield TextDelta("here")
        found.wait(10)
        yield Finished("end_turn")

    interview, pairing = timed(answer)
    start = time.monotonic()
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.paused_ms is not None)
    time.sleep(0.2)
    pause(interview, "sandbox", "The sandbox is being started again")
    lost.set()
    wait(lambda: interview.state.turns[0].reply)
    assert interview.state.paused_ms is not None and interview.state.lost_ms == 0
    time.sleep(0.2)
    resume(interview, "sandbox")
    took_ms = (time.monotonic() - start) * 1000
    found.set()
    given_back(interview, pairing, took_ms, took_ms)


def test_a_reply_that_fails_after_delays_gives_back_all_its_time_once() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield Delayed("The service is overloaded", 0.2)
        time.sleep(0.2)
        yield TextDelta("half")
        time.sleep(0.3)
        yield Spent(e.Usage(input_tokens=1_000_000), "claude-sonnet-5-5")
        raise PlatformFailure("The service has gone away")

    interview, pairing = timed(answer)
    start = time.monotonic()
    pairing.ask("hello", [], None)
    wait(lambda: ended(interview))
    took_ms = (time.monotonic() - start) * 1000
    given_back(interview, pairing, took_ms, took_ms)
    assert sum(int(told["lost_ms"]) for told in logged(interview, "clock.resumed")) == interview.state.lost_ms
    (failed,) = logged(interview, "reply.failed")
    assert failed["usage"]["input_tokens"] == 1_000_000 and failed["cost_microusd"] > 0
    assert 150 <= failed["first_token_ms"] < failed["total_ms"]


def test_a_long_tool_is_no_lost_time_and_its_time_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "FIRST_TOKEN_S", 0.1)

    def answer(_ask: Ask) -> Iterator[Part]:
        yield Working("run_tests", "c1", {})
        time.sleep(0.4)
        yield ToolCall("run_tests", "c1", {}, "all passed", True, cut=7)
        yield TextDelta("done")
        yield Finished("end_turn")

    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    over(interview, pairing)
    (called,) = logged(interview, "tool.called")
    assert (called["call"], called["cut"]) == ("c1", 7) and 390 <= called["total_ms"] < 2_000
    assert interview.state.lost_ms == 0 and logged(interview, "clock.paused") == []


def test_a_stop_gives_back_what_was_held_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "FIRST_TOKEN_S", 0.3)

    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta("first")
        time.sleep(0.2)
        yield TextDelta("second")
        wait(ask.cancelled)
        yield Finished("stopped")

    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.paused_ms is not None)
    held = time.monotonic()
    time.sleep(0.2)
    pairing.stop("a1")
    given_back(interview, pairing, 500, 300 + (time.monotonic() - held) * 1000)
    # Where nothing was held, nothing is.
    pairing.ask("again", [], None)
    before = interview.state.lost_ms
    pairing.stop("a2")
    over(interview, pairing)
    assert interview.state.lost_ms == before


def test_a_step_that_the_end_of_the_reply_overtakes_is_told_as_that() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield Working("run_tests", "c1", {})
        raise PlatformFailure("The service has gone away")

    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    over(interview, pairing)
    (step,) = interview.state.turns[0].tools
    assert step["ok"] is False and "ended before" in step["output"]
    assert interview.state.turns[0].error == "The service has gone away"


def test_an_end_that_cannot_be_recorded_is_recorded_when_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "AGAIN_S", 0.05)
    full, tried = threading.Event(), threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        yield Working("run_tests", "c1", {})
        full.set()
        yield TextDelta("half")
        raise ConnectionError("gone")

    class Full(MemoryLog):
        def append(
            self, interview: str, drafts: Sequence[Draft], key: ClientKey | None = None, lease: Lease | None = None
        ) -> list[e.Record]:
            if full.is_set():
                tried.set()
                raise PlatformFailure("The disk is full")
            return super().append(interview, drafts, key, lease)

    interview, pairing = timed(answer)
    log = Full(interview.tools.clock, counting_salt())
    vars(log).update(vars(interview.log))
    interview.log = log
    pairing.ask("hello", [], None)
    assert tried.wait(5)
    time.sleep(0.2)
    assert pairing.answering("a1") and not ended(interview)
    full.clear()
    over(interview, pairing)
    turn = interview.state.turns[0]
    assert (turn.status, turn.reply, turn.error) == ("failed", "half", "The disk is full")
    assert [len(logged(interview, type_)) for type_ in ("reply.failed", "tool.called", "reply.appended")] == [1, 1, 1]
    assert interview.state.paused_ms is None and interview.state.lost_ms >= 200


def test_no_piece_waits_for_the_next_one() -> None:
    go = threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("one ")
        yield TextDelta("two ")
        yield TextDelta("three")
        go.wait(10)
        yield Finished("end_turn")

    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply == "one two three", 2)
    go.set()
    over(interview, pairing)


def test_pieces_keep_their_order_in_fifty_replies_at_once() -> None:
    pieces = [f"{number} " for number in range(200)]

    def run(seed: int) -> None:
        def answer(_ask: Ask) -> Iterator[Part]:
            chance = Random(seed)
            for piece in pieces:
                time.sleep(chance.choice((0, 0, 0.001, 0.01)))
                yield TextDelta(piece)
            yield Finished("end_turn")

        interview, pairing = timed(answer)
        pairing.ask("hello", [], None)
        wait(lambda: ended(interview), 60)
        appended = [str(told["text"]) for told in logged(interview, "reply.appended")]
        assert "".join(appended) == "".join(pieces) == interview.state.turns[0].reply
        assert len(appended) < len(pieces) / 2

    with ThreadPoolExecutor(50) as many:
        for done in [many.submit(run, seed) for seed in range(50)]:
            done.result()


def test_what_is_asked_of_whom_is_recorded() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        yield Finished("end_turn", e.Usage(output_tokens=1_000_000), ask.model)

    chosen = {"model": "claude-sonnet-5-5", "mode": "chat", "tree_shared": False, "brief_shared": True}
    interview, pairing = timed(answer, **chosen)
    pairing.ask("hello", [], None)
    over(interview, pairing)
    assert logged(interview, "reply.started") == [
        {
            "turn": "a1", "provider": "answering", "model": "claude-sonnet-5-5", "mode": "chat",
            "knows": ["brief", "attached"], "attempt": 1,
        }
    ]  # fmt: skip
    assert logged(interview, "reply.finished")[0]["cost_microusd"] > 0


def test_a_reply_that_is_left_is_not_ended_but_one_that_was_stopped_is() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta("half ")
        wait(ask.cancelled)
        yield TextDelta("never")
        yield Finished("stopped")

    before = set(threading.enumerate())
    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply)
    pairing.leave()
    assert not pairing.answering("a1") and interview.state.turns[0].status == "streaming"
    assert interview.state.turns[0].reply == "half " and interview.state.paused_ms is None
    wait(lambda: not any(thread.name == "watch-a1" for thread in set(threading.enumerate()) - before))

    interview, pairing = timed(answer)
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply)
    pairing._under_way._stopped.add("a1")
    pairing.leave()
    assert interview.state.turns[0].stop_reason == "stopped"
