// The live source: a socket that brings events and carries acts.
// Owns the connection, the order of events and the acts not yet acknowledged. Invariant: the store sees every seq once, in
// order; an act is kept until acknowledged and sent again after a reconnect under the same number, so it happens once.
// Leaves out edits' own queue (editor/editable.ts), which asks `send` and retries by version.

import { type Signal, signal } from "@preact/signals";
import { io, type Socket } from "socket.io-client";
import type { Boot } from "./boot.ts";
import type { Wire } from "./events.ts";
import { t } from "./i18n.ts";
import type { Identity } from "./identity.ts";
import type { Store } from "./store.ts";

export type Ack = { ok: true; [key: string]: unknown } | { ok: false; code: string; error: string };
export type Connection = "connecting" | "online" | "reconnecting" | "superseded" | "closed";
type Message = Record<string, unknown>;

interface Act {
  name: string;
  message: Message;
  retry: boolean;
  settle: (ack: Ack) => void;
  /** The connection it was last sent over. */
  sentOver?: string | undefined;
}

const HELLO_AGAIN_MS = 1000;
const REFUSED_MS = 3000;

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

  constructor(
    boot: Boot,
    private store: Store,
    private identity: Identity,
  ) {
    this.#skew = boot.serverNow - Date.now();
    this.#socket = io({
      query: { interview: boot.interview, role: boot.role, client: identity.client },
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
      // Refused rather than unreachable: the socket gives up by itself, but the server may only be starting.
      if (!this.#socket.active) window.setTimeout(() => this.#socket.connect(), REFUSED_MS);
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
    return this.#queue(name, { ...message, client_seq: this.identity.nextAct() }, true);
  }

  /** As `act`, but a lost connection ends it: for keys in a terminal and edits, which have their own order. */
  send(name: string, message: Message): Promise<Ack> {
    if (!this.#ready) return Promise.resolve(offline());
    return this.#queue(name, message, false);
  }

  #queue(name: string, message: Message, retry: boolean): Promise<Ack> {
    return new Promise((settle) => {
      const act = { name, message, retry, settle };
      this.#acts.add(act);
      if (retry) this.waiting.value += 1;
      if (this.#ready) this.#emit(act);
    });
  }

  #emit(act: Act): void {
    act.sentOver = this.#socket.id;
    this.#socket.emit(act.name, act.message, (ack: Ack) => this.#settle(act, ack));
  }

  #settle(act: Act, ack: Ack): void {
    if (!this.#acts.delete(act)) return;
    if (act.retry) this.waiting.value -= 1;
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
      this.fault.value = "";
      this.#ready = true;
      this.#set("online");
      this.#socket.emit("away", { away: document.hidden });
      // Not what went out over this connection already: said in the moment it was ready, or before a gap was noticed.
      for (const act of this.#acts) if (act.sentOver !== this.#socket.id) this.#emit(act);
    });
  }

  /** Tell whether the page is in the background. */
  away(away: boolean): void {
    if (this.#ready) this.#socket.emit("away", { away });
  }

  #take(events: Wire[]): void {
    const fresh = events.filter((event) => event.seq > this.store.now.seq);
    const first = fresh[0];
    if (!first) return;
    if (first.seq !== this.store.now.seq + 1) {
      clearTimeout(this.#helloTimer);
      this.#helloTimer = window.setTimeout(
        () => this.#hello(),
        Math.max(0, this.#helloAt + HELLO_AGAIN_MS - Date.now()),
      );
      return;
    }
    this.store.apply(fresh);
  }

  #lost(reason: string): void {
    this.#ready = false;
    if (this.connection.value === "superseded") return;
    this.#set("reconnecting");
    for (const act of [...this.#acts]) if (!act.retry) this.#settle(act, offline());
    if (reason === "io server disconnect") window.setTimeout(() => this.#socket.connect(), HELLO_AGAIN_MS);
  }

  #superseded(): void {
    this.#ready = false;
    this.#set("superseded");
    this.#socket.disconnect();
    for (const act of [...this.#acts]) this.#settle(act, offline());
    this.identity.release();
  }

  #set(connection: Connection): void {
    if (this.connection.value !== "superseded") this.connection.value = connection;
  }
}

function offline(): Ack {
  return { ok: false, code: "offline", error: t("Not connected at the moment") };
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
      socket.emit(name, { ...message, client_seq: identity.nextAct() }, settle);
    });
  }).finally(() => socket.disconnect());
}
