// Keeping a person's documents and the server in step.
// Owns which changes are unsent, when they go out and how the server's come in. Invariant: local echo never waits; a change is
// either in the server's events or in the outbox; "saved" means committed. Leaves out tabs and the view (editors.ts), the outbox's
// form (outbox.ts) and moving changes (rebase.ts).

import { type Signal, signal } from "@preact/signals";
import { collab, getSyncedVersion, receiveUpdates, sendableUpdates } from "@codemirror/collab";
import { isolateHistory } from "@codemirror/commands";
import {
  type Annotation,
  type AnnotationType,
  ChangeSet,
  type EditorState,
  type Extension,
  Transaction,
} from "@codemirror/state";
import { as, type Origin, type Wire } from "../core/events.ts";
import type { Identity } from "../core/identity.ts";
import type { Ack } from "../core/live.ts";
import type { Store } from "../core/store.ts";
import type { Doc, Editors, Sync } from "./editors.ts";
import { marks, type Recent, setRecent, whoOf } from "./marks.ts";
import type { EditKeeper, EditOrigin, Orphan } from "./outbox.ts";
import { composed, difference, type Mine, moved } from "./rebase.ts";
import { accepted } from "./setup.ts";

const BATCH_MS = 250;
const STALE_MS = 200;
const BUSY_MS = 500;
const AGAIN_MS = 1500;
const MAX_UPDATES = 200;
const MAX_BATCH_CHARS = 300_000;
/** Whose changes those are that a person made to a hunk before it went in: theirs, but not out of this editor. */
const KEPT = "kept";
const PERSONS: readonly Origin[] = ["typed", "paste", "undo", "co-edit"];

/** What edits go out over. */
export interface Line {
  readonly connection: Signal<string>;
  send(name: string, message: Record<string, unknown>): Promise<Ack>;
}

/** The way of one file's changes to the server. */
interface Way {
  pushing: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  /** The version that the last acknowledgement promised; its events may still be under way. */
  promised: number;
  /** Whether the outbox has an entry, and whether it is about to be written anew. */
  kept: boolean;
  keeping: boolean;
  /** The file's text at the version that the document is in step with. */
  base: string;
  /** The message last sent: against the same version it is sent again as it was, under the same number. */
  sent: { number: number; version: number; count: number } | null;
}

export class Editable implements Sync {
  /** Changes not confirmed by the server, over all files. */
  readonly unsent: Signal<number> = signal(0);
  /** Why the server refused an edit; empty when all is well. */
  readonly refused = signal("");
  /** Texts of files that went away while changes to them were unsent. */
  readonly orphans: Signal<readonly Orphan[]> = signal([]);
  editors!: Editors;
  /** How the log calls what this person does to a file as a whole. */
  protected origin: Origin = "typed";
  #ways = new Map<string, Way>();
  /** Changes are put into a document, and kept when all of them are in. */
  #takingIn = false;
  #deciding = new Set<Doc>();

  constructor(
    private store: Store,
    private live: Line,
    private outbox: EditKeeper,
    private identity: Pick<Identity, "client" | "next">,
  ) {
    live.connection.subscribe((connection) => {
      if (connection === "online") this.flush();
    });
  }

  extensions(path: string, version: number, text: string): Extension {
    const way = this.#way(path);
    way.base = text;
    way.sent = null;
    way.promised = 0;
    return [collab({ startVersion: version, clientID: this.identity.client }), marks];
  }

