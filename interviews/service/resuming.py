"""What a process that ended left open of the conversation, and what the next one does about it.

Owns that decision. Invariant: a turn is answered anew only while nothing of it was offered yet (a proposal may have been decided
already), and at most ``ATTEMPTS`` times; else it ends in words, and what came of it stays. The round of a ticket offers nothing
before its end, so it is worked on anew. Pure. Leaves out doing so (``room``, ``delegation``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interviews import events as e
from interviews.service.reply import FIRST_TOKEN_S
from interviews.state import State, TurnView

ATTEMPTS = 3
RESTARTED = "The server was restarted while this was under way; please try again"
OFFERED = (
    "The server was restarted while this was under way. What was proposed by then is kept; ask again for the rest."
)
TOO_OFTEN = (
    "The server was restarted again and again while this was under way. What came of it is kept; please ask again."
)
NOT_BACK = "The server was restarted while the assistant worked on this, and the time was up before it came back"
AGAIN = "The server was restarted again and again while the assistant worked on this; please ask for it again"
OF_A_REPLY = ("prompt.sent", "reply.started", "reply.delayed", "reply.appended", "tool.started", "tool.called")


@dataclass(frozen=True)
class LeftOpen:
    """A turn without an end: the ``prompt`` to answer anew, or why it has ``ended``.

    ``asked_ms`` is when it was asked; ``lost_since_ms`` from when on time is to be given back for its sake.
    """

    turn: str
    asked_ms: int
    lost_since_ms: int
    prompt: e.PromptSent | None = None
    ended: str = ""


@dataclass(frozen=True)
class TicketLeft:
    """A round without an end: what was ``handed`` over, to be worked on anew, or why it has ``ended``."""

    turn: str
    handed: e.TicketOpened | e.TicketRevised | None = None
    ended: str = ""


def tickets_left_open(state: State, records: Sequence[e.Record]) -> list[TicketLeft]:
    """The rounds of tickets that wait for an end."""
    open_rounds = [
        view
        for ticket in state.tickets.values()
        for view in ticket.rounds[-1:]
        if view.status in ("waiting", "streaming")
    ]
    return [_round_left(view, state, records) for view in open_rounds]


def _round_left(view: TurnView, state: State, records: Sequence[e.Record]) -> TicketLeft:
    handed = next((e.understand(record).data for record in records if record.seq == view.seq), None)
    if not isinstance(handed, e.TicketOpened | e.TicketRevised) or state.status != "running":
        return TicketLeft(view.turn, ended=NOT_BACK)
    if state.tickets[handed.ticket].status != "working":
        return TicketLeft(view.turn, ended=RESTARTED)
    if view.attempt >= ATTEMPTS:
        return TicketLeft(view.turn, ended=AGAIN)
    return TicketLeft(view.turn, handed)


def left_open(state: State, records: Sequence[e.Record]) -> list[LeftOpen]:
    """The turns that wait for an end, by what the log says of them."""
    turns = [turn for turn in state.turns if turn.status in ("waiting", "streaming")]
    return [_left(turn, state, [r for r in records if _is_of(r, turn)]) for turn in turns]


def _is_of(record: e.Record, turn: TurnView) -> bool:
    return record.seq >= turn.seq and record.type in OF_A_REPLY and (record.payload or {}).get("turn") == turn.turn


def _left(turn: TurnView, state: State, records: Sequence[e.Record]) -> LeftOpen:
    asked = next((record for record in records if record.type == "prompt.sent"), None)
    if asked is None or state.status != "running":
        return LeftOpen(turn.turn, state.at_ms, state.at_ms, ended=RESTARTED)
    if turn.suggestions or turn.attempt >= ATTEMPTS:
        # As of any reply that failed, the time that it took is given back.
        return LeftOpen(turn.turn, asked.at_ms, asked.at_ms, ended=OFFERED if turn.suggestions else TOO_OFTEN)
    prompt = e.PromptSent.model_validate(asked.payload)
    return LeftOpen(turn.turn, asked.at_ms, _silent_since(turn, state, records), prompt)


def _silent_since(turn: TurnView, state: State, records: Sequence[e.Record]) -> int:
    """When the assistant fell silent, where the clock stood for that; else when the log ends.

    The log says since when the clock stood, and not that the time before it was to be given back as well.
    """
    if state.paused_ms is None:
        return state.at_ms
    heard = [record for record in records if record.type != "reply.delayed"][-1]
    silent = heard.type != "tool.started" and state.paused_ms - heard.at_ms >= 1000 * FIRST_TOKEN_S
    return heard.at_ms if turn.delayed or silent else state.paused_ms
