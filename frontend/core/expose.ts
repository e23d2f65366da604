// What browser tests read from a page.
// Owns `window.__pairsight`. Invariant: nothing there that the page does not hold for its reader anyway.

import { cloneState, type State } from "./state.ts";
import type { Store } from "./store.ts";

interface Exposed {
  state(): State;
  seq(): number;
  /** Go to an event; resolves when all that shows it has been painted. */
  seek?(seq: number): Promise<void>;
  unsent?(): number;
  /** The text of an open document, with what is not sent yet. */
  shown?(path: string): string | undefined;
}

declare global {
  interface Window {
    __pairsight?: Exposed;
  }
}

interface Parts extends Pick<Exposed, "seek"> {
  editable?: { unsent: { value: number } };
  editors?: { docs: ReadonlyMap<string, { state: { doc: { toString(): string } } }> };
}

export function expose(store: Store, more: Parts = {}): void {
  const { editable, editors, seek } = more;
  window.__pairsight = {
    state: () => cloneState(store.now),
    seq: () => store.now.seq,
    ...(seek && { seek }),
    ...(editable && { unsent: () => editable.unsent.value }),
    ...(editors && { shown: (path) => editors.docs.get(path)?.state.doc.toString() }),
  };
}
