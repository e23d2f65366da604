// The interviewer's replay.
// Owns the page: the watched panels over the timeline, deep links, notes. Invariant: `#seq=N` always shows the state after event N
// and says what that event was. Leaves out time (replay/player.ts) and the log (core/recorded.ts).

import { type ReadonlySignal, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { boot, url } from "../core/boot.ts";
import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Identity } from "../core/identity.ts";
import { sendOnce } from "../core/live.ts";
import type { NoteView } from "../core/state.ts";
import { clockText } from "../core/timeline.ts";
import { beginNote, Notes } from "../panels/notes.tsx";
import type { Screens } from "../panels/terminal.tsx";
import { Controls, search, struck } from "../replay/controls.tsx";
import { describe, holdsWords, moments } from "../replay/describe.ts";
import { partsOf } from "../replay/exports.tsx";
import { found, Jump } from "../replay/jump.tsx";
import type { Player } from "../replay/player.ts";
import type { Reader } from "../replay/reader.ts";
import { Timeline } from "../replay/timeline.tsx";
import type { Command } from "../ui/commands.ts";
import { BarTools, Frame, frameCommands } from "../ui/frame.tsx";
import { narrowPanel, reveal } from "../ui/layout.ts";
import { say } from "../ui/toasts.tsx";
import { PhaseName } from "./topbar.tsx";
import {
  names,
  right,
  show,
  usePaths,
  WatchedPanels,
  type Watching,
  watchedCommands,
  watchedPlaces,
} from "./watching.tsx";

const pointed = signal<string | undefined>(undefined);

