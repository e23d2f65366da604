// Pages without a browser, for tests: the page's own store, editors and outbox arithmetic, driven over stdio by JSON lines.
// Owns the stand-ins: a line to the server that the test is, timers that run when they are told to, an outbox in memory that
// outlives its page. Invariant: one answer a line, with what the pages sent meanwhile, given when nothing is left to do at once.
// Bundled to .build/replica.mjs, for Node, and never served.

import { redo, undo } from "@codemirror/commands";
import { signal } from "@preact/signals";
import type { Wire } from "../core/events.ts";
import type { Ack } from "../core/live.ts";
import { fold } from "../core/fold.ts";
import type { State } from "../core/state.ts";
import { Store } from "../core/store.ts";
import { CoEditor } from "../editor/coeditor.ts";
import { Editable } from "../editor/editable.ts";
import { type Doc, Editors } from "../editor/editors.ts";
import type { EditKeeper, Kept, Orphan } from "../editor/outbox.ts";
import { rebased } from "../editor/rebase.ts";

declare const process: { stdin: AsyncIterable<Uint8Array>; stdout: { write(text: string): void } };
declare const setImmediate: (then: () => void) => void;

type Asked = Record<string, unknown> & { op: string; page: string };

/** What the pages sent since the last answer. */
let sent: { page: string; id: number; name: string; message: Record<string, unknown> }[] = [];
let lastSent = 0;

/** Timers by page: run by `tick`, however long they were to wait. */
const timers = new Map<number, { page: string; run: () => void }>();
let lastTimer = 0;
let acting = "";
globalThis.setTimeout = ((run: () => void) => {
  timers.set(++lastTimer, { page: acting, run });
  return lastTimer;
}) as unknown as typeof setTimeout;
globalThis.clearTimeout = ((id: number) => void timers.delete(id)) as typeof clearTimeout;

class Line {
  readonly connection = signal("connecting");
  readonly asked = new Map<number, (ack: Ack) => void>();

  constructor(private page: string) {}

  send(name: string, message: Record<string, unknown>): Promise<Ack> {
    if (this.connection.value !== "online") return Promise.resolve({ ok: false, code: "offline", error: "" });
    return new Promise((settle) => {
      this.asked.set(++lastSent, settle);
      sent.push({ page: this.page, id: lastSent, name, message });
    });
  }

  lose(): void {
    this.connection.value = "reconnecting";
    for (const settle of this.asked.values()) settle({ ok: false, code: "offline", error: "" });
    this.asked.clear();
  }
}

class Memory implements EditKeeper {
  readonly failing = signal(false);
  readonly edits = new Map<string, Kept>();
  readonly orphans = new Map<string, Orphan>();

  keep(kept: Kept, instead?: { client: string; path: string }): void {
    if (instead) this.edits.delete(`${instead.client}/${instead.path}`);
    const key = `${kept.client}/${kept.path}`;
    // A copy, as storage makes one: what is kept must not change with the page.
    if (kept.updates.length) this.edits.set(key, structuredClone(kept));
    else this.edits.delete(key);
  }

  keepOrphan(orphan: Orphan, instead: { client: string; path: string }): void {
    this.edits.delete(`${instead.client}/${instead.path}`);
    this.orphans.set(orphan.path, orphan);
  }
}

class Page {
  readonly line: Line;
  readonly store = new Store();
  readonly editable: Editable;
  readonly editors: Editors;

  constructor(
    name: string,
    readonly client: string,
    readonly outbox: Memory,
    events: Wire[],
  ) {
    this.line = new Line(name);
    this.store.reset(fold(events));
    const Kind = client.startsWith("interviewer:") ? CoEditor : Editable;
    this.editable = new Kind(this.store, this.line, outbox, { client, next });
    this.editors = new Editors(this.store, this.editable, true);
    this.editable.editors = this.editors;
  }

