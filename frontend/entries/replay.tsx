// The interviewer's replay page.
import { signal } from "@preact/signals";
import { render } from "preact";
import "../styles/app.css";
import { boot } from "../core/boot.ts";
import { as, type Wire } from "../core/events.ts";
import { expose } from "../core/expose.ts";
import { identify } from "../core/identity.ts";
import { Recorded } from "../core/recorded.ts";
import { Store } from "../core/store.ts";
import { followAddress, Replay } from "../pages/replay.tsx";
import { show, watching } from "../pages/watching.tsx";
import { terminalDrawn } from "../panels/terminal.tsx";
import { Player } from "../replay/player.ts";
import { Reader } from "../replay/reader.ts";
import { RecordedScreens } from "../replay/screens.ts";
import { narrowPanel } from "../ui/layout.ts";

const MORE_MS = 5000;

const identity = await identify();
const store = new Store();
// Before the editors hear of it: after a jump they show the file that was edited last.
store.listen({
  reset: () => {
    const event = lastEdit();
    const edited = event && as(event, "file.edited");
    if (edited) view.editors.turnTo(edited.path);
  },
});
const view = watching(store);
store.listen({
  reset: () => {
    const event = lastEdit();
    if (event) show(view, event, true);
  },
});
const recorded = new Recorded(store);
const player = new Player(recorded);
const screens = new RecordedScreens(
  () => recorded.events.peek(),
  () => store.now.seq,
);
const reader = new Reader(recorded, screens);
const ready = signal(false);
narrowPanel.value = "right";

/** The last edit before the moment that was jumped to, where one follows the candidate's file. */
function lastEdit(): Wire | null {
  if (!view.follow.peek()) return null;
  for (let seq = store.now.seq; seq > 0; seq--) {
    const event = recorded.events.peek()[seq - 1];
    const edited = event && as(event, "file.edited");
    if (edited && store.now.files[edited.path]) return event;
  }
  return null;
}

/** A frame that shows all that is known by now. */
function painted(): Promise<void> {
  return new Promise((then) => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => then();
      port2.postMessage(null);
    });
  });
}

const app = document.getElementById("app");
app?.classList.add("replay", "unread");
if (app)
  render(
    <Replay watching={view} player={player} identity={identity} reader={reader} screens={screens} ready={ready} />,
    app,
  );
await reader.read();
ready.value = true;
app?.classList.remove("unread");
player.seekTime(0);
const first = boot.openFirst.find((path) => store.now.files[path]);
if (first) view.editors.open(first);
followAddress(player, view);
window.addEventListener("hashchange", () => followAddress(player, view));
expose(store, {
  seek: async (seq) => {
    player.seek(seq);
    await terminalDrawn();
    await painted();
  },
});
// An interview that goes on grows under the replay, and a secret may be taken out of one that is over; a lost connection is
// tried again next time.
const more = () => reader.read().catch(() => {});
window.setInterval(more, MORE_MS);
document.addEventListener("visibilitychange", more);
