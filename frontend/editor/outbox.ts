// What this page did and the server has not confirmed, kept on this computer.
// Owns its form in IndexedDB: unsent changes by tab and file, acts by tab and number, texts of files that went away. Invariant:
// written in the same turn as what it holds, so that a page that ends at any moment finds it again; removed only when the server's
// events or its answer held it. Leaves out sending (editable.ts, core/live.ts) and moving changes to another version (rebase.ts).

import { type Signal, signal } from "@preact/signals";
import type { ActKeeper, KeptAct } from "../core/live.ts";

export type EditOrigin = "typed" | "paste" | "undo";

/** Updates made against `version` of a file, which it had at event `seq`. */
export interface Kept {
  client: string;
  path: string;
  seq: number;
  version: number;
  updates: { changes: unknown; origin: EditOrigin }[];
}

/** The text of a file that went away while changes to it were unsent. */
export interface Orphan {
  path: string;
  text: string;
  unsent: number;
}

/** The part of an outbox that documents need. */
export interface EditKeeper {
  /** The newest writes that could not be kept: none when all is well. */
  readonly failing: Signal<boolean>;
  /** Keep what is unsent of a file, nothing where there are no updates; `instead` of an entry under another tab or name. */
  keep(kept: Kept, instead?: { client: string; path: string }): void;
  /** Keep the text of a file that is gone, instead of the changes to it. */
  keepOrphan(orphan: Orphan, instead: { client: string; path: string }): void;
}

const STORES = ["edits", "acts", "orphans"] as const;
type Stores = Record<(typeof STORES)[number], IDBObjectStore>;
const OPEN_MS = 3000;
const OLD = "pairsight.edits/";

export class Outbox implements EditKeeper, ActKeeper {
  readonly failing = signal(false);
  /** Whether each write is to reach the disk itself: worth its time while nothing else holds the changes. */
  strict = true;
  #db: IDBDatabase | null = null;
  #failed = new Set<string>();

  /** `scope` names interview and role: people of both may use one browser. */
  private constructor(private scope: string) {}

  /** Never fails: an outbox that cannot keep says so by `failing`. */
  static async open(interview: string, role: string): Promise<Outbox> {
    const outbox = new Outbox(`${interview}/${role}`);
    await outbox.#open();
    if (role === "candidate") await outbox.#takeOver(interview);
    return outbox;
  }

  keep(kept: Kept, instead?: { client: string; path: string }): void {
    const key = [this.scope, kept.client, kept.path];
    this.#write(`edits/${key.join("/")}`, kept.updates.length > 0, ({ edits }) => {
      if (instead) edits.delete([this.scope, instead.client, instead.path]);
      if (kept.updates.length) edits.put(stored(this.scope, kept));
      else edits.delete(key);
    });
  }

  keepOrphan(orphan: Orphan, instead: { client: string; path: string }): void {
    this.#write(`orphans/${orphan.path}`, true, ({ edits, orphans }) => {
      edits.delete([this.scope, instead.client, instead.path]);
      orphans.put({ ...orphan, scope: this.scope });
    });
  }

  dropOrphan(path: string): void {
    this.#write(`orphans/${path}`, false, ({ orphans }) => orphans.delete([this.scope, path]));
  }

  keepAct(act: KeptAct): void {
    this.#write(`acts/${act.number}`, true, ({ acts }) => acts.put({ ...act, scope: this.scope }));
  }

  dropAct({ client, number }: KeptAct): void {
    this.#write(`acts/${number}`, false, ({ acts }) => acts.delete([this.scope, client, number]));
  }

  /** Everything kept for this interview and role, whichever tab wrote it; acts in the order they were done. */
  async all(): Promise<{ edits: Kept[]; acts: KeptAct[]; orphans: Orphan[] }> {
    const [edits, acts, orphans] = await Promise.all([
      this.#read<Stored>("edits"),
      this.#read<KeptAct>("acts"),
      this.#read<Orphan>("orphans"),
    ]);
    return {
      edits: edits.map((kept) => ({ ...kept, updates: JSON.parse(kept.updates) })),
      acts: acts.sort((a, b) => a.number - b.number),
      orphans,
    };
  }

  #write(key: string, matters: boolean, put: (stores: Stores) => void): void {
    const done = (failed: boolean) => {
      if (failed && matters) this.#failed.add(key);
      else this.#failed.delete(key);
      this.failing.value = this.#failed.size > 0;
    };
    try {
      if (!this.#db) throw new Error("no storage");
      const transaction = this.#db.transaction(STORES, "readwrite", {
        durability: this.strict ? "strict" : "relaxed",
      });
      transaction.oncomplete = () => done(false);
      transaction.onabort = () => done(true);
      const [edits, acts, orphans] = STORES.map((name) => transaction.objectStore(name)) as [
        IDBObjectStore,
        IDBObjectStore,
        IDBObjectStore,
      ];
      put({ edits, acts, orphans });
      // At once, and not when the page comes round to it: it may never do so.
      transaction.commit();
    } catch {
      done(true);
    }
  }

  async #read<T>(name: keyof Stores): Promise<T[]> {
    if (!this.#db) return [];
    const range = IDBKeyRange.bound([this.scope], [this.scope, []]);
    return asked<T[]>(this.#db.transaction(name).objectStore(name).getAll(range)).catch(() => []);
  }

  async #open(): Promise<void> {
    try {
      const request = indexedDB.open("pairsight", 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore("edits", { keyPath: ["scope", "client", "path"] });
        request.result.createObjectStore("acts", { keyPath: ["scope", "client", "number"] });
        request.result.createObjectStore("orphans", { keyPath: ["scope", "path"] });
      };
      const late = new Promise<never>((_, reject) => setTimeout(() => reject(new Error("no answer")), OPEN_MS));
      const db = await Promise.race([asked<IDBDatabase>(request), late]);
      db.onversionchange = () => db.close();
      // The browser took it away, as when a person clears the site's data: what is written next goes into a new one.
      db.onclose = () => {
        this.#db = null;
        void this.#open();
      };
      this.#db = db;
    } catch {
      this.#db = null;
    }
  }

  /** Take over what the version before this one kept in localStorage. */
  async #takeOver(interview: string): Promise<void> {
    if (!this.#db) return;
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(`${OLD}${interview}/`));
      if (!names.length) return;
      const transaction = this.#db.transaction("edits", "readwrite", { durability: "strict" });
      for (const name of names) {
        const kept = JSON.parse(localStorage.getItem(name) ?? "");
        transaction.objectStore("edits").put(stored(this.scope, kept));
      }
      await new Promise((resolve, reject) => {
        transaction.oncomplete = resolve;
        transaction.onabort = reject;
      });
      for (const name of names) localStorage.removeItem(name);
    } catch {
      // Not ours to understand, or forbidden: left where it is.
    }
  }
}

/** Thousands of small updates are kept as one text: three times as fast as copied one by one, and it is done at each key. */
type Stored = Omit<Kept, "updates"> & { scope: string; updates: string };

function stored(scope: string, kept: Kept): Stored {
  return { ...kept, scope, updates: JSON.stringify(kept.updates) };
}

function asked<T>(request: IDBRequest): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result as T);
    request.onerror = () => reject(request.error);
  });
}
