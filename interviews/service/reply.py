"""One reply on its way into the log.

Owns what becomes of a provider's parts and the clock while nothing comes. Invariant: a reply that began ends as ``reply.finished``
or ``reply.failed`` in the log, whatever happens to its provider. Leaves out what is asked, and stopping it (``pairing``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Generator, Iterator

from assistant.base import Ask, Delayed, Finished, Part, Proposal, Spent, TextDelta, ToolCall, Working
from interviews import events as e
from interviews.errors import N_, LeaseLost, PairsightError
from interviews.log import Draft
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview

COALESCE_S = 0.05
FIRST_TOKEN_S = 8.0
DECLINED = "refusal"
logger = logging.getLogger("pairsight")


class Watch:
    """Holds the interview clock while nothing comes from the assistant for ``FIRST_TOKEN_S``."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._lock = threading.Lock()
        self._waiting = True
        self._asked_ms = self._since_ms = interview.now()
        self._lost_before = interview.state.lost_ms
        self._since = time.monotonic()
        self._over = threading.Event()
        threading.Thread(target=self._look, name=f"watch-{interview.id}", daemon=True).start()

    def begin(self) -> None:
        """Wait for the next piece from now on."""
        self.end()
        with self._lock:
            self._waiting, self._since, self._since_ms = True, time.monotonic(), self._interview.now()

    def end(self) -> None:
        """Something has come: let the clock go, with the time given back where it was held."""
        with self._lock:
            self._waiting = False
        resume(self._interview, "assistant")

    def close(self) -> None:
        """The reply is over."""
        self._over.set()
        self.end()

    def give_back(self, reason: str) -> None:
        """Give back the time since the prompt, less what was given back since then."""
        self.end()
        given = max(0, self._interview.state.lost_ms - self._lost_before)
        pause(self._interview, "assistant", reason, self._asked_ms + given)
        resume(self._interview, "assistant")

    def _look(self) -> None:
        left = FIRST_TOKEN_S
        while not self._over.wait(left):
            # Under the lock, and only while a piece is waited for: held after the reply's end, the clock would never go on.
            with self._lock:
                left = self._since + FIRST_TOKEN_S - time.monotonic() if self._waiting else FIRST_TOKEN_S
                if left <= 0:
                    pause(self._interview, "assistant", N_("The assistant has not answered yet"), self._since_ms)
                    left = FIRST_TOKEN_S


class Reply:
    """One reply on its way into the log: text coalesced, proposals with what the exercise knows of them."""

    def __init__(self, interview: Interview, turn: str, watch: Watch) -> None:
        self._interview, self._turn, self._watch = interview, turn, watch
        self._start = time.monotonic()
        self._text, self._unsent, self._sent_at = "", "", 0.0
        self._first_ms: int | None = None
        self._spent = Spent(e.Usage())
        self.done = False

    def take(self, part: Part) -> None:
        """Record what ``part`` says."""
        if isinstance(part, Working):
            self._flush()
            self._watch.end()
            self._record(e.ToolStarted(turn=self._turn, call=part.call, tool=part.tool, input=part.input))
            return
        if isinstance(part, Delayed):
            delayed = e.ReplyDelayed(turn=self._turn, reason=part.reason, wait_ms=int(part.wait_s * 1000))
            self._record(delayed)
            return
        if isinstance(part, Spent):
            self._spent = part
            return
        if self._first_ms is None:
            self._first_ms = int((time.monotonic() - self._start) * 1000)
        self._watch.begin()
        match part:
            case TextDelta(text=text):
                self._unsent += text
                if time.monotonic() - self._sent_at >= COALESCE_S:
                    self._flush()
            case ToolCall():
                self._flush()
                self._record(
                    e.ToolCalled(
                        turn=self._turn, call=part.call, tool=part.tool, input=part.input, output=part.output, ok=part.ok,
                        cut=part.cut,
                    )
                )  # fmt: skip
            case Proposal():
                self._flush()
                offered = e.SuggestionOffered(
                    suggestion=part.suggestion, turn=self._turn, title=part.title, hunks=part.hunks
                )
                with self._interview.lock:
                    # Nobody could decide about it any more once the work is over.
                    if self._interview.state.status == "running":
                        annotated = e.SuggestionAnnotated(suggestion=part.suggestion, hunks=part.notes)
                        self._record(offered, annotated)
            case Finished():
                self.finish(part)

    def fail(self, reason: str) -> None:
        """Record it, after what came, and give back the time since the prompt: a failed reply is not the candidate's fault."""
        self._flush()
        self._record(
            e.ReplyFailed(
                turn=self._turn, reason=reason, usage=self._spent.usage, model=self._spent.model,
                first_token_ms=self._first_ms, total_ms=int((time.monotonic() - self._start) * 1000),
            )
        )  # fmt: skip
        self._watch.give_back("The assistant failed")

    def _flush(self) -> None:
        if self._unsent:
            self._record(e.ReplyAppended(turn=self._turn, text=self._unsent))
            self._text, self._unsent, self._sent_at = self._text + self._unsent, "", time.monotonic()

    def finish(self, part: Finished) -> None:
        """Record the end of the reply."""
        self._flush()
        total = int((time.monotonic() - self._start) * 1000)
        self._record(
            e.ReplyFinished(
                turn=self._turn, text=self._text, stop_reason=part.stop_reason, usage=part.usage,
                first_token_ms=self._first_ms if self._first_ms is not None else total, total_ms=total, miss=part.miss,
                model=part.model,
            )
        )  # fmt: skip
        self.done = True
        if part.stop_reason == DECLINED:
            self._watch.give_back(N_("The assistant declined to answer"))

    def _record(self, *data: e.AnyPayload) -> None:
        self._interview.record(*(Draft("assistant", item) for item in data))


def answer(interview: Interview, ask: Ask) -> None:
    """Have ``ask`` answered, up to the end of the reply, whatever that is."""
    settings = interview.header.settings
    watch = Watch(interview)
    reply = Reply(interview, ask.turn, watch)
    try:
        provider = interview.tools.provider(settings.provider)
        interview.record(
            Draft("assistant", e.ReplyStarted(turn=ask.turn, provider=provider.name, model=settings.model))
        )
        stopped = False
        with _closed(provider.reply(ask)) as parts:
            for part in parts:
                if stopped and isinstance(part, TextDelta | Working):
                    break
                reply.take(part)
                if reply.done:
                    return
                # A provider that watches the button still says what is proposed and what the turn has cost.
                stopped = ask.cancelled()
                if not stopped:
                    interview.tools.sleep(provider.pace_s * interview.tools.pace)
        reply.finish(Finished(stop_reason="stopped" if ask.cancelled() else "cut off"))
    except LeaseLost:
        # Whoever leads the interview now tells that this was cut off.
        raise
    except PairsightError as error:
        reply.fail(str(error))
    except Exception as error:
        # A provider's own fault must end as an event: the candidate waits for this turn.
        logger.exception("reply %s failed", ask.turn, extra={"interview": interview.id})
        reply.fail(f"The assistant failed ({type(error).__name__})")
    finally:
        watch.close()


@contextlib.contextmanager
def _closed(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """The parts, and the end of whatever they hold open: a connection, where they come from a generator."""
    try:
        yield parts
    finally:
        if isinstance(parts, Generator):
            parts.close()
