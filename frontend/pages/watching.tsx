// What the live view and the replay share: the workspace's parts, read-only.
// Owns the panels of a viewer and following the candidate's file. Invariant: nothing here changes the interview but a note, and
// the documents of an interviewer who may edit.
// Leaves out where the state comes from (watch.tsx, replay.tsx).

import { type Signal, signal, useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Store } from "../core/store.ts";
import { Editor } from "../editor/editor.tsx";
import { Editors } from "../editor/editors.ts";
import type { CoEditor } from "../editor/coeditor.ts";
import { Viewer } from "../editor/viewer.ts";
import { Conversation } from "../panels/assistant.tsx";
import { Brief } from "../panels/brief.tsx";
import { Files } from "../panels/files.tsx";
import { countJudged, Review, showHunk } from "../panels/review.tsx";
import { type Screens, TerminalPanel, terminalSelection } from "../panels/terminal.tsx";
import { TestCounts, Tests } from "../panels/tests.tsx";
import { Tickets, ticketsTab } from "../panels/tickets.tsx";
import { exportCommands, exportsOf } from "../replay/exports.tsx";
import { type AskService, beginRedacting, Redact, type Redactable } from "../replay/redact.tsx";
import type { Command } from "../ui/commands.ts";
import type { Place } from "../ui/frame.tsx";
import { focusPanel, type PanelId, reveal } from "../ui/layout.ts";
import { Panels } from "../ui/panels.tsx";
import { Tabs } from "../ui/tabs.tsx";

const left = signal("files");
const bottom = signal("terminal");
/** Whether the change under review stands in the editor's place. */
const reviewing = signal(false);
export const right = signal("conversation");
/** Whether work may be handed over in this interview. */
const delegates = boot.header?.settings.delegation ?? false;

export interface Watching {
  store: Store;
  viewer: Viewer | CoEditor;
  editors: Editors;
  follow: Signal<boolean>;
}

export function watching(store: Store): Watching {
  const viewer = new Viewer();
  const editors = new Editors(store, viewer, false);
  viewer.editors = editors;
  return following(store, viewer, editors);
}

/** The same over documents that there are already: those of an interviewer who may edit. */
export function following(store: Store, viewer: Viewer | CoEditor, editors: Editors): Watching {
  const follow = signal(true);
  reviewing.value = store.now.status === "running" && store.now.phase === "review";
  const view = { store, viewer, editors, follow };
  store.listen({ event: (event) => follow.peek() && show(view, event) });
  return view;
}

/** Show what an event is about; returns the panel that shows it. `anew`: its place is to be shown also in a file that is open. */
export function show({ editors, viewer }: Watching, event: Wire, anew = false): PanelId | null {
  const edited = as(event, "file.edited");
  const whole = as(event, "file.snapshotted");
  const by = edited?.origin ?? whole?.origin;
  const path = edited?.path ?? whole?.path;
  if (event.type === "review.opened" || event.type === "hunk.judged") {
    reviewing.value = true;
    const hunk = as(event, "hunk.judged")?.hunk;
    if (hunk !== undefined) requestAnimationFrame(() => showHunk(hunk));
    return "editor";
  }
  if (path !== undefined && by !== "starter" && by !== "rebuild" && by !== "keyframe") {
    reviewing.value = false;
    const seen = editors.shown?.path === path;
    editors.open(path);
    const doc = editors.docs.get(path);
    if (doc && (anew || !seen)) viewer.mark(doc, event);
    return "editor";
  }
  if (event.type === "run.started" || event.type === "run.finished") {
    bottom.value = "tests";
    return "bottom";
  }
  if (event.type === "terminal.opened" || event.type === "command.finished") {
    bottom.value = "terminal";
    return "bottom";
  }
  return null;
}

export const names: Record<PanelId, string> = {
  left: t("Files and brief"),
  editor: t("Editor"),
  bottom: t("Terminal and tests"),
  right: t("Conversation and notes"),
};

interface Side {
  id: string;
  label: string;
  content: ComponentChildren;
}

interface Props {
  watching: Watching;
  /** Further tabs of the right panel, behind the conversation. */
  sides: readonly Side[];
  pointed?: string | undefined;
  /** What one may do in the editor, where it is more than reading. */
  note?: string | undefined;
  unsentOf?: ((path: string) => number) | undefined;
  /** Where the terminal's looks are known for every moment. */
  screens?: Screens | undefined;
  /** How a secret is taken out. */
  redacting: Redacting;
}

