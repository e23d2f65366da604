// What lies on the timeline's lanes.
// Owns turning a log into marks. Invariant: pure; places are shares of the whole time, 0 to 1. Leaves out drawing (timeline.tsx).

import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import { actorOf, describe, type Who } from "./describe.ts";

export interface Mark {
  seq: number;
  x: number;
  sign: string;
  tone: Who | "pass" | "fail";
  title: string;
}

export interface Lane {
  id: string;
  label: string;
  marks: Mark[];
}

/** How much was edited in a slice of time, by whom; heights are shares of the tallest. */
export interface Slice {
  x: number;
  parts: { who: Author; height: number }[];
}

const AUTHORS = ["candidate", "assistant", "terminal", "interviewer"] as const;
type Author = (typeof AUTHORS)[number];

export interface Span {
  from: number;
  to: number;
  title: string;
}

export const SLICES = 160;
/** Marks this close would lie over each other. */
const NEAR = 0.006;

/** Lanes that are there only where something lies on them. */
const SELDOM = new Set(["tickets", "review", "course", "erased"]);

type TimeOf = (event: Wire) => number;

/** The lanes; those of what seldom happens are there only where it did. */
export function lanes(
  events: readonly Wire[],
  erasures: ReadonlyMap<number, Wire>,
  timeOf: TimeOf,
  duration: number,
): Lane[] {
  const found: Record<string, Lane> = {
    prompts: { id: "prompts", label: t("prompts"), marks: [] },
    proposals: { id: "proposals", label: t("proposals"), marks: [] },
    tickets: { id: "tickets", label: t("tickets"), marks: [] },
    review: { id: "review", label: t("review"), marks: [] },
    runs: { id: "runs", label: t("tests"), marks: [] },
    commands: { id: "commands", label: t("commands"), marks: [] },
    notes: { id: "notes", label: t("notes"), marks: [] },
    course: { id: "course", label: t("outages"), marks: [] },
    erased: { id: "erased", label: t("erased"), marks: [] },
  };
  const laneOf: Record<string, string> = {
    "prompt.sent": "prompts",
    "suggestion.offered": "proposals",
    "suggestion.decided": "proposals",
    "ticket.opened": "tickets",
    "ticket.revised": "tickets",
    "ticket.returned": "tickets",
    "ticket.closed": "tickets",
    "comment.added": "tickets",
    "review.opened": "review",
    "hunk.judged": "review",
    "run.finished": "runs",
    "command.finished": "commands",
    "note.added": "notes",
    "clock.paused": "course",
    "sandbox.lost": "course",
    "payload.erased": "erased",
  };
  for (const event of events) {
    const erasure = event.payload === null ? erasures.get(event.seq) : undefined;
    if (erasure && found.erased) {
      const x = timeOf(event) / duration;
      const { sign, detail, who } = describe(event, erasure);
      // What was erased in a row has one mark.
      if (x - (found.erased.marks.at(-1)?.x ?? -1) > NEAR) {
        const title = t("Erased here: %(reason)s", { reason: detail });
        found.erased.marks.push({ seq: event.seq, x, sign, tone: who, title });
      }
      continue;
    }
    const lane = found[laneOf[event.type] ?? ""];
    if (!lane || event.payload === null) continue;
    const { who, sign, words, detail } = describe(event);
    const about = as(event, "note.added")?.about_seq;
    const placed = (about !== undefined && events[about - 1]) || event;
    const last = lane.marks.at(-1);
    if (lane.id === "course" && last && timeOf(placed) / duration - last.x < NEAR) {
      // A sandbox is lost and the clock is stopped for it: one mark.
      last.title += `. ${words}: ${detail}`;
      continue;
    }
    const tone = event.type === "run.finished" ? (sign === "✓" ? "pass" : "fail") : who;
    lane.marks.push({
      seq: placed.seq,
      x: timeOf(placed) / duration,
      sign,
      tone,
      title: detail ? `${words}: ${detail.slice(0, 200)}` : words,
    });
  }
  const always = (lane: Lane) => !SELDOM.has(lane.id);
  return Object.values(found).filter((lane) => always(lane) || lane.marks.length > 0);
}

export function slices(events: readonly Wire[], timeOf: TimeOf, duration: number): Slice[] {
  const sums = Array.from({ length: SLICES }, () => ({ candidate: 0, assistant: 0, terminal: 0, interviewer: 0 }));
  for (const event of events) {
    const edited = as(event, "file.edited");
    if (!edited) continue;
    let size = 0;
    for (const part of edited.changes) {
      if (typeof part !== "number") size += (part[0] as number) + part.slice(1).join("\n").length;
    }
    const sum = sums[Math.min(SLICES - 1, Math.floor((timeOf(event) / duration) * SLICES))];
    const who = AUTHORS.find((author) => author === actorOf(event));
    if (sum && who) sum[who] += size;
  }
  // A paste of a page must not flatten the typing around it.
  const height = (size: number) => Math.log2(1 + size);
  const total = (sum: Record<Author, number>) => AUTHORS.reduce((all, who) => all + sum[who], 0);
  const tallest = Math.max(1, ...sums.map((sum) => height(total(sum))));
  return sums.flatMap((sum, index) => {
    const all = total(sum);
    if (!all) return [];
    const scale = height(all) / tallest / all;
    const parts = AUTHORS.filter((who) => sum[who] > 0).map((who) => ({
      who,
      height: Math.max(0.06, sum[who] * scale),
    }));
    return [{ x: index / SLICES, parts }];
  });
}

/** When no page of the candidate was in sight, when the clock stood still, when there was no sandbox. */
export function spans(
  events: readonly Wire[],
  timeOf: TimeOf,
  duration: number,
): { away: Span[]; paused: Span[]; lost: Span[] } {
  const away = new Spans();
  const paused = new Spans();
  const lost = new Spans();
  // A page that was opened again comes before the old one is known to be gone.
  const pages = new Map<string, string>();
  for (const event of events) {
    const x = timeOf(event) / duration;
    const presence = as(event, "presence.changed");
    if (presence?.role === "candidate") {
      pages.set(presence.client, presence.state);
      if ([...pages.values()].includes("connected")) away.end(x);
      else away.begin(x, t("away"));
    }
    const pause = as(event, "clock.paused");
    if (pause) paused.begin(x, t("Clock paused: %(reason)s", { reason: pause.reason }));
    if (event.type === "clock.resumed") paused.end(x);
    const loss = as(event, "sandbox.lost");
    if (loss) lost.begin(x, t("No sandbox: %(reason)s", { reason: loss.reason }));
    if (event.type === "sandbox.started") lost.end(x);
  }
  for (const one of [away, paused, lost]) one.end(1);
  return { away: away.all, paused: paused.all, lost: lost.all };
}

class Spans {
  readonly all: Span[] = [];
  #open: { from: number; title: string } | null = null;

  begin(from: number, title: string): void {
    this.#open ??= { from, title };
  }

  end(to: number): void {
    if (this.#open && to > this.#open.from) this.all.push({ ...this.#open, to });
    this.#open = null;
  }
}
