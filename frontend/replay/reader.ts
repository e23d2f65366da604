// Reading the log into the replay.
// Owns asking the server for events. Invariant: one question at a time; where an erasure is among what is new, the whole log is
// read again and nothing made of the old one is kept. Leaves out when to ask (entries/replay.tsx).

import { signal } from "@preact/signals";
import { boot } from "../core/boot.ts";
import type { Wire } from "../core/events.ts";
import type { Recorded } from "../core/recorded.ts";
import type { RecordedScreens } from "./screens.ts";

export class Reader {
  /** How much of the log has come, 0 to 1, while it is read for the first time; null where that is not known. */
  readonly share = signal<number | null>(null);
  #reading: Promise<void> | null = null;

  constructor(
    private recorded: Recorded,
    private screens: RecordedScreens,
  ) {}

  /** Read what is new. Throws where the server does not answer. */
  read(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { recorded, screens } = this;
    const more = await this.#events(recorded.events.peek().length);
    if (recorded.outdatedBy(more)) {
      const all = await this.#events(0);
      screens.drop();
      recorded.replace(all, () => screens.extend());
    } else if (more.length) {
      recorded.extend(more);
      screens.extend();
    }
  }

  async #events(since: number): Promise<Wire[]> {
    const response = await fetch(`${boot.urls.events}?since=${since}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`expected the log, got ${response.status}`);
    const size = Number(response.headers.get("Content-Length") ?? 0);
    const parts: Uint8Array[] = [];
    let come = 0;
    for (const body = response.body?.getReader(); body; ) {
      const { done, value } = await body.read();
      if (done) break;
      parts.push(value);
      come += value.length;
      if (size) this.share.value = Math.min(1, come / size);
    }
    return JSON.parse(await new Blob(parts as BlobPart[]).text()).events;
  }
}
