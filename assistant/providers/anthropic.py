"""``anthropic``: Claude, through Anthropic's Messages API and its official SDK.

Owns the conversation with that service: streaming, tool rounds, deadlines, the stop button, and what each failure means in
words. Invariant: the key is read when it is needed and is in no log, error or sandbox; after the candidate has seen a piece
nothing is silently begun anew; whatever was proposed before a failure is still offered. Leaves out what the model is told
(``assistant.briefing``), what its tools do (``assistant.tools``) and the words for failures (``assistant.outages``).
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import logging
import os
import threading
import time
from collections.abc import Coroutine, Generator, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from assistant.base import Ask, Finished, Part, Spent, TextDelta, ToolCall, Working
from assistant.briefing import clean, conversation, task
from assistant.keys import read_key
from assistant.outages import Trouble, answered, broken, late, silent, unreachable, unreadable
from assistant.tools import Toolbox, Used, definitions, readable
from interviews.errors import PlatformFailure
from interviews.events import Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import RawMessageStreamEvent

SERVICE = "Claude"
KEY = "ANTHROPIC_API_KEY"  # with _FILE behind it, the name of a file that holds it
MODEL = "claude-sonnet-5-5"
ROUNDS = 12  # times the model may use tools before it must answer
MAX_TOKENS = 16_000
RETRIES = 2
SILENCE_S = 60.0  # the service sends a sign of life every few seconds while it works
CONNECT_S = 10.0
GLANCE_S = 0.05  # how often the stop button is looked at
T = TypeVar("T")
logger = logging.getLogger("pairsight")


class _Stopped(Exception):
    """The candidate pressed stop."""


class _Late(Exception):
    """No sign of an answer within the deadline."""


class _Cut(Exception):
    """The stream ended before the message did."""


class Claude:
    """The provider. It keeps nothing between replies."""

    name = "anthropic"
    plants = False
    pace_s = 0.0
    model = MODEL

    def check(self, model: str) -> str:
        """Whether SDK and key are there; the service itself is not asked."""
        if importlib.util.find_spec("anthropic") is None:
            return "Anthropic's SDK is not installed: pip install anthropic"
        try:
            read_key(KEY)
        except PlatformFailure as error:
            return str(error)
        return ""

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Answer. Raises ``PlatformFailure`` naming what happened and what comes next."""
        if why := self.check(ask.model):
            raise PlatformFailure("Claude cannot be asked: %(why)s. The interviewer has to set this right.", why=why)
        key = read_key(KEY)
        with _running_loop() as loop:
            yield from _Answer(ask, loop, key).parts()


@dataclass
class _Message:
    """One message of the model as it is being streamed."""

    blocks: list[dict[str, Any]] = field(default_factory=list)
    json: dict[int, str] = field(default_factory=dict)
    stop_reason: str = ""
    model: str = ""
    usage: dict[str, int] = field(default_factory=dict)
    ended: bool = False

    def take(self, event: RawMessageStreamEvent) -> str:
        """Take an event in; returns the piece of text it brings, if any."""
        match event.type:
            case "message_start":
                self.model = event.message.model
                self._count(event.message.usage)
            case "content_block_start":
                block = event.content_block.to_dict(mode="json")
                self.blocks.append(block)
                return str(block.get("text", "")) if block["type"] == "text" else ""
            case "content_block_delta":
                return self._delta(event.index, event.delta)
            case "message_delta":
                self.stop_reason = event.delta.stop_reason or ""
                self._count(event.usage)
            case "message_stop":
                self.ended = True
            case _:
                pass
        return ""

    def _delta(self, index: int, delta: Any) -> str:
        block = self.blocks[index]
        match delta.type:
            case "text_delta":
                block["text"] = block.get("text", "") + delta.text
                return str(delta.text)
            case "input_json_delta":
                self.json[index] = self.json.get(index, "") + delta.partial_json
            case "thinking_delta":
                block["thinking"] = block.get("thinking", "") + delta.thinking
            case "signature_delta":
                block["signature"] = delta.signature
            case _:
                pass
        return ""

    def _count(self, usage: Any) -> None:
        # Counts of a later event are totals and replace the earlier ones; those left out stand.
        for name in ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"):
            if (value := getattr(usage, name, None)) is not None:
                self.usage[name] = value

    def calls(self) -> list[tuple[dict[str, Any], object, str]]:
        """The tools it calls for: the block, its input, and what is wrong with that."""
        found: list[tuple[dict[str, Any], object, str]] = []
        for index, block in enumerate(self.blocks):
            if block["type"] != "tool_use":
                continue
            wrong, given = "", block.get("input", {})
            if text := self.json.get(index, ""):
                try:
                    given = json.loads(text)
                except ValueError as error:
                    given, wrong = {}, f"Expected the input as JSON, got text that is none: {error}"
            if not isinstance(given, dict):
                given, wrong = {}, f"Expected the input as a JSON object, got {type(given).__name__}"
            block["input"] = given
            found.append((block, given, wrong))
        return found

    def content(self) -> list[dict[str, Any]]:
        """Its blocks as they are sent back; the service takes no empty text."""
        return [block for block in self.blocks if block["type"] != "text" or block["text"].strip()]


