"""What an interview looks like after some of its events: ``state = fold(events)``.

Owns the view state that live pages, the replay, the assistant's history and the service read. Invariant: it depends
on the events alone; the browser's ``frontend/state.ts`` folds the same events to the same JSON (a test compares
them). Tombstones change nothing but ``seq`` and ``at_ms``. Leaves out clocks (``timeline``), who may see what
(``visibility``) and everything kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from interviews import events as e
from interviews.text import apply_changes, length, utf8_length

TERMINAL_CHUNKS = 256
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
    hunks, null where nothing was changed. ``begun_ms`` is when the newest round began.
    """

    ticket: str
    seq: int
    title: str
    text: str
    status: str = "working"
    rounds: list[TurnView] = field(default_factory=list)
    change: dict[str, e.Json] | None = None
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


def fold(events: Iterable[e.Event], state: State | None = None) -> State:
    """Apply events in order, to ``state`` in place where one is given."""
    state = state or State()
    for event in events:
        apply(state, event)
    return state


def apply(state: State, event: e.Event) -> None:
    """Apply one event in place. Events of types that no view shows change only ``seq`` and ``at_ms``."""
    state.seq, state.at_ms = event.seq, event.at_ms
    match event.data:
        case e.FileSnapshotted() | e.FileEdited() | e.FileDeleted() | e.SyncFailed():
            _apply_file(state, event.data)
        case e.TerminalOpened() | e.TerminalOutput() | e.TerminalResized() | e.TerminalClosed() | e.CommandFinished():
            _apply_terminal(state, event.seq, event.data)
        case e.RunStarted() | e.RunFinished():
            _apply_run(state, event.seq, event.data)
        case (
            e.PromptSent()
            | e.ReplyStarted()
            | e.ReplyDelayed()
            | e.ReplyAppended()
            | e.ReplyFinished()
            | e.ReplyFailed()
            | e.ToolStarted()
            | e.ToolCalled()
        ):
            _apply_turn(state, event.seq, event.data)
        case e.SuggestionOffered() | e.SuggestionDecided() | e.SuggestionRefreshed():
            _apply_suggestion(state, event.seq, event.data)
        case e.TicketOpened() | e.TicketRevised() | e.TicketReturned() | e.TicketClosed():
            _apply_ticket(state, event.seq, event.data)
        case e.CommentAdded() | e.ReviewOpened() | e.HunkJudged():
            _apply_review(state, event.seq, event.data)
        case None:
            pass
        case data:
            _apply_course(state, event, data)


def _apply_course(state: State, event: e.Event, data: e.AnyPayload) -> None:
    match data:
        case e.ConsentGiven():
            state.status, state.plants = "ready", data.plants
        case e.InterviewStarted():
            state.status = "running"
        case e.PhaseStarted():
            state.phase, state.phase_started_ms, state.phase_duration_ms = data.phase, event.at_ms, data.duration_ms
            state.phase_ended_ms, state.lost_ms = None, 0
            state.next_phase, state.next_phase_ms, state.offered_ms = "", 0, 0
            if state.status in ("grace", "between"):
                state.status = "running"
        case e.PhaseEnded():
            state.phase_ended_ms, state.status = event.at_ms, "grace"
        case e.PhaseOffered():
            state.status, state.next_phase, state.next_phase_ms = "between", data.phase, data.duration_ms
            state.offered_ms = event.at_ms
        case e.ClockPaused():
            state.paused_ms, state.pause_reason = event.at_ms, data.reason
        case e.ClockResumed():
            state.paused_ms, state.pause_reason = None, ""
            state.lost_ms += data.lost_ms
        case e.SandboxQueued():
            state.queued, state.sandbox_lost = data.ahead, ""
        case e.SandboxStarted():
            state.sandbox, state.sandbox_lost, state.queued = data.backend, "", None
            if state.status not in ("invited", "ready"):
                state.sandbox_back = "adopted" if data.adopted else "rebuilt"
                state.missing = list(data.missing)
            for terminal in state.terminals.values():
                terminal.open = False
        case e.SandboxLost():
            state.sandbox_lost, state.queued = data.reason, None
        case e.PresenceChanged():
            if data.state == "gone":
                state.presence.pop(data.client, None)
            else:
                state.presence[data.client] = {"role": data.role, "state": data.state}
        case e.InterviewSubmitted():
            state.status, state.late = "submitted", data.late
        case e.DebriefShown():
            state.status, state.debrief = "finished", [item.model_dump(mode="json") for item in data.items]
        case e.NoteAdded():
            state.notes.append({"seq": event.seq, "actor": event.actor, "text": data.text, "about_seq": data.about_seq})
        case _:
            pass


