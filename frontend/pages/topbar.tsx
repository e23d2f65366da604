// The bar above the workspace.
// Owns saying what is saved, who watches and how long is left. Invariant: "saved" means committed; anything else says where the
// changes are.

import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import { Clock } from "../ui/clock.tsx";
import { BarTools } from "../ui/frame.tsx";
import type { PanelId } from "../ui/layout.ts";
import { submitting } from "./endings.tsx";
import type { Session, Working } from "./session.ts";

export function TopBar({ session, names }: { session: Session; names: Record<PanelId, string> }) {
  const { store, live } = session;
  const viewers = Object.values(store.at("presence").presence).filter((view) => view.role === "interviewer").length;
  const state = store.at("course");
  const canEdit = boot.header.settings.co_edit && state.status === "running" ? viewers : 0;
  return (
    <>
      <h1 class="topbar-title">
        {boot.header.exercise.title}
        <span class="topbar-phase">{t("Open work")}</span>
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
        onClick={() => (submitting.value = true)}
      >
        {t("Submit")}
      </button>
    </>
  );
}

/** "Saved" means committed; anything else says where the changes are. */
export function SaveState({ session }: { session: Working }) {
  const { live, editable, outbox } = session;
  const changes = editable.unsent.value + live.waiting.value;
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
