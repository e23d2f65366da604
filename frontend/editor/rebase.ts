// Changes moved to another version of their file.
// Owns the arithmetic, without documents or storage. Invariant: what `events` confirmed is left out, the rest applies to the text
// after them; a renamed file takes its changes along. Leaves out keeping (outbox.ts) and sending (editable.ts).

import { rebaseUpdates, type Update } from "@codemirror/collab";
import { diff } from "@codemirror/merge";
import { ChangeSet, Text } from "@codemirror/state";
import { as, type Wire } from "../core/events.ts";
import type { State } from "../core/state.ts";
import type { EditOrigin, Kept } from "./outbox.ts";

export type Mine = Update & { origin: EditOrigin };

export interface Rebased {
  path: string;
  updates: Mine[];
  /** The file went away: its text as it would be with the changes. */
  orphan?: string;
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

/** Own changes as they apply after `over`, which others made to the same text. */
export function moved(mine: readonly Mine[], over: readonly Update[]): Mine[] {
  const left = rebaseUpdates(mine, over);
  const origins = mine.slice(mine.length - left.length);
  return left.map((update, index) => ({ ...update, origin: origins[index]?.origin ?? "typed" }));
}

/** All updates in one, for a text of `length` code units. */
export function composed(updates: readonly Update[], length: number): ChangeSet {
  return updates.reduce((all, { changes }) => all.compose(changes), ChangeSet.empty(length));
}

export function applied(updates: readonly Update[], text: string): string {
  return updates.reduce((doc, { changes }) => changes.apply(doc), Text.of(text.split("\n"))).toString();
}

/** Kept updates as they apply after `events`. `stateBefore` gives the state before an event, asked for only where a file was
 * replaced as a whole or deleted. Throws where the entry does not fit what it says it was made for. */
export async function rebased(
  kept: Kept,
  events: readonly Wire[],
  stateBefore: (seq: number) => Promise<State>,
): Promise<Rebased> {
  let path = kept.path;
  let mine: Mine[] = kept.updates.map(({ changes, origin }) => ({
    changes: ChangeSet.fromJSON(changes),
    clientID: kept.client,
    origin,
  }));
  const textBefore = async (seq: number) => (await stateBefore(seq)).files[path]?.text ?? null;
  for (const event of events) {
    const edited = as(event, "file.edited");
    if (edited?.path === path) {
      mine = moved(mine, [{ changes: ChangeSet.fromJSON(edited.changes), clientID: edited.client }]);
    }
    const whole = as(event, "file.snapshotted");
    const renamed = whole?.renamed_from === path;
    if (whole && (renamed || whole.path === path) && mine.length) {
      const before = await textBefore(event.seq);
      if (before !== null && whole.text === null) return { path, updates: [], orphan: applied(mine, before) };
      if (before !== null && whole.text !== null) {
        mine = moved(mine, [{ changes: difference(before, whole.text), clientID: "" }]);
      }
    }
    if (whole && renamed) path = whole.path;
    if (as(event, "file.deleted")?.path === path && mine.length) {
      const before = await textBefore(event.seq);
      return { path, updates: [], ...(before === null ? {} : { orphan: applied(mine, before) }) };
    }
  }
  return { path, updates: mine };
}
