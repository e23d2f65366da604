// A page on which a person works, put together: store, socket, editors, and what was kept from before.
// Owns the order of beginning: kept edits are put back before anything can be typed, kept acts go out before new ones. Invariant:
// after `begin` every change of a document is kept or sent. Leaves out drawing (workspace.tsx, watch.tsx).

import { effect } from "@preact/signals";
import type { Boot } from "../core/boot.ts";
import type { Wire } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import { type Identity, identify, whenGone } from "../core/identity.ts";
import { getJson, type KeptAct, Live } from "../core/live.ts";
import { emptyState, type State } from "../core/state.ts";
import { Store } from "../core/store.ts";
import { Editable } from "../editor/editable.ts";
import { Editors } from "../editor/editors.ts";
import { type Kept, type Orphan, Outbox } from "../editor/outbox.ts";
import { rebased } from "../editor/rebase.ts";
import { wasSent } from "../panels/ask.tsx";
import { changesSent, ticketSent } from "../panels/ticketform.tsx";
import { tellOfTickets } from "../panels/tickets.tsx";
import { say } from "../ui/toasts.tsx";
import { Acts } from "./acts.ts";
import { remember } from "./places.ts";

const AGAIN_MS = 1000;

/** What any page has on which a person works. */
export interface Working<E extends Editable = Editable> {
  boot: Boot;
  identity: Identity;
  store: Store;
  live: Live;
  outbox: Outbox;
  editable: E;
  editors: Editors;
  acts: Acts;
}

export type Session = Working;

/** The candidate's page. */
export async function begin(boot: Boot): Promise<Session> {
  const session = await prepare(boot, (store, live, outbox, identity) => new Editable(store, live, outbox, identity));
  remember(boot, session.store, session.editors);
  follow(session);
  tellOfTickets(session.store);
  session.live.start();
  return session;
}

/** A page on which something can be done: what was done and not answered before goes out first. Not connected yet. `heir` is false
 * for a page that could not go on with what a workspace that is closed by now had left. */
export async function connect(boot: Boot, heir = true) {
  const outbox = await Outbox.open(boot.interview, boot.role);
  const kept = await outbox.all();
  const left = [...new Set([...kept.acts, ...kept.edits].map(({ client }) => pageOf(client)))];
  const identity = await identify(heir ? left : []);
  const store = new Store();
  store.reset(boot.snapshot ?? emptyState());
  const live = new Live(boot, store, identity, outbox);
  for (const act of kept.acts) if (act.client === identity.client) void doAgain(live, act);
  effect(() => {
    // While the server has everything within a moment, a write need not wait for the disk.
    outbox.strict = live.connection.value !== "online";
  });
  return { outbox, kept, identity, store, live };
}

/** A page whose documents can be changed, with what was kept for it back in place; not connected yet. */
export async function prepare<E extends Editable>(
  boot: Boot,
  make: (store: Store, live: Live, outbox: Outbox, identity: Identity) => E,
): Promise<Working<E>> {
  const { outbox, kept, identity, store, live } = await connect(boot);
  const { edits, acts, orphans } = kept;
  // The server knows an interviewer's documents by the role too.
  const client = boot.role === "interviewer" ? `interviewer:${identity.client}` : identity.client;
  const editable = make(store, live, outbox, { ...identity, client });
  const editors = new Editors(store, editable, true);
  editable.editors = editors;
  const session = { boot, identity, store, live, outbox, editable, editors, acts: new Acts(live) };

  editable.orphans.value = orphans;
  for (const entry of edits) if (entry.client === client) await putBack(session, entry);
  const others = new Set([...edits, ...acts].map((entry) => pageOf(entry.client)));
  for (const other of others) if (other !== identity.client) takeOver(session, other);
  window.addEventListener("beforeunload", (event) => {
    if (editable.unsent.value > 0 && outbox.failing.value) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    live.away(document.hidden);
    editable.flush();
  });
  return session;
}

/** Put the text of a file that went away back into the workspace. */
export async function restore({ store, editors, editable, outbox, acts }: Session, orphan: Orphan): Promise<void> {
  // Where something else than text bears the name now, the text stands beside it.
  const taken = store.now.files[orphan.path]?.text === null;
  const path = taken ? `${orphan.path}.kept` : orphan.path;
  if (!store.now.files[path]) {
    const ack = await acts.create(path);
    if (!ack.ok) return;
    await there(store, path);
  }
  editable.write(path, orphan.text, "undo");
  forget({ editable, outbox }, orphan);
  editors.open(path);
  editors.focus();
}