def _apply_file(state: State, data: e.FileSnapshotted | e.FileEdited | e.FileDeleted | e.SyncFailed) -> None:
    match data:
        case e.FileSnapshotted():
            state.files[data.path] = FileView(text=data.text, version=data.version, size=data.size)
        case e.FileEdited():
            view = state.files[data.path]
            view.text, view.version = apply_changes(view.text or "", data.changes), data.version
            view.size = utf8_length(view.text)
        case e.FileDeleted():
            state.files.pop(data.path, None)
        case e.SyncFailed():
            state.sync_error = data.reason


def _apply_terminal(
    state: State,
    seq: int,
    data: e.TerminalOpened | e.TerminalOutput | e.TerminalResized | e.TerminalClosed | e.CommandFinished,
) -> None:
    if isinstance(data, e.TerminalOpened):
        state.terminals[data.terminal] = TerminalView(cols=data.cols, rows=data.rows)
        return
    if isinstance(data, e.CommandFinished):
        state.commands.append(
            {"seq": seq, "terminal": data.terminal, "command": data.command, "exit_code": data.exit_code}
        )
        return
    terminal = state.terminals[data.terminal]
    match data:
        case e.TerminalOutput():
            terminal.output.append(data.data)
            del terminal.output[:-TERMINAL_CHUNKS]
        case e.TerminalResized():
            terminal.cols, terminal.rows = data.cols, data.rows
        case e.TerminalClosed():
            terminal.open = False


def _apply_run(state: State, seq: int, data: e.RunStarted | e.RunFinished) -> None:
    if isinstance(data, e.RunStarted):
        state.runs.append(RunView(run=data.run, seq=seq))
        return
    for view in state.runs:
        if view.run == data.run:
            view.finished_seq, view.exit_code, view.timed_out = seq, data.exit_code, data.timed_out
            view.tests, view.output = [test.model_dump(mode="json") for test in data.tests], data.output


def _apply_turn(
    state: State,
    seq: int,
    data: e.PromptSent
    | e.ReplyStarted
    | e.ReplyDelayed
    | e.ReplyAppended
    | e.ReplyFinished
    | e.ReplyFailed
    | e.ToolStarted
    | e.ToolCalled,
) -> None:
    if isinstance(data, e.PromptSent):
        view = TurnView(turn=data.turn, seq=seq, prompt=data.text, attachments=list(data.attachments))
        view.mentions = [mention.model_dump(mode="json") for mention in data.mentions]
        state.turns.append(view)
        return
    found = state.turn(data.turn)
    if found is None:
        return
    view = found
    match data:
        case e.ReplyStarted():
            view.model = f"{data.provider} {data.model}".strip()
            view.attempt += 1
            if view.attempt > 1:
                # Begun anew: what an attempt that broke off had said is no part of the answer.
                view.status, view.reply, view.tools, view.delayed = "waiting", "", [], ""
        case e.ReplyDelayed():
            view.delayed = data.reason
        case e.ReplyAppended():
            view.status, view.reply, view.delayed = "streaming", view.reply + data.text, ""
        case e.ReplyFinished():
            view.status, view.reply, view.miss, view.delayed = "finished", data.text, data.miss, ""
            view.stop_reason = data.stop_reason
            _spend(state, view, data)
        case e.ReplyFailed():
            view.status, view.error, view.delayed = "failed", data.reason, ""
            _spend(state, view, data)
            for ticket in state.tickets.values():
                if ticket.status == "working" and ticket.rounds[-1] is view:
                    ticket.status = "failed"
        case e.ToolStarted():
            view.delayed = ""
            step = {"seq": seq, "call": data.call, "tool": data.tool, "input": data.input, "output": "", "ok": None}
            view.tools.append({**step, "cut": 0, "total_ms": 0, "at": length(view.reply)})
        case e.ToolCalled():
            view.delayed = ""
            step = {
                "seq": seq, "call": data.call, "tool": data.tool, "input": data.input, "output": data.output, "ok": data.ok,
                "cut": data.cut, "total_ms": data.total_ms, "at": length(view.reply),
            }  # fmt: skip
            under_way = next((n for n, tool in enumerate(view.tools) if data.call and tool["call"] == data.call), None)
            if under_way is None:
                view.tools.append(step)
            else:
                view.tools[under_way] = {**step, "at": view.tools[under_way]["at"]}


