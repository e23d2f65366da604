// The wire's vocabulary: what the server sends, as types.
// Owns the shapes of events and their payloads as interviews/events.py defines them. Invariant: only grows, with the server.
// Leaves out meaning (fold.ts) and transport (live.ts, recorded.ts). Times are Unix ms, positions UTF-16 code units, lines 1-based.

export type Role = "candidate" | "interviewer";
export type Origin =
  | "starter"
  | "typed"
  | "paste"
  | "undo"
  | "hunk"
  | "terminal"
  | "co-edit"
  | "rebuild"
  | "keyframe"
  | "redacted";
export type Decision = "accepted" | "rejected";
/** A change set in CodeMirror's JSON form: `n` keeps, `[d, ...lines]` replaces d units by the lines. */
export type ChangesJson = readonly (number | readonly (number | string)[])[];

export interface Hunk {
  hunk: string;
  path: string;
  base_version: number;
  line: number;
  before: string;
  after: string;
  /** Up to three whole lines that stood before and after; not in logs written before they were thought of. */
  lead?: string;
  trail?: string;
}

/** What was attached to a prompt, as it was sent; `name` is a path, a test's id or a terminal. A whole file has no text here. */
export interface Mention {
  kind: "file" | "selection" | "failure" | "terminal";
  name: string;
  text: string;
  version: number;
  line: number;
  end_line: number;
  cut: number;
}

export interface TestResult {
  id: string;
  outcome: "passed" | "failed" | "error" | "skipped";
  message: string;
  duration_ms: number;
}

export interface DebriefItem {
  defect: string;
  title: string;
  explanation: string;
  fix: string;
  outcome:
    | "not shown"
    | "rejected"
    | "repaired"
    | "submitted"
    | "removed"
    | "taken"
    | "named"
    | "doubted"
    | "let through"
    | "not judged"
    | "not tried";
  suggestion: string | null;
  hunk: string | null;
  phase?: string;
  path?: string;
  proof?: string;
}

export type Verdict = "block" | "probably wrong" | "probably right" | "merge";

/** Something that was run on a change before it was handed over. */
export interface Check {
  name: string;
  ok: boolean;
  output: string;
}

