"""Work handed over: tickets that the assistant works on by itself, beside the candidate.

Owns who may hand over what, and which rounds are under way. Invariant: a round that was asked for ends as ``ticket.returned``,
``reply.failed`` or, where its ticket was closed, ``reply.finished``; or it is left open for the process that leads the interview
next. Leaves out what the assistant is given (``asking``), how a round becomes a change request (``delegating``) and what is decided
about its hunks (``proposals``).
"""

from __future__ import annotations

from collections.abc import Sequence

from interviews import events as e
from interviews.log import ClientKey
from interviews.service.interview import Interview


class Delegation:
    """The tickets of one interview. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview

    def open(self, title: object, text: object, mentions: object, model: object, key: ClientKey | None) -> str:
        """Hand a ticket over and begin its first round; returns its id."""
        raise NotImplementedError

    def revise(self, ticket: object, text: object, comments: object, model: object, key: ClientKey | None) -> None:
        """Ask for changes to what came back: another round."""
        raise NotImplementedError

    def close(self, ticket: object, key: ClientKey | None) -> None:
        """Nothing more is wanted of a ticket; a round that is under way ends at once."""
        raise NotImplementedError

    def stop(self, ticket: object) -> None:
        """End the round that is under way; what was changed by then comes back."""

    def comment(self, suggestion: object, hunk: object, line: object, text: object, key: ClientKey | None) -> str:
        """Comment on a line of a hunk; returns the comment's id."""
        raise NotImplementedError

    def recover(self, records: Sequence[e.Record]) -> None:
        """After a restart of the server: go on with the rounds that it cut off, or end them in words."""

    def shut(self) -> None:
        """End every round that is under way: the phase, or the interview, is over."""

    def leave(self) -> None:
        """Break off every round that is under way: the process that leads the interview next works on them anew."""
