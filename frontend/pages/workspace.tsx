// The candidate's workspace.
// Owns which part stands in which panel. Leaves out the parts themselves, what one can do (doing.ts) and beginning (session.ts).

import { computed } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { remainingMs } from "../core/timeline.ts";
import { Editor } from "../editor/editor.tsx";
import { AskBox } from "../panels/ask.tsx";
import { Conversation, isAnswering } from "../panels/assistant.tsx";
import { BudgetMeter, budgetUsed, usedUp } from "../panels/budget.tsx";
import { Brief } from "../panels/brief.tsx";
import { FileDialogs, Files } from "../panels/files.tsx";
import { Review, ReviewBrief } from "../panels/review.tsx";
import { Tickets, ticketsTab } from "../panels/tickets.tsx";
import { TerminalPanel, terminalMarked } from "../panels/terminal.tsx";
import { Terms } from "../panels/terms.tsx";
import { Orphans } from "./orphans.tsx";
import { isRunning, TestCounts, Tests } from "../panels/tests.tsx";
import { Verdicts } from "../panels/verdicts.ts";
import { PauseNotice } from "../ui/clock.tsx";
import { keyLabel } from "../ui/commands.ts";
import { Frame } from "../ui/frame.tsx";
import { Icon } from "../ui/icons.tsx";
import { narrow, type PanelId, reveal } from "../ui/layout.ts";
import { Panels } from "../ui/panels.tsx";
import { Tabs } from "../ui/tabs.tsx";
import {
  ask,
  askAbout,
  askAboutCode,
  askAboutTerminal,
  askAgain,
  bottom,
  delegates,
  fileActs,
  fileCommands,
  left,
  places,
  proposalActs,
  right,
  run,
  showFiles,
  sources,
  starterVersions,
  terminalActs,
  ticketActs,
  workspaceCommands,
} from "./doing.ts";
import { Endings } from "./endings.tsx";
import { followReview, phaseCommands, phased, REVIEW, reviewing, reviewPlaces, toFile } from "./reviewing.ts";
import type { Session } from "./session.ts";
import { TopBar } from "./topbar.tsx";

