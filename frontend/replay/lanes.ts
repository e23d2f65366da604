// What lies on the timeline's lanes.
// Owns turning a log into marks. Invariant: pure; places are shares of the whole time, 0 to 1. Leaves out drawing (timeline.tsx).

import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import { describe, type Who } from "./describe.ts";

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
  parts: { who: "candidate" | "assistant" | "terminal"; height: number }[];
}

export interface Span {
  from: number;
  to: number;
  title: string;
}

export const SLICES = 160;

type TimeOf = (event: Wire) => number;

export function lanes(events: readonly Wire[], timeOf: TimeOf, duration: number): Lane[] {
  const found: Record<string, Lane> = {
    prompts: { id: "prompts", label: t("prompts"), marks: [] },
    proposals: { id: "proposals", label: t("proposals"), marks: [] },
    runs: { id: "runs", label: t("tests"), marks: [] },
    commands: { id: "commands", label: t("commands"), marks: [] },
    notes: { id: "notes", label: t("notes"), marks: [] },
  };
  const laneOf: Record<string, string> = {
    "prompt.sent": "prompts",
    "suggestion.offered": "proposals",
    "suggestion.decided": "proposals",
    "run.finished": "runs",
    "command.finished": "commands",
    "note.added": "notes",
  };
  for (const event of events) {
    const lane = found[laneOf[event.type] ?? ""];
    if (!lane || event.payload === null) continue;
    const { who, sign, words, detail } = describe(event);
    const about = as(event, "note.added")?.about_seq;
    const placed = (about !== undefined && events[about - 1]) || event;
    const tone = event.type === "run.finished" ? (sign === "✓" ? "pass" : "fail") : who;
    lane.marks.push({
      seq: placed.seq,
      x: timeOf(placed) / duration,
      sign,
      tone,
      title: detail ? `${words}: ${detail.slice(0, 200)}` : words,
    });
  }
  return Object.values(found);
}

export function slices(events: readonly Wire[], timeOf: TimeOf, duration: number): Slice[] {
  const sums = Array.from({ length: SLICES }, () => ({ candidate: 0, assistant: 0, terminal: 0 }));
  for (const event of events) {
    const edited = as(event, "file.edited");
    if (!edited) continue;
    let size = 0;
    for (const part of edited.changes) {
      if (typeof part !== "number") size += (part[0] as number) + part.slice(1).join("\n").length;
    }
    const sum = sums[Math.min(SLICES - 1, Math.floor((timeOf(event) / duration) * SLICES))];
    const who = describe(event).who;
    if (sum && (who === "candidate" || who === "assistant" || who === "terminal")) sum[who] += size;
  }
  // A paste of a page must not flatten the typing around it.
  const height = (size: number) => Math.log2(1 + size);
  const tallest = Math.max(1, ...sums.map((sum) => height(sum.candidate + sum.assistant + sum.terminal)));
  return sums.flatMap((sum, index) => {
    const all = sum.candidate + sum.assistant + sum.terminal;
    if (!all) return [];
    const scale = height(all) / tallest / all;
    const parts = (["candidate", "assistant", "terminal"] as const)
      .filter((who) => sum[who] > 0)
      .map((who) => ({ who, height: Math.max(0.06, sum[who] * scale) }));
    return [{ x: index / SLICES, parts }];
  });
}

/** When the candidate's page was in the background or away, and when the clock stood still. */
export function spans(events: readonly Wire[], timeOf: TimeOf, duration: number): { away: Span[]; paused: Span[] } {
  const away: Span[] = [];
  const paused: Span[] = [];
  let gone: number | null = null;
  let still: { from: number; reason: string } | null = null;
  for (const event of events) {
    const x = timeOf(event) / duration;
    const presence = as(event, "presence.changed");
    if (presence?.role === "candidate") {
      if (presence.state === "connected") {
        if (gone !== null && x > gone) away.push({ from: gone, to: x, title: t("away") });
        gone = null;
      } else gone ??= x;
    }
    const pause = as(event, "clock.paused");
    if (pause) still = { from: x, reason: pause.reason };
    if (event.type === "clock.resumed" && still) {
      paused.push({ from: still.from, to: x, title: t("Clock paused: %(reason)s", { reason: still.reason }) });
      still = null;
    }
  }
  if (gone !== null && gone < 1) away.push({ from: gone, to: 1, title: t("away") });
  return { away, paused };
}
