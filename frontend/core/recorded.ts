// The recorded source: a whole log, and the state at any of its events.
// Owns the events of a replay, its keyframes and its place. Invariant: the state at seq n is the fold of events 1…n, whichever
// way one came there. Leaves out time and speed (replay/player.ts).

import { signal } from "@preact/signals";
import type { Wire } from "./events.ts";
import { apply, cloneState, emptyState, type State } from "./state.ts";
import type { Store } from "./store.ts";

const KEYFRAME_EVERY = 500;
/** Stepping forward up to this many events plays them, which keeps terminals and editors in place. */
const STEP_LIMIT = 400;

export class Recorded {
  readonly seq = signal(0);
  readonly events = signal<readonly Wire[]>([]);
  #keyframes: State[] = [emptyState()];

  constructor(private store: Store) {}

  /** Take the events after the last one known. Throws on a gap. */
  extend(more: readonly Wire[]): void {
    const all = [...this.events.value];
    const last = this.#keyframes[this.#keyframes.length - 1] as State;
    const state = cloneState(last);
    for (const event of all.slice(state.seq)) apply(state, event);
    for (const event of more) {
      if (event.seq <= all.length) continue;
      if (event.seq !== all.length + 1) throw new Error(`expected event ${all.length + 1}, got ${event.seq}`);
      all.push(event);
      apply(state, event);
      if (event.seq % KEYFRAME_EVERY === 0) this.#keyframes.push(cloneState(state));
    }
    this.events.value = all;
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
    } else {
      const state = cloneState(this.#keyframes[Math.floor(seq / KEYFRAME_EVERY)] as State);
      for (const event of this.events.value.slice(state.seq, seq)) apply(state, event);
      this.store.reset(state);
    }
    this.seq.value = seq;
  }
}
