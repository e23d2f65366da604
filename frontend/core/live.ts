// The live source: a socket that brings events and carries acts.
// Owns the connection, the order of events and the acts not yet acknowledged. Invariant: the store sees every seq once, in
// order; an act is kept until it is answered and sent again after a reconnect or a reload, under the same number and in order, so it
// happens once. Leaves out edits' own queue (editor/editable.ts), which asks `send` and retries by version.

import { type Signal, signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import type { Boot } from "./boot.ts";
import type { Wire } from "./events.ts";
import { t } from "./i18n.ts";
import type { Identity } from "./identity.ts";
import type { State } from "./state.ts";
import type { Store } from "./store.ts";

export type Ack = { ok: true; [key: string]: unknown } | { ok: false; code: string; error: string };
export type Connection = "connecting" | "online" | "reconnecting" | "superseded" | "closed";
type Message = Record<string, unknown>;

/** An act as it is kept on this computer until the server has answered it. */
export interface KeptAct {
  client: string;
  number: number;
  name: string;
  message: Message;
}

export interface ActKeeper {
  keepAct(act: KeptAct): void;
  dropAct(act: KeptAct): void;
}

interface Act extends KeptAct {
  /** Sent again until answered. */
  retry: boolean;
  kept: boolean;
  failures: number;
  settle: (ack: Ack) => void;
  /** The connection it was last sent over. */
  sentOver?: string | undefined;
  /** Ends a connection over which nothing comes back. */
  silence?: number | undefined;
}

/** What is done also when the page was closed before it was known to have happened. */
const KEPT = new Set([
  ...["ask", "create", "delete", "rename", "decide", "decide_all", "refresh", "run", "note"],
  ...["ticket.open", "ticket.revise", "ticket.close", "ticket.stop", "comment", "judge"],
]);
const HELLO_AGAIN_MS = 1000;
const REFUSED_MS = 500;
const REFUSED_MOST_MS = 3000;
const BUSY_MS = 1000;
/** How often the server may fail at an act before the person is told. */
const FAILURES = 3;
/** An edit not answered for so long: the line is dead, whether or not the browser has noticed. */
const SILENCE_MS = 10_000;
/** How long a page that another took over from waits for answers under way. */
const LAST_ANSWERS_MS = 3000;

export class Live {
  readonly connection: Signal<Connection> = signal("connecting");
  /** Acts that the server has not confirmed yet. */
  readonly waiting = signal(0);
  readonly fault = signal("");
  #socket: Socket;
  #acts = new Set<Act>();
  #ready = false;
  #skew: number;
  #helloAt = 0;
  #helloTimer = 0;
  #refusals = 0;
  #busyTimer = 0;
  /** Events that came while the state is fetched anew. */
  #held: Wire[] | null = null;

  constructor(
    private boot: Boot,
    private store: Store,
    private identity: Identity,
    private keeper: ActKeeper | null = null,
  ) {
    this.#skew = boot.serverNow - Date.now();
    this.#socket = io({
      query: { interview: boot.interview, role: boot.role, client: identity.client, page: boot.page ?? "" },
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 300,
      reconnectionDelayMax: 3000,
      timeout: 8000,
      autoConnect: false,
    });
    this.#socket.on("connect", () => this.#hello());
    this.#socket.on("disconnect", (reason) => this.#lost(reason));
    this.#socket.on("connect_error", () => {
      this.#set("reconnecting");
      // Refused rather than unreachable: the socket gives up by itself, but the server may only be starting, or another leads
      // this interview and is found by connecting again.
      if (this.#socket.active || this.connection.value === "superseded") return;
      const wait = Math.min(REFUSED_MOST_MS, REFUSED_MS * 2 ** this.#refusals++);
      window.setTimeout(() => this.#socket.connect(), wait);
    });
    this.#socket.on("events", (message: { events: Wire[] }) => this.#take(message.events));
    this.#socket.on("superseded", () => this.#superseded());
    this.#socket.on("fault", (message: { error: string }) => {
      this.fault.value = message.error;
    });
  }

  /** Connect. For a page that only adds notes (the replay), `hello` is never said: it is not present in the interview. */
  start(): void {
    this.#socket.connect();
  }

  /** The server's time now, Unix ms, as well as this page knows it. */
  now(): number {
    return Date.now() + this.#skew;
  }

  /** Say or do `name`; resolves with the server's answer. Kept and sent again until answered. */
  act(name: string, message: Message = {}): Promise<Ack> {
    return this.#queue(name, message, this.identity.next(), true);
  }

  /** Do what an earlier page of this tab did and was not answered. In the order of their numbers, before anything else. */
  again({ name, message, number }: KeptAct): Promise<Ack> {
    return this.#queue(name, message, number, true);
  }

  /** As `act`, but a lost connection ends it: for keys in a terminal and edits, which have their own order. */
  send(name: string, message: Message): Promise<Ack> {
    if (!this.#ready) return Promise.resolve(offline());
    return this.#queue(name, message, Number(message.client_seq ?? this.identity.next()), false);
  }

  #queue(name: string, message: Message, number: number, retry: boolean): Promise<Ack> {
    return new Promise((settle) => {
      const kept = retry && KEPT.has(name);
      const act: Act = { client: this.identity.client, number, name, message, retry, kept, failures: 0, settle };
      this.#acts.add(act);
      if (kept) this.keeper?.keepAct({ client: act.client, number, name, message });
      if (retry) this.waiting.value += 1;
      if (this.#ready && !(retry && this.#busyTimer)) this.#emit(act);
    });
  }

  #emit(act: Act): void {
    act.sentOver = this.#socket.id;
    if (act.name === "edit") act.silence = window.setTimeout(() => this.#socket.io.engine?.close(), SILENCE_MS);
    this.#socket.emit(act.name, { ...act.message, client_seq: act.number }, (ack: Ack) => this.#answered(act, ack));
  }

  #emitAll(): void {
    // Not what went out over this connection already: said in the moment it was ready, or before a gap was noticed.
    for (const act of this.#acts) if (act.sentOver !== this.#socket.id) this.#emit(act);
  }

  #answered(act: Act, ack: Ack): void {
    const later = !ack.ok && (ack.code === "busy" || (ack.code === "failed" && ++act.failures < FAILURES));
    if (!act.retry || !later) {
      this.#settle(act, ack);
      return;
    }
    act.sentOver = undefined;
    clearTimeout(this.#busyTimer);
    this.#busyTimer = window.setTimeout(() => {
      this.#busyTimer = 0;
      if (this.#ready) this.#emitAll();
    }, BUSY_MS);
  }

  #settle(act: Act, ack: Ack): void {
    clearTimeout(act.silence);
    if (!this.#acts.delete(act)) return;
    if (act.retry) this.waiting.value -= 1;
    // What could not be asked is not answered: it stays for the page that goes on.
    if (act.kept && (ack.ok || ack.code !== "offline")) this.keeper?.dropAct(act);
    act.settle(ack);
  }

  #hello(): void {
    clearTimeout(this.#helloTimer);
    this.#helloAt = Date.now();
    this.#socket.emit("hello", { since: this.store.now.seq }, (ack: Ack) => {
      if (!ack.ok) {
        this.fault.value = ack.error;
        this.#helloTimer = window.setTimeout(() => this.#hello(), HELLO_AGAIN_MS);
        return;
      }
      this.#skew = Number(ack.now) - Date.now();
      if (ack.more) {
        this.#hello();
        return;
      }
      this.fault.value = "";
      this.#refusals = 0;
      this.#ready = true;
      this.#set("online");
      this.#socket.emit("away", { away: document.hidden });
      if (!this.#busyTimer) this.#emitAll();
    });
  }

  /** Tell whether the page is in the background. */
  away(away: boolean): void {
    if (this.#ready) this.#socket.emit("away", { away });
  }

  #take(events: Wire[]): void {
    if (this.#held) {
      this.#held.push(...events);
      return;
    }
    const next: Wire[] = [];
    let seq = this.store.now.seq;
    for (const event of events) {
      if (event.seq === seq + 1) {
        next.push(event);
        seq = event.seq;
      } else if (event.seq > seq) {
        this.#askForGap();
        break;
      }
    }
    const erased = next.findIndex((event) => event.type === "payload.erased") + 1;
    this.store.apply(erased ? next.slice(0, erased) : next);
    if (erased) void this.#anew(next.slice(erased));
  }

  #askForGap(): void {
    clearTimeout(this.#helloTimer);
    this.#helloTimer = window.setTimeout(() => this.#hello(), Math.max(0, this.#helloAt + HELLO_AGAIN_MS - Date.now()));
  }

  /** What was erased is not shown any longer: the same moment as the server folds it now. */
  async #anew(held: Wire[]): Promise<void> {
    this.#held = held;
    for (;;) {
      try {
        this.store.reset(await getJson<State>(`${this.boot.urls.state}?at=${this.store.now.seq}`), true);
        break;
      } catch {
        await new Promise((again) => setTimeout(again, REFUSED_MOST_MS));
      }
    }
    const later = this.#held;
    this.#held = null;
    this.#take(later);
  }

  #lost(reason: string): void {
    this.#ready = false;
    if (this.connection.value === "superseded") return;
    this.#set("reconnecting");
    for (const act of [...this.#acts]) {
      clearTimeout(act.silence);
      if (!act.retry) this.#settle(act, offline());
    }
    if (reason === "io server disconnect") window.setTimeout(() => this.#socket.connect(), HELLO_AGAIN_MS);
  }

  /** Another page goes on. What is under way is answered yet, so that nothing is done again there. */
  #superseded(): void {
    this.#ready = false;
    this.#set("superseded");
    const end = () => {
      clearInterval(timer);
      this.#socket.disconnect();
      for (const act of [...this.#acts]) this.#settle(act, offline());
      this.identity.release();
    };
    const since = Date.now();
    const timer = window.setInterval(() => {
      if (this.#acts.size === 0 || Date.now() - since > LAST_ANSWERS_MS || !this.#socket.connected) end();
    }, 50);
  }

  #set(connection: Connection): void {
    if (this.connection.value !== "superseded") this.connection.value = connection;
  }
}

function offline(): Ack {
  return { ok: false, code: "offline", error: t("Not connected at the moment") };
}

/** Read JSON from the server; throws where it does not answer with any. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`expected ${url} to answer, got ${response.status}`);
  return response.json();
}

/** Send one message over a connection of its own, without being present in the interview: a note from the replay. */
export function sendOnce(boot: Boot, identity: Identity, name: string, message: Message): Promise<Ack> {
  const socket = io({
    query: { interview: boot.interview, role: boot.role, client: identity.client },
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnection: false,
    forceNew: true,
  });
  return new Promise<Ack>((settle) => {
    socket.on("connect_error", () => settle(offline()));
    socket.on("disconnect", () => settle(offline()));
    socket.on("connect", () => {
      socket.emit(name, { ...message, client_seq: identity.next() }, settle);
    });
  }).finally(() => socket.disconnect());
}
