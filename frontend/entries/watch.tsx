// The interviewer's live page.
import { effect } from "@preact/signals";
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { as } from "../core/events.ts";
import { expose } from "../core/expose.ts";
import { t } from "../core/i18n.ts";
import { CoEditor } from "../editor/coeditor.ts";
import { connect, prepare } from "../pages/session.ts";
import { Watch } from "../pages/watch.tsx";
import { following, watching } from "../pages/watching.tsx";
import { narrowPanel } from "../ui/layout.ts";
import { say } from "../ui/toasts.tsx";

/** A page that only looks on. */
async function looking() {
  const { store, live } = await connect(boot);
  const view = watching(store);
  document.addEventListener("visibilitychange", () => live.away(document.hidden));
  return { view, live, working: undefined };
}

/** A page whose documents can be changed too. */
async function coEditing() {
  const working = await prepare(boot, (...parts) => new CoEditor(...parts));
  const { store, editable, editors, live } = working;
  const view = following(store, editable, editors);
  editable.onOwn = () => {
    // Whoever writes stays where they are.
    view.follow.value = false;
  };
  effect(() => {
    editable.scrolls = view.follow.value;
  });
  effect(() => editors.lock(store.at("course").status !== "running"));
  return { view, live, working };
}

const { view, live, working } = boot.header.settings.co_edit ? await coEditing() : await looking();
expose(view.store, working);
// The page's own copy of what it was served with would keep what is erased.
delete boot.snapshot;
view.store.listen({
  event: (event) => {
    const erased = as(event, "payload.erased");
    if (erased) say(t("A secret was taken out of this interview: %(reason)s", { reason: erased.reason }));
  },
});
const first = boot.openFirst.find((path) => view.store.now.files[path]);
if (first) view.editors.open(first);
narrowPanel.value = "right";
live.start();
const app = document.getElementById("app");
if (app) render(<Watch watching={view} live={live} working={working} />, app);