@contextmanager
def _running_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own; what is under way on it at the end is cancelled."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="claude", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for one in left:
        one.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await asyncio.get_running_loop().shutdown_asyncgens()


class _Answer:
    """One reply: rounds of streaming and tools until the model is done.

    The SDK's asynchronous client is driven from here: that way a stop or a deadline ends whatever is under way, be it connecting,
    a retry's pause or a silent stream, and closes the connection.
    """

    def __init__(self, ask: Ask, loop: asyncio.AbstractEventLoop, key: str) -> None:
        self._ask, self._loop, self._key = ask, loop, key
        self._box = Toolbox(ask)
        self._usage: dict[str, int] = {}
        self._model = ask.model or MODEL
        self._calls = count(1)
        self._shown = ""  # the last piece of text that the candidate saw
        self._status: int | None = None  # of the last attempt

    def parts(self) -> Iterator[Part]:
        """The whole reply."""
        try:
            reason = yield from self._rounds()
        except _Stopped:
            reason = "stopped"
        except PlatformFailure:
            if proposal := self._box.proposal():
                yield proposal
            yield Spent(self._spent(), self._model)
            raise
        if proposal := self._box.proposal():
            yield proposal
        elif not self._shown and reason != "stopped":
            yield TextDelta("Claude gave no answer in words.")
        yield Finished(reason, self._spent(), self._model)

    def _spent(self) -> Usage:
        return Usage(
            input_tokens=self._usage.get("input_tokens", 0), output_tokens=self._usage.get("output_tokens", 0),
            cache_read_tokens=self._usage.get("cache_read_input_tokens", 0),
            cache_write_tokens=self._usage.get("cache_creation_input_tokens", 0),
        )  # fmt: skip

    def _rounds(self) -> Generator[Part, None, str]:
        """Stream, use tools, stream again; returns the reason why the model stopped."""
        client = self._client()
        messages: list[dict[str, Any]] = [
            {"role": "user" if said.person else "assistant", "content": [{"type": "text", "text": said.text}]}
            for said in conversation(self._ask)
        ]
        try:
            for number in range(ROUNDS + 1):
                message = yield from self._stream(client, messages, last=number == ROUNDS)
                match message.stop_reason:
                    case "tool_use" if number < ROUNDS:
                        results = yield from self._use_tools(message)
                        messages += [
                            {"role": "assistant", "content": message.content()},
                            {"role": "user", "content": results},
                        ]
                    case "pause_turn" if number < ROUNDS:
                        messages.append({"role": "assistant", "content": message.content()})
                    case "refusal":
                        raise PlatformFailure(
                            "Claude declined to answer this. Ask in another way, or for something else."
                        )
                    case "model_context_window_exceeded":
                        raise PlatformFailure(
                            "The conversation is too long for this model. Attach less, or ask for a smaller step."
                        )
                    case "max_tokens":
                        yield self._say("[The answer reached its length limit and ends here. Ask to go on.]")
                        return "max_tokens"
                    case "tool_use" | "pause_turn":
                        yield self._say(
                            "[The assistant has used its tools as often as it may for one answer. Ask to go on.]"
                        )
                        return "max_rounds"
                    case reason:
                        return reason or "end_turn"
            return "max_rounds"
        finally:
            self._end(client.close())

    def _use_tools(self, message: _Message) -> Generator[Part, None, list[dict[str, Any]]]:
        results: list[dict[str, Any]] = []
        for block, given, wrong in message.calls():
            if self._ask.cancelled():
                raise _Stopped
            name, call = str(block["name"]), f"c{next(self._calls)}"
            yield Working(name, call, readable(given))
            used = Used(wrong, False) if wrong else self._box.use(name, given)
            yield ToolCall(name, call, readable(given), used.output, used.ok)
            results.append(
                {
                    "type": "tool_result",
                    "tool_use_id": block["id"],
                    "content": clean(used.output) or "[no output]",
                    "is_error": not used.ok,
                }
            )
        return results

    def _stream(
        self, client: AsyncAnthropic, messages: list[dict[str, Any]], last: bool
    ) -> Generator[Part, None, _Message]:
        """One message; its text as it comes."""
        message = _Message()
        deadline: float | None = time.monotonic() + self._ask.limits.first_token_s
        stream = None
        try:
            stream = self._do(client.messages.create(**self._request(messages, last)), deadline)
            events = aiter(stream)
            while (event := self._do(_next(events), deadline)) is not None:
                if event.type == "content_block_start":
                    deadline = None
                    if event.content_block.type == "text" and self._shown and not self._shown.endswith("\n"):
                        yield self._say("\n\n", apart=False)
                if piece := message.take(event):
                    yield self._say(piece, apart=False)
            if not message.ended:
                raise _Cut
        except (_Stopped, PlatformFailure, GeneratorExit):
            raise
        except Exception as error:
            raise self._failure(error) from None
        finally:
            if stream is not None:
                self._end(stream.close())
            for name, value in message.usage.items():
                self._usage[name] = self._usage.get(name, 0) + value
            self._model = message.model or self._model
        return message

    def _say(self, text: str, apart: bool = True) -> TextDelta:
        text = f"\n\n{text}" if apart and self._shown else text
        self._shown = text
        return TextDelta(text)

    def _request(self, messages: list[dict[str, Any]], last: bool) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self._ask.model or MODEL, "max_tokens": MAX_TOKENS, "stream": True, "messages": messages,
            "system": [{"type": "text", "text": task(self._ask)}],
            "tools": [
                {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
                for tool in definitions(self._ask)
            ],
            # Each round repeats the conversation: the service keeps what it has read.
            "cache_control": {"type": "ephemeral"},
        }  # fmt: skip
        if last:
            request["tool_choice"] = {"type": "none"}
        if self._ask.limits.effort:
            request["output_config"] = {"effort": self._ask.limits.effort}
        return request

    def _client(self) -> AsyncAnthropic:
        import anthropic

        async def note(response: Any) -> None:
            self._status = response.status_code

        return anthropic.AsyncAnthropic(
            api_key=self._key, base_url=os.environ.get("ANTHROPIC_BASE_URL") or None, max_retries=RETRIES,
            timeout=anthropic.Timeout(SILENCE_S, connect=CONNECT_S),
            http_client=anthropic.DefaultAsyncHttpxClient(event_hooks={"response": [note]}),
        )  # fmt: skip

    def _do(self, work: Coroutine[Any, Any, T], deadline: float | None) -> T:
        """The result of ``work``. Raises ``_Stopped`` and ``_Late``, having cancelled it."""
        under_way = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            while not wait([under_way], GLANCE_S).done:
                if self._ask.cancelled():
                    raise _Stopped
                if deadline is not None and time.monotonic() > deadline:
                    raise _Late
            return under_way.result()
        finally:
            under_way.cancel()

    def _end(self, work: Coroutine[Any, Any, None]) -> None:
        """Close something; what does not close in time is left to the end of the loop."""
        wait([asyncio.run_coroutine_threadsafe(work, self._loop)], CONNECT_S)

    def _failure(self, error: Exception) -> PlatformFailure:
        """What happened and what comes next, in words; the details go to the log, without the key."""
        detail = str(error).replace(self._key, "[key]") if self._key else str(error)
        logger.warning("claude, turn %s: %s: %s", self._ask.turn, type(error).__name__, detail[:500])
        return _trouble(error, self._status, self._ask.model or MODEL).failure(cut_off=bool(self._shown))


async def _next(events: Any) -> RawMessageStreamEvent | None:
    return await anext(events, None)


def _trouble(error: Exception, status: int | None, model: str) -> Trouble:
    """What an error of the SDK, its transport or this provider means; ``status`` is that of the last attempt."""
    import anthropic
    import httpx2

    match error:
        case _Late() if status is not None and status >= 400:
            return answered(SERVICE, model, status)
        case _Late():
            return late(SERVICE)
        case anthropic.APIStatusError():
            return answered(SERVICE, model, error.status_code, error.type or "", error.api_message or "")
        case anthropic.APITimeoutError() | httpx2.TimeoutException():
            return silent(SERVICE)
        case anthropic.APIConnectionError() if status is None:
            return unreachable(SERVICE)
        case anthropic.APIConnectionError() | httpx2.HTTPError() | _Cut():
            return broken(SERVICE)
        case _:
            return unreadable(SERVICE)


provider = Claude()