/** What a page gives for taking out a secret. */
export interface Redacting {
  ask: AskService;
  /** The event that is shown, where it is one alone. */
  event?: (() => Redactable | null) | undefined;
  onErased?: (() => Promise<void>) | undefined;
}

/** The names of the files; whoever reads it is drawn again when there are others, not when one is edited. */
export function usePaths(store: Store): string[] {
  const names = useComputed(() => Object.keys(store.at("files").files).sort().join("\0")).value;
  return useMemo(() => (names ? names.split("\0") : []), [names]);
}

export function WatchedPanels({ watching, sides, pointed, note, unsentOf, screens, redacting }: Props) {
  const { store, editors, follow } = watching;
  const view = (path: string, line: number, lines: number) => {
    const before = reviewing.value;
    reviewing.value = false;
    reveal("editor");
    // What is not drawn yet takes no place.
    if (before) requestAnimationFrame(() => editors.open(path, line, lines));
    else editors.open(path, line, lines);
  };
  const { review } = store.at("course");
  const prompts = useComputed(() => store.at("turns").turns.length).value;
  const paths = usePaths(store);
  const starter = useMemo(() => new Map(paths.map((path) => [path, 1])), [paths]);
  return (
    <>
      <Redact {...redacting} selected={() => selection(editors)} />
      <Panels
        names={names}
        left={
          <>
            <div class="panel-head panel-tabs">
              <Tabs
                label={names.left}
                selected={left.value}
                onSelect={(id) => (left.value = id)}
                items={[
                  { id: "files", label: t("Files") },
                  { id: "brief", label: t("Brief") },
                ]}
              />
            </div>
            <div class="panel-body" hidden={left.value !== "files"}>
              <Files
                store={store}
                active={editors.active.value}
                starter={starter}
                onOpen={(path) => view(path, 1, 0)}
              />
            </div>
            <div class="panel-body" hidden={left.value !== "brief"}>
              <Brief />
            </div>
          </>
        }
        editor={
          <Editor
            editors={editors}
            store={store}
            note={note}
            unsentOf={unsentOf}
            front={
              review
                ? {
                    tab: {
                      id: "/review",
                      label: t("Review %(judged)s/%(total)s", {
                        judged: countJudged(review),
                        total: review.hunks.length,
                      }),
                      title: review.title,
                    },
                    shown: reviewing.value,
                    onShow: (shown) => {
                      reviewing.value = shown;
                    },
                    content: <Review store={store} onView={view} />,
                  }
                : undefined
            }
            aside={
              <label class="check panel-act">
                <input
                  type="checkbox"
                  checked={follow.value}
                  onChange={(event) => {
                    follow.value = event.currentTarget.checked;
                  }}
                />
                {t("Follow")}
              </label>
            }
            empty={<p>{t("The file that the candidate edits appears here. Or choose one in the file tree.")}</p>}
          />
        }
        bottom={
          <>
            <div class="panel-head panel-tabs">
              <Tabs
                label={names.bottom}
                selected={bottom.value}
                onSelect={(id) => (bottom.value = id)}
                items={[
                  { id: "terminal", label: t("Terminal") },
                  { id: "tests", label: t("Tests") },
                ]}
              />
              <TestCounts store={store} />
            </div>
            <div class="panel-body" hidden={bottom.value !== "terminal"}>
              <TerminalPanel store={store} screens={screens} />
            </div>
            <div class="panel-body panel-scroll" hidden={bottom.value !== "tests"}>
              <Tests store={store} onOpen={(path) => view(path, 1, 0)} />
            </div>
          </>
        }
        right={
          <>
            <div class="panel-head panel-tabs">
              <Tabs
                label={names.right}
                selected={right.value}
                onSelect={(id) => (right.value = id)}
                items={[
                  {
                    id: "conversation",
                    label: prompts ? t("Conversation (%(n)s)", { n: prompts }) : t("Conversation"),
                  },
                  ...(delegates ? [ticketsTab(store.at("tickets", "suggestions"))] : []),
                  ...sides,
                ]}
              />
            </div>
            <div class="panel-body" hidden={right.value !== "conversation"}>
              <Conversation
                store={store}
                onView={view}
                pointed={pointed}
                empty={<p>{t("The candidate has not asked the assistant anything yet.")}</p>}
              />
            </div>
            {delegates && (
              <div class="panel-body" hidden={right.value !== "tickets"}>
                <Tickets store={store} disabled={true} now={() => store.now.at_ms} onView={view} pointed={pointed} />
              </div>
            )}
            {sides.map((side) => (
              <div key={side.id} class="panel-body" hidden={right.value !== side.id}>
                {side.content}
              </div>
            ))}
          </>
        }
      />
    </>
  );
}

