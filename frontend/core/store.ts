// The page's one copy of the state, and who hears when it changes.
// Owns the folded state, one signal a part of it, and the event feed for parts that draw incrementally (terminal, editors).
// Invariant: listeners hear every event once, in order, after it was applied; `reset` says that everything may differ.
// Leaves out where events come from (live.ts, recorded.ts).

import { batch, type Signal, signal } from "@preact/signals";
import type { Wire } from "./events.ts";
import { apply } from "./fold.ts";
import { cloneState, emptyState, type State } from "./state.ts";

const PARTS = ["course", "files", "terminals", "runs", "turns", "suggestions", "tickets", "notes", "presence"] as const;
export type Part = (typeof PARTS)[number];

const PART_OF: Record<string, Part> = {
  file: "files",
  sync: "files",
  terminal: "terminals",
  command: "terminals",
  run: "runs",
  prompt: "turns",
  reply: "turns",
  tool: "turns",
  suggestion: "suggestions",
  ticket: "tickets",
  comment: "tickets",
  note: "notes",
  presence: "presence",
};

export interface Feed {
  /** Called after the event was applied; `before` is the file's text before it, where it is about a file. */
  event?(event: Wire, before: string | null): void;
  /** The state was replaced as a whole; `erased` where only what was erased is missing from it, and the moment is the same. */
  reset?(erased: boolean): void;
}

export class Store {
  #state: State = emptyState();
  #versions = Object.fromEntries(PARTS.map((part) => [part, signal(0)])) as Record<Part, Signal<number>>;
  #feeds = new Set<Feed>();

  /** The state, read by a component that is drawn again when one of `parts` changes. */
  at(...parts: Part[]): State {
    for (const part of parts) this.#versions[part].value;
    return this.#state;
  }

  /** The state as it is, without being told of changes. */
  get now(): State {
    return this.#state;
  }

  listen(feed: Feed): () => void {
    this.#feeds.add(feed);
    return () => this.#feeds.delete(feed);
  }

  apply(events: readonly Wire[]): void {
    batch(() => {
      for (const event of events) {
        const path = (event.payload as { path?: string } | null)?.path;
        const before = path === undefined ? null : (this.#state.files[path]?.text ?? null);
        apply(this.#state, event);
        const family = event.type.slice(0, event.type.indexOf("."));
        this.#touch(PART_OF[family] ?? "course");
        if (event.type === "suggestion.offered") this.#touch("turns");
        if (event.type === "sandbox.started") this.#touch("terminals");
        for (const feed of this.#feeds) feed.event?.(event, before);
      }
    });
  }

  reset(state: State, erased = false): void {
    this.#state = cloneState(state);
    batch(() => {
      for (const part of PARTS) this.#touch(part);
      for (const feed of this.#feeds) feed.reset?.(erased);
    });
  }

  #touch(part: Part): void {
    this.#versions[part].value = this.#versions[part].peek() + 1;
  }
}
