"""Replies in several steps, in a real scratch copy: each step shown as it happens, and all of it stopped at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import sandbox.registry
from assistant.base import Ask, Finished, Part, Proposal, TextDelta, ToolCall, Working
from assistant.registry import get
from interviews import events as e
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from sandbox.pool import Pool
from tests.loopback.script import Answer, Fault, Use, When
from tests.loopback.server import Loopback
from tests.product import Browser, lose_sandbox, start, wait
from tests.unit.claude import playing, rules
from tests.unit.test_pairing import Answer as How
from tests.unit.test_pairing import paired

# Odd enough that nothing else on this machine sleeps like that.
SLEEP = "sleep 300.0271"
STOPPED_S = 1.0
Made = tuple[Interview, Pairing, Pool]


def asleep() -> list[str]:
    """Processes of this machine that do so, in whatever sandbox."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if process.name.isdigit() and line.strip() == SLEEP:
            found.append(process.name)
    return found


def logged(interview: Interview, *types: str) -> list[dict[str, e.Json]]:
    return [record.payload or {} for record in interview.log.read(interview.id) if record.type in types]


def agent(how: How) -> Made:
    interview, pairing = paired(how, mode="agent")
    pool = Pool(sandbox.registry.choose("auto")[0])
    interview.tools = replace(interview.tools, backend=lambda: pool)
    return interview, pairing, pool


def stopped(made: Made) -> float:
    """Press stop; returns the seconds until the reply was over."""
    interview, pairing, _ = made
    start = time.monotonic()
    pairing.stop("a1")
    assert time.monotonic() - start < 0.2, "whoever presses stop waits for nothing"
    wait(lambda: interview.state.turns[0].status in ("finished", "failed"), 10)
    return time.monotonic() - start


def test_a_stop_during_a_command_ends_it_and_keeps_what_came() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        assert ask.bench is not None
        yield TextDelta("Let me look. ")
        hunk = e.Hunk(hunk="a1-s1-h1", path="a.py", base_version=1, line=1, before="x = 1\n", after="x = 2\n")
        yield Proposal("a1-s1", "Two", (hunk,))
        yield Working("run_command", "c1", {"command": SLEEP})
        outcome = ask.bench.run_command(SLEEP, ask.files)
        yield ToolCall("run_command", "c1", {"command": SLEEP}, outcome.output, outcome.ok)
        yield TextDelta("never said")
        yield Finished("end_turn")

    made = interview, pairing, pool = agent(answer)
    pairing.ask("wait for me", [], None)
    wait(asleep, 30)
    (step,) = interview.state.turns[0].tools
    assert step["ok"] is None and step["input"] == {"command": SLEEP}
    time.sleep(0.3)
    assert stopped(made) < STOPPED_S
    wait(lambda: not asleep() and pool.load().running == 0, 10)
    turn = interview.state.turns[0]
    assert (turn.status, turn.stop_reason, turn.reply) == ("finished", "stopped", "Let me look. ")
    assert turn.suggestions == ["a1-s1"] and interview.state.suggestions["a1-s1"].decisions == {}
    (called,) = logged(interview, "tool.called")
    assert called["call"] == "c1" and not called["ok"] and called["total_ms"] >= 300
    wait(lambda: not pairing.answering("a1"))
    assert logged(interview, "clock.paused") == [] and interview.state.lost_ms == 0


