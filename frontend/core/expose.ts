// What browser tests read from a page.
// Owns `window.__pairsight`. Invariant: nothing there that the page does not hold for its reader anyway.

import { cloneState, type State } from "./state.ts";
import type { Store } from "./store.ts";

interface Exposed {
  state(): State;
  seq(): number;
  seek?(seq: number): void;
  unsent?(): number;
}

declare global {
  interface Window {
    __pairsight?: Exposed;
  }
}

export function expose(store: Store, more: Partial<Exposed> = {}): void {
  window.__pairsight = { state: () => cloneState(store.now), seq: () => store.now.seq, ...more };
}
