// A hunk as the lines a person reads.
// Owns lining up a hunk with the file as it is now, and the line-by-line difference. Invariant: pure; what the hunk removes and adds
// is shown whole, context only where the file still has the place. Leaves out whether it may be accepted: the server says that.

import type { Hunk } from "../core/events.ts";
import type { SuggestionView } from "../core/state.ts";

export interface DiffLine {
  kind: "same" | "removed" | "added";
  old: number | null;
  new: number | null;
  text: string;
  /** The part of the text, `[from, to)`, that differs from its counterpart; absent where the whole line does. */
  part?: readonly [number, number];
  /** Of a line that the hunk puts there: which of its lines it is, from 1. */
  own?: number;
}

const CONTEXT = 3;
const MAX_PAIRS = 250_000;

/** Where a hunk belongs, by its text: the lines it replaces and those around them, as interviews/anchors.py has it. */
export interface Anchored {
  before: string;
  after: string;
  lead?: string;
  trail?: string;
}

/** The lines of a text with their newlines. */
function wholeLines(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  return [...lines.map((line) => `${line}\n`), ...(last ? [last] : [])];
}

/** The line where `before` stands with most of its `lead` and `trail` around it, at `least` so many lines of them; among equals the
 * one nearest to `near`; null where there is none or it cannot be told which. As `place` in interviews/anchors.py. */
