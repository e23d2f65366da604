"""The loopback Messages API held to the SDK's own types, and the SDK's own reading of what it sends."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import anthropic
import pytest
from anthropic.types import Message, MessageParam, RawMessageStreamEvent, ToolParam
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter

from assistant.base import Ask, Outcome
from assistant.registry import get
from assistant.tools import definitions
from interviews.exercises import load
from tests.loopback import script, wire
from tests.loopback.server import Loopback

EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
MESSAGES: TypeAdapter[Any] = TypeAdapter(MessageParam)  # kept: what it gives is checked lazily, as it is read


@pytest.mark.parametrize("name", script.names())
def test_every_event_of_every_script_fits_the_sdks_types(name: str) -> None:
    for answer in script.load(name).answers:
        events = [event for event in wire.events(answer, "m", 1) if event["type"] != "ping"]
        for event in events:
            assert EVENTS.validate_python(event, strict=True).type == event["type"]
        kinds = [event["type"] for event in events]
        assert kinds[0] == "message_start" and kinds[-2:] == ["message_delta", "message_stop"]
        opened = [event["index"] for event in events if event["type"] == "content_block_start"]
        assert opened == list(range(len(opened))) == [e["index"] for e in events if e["type"] == "content_block_stop"]


def test_errors_fit_the_sdks_types() -> None:
    for kind in wire.TYPES.values():
        body = wire.error_body(kind, "why", 1)
        if kind != "request_too_large":  # told by its status only
            assert TypeAdapter(ErrorResponse).validate_python(body).error.type == kind


def test_the_sdks_own_stream_reader_accumulates_a_message() -> None:
    with Loopback("interview") as loopback:
        client = anthropic.Anthropic(api_key="test", base_url=loopback.address, max_retries=0)
        with (
            client,
            client.messages.stream(
                model="m", max_tokens=9, messages=[{"role": "user", "content": "please fix it"}]
            ) as stream,
        ):
            message = stream.get_final_message()
    found = Message.model_validate(message.model_dump())
    assert [block.type for block in found.content] == ["thinking", "text", "tool_use", "tool_use", "tool_use"]
    read = found.content[3]
    assert read.type == "tool_use" and read.input == {"path": "playlists/request.py", "start_line": 1, "end_line": 30}
    assert found.stop_reason == "tool_use" and found.usage.output_tokens == 40 and found.usage.input_tokens == 1200


def test_what_is_sent_fits_the_sdks_types(monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(load("prompted-playlists").workspace)
    ask = Ask(
        turn="a1", prompt="please fix it", attachments=(), history=(), files=files, versions=dict.fromkeys(files, 1),
        exercise=load("prompted-playlists"), brief="", model="", seed=1, bench=NoBench(),
    )  # fmt: skip
    with Loopback("interview") as loopback:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", loopback.address)
        list(get("anthropic").reply(ask))
    assert len(loopback.requests) == 4
    for request in loopback.requests:
        for message in request.body["messages"]:
            checked = MESSAGES.validate_python(message)
            assert len(list(checked["content"])) == len(message["content"])
        for tool in request.body["tools"]:
            TypeAdapter(ToolParam).validate_python(tool)
    assert [tool["name"] for tool in loopback.requests[0].body["tools"]] == [tool.name for tool in definitions(ask)]


class NoBench:
    """A bench where nothing comes out."""

    def run_tests(self, files: object) -> Outcome:
        return Outcome("", True)

    def run_command(self, command: str, files: object) -> Outcome:
        return Outcome("", True)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "first message"),
    ({"messages": [{"role": "assistant", "content": "hi"}]}, "first message"),
    ({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}, "alternate"),
    ({"messages": [{"role": "user", "content": ""}]}, "non-whitespace"),
    ({"messages": [{"role": "user", "content": []}]}, "non-empty"),
    (
        {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]}]},
        "do not match",
    ),
    ({"max_tokens": "many"}, "max_tokens"),
    ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "does not fit"),
]


@pytest.mark.parametrize(("change", "why"), REFUSED)
def test_requests_that_the_service_would_refuse_are_refused(change: dict[str, Any], why: str) -> None:
    body = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    wire.check(body)
    with pytest.raises(wire.Refused, match=why):
        wire.check({**body, **change})


def test_it_can_be_started_by_itself() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.loopback", "--port", "0", "--script", "interview"], stdout=subprocess.PIPE, text=True
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            client = anthropic.Anthropic(api_key="wrong", base_url=address, max_retries=0)
            with client, pytest.raises(anthropic.AuthenticationError) as refused:
                client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "hi"}])
            assert json.loads(refused.value.response.text)["error"]["type"] == "authentication_error"
        finally:
            process.terminate()
        assert process.wait(10) == 0
