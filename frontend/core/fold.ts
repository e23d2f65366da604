// How events change what an interview looks like: `state = fold(events)`.
// Owns what each event does to the view state. Invariant: the same JSON as interviews/fold.py makes of the same events (a test
// compares them); withheld events change nothing but `seq` and `at_ms`. Leaves out what the state holds (state.ts).

import { as, type Hunk, type Mention, type Payloads, type Wire } from "./events.ts";
import { bare, emptyState, turnOf, type TurnView, type State } from "./state.ts";
import { applyChanges, utf8Size } from "./text.ts";

const TERMINAL_CHUNKS = 256;

/** Apply events in order, to `state` in place where one is given. */
export function fold(events: Iterable<Wire>, state: State = emptyState()): State {
  for (const event of events) apply(state, event);
  return state;
}

/** Apply one event in place. */
export function apply(state: State, event: Wire): void {
  state.seq = event.seq;
  state.at_ms = event.at_ms;
  if (event.payload === null) return;
  const family = event.type.slice(0, event.type.indexOf("."));
  if (family === "file" || family === "sync") applyFile(state, event);
  else if (family === "terminal" || family === "command") applyTerminal(state, event);
  else if (family === "run") applyRun(state, event);
  else if (family === "prompt" || family === "reply" || family === "tool") applyTurn(state, event);
  else if (family === "suggestion") applySuggestion(state, event);
  else if (family === "ticket") applyTicket(state, event);
  else if (family === "comment" || family === "review" || family === "hunk") applyReview(state, event);
  else applyCourse(state, event);
}

function applyCourse(state: State, event: Wire): void {
  switch (event.type) {
    case "consent.given":
      state.status = "ready";
      state.plants = as(event, "consent.given")?.plants ?? true;
      break;
    case "interview.started":
      state.status = "running";
      break;
    case "phase.ended":
      state.phase_ended_ms = event.at_ms;
      state.status = "grace";
      break;
  }
  const phase = as(event, "phase.started");
  if (phase) {
    state.phase = phase.phase;
    state.phase_started_ms = event.at_ms;
    state.phase_duration_ms = phase.duration_ms;
    state.phase_ended_ms = null;
    state.lost_ms = 0;
    state.next_phase = "";
    state.next_phase_ms = 0;
    state.offered_ms = 0;
    if (state.status === "grace" || state.status === "between") state.status = "running";
  }
  const offered = as(event, "phase.offered");
  if (offered) {
    state.status = "between";
    state.next_phase = offered.phase;
    state.next_phase_ms = offered.duration_ms;
    state.offered_ms = event.at_ms;
  }
  const paused = as(event, "clock.paused");
  if (paused) {
    state.paused_ms = event.at_ms;
    state.pause_reason = paused.reason;
  }
  const resumed = as(event, "clock.resumed");
  if (resumed) {
    state.paused_ms = null;
    state.pause_reason = "";
    state.lost_ms += resumed.lost_ms;
  }
  applySandbox(state, event);
  const presence = as(event, "presence.changed");
  if (presence?.state === "gone") delete state.presence[presence.client];
  else if (presence) state.presence[presence.client] = { role: presence.role, state: presence.state };
  const submitted = as(event, "interview.submitted");
  if (submitted) {
    state.status = "submitted";
    state.late = submitted.late;
  }
  const debrief = as(event, "debrief.shown");
  if (debrief) {
    state.status = "finished";
    state.debrief = debrief.items.map((item) => ({
      ...item,
      phase: item.phase ?? "open",
      path: item.path ?? "",
      proof: item.proof ?? "",
    }));
  }
  const note = as(event, "note.added");
  if (note) state.notes.push({ seq: event.seq, actor: event.actor, text: note.text, about_seq: note.about_seq });
}

function applySandbox(state: State, event: Wire): void {
  const queued = as(event, "sandbox.queued");
  if (queued) {
    state.queued = queued.ahead;
    state.sandbox_lost = "";
  }
  const started = as(event, "sandbox.started");
  if (started) {
    state.sandbox = started.backend;
    state.sandbox_lost = "";
    state.queued = null;
    if (state.status !== "invited" && state.status !== "ready") {
      state.sandbox_back = started.adopted ? "adopted" : "rebuilt";
      state.missing = [...(started.missing ?? [])];
    }
    for (const terminal of Object.values(state.terminals)) terminal.open = false;
  }
  const lost = as(event, "sandbox.lost");
  if (lost) {
    state.sandbox_lost = lost.reason;
    state.queued = null;
  }
}

