// Where one was in the files.
// Owns remembering open tabs and cursors over a reload. Invariant: only files that exist are opened; unusable memory is ignored.

import { effect } from "@preact/signals";
import type { Boot } from "../core/boot.ts";
import type { Store } from "../core/store.ts";
import type { Editors } from "../editor/editors.ts";

interface Places {
  tabs: string[];
  active: string | null;
  cursors: Record<string, number>;
}

export function remember(boot: Boot, store: Store, editors: Editors): void {
  const key = `pairsight.places/${boot.interview}`;
  let places: Places | null = null;
  try {
    places = JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    // Written by something else: begin as on the first visit.
  }
  for (const path of places?.tabs ?? boot.openFirst) editors.open(path);
  const active = places ? places.active : boot.openFirst[0];
  if (active && store.now.files[active]) editors.open(active);
  for (const [path, at] of Object.entries(places?.cursors ?? {})) {
    const doc = editors.tabs.peek().includes(path) ? editors.doc(path) : null;
    doc?.dispatch({ selection: { anchor: Math.min(at, doc.state.doc.length) } });
  }
  const write = () => {
    const cursors = Object.fromEntries([...editors.docs].map(([path, doc]) => [path, doc.state.selection.main.head]));
    const now: Places = { tabs: editors.tabs.peek(), active: editors.active.peek(), cursors };
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      // Without storage a reload begins with the first files.
    }
  };
  effect(() => {
    editors.tabs.value;
    editors.active.value;
    write();
  });
  window.addEventListener("pagehide", write);
}
