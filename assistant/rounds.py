"""One reply of a language model: rounds of streaming and tools until it is done.

Owns their order, what each end of a message means, budgets, stop and what is asked again. Invariant: after the candidate has seen
a piece of a message it is not begun anew; whatever was proposed before a failure is still offered, and what it cost is told.
Leaves out a service's own form (its ``Wire``, in a provider), tools (``assistant.tools``) and words (``assistant.outages``).
"""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from assistant.base import Ask, Delayed, Finished, Part, Spent, TextDelta, ToolCall, Working
from assistant.briefing import Said, clean, conversation, material, shortened
from assistant.driving import Late, Patience, Stopped, pause, reading
from assistant.outages import Trouble, late, wait_too_long
from assistant.tools import Toolbox, Used, readable
from interviews.errors import N_, PlatformFailure
from interviews.events import Usage

CALLS = 64  # tools used for one message
ROUNDS = 12  # times the model may use tools before it must answer
TICKET_ROUNDS = 30  # likewise, where nobody waits for the answer
logger = logging.getLogger("pairsight")


@dataclass(frozen=True)
class Call:
    """A tool that the model calls; ``wrong`` says why its input cannot be read."""

    id: str
    name: str
    given: object
    wrong: str = ""

    @classmethod
    def heard(cls, id: str, name: str, text: str) -> Call:
        """With its input as the model wrote it."""
        try:
            # A line end within a string is no JSON, but clear. Nothing at all is an input without fields.
            given = json.loads(text, strict=False) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            return cls(id, name, {}, f"Expected the input as JSON, got text that is none: {error}")
        if not isinstance(given, dict):
            return cls(id, name, {}, f"Expected the input as a JSON object, got {type(given).__name__}")
        return cls(id, name, carried(given))


@dataclass(frozen=True)
class Result:
    """What a call gave, as the model is told."""

    id: str
    text: str
    ok: bool


@dataclass(frozen=True)
class Round:
    """A message of the model in its service's form (``content``), and the results that answer its calls."""

    content: Any
    results: tuple[Result, ...] = ()


class Hearing(Protocol):
    """One message as it is being heard; a wire's own."""

    @property
    def begun(self) -> bool:
        """Whether anything of the answer itself has come, be it thought only."""
        ...

    @property
    def usage(self) -> Usage:
        """As told so far."""
        ...

    @property
    def model(self) -> str:
        """The model that answers, as it calls itself; empty before it is known."""
        ...

    @property
    def stop(self) -> str:
        """Why it ended: ``end_turn``, ``tool_use``, ``max_tokens``, … (the names of Anthropic's ``stop_reason``)."""
        ...

    @property
    def declined(self) -> str:
        """Why it was refused, as a sentence, where it was and the service says."""
        ...

    def take(self, event: Any) -> str:
        """Take an event in; returns the text it brings, if any."""
        ...

    def calls(self) -> Sequence[Call]:
        """The tools it calls for."""
        ...

    def content(self) -> Any:
        """The message in the form in which it is sent back; None where nothing of it can be."""
        ...


class Wire(Protocol):
    """How one service is spoken to. It keeps nothing of a conversation: each request is made from all of it."""

    service: str
    """Its name in sentences."""
    model: str
    """The model asked for."""
    key: str
    """The secret that is kept out of the log."""

    def hearing(self) -> Hearing:
        """To hear one message with."""
        ...

    def request(
        self, said: Sequence[Said], rounds: Sequence[Round], last: bool
    ) -> Callable[[], AsyncGenerator[Any, None]]:
        """What sends the request and yields the stream's events; raises where the stream ends before the message.

        ``last``: tools may not be used any more.
        """
        ...

    def trouble(self, error: Exception) -> Trouble:
        """What an error of the SDK or its transport means."""
        ...


class _TooLong(Exception):
    """The conversation does not fit the model, and nothing of an answer was seen."""


def answer(ask: Ask, wire: Wire) -> Iterator[Part]:
    """The whole reply. Raises ``PlatformFailure`` naming what happened and what comes next."""
    return _Reply(ask, wire).parts()


