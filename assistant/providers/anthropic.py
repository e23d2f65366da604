"""``anthropic``: Claude, through Anthropic's Messages API and its official SDK.

Owns that service's form: requests, where its cache may begin, the events of a message, and what the SDK's errors mean. Invariant:
the key is read when it is needed and is in no log, error or sandbox; what precedes a mark for the cache is the same bytes in the
next request. Leaves out the course of a reply (``assistant.rounds``) and what the model is told (``assistant.briefing``).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assistant.base import Ask, Part
from assistant.briefing import Said, task
from assistant.driving import after_s, at_end
from assistant.keys import host, read_key
from assistant.outages import Trouble, answered, broken, silent, unreachable, unreadable
from assistant.rounds import Call, Round, answer, carried
from assistant.tools import definitions
from interviews.errors import N_, PlatformFailure
from interviews.events import Usage

if TYPE_CHECKING:
    from anthropic import DefaultAsyncHttpxClient
    from anthropic.types import RawMessageStreamEvent

SERVICE = "Claude"
ANTHROPIC, BASE = "https://api.anthropic.com", "ANTHROPIC_BASE_URL"
KEY = "ANTHROPIC_API_KEY"  # with _FILE behind it, the name of a file that holds it
MODEL = "claude-sonnet-5-5"
MAX_TOKENS = 16_000
SILENCE_S = 60.0  # the service sends a sign of life every few seconds while it works
CONNECT_S = 10.0
DRAIN_S = 0.5  # for the end of a stream after its last event
TAILS = (
    2  # newest messages of the person that are marked for the cache, beside the task and the history: four is the most
)
CACHED = {"cache_control": {"type": "ephemeral"}}
Block = dict[str, Any]

DECLINED = {
    "cyber": N_("It took this for something that could be used to attack computers."),
    "bio": N_("It took this for something that could be used to do harm with biology."),
    "frontier_llm": N_("It took this for work on a rival language model."),
    "reasoning_extraction": N_("It took this for a wish to see its inner reasoning."),
    "general_harms": N_("It took this for something that could do harm."),
}
"""By the service's category of a refusal; its own explanation is not passed on."""


