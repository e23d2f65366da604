// What the candidate thinks of the review's hunks, until the log has it.
// Owns the verdicts under way: kept on this computer with each key, sent a moment later. Invariant: what was chosen or typed is shown
// until the log holds it, and is called saved only then; a fault is not lost by another verdict, a reload or the end of the time.
// Leaves out drawing (verdict.tsx) and the message itself (pages/acts.ts).

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { boot } from "../core/boot.ts";
import { as, type Verdict } from "../core/events.ts";
import type { Ack } from "../core/live.ts";
import type { VerdictView } from "../core/state.ts";
import type { Store } from "../core/store.ts";

/** Where and what the fault is, and how it would be right; `line` counts in what the hunk puts there (or takes away, where it puts
 * nothing), 0 is the whole hunk. */
export interface Words {
  line: number;
  fault: string;
  repair: string | null;
}

export interface Judged extends Words {
  verdict: Verdict;
}

interface Draft extends Judged {
  /** `done`: acknowledged, and its event is on its way. */
  stage: "typed" | "sent" | "done" | "refused";
  problem: string;
}

interface Stored {
  review: string;
  drafts: Record<string, Judged>;
  words: Record<string, Words>;
}

type Judge = (review: string, hunk: string, judged: Judged) => Promise<Ack>;

const KEY = `pairsight.review/${boot.interview}`;
const CHOSEN_MS = 250;
const TYPED_MS = 800;
const LAST_MS = 2000;
const NO_WORDS: Words = { line: 0, fault: "", repair: null };
const byStore = new WeakMap<Store, Verdicts>();

export function isWrong(verdict: Verdict | undefined): boolean {
  return verdict === "block" || verdict === "probably wrong";
}

/** The verdicts under way of this page, or undefined where it only looks on. */
export function verdictsOf(store: Store): Verdicts | undefined {
  return byStore.get(store);
}

export class Verdicts {
  readonly drafts = signal<ReadonlyMap<string, Draft>>(new Map());
  /** How many stand on this computer alone. */
  readonly unsent: ReadonlySignal<number> = computed(
    () => [...this.drafts.value.values()].filter(({ stage }) => stage === "typed" || stage === "refused").length,
  );
  #words = new Map<string, Words>();
  #timers = new Map<string, number>();
  #review = "";

  constructor(
    private store: Store,
    private judge: Judge,
    /** Working time left, in ms. */
    private left: () => number,
  ) {
    byStore.set(store, this);
    store.listen({
      event: (event) => {
        const judged = as(event, "hunk.judged");
        if (judged && this.drafts.peek().get(judged.hunk)?.stage === "done") this.#put(judged.hunk, null);
        if (event.type === "review.opened") this.#begin();
        // What was typed last belongs to the time that is over now.
        if (event.type === "phase.ended") void this.flush();
        if (event.type === "interview.submitted") forget();
      },
      // What was erased is not to come back with another verdict.
      reset: (erased) => {
        if (!erased) return;
        this.#words.clear();
        this.#keep();
      },
    });
    const leaving = () => document.hidden && void this.flush();
    document.addEventListener("visibilitychange", leaving);
    window.addEventListener("pagehide", () => void this.flush());
    this.#begin();
  }

  /** The verdict as it is shown, and how far it is. */
  shown(hunk: string): { judged: Judged | null; stage: Draft["stage"] | "saved" | ""; problem: string } {
    const draft = this.drafts.value.get(hunk);
    const saved = this.store.at("course").review?.verdicts[hunk];
    if (draft) return { judged: draft, stage: draft.stage, problem: draft.problem };
    return { judged: saved ?? null, stage: saved ? "saved" : "", problem: "" };
  }

  choose(hunk: string, verdict: Verdict): void {
    this.#change(hunk, { verdict, ...(isWrong(verdict) ? this.#known(hunk) : NO_WORDS) }, CHOSEN_MS);
  }