class _Reply:
    def __init__(self, ask: Ask, wire: Wire) -> None:
        self._ask, self._wire = ask, wire
        self._box = Toolbox(ask)
        self._most = TICKET_ROUNDS if ask.delegated else ROUNDS
        self._spent = Usage()
        self._model = wire.model
        self._calls = count(1)
        self._shown = ""  # the last piece of text that the candidate saw

    def parts(self) -> Iterator[Part]:
        try:
            reason = yield from self._rounds()
        except Stopped:
            reason = "stopped"
        except PlatformFailure:
            if proposal := self._box.proposal():
                yield proposal
            yield Spent(self._spent, self._model)
            raise
        if proposal := self._box.proposal():
            yield proposal
        elif not self._shown and reason != "stopped":
            yield TextDelta(f"{self._wire.service} gave no answer in words.")
        yield Finished(reason, self._spent, self._model)

    def _rounds(self) -> Generator[Part, None, str]:
        """Stream, use tools, stream again; returns the reason why it ended."""
        said, done = conversation(self._ask), list[Round]()
        shorter = shortened(self._ask)
        for number in range(self._most + 1):
            if self._ask.cancelled():
                # Not only once something is said: then what was used by now would be told nowhere.
                raise Stopped
            if number and not self._ask.afford(self._spent, self._model):
                yield self._note("The budget for the assistant is used up, so this answer ends here.")
                return "budget"
            try:
                heard = yield from self._listen(said, done, number == self._most)
            except _TooLong:
                if shorter is None:
                    raise self._too_long() from None
                yield Delayed(N_("The conversation is too long for this model; its oldest parts are left out."), 0)
                said, shorter = shorter, None
                try:
                    heard = yield from self._listen(said, done, number == self._most)
                except _TooLong:
                    raise self._too_long() from None
            match heard.stop:
                case "tool_use" if number < self._most and (calls := heard.calls()):
                    results = yield from self._use(calls)
                    done.append(Round(heard.content(), tuple(results)))
                case "pause_turn" if number < self._most:
                    if (content := heard.content()) is not None:
                        done.append(Round(content))
                case reason:
                    return (yield from self._ended(reason, heard.declined))
        return "max_rounds"

    def _ended(self, reason: str, declined: str) -> Generator[Part, None, str]:
        match reason:
            case "" | "end_turn" | "stop_sequence":
                return reason or "end_turn"
            case "refusal":
                because = f" {declined}" if declined else ""
                yield self._note(
                    f"{self._wire.service} declined to answer this.{because} Ask in another way, or for something else."
                )
                return reason
            case "max_tokens":
                yield self._note("The answer reached its length limit and ends here. Ask to go on.")
                return reason
            case "model_context_window_exceeded":
                yield self._note(
                    "The conversation has filled what this model can hold, so the answer ends here. Ask for a smaller step."
                )
                return reason
            case "tool_use" | "pause_turn":
                yield self._note("The assistant has used its tools as often as it may for one answer. Ask to go on.")
                return "max_rounds"
            case _:
                yield self._note("The service ended the answer without a reason that is known here. Ask to go on.")
                return reason if reason.isidentifier() and len(reason) < 60 else "unknown"

    def _too_long(self) -> PlatformFailure:
        return PlatformFailure("The conversation is too long for this model. Attach less, or ask for a smaller step.")

    def _use(self, calls: Sequence[Call]) -> Generator[Part, None, list[Result]]:
        results: list[Result] = []
        for number, called in enumerate(calls):
            if self._ask.cancelled():
                raise Stopped
            name, call, given = called.name[:80], f"c{next(self._calls)}", readable(called.given)
            yield Working(name, call, given)
            if number >= CALLS:
                used = Used(f"Not done: at most {CALLS} calls a message. Call again for what is still needed.", False)
            else:
                used = Used(called.wrong, False) if called.wrong else self._box.use(name, called.given)
            yield ToolCall(name, call, given, used.output, used.ok, used.cut)
            results.append(Result(called.id, clean(material(f"Result of {name}", used.output)), used.ok))
        return results

    def _listen(self, said: Sequence[Said], done: Sequence[Round], last: bool) -> Generator[Part, None, Hearing]:
        """One message; its text as it comes. What fails before it has begun is asked again while that may help."""
        patience = Patience(self._ask.limits.first_token_s, f"{self._ask.seed} {self._ask.turn} {self._ask.prompt}")
        before: Trouble | None = None
        while True:
            hearing = self._wire.hearing()
            try:
                seen = yield from self._hear(hearing, self._wire.request(said, done, last), patience)
                if hearing.stop == "model_context_window_exceeded" and not seen:
                    raise _TooLong
                return hearing
            except (Stopped, PlatformFailure, _TooLong):
                raise
            except Late:
                trouble = before or late(self._wire.service)
                raise trouble.failure(cut_off=bool(self._shown)) from None
            except Exception as error:
                trouble = before = self._trouble(error)
            if trouble.too_long and not hearing.begun:
                raise _TooLong
            pause_s = patience.pause_s(trouble.after_s) if trouble.passes and not hearing.begun else None
            if pause_s is None:
                if trouble.after_s is not None and trouble.after_s >= patience.left_s and not hearing.begun:
                    trouble = wait_too_long(trouble, trouble.after_s)
                raise trouble.failure(cut_off=bool(self._shown))
            yield Delayed(trouble.what, pause_s)
            pause(pause_s, self._ask.cancelled)

    def _hear(
        self, hearing: Hearing, source: Callable[[], AsyncGenerator[Any, None]], patience: Patience
    ) -> Generator[Part, None, bool]:
        """Whether the candidate has seen any text of the message."""
        seen = False
        try:
            with reading(source, self._ask.cancelled, patience.deadline) as feed:
                for event in feed:
                    piece = hearing.take(event)
                    if hearing.begun:
                        feed.deadline = None
                    if piece:
                        yield self._say(piece, apart=not seen)
                        seen = True
            return seen
        finally:
            self._spent = _sum(self._spent, hearing.usage)
            self._model = hearing.model or self._model

    def _say(self, text: str, apart: bool) -> TextDelta:
        """A piece; ``apart`` from what was said before."""
        if apart and self._shown and not self._shown.endswith("\n"):
            text = f"\n\n{text}"
        self._shown = text
        return TextDelta(clean(text))

    def _note(self, words: str) -> TextDelta:
        return self._say(f"[{words}]", apart=True)

    def _trouble(self, error: Exception) -> Trouble:
        """What it means; the details go to the log, without the key."""
        detail = str(error).replace(self._wire.key, "[key]") if self._wire.key else str(error)
        logger.warning(
            "%s, turn %s: %s: %s", self._wire.service.lower(), self._ask.turn, type(error).__name__, detail[:500]
        )
        return self._wire.trouble(error)


def carried(value: Any) -> Any:
    """JSON with what UTF-8 cannot carry replaced, within any of its strings."""
    return json.loads(clean(json.dumps(value, ensure_ascii=False)))


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens, output_tokens=one.output_tokens + other.output_tokens,
        cache_read_tokens=one.cache_read_tokens + other.cache_read_tokens,
        cache_write_tokens=one.cache_write_tokens + other.cache_write_tokens,
    )  # fmt: skip
