"""``openai_compatible``: any service that speaks OpenAI's Chat Completions, on the internet or on a machine next door.

Owns that form: the request, its stream, and what such services do in their own way. Invariant: nothing beyond what Chat Completions
asks for is needed of a service: what it leaves out is done without, what it refuses is asked for no more, and what cannot be
understood is told; the key is read when it is needed and goes out in the Authorization header only. Leaves out the rounds of an
answer (``assistant.rounds``), what the model is told (``assistant.briefing``) and why no SDK (``docs/decisions/``).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from assistant.base import Ask, Part, Provider
from assistant.briefing import Said, task
from assistant.driving import after_s, at_end
from assistant.keys import host, read_key
from assistant.outages import N_, SETUP, Trouble, answered, broken, silent, unreachable, unreadable
from assistant.rounds import Call, Hearing, Round, answer
from assistant.sse import body, events
from assistant.tools import definitions
from interviews.errors import PlatformFailure
from interviews.events import Usage

OPENAI = "https://api.openai.com/v1"
KEY, BASE, MODEL = "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"
SILENCE_S = 60.0
CONNECT_S = 10.0
TAIL_S = 2.0  # for what a service says after a message's end: its usage, and that this was all
DRAIN_S = 0.2  # for a stream to close behind that, so that its connection can be used again
BYTES_A_TOKEN = 4  # where a service does not count
EFFORTS = {"max": "xhigh"}  # how hard to think, where it has another name here
OPTIONAL = ("stream_options", "reasoning_effort")  # what a service may refuse
STOPS = {"length": "max_tokens", "content_filter": "refusal"}
WHOLE = ("", "stop", "tool_calls", "function_call", "end_turn", "eos")  # ends of a message that is whole, its calls too
KINDS = {"insufficient_quota": "billing_error", "invalid_api_key": "authentication_error",
         "model_not_found": "not_found_error", "rate_limit_exceeded": "rate_limit_error"}  # fmt: skip
NO_PLACE = N_("There is no assistant at the address that Pairsight was given.")
NO_TOOLS = N_("The model {model} cannot use tools, which the assistant of this interview needs.")
_ODD = re.compile(r"[^a-zA-Z0-9_-]")
_TOO_LONG = re.compile(r"context (length|window|size)|maximum context|too (long|large|many tokens)", re.IGNORECASE)
_NO_TOOLS = re.compile(r"\btools?\b.*\b(support|enable)|\b(support|enable)\w* .*\btools?\b", re.IGNORECASE | re.DOTALL)
_NO_MODEL = re.compile(r"\bmodel\b.*(not found|not exist|unknown)|not a valid model", re.IGNORECASE | re.DOTALL)
logger = logging.getLogger("pairsight")
T = TypeVar("T")
Json = dict[str, Any]


class Refused(Exception):
    """An error that the service told, by its status or within a stream."""

    def __init__(self, status: int, body: object, after_s: float | None = None) -> None:
        told = body.get("error") if isinstance(body, dict) else None
        # Some put the parts of an error beside each other, some give its words only.
        parts = told if isinstance(told, dict) else body if isinstance(body, dict) else {}
        code = parts.get("code")
        self.status = code if status == 200 and isinstance(code, int) else status
        self.names = [str(name) for name in (code, parts.get("type")) if name]
        self.message = told if isinstance(told, str) else str(parts.get("message") or parts.get("detail") or "")
        self.param = str(parts.get("param") or "")
        self.after_s = after_s
        super().__init__(f"status {self.status} {' '.join(self.names)}: {self.message}")


class Cut(Exception):
    """The stream ended before the message did."""


class Sent(int):
    """The service has taken the request, of so many bytes."""


class Over(int):
    """The stream is over; 1 where it said so itself."""


@dataclass
class _Fragments:
    """A call as it is being heard."""

    id: str
    name: str = ""
    arguments: str = ""


@dataclass
class Message:
    """One message, from the pieces of it that a service sends."""

    ids: Iterator[int]
    model: str = ""
    begun: bool = False
    declined: str = ""
    _reason: str = ""
    _text: str = ""
    _calls: list[_Fragments] = field(default_factory=list)
    _places: dict[object, _Fragments] = field(default_factory=dict)
    _told: Usage | None = None
    _sent: int = 0
    _heard: int = 0
    _understood: bool = False

    @property
    def stop(self) -> str:
        whole = "tool_use" if self._calls else "end_turn"
        return whole if self._reason in WHOLE else STOPS.get(self._reason, self._reason)

    @property
    def usage(self) -> Usage:
        """As told, else by length: a budget holds also where a service does not count, or was stopped before it could."""
        sent, heard = -(-self._sent // BYTES_A_TOKEN), -(-self._heard // BYTES_A_TOKEN)
        return self._told or Usage(input_tokens=sent, output_tokens=heard)

    def take(self, event: Any) -> str:
        """Take a piece in; returns the text it brings. Raises where it tells of an error, or the stream broke off."""
        match event:
            case Sent():
                self._sent = event
            case Over():
                if not event and not self._reason:
                    raise Cut
                if not self._understood:
                    raise ValueError("Expected pieces of a message, got none")
            case dict() if event.get("error") or event.get("object") == "error":
                raise Refused(200, event)
            case dict():
                return self._piece(event)
            case _:
                raise ValueError(f"Expected a piece of a message as a JSON object, got {type(event).__name__}")
        return ""

    def _piece(self, chunk: Json) -> str:
        self.model = _as(str, chunk.get("model")) or self.model
        if counted := _as(dict, chunk.get("usage")):
            self._told = _usage(counted)
        choice = next(
            (_as(dict, one) for one in _as(list, chunk.get("choices")) if _as(dict, one).get("index", 0) == 0), {}
        )
        self._understood = self._understood or bool(choice)
        self._reason = _as(str, choice.get("finish_reason")).lower() or self._reason
        if self._reason == "error":
            raise Refused(500, {})
        delta = _as(dict, choice.get("delta") or choice.get("message"))
        text = _words(delta.get("content")) or _words(delta.get("refusal"))
        thought = _as(str, delta.get("reasoning_content")) or _as(str, delta.get("reasoning"))
        calls = [_as(dict, one) for one in _as(list, delta.get("tool_calls"))]
        if old := _as(dict, delta.get("function_call")):
            calls.append({"index": "old", "function": old})
        for one in calls:
            self._call(one)
        self.begun = self.begun or bool(text or thought or calls)
        self._text += text
        self._heard += _size(text + thought)
        return text

    def _call(self, told: Json) -> None:
        """A part of a call: of the one with its index, or the last, unless it has another id, or no id but a name."""
        id_, function = _as(str, told.get("id")), _as(dict, told.get("function"))
        name, place = _as(str, function.get("name")), told.get("index")
        last = self._calls[-1] if self._calls else None
        call = last if place is None else self._places.get(place)
        if call is None or (id_ and id_ != call.id) or (place is None and not id_ and name):
            call = _Fragments(id_ or f"call_{next(self.ids)}")
            self._calls.append(call)
        self._places[place] = call
        call.name = call.name or name
        given = function.get("arguments")
        call.arguments += (piece := json.dumps(given) if isinstance(given, dict) else _as(str, given))
        self._heard += _size(name + piece)

    def calls(self) -> list[Call]:
        return [Call.heard(call.id, call.name, call.arguments) for call in self._calls]

    def content(self) -> Json | None:
        """As it is sent back: only what a service can take, whatever the model wrote."""
        message: Json = {"role": "assistant", "content": self._text or None}
        for call in self.calls():
            function = {"name": _ODD.sub("_", call.name)[:64] or "_", "arguments": json.dumps(call.given)}
            message.setdefault("tool_calls", []).append({"id": call.id, "type": "function", "function": function})
        return message if self._calls or self._text.strip() else None


class _Chat:
    """How such a service is spoken to, for one reply."""

    def __init__(self, ask: Ask, model: str, base: str, key: str, client: httpx2.AsyncClient) -> None:
        self.service, self.model, self.key = model, model, key
        self._ask, self._url, self._client = ask, f"{base}/chat/completions", client
        self._ids = count(1)
        self._refused: set[str] = set()

    def hearing(self) -> Hearing:
        return Message(self._ids)

    def request(
        self, said: Sequence[Said], rounds: Sequence[Round], last: bool
    ) -> Callable[[], AsyncGenerator[Any, None]]:
        request: Json = {"model": self.model, "messages": self._messages(said, rounds), "stream": True}
        request["stream_options"] = {"include_usage": True}
        if tools := definitions(self._ask):
            request["tools"] = [
                {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.schema}}
                for tool in tools
            ]  # fmt: skip
            if last:
                request["tool_choice"] = "none"
        if effort := self._ask.limits.effort:
            request["reasoning_effort"] = EFFORTS.get(effort, effort)
        return lambda: self._events(request)

    def _messages(self, said: Sequence[Said], rounds: Sequence[Round]) -> list[Json]:
        messages: list[Json] = [{"role": "system", "content": task(self._ask)}]
        messages += [{"role": "user" if one.person else "assistant", "content": one.text} for one in said]
        for one in rounds:
            messages.append(one.content)
            for result in one.results:
                text = (result.text or "[no output]") if result.ok else f"Error: {result.text}"
                messages.append({"role": "tool", "tool_call_id": result.id, "content": text})
        return messages

    async def _events(self, request: Json) -> AsyncGenerator[Any, None]:
        """The pieces of the answer; asked again at once without what the service refuses of the request."""
        for _ in range(len(OPTIONAL) + 1):
            try:
                async with aclosing(self._asked({k: request[k] for k in request if k not in self._refused})) as asked:
                    async for event in asked:
                        yield event
                return
            except Refused as error:
                named = [name for name in OPTIONAL if name in request and name in f"{error.param} {error.message}"]
                if error.status not in (400, 422) or not set(named) - self._refused:
                    raise
                logger.warning("%s, turn %s: asked again without %s", self.service, self._ask.turn, ", ".join(named))
                self._refused.update(named)

    async def _asked(self, request: Json) -> AsyncGenerator[Any, None]:
        # Half of a surrogate pair, which UTF-8 cannot carry, may come from a model too.
        sent = json.dumps(request, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"content-type": "application/json", **({"authorization": f"Bearer {self.key}"} if self.key else {})}
        timeout = httpx2.Timeout(SILENCE_S, connect=CONNECT_S)
        async with self._client.stream("POST", self._url, content=sent, headers=headers, timeout=timeout) as response:
            form = response.headers.get("content-type", "")
            if (status := response.status_code) != 200:
                raise Refused(status, await body(response.aiter_bytes()), after_s(response.headers, time.time()))
            if "html" in form:
                raise ValueError(f"Expected a stream of events, got {form}")
            yield Sent(len(sent))
            if "json" in form:
                # It does not stream: the message comes as one piece.
                yield await body(response.aiter_bytes())
                yield Over(1)
                return
            done, tail_s = 0, None
            async with aclosing(events(response.aiter_bytes())) as pieces:
                with suppress(TimeoutError):
                    while True:
                        async with asyncio.timeout(tail_s):
                            data = await anext(pieces, None)
                        if data is None:
                            break
                        if data.strip() == "[DONE]":
                            done, tail_s = 1, DRAIN_S
                            continue
                        yield (event := json.loads(data))
                        if any(
                            _as(dict, one).get("finish_reason") for one in _as(list, _as(dict, event).get("choices"))
                        ):
                            tail_s = TAIL_S
            yield Over(done)

    def trouble(self, error: Exception) -> Trouble:
        match error:
            case Refused():
                return replace(self._told(error), after_s=error.after_s)
            case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError():
                return unreachable(self.service)
            case httpx2.TimeoutException():
                return silent(self.service)
            case httpx2.HTTPError() | Cut():
                return broken(self.service)
            case _:
                return unreadable(self.service)

    def _told(self, error: Refused) -> Trouble:
        status, said = error.status, error.message
        kind = next((KINDS[name] for name in error.names if name in KINDS), "")
        about = kind == "not_found_error" or _NO_MODEL.search(said)
        if status in (400, 404, 422, 500, 501) and _NO_TOOLS.search(said):
            return Trouble(NO_TOOLS.format(model=self.model), SETUP)
        if "context_length_exceeded" in error.names or (status in (400, 413, 422, 500) and _TOO_LONG.search(said)):
            status, kind = 413, ""
        elif status in (400, 404) and about:
            status, kind = 404, ""
        elif 300 <= status < 400 or status in (404, 405):
            return Trouble(NO_PLACE, SETUP)
        # Within a stream there is no status, and what goes wrong there does so on their side.
        return answered(self.service, self.model, 500 if status == 200 else status, kind, said)


def _as(kind: type[T], value: object) -> T:
    """The value where it is of that kind, else an empty one."""
    return value if isinstance(value, kind) else kind()


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


def _usage(told: Json) -> Usage:
    """Tokens; those read from the cache are told as a part of the prompt's."""
    prompt, output = (max(0, _as(int, told.get(name))) for name in ("prompt_tokens", "completion_tokens"))
    details = _as(dict, told.get("prompt_tokens_details"))
    cached = min(prompt, _as(int, details.get("cached_tokens")) or _as(int, told.get("prompt_cache_hit_tokens")))
    return Usage(input_tokens=prompt - cached, output_tokens=output, cache_read_tokens=cached)


