// Which tab this is.
// Owns the per-tab client id and its counter of acts. Invariant: two live tabs never share an id (a duplicated tab copies
// sessionStorage, so the id is held by a lock where the browser has locks), and a reload keeps id and counter.

const ID = "pairsight.client";
const COUNT = "pairsight.acts";

export interface Identity {
  client: string;
  /** The next act's number: the server takes (client, number) once only, so a retry is harmless. */
  nextAct(): number;
  /** Give the id up, so that another tab may take over what this one kept. */
  release(): void;
}

export async function identify(): Promise<Identity> {
  let client = sessionStorage.getItem(ID) ?? fresh();
  let release = await hold(client);
  while (!release) {
    client = fresh();
    release = await hold(client);
  }
  sessionStorage.setItem(ID, client);
  return {
    client,
    nextAct() {
      const next = Number(sessionStorage.getItem(COUNT) ?? "0") + 1;
      sessionStorage.setItem(COUNT, String(next));
      return next;
    },
    release,
  };
}

/** Run `then` once the tab that had this id is gone; at once where browsers cannot tell. */
export function whenGone(client: string, then: () => void): void {
  if (!navigator.locks) then();
  else void navigator.locks.request(lockName(client), then);
}

export function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}

function lockName(client: string): string {
  return `pairsight.${client}`;
}

/** Hold the id's lock until released; null where another tab holds it. A reloading page needs a moment to let go. */
async function hold(client: string): Promise<(() => void) | null> {
  if (!navigator.locks) return () => {};
  const patience = AbortSignal.timeout(400);
  return new Promise((resolve) => {
    navigator.locks
      .request(lockName(client), { signal: patience }, () => new Promise<void>((release) => resolve(() => release())))
      .catch(() => resolve(null));
  });
}
