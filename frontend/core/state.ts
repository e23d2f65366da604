// What an interview looks like after some of its events.
// Owns the view state in the browser. Invariant: the same fields as interviews/state.py. Leaves out how events change it (fold.ts),
// clocks (timeline.ts) and drawing.

import type { Check, DebriefItem, Decision, Hunk, Mention, Role, TestResult, Verdict } from "./events.ts";

export interface FileView {
  text: string | null;
  version: number;
  size: number;
}
export interface TerminalView {
  cols: number;
  rows: number;
  open: boolean;
  output: string[];
}
export interface CommandView {
  seq: number;
  terminal: string;
  command: string;
  exit_code: number;
}
export interface RunView {
  run: string;
  seq: number;
  finished_seq: number | null;
  exit_code: number | null;
  tests: TestResult[];
  output: string;
  timed_out: boolean;
}
export interface ToolView {
  seq: number;
  call: string;
  tool: string;
  input: unknown;
  output: string;
  /** null while it is under way. */
  ok: boolean | null;
  /** Characters of the output that were left out. */
  cut: number;
  total_ms: number;
  /** How much of the reply had been said before it, in UTF-16 code units. */
  at: number;
}
export interface TurnView {
  turn: string;
  seq: number;
  prompt: string;
  attachments: string[];
  status: "waiting" | "streaming" | "finished" | "failed";
  reply: string;
  model: string;
  error: string;
  miss: boolean;
  stop_reason: string;
  suggestions: string[];
  tools: ToolView[];
  mentions: Mention[];
  attempt: number;
  /** Why the service has not answered yet; "" where it has, or nothing is known. */
  delayed: string;
  tokens: number;
  /** null where it is not known. */
  cost_microusd: number | null;
  first_token_ms: number | null;
  total_ms: number;
  /** The comments that a round of a ticket was asked for with. */
  comments: string[];
}
export interface SuggestionView {
  suggestion: string;
  seq: number;
  turn: string;
  title: string;
  hunks: Hunk[];
  decisions: Record<string, Decision>;
  /** What an accepted hunk was changed to before it went in. */
  kept: Record<string, string>;
  /** The event that made a hunk anew. */
  refreshed: Record<string, number>;
}
export interface ReturnView {
  seq: number;
  turn: string;
  title: string;
  description: string;
  suggestion: string | null;
  checks: Check[];
}
export interface TicketView {
  ticket: string;
  seq: number;
  title: string;
  text: string;
  status: "working" | "returned" | "failed" | "closed";
  /** One turn for each round of work, with its steps. */
  rounds: TurnView[];
  /** The newest change request; its hunks are those of the proposal `suggestion`. */
  change: ReturnView | null;
  /** What the newest round brought back where it changed nothing: its `suggestion` is null. */
  answer: ReturnView | null;
  /** When the newest round began, Unix ms. */
  begun_ms: number;
}
export interface CommentView {
  seq: number;
  comment: string;
  suggestion: string;
  hunk: string;
  /** Counted in what the hunk puts there; 0 is the whole hunk. */
  line: number;
  text: string;
}
export interface VerdictView {
  seq: number;
  verdict: Verdict;
  line: number;
  fault: string;
  repair: string | null;
  late: boolean;
}
export interface ReviewView {
  review: string;
  seq: number;
  title: string;
  description: string;
  folder: string;
  hunks: Hunk[];
  checks: Check[];
  verdicts: Record<string, VerdictView>;
}
export interface NoteView {
  seq: number;
  actor: string;
  text: string;
  about_seq: number;
}
export interface State {
  seq: number;
  at_ms: number;
  status: "invited" | "ready" | "running" | "grace" | "between" | "submitted" | "finished";
  phase: string;
  phase_started_ms: number;
  phase_duration_ms: number;
  phase_ended_ms: number | null;
  paused_ms: number | null;
  pause_reason: string;
  lost_ms: number;
  sandbox: string;
  sandbox_lost: string;
  sandbox_back: "" | "adopted" | "rebuilt";
  missing: string[];
  queued: number | null;
  sync_error: string;
  late: boolean;
  /** False where the candidate chose the format without planted mistakes. */
  plants: boolean;
  /** Between two phases: what comes next, for how long, and when that was offered; "" and 0 otherwise. */
  next_phase: string;
  next_phase_ms: number;
  offered_ms: number;
  files: Record<string, FileView>;
  terminals: Record<string, TerminalView>;
  commands: CommandView[];
  runs: RunView[];
  turns: TurnView[];
  suggestions: Record<string, SuggestionView>;
  tickets: Record<string, TicketView>;
  comments: CommentView[];
  review: ReviewView | null;
  spent_tokens: number;
  spent_microusd: number;
  notes: NoteView[];
  presence: Record<string, { role: Role; state: string }>;
  debrief: DebriefItem[] | null;
}

/** A record without inherited names: a file may be called `constructor` or `__proto__`. */
export function bare<T>(): Record<string, T> {
  return Object.create(null);
}

export function emptyState(): State {
  return {
    seq: 0,
    at_ms: 0,
    status: "invited",
    phase: "",
    phase_started_ms: 0,
    phase_duration_ms: 0,
    phase_ended_ms: null,
    paused_ms: null,
    pause_reason: "",
    lost_ms: 0,
    sandbox: "",
    sandbox_lost: "",
    sandbox_back: "",
    missing: [],
    queued: null,
    sync_error: "",
    late: false,
    plants: true,
    next_phase: "",
    next_phase_ms: 0,
    offered_ms: 0,
    files: bare(),
    terminals: bare(),
    commands: [],
    runs: [],
    turns: [],
    suggestions: bare(),
    tickets: bare(),
    comments: [],
    review: null,
    spent_tokens: 0,
    spent_microusd: 0,
    notes: [],
    presence: bare(),
    debrief: null,
  };
}

/** A copy that later events do not reach; texts and finished parts are shared. */
export function cloneState(state: State): State {
  const each = <T, U>(record: Record<string, T>, copy: (value: T) => U): Record<string, U> =>
    Object.entries(record).reduce((out, [key, value]) => {
      out[key] = copy(value);
      return out;
    }, bare<U>());
  return {
    ...state,
    files: each(state.files, (view) => ({ ...view })),
    terminals: each(state.terminals, (view) => ({ ...view, output: [...view.output] })),
    commands: [...state.commands],
    runs: state.runs.map((view) => ({ ...view })),
    turns: state.turns.map(cloneTurn),
    tickets: each(state.tickets, (view) => ({ ...view, rounds: view.rounds.map(cloneTurn) })),
    comments: [...state.comments],
    review: state.review && { ...state.review, verdicts: { ...state.review.verdicts } },
    suggestions: each(state.suggestions, (view) => ({
      ...view,
      decisions: { ...view.decisions },
      kept: { ...view.kept },
      refreshed: { ...view.refreshed },
    })),
    notes: [...state.notes],
    missing: [...state.missing],
    presence: each(state.presence, (view) => view),
  };
}

function cloneTurn(view: TurnView): TurnView {
  return { ...view, suggestions: [...view.suggestions], tools: [...view.tools] };
}

/** The turn of that id, or the round of a ticket. */
export function turnOf(state: State, id: string | undefined): TurnView | undefined {
  return (
    state.turns.findLast((view) => view.turn === id) ??
    Object.values(state.tickets)
      .flatMap((ticket) => ticket.rounds)
      .find((view) => view.turn === id)
  );
}
