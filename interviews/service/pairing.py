"""Pairing with the assistant: prompts and streamed replies.

Owns the conversation's acts. Invariant: the assistant's history is read from the log, so it survives a reload and a
restart. Leaves out who answers (``assistant``) and what is decided about proposals (``proposals``).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator

from assistant.base import Ask, Delayed, Finished, Part, Proposal, Spent, TextDelta, ToolCall, Turn, Working
from interviews import events as e
from interviews.budget import total, used, used_up
from interviews.errors import N_, BadInput, Conflict, LeaseLost, PairsightError
from interviews.events import Usage
from interviews.log import ClientKey, Draft
from interviews.service.background import begin
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview, last_payload
from interviews.service.mentions import attached, found, names, paths, read
from interviews.service.workbench import Workbench
from interviews.state import TurnView

MAX_PROMPT = 20_000
COALESCE_S = 0.05
FIRST_TOKEN_S = 8.0
# Why a reply ended that had not come to its end.
CUT_SHORT = ("stopped", "cut off")
logger = logging.getLogger("pairsight")


class Pairing:
    """The conversation of one interview; at most one reply at a time."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._stopped: set[str] = set()
        self._benches: dict[str, Workbench] = {}

    def ask(
        self, text: object, attachments: object, key: ClientKey | None, mentions: object = (), model: object = None
    ) -> str:
        """Record the prompt with what was attached and begin the reply; returns the turn's id.

        ``attachments`` are paths of whole files, ``mentions`` and ``model`` as the socket's ``ask`` has them. Raises ``BadInput``
        and ``NotFound`` for what does not fit, ``Conflict`` while a reply is under way or where a budget is used up.
        """
        prompt, wanted = _prompt(text), read(mentions, attachments)
        interview = self._interview
        with interview.lock:
            if known := interview.known(key):
                return str(last_payload(known, "prompt.sent")["turn"])
            interview.require_running()
            if any(turn.status in ("waiting", "streaming") for turn in interview.state.turns):
                raise Conflict("The assistant is still answering; stop it or wait for its reply")
            interview.require_room()
            if used_up(interview.header.settings, interview.state):
                raise Conflict(
                    "The assistant's budget for this interview is used up. Only the interviewer can give it more, and only in "
                    "another interview; your work goes on without the assistant."
                )
            turn = f"a{interview.counts['prompt.sent'] + 1}"
            brought = found(wanted, interview.state)
            sent = e.PromptSent(
                turn=turn, text=prompt, mentions=brought, model=self._model(model),
                attachments=tuple(mention.name for mention in brought if mention.kind == "file"),
            )  # fmt: skip
            interview.record(Draft("candidate", sent), key=key)
            asked = self.asked(sent)
        begin(f"reply-{turn}", lambda: self._reply(asked))
        return turn

    def stop(self, turn: object) -> None:
        """End the reply: after the piece that is under way, or at once where the provider watches ``Ask.cancelled``."""
        self._stopped.add(str(turn))
        if (bench := self._benches.get(str(turn))) is not None:
            bench.close()

    def answering(self, turn: str) -> bool:
        """Whether the reply is under way, or not yet recorded to its end."""
        return turn in self._benches

    def close(self) -> None:
        """End every reply that is under way: the server is going down, or the interview is over."""
        for turn in list(self._benches):
            self.stop(turn)

    def asked(self, sent: e.PromptSent) -> Ask:
        """The request that a recorded prompt makes, with the workspace as it is now."""
        interview, turn = self._interview, sent.turn
        state, settings, exercise = interview.state, interview.header.settings, interview.exercise
        bench = self._benches[turn] = Workbench(interview, turn)
        texts = {path: view.text for path, view in state.files.items() if view.text is not None}
        brought = sent.mentions or tuple(e.Mention(kind="file", name=path) for path in sent.attachments)
        may_see = texts.keys() if settings.tree_shared else texts.keys() & paths(state.turns)
        return Ask(
            turn=turn, prompt=sent.text, attachments=tuple(attached(mention, texts) for mention in brought),
            history=tuple(self._past(view) for view in state.turns if view.turn != turn and _was_said(view)),
            files={path: text for path, text in texts.items() if path in may_see},
            versions={path: state.files[path].version for path in texts if path in may_see}, exercise=exercise,
            brief=exercise.brief if settings.brief_shared else "", model=sent.model, seed=interview.header.exercise.seed,
            bench=bench if settings.mode == "agent" else None, mode=settings.mode, tree=settings.tree_shared,
            afford=self._afford(sent.model, state.spent_tokens, state.spent_microusd), cancelled=lambda: turn in self._stopped,
            limits=interview.tools.limits,
        )  # fmt: skip

    def _model(self, chosen: object) -> str:
        """The model to answer: that chosen, or the interview's own. Raises ``BadInput`` for one that may not be chosen."""
        settings = self._interview.header.settings
        allowed = settings.models or (settings.model,)
        if chosen is None or chosen == "":
            return settings.model or allowed[0]
        if not isinstance(chosen, str) or chosen not in allowed:
            raise BadInput(
                "Expected one of the models %(models)s, got %(got)s", models=", ".join(allowed), got=repr(chosen)[:80]
            )
        return chosen

    def cost(self, asked: str, answered: str, usage: Usage) -> int | None:
        """What a reply cost, in millionths of a US dollar; None where that is not known.

        A service may tell the model by a name that has no price: it is that of the model that was asked for then.
        """
        tools, settings = self._interview.tools, self._interview.header.settings
        price = tools.cost(answered, usage)
        return price if price is not None else tools.cost(asked or tools.provider(settings.provider).model, usage)

    def _afford(self, asked: str, tokens: int, microusd: int) -> Callable[[Usage, str], bool]:
        """Whether another request may be made once a reply has used so much beside what was used before it."""
        settings = self._interview.header.settings

        def afford(usage: Usage, model: str) -> bool:
            price = self.cost(asked, model, usage)
            if price is None and settings.budget_cents:
                # What is bounded in money goes on only where it is known what it costs.
                return False
            return used(settings, tokens + total(usage), microusd + (price or 0)) < 1

        return afford

    def _past(self, turn: TurnView) -> Turn:
        decided: dict[str, list[e.Hunk]] = {"accepted": [], "rejected": []}
        for name in turn.suggestions:
            view = self._interview.state.suggestions[name]
            for hunk in view.hunks:
                if (decision := view.decisions.get(hunk["hunk"])) is not None:
                    went_in = view.kept.get(hunk["hunk"], hunk["after"])
                    decided[decision].append(e.Hunk.model_validate({**hunk, "after": went_in}))
        return Turn(
            prompt=turn.prompt, reply=turn.reply, attachments=names(turn), accepted=tuple(decided["accepted"]),
            rejected=tuple(decided["rejected"]), cut=turn.status == "failed" or turn.stop_reason in CUT_SHORT,
        )  # fmt: skip

    def _reply(self, ask: Ask) -> None:
        settings = self._interview.header.settings
        watch = _Watch(self._interview)
        reply = _Reply(self, ask.turn, watch)
        try:
            provider = self._interview.tools.provider(settings.provider)
            self._record(e.ReplyStarted(turn=ask.turn, provider=provider.name, model=settings.model))
            stopped = False
            with _closed(provider.reply(ask)) as parts:
                for part in parts:
                    if stopped and isinstance(part, TextDelta | Working):
                        break
                    reply.take(part)
                    if reply.done:
                        return
                    # A provider that watches the button still says what is proposed and what the turn has cost.
                    stopped = ask.turn in self._stopped
                    if not stopped:
                        self._interview.tools.sleep(provider.pace_s * self._interview.tools.pace)
            reply.finish(Finished(stop_reason="stopped" if ask.turn in self._stopped else "cut off"))
        except LeaseLost:
            # Whoever leads the interview now tells that this was cut off.
            raise
        except PairsightError as error:
            reply.fail(str(error))
        except Exception as error:
            # A provider's own fault must end as an event: the candidate waits for this turn.
            logger.exception("reply %s failed", ask.turn, extra={"interview": self._interview.id})
            reply.fail(f"The assistant failed ({type(error).__name__})")
        finally:
            watch.close()
            self._benches.pop(ask.turn).close()

    def _record(self, *data: e.AnyPayload) -> None:
        self._interview.record(*(Draft("assistant", item) for item in data))