class Claude:
    """The provider. It keeps connections between replies, and nothing else."""

    name = "anthropic"
    plants = False
    pace_s = 0.0
    model = MODEL

    @property
    def receiver(self) -> str:
        """Anthropic, or whoever stands at the address that is set."""
        return f"Anthropic ({host(os.environ.get(BASE) or ANTHROPIC)})"

    def check(self, model: str) -> str:
        """Whether SDK and key are there; the service itself is not asked."""
        if importlib.util.find_spec("anthropic") is None:
            return "Anthropic's SDK is not installed: pip install anthropic"
        try:
            read_key(KEY)
        except PlatformFailure as error:
            return str(error)
        return ""

    def prepare(self) -> None:
        """Load the SDK, which takes a second."""
        importlib.import_module("anthropic")

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Answer. Raises ``PlatformFailure`` naming what happened and what comes next."""
        if why := self.check(ask.model):
            raise PlatformFailure("Claude cannot be asked: %(why)s. The interviewer has to set this right.", why=why)
        yield from answer(ask, _Messages(ask, read_key(KEY)))


class _Ended(Exception):
    """The stream ended before the message did."""


@dataclass
class _Message:
    """One message of the model as it is being streamed."""

    blocks: list[Block] = field(default_factory=list)
    json: dict[int, str] = field(default_factory=dict)
    stop: str = ""
    declined: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)

    @property
    def begun(self) -> bool:
        return bool(self.blocks)

    def take(self, event: RawMessageStreamEvent) -> str:
        match event.type:
            case "content_block_delta":
                return self._delta(event.index, event.delta)
            case "message_start":
                self.model = event.message.model
                self._count(event.message.usage)
            case "content_block_start":
                return self._block(event.content_block.to_dict(mode="json"))
            case "message_delta":
                self.stop = event.delta.stop_reason or ""
                if (details := event.delta.stop_details) is not None:
                    self.declined = DECLINED.get(details.category or "", "")
                self._count(event.usage)
            case _:
                pass
        return ""

    def _block(self, block: Block) -> str:
        apart = block["type"] == "text" and any(one["type"] == "text" for one in self.blocks)
        self.blocks.append(block)
        return ("\n\n" if apart else "") + str(block.get("text", "")) if block["type"] == "text" else ""

    def _delta(self, index: int, delta: Any) -> str:
        block = self.blocks[index]
        match delta.type:
            case "text_delta":
                block["text"] += delta.text
                return str(delta.text)
            case "input_json_delta":
                self.json[index] = self.json.get(index, "") + delta.partial_json
            case "thinking_delta":
                block["thinking"] += delta.thinking
            case "signature_delta":
                block["signature"] = delta.signature
            case _:
                pass
        return ""

    def _count(self, usage: Any) -> None:
        # Counts of a later event are totals and replace the earlier ones; those left out stand.
        told = {
            ours: value
            for ours, theirs in (
                ("input_tokens", "input_tokens"), ("output_tokens", "output_tokens"),
                ("cache_read_tokens", "cache_read_input_tokens"), ("cache_write_tokens", "cache_creation_input_tokens"),
            )
            if (value := getattr(usage, theirs, None)) is not None
        }  # fmt: skip
        self.usage = self.usage.model_copy(update=told)

    def calls(self) -> list[Call]:
        return [self._call(number, block) for number, block in enumerate(self.blocks) if block["type"] == "tool_use"]

    def _call(self, number: int, block: Block) -> Call:
        call = Call.heard(block["id"], str(block["name"]), self.json.get(number) or json.dumps(block.get("input", {})))
        block["input"] = call.given
        return call

    def content(self) -> list[Block] | None:
        """Its blocks as they are sent back; the service takes no empty text."""
        kept = [block for block in self.blocks if block["type"] != "text" or block["text"].strip()]
        return carried(kept) if kept else None


class _Messages:
    """The Messages API, for one reply."""

    service = SERVICE

    def __init__(self, ask: Ask, key: str) -> None:
        self.model = ask.model or MODEL
        self.key = key
        self._effort = ask.limits.effort
        # Tools and task come first in what the service keeps, so nothing of them may change from turn to turn.
        self._system = [{"type": "text", "text": task(ask), **CACHED}]
        self._tools = [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
            for tool in definitions(ask)
        ]
        self._connected = False  # whether the last request was answered at all

    def hearing(self) -> _Message:
        return _Message()

    def request(
        self, said: Sequence[Said], rounds: Sequence[Round], last: bool
    ) -> Callable[[], AsyncGenerator[RawMessageStreamEvent, None]]:
        request: dict[str, Any] = {
            "model": self.model, "max_tokens": MAX_TOKENS, "stream": True, "system": self._system,
            "messages": _messages(said, rounds),
        }  # fmt: skip
        if self._tools:
            request["tools"] = self._tools
        if self._tools and last:
            request["tool_choice"] = {"type": "none"}
        if self._effort:
            request["output_config"] = {"effort": self._effort}
        return lambda: self._events(request)

    async def _events(self, request: dict[str, Any]) -> AsyncGenerator[RawMessageStreamEvent, None]:
        import anthropic
        import httpx2

        self._connected = False
        client = anthropic.AsyncAnthropic(
            api_key=self.key, base_url=os.environ.get(BASE) or None, max_retries=0,
            timeout=anthropic.Timeout(SILENCE_S, connect=CONNECT_S), http_client=_connections(),
        )  # fmt: skip
        async with await client.messages.create(**request) as stream:
            self._connected = True
            events = aiter(stream)
            while (event := await anext(events, None)) is not None:
                yield event
                if event.type == "message_stop":
                    # Read to its end the connection can be used again; but the answer waits for nothing more.
                    with suppress(TimeoutError, anthropic.APIError, httpx2.HTTPError):
                        async with asyncio.timeout(DRAIN_S):
                            await anext(events, None)
                    return
        raise _Ended

    def trouble(self, error: Exception) -> Trouble:
        import anthropic
        import httpx2

        match error:
            case anthropic.APIStatusError():
                told = answered(SERVICE, self.model, error.status_code, error.type or "", error.api_message or "")
                again = error.response.headers.get("x-should-retry")
                return replace(
                    told, passes=told.passes if again is None else again == "true",
                    after_s=after_s(error.response.headers, time.time()),
                )  # fmt: skip
            case anthropic.APITimeoutError() | httpx2.TimeoutException():
                return silent(SERVICE)
            case anthropic.APIConnectionError() if not self._connected:
                return unreachable(SERVICE)
            case anthropic.APIConnectionError() | httpx2.HTTPError() | _Ended():
                return broken(SERVICE)
            case _:
                return unreadable(SERVICE)


def _messages(said: Sequence[Said], rounds: Sequence[Round]) -> list[Block]:
    """The conversation, marked for the cache where the next request will begin with the same.

    That is after the history (the next turn's beginning, whatever was attached to this prompt), and after the newest messages
    of the person (the next round's). Two of them, as the service looks back 20 blocks from a mark for one that it keeps, which a
    round of many calls exceeds. Where a beginning is shorter than the model's least, the service ignores its mark.
    """
    messages: list[Block] = [
        {"role": "user" if one.person else "assistant", "content": [{"type": "text", "text": one.text}]} for one in said
    ]
    for one in rounds:
        if messages[-1]["role"] == "assistant":  # it had paused
            messages[-1] = {"role": "assistant", "content": [*messages[-1]["content"], *one.content]}
        else:
            messages.append({"role": "assistant", "content": one.content})
        if one.results:
            results = [
                {"type": "tool_result", "tool_use_id": result.id, "content": result.text, "is_error": not result.ok}
                for result in one.results
            ]
            messages.append({"role": "user", "content": results})
    newest = [number for number in range(len(said) - 1, len(messages)) if messages[number]["role"] == "user"][-TAILS:]
    for number in {len(said) - 2, *newest} - {-1}:
        *before, end = messages[number]["content"]
        messages[number] = {**messages[number], "content": [*before, {**end, **CACHED}]}
    return messages


_kept: list[DefaultAsyncHttpxClient] = []
_lock = threading.Lock()


def _connections() -> DefaultAsyncHttpxClient:
    """The connections of all replies: setting one up anew would cost each reply its first tenths of a second. They hold no key."""
    import anthropic

    with _lock:
        if not _kept:
            _kept.append(anthropic.DefaultAsyncHttpxClient())
            at_end(_kept[0].aclose)
        return _kept[0]


provider = Claude()
