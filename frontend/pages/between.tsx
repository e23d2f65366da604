// Between two phases: what comes, while the clock stands.
// Owns these dialogs: going on before the time is over, the last edits being saved, the offer of the review. Invariant: nothing begins
// without saying what it is; time left over is told to count for nothing. Leaves out the end of the interview (endings.tsx).

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import { clockText, offerLeftMs, remainingMs } from "../core/timeline.ts";
import { verdictsOf } from "../panels/verdicts.ts";
import { useSeconds } from "../ui/clock.tsx";
import { Dialog } from "../ui/dialog.tsx";
import type { Session } from "./session.ts";
import { undecided } from "../panels/rounds.ts";

export const goingOn = signal(false);
const beginning = signal(false);
const WHOLE_MIN = 60_000;

/** Asked before open work is ended by hand. */
export function GoOn({ session }: { session: Session }) {
  const { store, live, acts, editable } = session;
  const close = () => {
    goingOn.value = false;
  };
  const go = async () => {
    // Saving takes some seconds, in which the time may run out.
    const ends = store.now.phase;
    editable.flush();
    await settled(session);
    await acts.endPhase(ends);
    close();
  };
  useSeconds();
  // Where the time ran out meanwhile it is not asked again in the next phase.
  useEffect(() => close, []);
  const state = store.at("course", "suggestions", "tickets");
  const open = undecided(state);
  const working = Object.values(state.tickets).filter(({ status }) => status === "working").length;
  return (
    <Dialog title={t("Go on to the review?")} onClose={close}>
      <p>
        {t(
          "Open work ends here. Your files stay as they are, and the review comes next: a change that somebody hands you to look through.",
        )}
      </p>
      <p>{t("You read what it is first, and its own clock starts when you begin it.")}</p>
      <ul class="facts">
        <li>
          {t("%(time)s of open work is left. It is dropped, and not held against you.", {
            time: clockText(remainingMs(store.now, live.now())),
          })}
        </li>
        {open > 0 && (
          <li>
            {tn(
              "%(n)s proposed change is not decided; it is left out.",
              "%(n)s proposed changes are not decided; they are left out.",
              open,
            )}
          </li>
        )}
        {working > 0 && (
          <li>
            {tn(
              "%(n)s ticket is still being worked on; that work is stopped.",
              "%(n)s tickets are still being worked on; that work is stopped.",
              working,
            )}
          </li>
        )}
      </ul>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          {t("Keep working")}
        </button>
        <button type="button" class="button button-primary" onClick={() => void go()}>
          {t("Go on")}
        </button>
      </div>
    </Dialog>
  );
}

/** Open work is over, and what was typed last is on its way. */
export function SavingBefore({ session }: { session: Session }) {
  const { editable, live } = session;
  const online = live.connection.value === "online";
  return (
    <Dialog title={t("Open work is over")}>
      <p role="status">
        {editable.unsent.value === 0
          ? t("Everything you wrote is saved. What comes next is shown in a moment.")
          : online
            ? t("Saving your last edits…")
            : t(
                "Your last edits are kept on this computer and are sent as soon as the connection is back; they are taken for %(seconds)s seconds.",
                { seconds: boot.header.settings.grace_s },
              )}
      </p>
    </Dialog>
  );
}

/** What the review is, until one begins it. */
export function Offer({ session }: { session: Session }) {
  const { store, live, acts } = session;
  const begin = useRef<HTMLButtonElement>(null);
  useSeconds();
  useEffect(() => {
    // One reads from the top, also where the button is further down than the window.
    begin.current?.focus({ preventScroll: true });
    begin.current?.closest("dialog")?.scrollTo(0, 0);
  }, []);
  const state = store.at("course");
  const go = async () => {
    beginning.value = true;
    await acts.beginPhase(store.now.next_phase);
    beginning.value = false;
  };
  const minutes = Math.round(state.next_phase_ms / WHOLE_MIN);
  const left = offerLeftMs(state, boot.betweenMs, live.now());
  const offline = live.connection.value !== "online";
  return (
    <Dialog title={t("Next: the review")} class="between">
      <p class="between-saved">
        <span aria-hidden="true">●</span>{" "}
        {t("Open work is over, and everything you wrote is saved and handed in as it stands. The clock stands.")}
      </p>
      <p>
        {t(
          "Somebody hands you a change, as a colleague would, and asks whether it can go in. It comes in about sixteen small pieces.",
        )}{" "}
        {state.plants
          ? t("Some of them may be wrong.")
          : t("As you chose, no mistakes were placed in it on purpose; it may still be wrong somewhere.")}
      </p>
      <ul class="between-list">
        <li>
          {t(
            "Say of each piece what you think: block, probably wrong, probably right, or merge. Where it is wrong, say where and what; a repair is welcome and not needed.",
          )}
        </li>
        <li>
          {t("Its files stand below %(folder)s. You may read, run and change them there.", { folder: "review/" })}
        </li>
        <li>
          {t(
            "The tests, the terminal and the assistant are yours to use. Nothing is placed on purpose in what they say here; the assistant can still be wrong.",
          )}
        </li>
        <li>{t("A piece without a verdict is fine, and so is time left over.")}</li>
      </ul>
      <p class="between-time">
        {minutes > 0
          ? tn("You have %(n)s minute for it.", "You have %(n)s minutes for it.", minutes)
          : t("You have %(time)s for it.", { time: clockText(state.next_phase_ms) })}{" "}
        {t("The clock starts when you press the button.")}
      </p>
      <div class="dialog-buttons between-buttons">
        <span class="muted" role={offline ? "status" : undefined}>
          {offline
            ? t("There is no connection at the moment; leave this page open.")
            : t("It begins by itself in %(time)s.", { time: clockText(left) })}
        </span>
        <button
          ref={begin}
          type="button"
          class="button button-primary"
          disabled={beginning.value}
          onClick={() => void go()}
        >
          {t("Begin the review")}
        </button>
      </div>
    </Dialog>
  );
}

/** Resolves once nothing is unsent, or after a few seconds: the server takes late edits too. */
export async function settled({ editable, store }: Session): Promise<void> {
  const verdicts = verdictsOf(store);
  void verdicts?.flush();
  const unsent = () => editable.unsent.value + (verdicts?.unsent.value ?? 0);
  await new Promise<void>((resolve) => {
    const started = Date.now();
    const timer = window.setInterval(() => {
      if (unsent() > 0 && Date.now() - started < 5000) return;
      clearInterval(timer);
      resolve();
    }, 50);
  });
}
