// Change sets applied to plain strings.
// Owns `applyChanges` for the fold. Invariant: the same text as CodeMirror's ChangeSet gives, without building its rope for each
// event: JavaScript strings are UTF-16 already, so a slice is exact. Leaves out mapping and composing, which CodeMirror does.

import type { ChangesJson } from "./events.ts";

/** The text after the change set. Throws when it was made for a text of another length. */
export function applyChanges(text: string, changes: ChangesJson): string {
  let at = 0;
  let out = "";
  for (const part of changes) {
    if (typeof part === "number") {
      out += text.slice(at, at + part);
      at += part;
    } else {
      out += part.slice(1).join("\n");
      at += part[0] as number;
    }
  }
  if (at !== text.length) throw new Error(`expected a change set for ${text.length} code units, got one for ${at}`);
  return out;
}

const encoder = new TextEncoder();

/** Size in bytes of UTF-8; a half surrogate counts three, as the server counts it. */
export function utf8Size(text: string): number {
  return encoder.encode(text).length;
}

/** Ranges `[from, to)` that a change set inserts, in the text after it; a pure deletion gives an empty range. */
export function insertedRanges(changes: ChangesJson): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  let at = 0;
  for (const part of changes) {
    if (typeof part === "number") {
      at += part;
    } else {
      const size = part.slice(1).join("\n").length;
      ranges.push({ from: at, to: at + size });
      at += size;
    }
  }
  return ranges;
}