  changed(doc: Doc): void {
    if (this.#takingIn) return;
    this.#keep(doc);
    this.#later(doc, BATCH_MS);
  }

  follow(doc: Doc, event: Wire): void {
    const edited = as(event, "file.edited");
    const whole = as(event, "file.snapshotted");
    const synced = getSyncedVersion(doc.state);
    const text = this.store.now.files[doc.path]?.text ?? "";
    const { base } = this.#way(doc.path);
    const next = edited?.version ?? whole?.version ?? 0;
    // A keyframe says again what is known.
    if (next <= synced && text === base) return;
    const over = edited && next === synced + 1 ? ChangeSet.fromJSON(edited.changes) : difference(base, text);
    // What was blotted out must not come back by undo.
    if (next !== synced + 1 || whole?.origin === "redacted") this.#rebuild(doc, over, text, next);
    else this.#receive(doc, over, edited?.client ?? "", edited?.origin ?? whole?.origin ?? "terminal");
    this.#settled(doc, text);
  }

  replace(doc: Doc, text: string, version: number): void {
    const { base } = this.#way(doc.path);
    if (version === getSyncedVersion(doc.state) && text === base) return;
    this.#rebuild(doc, difference(base, text), text, version);
    this.#settled(doc, text);
  }

  renamed(doc: Doc, from: string, before: string): void {
    const file = this.store.now.files[doc.path];
    clearTimeout(this.#ways.get(from)?.timer);
    this.#ways.delete(from);
    if (file?.text == null) return;
    this.#rebuild(doc, difference(before, file.text), file.text, file.version, from);
    this.#later(doc, 0);
  }

  gone(path: string, doc: Doc | null, event: Wire | null): void {
    const way = this.#ways.get(path);
    clearTimeout(way?.timer);
    this.#ways.delete(path);
    this.refused.value = "";
    const { client } = this.identity;
    const unsent = doc ? sendableUpdates(doc.state).length : 0;
    const byMe = event !== null && as(event, "file.deleted")?.origin === this.origin;
    if (doc && unsent && !byMe) this.lost({ path, text: doc.state.doc.toString(), unsent }, client);
    else if (way?.kept) this.outbox.keep({ client, path, seq: 0, version: 0, updates: [] });
    this.#count();
  }

  /** The file went away under changes that were kept by `client`: the person decides what becomes of the text. */
  lost(orphan: Orphan, client: string): void {
    const known = this.orphans.peek();
    // Another file may have gone under the same name before: its text stays too.
    let { path } = orphan;
    while (known.some((other) => other.path === path && other.text !== orphan.text)) path += ".kept";
    const named = { ...orphan, path };
    this.orphans.value = [...known.filter((other) => other.path !== path), named];
    this.outbox.keepOrphan(named, { client, path: orphan.path });
  }

  /** Make kept updates, which apply to the file as the store has it, changes of this page; `instead` of where they were kept. */
  reapply(path: string, updates: readonly Mine[], instead?: { client: string; path: string }): boolean {
    const doc = this.editors.doc(path);
    if (!doc) return false;
    // What was typed here meanwhile stands, and they move over it.
    this.#apply(
      doc,
      moved(
        updates,
        this.#mine(doc).map((mine) => ({ ...mine, clientID: "" })),
      ),
    );
    this.#keep(doc, instead);
    this.#later(doc, 0);
    return true;
  }

  /** Make the file's text `text`, as a change of this page. */
  write(path: string, text: string, origin: EditOrigin): void {
    const doc = this.editors.doc(path);
    if (!doc) return;
    const changes = difference(doc.state.doc.toString(), text);
    if (!changes.empty) this.#apply(doc, [{ changes, clientID: this.identity.client, origin }]);
    this.#keep(doc);
    this.#later(doc, 0);
  }

  /** Send everything unsent now. */
  flush(): void {
    for (const doc of this.editors?.docs.values() ?? []) void this.#push(doc);
  }

  /** Resolves once what was typed is at the server, after `ms` at the latest: nobody waits for a line that is down. */
  async settled(ms: number): Promise<void> {
    this.flush();
    const end = performance.now() + ms;
    while (this.unsent.value > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  unsentOf(path: string): number {
    const doc = this.editors.docs.get(path);
    return doc ? sendableUpdates(doc.state).length : 0;
  }

  /** What somebody else changed just now; `ranges` are in the document as it is. */
  protected shownChange(doc: Doc, { ranges, who }: Recent, origin: Origin): void {
    if (PERSONS.includes(origin)) doc.dispatch({ effects: setRecent.of({ ranges, who, flag: true }) });
  }

  #way(path: string): Way {
    let way = this.#ways.get(path);
    if (!way) {
      way = { pushing: false, timer: undefined, promised: 0, kept: false, keeping: false, base: "", sent: null };
      this.#ways.set(path, way);
    }
    return way;
  }

  #later(doc: Doc, ms: number): void {
    const way = this.#way(doc.path);
    if (way.timer !== undefined && ms) return;
    clearTimeout(way.timer);
    way.timer = setTimeout(() => {
      way.timer = undefined;
      void this.#push(doc);
    }, ms);
  }

  async #push(doc: Doc): Promise<void> {
    const { path } = doc;
    const way = this.#way(path);
    if (way.pushing || way.promised || this.editors.docs.get(path) !== doc) return;
    const unsent = sendableUpdates(doc.state);
    if (!unsent.length) return;
    const version = getSyncedVersion(doc.state);
    if (way.sent?.version !== version) {
      way.sent = { number: this.identity.next(), version, count: limited(unsent) };
    }
    const { number, count } = way.sent;
    const updates = unsent.slice(0, count).map(wire);
    way.pushing = true;
    const ack = await this.live.send("edit", { path, version, updates, client_seq: number });
    way.pushing = false;
    if (this.editors.docs.get(path) !== doc) {
      // Renamed meanwhile: it goes on under the new name. Gone: the person has been asked.
      if (this.editors.docs.get(doc.path) === doc) this.#later(doc, 0);
    } else if (ack.ok) {
      this.refused.value = "";
      const promised = Number(ack.version);
      if (getSyncedVersion(doc.state) < promised) way.promised = promised;
      else if (sendableUpdates(doc.state).length) this.#later(doc, 0);
    } else if (ack.code === "stale") {
      this.#later(doc, STALE_MS);
    } else if (ack.code === "busy") {
      this.#later(doc, BUSY_MS);
    } else if (ack.code !== "offline") {
      this.refused.value = ack.error;
      this.#later(doc, AGAIN_MS);
    }
  }