/** Go where the address says. */
export function followAddress(player: Player, watching: Watching): void {
  const seq = Number(/(?:^|[#&])seq=(\d+)/.exec(location.hash)?.[1] ?? "0");
  if (!seq) return;
  player.pause();
  player.seek(seq);
  const event = player.recorded.event(seq);
  if (event) point(event, watching);
  struck.value = false;
  requestAnimationFrame(() => {
    struck.value = true;
  });
}

function point(event: Wire, watching: Watching): void {
  const panel = show(watching, event);
  const turn = (event.payload as { turn?: string } | null)?.turn;
  const suggestion = as(event, "suggestion.decided")?.suggestion;
  const of = suggestion ? watching.store.now.suggestions[suggestion]?.turn : turn;
  pointed.value = of;
  const handed = Object.values(watching.store.now.tickets).some((one) => one.rounds.some((round) => round.turn === of));
  if (of) right.value = handed ? "tickets" : "conversation";
  if (panel || of) narrowPanel.value = panel ?? "right";
}

interface Props {
  watching: Watching;
  player: Player;
  identity: Identity;
  reader: Reader;
  screens: Screens;
  /** Whether the log has been read. */
  ready: ReadonlySignal<boolean>;
}

export function Replay({ watching, player, identity, reader, screens, ready }: Props) {
  const { store } = watching;
  const { recorded } = player;
  const events = recorded.events.value;
  const all = useMemo(() => moments(events, recorded.erasures), [events, recorded]);
  const notes = useMemo(() => allNotes(events), [events]);
  const paths = usePaths(store);
  const course = store.at("course");
  const over = course.status === "submitted" || course.status === "finished";
  const timeOf = (seq: number) => {
    const event = recorded.event(seq);
    return event ? clockText(player.timeOf(event), true) : t("event %(seq)s", { seq });
  };
  const seek = (seq: number) => {
    player.pause();
    player.seek(seq);
    const event = recorded.event(seq);
    if (event) point(event, watching);
  };
  /** From the list: the list stays where it is. */
  const goTo = (seq: number) => {
    const tab = right.value;
    seek(seq);
    right.value = tab;
  };
  const addNote = async (text: string, about_seq: number) => {
    const ack = await sendOnce(boot, identity, "note", { text, about_seq });
    if (ack.ok) await reader.read();
    else say(ack.error, true);
    if (ack.ok) say(t("The note is saved."));
    return ack;
  };
  const redacting = useMemo(
    () => ({
      ask: (name: string, message: Record<string, unknown>) => sendOnce(boot, identity, name, message),
      event: () => {
        const event = recorded.event(recorded.seq.peek());
        if (!event?.payload || !holdsWords(event.type)) return null;
        return { seq: event.seq, type: event.type, words: describe(event).words };
      },
      onErased: () => reader.read(),
    }),
    [identity, recorded, reader],
  );
  const onSearch = (next: boolean) => {
    reveal("right");
    right.value = "moments";
    const first = next && found(all, search.value).find((moment) => moment.seq > recorded.seq.value);
    if (first) seek(first.seq);
  };
  const commands = useMemo(
    () => [
      ...replayCommands(watching, player),
      ...watchedCommands(watching, paths, partsOf(events)),
      ...frameCommands(names),
    ],
    [watching, player, paths, events],
  );
  const sides = [
    { id: "moments", label: t("Moments"), content: <Jump player={player} all={all} onSeek={goTo} /> },
    {
      id: "notes",
      label: notes.length ? t("Notes (%(n)s)", { n: notes.length }) : t("Notes"),
      content: <Notes store={store} notes={notes} at={timeOf} onNote={addNote} onSeek={seek} />,
    },
  ];
  return (
    <Frame
      commands={commands}
      places={watchedPlaces([
        { id: "moments", label: t("Moments") },
        { id: "notes", label: t("Notes") },
      ])}
      bar={
        <>
          <h1 class="topbar-title">
            {boot.header.candidate}
            <span class="topbar-phase">{boot.header.exercise.title}</span>
            {course.phase_started_ms > 0 && !over && <PhaseName state={course} />}
          </h1>
          <span class="save-state">
            <span class="save-words">{t("Replay")}</span>
          </span>
          <nav class="topbar-links" aria-label={t("Pages")}>
            <a href={url("watch")}>{t("Live view")}</a>
            <a href={url("scorecard")}>{t("Scorecard")}</a>
          </nav>
          <BarTools names={names} />
        </>
      }
    >
      <WatchedPanels
        watching={watching}
        sides={sides}
        pointed={pointed.value}
        screens={screens}
        redacting={redacting}
      />
      <section class="player" aria-label={t("Timeline")}>
        {ready.value ? (
          <>
            <Controls player={player} onSearch={onSearch} />
            <Timeline player={player} onSeek={seek} />
          </>
        ) : (
          <Reading reader={reader} />
        )}
      </section>
    </Frame>
  );
}

/** How far the log has been read. */
function Reading({ reader }: { reader: Reader }) {
  const share = reader.share.value;
  return (
    <div class="reading">
      <label>
        <span>{t("Reading the recorded interview…")}</span>
        <progress {...(share === null ? {} : { value: share })} />
      </label>
    </div>
  );
}

/** All notes, whatever the moment: one written now belongs to an event after the last one shown. */
function allNotes(events: readonly Wire[]): NoteView[] {
  return events.flatMap((event) => {
    const note = as(event, "note.added");
    return note ? [{ seq: event.seq, actor: event.actor, text: note.text, about_seq: note.about_seq }] : [];
  });
}

function replayCommands({ store }: Watching, player: Player): Command[] {
  const minute = (by: number) => () => {
    player.pause();
    player.seekTime(player.time.value + by * 60_000);
  };
  const isPrompt = (event: Wire) => event.type === "prompt.sent";
  const prompt = (by: 1 | -1) => () => {
    player.pause();
    player.jump(by, isPrompt);
    right.value = "conversation";
  };
  const note = () => {
    player.pause();
    reveal("right");
    right.value = "notes";
    beginNote(store.now.seq);
  };
  const faster = (by: number) => () => {
    player.speed.value = Math.max(1, Math.min(16, player.speed.value * by));
  };
  return [
    { id: "play", label: t("Play or pause"), keys: ["Space", "k"], run: () => player.toggle() },
    { id: "next", label: t("Next event"), keys: ["Right"], run: () => player.step(1) },
    { id: "previous", label: t("Previous event"), keys: ["Left"], run: () => player.step(-1) },
    { id: "minute-on", label: t("One minute on"), keys: ["Shift+Right"], run: minute(1) },
    { id: "minute-back", label: t("One minute back"), keys: ["Shift+Left"], run: minute(-1) },
    { id: "next-prompt", label: t("Next prompt"), keys: ["]"], run: prompt(1) },
    { id: "previous-prompt", label: t("Previous prompt"), keys: ["["], run: prompt(-1) },
    { id: "faster", label: t("Faster"), keys: [">"], run: faster(2) },
    { id: "slower", label: t("Slower"), keys: ["<"], run: faster(0.5) },
    { id: "start", label: t("To the start"), keys: ["Home"], run: () => player.seekTime(0) },
    { id: "end", label: t("To the end"), keys: ["End"], run: () => player.seekTime(player.duration.value) },
    { id: "note", label: t("Write a note about this moment"), keys: ["n"], run: note },
    {
      id: "search",
      label: t("Search prompts, commands, files"),
      keys: ["/"],
      run: () => document.getElementById("replay-search")?.focus(),
    },
  ];
}
