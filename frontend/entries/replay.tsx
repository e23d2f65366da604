// The interviewer's replay page.
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { as } from "../core/events.ts";
import { expose } from "../core/expose.ts";
import { identify } from "../core/identity.ts";
import { Recorded } from "../core/recorded.ts";
import { Store } from "../core/store.ts";
import { extend, followAddress, Replay } from "../pages/replay.tsx";
import { watching } from "../pages/watching.tsx";
import { narrowPanel } from "../ui/layout.ts";
import { Player } from "../replay/player.ts";

const MORE_MS = 5000;

const identity = await identify();
const store = new Store();
const view = watching(store);
const recorded = new Recorded(store);
const player = new Player(recorded);
let over = await extend(player);
player.seekTime(0);
expose(store, { seek: (seq) => player.seek(seq) });

/** After a jump there is no event to follow: show the file that was edited last before it. */
store.listen({
  reset: () => {
    if (!view.follow.peek()) return;
    for (let seq = store.now.seq; seq > 0; seq--) {
      const event = recorded.event(seq);
      const edited = event && as(event, "file.edited");
      if (edited && store.now.files[edited.path]) return view.editors.open(edited.path);
    }
  },
});
const first = boot.openFirst.find((path) => store.now.files[path]);
if (first) view.editors.open(first);
narrowPanel.value = "right";
followAddress(player, view);
window.addEventListener("hashchange", () => followAddress(player, view));
window.setInterval(async () => {
  // An interview that goes on grows under the replay; a lost connection is tried again next time.
  if (!over) over = await extend(player).catch(() => false);
}, MORE_MS);

const app = document.getElementById("app");
if (app) render(<Replay watching={view} player={player} identity={identity} />, app);
