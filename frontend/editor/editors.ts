// The open files of a page and the one editor view that shows them.
// Owns tabs, which file is shown, each file's editor state and place. Invariant: one EditorState a file however often it is
// shown; a deleted file has no tab. Leaves out how documents follow the interview (`Sync`: editable.ts, viewer.ts).

import { type Signal, signal } from "@preact/signals";
import {
  Compartment,
  EditorState,
  type Extension,
  type StateEffect,
  Transaction,
  type TransactionSpec,
} from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Store } from "../core/store.ts";
import { languageExtensions } from "./languages.ts";
import { editing, keys, viewing } from "./setup.ts";

export interface Sync {
  /** What a document of this path needs beyond the common extensions. */
  extensions(path: string, version: number): Extension;
  /** Bring an open document up to an event about its file; `before` is the file's text before it. */
  follow(doc: Doc, event: Wire, before: string | null): void;
  /** The state was replaced; bring the document to `text`. */
  replace(doc: Doc, text: string, version: number): void;
  /** The person at this page changed the document. */
  changed?(doc: Doc): void;
  /** The file is gone; what was kept for it is void. */
  gone?(path: string): void;
}

/** One open file. */
export class Doc {
  #scroll: StateEffect<unknown> | null = null;

  constructor(
    readonly path: string,
    private own: EditorState,
    private editors: Editors,
  ) {}

  get state(): EditorState {
    return this.editors.shown === this && this.editors.view ? this.editors.view.state : this.own;
  }

  dispatch(spec: TransactionSpec | Transaction): void {
    const view = this.editors.shown === this ? this.editors.view : null;
    if (view) spec instanceof Transaction ? view.dispatch(spec) : view.dispatch(spec);
    else this.own = spec instanceof Transaction ? spec.state : this.own.update(spec).state;
  }

  /** Replace the state itself, with its history and its place among versions. */
  renew(state: EditorState): void {
    this.own = state;
    if (this.editors.shown === this) this.editors.view?.setState(state);
  }

  leave(view: EditorView): void {
    this.own = view.state;
    this.#scroll = view.scrollSnapshot();
  }

  enter(view: EditorView): void {
    view.setState(this.own);
    if (this.#scroll) view.dispatch({ effects: this.#scroll });
  }
}

export class Editors {
  readonly tabs: Signal<string[]> = signal([]);
  readonly active: Signal<string | null> = signal(null);
  readonly cursor = signal({ line: 1, column: 1, selected: 0 });
  view: EditorView | null = null;
  shown: Doc | null = null;
  readonly docs = new Map<string, Doc>();
  #locked = new Compartment();
  #isLocked: boolean;

