"""Which pieces of a ticket's change were sent back: with a comment at them, when another round was asked for.

Owns finding them. Invariant: pure; asking for changes with a comment at an undecided piece of the newest change is a verdict on
it as a rejection is, for it makes way for another and is not decided about any more. One that is decided after all, because that
round came to nothing, is judged by the decision alone; a withheld event leaves a gap. Leaves out whether the comments name what is
wrong (``assistant.defects``, ``rubrics``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from interviews import events as e


@dataclass(frozen=True)
class SentBack:
    """A piece that was: ``seq`` is of the request for another round, the first of several; ``said`` are the comments at it."""

    seq: int
    said: tuple[str, ...]


class Rounds:
    """The walk over an interview's events, in order."""

    def __init__(self) -> None:
        self._tickets: dict[str, str] = {}
        self._newest: dict[str, str] = {}
        self._comments: dict[str, e.CommentAdded] = {}
        self._decided: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], SentBack] = {}

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        match event.data:
            case e.TicketOpened(ticket=ticket, turn=turn):
                self._tickets[turn] = ticket
            case e.TicketRevised(ticket=ticket, turn=turn) as revised:
                self._tickets[turn] = ticket
                self._revised(event.seq, revised)
            case e.SuggestionOffered(suggestion=suggestion, turn=turn) if turn in self._tickets:
                self._newest[self._tickets[turn]] = suggestion
            case e.CommentAdded(comment=comment):
                self._comments[comment] = event.data
            case e.SuggestionDecided(suggestion=suggestion, hunk=hunk):
                self._decided.add((suggestion, hunk))
                self._found.pop((suggestion, hunk), None)
            case _:
                pass

    def _revised(self, seq: int, revised: e.TicketRevised) -> None:
        for one in revised.comments:
            comment = self._comments.get(one)
            if comment is None or comment.suggestion != self._newest.get(revised.ticket):
                continue
            at = comment.suggestion, comment.hunk
            if at not in self._decided:
                before = self._found.get(at, SentBack(seq, ()))
                self._found[at] = SentBack(before.seq, (*before.said, comment.text))

    @property
    def found(self) -> dict[tuple[str, str], SentBack]:
        """Those sent back so far, by proposal and hunk."""
        return dict(self._found)


def sent_back(events: Iterable[e.Event]) -> dict[tuple[str, str], SentBack]:
    """Those of open work, by proposal and hunk."""
    rounds = Rounds()
    for event in events:
        if isinstance(event.data, e.PhaseOffered | e.InterviewSubmitted):
            break
        rounds.take(event)
    return rounds.found
