// The interview's clock, computed from its state as interviews/timeline.py computes it.
// Owns working time spent and left. Invariant: time while the clock is paused never counts; pure, `nowMs` is passed in.

import type { State } from "./state.ts";

/** The phases of an interview, in their order, for the minutes that its review has; 0 is none. */
export function phasesOf(reviewMinutes: number): readonly string[] {
  return reviewMinutes > 0 ? ["open", "review"] : ["open"];
}

/** The phase that follows the one under way, or "" where it is the last. */
export function phaseAfter(state: State, reviewMinutes: number): string {
  if (state.status === "between") return state.next_phase;
  const phases = phasesOf(reviewMinutes);
  return phases[phases.indexOf(state.phase) + 1] ?? "";
}

/** Time until the phase that is offered for `offeredMs` begins by itself, in ms, never negative. */
export function offerLeftMs(state: State, offeredMs: number, nowMs: number): number {
  return Math.max(0, state.offered_ms + offeredMs - nowMs);
}

/** Working time spent in the current phase, in ms. */
export function elapsedMs(state: State, nowMs: number): number {
  if (!state.phase_started_ms) return 0;
  let end = state.phase_ended_ms ?? nowMs;
  if (state.paused_ms !== null) end = Math.min(end, state.paused_ms);
  return Math.max(0, end - state.phase_started_ms - state.lost_ms);
}

/** Working time left in the current phase, in ms, never negative. */
export function remainingMs(state: State, nowMs: number): number {
  return Math.max(0, state.phase_duration_ms - elapsedMs(state, nowMs));
}

/** `mm:ss`, minutes unbounded; with `hours`, `hh:mm:ss`. Rounds up, so that a clock counting down ends at zero. */
export function clockText(ms: number, hours = false): string {
  const total = hours ? Math.floor(ms / 1000) : Math.ceil(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const [minutes, seconds] = [Math.floor(total / 60), total % 60];
  return hours
    ? `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}:${two(seconds)}`
    : `${two(minutes)}:${two(seconds)}`;
}
