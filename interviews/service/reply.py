"""One reply on its way into the log.

Owns what becomes of a provider's parts, and the clock while its service is at fault. Invariant: a reply that began ends as
``reply.finished`` or ``reply.failed``, whatever happens to its provider, or is left open for the process that leads the interview
next; parts are recorded in their order, and none is kept back for longer than ``COALESCE_S``. Leaves out what is asked, and who
stops it (``pairing``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator

from assistant.base import Ask, Delayed, Finished, Part, Proposal, Spent, TextDelta, ToolCall, Working, never
from interviews import events as e
from interviews.budget import total
from interviews.errors import N_, LeaseLost, PairsightError
from interviews.log import Draft
from interviews.service.background import begin
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview
from interviews.service.terms import cost_of

COALESCE_S = 0.05
FIRST_TOKEN_S = 8.0
AGAIN_S = 1.0
GLANCE_S = 0.1
DECLINED = "refusal"
logger = logging.getLogger("pairsight")


def answer(
    interview: Interview,
    ask: Ask,
    since_ms: int | None = None,
    left: Callable[[], bool] = never,
    reply: Reply | None = None,
) -> None:
    """Have ``ask`` answered, up to the end of the reply, whatever that is.

    ``since_ms`` is when the candidate asked, now if None. Where ``left`` says so, the end is left to another process. ``reply`` is
    where it is recorded, if not as one that the candidate waits for.
    """
    reply = reply or Reply(interview, ask, since_ms)
    try:
        _speak(interview, ask, reply, left)
    except LeaseLost:
        # Whoever leads the interview now answers it.
        raise
    except Exception as error:
        if not isinstance(error, PairsightError):
            # A provider's own fault must end as an event: the candidate waits for this turn.
            logger.exception("reply %s failed", ask.turn, extra={"interview": interview.id})
        said = str(error) if isinstance(error, PairsightError) else f"The assistant failed ({type(error).__name__})"
        # What the candidate has ended is no failure, whatever came of that.
        if not left():
            _surely(lambda: reply.finish(Finished("stopped")) if ask.cancelled() else reply.fail(said), left)
    finally:
        _surely(reply.close, left)


def _surely(end: Callable[[], None], left: Callable[[], bool]) -> None:
    """Do it, again and again where nothing can be recorded now: before, nobody could ask anything else, or the clock go on."""
    while True:
        try:
            return end()
        except LeaseLost:
            raise
        except PairsightError as error:
            if left():
                return
            logger.warning("the end of a reply could not be recorded yet: %s", error)
            time.sleep(AGAIN_S)


def _speak(interview: Interview, ask: Ask, reply: Reply, left: Callable[[], bool]) -> None:
    provider = interview.tools.provider(interview.header.settings.provider)
    reply.begin(provider.name, ask.model or provider.model)
    stopped = False
    with _closed(provider.reply(ask)) as parts:
        for part in parts:
            if left():
                return
            if isinstance(part, TextDelta) and provider.pace_s and not stopped:
                # So long does it take to come, where no network sets the pace.
                stopped = _stopped_within(part.beats * provider.pace_s * interview.tools.pace, interview, ask)
            if stopped and isinstance(part, TextDelta | Working):
                break
            reply.take(part)
            if reply.done:
                return
            # A provider that watches the button still says what is proposed and what the turn has cost.
            stopped = ask.cancelled()
    if not left():
        reply.finish(Finished("stopped" if ask.cancelled() else "cut off"))


def _stopped_within(seconds: float, interview: Interview, ask: Ask) -> bool:
    """Wait so long, or until stop is pressed; whether it was."""
    while seconds > 0 and not ask.cancelled():
        interview.tools.sleep(min(seconds, GLANCE_S))
        seconds -= GLANCE_S
    return ask.cancelled()


class Watch:
    """The interview's clock, held while the assistant's service says that it cannot answer, or nothing for ``FIRST_TOKEN_S``.

    A tool that takes its time is work on the task: meanwhile nothing is waited for. Used under its reply's lock.
    """

    def __init__(self, interview: Interview, asked_ms: int | None) -> None:
        self._interview = interview
        self._since, self._since_ms = time.monotonic(), interview.now()
        self._asked_ms = self._since_ms if asked_ms is None else asked_ms
        self._waiting = True

    def begin(self) -> None:
        """Wait for the next piece from now on."""
        self.end()
        self._waiting, self._since, self._since_ms = True, time.monotonic(), self._interview.now()

    def end(self) -> None:
        """Nothing is waited for: let the clock go, with the time given back where it was held."""
        self._waiting = False
        resume(self._interview, "assistant")

    def hold(self, reason: str) -> None:
        """What is waited for does not come, and it is known why: hold the clock as of when the wait began."""
        pause(self._interview, "assistant", reason, self._since_ms if self._waiting else None)

    def look(self) -> float:
        """Hold the clock where the silence has become too long; returns seconds until that has to be looked at again."""
        if not self._waiting:
            return FIRST_TOKEN_S
        left = self._since + FIRST_TOKEN_S - time.monotonic()
        if left > 0:
            return left
        self.hold(N_("The assistant has not answered yet"))
        return FIRST_TOKEN_S

    def give_back(self, reason: str) -> None:
        """Give back the time since the prompt; what was given back of it before is not given twice."""
        self.end()
        pause(self._interview, "assistant", reason, self._asked_ms)
        resume(self._interview, "assistant")


class Unheld(Watch):
    """The clock of work that the candidate does not wait for: it runs, whatever the service does."""

    def begin(self) -> None:
        pass

    def end(self) -> None:
        pass

    def hold(self, reason: str) -> None:
        pass

    def look(self) -> float:
        return FIRST_TOKEN_S

    def give_back(self, reason: str) -> None:
        pass


class Reply:
    """What is said, recorded as it comes: text coalesced, steps with the time they took, proposals with what the exercise knows.

    Pieces come in the thread that answers; what is due without one, by the clock, is done in another.
    """

    watch: type[Watch] = Watch

    def __init__(self, interview: Interview, ask: Ask, asked_ms: int | None = None) -> None:
        self._interview, self._ask, self._turn = interview, ask, ask.turn
        self._changed = threading.Condition(threading.RLock())
        self._watch = self.watch(interview, asked_ms)
        self._start = time.monotonic()
        self._text, self._unsent, self._sent_at = "", "", 0.0
        self._first_ms: int | None = None
        self._steps: dict[str, tuple[Working, float]] = {}
        self._spent = Spent(e.Usage())
        self._over = self.done = False
        self._lost = ""
        begin(f"watch-{ask.turn}", self._tend)

    def begin(self, provider: str, model: str) -> None:
        """Record who is asked, how and knowing what, and which attempt it is."""
        with self._interview.lock:
            view = self._interview.state.turn(self._turn)
            self._record(
                e.ReplyStarted(
                    turn=self._turn, provider=provider, model=model, mode=self._ask.mode, knows=self._ask.knows,
                    attempt=1 if view is None else view.attempt + 1,
                )
            )  # fmt: skip

    def take(self, part: Part) -> None:
        """Record what ``part`` says."""
        with self._changed:
            match part:
                case Spent():
                    self._spent = part
                case Delayed():
                    self._flush()
                    self._record(e.ReplyDelayed(turn=self._turn, reason=part.reason, wait_ms=int(part.wait_s * 1000)))
                    self._watch.hold(part.reason)
                case Working():
                    self._came()
                    self._flush()
                    self._watch.end()
                    self._steps[part.call] = part, time.monotonic()
                    self._record(e.ToolStarted(turn=self._turn, call=part.call, tool=part.tool, input=part.input))
                case TextDelta(text=text):
                    self._came()
                    self._watch.begin()
                    first, self._unsent = not self._unsent, self._unsent + text
                    if time.monotonic() - self._sent_at >= COALESCE_S:
                        self._flush()
                    elif first:
                        self._changed.notify_all()
                case ToolCall():
                    self._came()
                    self._watch.begin()
                    self._flush()
                    self._called(part)
                case Proposal():
                    self._came()
                    self._watch.begin()
                    self._flush()
                    self._offer(part)
                case Finished():
                    self.finish(part)

    def finish(self, part: Finished) -> None:
        """Record the end of the reply."""
        with self._changed:
            if self.done:
                return
            self._end()
            told = part if part.model or total(part.usage) else self._spent
            usage, model = told.usage, told.model
            took = _ms(self._start)
            self._record(
                e.ReplyFinished(
                    turn=self._turn, text=self._text, stop_reason=part.stop_reason, usage=usage, model=model, miss=part.miss,
                    first_token_ms=took if self._first_ms is None else self._first_ms, total_ms=took,
                    cost_microusd=cost_of(self._interview, self._ask.model, model, usage),
                ),
                *self._with_end(part),
            )  # fmt: skip
            self.done = True
            if part.stop_reason == DECLINED:
                self._lost = N_("The assistant declined to answer")

    def fail(self, reason: str) -> None:
        """Record it, after what came, and give back the time since the prompt: a failed reply is not the candidate's fault."""
        with self._changed:
            if self.done:
                return
            self._end()
            usage, model = self._spent.usage, self._spent.model
            self._record(
                e.ReplyFailed(
                    turn=self._turn, reason=reason, usage=usage, model=model, first_token_ms=self._first_ms,
                    total_ms=_ms(self._start), cost_microusd=cost_of(self._interview, self._ask.model, model, usage),
                )
            )  # fmt: skip
            self.done, self._lost = True, N_("The assistant failed")

    def close(self) -> None:
        """The reply is over, or left to another process: let the clock go, with what is to be given back."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
            self._watch.end()
            if self._lost:
                self._watch.give_back(self._lost)

    def _came(self) -> None:
        if self._first_ms is None:
            self._first_ms = _ms(self._start)

    def _called(self, part: ToolCall) -> None:
        _, began = self._steps.get(part.call, (None, time.monotonic()))
        self._record(
            e.ToolCalled(
                turn=self._turn, call=part.call, tool=part.tool, input=part.input, output=part.output, ok=part.ok,
                cut=part.cut, total_ms=_ms(began),
            )
        )  # fmt: skip
        self._steps.pop(part.call, None)

    def _offer(self, part: Proposal) -> None:
        offered = e.SuggestionOffered(suggestion=part.suggestion, turn=self._turn, title=part.title, hunks=part.hunks)
        with self._interview.lock:
            # Nobody could decide about it any more once the work is over.
            if self._interview.state.status == "running":
                self._record(offered, e.SuggestionAnnotated(suggestion=part.suggestion, hunks=part.notes))

    def _with_end(self, part: Finished) -> tuple[e.AnyPayload, ...]:
        """What is recorded in one with the end, behind it."""
        return ()

    def _end(self) -> None:
        """Nothing is held back and no step stays under way at the end."""
        self._flush()
        for step, _ in list(self._steps.values()):
            self._called(ToolCall(step.tool, step.call, step.input, "The reply ended before this was done", False))

    def _flush(self) -> None:
        if self._unsent:
            self._record(e.ReplyAppended(turn=self._turn, text=self._unsent))
            self._text, self._unsent, self._sent_at = self._text + self._unsent, "", time.monotonic()

    def _tend(self) -> None:
        """Do what the clock makes due."""
        with self._changed:
            while not self._over:
                try:
                    due = self._watch.look()
                    if self._unsent:
                        due = min(due, self._sent_at + COALESCE_S - time.monotonic())
                        if due <= 0:
                            self._flush()
                            continue
                except LeaseLost:
                    raise
                except PairsightError as error:
                    # The thread that answers meets it too, and tells.
                    logger.warning("reply %s: %s", self._turn, error, extra={"interview": self._interview.id})
                    due = AGAIN_S
                self._changed.wait(due)

    def _record(self, *data: e.AnyPayload) -> None:
        self._interview.record(*(Draft("assistant", item) for item in data))


def _ms(since: float) -> int:
    return int((time.monotonic() - since) * 1000)


@contextlib.contextmanager
def _closed(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """The parts, and the end of whatever they hold open: a connection, where they come from a generator."""
    try:
        yield parts
    finally:
        if isinstance(parts, Generator):
            parts.close()