export function forget({ editable, outbox }: Pick<Session, "editable" | "outbox">, orphan: Orphan): void {
  editable.orphans.value = editable.orphans.value.filter(({ path }) => path !== orphan.path);
  outbox.dropOrphan(orphan.path);
}

function there(store: Store, path: string): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!store.now.files[path]) return;
      end();
      resolve();
    };
    const end = store.listen({ event: look, reset: look });
    look();
  });
}

/** Make kept changes those of this page, moved over what came in since. The server is asked until it answers. */
async function putBack({ boot, store, editable, outbox }: Working, kept: Kept): Promise<void> {
  const events = await until(() => eventsSince(boot, store, kept.seq));
  const stateAt = (seq: number) => until(() => getJson<State>(`${boot.urls.state}?at=${seq}`));
  try {
    const { path, updates, orphan } = await rebased(kept, events, (seq) => stateAt(seq - 1));
    if (orphan !== undefined) {
      editable.lost({ path, text: orphan, unsent: kept.updates.length }, kept.client);
      if (path !== kept.path) outbox.keep({ ...kept, updates: [] });
    } else if (!updates.length) {
      outbox.keep({ ...kept, updates: [] });
    } else if (editable.reapply(path, updates, kept)) {
      say(t("Changes kept on this computer were put back into %(path)s.", { path }));
    }
  } catch (error) {
    console.warn("an entry of the outbox does not fit", kept, error);
    say(t("Changes to %(path)s are kept on this computer, but do not fit the file.", { path: kept.path }), true);
  }
}

/** What came after `seq`, up to what the page knows: changes would land in the wrong place without it. */
async function eventsSince(boot: Boot, store: Store, seq: number): Promise<Wire[]> {
  const events: Wire[] = [];
  for (;;) {
    const last = events[events.length - 1]?.seq ?? seq;
    if (last >= store.now.seq) return events.filter((event) => event.seq <= store.now.seq);
    const answer = await getJson<{ events: Wire[] }>(`${boot.urls.events}?since=${last}`);
    if (!answer.events.length) throw new Error(`expected events after ${last}, got none`);
    events.push(...answer.events);
  }
}

async function until<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch {
      // Drawn over as soon as there is something to draw.
      const app = document.getElementById("app");
      if (app && !app.firstElementChild) app.textContent = t("Reconnecting; what you typed is kept on this computer.");
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}

/** An act that was not answered before the page was closed. */
async function doAgain(live: Live, act: KeptAct): Promise<void> {
  const ack = await live.again(act);
  if (!ack.ok) say(ack.error, ack.code !== "offline");
  else if (act.name === "ask" && typeof act.message.text === "string") wasSent(act.message.text);
  else if (act.name === "ticket.open") ticketSent(String(act.message.title), String(act.message.text));
  else if (act.name === "ticket.revise") changesSent(String(act.message.ticket), String(act.message.text));
}

/** The page's own id: documents of interviewers have the role before it. */
function pageOf(client: string): string {
  return client.replace(/^interviewer:/, "");
}

/** Take over what another tab kept, once it is gone and the server takes nothing of it any more. */
function takeOver(session: Working, other: string): void {
  const { live, outbox } = session;
  whenGone(other, () => {
    const end = live.connection.subscribe((connection) => {
      if (connection !== "online") return;
      queueMicrotask(() => end());
      void outbox.all().then(async ({ edits, acts }) => {
        for (const kept of edits) if (pageOf(kept.client) === other) await putBack(session, kept);
        const left = acts.filter((act) => act.client === other);
        for (const act of left) outbox.dropAct(act);
        if (left.length)
          say(
            tn(
              "%(n)s thing that you did in another tab had not reached the server, and was not done.",
              "%(n)s things that you did in another tab had not reached the server, and were not done.",
              left.length,
            ),
            true,
          );
      });
    });
  });
}

/** What the course of the interview means for the page: locks, the last flush, the way to the debrief. */
function follow({ boot, store, live, editable, editors }: Session): void {
  let flushed = false;
  effect(() => {
    const status = store.at("course").status;
    const connection = live.connection.value;
    editors.lock(status !== "running" || connection === "superseded");
    if (status === "running") flushed = false;
    if (status === "grace") {
      editable.flush();
      // Verdicts too: they wait among the acts, and what comes behind this is refused.
      if (editable.unsent.value === 0 && live.waiting.value === 0 && connection === "online" && !flushed) {
        flushed = true;
        void live.act("flushed");
      }
    }
    if (status === "submitted" || status === "finished") location.assign(boot.urls.debrief ?? "/");
  });
}