function applyFile(state: State, event: Wire): void {
  const edited = as(event, "file.edited");
  if (edited) {
    const view = state.files[edited.path];
    if (!view) throw new Error(`expected a file ${edited.path} to edit, got none`);
    view.text = applyChanges(view.text ?? "", edited.changes);
    view.version = edited.version;
    view.size = utf8Size(view.text);
  }
  const whole = as(event, "file.snapshotted");
  if (whole) state.files[whole.path] = { text: whole.text, version: whole.version, size: whole.size };
  const deleted = as(event, "file.deleted");
  if (deleted) delete state.files[deleted.path];
  const failed = as(event, "sync.failed");
  if (failed) state.sync_error = failed.reason;
}

function applyTerminal(state: State, event: Wire): void {
  const opened = as(event, "terminal.opened");
  if (opened) state.terminals[opened.terminal] = { cols: opened.cols, rows: opened.rows, open: true, output: [] };
  const output = as(event, "terminal.output");
  if (output) {
    const view = state.terminals[output.terminal];
    view?.output.push(output.data);
    if (view && view.output.length > TERMINAL_CHUNKS) view.output.splice(0, view.output.length - TERMINAL_CHUNKS);
  }
  const resized = as(event, "terminal.resized");
  const view = resized && state.terminals[resized.terminal];
  if (view) {
    view.cols = resized.cols;
    view.rows = resized.rows;
  }
  const closed = as(event, "terminal.closed");
  const ended = closed && state.terminals[closed.terminal];
  if (ended) ended.open = false;
  const command = as(event, "command.finished");
  if (command) {
    const { terminal, exit_code } = command;
    state.commands.push({ seq: event.seq, terminal, command: command.command, exit_code });
  }
}

function applyRun(state: State, event: Wire): void {
  const started = as(event, "run.started");
  if (started) {
    const unfinished = { finished_seq: null, exit_code: null, tests: [], output: "", timed_out: false };
    state.runs.push({ run: started.run, seq: event.seq, ...unfinished });
  }
  const finished = as(event, "run.finished");
  if (!finished) return;
  for (const view of state.runs) {
    if (view.run !== finished.run) continue;
    view.finished_seq = event.seq;
    view.exit_code = finished.exit_code;
    view.timed_out = finished.timed_out;
    view.tests = finished.tests;
    view.output = finished.output;
  }
}

function freshTurn(turn: string, seq: number, prompt: string, mentions: Mention[] = []): TurnView {
  return {
    turn,
    seq,
    prompt,
    attachments: [],
    status: "waiting",
    reply: "",
    model: "",
    error: "",
    miss: false,
    stop_reason: "",
    suggestions: [],
    tools: [],
    mentions,
    comments: [],
    attempt: 0,
    delayed: "",
    tokens: 0,
    cost_microusd: null,
    first_token_ms: null,
    total_ms: 0,
  };
}

function applyTurn(state: State, event: Wire): void {
  const prompt = as(event, "prompt.sent");
  if (prompt) {
    const turn = freshTurn(prompt.turn, event.seq, prompt.text, prompt.mentions);
    state.turns.push({ ...turn, attachments: [...prompt.attachments] });
    return;
  }
  const id = (event.payload as { turn?: string }).turn;
  const view = turnOf(state, id);
  if (!view) return;
  const started = as(event, "reply.started");
  if (started) {
    view.model = `${started.provider} ${started.model}`.trim();
    view.attempt += 1;
    if (view.attempt > 1) {
      // Begun anew: what an attempt that broke off had said is no part of the answer.
      view.status = "waiting";
      view.reply = "";
      view.tools = [];
      view.delayed = "";
    }
    return;
  }
  const delayed = as(event, "reply.delayed");
  view.delayed = delayed ? delayed.reason : "";
  const appended = as(event, "reply.appended");
  if (appended) {
    view.status = "streaming";
    view.reply += appended.text;
  }
  const finished = as(event, "reply.finished");
  if (finished) {
    view.status = "finished";
    view.reply = finished.text;
    view.miss = finished.miss;
    view.stop_reason = finished.stop_reason;
    spend(state, view, finished);
  }
  const failed = as(event, "reply.failed");
  if (failed) {
    view.status = "failed";
    view.error = failed.reason;
    spend(state, view, failed);
    for (const ticket of Object.values(state.tickets))
      if (ticket.status === "working" && ticket.rounds.at(-1) === view) ticket.status = "failed";
  }
  const began = as(event, "tool.started");
  if (began) {
    const { call, tool, input } = began;
    view.tools.push({
      seq: event.seq,
      call,
      tool,
      input,
      output: "",
      ok: null,
      cut: 0,
      total_ms: 0,
      at: view.reply.length,
    });
  }
  const called = as(event, "tool.called");
  if (called) {
    const { call = "", tool, input, output, ok, cut = 0, total_ms = 0 } = called;
    const step = { seq: event.seq, call, tool, input, output, ok, cut, total_ms, at: view.reply.length };
    const underWay = call ? view.tools.findIndex((other) => other.call === call) : -1;
    const begun = view.tools[underWay];
    if (!begun) view.tools.push(step);
    else view.tools[underWay] = { ...step, at: begun.at };
  }
}

