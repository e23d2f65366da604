"""The wire form of Chat Completions: chunks of a stream, whole answers, and what a request must be.

Owns both directions. Invariant: a request that OpenAI's service would refuse is refused here too, and one that it would accept is
turned into the form in which ``tests.loopback`` looks for a rule.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.loopback.script import Body
from tests.loopback.wire import TOOL_NAME, Refused
from tests.loopback_chat.script import ChatAnswer, finish

KNOWN = frozenset(
    {
        "model",
        "messages",
        "tools",
        "tool_choice",
        "stream",
        "stream_options",
        "reasoning_effort",
        "max_completion_tokens",
    }
)
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh"})
ERROR = "Error: "  # how a tool's failure begins, as there is no field for it


def chunks(answer: ChatAnswer, body: Body, number: int) -> Iterator[Body]:
    """The stream of one message, in order."""
    counted = bool((body.get("stream_options") or {}).get("include_usage")) and answer.counts
    head: Body = {
        "id": f"chatcmpl-{number:04d}",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": body["model"],
    }
    if counted:
        head["usage"] = None

    def chunk(delta: Body, reason: str | None = None) -> Body:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": ""})
    if answer.think:
        yield chunk({"reasoning_content": answer.think})
    for piece in re.findall(r"\s*\S+\s*", answer.say):
        yield chunk({"content": piece})
    for delta in _calls(answer, number):
        yield chunk(delta)
    yield chunk({}, finish(answer))
    if counted:
        yield {**head, "choices": [], "usage": usage(answer)}


def _calls(answer: ChatAnswer, number: int) -> Iterator[Body]:
    for at, use in enumerate(answer.use):
        text = json.dumps(use.input) if use.raw is None else use.raw
        pieces = [text[start : start + 12] for start in range(0, len(text), 12)] if answer.fragments else [text]
        if answer.old:
            yield {"function_call": {"name": use.tool, "arguments": ""}}
            yield from ({"function_call": {"arguments": piece}} for piece in pieces)
            continue
        place = {"index": at} if answer.ids else {}
        name = {"id": f"call_{number:04d}_{at}"} if answer.ids else {}
        first = {"name": use.tool, "arguments": "" if answer.fragments else pieces[0]}
        yield {"tool_calls": [{**place, **name, "type": "function", "function": first}]}
        if answer.fragments:
            yield from ({"tool_calls": [{**place, "function": {"arguments": piece}}]} for piece in pieces)


def whole(answer: ChatAnswer, body: Body, number: int) -> Body:
    """The answer in one body."""
    calls = [
        {
            "id": f"call_{number:04d}_{at}",
            "type": "function",
            "function": {"name": use.tool, "arguments": json.dumps(use.input)},
        }
        for at, use in enumerate(answer.use)
    ]
    message = {"role": "assistant", "content": answer.say or None, **({"tool_calls": calls} if calls else {})}
    choice = {"index": 0, "message": message, "finish_reason": finish(answer)}
    return {
        "id": f"chatcmpl-{number:04d}", "object": "chat.completion", "created": 1_700_000_000, "model": body["model"],
        "choices": [choice], "usage": usage(answer),
    }  # fmt: skip


def usage(answer: ChatAnswer) -> Body:
    """Tokens as told: those from the cache are a part of the prompt's."""
    told = answer.usage
    prompt = told.input + told.cache_read
    return {
        "prompt_tokens": prompt, "completion_tokens": told.output, "total_tokens": prompt + told.output,
        "prompt_tokens_details": {"cached_tokens": told.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }  # fmt: skip


def error_body(status: int, kind: str, message: str) -> Body:
    """An error, as a body or in a stream."""
    return {
        "error": {"message": message, "type": kind or "server_error", "param": None, "code": None if status else kind}
    }


def check(body: Any) -> None:
    """Raises ``Refused`` as the service would."""
    if not isinstance(body, dict):
        raise Refused("the body must be an object")
    if odd := body.keys() - KNOWN:
        raise Refused(f"Unrecognized request argument supplied: {sorted(odd)[0]}")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Refused("you must provide a model parameter")
    if "tools" in body and not body["tools"]:
        raise Refused("Invalid 'tools': empty array")
    if "tool_choice" in body and "tools" not in body:
        raise Refused("'tool_choice' is only allowed when 'tools' are specified")
    if "stream_options" in body and not body.get("stream"):
        raise Refused("'stream_options' is only allowed when 'stream' is enabled")
    if body.get("reasoning_effort", "low") not in EFFORTS:
        raise Refused("Invalid value for 'reasoning_effort'")
    for tool in body.get("tools", []):
        function = tool["function"]
        if tool["type"] != "function" or not TOOL_NAME.fullmatch(function["name"]) or len(function["name"]) > 64:
            raise Refused(f"Invalid 'tools': {function['name']}")
        if function["parameters"].get("type") != "object" or len(function["description"]) > 1024:
            raise Refused(f"Invalid schema for function {function['name']}")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Refused("Invalid 'messages': empty array")
    _check_messages(body["messages"])


def _check_messages(messages: list[Body]) -> None:
    awaited: set[str] = set()
    for number, message in enumerate(messages):
        role, content = message["role"], message.get("content")
        if awaited and role != "tool":
            raise Refused("an assistant message with 'tool_calls' must be followed by tool messages")
        if role == "tool":
            if message["tool_call_id"] not in awaited:
                raise Refused("messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            awaited.discard(message["tool_call_id"])
        elif role == "assistant":
            awaited = {call["id"] for call in message.get("tool_calls", [])}
            for call in message.get("tool_calls", []):
                if call["type"] != "function" or not isinstance(json.loads(call["function"]["arguments"]), dict):
                    raise Refused(f"messages.{number}: the arguments must be an object")
            if not awaited and not content:
                raise Refused(f"Invalid value for 'content' in messages.{number}: expected a string, got null")
        elif role not in ("system", "user") or (role == "system" and number > 0):
            raise Refused(f"messages.{number}: {role} does not stand here")
        if content is not None and not isinstance(content, str):
            raise Refused(f"messages.{number}: expected the content as a string")
    if awaited or messages[-1]["role"] not in ("user", "tool"):
        raise Refused("the last message must be the user's or a tool's")


def as_messages(body: Body) -> Body:
    """The request in the form of the Messages API, as far as rules look at it."""
    told: list[Body] = []
    for message in body["messages"]:
        match message["role"]:
            case "tool":
                content = str(message["content"])
                failed = content.startswith(ERROR)
                result = {"type": "tool_result", "content": content.removeprefix(ERROR), "is_error": failed}
                if told[-1]["role"] != "user":
                    told.append({"role": "user", "content": []})
                told[-1]["content"].append(result)
            case "system":
                pass
            case role:
                told.append({"role": role, "content": [{"type": "text", "text": message.get("content") or ""}]})
    return {"messages": told, "tool_choice": {"type": body.get("tool_choice", "auto")}}