/** What is selected, wherever it is: of the page's parts, one at most has a selection that was made on purpose. */
function selection(editors: Editors): string {
  const state = editors.view?.state;
  const inEditor = state?.sliceDoc(state.selection.main.from, state.selection.main.to);
  return terminalSelection() || window.getSelection()?.toString() || inEditor || "";
}

export function watchedPlaces(sides: readonly { id: string; label: string }[]): Place[] {
  const of = (id: string, label: string, icon: Place["icon"], panel: PanelId, tab: Signal<string>): Place => ({
    id,
    label,
    icon,
    panel,
    choose: () => {
      tab.value = id;
    },
    chosen: () => tab.value === id,
  });
  return [
    of("files", t("Files"), "folder", "left", left),
    { id: "editor", label: t("Code"), icon: "file", panel: "editor" },
    of("terminal", t("Terminal"), "keyboard", "bottom", bottom),
    of("tests", t("Tests"), "check", "bottom", bottom),
    of("conversation", t("Talk"), "right", "right", right),
    ...(delegates ? [of("tickets", t("Tickets"), "note", "right", right)] : []),
    ...sides.map(({ id, label }) => of(id, label, "note", "right", right)),
  ];
}

export function watchedCommands(
  { store, editors, follow }: Watching,
  paths: readonly string[],
  parts = { terminals: Object.keys(store.now.terminals), scored: store.now.status === "finished" },
): Command[] {
  const go = (tab: Signal<string>, id: string, panel: PanelId) => () => {
    tab.value = id;
    focusPanel(panel);
  };
  const links = Object.entries({ watch: t("Live view"), replay: t("Replay"), scorecard: t("Scorecard") })
    .filter(([name]) => boot.urls[name] && !location.pathname.endsWith(`/${name}`))
    .map(([name, label]) => ({
      id: name,
      label: t("Open %(path)s", { path: label }),
      run: () => location.assign(boot.urls[name] ?? ""),
    }));
  const files = paths.map((path) => ({
    id: `file-${path}`,
    label: t("Open %(path)s", { path }),
    run: () => {
      reviewing.value = false;
      reveal("editor");
      editors.open(path);
    },
  }));
  const review = store.now.review && {
    id: "review",
    label: t("Go to: %(panel)s", { panel: t("Review") }),
    run: () => {
      reviewing.value = true;
      focusPanel("editor");
    },
  };
  return [
    ...(review ? [review] : []),
    {
      id: "follow",
      label: t("Follow the candidate's file: on or off"),
      keys: ["f"],
      run: () => {
        follow.value = !follow.value;
      },
    },
    { id: "brief", label: t("Read the brief"), run: go(left, "brief", "left") },
    { id: "files", label: t("Show files"), keys: ["Mod+Shift+E"], run: go(left, "files", "left") },
    {
      id: "terminal",
      label: t("Go to: %(panel)s", { panel: t("Terminal") }),
      keys: ["Ctrl+`"],
      run: go(bottom, "terminal", "bottom"),
    },
    { id: "tests", label: t("Go to: %(panel)s", { panel: t("Tests") }), run: go(bottom, "tests", "bottom") },
    {
      id: "conversation",
      label: t("Go to: %(panel)s", { panel: t("Conversation") }),
      run: go(right, "conversation", "right"),
    },
    ...(delegates
      ? [
          {
            id: "tickets",
            label: t("Go to: %(panel)s", { panel: t("Tickets") }),
            run: go(right, "tickets", "right"),
          },
        ]
      : []),
    { id: "redact", label: t("Redact a secret…"), run: beginRedacting },
    ...links,
    ...exportCommands(exportsOf(parts)),
    ...files,
  ];
}