  /** Say more of a fault; nothing where no verdict says that there is one. */
  say(hunk: string, more: Partial<Words>): void {
    const verdict = this.#now(hunk)?.verdict;
    if (!verdict || !isWrong(verdict)) return;
    const words = { ...this.#known(hunk), ...more };
    this.#words.set(hunk, words);
    this.#change(hunk, { verdict, ...words }, TYPED_MS);
  }

  /** Send what has not left yet; resolves when it was answered. */
  async flush(hunk?: string): Promise<void> {
    const left = [...this.drafts.peek()].filter(([id, { stage }]) => stage === "typed" && (!hunk || id === hunk));
    await Promise.all(left.map(([id]) => this.#send(id)));
  }

  /** Send once more what was refused. */
  again(hunk: string): void {
    void this.#send(hunk);
  }

  #now(hunk: string): Judged | VerdictView | undefined {
    return this.drafts.peek().get(hunk) ?? this.store.now.review?.verdicts[hunk];
  }

  #known(hunk: string): Words {
    const now = this.#now(hunk);
    if (now && isWrong(now.verdict)) return { line: now.line, fault: now.fault, repair: now.repair };
    return this.#words.get(hunk) ?? NO_WORDS;
  }

  #change(hunk: string, judged: Judged, wait: number): void {
    const now = this.#now(hunk);
    if (now && same(now, judged)) return;
    // What a verdict that finds no fault leaves out is there again with one that does.
    if (now && isWrong(now.verdict)) this.#words.set(hunk, { line: now.line, fault: now.fault, repair: now.repair });
    if (isWrong(judged.verdict)) this.#words.set(hunk, words(judged));
    this.#put(hunk, { ...judged, stage: "typed", problem: "" });
    // In the last moments nothing waits: a verdict that comes behind the time is none.
    const soon = Math.min(wait, Math.max(0, this.left() - LAST_MS));
    clearTimeout(this.#timers.get(hunk));
    this.#timers.set(
      hunk,
      window.setTimeout(() => void this.#send(hunk), soon),
    );
  }

  async #send(hunk: string): Promise<void> {
    const draft = this.drafts.peek().get(hunk);
    if (!draft || draft.stage === "sent" || draft.stage === "done") return;
    clearTimeout(this.#timers.get(hunk));
    const before = this.store.now.review?.verdicts[hunk]?.seq ?? 0;
    const sent: Draft = { ...draft, stage: "sent", problem: "" };
    this.#put(hunk, sent);
    const ack = await this.judge(this.#review, hunk, { verdict: draft.verdict, ...words(draft) });
    // Changed since: that goes out by itself.
    if (this.drafts.peek().get(hunk) !== sent) return;
    if (!ack.ok) this.#put(hunk, { ...sent, stage: "refused", problem: ack.error });
    else if ((this.store.now.review?.verdicts[hunk]?.seq ?? 0) > before) this.#put(hunk, null);
    else this.#put(hunk, { ...sent, stage: "done" });
  }

  #put(hunk: string, draft: Draft | null): void {
    const drafts = new Map(this.drafts.peek());
    if (draft) drafts.set(hunk, draft);
    else drafts.delete(hunk);
    this.drafts.value = drafts;
    this.#keep();
  }

  #keep(): void {
    const drafts = [...this.drafts.peek()].filter(([, { stage }]) => stage !== "done");
    const kept: Stored = {
      review: this.#review,
      drafts: Object.fromEntries(drafts.map(([hunk, draft]) => [hunk, { verdict: draft.verdict, ...words(draft) }])),
      words: Object.fromEntries(this.#words),
    };
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Then it stands on the page alone until it is sent, which is a moment.
    }
  }

  /** Take up what an earlier page of this browser had not sent. */
  #begin(): void {
    const { review, status } = this.store.now;
    if (!review || this.#review) return;
    this.#review = review.review;
    const kept = stored();
    if (kept?.review !== this.#review) return;
    this.#words = new Map(Object.entries(kept.words));
    for (const [hunk, judged] of Object.entries(kept.drafts)) {
      const saved = review.verdicts[hunk];
      if (!(saved && same(saved, judged))) this.#put(hunk, { ...judged, stage: "typed", problem: "" });
    }
    if (status === "running" || status === "grace") void this.flush();
  }
}

function words({ line, fault, repair }: Words): Words {
  return { line, fault, repair };
}

function same(a: Judged, b: Judged): boolean {
  return a.verdict === b.verdict && a.line === b.line && a.fault === b.fault && a.repair === b.repair;
}

function stored(): Stored | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

function forget(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // It could not be written either.
  }
}