class _Watch:
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


class _Reply:
    """One reply on its way into the log: text coalesced, proposals with what the exercise knows of them."""

    def __init__(self, pairing: Pairing, turn: str, watch: _Watch) -> None:
        self._pairing, self._turn, self._watch = pairing, turn, watch
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
            self._pairing._record(e.ToolStarted(turn=self._turn, call=part.call, tool=part.tool, input=part.input))
            return
        if isinstance(part, Delayed):
            delayed = e.ReplyDelayed(turn=self._turn, reason=part.reason, wait_ms=int(part.wait_s * 1000))
            self._pairing._record(delayed)
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
                self._pairing._record(
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
                with self._pairing._interview.lock:
                    # Nobody could decide about it any more once the work is over.
                    if self._pairing._interview.state.status == "running":
                        annotated = e.SuggestionAnnotated(suggestion=part.suggestion, hunks=part.notes)
                        self._pairing._record(offered, annotated)
            case Finished():
                self.finish(part)

    def fail(self, reason: str) -> None:
        """Record it, after what came, and give back the time since the prompt: a failed reply is not the candidate's fault."""
        self._flush()
        self._pairing._record(
            e.ReplyFailed(
                turn=self._turn, reason=reason, usage=self._spent.usage, model=self._spent.model,
                first_token_ms=self._first_ms, total_ms=int((time.monotonic() - self._start) * 1000),
            )
        )  # fmt: skip
        self._watch.give_back("The assistant failed")

    def _flush(self) -> None:
        if self._unsent:
            self._pairing._record(e.ReplyAppended(turn=self._turn, text=self._unsent))
            self._text, self._unsent, self._sent_at = self._text + self._unsent, "", time.monotonic()

    def finish(self, part: Finished) -> None:
        """Record the end of the reply."""
        self._flush()
        total = int((time.monotonic() - self._start) * 1000)
        self._pairing._record(
            e.ReplyFinished(
                turn=self._turn, text=self._text, stop_reason=part.stop_reason, usage=part.usage,
                first_token_ms=self._first_ms if self._first_ms is not None else total, total_ms=total, miss=part.miss,
                model=part.model,
            )
        )  # fmt: skip
        self.done = True


@contextlib.contextmanager
def _closed(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """The parts, and the end of whatever they hold open: a connection, where they come from a generator."""
    try:
        yield parts
    finally:
        if isinstance(parts, Generator):
            parts.close()


def _prompt(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_PROMPT:
        raise BadInput("Expected a prompt of 1 to %(most)d characters", most=MAX_PROMPT)
    return text


def _was_said(turn: TurnView) -> bool:
    """Whether a turn is a part of the conversation: answered, or broken off after something had come."""
    return turn.status == "finished" or (turn.status == "failed" and bool(turn.reply or turn.suggestions))
