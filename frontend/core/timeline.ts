// The interview's clock, computed from its state as interviews/timeline.py computes it.
// Owns working time spent and left. Invariant: time while the clock is paused never counts; pure, `nowMs` is passed in.

import type { State } from "./state.ts";

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
