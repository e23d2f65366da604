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
}

const CONTEXT = 3;
const MAX_PAIRS = 250_000;

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
    .reduce((sum, other) => sum + linesOf(other.after).length - linesOf(other.before).length, 0);
}

/** Where, 0-based, `needle` stands in `lines`, nearest to `near`; -1 where it does not. */
function nearest(lines: readonly string[], needle: readonly string[], near: number): number {
  if (needle.length === 0) return Math.max(0, Math.min(near, lines.length));
  let best = -1;
  for (let at = 0; at + needle.length <= lines.length; at++) {
    if (needle.every((line, offset) => lines[at + offset] === line)) {
      if (best < 0 || Math.abs(at - near) < Math.abs(best - near)) best = at;
    }
  }
  return best;
}

/** Where the hunk stands in the file now: a 0-based line, or -1 where the file has other text there. */
export function place(hunk: Hunk, view: SuggestionView, text: string | null): number {
  if (text === null) return hunk.before === "" ? 0 : -1;
  const needle = view.decisions[hunk.hunk] === "accepted" ? hunk.after : hunk.before;
  return nearest(linesOf(text), linesOf(needle), hunk.line - 1 + shift(hunk, view));
}

/** The hunk's lines with context from the file. */
export function diffLines(hunk: Hunk, view: SuggestionView, text: string | null): DiffLine[] {
  const before = linesOf(hunk.before);
  const after = linesOf(hunk.after);
  const at = place(hunk, view, text);
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
  let [old, fresh] = [start + 1, start + 1];
  for (const step of compare(before, after)) {
    out.push({
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
