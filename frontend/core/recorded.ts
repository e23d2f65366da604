// The recorded source: a whole log, and the state at any of its events.
// Owns the events of a replay, its keyframes and its place. Invariant: the state at seq n is the fold of events 1…n, whichever
// way one came there; of what was erased nothing is left. Leaves out time and speed (replay/player.ts) and the terminal's screens
// (replay/screens.ts).

import { signal } from "@preact/signals";
import { as, type Wire } from "./events.ts";
import { apply } from "./fold.ts";
import { cloneState, emptyState, type State } from "./state.ts";
import type { Store } from "./store.ts";

const KEYFRAME_EVERY = 500;
/** Stepping forward up to this many events plays them, which keeps terminals and editors in place. */
const STEP_LIMIT = 60;

export class Recorded {
  readonly seq = signal(0);
  readonly events = signal<readonly Wire[]>([]);
  /** By the number of an erased event, what tells of its erasure. */
  readonly erasures = new Map<number, Wire>();
  #keyframes: State[] = [emptyState()];
  /** The state after the last event. */
  #end = emptyState();

  constructor(private store: Store) {}

  /** Take the events after the last one known. Throws on a gap. */
  extend(more: readonly Wire[]): void {
    const all = [...this.events.value];
    for (const event of more) {
      if (event.seq <= all.length) continue;
      if (event.seq !== all.length + 1) throw new Error(`expected event ${all.length + 1}, got ${event.seq}`);
      all.push(event);
      apply(this.#end, event);
      for (const seq of as(event, "payload.erased")?.seqs ?? []) this.erasures.set(seq, event);
      if (event.seq % KEYFRAME_EVERY === 0) this.#keyframes.push(cloneState(this.#end));
    }
    this.events.value = all;
  }

  /** Take the whole log anew, for some of it was erased: what was made of the old one is dropped. `taken` is called before the moment is shown again. */
  replace(events: readonly Wire[], taken: () => void): void {
    const seq = this.seq.peek();
    this.events.value = [];
    this.erasures.clear();
    this.#keyframes = [emptyState()];
    this.#end = emptyState();
    this.extend(events);
    taken();
    this.#reset(Math.min(seq, this.events.peek().length));
  }

  /** Whether a log that goes on with these events holds something that is erased now. */
  outdatedBy(more: readonly Wire[]): boolean {
    const all = this.events.peek();
    return more.some((event) => as(event, "payload.erased")?.seqs.some((seq) => all[seq - 1]?.payload != null));
  }

  event(seq: number): Wire | null {
    return this.events.value[seq - 1] ?? null;
  }

  /** The last event at or before `atMs`, or 0. */
  seqAt(atMs: number): number {
    let low = 0;
    let high = this.events.value.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.events.value[middle - 1]?.at_ms ?? 0) <= atMs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  seek(to: number): void {
    const seq = Math.max(0, Math.min(this.events.value.length, Math.round(to)));
    const from = this.store.now.seq;
    if (seq >= from && seq - from <= STEP_LIMIT) {
      this.store.apply(this.events.value.slice(from, seq));
      this.seq.value = seq;
    } else {
      this.#reset(seq);
    }
  }

  #reset(seq: number): void {
    const state = cloneState(this.#keyframes[Math.floor(seq / KEYFRAME_EVERY)] as State);
    for (const event of this.events.peek().slice(state.seq, seq)) apply(state, event);
    this.store.reset(state);
    this.seq.value = seq;
  }
}
