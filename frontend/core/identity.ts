// Which tab this is.
// Owns the per-tab client id and the numbers of what it sends. Invariant: two live tabs never share an id (a duplicated tab copies
// sessionStorage, so the id is held by a lock where the browser has locks); a reload keeps it, and a new tab takes up the id of one
// that ended with something unsent, so that the server knows what comes again. No number is ever used twice under one id.

const ID = "pairsight.client";
const COUNT = "pairsight.acts";
/** A page that reloads needs a moment to let go of its id. */
const RELOAD_MS = 400;

export interface Identity {
  client: string;
  /** The next message's number: the server takes (client, number) once only, so a retry is harmless. */
  next(): number;
  /** Give the id up, so that another tab may take over what this one kept. */
  release(): void;
}

/** This tab's identity; `left` are the ids under which something unsent is kept on this computer. */
export async function identify(left: readonly string[] = []): Promise<Identity> {
  const own = remembered(ID);
  let client = own ?? fresh();
  let release = await hold(client, own ? RELOAD_MS : 0);
  for (const other of release && own ? [] : navigator.locks ? left : []) {
    const taken = await hold(other, 0);
    if (!taken) continue;
    release?.();
    [client, release] = [other, taken];
    break;
  }
  while (!release) {
    client = fresh();
    release = await hold(client, 0);
  }
  remember(ID, client);
  let last = Number(remembered(COUNT) ?? 0);
  return {
    client,
    next() {
      // By the clock, so that it grows also where storage forgot the last one, as after a crash.
      last = Math.max(last + 1, Date.now());
      remember(COUNT, String(last));
      return last;
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

function remembered(key: string): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Forbidden: the page is another one after a reload, and says that it keeps nothing.
  }
}

function lockName(client: string): string {
  return `pairsight.${client}`;
}

/** Hold the id's lock until released; null where another tab still holds it after `patience` ms. */
async function hold(client: string, patience: number): Promise<(() => void) | null> {
  if (!navigator.locks) return () => {};
  const options: LockOptions = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    navigator.locks
      .request(lockName(client), options, (lock) => {
        if (lock) return new Promise<void>((release) => resolve(() => release()));
        resolve(null);
        return undefined;
      })
      .catch(() => resolve(null));
  });
}
