"""What a ticket says to the assistant, round after round.

Owns the words of a round, what it is told of those before, and what was said in other conversations by now. Invariant: all are
functions of the log. To a service a ticket is a conversation of its own: nothing of the one beside the editor is in it. Leaves out
when a round begins (``delegation``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from assistant.base import Ask, Attachment, Bench, Mode, Turn
from interviews import events as e
from interviews.anchors import lines_of
from interviews.errors import NotFound
from interviews.service import asking
from interviews.service.interview import Interview
from interviews.service.mentions import attached
from interviews.service.reply import DECLINED
from interviews.state import State, TicketView, TurnView


def asked(
    interview: Interview,
    handed: e.TicketOpened | e.TicketRevised,
    texts: Mapping[str, str],
    bench: Bench,
    cancelled: Callable[[], bool],
) -> Ask:
    """The request that a recorded round makes, of the files that it began with."""
    ticket = interview.state.tickets[handed.ticket]
    history: list[Turn] = []
    unsaid: list[str] = []
    brought: list[e.Mention] = []
    for view in ticket.rounds:
        words = "\n\n".join([*unsaid, _words(interview, ticket, view)])
        here = [*brought, *asking.brought_by(view)]
        if view.turn == handed.turn:
            break
        if asking.was_said(view):
            turn = asking.past(interview, view, texts, words)
            shown = tuple(attached(mention, texts) for mention in here)
            history.append(replace(turn, brought=(*shown, *_commented(interview, view))))
            unsaid, brought = [], []
        else:
            # What it asked for still holds: the next round is told it as if for the first time.
            unsaid, brought = [words], here
    ask = asking.request(
        interview, handed.turn, words, here, history, handed.model, "agent", bench, cancelled, texts=texts,
        versions=handed.files, delegated=True, beside=beside(interview, ticket.rounds[-1], handed.ticket, texts),
    )  # fmt: skip
    return replace(ask, attachments=(*ask.attachments, *_commented(interview, ticket.rounds[-1])))


def beside(interview: Interview, at: TurnView, ticket: str, texts: Mapping[str, str]) -> list[Turn]:
    """What was said by then in conversations other than that ``ticket``'s, "" for the one beside the editor; oldest first.

    Whatever became of the replies, so that it stays the same when it is asked for again later.
    """
    state, mode = interview.state, interview.header.settings.mode
    chat = [] if ticket == "" else [("", mode, view, view.prompt) for view in state.turns]
    others: list[tuple[str, Mode, TurnView, str]] = [
        (other.ticket, "agent", view, _words(interview, other, view))
        for other in state.tickets.values()
        if other.ticket != ticket
        for view in other.rounds
    ]
    found = []
    for where, how, view, words in sorted([*chat, *others], key=lambda one: one[2].seq):
        if view.seq >= at.seq or view.stop_reason == DECLINED:
            continue
        came = asking.came_at(interview, view)
        shown = tuple(attached(mention, texts) for mention in asking.brought_by(view))
        found.append(
            Turn(
                prompt=words, reply="", brought=(*shown, *_commented(interview, view)), ticket=where, mode=how,
                said_at=view.seq, came_at=came if came is not None and came < at.seq else None,
            )
        )  # fmt: skip
    return found


def texts_then(interview: Interview, files: Mapping[str, int]) -> dict[str, str]:
    """The workspace's texts in those versions; a file that was replaced since is as it is now, and one that is gone is left out."""
    now = asking.texts_of(interview)
    versions = asking.versions_of(interview)
    then = {
        path: now.get(path) if versions.get(path) == version else interview.history.text_at(path, version)
        for path, version in files.items()
        if path in now
    }
    return {path: text for path, text in then.items() if text is not None}


def superseded(state: State, turn: str) -> bool:
    """Whether what that round brought has made way for another round, which is under way or brought a change, or its ticket was
    closed. A round that ended without a change has nothing to take its place."""
    for ticket in state.tickets.values():
        turns = [view.turn for view in ticket.rounds]
        if turn in turns:
            return ticket.status == "closed" or any(
                view.suggestions or view.status in ("waiting", "streaming")
                for view in ticket.rounds[turns.index(turn) + 1 :]
            )
    return False


