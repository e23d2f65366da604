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
import type { FileView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { languageExtensions } from "./languages.ts";
import { editing, keys, viewing } from "./setup.ts";

export interface Sync {
  /** What a new document of this path needs beyond the common extensions; `text` is the file's at `version`. */
  extensions(path: string, version: number, text: string): Extension;
  /** Bring an open document up to an event about its file; `before` is the file's text before it. */
  follow(doc: Doc, event: Wire, before: string | null): void;
  /** The state was replaced; bring the document to `text`. */
  replace(doc: Doc, text: string, version: number): void;
  /** The person at this page changed the document. */
  changed?(doc: Doc): void;
  /** The file has another name now, which `doc` bears already; `before` is its text under the old one. */
  renamed(doc: Doc, from: string, before: string): void;
  /** The file is gone, or no text any more; `doc` as it was open, `event` says how where one did. */
  gone?(path: string, doc: Doc | null, event: Wire | null): void;
}

/** One open file. */
export class Doc {
  #scroll: StateEffect<unknown> | null = null;

  constructor(
    public path: string,
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

  /** Replace the state itself, with its history and its place among versions; what is in sight stays there. */
  renew(state: EditorState): void {
    this.own = state;
    const view = this.editors.shown === this ? this.editors.view : null;
    if (!view) return;
    const place = view.scrollSnapshot();
    view.setState(state);
    view.dispatch({ effects: place });
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
    store.listen({
      event: (event, before) => this.#event(event, before),
      // What was erased from an open file comes as its next version: until then the document stands as it is.
      reset: (erased) => !erased && this.#reset(),
    });
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

  file(path: string): FileView | undefined {
    return this.store.now.files[path];
  }

  /** A new editor state for a file. */
  fresh(path: string, text: string, version: number): EditorState {
    return EditorState.create({
      doc: text,
      extensions: [
        this.sync.extensions(path, version, text),
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

  /** Have `path` shown when the state is replaced, which is about to happen: until then there is nothing of it to show. */
  turnTo(path: string): void {
    if (this.active.peek() === path) return;
    if (!this.tabs.peek().includes(path)) this.tabs.value = [...this.tabs.peek(), path];
    this.active.value = path;
    if (this.view) this.shown?.leave(this.view);
    this.shown = null;
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

  /** The whole lines of the shown file that are selected, or null where nothing is. */
  selection(): { path: string; line: number; end_line: number; text: string } | null {
    const state = this.view?.state;
    const path = this.shown?.path;
    if (!state || path === undefined || state.selection.main.empty) return null;
    const { from, to } = state.selection.main;
    const first = state.doc.lineAt(from);
    // A selection that ends before a line's first character does not mean that line.
    const last = state.doc.lineAt(to > first.to + 1 && state.doc.lineAt(to).from === to ? to - 1 : to);
    return { path, line: first.number, end_line: last.number, text: state.sliceDoc(first.from, last.to) };
  }

  focus(): void {
    this.view?.focus();
    // In a narrow window its panel may be shown from the next frame on only.
    if (!this.view?.hasFocus) requestAnimationFrame(() => this.view?.focus());
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
    if (deleted) this.#forget(deleted.path, event);
    const whole = as(event, "file.snapshotted");
    if (whole?.renamed_from) {
      this.#rename(whole.renamed_from, whole.path);
      return;
    }
    const path = (as(event, "file.edited") ?? whole)?.path;
    if (path === undefined) return;
    const doc = this.docs.get(path);
    const text = this.store.now.files[path]?.text ?? null;
    if (doc && text === null) {
      this.docs.delete(path);
      if (this.shown === doc) this.#show(path);
      this.sync.gone?.(path, doc, event);
    } else if (doc) {
      this.sync.follow(doc, event, before);
    } else if (this.active.peek() === path) {
      this.#show(path);
    }
  }

  /** Everything open under a name stays open under the next one. The old file is still in the state, for its end comes after. */
  #rename(from: string, to: string): void {
    const doc = this.docs.get(from);
    const before = this.store.now.files[from]?.text ?? "";
    if (doc) {
      this.docs.delete(from);
      this.docs.set(to, doc);
      doc.path = to;
      this.sync.renamed(doc, from, before);
    }
    this.tabs.value = this.tabs.peek().map((path) => (path === from ? to : path));
    if (this.active.peek() === from) this.active.value = to;
  }

  #reset(): void {
    for (const [path, doc] of [...this.docs]) {
      const file = this.store.now.files[path];
      if (file?.text === undefined || file.text === null) this.#forget(path, null);
      else this.sync.replace(doc, file.text, file.version);
    }
    for (const path of this.tabs.peek()) if (!this.store.now.files[path]) this.close(path);
    if (!this.shown && this.active.peek() !== null) this.#show(this.active.peek());
  }

  #forget(path: string, event: Wire | null): void {
    const doc = this.docs.get(path) ?? null;
    this.close(path);
    if (this.shown?.path === path) this.shown = null;
    this.docs.delete(path);
    this.sync.gone?.(path, doc, event);
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
