// What ends the work: submitting, time running out, another tab.
// Owns these dialogs, and which of them is shown. Invariant: each says what happens to the work; none can be left while it is being handed in.

import { signal } from "@preact/signals";
import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import { clockText, phaseAfter, remainingMs } from "../core/timeline.ts";
import { countJudged, endWords } from "../panels/review.tsx";
import { undecided } from "../panels/rounds.ts";
import { counts } from "../panels/tests.tsx";
import { verdictsOf } from "../panels/verdicts.ts";
import { useSeconds } from "../ui/clock.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { GoOn, goingOn, Offer, SavingBefore, settled } from "./between.tsx";
import type { Session } from "./session.ts";

export const submitting = signal(false);
const sent = signal(false);

export function Endings({ session }: { session: Session }) {
  const { store, live } = session;
  const status = store.at("course").status;
  if (live.connection.value === "superseded") return <Elsewhere />;
  if (sent.value || status === "submitted" || status === "finished") return <HandingIn session={session} />;
  const more = phaseAfter(store.now, boot.header.settings.review_minutes) !== "";
  if (status === "grace") return more ? <SavingBefore session={session} /> : <TimeUp session={session} />;
  if (status === "between") return <Offer session={session} />;
  if (goingOn.value) return <GoOn session={session} />;
  if (submitting.value) return <Submit session={session} />;
  return null;
}

function Submit({ session }: { session: Session }) {
  const { store, live, acts, editable } = session;
  const close = () => {
    submitting.value = false;
  };
  const submit = async () => {
    sent.value = true;
    editable.flush();
    await settled(session);
    const ack = await acts.submit();
    if (!ack.ok) sent.value = false;
    close();
  };
  useSeconds();
  const state = store.at("course", "runs", "suggestions", "tickets");
  const { review } = state;
  const run = state.runs.findLast((view) => view.finished_seq !== null);
  const open = undecided(state);
  return (
    <Dialog title={t("Submit your work?")} onClose={close}>
      <p>
        {review
          ? t(
              "Your verdicts are handed in as they are now, beside your open work as it stood at its end. Then the interview is over.",
            )
          : t("Your files are handed in as they are now, and the interview ends. You cannot change them afterwards.")}
      </p>
      <p>
        {t(
          "Hidden tests run next. Then you see any mistake that was placed on purpose, what you did about it, and the fix.",
        )}
      </p>
      <ul class="facts">
        <li>{t("%(time)s of your time is left.", { time: clockText(remainingMs(state, live.now())) })}</li>
        <li>
          {run
            ? t("Last test run: %(passed)s passed ✓, %(failed)s failed ✗.", { ...counts(run) })
            : t("You have not run the tests.")}
        </li>
        {review && <li>{endWords(review.hunks.length - countJudged(review, verdictsOf(store)))}</li>}
        {open > 0 && (
          <li>
            {tn(
              "%(n)s proposed change is not decided; it is left out.",
              "%(n)s proposed changes are not decided; they are left out.",
              open,
            )}
          </li>
        )}
      </ul>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          {t("Keep working")}
        </button>
        <button type="button" class="button button-primary" onClick={() => void submit()}>
          {t("Submit and end")}
        </button>
      </div>
    </Dialog>
  );
}

function HandingIn({ session }: { session: Session }) {
  const offline = session.live.connection.value !== "online";
  return (
    <Dialog title={t("Handing in your work")}>
      <p role="status">
        {offline
          ? t(
              "There is no connection at the moment. Your work is handed in as soon as it is back; leave this page open.",
            )
          : t("Your work is being handed in. The next page opens by itself.")}
      </p>
    </Dialog>
  );
}

function TimeUp({ session }: { session: Session }) {
  const { editable, live } = session;
  const unsent = editable.unsent.value + live.waiting.value;
  return (
    <Dialog title={t("Time is up")}>
      <p role="status">
        {unsent === 0
          ? t("Everything you wrote is saved. The next page opens by itself.")
          : live.connection.value === "online"
            ? t("Saving your last edits.")
            : t(
                "Your last edits are kept on this computer and are sent as soon as the connection is back; they are taken for %(seconds)s seconds.",
                {
                  seconds: boot.header.settings.grace_s,
                },
              )}
      </p>
    </Dialog>
  );
}

function Elsewhere() {
  return (
    <Dialog title={t("This interview is open in another tab")}>
      <p>{t("The work goes on there, and everything that was saved is there. This tab no longer changes anything.")}</p>
      <div class="dialog-buttons">
        <button type="button" class="button button-primary" onClick={() => location.reload()}>
          {t("Continue here instead")}
        </button>
      </div>
    </Dialog>
  );
}
