// The bar above the workspace.
// Owns saying what is saved, who watches and how long is left. Invariant: "saved" means committed; anything else says where the
// changes are.

import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import type { State } from "../core/state.ts";
import { phaseAfter, phasesOf } from "../core/timeline.ts";
import { verdictsOf } from "../panels/verdicts.ts";
import { Clock } from "../ui/clock.tsx";
import { BarTools } from "../ui/frame.tsx";
import type { PanelId } from "../ui/layout.ts";
import { goingOn } from "./between.tsx";
import { submitting } from "./endings.tsx";
import type { Session, Working } from "./session.ts";

export function TopBar({ session, names }: { session: Session; names: Record<PanelId, string> }) {
  const { store, live } = session;
  const viewers = Object.values(store.at("presence").presence).filter((view) => view.role === "interviewer").length;
  const state = store.at("course");
  const more = phaseAfter(state, boot.header.settings.review_minutes) !== "";
  const canEdit = boot.header.settings.co_edit && state.status === "running" ? viewers : 0;
  return (
    <>
      <h1 class="topbar-title">
        {boot.header.exercise.title}
        <PhaseName state={state} />
      </h1>
      <SaveState session={session} />
      <span
        class="topbar-watching"
        title={canEdit ? t("What an interviewer changes in your files is marked in teal.") : ""}
      >
        {viewers > 0 && <span>{tn("%(n)s watching", "%(n)s watching", viewers)}</span>}
        {canEdit > 0 && <span class="topbar-can-edit">{tn("%(n)s can edit", "%(n)s can edit", canEdit)}</span>}
      </span>
      <BarTools names={names} />
      <Clock store={store} now={() => live.now()} />
      <button
        type="button"
        class="button button-primary"
        disabled={state.status !== "running"}
        {...(more ? { "aria-label": t("Go on to the review") } : {})}
        onClick={() => {
          if (more) goingOn.value = true;
          else submitting.value = true;
        }}
      >
        {more ? (
          <>
            <span class="topbar-whole">{t("Go on to the review")}</span>
            <span class="topbar-short">{t("Go on")}</span>
          </>
        ) : (
          t("Submit")
        )}
      </button>
    </>
  );
}

/** The phase under way, or the one that comes next while nothing is. */
export function phaseName(state: State): string {
  const phase = state.status === "between" ? state.next_phase : state.phase;
  return phase === "review" ? t("Review") : t("Open work");
}

/** The phase and which of how many it is. */
export function PhaseName({ state }: { state: State }) {
  const phases = phasesOf(boot.header.settings.review_minutes);
  const phase = state.status === "between" ? state.next_phase : state.phase;
  const number = phases.indexOf(phase) + 1;
  return (
    <span class="topbar-phase">
      {phaseName(state)}
      {phases.length > 1 && number > 0 && (
        <span class="topbar-count"> {t("%(number)s of %(total)s", { number, total: phases.length })}</span>
      )}
    </span>
  );
}

/** "Saved" means committed; anything else says where the changes are. */
export function SaveState({ session }: { session: Working }) {
  const { live, editable, outbox, store } = session;
  const changes = editable.unsent.value + live.waiting.value + (verdictsOf(store)?.unsent.value ?? 0);
  const online = live.connection.value === "online";
  let words = t("Saved");
  let sign = "●";
  if (outbox.failing.value && changes) {
    [sign, words] = ["▲", t("%(n)s unsaved, and this computer cannot keep them: leave the page open", { n: changes })];
  } else if (live.fault.value) {
    [sign, words] = ["▲", live.fault.value];
  } else if (!online && live.connection.value !== "superseded") {
    const connecting = live.connection.value === "connecting";
    sign = "◌";
    if (changes) {
      words = tn(
        "Reconnecting; %(n)s change kept on this computer",
        "Reconnecting; %(n)s changes kept on this computer",
        changes,
      );
    } else words = connecting ? t("Connecting…") : t("Reconnecting; everything is saved");
  } else if (editable.refused.value) {
    [sign, words] = ["▲", t("%(n)s unsaved: %(reason)s", { n: changes, reason: editable.refused.value })];
  } else if (changes) {
    [sign, words] = ["○", t("%(n)s unsaved", { n: changes })];
  }
  return (
    <span class={`save-state${sign === "▲" ? " save-state-trouble" : ""}`} role="status" title={words}>
      <span aria-hidden="true">{sign}</span> <span class="save-words">{words}</span>
    </span>
  );
}
