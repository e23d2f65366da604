// The candidate's page put together: store, socket, editors, and what was kept from before.
// Owns the order of beginning: kept edits are put back before anything can be typed. Invariant: after `begin` every change of a
// document is kept or sent. Leaves out drawing (workspace.tsx).

import { effect } from "@preact/signals";
import type { Boot } from "../core/boot.ts";
import type { Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import { identify, whenGone } from "../core/identity.ts";
import { Live } from "../core/live.ts";
import { emptyState, type State } from "../core/state.ts";
import { Store } from "../core/store.ts";
import { Editable } from "../editor/editable.ts";
import { Editors } from "../editor/editors.ts";
import { type Kept, Outbox, rebased } from "../editor/outbox.ts";
import { say } from "../ui/toasts.tsx";
import { Acts } from "./acts.ts";
import { remember } from "./places.ts";

export interface Session {
  store: Store;
  live: Live;
  editable: Editable;
  editors: Editors;
  acts: Acts;
}

export async function begin(boot: Boot): Promise<Session> {
  const identity = await identify();
  const store = new Store();
  store.reset(boot.snapshot ?? emptyState());
  const live = new Live(boot, store, identity);
  const outbox = new Outbox(boot.interview);
  const editable = new Editable(store, live, outbox, identity.client);
  const editors = new Editors(store, editable, true);
  editable.editors = editors;

  const kept = outbox.all();
  for (const entry of kept.filter((entry) => entry.client === identity.client)) {
    await putBack(boot, store, editable, outbox, entry);
  }
  for (const entry of kept.filter((entry) => entry.client !== identity.client)) {
    whenGone(entry.client, () => void putBack(boot, store, editable, outbox, entry));
  }
  remember(boot, store, editors);
  follow(boot, store, live, editable, editors);
  live.start();
  return { store, live, editable, editors, acts: new Acts(live) };
}

/** Read JSON from the server; throws where it does not answer with any. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`expected ${url} to answer, got ${response.status}`);
  return response.json();
}

async function putBack(boot: Boot, store: Store, editable: Editable, outbox: Outbox, kept: Kept): Promise<void> {
  try {
    let events: Wire[] = [];
    // What came in meanwhile must be known too, or the changes would land in the wrong place.
    do {
      const answer = await getJson<{ events: Wire[] }>(`${boot.urls.events}?since=${kept.seq}`);
      events = answer.events;
    } while ((events[events.length - 1]?.seq ?? kept.seq) < store.now.seq);
    const known = events.filter((event) => event.seq <= store.now.seq);
    const left = await rebased(kept, known, (seq) => getJson<State>(`${boot.urls.state}?at=${seq - 1}`));
    outbox.remove(kept.client, kept.path);
    if (left === null) {
      say(t("%(path)s is gone, and with it changes that had not been saved yet.", { path: kept.path }), true);
    } else if (left.length && editable.reapply(kept.path, left)) {
      say(t("Changes kept on this computer were put back into %(path)s.", { path: kept.path }));
    }
  } catch {
    // The server does not answer: the entry stays where it is for the next time.
    say(
      t("Changes to %(path)s are kept on this computer and will be put back when the page is opened again.", {
        path: kept.path,
      }),
    );
  }
}

/** What the course of the interview means for the page: locks, the last flush, the way to the debrief. */
function follow(boot: Boot, store: Store, live: Live, editable: Editable, editors: Editors): void {
  let flushed = false;
  effect(() => {
    const status = store.at("course").status;
    const connection = live.connection.value;
    editors.lock(status !== "running" || connection === "superseded");
    if (status === "grace") {
      editable.flush();
      if (editable.unsent.value === 0 && connection === "online" && !flushed) {
        flushed = true;
        void live.act("flushed");
      }
    }
    if (status === "submitted" || status === "finished") location.assign(boot.urls.debrief ?? "/");
  });
  document.addEventListener("visibilitychange", () => {
    live.away(document.hidden);
    editable.flush();
  });
  window.addEventListener("beforeunload", (event) => {
    if (editable.unsent.value > 0 && editable.unkept.value) event.preventDefault();
  });
}
