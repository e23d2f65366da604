// The clock in the bar.
// Owns ticking. Invariant: shows the working time left as core/timeline.ts has it; a stopped clock says why.

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import type { State } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { clockText, elapsedMs, remainingMs } from "../core/timeline.ts";

const tick = signal(0);
const SOON_MS = 5 * 60_000;
/** How many missing files are named. */
const NAMED = 8;
/** The notice that was put away, and the time lost by then: one that comes after a further loss is told again. */
interface Read {
  words: string;
  lost: number;
}
const KEY = `pairsight.read/${boot.interview}`;
const read = signal<Read | null>(remembered());

function remembered(): Read | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

function putAway(now: Read | null): void {
  read.value = now;
  try {
    localStorage.setItem(KEY, JSON.stringify(now));
  } catch {
    // Told again after a reload.
  }
}

/** Have the component drawn again while time goes by; for one beside a clock, which ticks. */
export function useSeconds(): void {
  tick.value;
}

export function Clock({ store, now }: { store: Store; now: () => number }) {
  useEffect(() => {
    const timer = window.setInterval(() => {
      tick.value += 1;
    }, 500);
    return () => clearInterval(timer);
  }, []);
  tick.value;
  const state = store.at("course");
  const between = state.status === "between";
  // What was left of the phase before is nobody's matter any more.
  const left = between ? state.next_phase_ms : remainingMs(state, now());
  const paused = state.paused_ms !== null && state.status === "running";
  const over = state.status === "submitted" || state.status === "finished";
  const minutes = Math.ceil(left / 60_000);
  return (
    <div class={left < SOON_MS && state.status === "running" ? "clock clock-soon" : "clock"} role="timer">
      <span
        class="clock-time"
        title={over ? t("Working time spent") : between ? t("Time for what comes next") : t("Working time left")}
      >
        {state.phase_started_ms ? clockText(over ? elapsedMs(state, now()) : left) : "--:--"}
      </span>
      <span class="clock-word">{over ? t("worked") : between ? t("stands") : paused ? t("paused") : t("left")}</span>
      <span class="sr-only" role="status">
        {state.status === "running" && (minutes === 5 || minutes === 1)
          ? tn("%(n)s minute left", "%(n)s minutes left", minutes)
          : ""}
      </span>
    </div>
  );
}

interface Notices {
  store: Store;
  overdue?: () => boolean;
  /** Further notices of the page. */
  children?: ComponentChildren;
}

/** Why the clock stands: nothing moves for it. */
export function PauseNotice({ store, overdue = () => false, children }: Notices) {
  const state = store.at("course", "files");
  const back = state.status === "running" && state.paused_ms === null ? backWords(state) : "";
  // The next loss is told again, also where its words are the same.
  useEffect(() => {
    if (state.sandbox_lost) putAway(null);
  }, [state.sandbox_lost]);
  const lost = state.lost_ms;
  const before = useRef(lost);
  useLayoutEffect(() => {
    // Another pause, seen on this page, is no further loss.
    const now = read.value;
    if (now?.lost === before.current && now.lost !== lost) putAway({ ...now, lost });
    before.current = lost;
  }, [lost]);
  const seen = read.value?.words === back && read.value.lost === lost;
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
    <div role="status">
      {words && <div class="notice">{words}</div>}
      {back && !seen && (
        <div class="notice">
          <p>{back}</p>
          <button type="button" class="button button-small" onClick={() => putAway({ words: back, lost })}>
            {t("Understood")}
          </button>
        </div>
      )}
      {children}
    </div>
  );
}

/** What a sandbox that came back lacks. One that was found again lacks nothing but its terminals. */
function backWords({ sandbox_back, missing }: State): string {
  if (!sandbox_back) return "";
  if (sandbox_back === "adopted")
    return t("The sandbox was lost for a moment and found again: every file is in place, its terminals have ended.");
  const more = missing.length - NAMED;
  const names =
    missing.slice(0, NAMED).join(", ") + (more > 0 ? ` ${tn("and %(n)s more", "and %(n)s more", more)}` : "");
  return [
    t("The sandbox was lost and made anew; the text files are back."),
    missing.length ? t("Not back, because only their names are recorded: %(names)s.", { names }) : "",
    t("Programs that ran, .git and what was installed or written outside the workspace are gone too."),
  ].join(" ");
}