  constructor(
    private store: Store,
    private sync: Sync,
    readonly editable: boolean,
  ) {
    this.#isLocked = !editable;
    store.listen({ event: (event, before) => this.#event(event, before), reset: () => this.#reset() });
  }

  mount(parent: HTMLElement): () => void {
    this.view = new EditorView({ parent, state: EditorState.create({ extensions: viewing }) });
    const path = this.active.peek();
    if (path) this.#show(path);
    return () => {
      this.shown?.leave(this.view as EditorView);
      this.shown = null;
      this.view?.destroy();
      this.view = null;
    };
  }

  /** The open document of a text file, opened without a tab where it was not; null for other files. */
  doc(path: string): Doc | null {
    const known = this.docs.get(path);
    if (known) return known;
    const file = this.store.now.files[path];
    if (!file || file.text === null) return null;
    const doc = new Doc(path, this.fresh(path, file.text, file.version), this);
    this.docs.set(path, doc);
    return doc;
  }

  /** A new editor state for a file. */
  fresh(path: string, text: string, version: number): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        this.sync.extensions(path, version),
        this.editable ? editing : [],
        keys,
        viewing,
        languageExtensions(path),
        this.#locked.of(locked(this.#isLocked)),
        EditorView.contentAttributes.of({ "aria-label": t("Editor, %(path)s. F6 leaves it.", { path }) }),
        EditorView.updateListener.of((update) => {
          if (update.selectionSet || update.docChanged) this.#readCursor(update.state);
          if (update.docChanged && this.editable) {
            const doc = this.docs.get(path);
            if (doc) this.sync.changed?.(doc);
          }
        }),
      ],
    });
  }

  open(path: string, line?: number, lines = 1): void {
    if (!this.store.now.files[path]) return;
    if (!this.tabs.peek().includes(path)) this.tabs.value = [...this.tabs.peek(), path];
    if (this.active.peek() !== path || !this.shown) {
      this.active.value = path;
      this.#show(path);
    }
    if (line !== undefined) this.reveal(line, lines);
  }

  close(path: string): void {
    const tabs = this.tabs.peek();
    const at = tabs.indexOf(path);
    if (at < 0) return;
    this.tabs.value = tabs.filter((other) => other !== path);
    if (this.active.peek() !== path) return;
    const next = this.tabs.peek()[Math.min(at, this.tabs.peek().length - 1)] ?? null;
    this.active.value = next;
    this.#show(next);
  }

  /** Select and centre whole lines of the shown file, 1-based. */
  reveal(line: number, lines = 1): void {
    const doc = this.view?.state.doc;
    if (!doc || !this.view) return;
    const first = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const last = doc.line(Math.max(first.number, Math.min(line + lines - 1, doc.lines)));
    this.view.dispatch({
      selection: { anchor: last.to, head: first.from },
      effects: EditorView.scrollIntoView(first.from, { y: "center" }),
    });
  }

  /** Make all documents read-only, or editable again. */
  lock(isLocked: boolean): void {
    if (isLocked === this.#isLocked) return;
    this.#isLocked = isLocked;
    for (const doc of this.docs.values()) doc.dispatch({ effects: this.#locked.reconfigure(locked(isLocked)) });
  }

  focus(): void {
    this.view?.focus();
  }

  #show(path: string | null): void {
    if (!this.view) return;
    this.shown?.leave(this.view);
    this.shown = null;
    const doc = path === null ? null : this.doc(path);
    if (!doc) return;
    doc.enter(this.view);
    this.shown = doc;
    this.#readCursor(this.view.state);
  }

  #readCursor(state: EditorState): void {
    const { head, from, to } = state.selection.main;
    const line = state.doc.lineAt(head);
    this.cursor.value = { line: line.number, column: head - line.from + 1, selected: to - from };
  }

  #event(event: Wire, before: string | null): void {
    const deleted = as(event, "file.deleted");
    if (deleted) this.#forget(deleted.path);
    const path = (as(event, "file.edited") ?? as(event, "file.snapshotted"))?.path;
    if (path === undefined) return;
    const doc = this.docs.get(path);
    const text = this.store.now.files[path]?.text ?? null;
    if (doc && text === null) {
      this.docs.delete(path);
      if (this.shown === doc) this.#show(path);
    } else if (doc) {
      this.sync.follow(doc, event, before);
    } else if (this.active.peek() === path) {
      this.#show(path);
    }
  }

  #reset(): void {
    for (const [path, doc] of [...this.docs]) {
      const file = this.store.now.files[path];
      if (file?.text === undefined || file.text === null) this.#forget(path);
      else this.sync.replace(doc, file.text, file.version);
    }
    for (const path of this.tabs.peek()) if (!this.store.now.files[path]) this.close(path);
  }

  #forget(path: string): void {
    this.close(path);
    if (this.shown?.path === path) this.shown = null;
    this.docs.delete(path);
    this.sync.gone?.(path);
  }
}

function locked(isLocked: boolean): Extension {
  if (!isLocked) return [];
  return [
    EditorState.readOnly.of(true),
    EditorView.editable.of(false),
    EditorView.contentAttributes.of({ tabindex: "0" }),
  ];
}
