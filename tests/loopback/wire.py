"""The wire form of the Messages API: events of a stream, error bodies, and what a request must be.

Owns both directions. Invariant: what is sent fits the SDK's own types (a test holds every script to them), and a request that the
service would refuse is refused here too.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from tests.loopback.cache import MARKS, Counted, marks
from tests.loopback.script import Answer, Body

TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


class Refused(Exception):
    """A request the service does not accept."""


def events(answer: Answer, model: str, number: int, counted: Counted | None = None) -> Iterator[Body]:
    """The stream of one message, in order; ``ping`` included. ``counted`` is what the request was, else the rule says."""
    usage = answer.usage
    count = counted or Counted(usage.cache_read, usage.cache_write, usage.input)
    told = {
        "input_tokens": count.fresh,
        "cache_creation_input_tokens": count.written,
        "cache_read_input_tokens": count.read,
        "output_tokens": 1,
        "service_tier": "standard",
    }
    message: Body = {
        "id": f"msg_{number:04d}", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": told,
    }  # fmt: skip
    yield {"type": "message_start", "message": message}
    yield {"type": "ping"}
    index = itertools.count()
    if answer.think is not None:
        yield from _thinking(next(index), answer.think)
    if answer.say:
        at = next(index)
        yield {"type": "content_block_start", "index": at, "content_block": {"type": "text", "text": ""}}
        for piece in re.findall(r"\s*\S+\s*", answer.say):
            yield {"type": "content_block_delta", "index": at, "delta": {"type": "text_delta", "text": piece}}
        yield {"type": "content_block_stop", "index": at}
    for use in answer.use:
        at = next(index)
        block = {"type": "tool_use", "id": f"toolu_{number:04d}_{at}", "name": use.tool, "input": {}}
        yield {"type": "content_block_start", "index": at, "content_block": block}
        text = json.dumps(use.input) if use.raw is None else use.raw
        for piece in ["", *(text[start : start + 12] for start in range(0, len(text), 12))]:
            delta = {"type": "input_json_delta", "partial_json": piece}
            yield {"type": "content_block_delta", "index": at, "delta": delta}
        yield {"type": "content_block_stop", "index": at}
    ending: Body = {"stop_reason": answer.stop_reason, "stop_sequence": None}
    if answer.stop_reason == "refusal":
        ending["stop_details"] = {"type": "refusal", "category": answer.category, "explanation": None}
    yield {"type": "message_delta", "delta": ending, "usage": {"output_tokens": usage.output}}
    yield {"type": "message_stop"}


def _thinking(at: int, text: str) -> Iterator[Body]:
    block = {"type": "thinking", "thinking": "", "signature": ""}
    yield {"type": "content_block_start", "index": at, "content_block": block}
    if text:
        yield {"type": "content_block_delta", "index": at, "delta": {"type": "thinking_delta", "thinking": text}}
    yield {"type": "content_block_delta", "index": at, "delta": {"type": "signature_delta", "signature": "c2lnbmVk"}}
    yield {"type": "content_block_stop", "index": at}


def sse(event: Body) -> bytes:
    """An event as server-sent bytes."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def error_body(type_: str, message: str, number: int) -> Body:
    """An error, as a body or as an event."""
    return {"type": "error", "error": {"type": type_, "message": message}, "request_id": f"req_{number:04d}"}


def check(body: Any) -> None:
    """Raises ``Refused`` as the service would."""
    if not isinstance(body, dict):
        raise Refused("the body must be an object")
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if not isinstance(body.get(name), kind):
            raise Refused(f"{name}: Field required")
    if not body["messages"] or body["messages"][0]["role"] != "user":
        raise Refused("messages: the first message must use the user role")
    for tool in body.get("tools", []):
        if not TOOL_NAME.fullmatch(tool["name"]) or tool["input_schema"].get("type") != "object":
            raise Refused(f"tools: {tool['name']} does not fit")
    if marks(body) > MARKS:
        raise Refused(f"A maximum of {MARKS} blocks with cache_control may be provided")
    awaited: set[str] = set()
    role = "assistant"
    for number, message in enumerate(body["messages"]):
        if message["role"] == role:
            raise Refused(f"messages.{number}: roles must alternate")
        role = message["role"]
        awaited = _check_blocks(number, message, awaited)
    if awaited:
        raise Refused("tool_use ids were found without tool_result blocks immediately after")
    if role == "assistant" and not body["messages"][-1]["content"]:
        raise Refused("messages: prefill is not supported")


def _check_blocks(number: int, message: Body, awaited: set[str]) -> set[str]:
    """The ids of tool calls that the next message must answer."""
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not blocks:
        raise Refused(f"messages.{number}: all messages must have non-empty content")
    for block in blocks:
        if block["type"] == "text" and not block["text"].strip():
            raise Refused(f"messages.{number}: text content blocks must contain non-whitespace text")
        if block["type"] == "thinking" and (not block.get("signature") or "cache_control" in block):
            raise Refused(f"messages.{number}: thinking blocks need their signature, and take no cache_control")
    answered = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
    if answered != awaited:
        raise Refused(f"messages.{number}: tool_result blocks do not match the tool_use blocks before")
    return {block["id"] for block in blocks if block["type"] == "tool_use"}