export function Workspace({ session }: { session: Session }) {
  const { store, live, editors, editable, acts } = session;
  const names: Record<PanelId, string> = {
    left: t("Brief and files"),
    editor: t("Editor"),
    bottom: t("Terminal and tests"),
    right: delegates ? t("Assistant and tickets") : t("Assistant"),
  };
  const verdicts = useMemo(
    () =>
      new Verdicts(
        store,
        (review, hunk, judged) => acts.judge(review, hunk, judged),
        () => remainingMs(store.now, live.now()),
      ),
    [session],
  );
  const { status, review } = store.at("course");
  const commands = useMemo(
    () => [...phaseCommands(session), ...phased(session, workspaceCommands(session, names))],
    [session],
  );
  const list = computed(() => [...commands, ...fileCommands(session).map(toFile)]);
  const running = status === "running";
  const starter = useMemo(() => starterVersions(session), [session, review?.seq]);
  useEffect(() => followReview(session), [session]);
  const files = useMemo(() => fileActs(session), [session]);
  const view = (path: string, line: number, lines: number) => {
    toFile({
      id: path,
      label: path,
      run: () => {
        reveal("editor");
        editors.open(path, line, lines);
        if (!narrow.value) editors.focus();
      },
    }).run();
  };
  const turns = store.at("turns").turns;
  const turn = turns[turns.length - 1];
  const budget = budgetUsed(boot.header.settings, store.now);
  const from = useMemo(() => sources(session), [session]);
  const handing = useMemo(() => ticketActs(session), [session]);
  const code = editors.cursor.value.selected > 0;
  return (
    <Frame
      commands={list.value}
      places={review ? reviewPlaces(places) : places}
      bar={<TopBar session={session} names={names} />}
      notices={
        <PauseNotice
          store={store}
          overdue={() => live.connection.value !== "online" && remainingMs(store.now, live.now()) === 0}
        >
          <Orphans session={session} />
        </PauseNotice>
      }
    >
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
                  { id: "brief", label: t("Brief") },
                  { id: "files", label: t("Files") },
                ]}
              />
            </div>
            <div class="panel-body" hidden={left.value !== "brief"}>
              {review && <ReviewBrief review={review} />}
              <Brief />
            </div>
            <div class="panel-body" hidden={left.value !== "files"}>
              <Files
                store={store}
                active={editors.active.value}
                starter={starter}
                unsentOf={(path) => (editable.unsent.value ? editable.unsentOf(path) : 0)}
                onOpen={(path) => view(path, 1, 0)}
                changeable={running}
              />
            </div>
          </>
        }
        editor={
          <Editor
            editors={editors}
            store={store}
            unsentOf={(path) => (editable.unsent.value ? editable.unsentOf(path) : 0)}
            front={
              review
                ? {
                    tab: { id: REVIEW, label: t("Review"), title: review.title },
                    shown: reviewing.value,
                    onShow: (shown) => {
                      reviewing.value = shown;
                    },
                    content: <Review store={store} verdicts={verdicts} disabled={!running} onView={view} />,
                  }
                : undefined
            }
            aside={
              code && (
                <button
                  type="button"
                  class="button button-small panel-act"
                  disabled={!running}
                  // The press must not take the focus, and with it what is selected.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => askAboutCode(session)}
                >
                  {t("Ask about this")} <kbd class="kbd">{keyLabel("Mod+I")}</kbd>
                </button>
              )
            }
            empty={
              <>
                <p>{t("No file is open. Choose one in the file tree.")}</p>
                <button type="button" class="button" onClick={() => showFiles()}>
                  {t("Show files")} <kbd class="kbd">{keyLabel("Mod+Shift+E")}</kbd>
                </button>
              </>
            }
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
              {bottom.value === "terminal" && terminalMarked.value && (
                <button
                  type="button"
                  class="button button-small panel-act"
                  disabled={!running}
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => askAboutTerminal(session)}
                >
                  {t("Ask about this")}
                </button>
              )}
              <TestCounts store={store} />
              <button
                type="button"
                class="button button-small panel-act"
                disabled={!running || isRunning(store.at("runs"))}
                onClick={() => run(session)}
              >
                <Icon name="play" /> {t("Run tests")} <kbd class="kbd">{keyLabel("Mod+Enter")}</kbd>
              </button>
            </div>
            <div class="panel-body" hidden={bottom.value !== "terminal"}>
              <TerminalPanel store={store} acts={useMemo(() => terminalActs(session), [session])} />
            </div>
            <div class="panel-body panel-scroll" hidden={bottom.value !== "tests"}>
              <Tests
                store={store}
                onRun={() => run(session)}
                onAsk={(test) => askAbout(test)}
                onOpen={(path) => view(path, 1, 0)}
              />
            </div>
          </>
        }
        right={
          <>
            <div class={delegates ? "panel-head panel-tabs" : "panel-head"}>
              {delegates ? (
                <Tabs
                  label={names.right}
                  selected={right.value}
                  onSelect={(id) => (right.value = id)}
                  items={[{ id: "assistant", label: t("Assistant") }, ticketsTab(store.at("tickets", "suggestions"))]}
                />
              ) : (
                <h2 class="panel-title">{t("Assistant")}</h2>
              )}
              <BudgetMeter used={budget} />
            </div>
            {delegates && (
              <div class="panel-body" hidden={right.value !== "tickets"}>
                <Tickets
                  store={store}
                  acts={handing}
                  sources={from}
                  disabled={!running}
                  refused={usedUp(budget)}
                  now={() => live.now()}
                  onView={view}
                />
              </div>
            )}
            <div class="panel-body assistant" hidden={right.value !== "assistant"}>
              <Conversation
                store={store}
                acts={useMemo(() => proposalActs(session), [session])}
                onRetry={(failed) => askAgain(session, failed)}
                onView={view}
                empty={<Terms settings={boot.header.settings} />}
              />
              <AskBox
                sources={{ ...from, state: store.at("files", "runs", "terminals") }}
                answering={isAnswering(turns)}
                disabled={!running}
                refused={usedUp(budget)}
                onAsk={(text, mentions, model) => void ask(session, text, mentions, model)}
                onStop={() => turn && void acts.stop(turn.turn)}
              />
            </div>
          </>
        }
      />
      {running && <FileDialogs store={store} acts={files} />}
      <Endings session={session} />
    </Frame>
  );
}
