"""An interview with Claude over the loopback Messages API: the real product, SDK and sandbox."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews.exercises import load
from tests import product as products
from tests.loopback.server import Loopback
from tests.product import Browser, Product, wait
from tests.support import secrets, told

KEY = "sk-ant-loopback-000111"
EXERCISE = load("prompted-playlists")


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    script = Loopback("interview")
    with script as running:
        running.player.script = running.player.script.model_copy(update={"key": KEY})
        yield running


def started(data: Path, loopback: Loopback, key_file: str = "") -> Product:
    return products.start(
        data, PAIRSIGHT_PROVIDER="anthropic", PAIRSIGHT_MODE="agent", ANTHROPIC_BASE_URL=loopback.address, ANTHROPIC_API_KEY=KEY,
        ANTHROPIC_API_KEY_FILE=key_file,
    )  # fmt: skip


@pytest.fixture
def product(tmp_path: Path, loopback: Loopback) -> Iterator[Product]:
    running = started(tmp_path / "data", loopback)
    yield running
    running.stop()


@pytest.fixture
def candidate(product: Product) -> Iterator[Browser]:
    browser = Browser(product, "candidate")
    assert browser.consent().status_code == 200
    browser.connect()
    yield browser
    browser.socket.disconnect()


def turn(browser: Browser, number: int = -1) -> products.Message:
    found: products.Message = browser.state["turns"][number]
    return found


def payloads(browser: Browser, type_: str) -> list[products.Message]:
    return [event["payload"] for event in list(browser.events) if event["type"] == type_]


def test_prompt_tools_proposal_accept_reload(product: Product, candidate: Browser, loopback: Loopback) -> None:
    path = "playlists/request.py"
    assert candidate.send("ask", text="Please fix the default length.", attachments=[path])["ok"]
    wait(lambda: turn(candidate)["status"] in ("finished", "failed"), 60)
    assert turn(candidate)["status"] == "finished", turn(candidate)["error"]
    assert turn(candidate)["reply"].startswith("I will look at the file first.\n\nI changed one line")
    assert len(payloads(candidate, "reply.appended")) > 2

    tools = {tool["tool"]: tool for tool in turn(candidate)["tools"]}
    assert list(tools) == ["list_files", "read_file", "search", "propose_edit", "run_tests", "run_command"]
    assert tools["read_file"]["output"].startswith('"""Understanding')
    assert "passed" in tools["run_tests"]["output"] and "failed" in tools["run_tests"]["output"]
    command = tools["run_command"]
    assert "DEFAULT_SECONDS = 30 * 60" in command["output"], "commands see what was proposed"
    assert KEY not in command["output"] and "ANTHROPIC" not in command["output"]

    # Nothing is in the candidate's files before they say so, and then exactly what they accepted.
    assert "DEFAULT_SECONDS = 45 * 60" in candidate.state["files"][path]["text"]
    assert "NOTES.md" not in candidate.state["files"]
    (suggestion,) = candidate.state["suggestions"].values()
    hunks = {hunk["path"]: hunk for hunk in suggestion["hunks"]}
    assert set(hunks) == {path, "NOTES.md"}
    decided = {"suggestion": suggestion["suggestion"], "decision": "accepted"}
    assert candidate.send("decide", hunk=hunks[path]["hunk"], **decided)["ok"]
    rejected = {**decided, "decision": "rejected"}
    assert candidate.send("decide", hunk=hunks["NOTES.md"]["hunk"], **rejected)["ok"]
    wait(lambda: "DEFAULT_SECONDS = 30 * 60" in candidate.state["files"][path]["text"])
    assert "NOTES.md" not in candidate.state["files"]

    (finished,) = payloads(candidate, "reply.finished")
    assert finished["usage"]["input_tokens"] == 2000 and finished["usage"]["cache_read_tokens"] == 4500
    assert finished["model"] == "claude-sonnet-5-5" and 0 <= finished["first_token_ms"] <= finished["total_ms"]

    # A reload sees the same conversation, and the next prompt carries it on.
    again = Browser(product, "candidate", name="reloaded")
    again.connect()
    assert again.get("state")["turns"][0]["reply"] == turn(candidate)["reply"]
    assert again.send("ask", text="hello again", attachments=[])["ok"]
    wait(lambda: len(again.state["turns"]) == 2 and turn(again)["status"] == "finished", 30)
    messages = loopback.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert "Accepted by the person, playlists/request.py" in messages[2]["content"][0]["text"]
    assert "Rejected by the person, NOTES.md" in messages[2]["content"][0]["text"]
    again.socket.disconnect()

    nothing_hidden_was_sent(loopback)
    everything = json.dumps(candidate.events) + "".join(product.output)
    assert KEY not in everything


