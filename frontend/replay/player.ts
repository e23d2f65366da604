// The replay's time.
// Owns play, pause, speed and place. Invariant: the place in time and the event agree: the state shown is that after the last event
// at or before it. Leaves out the log (core/recorded.ts) and drawing.

import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { as, type Wire } from "../core/events.ts";
import type { Recorded } from "../core/recorded.ts";

export const SPEEDS = [1, 2, 4, 8, 16] as const;
const IDLE_MS = 3000;
const LEAD_MS = 500;
/** Written after the work was over, some of it days later: these do not stretch the time line. */
const AFTERWARDS = new Set([
  "note.added",
  "analysis.recorded",
  "score.recorded",
  "rating.recorded",
  "explanation.rated",
  "score.revealed",
  "score.overridden",
  "score.signed",
  "debrief.shown",
  "presence.changed",
  "payload.erased",
]);

export class Player {
  readonly playing = signal(false);
  readonly speed = signal<number>(4);
  readonly skipIdle = signal(true);
  /** Milliseconds since the clock started. */
  readonly time = signal(0);
  readonly start: ReadonlySignal<number>;
  readonly duration: ReadonlySignal<number>;
  #frame = 0;
  #last = 0;

  constructor(readonly recorded: Recorded) {
    const { events } = recorded;
    this.start = computed(() => {
      const begun = events.value.find((event) => event.type === "phase.started") ?? events.value[0];
      return begun?.at_ms ?? 0;
    });
    this.duration = computed(() => Math.max(1000, end(events.value) - this.start.value));
  }

  /** Where an event lies, in ms since the start; those before and after the work lie at its ends. */
  timeOf(event: Wire): number {
    return Math.max(0, Math.min(this.duration.value, event.at_ms - this.start.value));
  }

  /** Go to an event. */
  seek(seq: number): void {
    this.recorded.seek(seq);
    const event = this.recorded.event(this.recorded.seq.value);
    this.time.value = event ? this.timeOf(event) : 0;
  }

  /** Go to a time; the end means the last event of all. */
  seekTime(ms: number): void {
    const time = Math.max(0, Math.min(this.duration.value, ms));
    this.time.value = time;
    const last = this.recorded.events.value.length;
    this.recorded.seek(time >= this.duration.value ? last : this.recorded.seqAt(this.start.value + time));
  }

  /** To the next or previous event; one that changes nothing is passed over. */
  step(by: 1 | -1): void {
    this.pause();
    const last = this.recorded.events.value.length;
    let seq = this.recorded.seq.value + by;
    while (seq > 0 && seq < last && isKeyframe(this.recorded.event(seq))) seq += by;
    this.seek(seq);
  }

  /** To the next or previous event that `wanted` says yes to. */
  jump(by: 1 | -1, wanted: (event: Wire) => boolean): void {
    const { events, seq } = this.recorded;
    for (let at = seq.value + by; at >= 1 && at <= events.value.length; at += by) {
      const event = events.value[at - 1];
      if (!event || !wanted(event)) continue;
      this.seek(at);
      return;
    }
  }

  toggle(): void {
    if (this.playing.value) this.pause();
    else this.play();
  }

  play(): void {
    if (this.time.value >= this.duration.value) this.seekTime(0);
    this.playing.value = true;
    this.#last = performance.now();
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  pause(): void {
    this.playing.value = false;
    cancelAnimationFrame(this.#frame);
  }

  #tick(now: number): void {
    if (!this.playing.value) return;
    let time = this.time.value + (now - this.#last) * this.speed.value;
    this.#last = now;
    const next = this.recorded.event(this.recorded.seq.value + 1);
    const ahead = next ? next.at_ms - this.start.value - time : 0;
    if (this.skipIdle.value && next && ahead > IDLE_MS) time += ahead - LEAD_MS;
    this.seekTime(time);
    if (this.time.value >= this.duration.value) this.pause();
    else this.#frame = requestAnimationFrame((then) => this.#tick(then));
  }
}

function isKeyframe(event: Wire | null): boolean {
  return event !== null && as(event, "file.snapshotted")?.origin === "keyframe";
}

function end(events: readonly Wire[]): number {
  const submitted = events.find((event) => event.type === "interview.submitted");
  return (submitted ?? events.findLast((event) => !AFTERWARDS.has(event.type)))?.at_ms ?? 0;
}
