// Edits that the server has not confirmed, kept on this computer.
// Owns their form in localStorage, one entry a tab and file. Invariant: written in the same turn as the change they hold, so that
// a reload at any moment finds them; removed only when the server's events held them. Leaves out sending (editable.ts).

import { rebaseUpdates, type Update } from "@codemirror/collab";
import { ChangeSet } from "@codemirror/state";
import { diff } from "@codemirror/merge";
import { as, type Wire } from "../core/events.ts";
import type { State } from "../core/state.ts";

export type EditOrigin = "typed" | "paste" | "undo";

/** Updates made against `version` of a file, which it had at event `seq`. */
export interface Kept {
  client: string;
  path: string;
  seq: number;
  version: number;
  updates: { changes: unknown; origin: EditOrigin }[];
}

export class Outbox {
  constructor(private interview: string) {}

  write(kept: Kept): boolean {
    const key = this.#key(kept.client, kept.path);
    try {
      if (kept.updates.length) localStorage.setItem(key, JSON.stringify(kept));
      else localStorage.removeItem(key);
      return true;
    } catch {
      return false;
    }
  }

  remove(client: string, path: string): void {
    localStorage.removeItem(this.#key(client, path));
  }

  /** Everything kept for this interview, whichever tab wrote it. */
  all(): Kept[] {
    const found: Kept[] = [];
    for (let index = 0; index < localStorage.length; index++) {
      const key = localStorage.key(index) ?? "";
      if (!key.startsWith(this.#key("", "").slice(0, -1))) continue;
      try {
        found.push(JSON.parse(localStorage.getItem(key) ?? ""));
      } catch {
        // Not ours to understand: left where it is.
      }
    }
    return found;
  }

  #key(client: string, path: string): string {
    return `pairsight.edits/${this.interview}/${client}/${path}`;
  }
}

/** A change set from one text to another, in few pieces. */
export function difference(from: string, to: string): ChangeSet {
  const changes = diff(from, to, { scanLimit: 500 }).map((change) => ({
    from: change.fromA,
    to: change.toA,
    insert: to.slice(change.fromB, change.toB),
  }));
  return ChangeSet.of(changes, from.length, "\n");
}

/** Kept updates as they apply after `events`, those confirmed among them left out; null where the file is gone.
 * `stateBefore` gives the state before an event, asked for only where a file was replaced as a whole. */
export async function rebased(
  kept: Kept,
  events: readonly Wire[],
  stateBefore: (seq: number) => Promise<State>,
): Promise<(Update & { origin: EditOrigin })[] | null> {
  const over: { changes: ChangeSet; clientID: string }[] = [];
  for (const event of events) {
    if (as(event, "file.deleted")?.path === kept.path) return null;
    const edited = as(event, "file.edited");
    if (edited?.path === kept.path) over.push({ changes: ChangeSet.fromJSON(edited.changes), clientID: edited.client });
    const whole = as(event, "file.snapshotted");
    if (whole?.path === kept.path) {
      const before = (await stateBefore(event.seq)).files[kept.path]?.text;
      if (before === undefined || before === null || whole.text === null) return null;
      over.push({ changes: difference(before, whole.text), clientID: "" });
    }
  }
  const mine = kept.updates.map(({ changes }) => ({ changes: ChangeSet.fromJSON(changes), clientID: kept.client }));
  const left = rebaseUpdates(mine, over);
  const origins = kept.updates.slice(kept.updates.length - left.length);
  return left.map((update, index) => ({ ...update, origin: origins[index]?.origin ?? "typed" }));
}