def _words(content: object) -> str:
    """A text, which some send in parts."""
    return _as(str, content) or "".join(_as(str, _as(dict, part).get("text")) for part in _as(list, content))


def _base() -> str:
    """The address under which the API lies. Raises ``PlatformFailure`` for one that cannot be."""
    base = os.environ.get(BASE, "").strip().rstrip("/") or OPENAI
    try:
        parts = urlsplit(base)
        fits = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        fits = False
    if not fits or "@" in parts.netloc or parts.query or parts.fragment:
        raise PlatformFailure(
            "%(name)s is no address of a service: expected one such as http://127.0.0.1:11434/v1, without a key in it",
            name=BASE,
        )
    return base


def _key(base: str) -> str:
    """The key; empty where none is set and the service is not OpenAI's own."""
    needed = urlsplit(base).hostname == urlsplit(OPENAI).hostname
    return read_key(KEY) if needed or os.environ.get(KEY) or os.environ.get(f"{KEY}_FILE") else ""


class OpenAICompatible:
    """The provider. Between replies it keeps connections, and nothing of what went over them."""

    name = "openai_compatible"
    plants = False
    pace_s = 0.0

    def __init__(self) -> None:
        # The first takes a while to make, which is better spent before an interview than in its first answer.
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx2.AsyncClient(cookies=cookies, limits=httpx2.Limits(max_connections=None))
        at_end(self._client.aclose)

    @property
    def model(self) -> str:
        """The one that is set, as every service has its own."""
        return os.environ.get(MODEL, "").strip()

    @property
    def receiver(self) -> str:
        """Whoever stands at the address that is set."""
        return host(os.environ.get(BASE, "").strip() or OPENAI)

    def check(self, model: str) -> str:
        """Whether address, key and a model are set; the service itself is not asked."""
        try:
            _key(_base())
        except PlatformFailure as error:
            return str(error)
        if not (model or self.model):
            return f"There is no model: set PAIRSIGHT_MODEL or {MODEL} to a name that the service knows"
        return ""

    def prepare(self) -> None:
        """Nothing takes long here."""

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Answer. Raises ``PlatformFailure`` naming what happened and what comes next."""
        if why := self.check(ask.model):
            raise PlatformFailure(
                "The assistant cannot be asked: %(why)s. The interviewer has to set this right.", why=why
            )
        base = _base()
        yield from answer(ask, _Chat(ask, ask.model or self.model, base, _key(base), self._client))


provider: Provider = OpenAICompatible()
