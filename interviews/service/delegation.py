"""Work handed over: tickets that the assistant works on by itself, beside the candidate.

Owns who may hand over what, and which rounds are under way. Invariant: a round that was asked for ends as ``ticket.returned``,
``reply.failed`` or, where its ticket was closed, ``reply.finished``; or it is left open for the process that leads the interview
next. Leaves out what the assistant is given (``asking``, ``tickets``), how a round becomes a change request (``delegating``) and
what is decided about its hunks (``proposals``).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from interviews import events as e
from interviews.errors import BadInput, Conflict, NotAllowed, NotFound
from interviews.log import ClientKey, Draft
from interviews.service import asking, tickets
from interviews.service.delegating import Round, Watched
from interviews.service.interview import Interview, last_payload
from interviews.service.mentions import found, read
from interviews.service.pairing import MAX_PROMPT, not_asked, prompt_of
from interviews.service.reply import answer
from interviews.service.resuming import tickets_left_open
from interviews.service.turnstile import Turnstile
from interviews.service.underway import UnderWay
from interviews.state import TicketView

AT_ONCE = 4
MAX_TITLE = 200
MAX_COMMENT = 2_000
MOST_COMMENTS = 500
Handed = e.TicketOpened | e.TicketRevised
logger = logging.getLogger("pairsight")


class Delegation:
    """The tickets of one interview. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview
        self._under_way = UnderWay(interview, patient=True)

    def open(self, title: object, text: object, mentions: object, model: object, key: ClientKey | None) -> str:
        """Hand a ticket over and begin its first round; returns its id.

        ``mentions`` and ``model`` as the socket's ``ask`` has them. Raises ``BadInput`` and ``NotFound`` for what does not fit,
        ``NotAllowed`` where nothing may be handed over, ``Conflict`` where as much as may be is under way, or a budget is used up.
        """
        name, words, wanted = _title(title), prompt_of(text), read(mentions or ())
        interview = self._interview
        with interview.lock:
            if known := interview.known(key):
                return str(last_payload(known, "ticket.opened")["ticket"])
            self._require_may_begin()
            number = interview.counts["ticket.opened"] + 1
            opened = e.TicketOpened(
                ticket=f"t{number}", turn=f"t{number}.1", title=name, text=words, files=asking.versions_of(interview),
                mentions=found(wanted, interview.state), model=asking.model_of(interview, model),
            )  # fmt: skip
            interview.record(Draft("candidate", opened), key=key)
            self._begin(opened)
        return opened.ticket

    def revise(self, ticket: object, text: object, comments: object, model: object, key: ClientKey | None) -> None:
        """Ask for changes to what came back: another round, from the files as they are now.

        ``comments`` are ids of comments on this ticket's changes; None: those on the newest change that were not sent yet.
        Either they or the text must say something. Raises as ``open``, and ``Conflict`` unless the ticket waits for the candidate.
        """
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            view = self._view(ticket)
            self._require_may_begin()
            if view.status not in ("returned", "failed"):
                raise Conflict(_NOT_NOW[view.status])
            chosen = _chosen(view, comments, interview)
            words = "" if chosen and text in ("", None) else prompt_of(text)
            _require_short(words, chosen, interview)
            revised = e.TicketRevised(
                ticket=view.ticket, turn=self._next_turn(view), text=words, comments=chosen,
                files=asking.versions_of(interview), model=asking.model_of(interview, model or self._model_before(view)),
            )  # fmt: skip
            interview.record(Draft("candidate", revised, cause=view.seq), key=key)
            self._begin(revised)

    def close(self, ticket: object, key: ClientKey | None) -> None:
        """Nothing more is wanted of a ticket; a round that is under way ends at once, and nothing comes back of it."""
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            interview.require_running()
            view = self._view(ticket)
            if view.status == "closed":
                return
            interview.record(Draft("candidate", e.TicketClosed(ticket=view.ticket), cause=view.seq), key=key)
            if view.rounds[-1].turn in self._under_way:
                self._under_way.stop(view.rounds[-1].turn)

    def stop(self, ticket: object) -> None:
        """End the round that is under way; what was changed by then comes back. Nothing to do where there is none."""
        view = self._interview.state.tickets.get(ticket) if isinstance(ticket, str) else None
        if view is not None and view.rounds[-1].turn in self._under_way:
            self._under_way.stop(view.rounds[-1].turn)

    def working(self, ticket: str) -> bool:
        """Whether a round of it is under way, or not yet recorded to its end."""
        view = self._interview.state.tickets.get(ticket)
        return view is not None and view.rounds[-1].turn in self._under_way

    @property
    def busy(self) -> bool:
        """Whether any round is under way, or not yet recorded to its end."""
        return any(view.turn in self._under_way for ticket in self._tickets() for view in ticket.rounds[-1:])

    def comment(self, suggestion: object, hunk: object, line: object, text: object, key: ClientKey | None) -> str:
        """Comment on a line of a hunk of a proposal, or of the review; returns the comment's id.

        ``line`` counts from the hunk's first line, 1, in what it puts there, or takes out where it puts nothing; 0: the whole hunk.
        Raises ``BadInput`` and ``NotFound`` for what does not fit.
        """
        interview = self._interview
        with interview.lock:
            if known := interview.known(key):
                return str(last_payload(known, "comment.added")["comment"])
            interview.require_running()
            interview.require_room()
            name, content = tickets.hunk_of(interview.state, suggestion, hunk)
            last = len(tickets.content_of(content))
            if type(line) is not int or not 0 <= line <= last:
                raise BadInput(
                    "Expected a line of the hunk, from 1 to %(last)d, or 0, got %(got)s", last=last, got=repr(line)[:80]
                )
            if len(interview.state.comments) >= MOST_COMMENTS:
                raise Conflict(
                    "There are %(most)d comments in this interview already; no more are taken", most=MOST_COMMENTS
                )
            if not isinstance(text, str) or not text.strip() or len(text) > MAX_COMMENT:
                raise BadInput("Expected a comment of 1 to %(most)d characters", most=MAX_COMMENT)
            added = e.CommentAdded(
                comment=f"c{interview.counts['comment.added'] + 1}",
                suggestion=name,
                hunk=content.hunk,
                line=line,
                text=text.strip(),
            )
            interview.record(Draft("candidate", added), key=key)
        return added.comment

    def recover(self, records: Sequence[e.Record]) -> None:
        """After a restart of the server: go on with the rounds that it cut off, or end them in words."""
        interview = self._interview
        with interview.lock:
            for left in tickets_left_open(interview.state, records):
                if left.handed is None:
                    interview.record(Draft("assistant", e.ReplyFailed(turn=left.turn, reason=left.ended)))
                else:
                    self._begin(left.handed)

    def shut(self) -> None:
        """End every round that is under way: the phase, or the interview, is over. Tickets may be handed over again in the next."""
        self._under_way.close()

    def leave(self) -> None:
        """Break off every round that is under way: the process that leads the interview next works on them anew."""
        self._under_way.leave()

    def _require_may_begin(self) -> None:
        interview = self._interview
        interview.require_running()
        if not interview.header.settings.delegation:
            raise NotAllowed("In this interview no work can be handed over; ask the assistant in the conversation")
        interview.require_room()
        # Also one that was closed holds its place until it has ended.
        if len(self._under_way) >= AT_ONCE:
            raise Conflict(
                "The assistant works on %(most)d tickets already, and can on no more at once. Wait for one of them, or stop one.",
                most=AT_ONCE,
            )
        asking.require_budget(interview)

    def _view(self, ticket: object) -> TicketView:
        view = self._interview.state.tickets.get(ticket) if isinstance(ticket, str) else None
        if view is None:
            raise NotFound("There is no ticket %(ticket)s", ticket=repr(ticket)[:80])
        return view

    def _tickets(self) -> list[TicketView]:
        with self._interview.lock:
            return list(self._interview.state.tickets.values())

    def _next_turn(self, view: TicketView) -> str:
        """The next round's id: none that a proposal of this ticket bears, also where its round was erased."""
        number = len(view.rounds) + 1
        while f"{view.ticket}.{number}-s1" in self._interview.state.suggestions:
            number += 1
        return f"{view.ticket}.{number}"

    def _model_before(self, view: TicketView) -> str:
        """The model of the round before, as long as it may still be chosen."""
        settings = self._interview.header.settings
        used = view.rounds[-1].model.partition(" ")[2]
        return used if used in settings.models else ""

    def _begin(self, handed: Handed) -> None:
        """Begin a round that is recorded; under the lock."""
        interview, turn = self._interview, handed.turn
        try:
            bench = Watched(self._under_way.bench(turn))
            texts = tickets.texts_then(interview, handed.files)
            ask = tickets.asked(interview, handed, texts, bench, lambda: self._under_way.stopped(turn))
        except Exception:
            # It is recorded by now, and must not stay without an end.
            logger.exception("turn %s cannot be asked", turn, extra={"interview": interview.id})
            self._under_way.over(turn)
            interview.record(Draft("assistant", not_asked(turn)))
            return

        def left() -> bool:
            return self._under_way.left(turn)

        def work() -> None:
            _TURNSTILE.wait()
            try:
                answer(interview, ask, left=left, reply=Round(interview, ask, handed.ticket, bench, texts, left))
            finally:
                asking.spent(interview, turn)

        self._under_way.begin(turn, work)