export function place(text: string, hunk: Anchored, near: number | null, least = 0): number | null {
  const lines = wholeLines(text);
  const [before, lead, trail] = [hunk.before, hunk.lead ?? "", hunk.trail ?? ""].map(wholeLines) as [
    string[],
    string[],
    string[],
  ];
  if (!before.length && !lead.length && !trail.length) return near === null ? null : Math.min(near, lines.length);
  let best = before.length ? least : Math.max(1, least);
  let found: number[] = [];
  const last = lines.length - before.length;
  const ends = hunk.after !== "" && !hunk.after.endsWith("\n");
  for (let at = 0; at <= last; at++) {
    if (before.some((line, offset) => lines[at + offset] !== line)) continue;
    if (at === lines.length && at > 0 && !lines[at - 1]?.endsWith("\n")) continue;
    if (ends && at !== last) continue;
    const score = context(lines, at, at + before.length, lead, trail);
    if (score > best) [best, found] = [score, [at]];
    else if (score === best) found.push(at);
  }
  if (near !== null && found.length) {
    const distance = Math.min(...found.map((at) => Math.abs(at - near)));
    found = found.filter((at) => Math.abs(at - near) === distance);
  }
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** How many lines of `lead` and `trail` stand right before `start` and from `end` on. */
function context(lines: string[], start: number, end: number, lead: string[], trail: string[]): number {
  let [above, below] = [0, 0];
  while (above < Math.min(lead.length, start) && lead[lead.length - 1 - above] === lines[start - 1 - above]) above++;
  while (below < Math.min(trail.length, lines.length - end) && trail[below] === lines[end + below]) below++;
  return above + below;
}

/** The lines of a text; a final newline ends its last line and begins no other. */
export function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

/** Lines that accepted hunks of the same proposal put before this one, net. */
function shift(hunk: Hunk, view: SuggestionView): number {
  return view.hunks
    .filter((other) => other.path === hunk.path && other.base_version === hunk.base_version && other.line < hunk.line)
    .filter((other) => view.decisions[other.hunk] === "accepted")
    .reduce((sum, other) => sum + linesOf(wentIn(other, view)).length - linesOf(other.before).length, 0);
}

/** The text that an accepted hunk put into the file. */
export function wentIn(hunk: Hunk, view: SuggestionView): string {
  return view.kept[hunk.hunk] ?? hunk.after;
}

/** Where the hunk stands in the file now: a 0-based line, or -1 where the file has other text there. The server, which knows every
 * edit since, may find that these are not the lines after all. */
export function placeOf(hunk: Hunk, view: SuggestionView, text: string | null): number {
  if (text === null) return hunk.before === "" ? 0 : -1;
  const accepted = view.decisions[hunk.hunk] === "accepted";
  const lines = accepted ? { ...hunk, before: wentIn(hunk, view), after: "" } : hunk;
  const near = Math.max(0, hunk.line - 1 + shift(hunk, view));
  // Of two that are as near, the upper one: it is for the server to know better.
  return place(text, lines, near) ?? place(text, lines, near - 0.5) ?? -1;
}

/** The hunk's lines with context from the file. */
export function diffLines(hunk: Hunk, view: SuggestionView, text: string | null): DiffLine[] {
  const before = linesOf(hunk.before);
  const after = linesOf(wentIn(hunk, view));
  const at = placeOf(hunk, view, text);
  const start = at < 0 ? hunk.line - 1 : at;
  const file = linesOf(text ?? "");
  const accepted = view.decisions[hunk.hunk] === "accepted";
  const size = accepted ? after.length : before.length;
  const out: DiffLine[] = [];
  if (at >= 0) {
    for (let line = Math.max(0, at - CONTEXT); line < at; line++) {
      out.push({ kind: "same", old: line + 1, new: line + 1, text: file[line] ?? "" });
    }
  }
  let [old, fresh, own] = [start + 1, start + 1, 0];
  for (const step of compare(before, after)) {
    out.push({
      ...(step.kind === "removed" ? {} : { own: ++own }),
      kind: step.kind,
      old: step.kind === "added" ? null : old,
      new: step.kind === "removed" ? null : fresh,
      text: step.text,
    });
    if (step.kind !== "added") old++;
    if (step.kind !== "removed") fresh++;
  }
  if (at >= 0) {
    for (let line = at + size; line < Math.min(file.length, at + size + CONTEXT); line++) {
      out.push({ kind: "same", old: old++, new: fresh++, text: file[line] ?? "" });
    }
  }
  markParts(out);
  return out;
}

/** Where as many lines were added as removed, side by side, mark what differs within each pair. */
function markParts(lines: DiffLine[]): void {
  let at = 0;
  while (at < lines.length) {
    const removed = run(lines, at, "removed");
    const added = run(lines, at + removed, "added");
    if (removed === 0) {
      at += 1;
      continue;
    }
    for (let pair = 0; removed === added && pair < removed; pair++) {
      const [old, fresh] = [lines[at + pair], lines[at + removed + pair]];
      if (old && fresh) markPair(old, fresh);
    }
    at += removed + added;
  }
}

function run(lines: readonly DiffLine[], from: number, kind: DiffLine["kind"]): number {
  let size = 0;
  while (lines[from + size]?.kind === kind) size++;
  return size;
}

function markPair(old: DiffLine, fresh: DiffLine): void {
  const least = Math.min(old.text.length, fresh.text.length);
  let head = 0;
  while (head < least && old.text[head] === fresh.text[head]) head++;
  let tail = 0;
  while (tail < least - head && old.text.at(-1 - tail) === fresh.text.at(-1 - tail)) tail++;
  // Lines that share only their indentation are different lines: marking nearly all of them says nothing.
  if (old.text.slice(0, head).trim().length + tail < least / 3) return;
  old.part = [head, old.text.length - tail];
  fresh.part = [head, fresh.text.length - tail];
}

/** The shortest line-by-line difference; where that would take long, all of one and then all of the other. */
export function compare(a: readonly string[], b: readonly string[]): { kind: DiffLine["kind"]; text: string }[] {
  const removed = (text: string) => ({ kind: "removed" as const, text });
  const added = (text: string) => ({ kind: "added" as const, text });
  if (a.length * b.length > MAX_PAIRS) return [...a.map(removed), ...b.map(added)];
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, right] = [common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0];
      common[i * width + j] = a[i] === b[j] ? (common[(i + 1) * width + j + 1] ?? 0) + 1 : Math.max(down, right);
    }
  }
  const out: { kind: DiffLine["kind"]; text: string }[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: "same", text: a[i] ?? "" });
      i++;
      j++;
    } else if (
      i < a.length &&
      (j === b.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      out.push(removed(a[i++] ?? ""));
    } else {
      out.push(added(b[j++] ?? ""));
    }
  }
  return out;
}
