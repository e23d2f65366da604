// Keeping the candidate's documents and the server in step.
// Owns which changes are unsent, when they go out and how the server's come in. Invariant: local echo never waits; a change is
// either in the server's events or in the outbox; "saved" means committed. Leaves out tabs and the view (editors.ts).

import { type Signal, signal } from "@preact/signals";
import { collab, getSyncedVersion, rebaseUpdates, receiveUpdates, sendableUpdates } from "@codemirror/collab";
import { ChangeSet, type Extension, Transaction } from "@codemirror/state";
import { as, type Wire } from "../core/events.ts";
import type { Live } from "../core/live.ts";
import type { Store } from "../core/store.ts";
import type { Doc, Editors, Sync } from "./editors.ts";
import { difference, type EditOrigin, type Outbox } from "./outbox.ts";

const BATCH_MS = 250;
const STALE_MS = 200;
const AGAIN_MS = 1500;
const MAX_UPDATES = 200;
const MAX_BATCH_CHARS = 300_000;

interface Way {
  pushing: boolean;
  timer: number;
  /** The version that the last acknowledgement promised; its events may still be under way. */
  promised: number;
}

export class Editable implements Sync {
  /** Changes not confirmed by the server, over all files. */
  readonly unsent: Signal<number> = signal(0);
  /** Why the server refused an edit, or why it could not be kept here; empty when all is well. */
  readonly refused = signal("");
  /** The unsent changes could not be kept on this computer (storage full or forbidden). */
  readonly unkept = signal(false);
  editors!: Editors;
  #ways = new Map<string, Way>();

  constructor(
    private store: Store,
    private live: Live,
    private outbox: Outbox,
    private client: string,
  ) {
    live.connection.subscribe((connection) => {
      if (connection === "online") this.flush();
    });
  }

  extensions(_path: string, version: number): Extension {
    return collab({ startVersion: version, clientID: this.client });
  }

  changed(doc: Doc): void {
    this.#keep(doc);
    this.#later(doc, BATCH_MS);
  }

  follow(doc: Doc, event: Wire, before: string | null): void {
    const edited = as(event, "file.edited");
    const whole = as(event, "file.snapshotted");
    const synced = getSyncedVersion(doc.state);
    if (edited && edited.version === synced + 1) {
      const changes = ChangeSet.fromJSON(edited.changes);
      doc.dispatch(receiveUpdates(doc.state, [{ changes, clientID: edited.client }]));
    } else if (edited && edited.version > synced) {
      this.#rebuild(doc, difference(before ?? "", this.store.now.files[doc.path]?.text ?? ""), edited.version);
    } else if (whole && whole.text !== null) {
      this.#rebuild(doc, difference(before ?? "", whole.text), whole.version);
    }
    this.#verify(doc);
    this.#keep(doc);
    const way = this.#way(doc.path);
    if (way.promised && getSyncedVersion(doc.state) >= way.promised) {
      way.promised = 0;
      if (sendableUpdates(doc.state).length) this.#later(doc, 0);
    }
  }

  replace(doc: Doc, text: string, version: number): void {
    doc.renew(this.editors.fresh(doc.path, text, version));
    this.#keep(doc);
  }

  gone(path: string): void {
    clearTimeout(this.#ways.get(path)?.timer);
    this.#ways.delete(path);
    this.outbox.remove(this.client, path);
    this.#count();
  }

  /** Make kept updates changes of this page again. */
  reapply(path: string, updates: readonly { changes: ChangeSet; origin: EditOrigin }[]): boolean {
    const doc = this.editors.doc(path);
    if (!doc) return false;
    const events = { typed: "input", paste: "input.paste", undo: "undo" };
    for (const { changes, origin } of updates) {
      doc.dispatch({ changes, annotations: Transaction.userEvent.of(events[origin]) });
    }
    this.#keep(doc);
    this.#later(doc, 0);
    return true;
  }

  /** Send everything unsent now. */
  flush(): void {
    for (const doc of this.editors.docs.values()) if (sendableUpdates(doc.state).length) this.#later(doc, 0);
  }

  unsentOf(path: string): number {
    const doc = this.editors.docs.get(path);
    return doc ? sendableUpdates(doc.state).length : 0;
  }

  #way(path: string): Way {
    let way = this.#ways.get(path);
    if (!way) {
      way = { pushing: false, timer: 0, promised: 0 };
      this.#ways.set(path, way);
    }
    return way;
  }