def _spend(state: State, view: TurnView, data: e.ReplyFinished | e.ReplyFailed) -> None:
    usage = data.usage
    view.tokens = usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    view.cost_microusd = data.cost_microusd
    view.first_token_ms, view.total_ms = data.first_token_ms, data.total_ms
    state.spent_tokens += view.tokens
    state.spent_microusd += data.cost_microusd or 0


def _apply_suggestion(
    state: State, seq: int, data: e.SuggestionOffered | e.SuggestionDecided | e.SuggestionRefreshed
) -> None:
    if isinstance(data, e.SuggestionOffered):
        state.suggestions[data.suggestion] = SuggestionView(
            suggestion=data.suggestion, seq=seq, turn=data.turn, title=data.title,
            hunks=[hunk.model_dump(mode="json") for hunk in data.hunks],
        )  # fmt: skip
        if (turn := state.turn(data.turn)) is not None:
            turn.suggestions.append(data.suggestion)
        return
    suggestion = state.suggestions.get(data.suggestion)
    if suggestion is None:
        return
    if isinstance(data, e.SuggestionRefreshed):
        fresh = data.hunk.model_dump(mode="json")
        suggestion.hunks = [fresh if hunk["hunk"] == data.hunk.hunk else hunk for hunk in suggestion.hunks]
        suggestion.refreshed[data.hunk.hunk] = seq
        return
    suggestion.decisions[data.hunk] = data.decision
    if data.kept is not None:
        suggestion.kept[data.hunk] = data.kept


def _apply_ticket(
    state: State, seq: int, data: e.TicketOpened | e.TicketRevised | e.TicketReturned | e.TicketClosed
) -> None:
    if isinstance(data, e.TicketOpened):
        state.tickets[data.ticket] = TicketView(ticket=data.ticket, seq=seq, title=data.title, text=data.text)
    ticket = state.tickets.get(data.ticket)
    if ticket is None:
        return
    match data:
        case e.TicketOpened() | e.TicketRevised():
            view = TurnView(turn=data.turn, seq=seq, prompt=data.text, attachments=[])
            if isinstance(data, e.TicketOpened):
                view.mentions = [mention.model_dump(mode="json") for mention in data.mentions]
            else:
                view.comments = list(data.comments)
            ticket.rounds.append(view)
            ticket.status, ticket.begun_ms = "working", state.at_ms
        case e.TicketReturned():
            ticket.status = "returned"
            ticket.change = {
                "seq": seq, "turn": data.turn, "title": data.title, "description": data.description,
                "suggestion": data.suggestion, "checks": [check.model_dump(mode="json") for check in data.checks],
            }  # fmt: skip
        case e.TicketClosed():
            ticket.status = "closed"


def _apply_review(state: State, seq: int, data: e.CommentAdded | e.ReviewOpened | e.HunkJudged) -> None:
    match data:
        case e.CommentAdded():
            state.comments.append(
                {
                    "seq": seq, "comment": data.comment, "suggestion": data.suggestion, "hunk": data.hunk, "line": data.line,
                    "text": data.text,
                }
            )  # fmt: skip
        case e.ReviewOpened():
            state.review = ReviewView(
                review=data.review, seq=seq, title=data.title, description=data.description, folder=data.folder,
                hunks=[hunk.model_dump(mode="json") for hunk in data.hunks],
                checks=[check.model_dump(mode="json") for check in data.checks],
            )  # fmt: skip
        case e.HunkJudged():
            if state.review is not None and state.review.review == data.review:
                state.review.verdicts[data.hunk] = {
                    "seq": seq, "verdict": data.verdict, "line": data.line, "fault": data.fault, "repair": data.repair,
                    "late": data.late,
                }  # fmt: skip
