"""How events change what an interview looks like: ``state = fold(events)``.

Owns what each event does to the view state. Invariant: the outcome depends on the events alone; the browser's
``frontend/core/fold.ts`` makes the same JSON of the same events (a test compares them). Tombstones change nothing but ``seq`` and
``at_ms``. Leaves out what the state holds (``state``).
"""

from __future__ import annotations

from collections.abc import Iterable

from interviews import events as e
from interviews.state import FileView, ReviewView, RunView, State, SuggestionView, TerminalView, TicketView, TurnView
from interviews.text import apply_changes, length, utf8_length

TERMINAL_CHUNKS = 256


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
            ticket.status, ticket.begun_ms, ticket.answer = "working", state.at_ms, None
        case e.TicketReturned():
            ticket.status = "returned"
            came: dict[str, e.Json] = {
                "seq": seq, "turn": data.turn, "title": data.title, "description": data.description,
                "suggestion": data.suggestion, "checks": [check.model_dump(mode="json") for check in data.checks],
            }  # fmt: skip
            if data.suggestion is None:
                # The change that came before still stands.
                ticket.answer = came
            else:
                ticket.change = came
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