def comments_on(state: State, ticket: TicketView) -> list[str]:
    """Comments on the ticket's changes, whichever round brought them."""
    changes = {name for view in ticket.rounds for name in view.suggestions}
    return [comment["comment"] for comment in state.comments if comment["suggestion"] in changes]


def news_on(state: State, ticket: TicketView) -> list[str]:
    """Comments on the newest change that no round was asked for with yet, be it one that failed: it is told again."""
    told = {name for view in ticket.rounds for name in view.comments}
    last = ticket.change["suggestion"] if ticket.change else None
    return [
        comment["comment"]
        for comment in state.comments
        if comment["suggestion"] == last and comment["comment"] not in told
    ]


def hunk_of(state: State, suggestion: object, hunk: object) -> tuple[str, e.Hunk]:
    """A hunk of a proposal, or of the review. Raises ``NotFound``."""
    found = next((one for one in _hunks(state, suggestion) if one["hunk"] == hunk), None)
    if found is None:
        raise NotFound(
            "There is no hunk %(hunk)s of proposal %(suggestion)s",
            hunk=repr(hunk)[:80],
            suggestion=repr(suggestion)[:80],
        )
    return str(suggestion), e.Hunk.model_validate(found)


def content_of(hunk: e.Hunk) -> list[str]:
    """The lines that comments on a hunk count: those it puts there, or takes out where it puts nothing."""
    return lines_of(hunk.after or hunk.before)


def _hunks(state: State, suggestion: object) -> list[dict[str, e.Json]]:
    if state.review is not None and suggestion == state.review.review:
        return state.review.hunks
    if isinstance(suggestion, str) and suggestion in state.suggestions:
        return state.suggestions[suggestion].hunks
    return []


def _line(state: State, suggestion: object, hunk: e.Hunk) -> int:
    """A hunk's first line in the file with the whole proposal in it."""
    line = hunk.line
    for other in map(e.Hunk.model_validate, _hunks(state, suggestion)):
        # One that was made anew counts the lines of another text.
        same = (other.path, other.base_version) == (hunk.path, hunk.base_version)
        if same and other.line < hunk.line:
            line += len(lines_of(other.after)) - len(lines_of(other.before))
    return line


def _words(interview: Interview, ticket: TicketView, view: TurnView) -> str:
    """What the person says in a round: the ticket, or what they want changed with their comments."""
    said = view.prompt.strip()
    if view is ticket.rounds[0]:
        return said if said.startswith(ticket.title) else f"{ticket.title}\n\n{said}"
    comments = [f"On {where}: {text}" for where, _, text in _comments(interview, view)]
    return "\n\n".join(part for part in (said, *comments) if part)


def _commented(interview: Interview, view: TurnView) -> tuple[Attachment, ...]:
    """The lines that a round's comments are about, as things attached: they are no words of the person's."""
    lines = {where: line for where, line, _ in _comments(interview, view) if line}
    return tuple(Attachment(where, line, "selection") for where, line in lines.items())


def _comments(interview: Interview, view: TurnView) -> list[tuple[str, str, str]]:
    """Of each comment of a round: where it is, the line it is about, its words."""
    state, found = interview.state, list[tuple[str, str, str]]()
    for comment in state.comments:
        if comment["comment"] not in view.comments:
            continue
        try:
            _, hunk = hunk_of(state, comment["suggestion"], comment["hunk"])
        except NotFound:
            # What it is about was erased; its words still say something.
            found.append(("what was erased since", "", str(comment["text"])))
            continue
        lines, at = content_of(hunk), int(comment["line"])
        text = lines[at - 1].rstrip("\r\n") if 0 < at <= len(lines) else ""
        # What is taken out has no place in what is proposed.
        first, how = (_line(state, comment["suggestion"], hunk), "proposed") if hunk.after else (hunk.line, "it was")
        where = f"{hunk.path} line {first + max(0, at - 1)} as {how}"
        found.append((where, text, str(comment["text"])))
    return found