  #receive(doc: Doc, changes: ChangeSet, clientID: string, origin: Origin): void {
    const received = receiveUpdates(doc.state, [{ changes, clientID }]);
    // What the person at this page took from a proposal is theirs to undo, as what they typed.
    const decided = this.origin === "typed" && (origin === "hunk" || clientID === KEPT);
    const transaction = decided ? undoable(doc.state, received, this.#isFirst(doc)) : received;
    this.#takeIn(() => doc.dispatch(transaction));
    if (clientID === this.identity.client || clientID === KEPT) return;
    const ranges: { from: number; to: number }[] = [];
    transaction.changes.iterChangedRanges((_fromA, _toA, from, to) => ranges.push({ from, to }));
    this.shownChange(doc, { ranges, who: whoOf(origin) }, origin);
  }

  /** Whether this is the first hunk that comes into the document now; what was decided at once comes in at once. */
  #isFirst(doc: Doc): boolean {
    if (this.#deciding.has(doc)) return false;
    this.#deciding.add(doc);
    queueMicrotask(() => this.#deciding.delete(doc));
    return true;
  }

  /** Start again from the server's text, with the unsent changes moved over what changed there. */
  #rebuild(doc: Doc, over: ChangeSet, text: string, version: number, from?: string): void {
    const mine = this.#mine(doc);
    const selection = doc.state.selection.map(over.map(composed(mine, over.length))).main;
    doc.renew(this.editors.fresh(doc.path, text, version));
    this.#apply(doc, moved(mine, [{ changes: over, clientID: "" }]));
    const within = (at: number) => Math.min(at, doc.state.doc.length);
    doc.dispatch({ selection: { anchor: within(selection.anchor), head: within(selection.head) } });
    this.#keep(doc, from === undefined ? undefined : { client: this.identity.client, path: from });
  }