/** Tokens of one reply; what was read from and written to the provider's cache is counted apart from the input. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_tokens?: number;
  cache_write_tokens?: number;
}

/** Payloads by event type. Types that no view reads are left out; they arrive as `Wire` all the same. */
export interface Payloads {
  "consent.given": { text_sha256: string; locale: string; plants?: boolean };
  "interview.started": Record<string, never>;
  "phase.started": { phase: string; duration_ms: number };
  "phase.ended": { phase: string; by: "candidate" | "clock" };
  "phase.offered": { phase: string; duration_ms: number };
  "clock.paused": { reason: string };
  "clock.resumed": { lost_ms: number };
  "presence.changed": { role: Role; client: string; state: "connected" | "away" | "gone" };
  "sandbox.queued": { ahead: number };
  /** The last three are not in logs written before they were thought of. */
  "sandbox.started": { backend: string; weaker: string[]; place?: string; adopted?: boolean; missing?: string[] };
  "sandbox.lost": { reason: string };
  "file.snapshotted": {
    path: string;
    version: number;
    text: string | null;
    size: number;
    sha256: string;
    origin: Origin;
    /** Not in logs written before it was thought of; "" where the file was not there under another name. */
    renamed_from?: string;
  };
  "file.edited": {
    path: string;
    version: number;
    changes: ChangesJson;
    origin: Origin;
    client: string;
    late: boolean;
  };
  "file.deleted": { path: string; origin: Origin };
  "sync.failed": { path: string; reason: string };
  "terminal.opened": { terminal: string; cols: number; rows: number };
  /** `cut`: bytes left out just before `data`. */
  "terminal.output": { terminal: string; data: string; cut?: number };
  "terminal.resized": { terminal: string; cols: number; rows: number };
  "terminal.closed": { terminal: string; exit_code: number };
  "command.finished": { terminal: string; command: string; exit_code: number };
  "run.started": { run: string; files: Record<string, number> };
  "run.finished": {
    run: string;
    exit_code: number;
    tests: TestResult[];
    output: string;
    timed_out: boolean;
    duration_ms: number;
  };
  /** Fields with a question mark are not in logs written before they were thought of. */
  "prompt.sent": { turn: string; text: string; attachments: string[]; mentions?: Mention[]; model?: string };
  "reply.started": {
    turn: string;
    provider: string;
    model: string;
    mode?: string;
    knows?: string[];
    attempt?: number;
  };
  "reply.delayed": { turn: string; reason: string; wait_ms: number };
  "reply.appended": { turn: string; text: string };
  "reply.finished": {
    turn: string;
    text: string;
    stop_reason: string;
    usage: Usage;
    first_token_ms: number;
    total_ms: number;
    miss: boolean;
    cost_microusd?: number | null;
  };
  "reply.failed": {
    turn: string;
    reason: string;
    usage?: Usage;
    first_token_ms?: number | null;
    total_ms?: number;
    cost_microusd?: number | null;
  };
  "tool.started": { turn: string; call: string; tool: string; input: unknown };
  "tool.called": {
    turn: string;
    tool: string;
    input: unknown;
    output: string;
    ok: boolean;
    call?: string;
    /** Characters of the output that were left out. */
    cut?: number;
    total_ms?: number;
  };
  "suggestion.offered": { suggestion: string; turn: string; title: string; hunks: Hunk[] };
  "suggestion.decided": { suggestion: string; hunk: string; decision: Decision; reason: string; kept?: string | null };
  "suggestion.refreshed": { suggestion: string; hunk: Hunk };
  "ticket.opened": {
    ticket: string;
    turn: string;
    title: string;
    text: string;
    files: Record<string, number>;
    mentions: Mention[];
    model: string;
  };
  "ticket.revised": {
    ticket: string;
    turn: string;
    text: string;
    files: Record<string, number>;
    comments: string[];
    model: string;
  };
  "ticket.returned": {
    ticket: string;
    turn: string;
    title: string;
    description: string;
    suggestion: string | null;
    checks: Check[];
  };
  "ticket.closed": { ticket: string };
  "comment.added": { comment: string; suggestion: string; hunk: string; line: number; text: string };
  "review.opened": {
    review: string;
    title: string;
    description: string;
    folder: string;
    hunks: Hunk[];
    checks: Check[];
  };
  "hunk.judged": {
    review: string;
    hunk: string;
    verdict: Verdict;
    line: number;
    fault: string;
    repair: string | null;
    late: boolean;
  };
  "interview.submitted": { by: "candidate" | "clock"; late: boolean };
  "debrief.shown": { items: DebriefItem[] };
  "note.added": { text: string; about_seq: number };
  "payload.erased": { seqs: number[]; reason: string };
  "analysis.recorded": { kind: string; result: Record<string, unknown> };
  "rating.recorded": {
    rater: string;
    blind: boolean;
    rubric: string;
    rubric_version: number;
    rubric_sha256: string;
    ratings: Rating[];
  };
  "explanation.rated": {
    rater: string;
    question: string;
    about_seq: number;
    level: number;
    note: string;
  };
  "score.revealed": { rater: string; rated: boolean };
  "score.overridden": {
    rater: string;
    dimension: string;
    level: number | null;
    reason: string;
    rubric_sha256: string;
  };
  "score.signed": { rater: string; rubric_sha256: string; head_hash: string };
}

/** A person's level for one dimension, 1-5, or null where they cannot tell. */
export interface Rating {
  dimension: string;
  level: number | null;
  reason: string;
  evidence: number[];
}

export type KnownType = keyof Payloads;

/** One event as the server sends it. A withheld or erased one has a null payload and only advances seq and time. */
export interface Wire {
  seq: number;
  at_ms: number;
  type: string;
  actor: string;
  cause: number | null;
  payload: unknown;
}

/** The event as one of type `type` where it is one and its payload is there. */
export function as<T extends KnownType>(event: Wire, type: T): Payloads[T] | null {
  return event.type === type && event.payload !== null ? (event.payload as Payloads[T]) : null;
}
