// The clock in the bar.
// Owns ticking. Invariant: shows the working time left as core/timeline.ts has it; a stopped clock says why.

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { t, tn } from "../core/i18n.ts";
import type { Store } from "../core/store.ts";
import { clockText, remainingMs } from "../core/timeline.ts";

const tick = signal(0);
const SOON_MS = 5 * 60_000;

export function Clock({ store, now }: { store: Store; now: () => number }) {
  useEffect(() => {
    const timer = window.setInterval(() => {
      tick.value += 1;
    }, 500);
    return () => clearInterval(timer);
  }, []);
  tick.value;
  const state = store.at("course");
  const left = remainingMs(state, now());
  const paused = state.paused_ms !== null && state.status === "running";
  const minutes = Math.ceil(left / 60_000);
  return (
    <div class={left < SOON_MS && state.status === "running" ? "clock clock-soon" : "clock"} role="timer">
      <span class="clock-time" title={t("Working time left")}>
        {state.phase_started_ms ? clockText(left) : "--:--"}
      </span>
      <span class="clock-word">{paused ? t("paused") : t("left")}</span>
      <span class="sr-only" role="status">
        {state.status === "running" && (minutes === 5 || minutes === 1)
          ? tn("%(n)s minute left", "%(n)s minutes left", minutes)
          : ""}
      </span>
    </div>
  );
}

/** Why the clock stands, over the page's top edge: nothing moves for it. */
export function PauseNotice({ store, overdue = () => false }: { store: Store; overdue?: () => boolean }) {
  const state = store.at("course", "files");
  tick.value;
  const words =
    state.status !== "running"
      ? ""
      : overdue()
        ? t(
            "Your time ran out while there is no connection. What you wrote is kept here and sent as soon as the connection is back: leave this page open.",
          )
        : state.paused_ms !== null
          ? t("The clock is paused: %(reason)s.", { reason: t(state.pause_reason).replace(/\.$/, "") })
          : state.sync_error
            ? t("A file could not be written to the workspace: %(reason)s. What you typed is saved.", {
                reason: state.sync_error,
              })
            : "";
  return (
    <div class="over-notice" role="status">
      {words && <p>{words}</p>}
    </div>
  );
}
