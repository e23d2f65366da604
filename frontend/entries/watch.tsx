// The interviewer's live page.
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { expose } from "../core/expose.ts";
import { identify } from "../core/identity.ts";
import { Live } from "../core/live.ts";
import { emptyState } from "../core/state.ts";
import { Store } from "../core/store.ts";
import { Watch } from "../pages/watch.tsx";
import { watching } from "../pages/watching.tsx";
import { narrowPanel } from "../ui/layout.ts";

const identity = await identify();
const store = new Store();
store.reset(boot.snapshot ?? emptyState());
const view = watching(store);
const live = new Live(boot, store, identity);
expose(store);
const first = boot.openFirst.find((path) => store.now.files[path]);
if (first) view.editors.open(first);
document.addEventListener("visibilitychange", () => live.away(document.hidden));
narrowPanel.value = "right";
live.start();
const app = document.getElementById("app");
if (app) render(<Watch watching={view} live={live} />, app);
