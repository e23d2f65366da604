// Plain pages: consent, waiting, debrief, scorecard, lists, errors.
// Owns their style sheet, and asking again on a page that waits for something. Invariant: a plain page works without this script.
import "../styles/pages.css";

const AGAIN_MS = 2000;

/** Bring the part marked `data-again` up to date, also over a restart of the server; what did not change is not read out again. */
async function again(): Promise<void> {
  const part = document.querySelector("[data-again]");
  if (!part) return;
  try {
    const answer = await fetch(location.href, { redirect: "manual" });
    if (answer.type === "opaqueredirect") return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    if (answer.ok && fresh && fresh.innerHTML !== part.innerHTML) {
      document.title = page.title;
      part.toggleAttribute("data-again", fresh.hasAttribute("data-again"));
      part.replaceChildren(...fresh.childNodes);
      part.querySelector<HTMLElement>("[autofocus]")?.focus();
    }
  } catch {
    // The server does not answer: what is shown still holds.
  }
  window.setTimeout(again, AGAIN_MS);
}

window.setTimeout(again, AGAIN_MS);
