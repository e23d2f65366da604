"""Pairing with the assistant: a prompt, and the reply to it.

Owns the conversation's turns. Invariant: a recorded prompt makes the same request again, and history survives a reload and a
restart. Leaves out what the assistant is given (``asking``), who answers (``assistant``), how the reply is recorded (``reply``),
what may be attached (``mentions``), what is decided about proposals (``proposals``) and tickets (``delegation``).
"""

from __future__ import annotations

import logging

from assistant.base import Ask
from interviews import events as e
from interviews.errors import BadInput, Conflict
from interviews.log import ClientKey, Draft
from interviews.service import asking, tickets
from interviews.service.interview import Interview, last_payload
from interviews.service.mentions import found, read
from interviews.service.reply import answer
from interviews.service.underway import UnderWay

MAX_PROMPT = 20_000
logger = logging.getLogger("pairsight")


class Pairing:
    """The conversation of one interview; at most one reply at a time."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._under_way = UnderWay(interview)

    def ask(
        self, text: object, attachments: object, key: ClientKey | None, mentions: object = (), model: object = None
    ) -> str:
        """Record the prompt with what was attached and begin the reply; returns the turn's id.

        ``attachments`` are paths of whole files, ``mentions`` and ``model`` as the socket's ``ask`` has them. Raises ``BadInput``
        and ``NotFound`` for what does not fit, ``Conflict`` while a reply is under way or where a budget is used up.
        """
        prompt, wanted = prompt_of(text), read(mentions, attachments)
        interview = self._interview
        with interview.lock:
            if known := interview.known(key):
                return str(last_payload(known, "prompt.sent")["turn"])
            interview.require_running()
            if any(turn.status in ("waiting", "streaming") for turn in interview.state.turns):
                raise Conflict("The assistant is still answering; stop it or wait for its reply")
            interview.require_room()
            asking.require_budget(interview)
            turn = f"a{interview.counts['prompt.sent'] + 1}"
            brought = found(wanted, interview.state)
            sent = e.PromptSent(
                turn=turn, text=prompt, mentions=brought, model=asking.model_of(interview, model),
                attachments=tuple(mention.name for mention in brought if mention.kind == "file"),
            )  # fmt: skip
            interview.record(Draft("candidate", sent), key=key)
            self._begin(sent)
        return turn

    def ask_again(self, sent: e.PromptSent, since_ms: int) -> None:
        """Begin the reply to a prompt anew that was sent at ``since_ms`` and that another process had begun to answer."""
        self._begin(sent, since_ms)

    def stop(self, turn: object) -> None:
        """End the reply at once, and what runs in its scratch copy."""
        self._under_way.stop(str(turn))

    def answering(self, turn: str) -> bool:
        """Whether the reply is under way, or not yet recorded to its end."""
        return turn in self._under_way

    @property
    def busy(self) -> bool:
        """Whether any reply is under way, or not yet recorded to its end."""
        return len(self._under_way) > 0

    def close(self) -> None:
        """End every reply that is under way: the interview is over."""
        self._under_way.close()

    def leave(self) -> None:
        """Break off every reply that is under way: the process that leads the interview next answers them anew.

        But for one that the candidate has stopped: that ends here.
        """
        self._under_way.leave()

    def asked(self, sent: e.PromptSent) -> Ask:
        """The request that a recorded prompt makes, with the workspace as it is now."""
        interview, turn = self._interview, sent.turn
        bench, mode = self._under_way.bench(turn), interview.header.settings.mode
        texts = asking.texts_of(interview)
        brought = sent.mentions or tuple(e.Mention(kind="file", name=path) for path in sent.attachments)
        said = [view for view in interview.state.turns if view.turn != turn and asking.was_said(view)]
        here = interview.state.turn(turn)
        beside = [] if here is None else tickets.beside(interview, here, "", texts)
        return asking.request(
            interview, turn, sent.text, brought, [asking.past(interview, view, texts) for view in said], sent.model, mode,
            bench if mode == "agent" else None, lambda: self._under_way.stopped(turn), texts=texts,
            versions=asking.versions_of(interview), beside=beside,
        )  # fmt: skip

    def _begin(self, sent: e.PromptSent, since_ms: int | None = None) -> None:
        interview = self._interview
        with interview.lock:
            try:
                asked = self.asked(sent)
            except Exception:
                # It is recorded by now, and must not stay without an end.
                logger.exception("turn %s cannot be asked", sent.turn, extra={"interview": interview.id})
                self._under_way.over(sent.turn)
                interview.record(Draft("assistant", not_asked(sent.turn)))
                return
        self._under_way.begin(sent.turn, lambda: self._reply(asked, since_ms))

    def _reply(self, ask: Ask, since_ms: int | None) -> None:
        try:
            answer(self._interview, ask, since_ms, left=lambda: self._under_way.left(ask.turn))
        finally:
            asking.spent(self._interview, ask.turn)


def not_asked(turn: str) -> e.ReplyFailed:
    """That it cannot even be asked."""
    return e.ReplyFailed(turn=turn, reason="The assistant could not be asked. This is our fault, not yours.")


def prompt_of(text: object) -> str:
    """The words of a prompt. Raises ``BadInput``."""
    if not isinstance(text, str) or not text.strip() or len(text) > MAX_PROMPT:
        raise BadInput("Expected a prompt of 1 to %(most)d characters", most=MAX_PROMPT)
    return text