  /** As the page does it that is opened again (pages/session.ts). */
  async putBack(events: Wire[]): Promise<void> {
    this.editable.orphans.value = [...this.outbox.orphans.values()];
    for (const kept of [...this.outbox.edits.values()]) {
      const later = events.filter(({ seq }) => seq > kept.seq);
      const stateBefore = async (seq: number): Promise<State> => fold(events.filter((event) => event.seq < seq));
      const { path, updates, orphan } = await rebased(kept, later, stateBefore);
      if (orphan !== undefined) {
        this.editable.lost({ path, text: orphan, unsent: kept.updates.length }, kept.client);
        if (path !== kept.path) this.outbox.keep({ ...kept, updates: [] });
      } else if (updates.length) this.editable.reapply(path, updates, kept);
      else this.outbox.keep({ ...kept, updates: [] });
    }
  }

  doc(path: string): Doc {
    const doc = this.editors.doc(path);
    if (!doc) throw new Error(`expected a text file ${path}, got none`);
    return doc;
  }

  /** Replace `del` characters from the `at`-th part of the text on; returns what was there. */
  edit({ path, at, del, insert, how }: Asked): string {
    const doc = this.doc(String(path));
    const text = doc.state.doc.toString();
    const characters = [...text];
    const start = Math.floor(Number(at) * (characters.length + 1));
    const from = characters.slice(0, start).join("").length;
    const gone = characters.slice(start, start + Number(del)).join("");
    doc.dispatch({
      changes: { from, to: from + gone.length, insert: String(insert) },
      userEvent: how === "paste" ? "input.paste" : "input",
    });
    this.editable.changed(doc);
    return gone;
  }

  /** Take back, or do again, the last change to a file; returns what it held before. */
  undo({ path, op }: Asked): string {
    const doc = this.doc(String(path));
    const text = doc.state.doc.toString();
    const act = op === "undo" ? undo : redo;
    act({ state: doc.state, dispatch: (transaction) => doc.dispatch(transaction) });
    this.editable.changed(doc);
    return text;
  }

  shown(): Record<string, unknown> {
    const texts: Record<string, string | null> = {};
    for (const [path, file] of Object.entries(this.store.now.files)) {
      texts[path] = file.text === null ? null : this.doc(path).state.doc.toString();
    }
    const { unsent, refused, orphans } = this.editable;
    return { texts, state: this.store.now, unsent: unsent.value, refused: refused.value, orphans: orphans.value };
  }
}

const pages = new Map<string, Page>();
const outboxes = new Map<string, Memory>();
let lastNumber = 0;
const next = () => ++lastNumber;

async function open({ page, client, events }: Asked): Promise<void> {
  const known = outboxes.get(page) ?? new Memory();
  outboxes.set(page, known);
  for (const [id, timer] of timers) if (timer.page === page) timers.delete(id);
  const opened = new Page(page, String(client), known, events as Wire[]);
  pages.set(page, opened);
  await opened.putBack(events as Wire[]);
}

function answer(asked: Asked): unknown {
  if (asked.op === "open") return open(asked);
  if (asked.op === "forget") return [pages.clear(), outboxes.clear(), timers.clear()].length;
  const page = pages.get(asked.page);
  if (!page) throw new Error(`expected an open page, got ${asked.page}`);
  switch (asked.op) {
    case "edit":
      return page.edit(asked);
    case "undo":
    case "redo":
      return page.undo(asked);
    case "events":
      return page.store.apply(asked.events as Wire[]);
    case "ack":
      page.line.asked.get(Number(asked.id))?.(asked.ack as Ack);
      return page.line.asked.delete(Number(asked.id));
    case "offline":
      return page.line.lose();
    case "online":
      page.line.connection.value = "online";
      return page.store.now.seq;
    case "tick": {
      const due = [...timers].filter(([, timer]) => timer.page === asked.page);
      for (const [id, timer] of due) if (timers.delete(id)) timer.run();
      return due.length;
    }
    case "shown":
      return page.shown();
    default:
      throw new Error(`expected something to do, got ${asked.op}`);
  }
}

async function take(line: string): Promise<void> {
  const asked: Asked = JSON.parse(line);
  acting = asked.page;
  let result: Record<string, unknown>;
  try {
    result = { result: await answer(asked) };
  } catch (error) {
    result = { error: String(error instanceof Error ? error.stack : error) };
  }
  await new Promise<void>((resolve) => setImmediate(resolve));
  process.stdout.write(`${JSON.stringify({ ...result, sent })}\n`);
  sent = [];
}

const decoder = new TextDecoder();
let rest = "";
for await (const chunk of process.stdin) {
  const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) await take(line);
}