def nothing_hidden_was_sent(loopback: Loopback) -> None:
    """Every byte that went out, against all that must stay: hidden tests, solution, planted mistakes, scoring key, brief."""
    sent = b"".join(request.raw for request in loopback.requests)
    assert sent and KEY.encode() not in sent
    assert told(secrets(EXERCISE), [request.body for request in loopback.requests]) == []


def test_stop_ends_a_slow_answer_at_once(candidate: Browser, loopback: Loopback) -> None:
    name = candidate.send("ask", text="a slow one, please", attachments=[])["turn"]
    wait(lambda: turn(candidate)["reply"])
    start = time.monotonic()
    assert candidate.send("stop", turn=name)["ok"]
    wait(lambda: turn(candidate)["status"] == "finished", 5)
    assert time.monotonic() - start < 2
    assert payloads(candidate, "reply.finished")[-1]["stop_reason"] == "stopped"
    wait(lambda: loopback.dropped == 1, 5)
    assert candidate.send("ask", text="hello", attachments=[])["ok"]
    wait(lambda: len(candidate.state["turns"]) == 2 and turn(candidate)["status"] == "finished", 30)


def test_a_restart_in_the_midst_of_an_answer_keeps_the_conversation(tmp_path: Path, loopback: Loopback) -> None:
    first = started(tmp_path / "data", loopback)
    candidate = Browser(first, "candidate")
    candidate.consent()
    candidate.connect()
    candidate.send("ask", text="hello", attachments=[])
    wait(lambda: turn(candidate)["status"] == "finished", 30)
    candidate.send("ask", text="a slow one, please", attachments=[])
    wait(lambda: len(candidate.state["turns"]) == 2 and turn(candidate)["reply"], 30)
    first.kill()
    second = started(tmp_path / "data", loopback)
    try:
        again = Browser(second, "candidate", name="after")
        again.connect()
        # It is answered anew, from the same history; the candidate ends it.
        wait(lambda: turn(again)["attempt"] == 2 and turn(again)["reply"] and again.state["paused_ms"] is None, 30)
        assert loopback.requests[-1].body["messages"] == loopback.requests[-2].body["messages"]
        assert again.send("stop", turn="a2")["ok"]
        wait(lambda: turn(again)["status"] == "finished", 30)
        again.send("ask", text="hello again", attachments=[])
        wait(lambda: len(again.state["turns"]) == 3 and turn(again)["status"] == "finished", 30)
        prompts = [m["content"][0]["text"] for m in loopback.requests[-1].body["messages"] if m["role"] == "user"]
        assert prompts[:2] == ["hello", "a slow one, please"] and prompts[2].endswith("hello again")
        again.socket.disconnect()
    finally:
        second.stop()


def test_a_key_that_is_refused_is_told_and_costs_no_time(tmp_path: Path, loopback: Loopback) -> None:
    file = tmp_path / "key"
    file.write_text("sk-ant-other\n")
    product = started(tmp_path / "data", loopback, str(file))
    try:
        candidate = Browser(product, "candidate")
        candidate.consent()
        candidate.connect()
        candidate.send("ask", text="hello", attachments=[])
        wait(lambda: turn(candidate)["status"] == "failed" and candidate.state["lost_ms"] > 0)
        assert "does not accept the key" in turn(candidate)["error"]
        assert candidate.state["paused_ms"] is None
        # A key put right is used by the next prompt, without a restart.
        file.write_text(KEY)
        candidate.send("ask", text="hello", attachments=[])
        wait(lambda: turn(candidate)["status"] == "finished")
        candidate.socket.disconnect()
        assert "sk-ant-other" not in "".join(product.output) + json.dumps(candidate.events)
    finally:
        product.stop()