function spend(state: State, view: TurnView, ended: Payloads["reply.failed"] | Payloads["reply.finished"]): void {
  const { input_tokens = 0, output_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0 } = ended.usage ?? {};
  view.tokens = input_tokens + output_tokens + cache_read_tokens + cache_write_tokens;
  view.cost_microusd = ended.cost_microusd ?? null;
  view.first_token_ms = ended.first_token_ms ?? null;
  view.total_ms = ended.total_ms ?? 0;
  state.spent_tokens += view.tokens;
  state.spent_microusd += ended.cost_microusd ?? 0;
}

function applySuggestion(state: State, event: Wire): void {
  const offered = as(event, "suggestion.offered");
  if (offered) {
    const { suggestion, turn, title } = offered;
    const hunks = offered.hunks.map(whole);
    state.suggestions[suggestion] = {
      suggestion,
      seq: event.seq,
      turn,
      title,
      hunks,
      decisions: bare(),
      kept: bare(),
      refreshed: bare(),
    };
    turnOf(state, turn)?.suggestions.push(suggestion);
    return;
  }
  const view = state.suggestions[(event.payload as { suggestion?: string }).suggestion ?? ""];
  if (!view) return;
  const refreshed = as(event, "suggestion.refreshed");
  if (refreshed) {
    const fresh = whole(refreshed.hunk);
    view.hunks = view.hunks.map((hunk) => (hunk.hunk === fresh.hunk ? fresh : hunk));
    view.refreshed[fresh.hunk] = event.seq;
  }
  const decided = as(event, "suggestion.decided");
  if (!decided) return;
  view.decisions[decided.hunk] = decided.decision;
  if (typeof decided.kept === "string") view.kept[decided.hunk] = decided.kept;
}

function applyTicket(state: State, event: Wire): void {
  const opened = as(event, "ticket.opened");
  if (opened) {
    const { ticket, title, text, mentions = [] } = opened;
    const rounds = [freshTurn(opened.turn, event.seq, text, mentions)];
    state.tickets[ticket] = {
      ticket,
      seq: event.seq,
      title,
      text,
      status: "working",
      rounds,
      change: null,
      answer: null,
      begun_ms: event.at_ms,
    };
    return;
  }
  const view = state.tickets[(event.payload as { ticket?: string }).ticket ?? ""];
  if (!view) return;
  const revised = as(event, "ticket.revised");
  if (revised) {
    const round = freshTurn(revised.turn, event.seq, revised.text);
    view.rounds.push({ ...round, comments: revised.comments ?? [] });
    view.status = "working";
    view.begun_ms = event.at_ms;
    view.answer = null;
  }
  const returned = as(event, "ticket.returned");
  if (returned) {
    const { turn, title, description, suggestion, checks = [] } = returned;
    view.status = "returned";
    const came = { seq: event.seq, turn, title, description, suggestion, checks };
    // The change that came before one without still stands.
    if (suggestion === null) view.answer = came;
    else view.change = came;
  }
  if (event.type === "ticket.closed") view.status = "closed";
}

function applyReview(state: State, event: Wire): void {
  const comment = as(event, "comment.added");
  if (comment) {
    const { suggestion, hunk, line, text } = comment;
    state.comments.push({ seq: event.seq, comment: comment.comment, suggestion, hunk, line, text });
  }
  const opened = as(event, "review.opened");
  if (opened) {
    const { review, title, description, folder, checks = [] } = opened;
    const hunks = opened.hunks.map(whole);
    state.review = { review, seq: event.seq, title, description, folder, hunks, checks, verdicts: bare() };
  }
  const judged = as(event, "hunk.judged");
  if (judged && state.review?.review === judged.review) {
    const { verdict, line = 0, fault = "", repair = null, late = false } = judged;
    state.review.verdicts[judged.hunk] = { seq: event.seq, verdict, line, fault, repair, late };
  }
}

/** A hunk with the fields that earlier logs leave out. */
function whole(hunk: Hunk): Hunk {
  return { ...hunk, lead: hunk.lead ?? "", trail: hunk.trail ?? "" };
}