  #later(doc: Doc, ms: number): void {
    const way = this.#way(doc.path);
    if (way.timer && ms) return;
    clearTimeout(way.timer);
    way.timer = window.setTimeout(() => {
      way.timer = 0;
      void this.#push(doc);
    }, ms);
  }

  async #push(doc: Doc): Promise<void> {
    const way = this.#way(doc.path);
    if (way.pushing || way.promised || this.editors.docs.get(doc.path) !== doc) return;
    const updates = limited(sendableUpdates(doc.state).map(wire));
    if (!updates.length) return;
    way.pushing = true;
    const version = getSyncedVersion(doc.state);
    const ack = await this.live.send("edit", { path: doc.path, version, updates });
    way.pushing = false;
    if (ack.ok) {
      this.refused.value = "";
      const promised = Number(ack.version);
      if (getSyncedVersion(doc.state) < promised) way.promised = promised;
      else if (sendableUpdates(doc.state).length) this.#later(doc, 0);
    } else if (ack.code === "stale") {
      this.#later(doc, STALE_MS);
    } else if (ack.code !== "offline") {
      this.refused.value = ack.error;
      this.#later(doc, AGAIN_MS);
    }
  }

  /** The file was replaced on the server's side: start again from there, with the unsent changes moved over. */
  #rebuild(doc: Doc, over: ChangeSet, version: number): void {
    const mine = sendableUpdates(doc.state).map((update) => ({
      changes: update.changes,
      clientID: this.client,
      origin: originOf(update.origin),
    }));
    const selection = doc.state.selection;
    const left = rebaseUpdates(mine, [{ changes: over, clientID: "" }]);
    const text = this.store.now.files[doc.path]?.text ?? "";
    const fresh = this.editors.fresh(doc.path, text, version);
    const moved = selection.map(over).main;
    const head = Math.min(moved.head, fresh.doc.length);
    doc.renew(fresh.update({ selection: { anchor: head } }).state);
    this.reapply(
      doc.path,
      left.map((update, index) => ({ changes: update.changes, origin: mine[index]?.origin ?? "typed" })),
    );
  }

  /** With nothing unsent the document must be the server's text; where it is not, the server's text stands. */
  #verify(doc: Doc): void {
    const file = this.store.now.files[doc.path];
    if (!file || file.text === null || sendableUpdates(doc.state).length) return;
    if (getSyncedVersion(doc.state) !== file.version || doc.state.doc.length !== file.text.length) {
      this.replace(doc, file.text, file.version);
    }
  }

  #keep(doc: Doc): void {
    const updates = sendableUpdates(doc.state);
    const kept = this.outbox.write({
      client: this.client,
      path: doc.path,
      seq: this.store.now.seq,
      version: getSyncedVersion(doc.state),
      updates: updates.map((update) => ({ changes: update.changes.toJSON(), origin: originOf(update.origin) })),
    });
    this.unkept.value = !kept;
    this.#count();
  }

  #count(): void {
    let count = 0;
    for (const doc of this.editors.docs.values()) count += sendableUpdates(doc.state).length;
    this.unsent.value = count;
  }
}

function wire(update: { changes: ChangeSet; clientID: string; origin: Transaction }) {
  return { clientID: update.clientID, changes: update.changes.toJSON(), origin: originOf(update.origin) };
}

/** As many updates as one message may hold; always at least one. */
function limited<T extends { changes: unknown }>(updates: T[]): T[] {
  let size = 0;
  const count = updates.findIndex((update, index) => {
    size += JSON.stringify(update.changes).length;
    return index > 0 && (index >= MAX_UPDATES || size > MAX_BATCH_CHARS);
  });
  return count < 0 ? updates : updates.slice(0, count);
}

export function originOf(transaction: Transaction): EditOrigin {
  if (transaction.isUserEvent("undo") || transaction.isUserEvent("redo")) return "undo";
  if (transaction.isUserEvent("input.paste") || transaction.isUserEvent("input.drop")) return "paste";
  return "typed";
}