# Rounds that begin in one instant, as of tickets handed over together, would have everybody else wait for all of them.
_TURNSTILE = Turnstile(0.01)
_NOT_NOW = {
    "working": "The assistant is still working on this ticket; stop it or wait for what comes back",
    "closed": "This ticket is closed; open another",
}


def _title(title: object) -> str:
    if not isinstance(title, str) or not title.strip() or len(title) > MAX_TITLE:
        raise BadInput("Expected a title of 1 to %(most)d characters", most=MAX_TITLE)
    return " ".join(title.split())


def _chosen(view: TicketView, comments: object, interview: Interview) -> tuple[str, ...]:
    """The comments that go with a request for changes. Raises ``BadInput`` and ``NotFound``."""
    if comments is None:
        return tuple(tickets.news_on(interview.state, view))
    fits = isinstance(comments, list | tuple) and len(comments) <= MOST_COMMENTS
    if not isinstance(comments, list | tuple) or not fits or not all(isinstance(one, str) for one in comments):
        raise BadInput("Expected a list of comments, got %(got)s", got=repr(comments)[:80])
    known = set(tickets.comments_on(interview.state, view))
    for one in comments:
        if one not in known:
            raise NotFound("There is no comment %(comment)s on this ticket's changes", comment=one[:80])
    return tuple(dict.fromkeys(comments))


def _require_short(words: str, comments: tuple[str, ...], interview: Interview) -> None:
    """A round says no more at once than a prompt may. Raises ``BadInput``."""
    wanted = set(comments)
    said = sum(len(one["text"]) for one in interview.state.comments if one["comment"] in wanted)
    if len(words) + said > MAX_PROMPT:
        raise BadInput(
            "Expected at most %(most)d characters in a request with its comments, got %(got)d; send some of them in another",
            most=MAX_PROMPT, got=len(words) + said,
        )  # fmt: skip
