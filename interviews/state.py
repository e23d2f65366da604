"""What an interview looks like after some of its events.

Owns the view state that live pages, the replay, the assistant's history and the service read. Invariant: as JSON it has the
fields of the browser's ``frontend/core/state.ts``. Leaves out how events change it (``fold``), clocks (``timeline``), who may see
what (``visibility``) and everything kept elsewhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Literal

from interviews import events as e

Status = Literal["invited", "ready", "running", "grace", "between", "submitted", "finished"]


@dataclass
class FileView:
    """A file as of now. ``text`` is null for binary content; ``version`` counts accepted edits."""

    text: str | None
    version: int
    size: int


@dataclass
class TerminalView:
    """A terminal: its size, whether it is open, and its last outputs (at most 256, as logged)."""

    cols: int
    rows: int
    open: bool = True
    output: list[str] = field(default_factory=list)


@dataclass
class RunView:
    """A test run; ``finished_seq`` is null while it goes on."""

    run: str
    seq: int
    finished_seq: int | None = None
    exit_code: int | None = None
    tests: list[dict[str, e.Json]] = field(default_factory=list)
    output: str = ""
    timed_out: bool = False


@dataclass
class TurnView:
    """A prompt and the reply to it. ``status`` is waiting, streaming, finished or failed.

    ``tools`` are its steps, ``ok`` null while one is under way; ``delayed`` is why the service has not answered yet; ``tokens`` and
    ``cost_microusd`` what the reply used, the cost null where it is not known. ``comments`` are those that a round of a ticket was
    asked for with.
    """

    turn: str
    seq: int
    prompt: str
    attachments: list[str]
    status: str = "waiting"
    reply: str = ""
    model: str = ""
    error: str = ""
    miss: bool = False
    stop_reason: str = ""
    suggestions: list[str] = field(default_factory=list)
    tools: list[dict[str, e.Json]] = field(default_factory=list)
    mentions: list[dict[str, e.Json]] = field(default_factory=list)
    attempt: int = 0
    delayed: str = ""
    tokens: int = 0
    cost_microusd: int | None = None
    first_token_ms: int | None = None
    total_ms: int = 0
    comments: list[str] = field(default_factory=list)


@dataclass
class SuggestionView:
    """A proposal; ``decisions`` maps a hunk to ``accepted`` or ``rejected`` once decided, ``kept`` to the text that an accepted one
    was changed to before it went in. ``refreshed`` maps a hunk that was made anew to the event that did so."""

    suggestion: str
    seq: int
    turn: str
    title: str
    hunks: list[dict[str, e.Json]]
    decisions: dict[str, str] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    refreshed: dict[str, int] = field(default_factory=dict)


@dataclass
class TicketView:
    """Work handed over. ``status`` is working, returned, failed or closed; each of ``rounds`` is a turn with the steps of its work.

    ``change`` is the newest change request, null before the first: its title, description, checks and the proposal that holds its
    hunks. ``answer`` is alike, without a proposal: what the newest round brought back where it changed nothing. ``begun_ms`` is
    when that round began.
    """

    ticket: str
    seq: int
    title: str
    text: str
    status: str = "working"
    rounds: list[TurnView] = field(default_factory=list)
    change: dict[str, e.Json] | None = None
    answer: dict[str, e.Json] | None = None
    begun_ms: int = 0


@dataclass
class ReviewView:
    """The change request that everyone reviews; ``verdicts`` maps a hunk to the newest verdict on it."""

    review: str
    seq: int
    title: str
    description: str
    folder: str
    hunks: list[dict[str, e.Json]]
    checks: list[dict[str, e.Json]]
    verdicts: dict[str, dict[str, e.Json]] = field(default_factory=dict)


@dataclass
class State:
    """Everything a view shows. Times as in the events; ``lost_ms`` is clock time given back in this phase.

    ``queued`` is how many wait before this candidate, null out of line. ``sandbox_back`` is "adopted" or "rebuilt" once a
    sandbox was lost in the interview's course and is there again; ``missing`` are the files that a rebuilt one lacks.
    ``spent_tokens`` and ``spent_microusd`` are what all replies have used so far. Between two phases the clock stands:
    ``next_phase`` was offered at ``offered_ms`` and begins at the candidate's word. ``plants`` is false where they chose the
    format without planted mistakes.
    """

    seq: int = 0
    at_ms: int = 0
    status: Status = "invited"
    phase: str = ""
    phase_started_ms: int = 0
    phase_duration_ms: int = 0
    phase_ended_ms: int | None = None
    paused_ms: int | None = None
    pause_reason: str = ""
    lost_ms: int = 0
    sandbox: str = ""
    sandbox_lost: str = ""
    sandbox_back: str = ""
    missing: list[str] = field(default_factory=list)
    queued: int | None = None
    sync_error: str = ""
    late: bool = False
    plants: bool = True
    next_phase: str = ""
    next_phase_ms: int = 0
    offered_ms: int = 0
    files: dict[str, FileView] = field(default_factory=dict)
    terminals: dict[str, TerminalView] = field(default_factory=dict)
    commands: list[dict[str, e.Json]] = field(default_factory=list)
    runs: list[RunView] = field(default_factory=list)
    turns: list[TurnView] = field(default_factory=list)
    suggestions: dict[str, SuggestionView] = field(default_factory=dict)
    tickets: dict[str, TicketView] = field(default_factory=dict)
    comments: list[dict[str, e.Json]] = field(default_factory=list)
    review: ReviewView | None = None
    spent_tokens: int = 0
    spent_microusd: int = 0
    notes: list[dict[str, e.Json]] = field(default_factory=list)
    presence: dict[str, dict[str, str]] = field(default_factory=dict)
    debrief: list[dict[str, e.Json]] | None = None

    def turn(self, turn: str) -> TurnView | None:
        """The turn of that id, newest first, or the round of a ticket, or None."""
        rounds = (view for ticket in self.tickets.values() for view in ticket.rounds)
        return next((view for view in (*reversed(self.turns), *rounds) if view.turn == turn), None)

    def to_json(self) -> dict[str, e.Json]:
        """JSON values, as the browser's fold gives them."""
        return asdict(self)