def test_a_model_in_several_steps_is_seen_at_each_and_stopped_in_the_midst() -> None:
    script = rules(
        Answer(when=When(rounds=0), say="First I write.", use=(
            Use(tool="propose_edit", input={"path": "a.py", "old_text": "x = 1\n", "new_text": "x = 2\n"}),
            Use(tool="run_command", input={"command": f"cat a.py; {SLEEP}"}),
            Use(tool="run_command", input={"command": "touch /tmp/never"}),
        )),
        Answer(say="never said"),
    )  # fmt: skip
    with playing(script) as service:
        made = interview, pairing, pool = agent(lambda ask: get("anthropic").reply(ask))
        pairing.ask("go on", [], None)
        wait(asleep, 30)
        steps = interview.state.turns[0].tools
        assert [(step["tool"], step["ok"]) for step in steps] == [("propose_edit", True), ("run_command", None)]
        assert stopped(made) < STOPPED_S
        wait(lambda: not asleep() and pool.load().running == 0, 10)
        assert len(service.requests) == 1, "nothing is asked for any more"
    turn = interview.state.turns[0]
    assert (turn.stop_reason, turn.reply) == ("stopped", "First I write.")
    assert [hunk["after"] for hunk in interview.state.suggestions["a1-s1"].hunks] == ["x = 2\n"]
    order = [record.type for record in interview.log.read(interview.id) if record.type.startswith("tool.")]
    assert order == ["tool.started", "tool.called", "tool.started", "tool.called"]
    started, finished = logged(interview, "reply.started")[0], logged(interview, "reply.finished")[0]
    assert started["mode"] == "agent" and started["knows"] == ["tree"] and started["attempt"] == 1
    assert finished["usage"]["input_tokens"] > 0 and finished["cost_microusd"] > 0 and finished["first_token_ms"] >= 0


def test_a_stop_during_a_silent_stream_is_heard() -> None:
    with playing(rules(Answer(first_s=60, say="too late"))) as service:
        made = interview, pairing, _ = agent(lambda ask: get("anthropic").reply(ask))
        pairing.ask("hello", [], None)
        wait(lambda: service.requests)
        assert stopped(made) < STOPPED_S
        wait(lambda: service.dropped == 1, 5)
    assert interview.state.turns[0].stop_reason == "stopped" and interview.state.lost_ms == 0


@pytest.mark.parametrize("text", ["", "Something."])
def test_a_failure_of_what_was_stopped_is_no_failure(text: str) -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        if text:
            yield TextDelta(text)
        wait(ask.cancelled)
        raise ConnectionError("cut by ourselves")

    made = interview, pairing, _ = agent(answer)
    pairing.ask("hello", [], None)
    wait(lambda: interview.state.turns[0].reply == text)
    stopped(made)
    turn = interview.state.turns[0]
    assert (turn.status, turn.stop_reason, turn.reply) == ("finished", "stopped", text) and interview.state.lost_ms == 0


def test_a_service_that_is_late_while_the_sandbox_is_lost_is_given_back_once(tmp_path: Path) -> None:
    busy = Answer(times=1, status=529, headers={"retry-after": "4"}, error=Fault(type="overloaded_error"))
    with Loopback(rules(busy, Answer(say="Here I am after all."))) as service:
        product = start(
            tmp_path / "data", PAIRSIGHT_PROVIDER="anthropic", ANTHROPIC_BASE_URL=service.address, ANTHROPIC_API_KEY="test",
            ANTHROPIC_API_KEY_FILE="",
        )  # fmt: skip
        page = Browser(product, "candidate")
        try:
            assert page.consent().status_code == 200
            page.connect()
            asked = time.monotonic()
            assert page.send("ask", text="hello", attachments=[])["ok"]
            wait(lambda: page.state["paused_ms"] is not None)
            noticed_s = time.monotonic() - asked
            # Told while the service is waited for, not once it was asked again.
            assert page.state["pause_reason"] == page.state["turns"][0]["delayed"] != "" and noticed_s < 4
            lose_sandbox(product, page.interview)
            wait(lambda: page.state["turns"][0]["status"] == "finished" and page.state["paused_ms"] is None, 60)
            all_ms = (time.monotonic() - asked) * 1000
        finally:
            page.socket.disconnect()
            product.stop()
    at = {event["type"]: event["at_ms"] for event in page.events}
    until = max(at["reply.appended"], at["sandbox.started"])
    assert until - at["prompt.sent"] - 500 <= page.state["lost_ms"] <= all_ms
    (resumed,) = [event["payload"]["lost_ms"] for event in page.events if event["type"] == "clock.resumed"]
    assert resumed == page.state["lost_ms"] >= 4_000 and page.types().count("clock.paused") == 1
