// The invitation opened on a phone while the workspace is open elsewhere.
// Owns asking what is wanted, before anything is taken over. Invariant: only a narrow page that has not been the workspace before asks,
// and only where tickets can be handed over. Leaves out taking over, which the server does (web/sockets.py).

import { render } from "preact";
import type { Boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { narrow } from "../ui/layout.ts";

/** Resolves when this page may become the workspace; never where it goes on to the tickets instead. */
export async function mayTakeOver({ interview, header, snapshot, urls }: Boot): Promise<void> {
  const key = `pairsight.here/${interview}`;
  const open = Object.values(snapshot?.presence ?? {}).some(({ role }) => role === "candidate");
  const app = document.getElementById("app");
  if (app && open && narrow.value && header.settings.delegation && !wasHere(key)) {
    await new Promise<void>((here) => render(<Choice tickets={urls.tickets ?? ""} onHere={here} />, app));
    render(null, app);
  }
  try {
    sessionStorage.setItem(key, "yes");
  } catch {
    // Asked again after a reload.
  }
}

function wasHere(key: string): boolean {
  try {
    return sessionStorage.getItem(key) !== null;
  } catch {
    return false;
  }
}

function Choice({ tickets, onHere }: { tickets: string; onHere: () => void }) {
  return (
    <main class="taking-over">
      <h1>{t("Your workspace is open elsewhere")}</h1>
      <p>{t("It stays open there while you hand over tickets and review what comes back here.")}</p>
      <a class="button button-primary" href={tickets}>
        {t("Tickets here")}
      </a>
      <p>{t("Or go on here with everything; the other page then changes nothing any more.")}</p>
      <button type="button" class="button" onClick={onHere}>
        {t("Work here instead")}
      </button>
    </main>
  );
}