  #apply(doc: Doc, updates: readonly Mine[]): void {
    const events = { typed: "input", paste: "input.paste", undo: "undo" };
    this.#takeIn(() => {
      for (const { changes, origin } of updates) {
        doc.dispatch({ changes, annotations: Transaction.userEvent.of(events[origin]) });
      }
    });
  }

  #takeIn(act: () => void): void {
    this.#takingIn = true;
    try {
      act();
    } finally {
      this.#takingIn = false;
    }
  }

  #mine(doc: Doc): Mine[] {
    return sendableUpdates(doc.state).map(({ changes, clientID, origin }) => ({
      changes,
      clientID,
      origin: originOf(origin),
    }));
  }

  /** An event was taken in. With nothing unsent the document must be the server's text; where it is not, that stands. */
  #settled(doc: Doc, text: string): void {
    const way = this.#way(doc.path);
    way.base = text;
    const version = this.store.now.files[doc.path]?.version ?? 0;
    const unsent = sendableUpdates(doc.state).length;
    if (!unsent && (getSyncedVersion(doc.state) !== version || doc.state.doc.length !== text.length)) {
      doc.renew(this.editors.fresh(doc.path, text, version));
    }
    this.#keepSoon(doc);
    if (way.promised && getSyncedVersion(doc.state) >= way.promised) {
      way.promised = 0;
      if (unsent) this.#later(doc, 0);
    }
  }

  /** After all that came in together: what was kept before it still leads to the same. */
  #keepSoon(doc: Doc): void {
    this.#count();
    const way = this.#way(doc.path);
    if (way.keeping) return;
    way.keeping = true;
    queueMicrotask(() => {
      way.keeping = false;
      if (this.editors.docs.get(doc.path) === doc) this.#keep(doc);
    });
  }

  #keep(doc: Doc, instead?: { client: string; path: string }): void {
    const way = this.#way(doc.path);
    const updates = sendableUpdates(doc.state);
    if (updates.length || way.kept || instead) {
      this.outbox.keep(
        {
          client: this.identity.client,
          path: doc.path,
          seq: this.store.now.seq,
          version: getSyncedVersion(doc.state),
          updates: updates.map(({ changes, origin }) => ({ changes: changes.toJSON(), origin: originOf(origin) })),
        },
        instead,
      );
    }
    way.kept = updates.length > 0;
    this.#count();
  }

  #count(): void {
    let count = 0;
    for (const doc of this.editors.docs.values()) count += sendableUpdates(doc.state).length;
    this.unsent.value = count;
  }
}

/** The same changes, to be undone by the editor: together with those before them, but for the first. */
function undoable(state: EditorState, received: Transaction, first: boolean): Transaction {
  // They say to the collaboration what is confirmed by it; the editor's types keep them to itself.
  const { annotations } = received as unknown as { annotations: readonly Annotation<unknown>[] };
  const kept = annotations.filter(({ type }) => type !== (Transaction.addToHistory as AnnotationType<unknown>));
  return state.update({
    changes: received.changes,
    effects: received.effects,
    annotations: [
      ...kept,
      Transaction.addToHistory.of(true),
      accepted.of(true),
      ...(first ? [isolateHistory.of("before")] : []),
    ],
    filter: false,
  });
}

function wire(update: { changes: ChangeSet; clientID: string; origin: Transaction }) {
  return { clientID: update.clientID, changes: update.changes.toJSON(), origin: originOf(update.origin) };
}

/** How many updates one message holds; always at least one. */
function limited(updates: readonly { changes: ChangeSet }[]): number {
  let size = 0;
  const count = updates.findIndex(({ changes }, index) => {
    size += JSON.stringify(changes).length;
    return index > 0 && (index >= MAX_UPDATES || size > MAX_BATCH_CHARS);
  });
  return count < 0 ? updates.length : count;
}

export function originOf(transaction: Transaction): EditOrigin {
  if (transaction.isUserEvent("undo") || transaction.isUserEvent("redo")) return "undo";
  if (transaction.isUserEvent("input.paste") || transaction.isUserEvent("input.drop")) return "paste";
  return "typed";
}
