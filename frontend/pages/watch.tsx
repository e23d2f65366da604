// The interviewer's live view.
// Owns the bar above the watched panels: who is here, the clock, the connection. Invariant: shows what was committed, as it comes.

import { useMemo } from "preact/hooks";
import { boot, url } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import type { Live } from "../core/live.ts";
import type { State } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { clockText } from "../core/timeline.ts";
import { beginNote, Notes } from "../panels/notes.tsx";
import { Clock, PauseNotice } from "../ui/clock.tsx";
import type { Command } from "../ui/commands.ts";
import { BarTools, Frame, frameCommands } from "../ui/frame.tsx";
import { reveal } from "../ui/layout.ts";
import { Acts } from "./acts.ts";
import { Orphans } from "./orphans.tsx";
import type { Working } from "./session.ts";
import { PhaseName, SaveState } from "./topbar.tsx";
import { names, right, usePaths, type Watching, WatchedPanels, watchedCommands, watchedPlaces } from "./watching.tsx";

interface Props {
  watching: Watching;
  live: Live;
  /** Where interviewers may edit: this page's side of it. */
  working?: Working | undefined;
}

export function Watch({ watching, live, working }: Props) {
  const { store } = watching;
  const mayEdit = working !== undefined && store.at("course").status === "running";
  const acts = useMemo(() => new Acts(live), [live]);
  const paths = usePaths(store);
  const redacting = useMemo(
    () => ({ ask: (name: string, message: Record<string, unknown>) => live.send(name, message) }),
    [live],
  );
  const times = useMemo(() => momentTimes(store), [store]);
  const note = () => {
    reveal("right");
    right.value = "notes";
    beginNote(store.now.seq);
  };
  const commands: Command[] = [
    { id: "note", label: t("Write a note about this moment"), keys: ["n"], run: note },
    ...watchedCommands(watching, paths),
    ...frameCommands(names),
  ];
  const notes = store.at("notes").notes.length;
  const sides = [
    {
      id: "notes",
      label: notes ? t("Notes (%(n)s)", { n: notes }) : t("Notes"),
      content: <Notes store={store} at={times} onNote={(text, about) => acts.note(text, about)} />,
    },
  ];
  return (
    <Frame
      commands={commands}
      places={watchedPlaces([{ id: "notes", label: t("Notes") }])}
      bar={<Bar store={store} live={live} working={working} />}
      notices={<PauseNotice store={store}>{working && <Orphans session={working} />}</PauseNotice>}
    >
      <WatchedPanels
        watching={watching}
        sides={sides}
        redacting={redacting}
        note={mayEdit ? t("You can edit; the candidate sees it in teal.") : undefined}
        unsentOf={(path) => (working?.editable.unsent.value ? working.editable.unsentOf(path) : 0)}
      />
    </Frame>
  );
}

function Bar({ store, live, working }: { store: Store; live: Live; working: Working | undefined }) {
  const state = store.at("course", "presence");
  const people = Object.values(state.presence);
  const candidate = people.filter((view) => view.role === "candidate");
  const here = candidate.some((view) => view.state === "connected");
  const away = !here && candidate.length > 0;
  const words = here ? t("here") : away ? t("page in the background") : t("not connected");
  const viewers = people.filter((view) => view.role === "interviewer").length;
  const over = state.status === "submitted" || state.status === "finished";
  const connection = live.connection.value;
  return (
    <>
      <h1 class="topbar-title">
        {boot.header.candidate}
        <span class="topbar-phase">{boot.header.exercise.title}</span>
        {state.phase_started_ms > 0 && !over && <PhaseName state={state} />}
      </h1>
      <span class="save-state" role="status">
        {over ? (
          <span class="save-words">{t("Submitted")}</span>
        ) : (
          <>
            <span class={here ? "who-candidate" : "muted"} aria-hidden="true">
              {here ? "●" : away ? "◐" : "○"}
            </span>{" "}
            <span class="save-words">
              {state.status === "invited" || state.status === "ready" ? beforehand(state) : words}
            </span>
          </>
        )}
        {!working && (
          <span class="save-words muted">{connection === "online" ? "" : t("· this page is reconnecting")}</span>
        )}
      </span>
      {working && !over && <SaveState session={working} />}
      <span class="topbar-watching">{tn("%(n)s watching", "%(n)s watching", viewers)}</span>
      <nav class="topbar-links" aria-label={t("Pages")}>
        <a href={url("replay")}>{t("Replay")}</a>
        <a href={url("scorecard")}>{t("Scorecard")}</a>
      </nav>
      <BarTools names={names} />
      <Clock store={store} now={() => live.now()} />
    </>
  );
}

/** How far a candidate is whose interview has not begun. */
function beforehand({ queued, sandbox_lost }: State): string {
  if (queued !== null)
    return tn("waits for a workspace, %(n)s person ahead", "waits for a workspace, %(n)s people ahead", queued);
  return sandbox_lost ? t("has no workspace: %(reason)s", { reason: sandbox_lost }) : t("has not started yet");
}

/** Says when an event happened, for those that came while this page was open; its number for earlier ones. Counted from the first
 * phase that the page knows of: a second one does not set it back. */
function momentTimes(store: Store): (seq: number) => string {
  const known = new Map<number, number>([[store.now.seq, store.now.at_ms]]);
  let began = store.now.phase_started_ms;
  store.listen({
    event: (event) => {
      known.set(event.seq, event.at_ms);
      began ||= store.now.phase_started_ms;
    },
  });
  return (seq) => {
    const at = known.get(seq);
    if (at === undefined) return t("event %(seq)s", { seq });
    return clockText(Math.max(0, at - (began || at)), true);
  };
}
