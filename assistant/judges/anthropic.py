"""``anthropic``: Claude as a judge, through Anthropic's Messages API and its official SDK.

Owns that service's form of one question: a forced tool, no thinking, no streaming. Invariant: the key is read when it is needed and
is in no answer and no error; whatever the service does comes back as an answer or as a reason. Leaves out what is asked.

Forcing a tool and thinking exclude one another, so thinking is turned off, which some models refuse; the newest cannot be forced at
all and are refused here, before anything is sent.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from typing import TYPE_CHECKING, Any, cast

from assistant.judging import Asked, Told
from assistant.keys import host, read_key
from assistant.outages import answered, silent, unreachable, unreadable
from interviews.errors import PlatformFailure
from interviews.events import Usage

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message

SERVICE = "Claude"
ANTHROPIC, BASE = "https://api.anthropic.com", "ANTHROPIC_BASE_URL"
KEY = "ANTHROPIC_API_KEY"  # with _FILE behind it, the name of a file that holds it
MODEL = "claude-sonnet-5"
# As documented for these: a forced tool returns an error, or thinking cannot be turned off.
UNFORCED = ("claude-sonnet-5-5", "claude-opus-5-5", "claude-fable-", "claude-mythos-")
MAX_TOKENS = 1_500
RETRIES = 5  # by the SDK: half a second, doubled each time up to eight, or as long as the service asks
TIMEOUT_S = 90.0
CONNECT_S = 10.0

NO_ANSWER = "The model gave no answer in the form that was asked for."
ENDS = {
    "refusal": "The model declined to answer.",
    "max_tokens": "The answer was cut off at its longest.",
    "model_context_window_exceeded": "The question was too long for the model.",
}
"""Why there is no answer, by the message's ``stop_reason``; what an answer that ends so holds is never used."""


class Claude:
    """The judge. It keeps one client, with its connections, for each key and address."""

    model = MODEL

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Anthropic] = {}

    @property
    def receiver(self) -> str:
        """Anthropic, or whoever stands at the address that is set."""
        return f"Anthropic ({host(os.environ.get(BASE) or ANTHROPIC)})"

    def check(self, model: str) -> str:
        """Whether SDK and key are there, and the model can be made to answer in a form."""
        if importlib.util.find_spec("anthropic") is None:
            return "Anthropic's SDK is not installed: pip install anthropic"
        if model.startswith(UNFORCED):
            return f"{model} cannot be made to answer in a given form (a forced tool); {MODEL} can"
        try:
            read_key(KEY)
        except PlatformFailure as error:
            return str(error)
        return ""

    def ask(self, request: Asked, model: str) -> Told:
        """Ask once."""
        if why := self.check(model):
            return Told(failed=why, unanswered=True, lasts=True)
        try:
            return _read(self._send(request, model), str(request.tool["name"]))
        except Exception as error:
            return _failed(error, model)

    def _send(self, request: Asked, model: str) -> Message:
        # The part that repetitions share is marked for the service's cache: tools, task and material, in this order.
        shared = {"type": "text", "text": request.material, "cache_control": {"type": "ephemeral"}}
        body: dict[str, Any] = {
            "model": model, "max_tokens": MAX_TOKENS,
            "system": [{"type": "text", "text": request.system}],
            "messages": [{"role": "user", "content": [shared, {"type": "text", "text": request.options}]}],
            "tools": [dict(request.tool)],
            "tool_choice": {"type": "tool", "name": request.tool["name"], "disable_parallel_tool_use": True},
            "thinking": {"type": "disabled"},
        }  # fmt: skip
        return cast("Message", self._client().messages.create(**body))

    def _client(self) -> Anthropic:
        import anthropic

        key, base = read_key(KEY), os.environ.get(BASE) or ANTHROPIC
        with self._lock:
            if (key, base) not in self._clients:
                timeout = anthropic.Timeout(TIMEOUT_S, connect=CONNECT_S)
                self._clients[key, base] = anthropic.Anthropic(
                    api_key=key, base_url=base, max_retries=RETRIES, timeout=timeout
                )
            return self._clients[key, base]


def _read(message: Message, tool: str) -> Told:
    """What the model answered."""
    told = message.usage
    usage = Usage(
        input_tokens=told.input_tokens or 0, output_tokens=told.output_tokens or 0,
        cache_read_tokens=told.cache_read_input_tokens or 0, cache_write_tokens=told.cache_creation_input_tokens or 0,
    )  # fmt: skip
    if (why := ENDS.get(message.stop_reason or "")) is not None:
        return Told(failed=why, usage=usage)
    used = [block for block in message.content if block.type == "tool_use"]
    if len(used) != 1 or used[0].name != tool or not isinstance(used[0].input, dict):
        return Told(failed=NO_ANSWER, usage=usage)
    return Told(given=used[0].input, usage=usage)


def _failed(error: Exception, model: str) -> Told:
    """What an exception of the SDK means; nothing of what the service said is passed on."""
    import anthropic

    match error:
        case anthropic.APIStatusError():
            trouble = answered(SERVICE, model, error.status_code, error.type or "", error.api_message or "")
        case anthropic.APITimeoutError():
            trouble = silent(SERVICE)
        case anthropic.APIConnectionError():
            trouble = unreachable(SERVICE)
        case PlatformFailure():
            return Told(failed=str(error), unanswered=True, lasts=True)
        case _:
            # An answer that is no message: malformed JSON, a gateway's page.
            return Told(failed=unreadable(SERVICE).what, unanswered=True)
    return Told(failed=trouble.what, unanswered=True, lasts=not trouble.passes)


judge = Claude()
