"""An interview with a model behind the loopback Chat Completions API: one provider file found by listing, and the real product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import product as products
from tests.integration.test_anthropic import nothing_hidden_was_sent, payloads, turn
from tests.integration.test_command import pairsight
from tests.loopback_chat.server import ChatLoopback
from tests.product import Browser, Product, wait

KEY = "sk-chat-loopback-000222"


@pytest.fixture
def loopback() -> Iterator[ChatLoopback]:
    with ChatLoopback("interview") as running:
        running.player.script = running.player.script.model_copy(update={"key": KEY})
        yield running


@pytest.fixture
def product(tmp_path: Path, loopback: ChatLoopback) -> Iterator[Product]:
    running = products.start(
        tmp_path / "data", PAIRSIGHT_PROVIDER="openai_compatible", PAIRSIGHT_MODE="agent", OPENAI_BASE_URL=loopback.base,
        OPENAI_API_KEY=KEY, OPENAI_MODEL="small-1",
    )  # fmt: skip
    yield running
    running.stop()


def test_prompt_tools_proposal_accept(product: Product, loopback: ChatLoopback) -> None:
    candidate = Browser(product, "candidate")
    assert candidate.consent().status_code == 200
    candidate.connect()
    path = "playlists/request.py"
    assert candidate.send("ask", text="Please fix the default length.", attachments=[path])["ok"]
    wait(lambda: turn(candidate)["status"] in ("finished", "failed"), 60)
    assert turn(candidate)["status"] == "finished", turn(candidate)["error"]
    assert turn(candidate)["reply"].startswith("I will look at the file first.\n\nI changed one line")

    tools = {tool["tool"]: tool for tool in turn(candidate)["tools"]}
    assert list(tools) == ["list_files", "read_file", "search", "propose_edit", "run_tests", "run_command"]
    assert "DEFAULT_SECONDS = 30 * 60" in tools["run_command"]["output"], "commands see what was proposed"
    assert KEY not in tools["run_command"]["output"] and "OPENAI" not in tools["run_command"]["output"]

    (suggestion,) = candidate.state["suggestions"].values()
    hunks = {hunk["path"]: hunk["hunk"] for hunk in suggestion["hunks"]}
    assert set(hunks) == {path, "NOTES.md"}
    assert "DEFAULT_SECONDS = 45 * 60" in candidate.state["files"][path]["text"]
    assert candidate.send("decide", suggestion=suggestion["suggestion"], hunk=hunks[path], decision="accepted")["ok"]
    wait(lambda: "DEFAULT_SECONDS = 30 * 60" in candidate.state["files"][path]["text"])

    (finished,) = payloads(candidate, "reply.finished")
    assert finished["usage"]["input_tokens"] == 2000 and finished["usage"]["cache_read_tokens"] == 4500
    assert finished["model"] == "small-1" and 0 <= finished["first_token_ms"] <= finished["total_ms"]

    assert candidate.send("ask", text="hello again", attachments=[])["ok"]
    wait(lambda: len(candidate.state["turns"]) == 2 and turn(candidate)["status"] == "finished", 30)
    messages = loopback.requests[-1].body["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert "Accepted by the person, playlists/request.py" in messages[3]["content"]
    candidate.socket.disconnect()

    nothing_hidden_was_sent(loopback)
    for request in loopback.requests:
        assert {name for name, value in request.headers.items() if KEY in value} == {"authorization"}
        assert KEY.encode() not in request.raw
    assert KEY not in json.dumps(candidate.events) + "".join(product.output)


def test_doctor_finds_it_by_itself(tmp_path: Path) -> None:
    def row(**environ: str) -> products.Message:
        checks = json.loads(pairsight("doctor", "--json", data=tmp_path, **environ).stdout)["checks"]
        found: products.Message = next(check for check in checks if check["what"] == "assistant openai_compatible")
        return found

    place = "http://127.0.0.1:9/v1"
    for environ, why in (({}, "OPENAI_API_KEY"), ({"OPENAI_BASE_URL": place}, "PAIRSIGHT_MODEL")):
        assert not row(**environ)["ok"] and why in row(**environ)["detail"]
    assert row(OPENAI_BASE_URL=place, PAIRSIGHT_MODEL="small")["ok"]
