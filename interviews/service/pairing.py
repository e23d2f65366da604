"""Pairing with the assistant: a prompt, and the request that it makes.

Owns what the assistant is given and may spend. Invariant: that is a function of the log and the interview's settings: a recorded
prompt makes the same request again, and history survives a reload and a restart. Leaves out who answers (``assistant``), how the
reply is recorded (``reply``), what may be attached (``mentions``) and what is decided about proposals (``proposals``).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from assistant.base import Ask, Turn
from interviews import events as e
from interviews.budget import total, used, used_up
from interviews.errors import BadInput, Conflict
from interviews.events import Usage
from interviews.log import ClientKey, Draft
from interviews.service.background import begin
from interviews.service.interview import Interview, last_payload
from interviews.service.mentions import attached, found, names, paths, read
from interviews.service.reply import DECLINED, answer
from interviews.service.terms import cost_of
from interviews.service.workbench import Workbench
from interviews.state import TurnView

MAX_PROMPT = 20_000
# How long a reply that is left may take to notice.
LEAVE_S = 2.0
# Why a reply ended that had not come to its end.
CUT_SHORT = ("stopped", "cut off")
logger = logging.getLogger("pairsight")


class Pairing:
    """The conversation of one interview; at most one reply at a time."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._stopped: set[str] = set()
        self._benches: dict[str, Workbench] = {}
        self._left: set[str] = set()
        self._threads: dict[str, threading.Thread] = {}

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
            self._begin(sent)
        return turn

    def ask_again(self, sent: e.PromptSent, since_ms: int) -> None:
        """Begin the reply to a prompt anew that was sent at ``since_ms`` and that another process had begun to answer."""
        self._begin(sent, since_ms)

    def stop(self, turn: object) -> None:
        """End the reply: after the piece that is under way, or at once where the provider watches ``Ask.cancelled``.

        What runs in the scratch copy ends at once too; nobody waits for that.
        """
        self._stopped.add(str(turn))
        if (bench := self._benches.get(str(turn))) is not None:
            begin(f"stop-{turn}", bench.close)

    def answering(self, turn: str) -> bool:
        """Whether the reply is under way, or not yet recorded to its end."""
        return turn in self._benches

    def close(self) -> None:
        """End every reply that is under way: the interview is over."""
        for turn in list(self._benches):
            self.stop(turn)

    def leave(self) -> None:
        """Break off every reply that is under way: the process that leads the interview next answers them anew.

        But for one that the candidate has stopped: that ends here.
        """
        self._left |= self._benches.keys() - self._stopped
        self.close()
        for thread in list(self._threads.values()):
            thread.join(LEAVE_S)

    def asked(self, sent: e.PromptSent) -> Ask:
        """The request that a recorded prompt makes, with the workspace as it is now."""
        interview, turn = self._interview, sent.turn
        state, settings, exercise = interview.state, interview.header.settings, interview.exercise
        bench = self._benches[turn] = Workbench(interview, turn)
        texts = {path: view.text for path, view in state.files.items() if view.text is not None}
        brought = sent.mentions or tuple(e.Mention(kind="file", name=path) for path in sent.attachments)
        # Of a prompt that is asked again, what was attached is sent as it was then.
        then = {
            mention.name: text
            for mention in brought
            if mention.kind == "file" and (text := interview.history.text_at(mention.name, mention.version)) is not None
        }
        may_see = texts.keys() if settings.tree_shared else texts.keys() & paths(state.turns)
        return Ask(
            turn=turn, prompt=sent.text, attachments=tuple(attached(mention, {**texts, **then}) for mention in brought),
            history=tuple(self._past(view, texts) for view in state.turns if view.turn != turn and _was_said(view)),
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

    def _afford(self, asked: str, tokens: int, microusd: int) -> Callable[[Usage, str], bool]:
        """Whether another request may be made once a reply has used so much beside what was used before it."""
        interview, settings = self._interview, self._interview.header.settings

        def afford(usage: Usage, model: str) -> bool:
            price = cost_of(interview, asked, model, usage)
            if price is None and settings.budget_cents:
                # What is bounded in money goes on only where it is known what it costs.
                return False
            return used(settings, tokens + total(usage), microusd + (price or 0)) < 1

        return afford

    def _past(self, turn: TurnView, texts: Mapping[str, str]) -> Turn:
        decided: dict[str, list[e.Hunk]] = {"accepted": [], "rejected": []}
        for name in turn.suggestions:
            view = self._interview.state.suggestions[name]
            for hunk in view.hunks:
                if (decision := view.decisions.get(hunk["hunk"])) is not None:
                    went_in = view.kept.get(hunk["hunk"], hunk["after"])
                    decided[decision].append(e.Hunk.model_validate({**hunk, "after": went_in}))
        mentions = tuple(e.Mention.model_validate(mention) for mention in turn.mentions)
        brought = mentions or tuple(e.Mention(kind="file", name=path) for path in turn.attachments)
        return Turn(
            prompt=turn.prompt, reply=turn.reply, attachments=names(turn), accepted=tuple(decided["accepted"]),
            rejected=tuple(decided["rejected"]), cut=turn.status == "failed" or turn.stop_reason in CUT_SHORT,
            brought=tuple(attached(mention, texts) for mention in brought),
        )  # fmt: skip

    def _begin(self, sent: e.PromptSent, since_ms: int | None = None) -> None:
        interview = self._interview
        with interview.lock:
            try:
                asked = self.asked(sent)
            except Exception:
                # It is recorded by now, and must not stay without an end.
                logger.exception("turn %s cannot be asked", sent.turn, extra={"interview": interview.id})
                failed = e.ReplyFailed(
                    turn=sent.turn, reason="The assistant could not be asked. This is our fault, not yours."
                )
                self._benches.pop(sent.turn, None)
                interview.record(Draft("assistant", failed))
                return
        self._threads[sent.turn] = begin(f"reply-{sent.turn}", lambda: self._reply(asked, since_ms))

    def _reply(self, ask: Ask, since_ms: int | None) -> None:
        try:
            answer(self._interview, ask, since_ms, left=lambda: ask.turn in self._left)
        finally:
            self._benches.pop(ask.turn).close()
            self._threads.pop(ask.turn, None)


def _prompt(text: object) -> str:
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_PROMPT:
        raise BadInput("Expected a prompt of 1 to %(most)d characters", most=MAX_PROMPT)
    return text


def _was_said(turn: TurnView) -> bool:
    """Whether a turn is a part of the conversation: answered, or broken off after something had come.

    One that the model declined is not: were it told again, all that follows would be declined too.
    """
    if turn.stop_reason == DECLINED:
        return False
    return turn.status == "finished" or (turn.status == "failed" and bool(turn.reply or turn.suggestions))
