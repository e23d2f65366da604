// What one can do in the workspace, and where things are.
// Owns the page's commands and which tab of a panel is chosen. Invariant: each thing a button does is a command too.

import { computed, signal } from "@preact/signals";
import { boot } from "../core/boot.ts";
import type { Hunk, TestResult } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { TurnView } from "../core/state.ts";
import { STOP_KEY, suggest, wasSent } from "../panels/ask.tsx";
import { isAnswering } from "../panels/assistant.tsx";
import { type FileActs, naming, renaming } from "../panels/files.tsx";
import { again, message, type Sources, selected, sentOf, type Wanted } from "../panels/mentions.ts";
import { type ProposalActs, proposalCommands } from "../panels/proposal.tsx";
import { openTerminal, shownTerminal, terminalMarked, terminalSelection } from "../panels/terminal.tsx";
import { why } from "../panels/tests.tsx";
import type { TicketActs } from "../panels/ticket.tsx";
import { writeTicket } from "../panels/tickets.tsx";
import type { Command } from "../ui/commands.ts";
import { frameCommands, type Place } from "../ui/frame.tsx";
import { focusPanel, type PanelId, reveal } from "../ui/layout.ts";
import { say } from "../ui/toasts.tsx";
import { submitting } from "./endings.tsx";
import type { Session } from "./session.ts";

export const left = signal("brief");
export const bottom = signal("terminal");
export const right = signal("assistant");

/** Whether work may be handed over in this interview. */
export const delegates = boot.header?.settings.delegation ?? false;

export const places: Place[] = [
  {
    id: "brief",
    label: t("Brief"),
    icon: "note",
    panel: "left",
    choose: () => (left.value = "brief"),
    chosen: () => left.value === "brief",
  },
  {
    id: "files",
    label: t("Files"),
    icon: "folder",
    panel: "left",
    choose: () => (left.value = "files"),
    chosen: () => left.value === "files",
  },
  { id: "editor", label: t("Code"), icon: "file", panel: "editor" },
  {
    id: "terminal",
    label: t("Terminal"),
    icon: "keyboard",
    panel: "bottom",
    choose: () => (bottom.value = "terminal"),
    chosen: () => bottom.value === "terminal",
  },
  {
    id: "tests",
    label: t("Tests"),
    icon: "check",
    panel: "bottom",
    choose: () => (bottom.value = "tests"),
    chosen: () => bottom.value === "tests",
  },
  {
    id: "assistant",
    label: t("Assistant"),
    icon: "right",
    panel: "right",
    choose: () => (right.value = "assistant"),
    chosen: () => right.value === "assistant",
  },
  ...(delegates
    ? [
        {
          id: "tickets",
          label: t("Tickets"),
          icon: "note",
          panel: "right",
          choose: () => (right.value = "tickets"),
          chosen: () => right.value === "tickets",
        } as Place,
      ]
    : []),
];

export function workspaceCommands(session: Session, names: Record<PanelId, string>): Command[] {
  const { store, editors, editable, acts } = session;
  const running = () => store.now.status === "running";
  const turn = () => store.now.turns[store.now.turns.length - 1];
  return [
    {
      id: "run",
      label: t("Run tests"),
      keys: ["Mod+Enter"],
      run: () => run(session),
      enabled: () => running() && !inForm(),
    },
    {
      id: "ask",
      label: t("Ask the assistant, about the selection where there is one"),
      keys: ["Mod+I", "Mod+Alt+I"],
      run: () => askAboutSelection(session),
    },
    {
      id: "ask-code",
      label: t("Ask about the selected lines"),
      run: () => askAboutCode(session),
      enabled: () => running() && editors.cursor.value.selected > 0,
    },
    {
      id: "ask-terminal",
      label: t("Ask about the terminal's output"),
      run: () => askAboutTerminal(session),
      enabled: () => running() && shownTerminal() !== null,
    },
    {
      id: "stop",
      label: t("Stop the assistant"),
      keys: [STOP_KEY],
      run: () => void acts.stop(turn()?.turn ?? ""),
      enabled: () => isAnswering(store.now.turns),
    },
    { id: "brief", label: t("Read the brief"), run: () => showBrief() },
    { id: "files", label: t("Show files"), keys: ["Mod+Shift+E"], run: () => showFiles() },
    {
      id: "terminal",
      label: t("Go to: %(panel)s", { panel: t("Terminal") }),
      keys: ["Ctrl+`"],
      run: () => show("terminal"),
    },
    {
      id: "new-terminal",
      label: t("New terminal"),
      keys: ["Ctrl+Shift+`"],
      run: () => newTerminal(),
      enabled: running,
    },
    { id: "tests", label: t("Go to: %(panel)s", { panel: t("Tests") }), run: () => show("tests") },
    ...(delegates ? ticketCommands(session) : []),
    { id: "new-file", label: t("New file"), keys: ["Mod+Alt+N"], run: () => (naming.value = true), enabled: running },
    {
      id: "rename-file",
      label: t("Rename the file"),
      keys: ["F2"],
      run: () => (renaming.value = pointedFile(session)),
      enabled: () => running() && pointedFile(session) !== null,
    },
    {
      id: "close-file",
      label: t("Close the file"),
      keys: ["Alt+W"],
      run: () => editors.close(editors.active.value ?? ""),
      enabled: () => editors.active.value !== null,
    },
    {
      id: "save",
      label: t("Save"),
      keys: ["Mod+S"],
      run: () => {
        editable.flush();
        say(t("Everything is saved as you type."));
      },
    },
    { id: "submit", label: t("Submit the work"), run: () => (submitting.value = true), enabled: running },
    ...proposalCommands(store, proposalActs(session)),
    ...frameCommands(names),
  ];
}

function ticketCommands({ store }: Session): Command[] {
  return [
    {
      id: "new-ticket",
      label: t("Hand over a ticket"),
      keys: ["Mod+Alt+O"],
      run: () => {
        showTickets();
        writeTicket();
      },
      enabled: () => store.now.status === "running",
    },
    {
      id: "tickets",
      label: t("Go to: %(panel)s", { panel: t("Tickets") }),
      run: () => {
        right.value = "tickets";
        focusPanel("right");
      },
    },
  ];
}

function showTickets(): void {
  right.value = "tickets";
  reveal("right");
}

/** Show the conversation, where the box for prompts is. */
function toAssistant(): void {
  right.value = "assistant";
  reveal("right");
}

export function fileCommands({ store, editors }: Session): Command[] {
  const paths = Object.keys(store.at("files").files).sort();
  return paths.map((path) => ({
    id: `file-${path}`,
    label: t("Open %(path)s", { path }),
    run: () => {
      reveal("editor");
      editors.open(path);
      editors.focus();
    },
  }));
}

/** The file that has the focus in the tree, else the one that is open. */
function pointedFile({ store, editors }: Session): string | null {
  const row = document.activeElement?.closest<HTMLElement>("[data-path]")?.dataset.path;
  return row !== undefined && store.now.files[row] ? row : editors.active.value;
}

/** Where ⌘/Ctrl+Enter means something else. */
function inForm(): boolean {
  return (
    document.activeElement?.closest(".hunk, .ask, .ticket-form") !== null &&
    document.activeElement?.closest(".hunk, .ask, .ticket-form") !== undefined
  );
}

export function run({ acts, editable }: Session): void {
  bottom.value = "tests";
  reveal("bottom");
  // What was typed goes out before.
  editable.flush();
  void acts.run();
}

const SETTLE_MS = 1500;
let asking = false;

export async function ask(session: Session, text: string, mentions: Wanted[], model: string): Promise<void> {
  if (asking) return;
  asking = true;
  try {
    // Lines that are attached are counted in the text as it is here: the server is to have it first.
    await session.editable.settled(SETTLE_MS);
  } finally {
    asking = false;
  }
  const ack = await session.acts.ask(text, mentions, model);
  if (ack.ok) wasSent(text);
}

/** Ask the same once more, with what was attached as far as it is still there. */
export function askAgain(session: Session, turn: TurnView): void {
  session.editable.flush();
  const brought: Wanted[] = turn.mentions.length
    ? turn.mentions.map(again)
    : turn.attachments.map((name) => ({ kind: "file", name }));
  const there = sentOf(brought, sources(session)).flatMap((one) => (one ? [message(one.wanted)] : []));
  void session.acts.ask(turn.prompt, there);
}

/** Where what is attached to a prompt comes from. */
export function sources({ store, editors }: Session): Sources {
  return {
    state: store.now,
    textOf: (path) => editors.docs.get(path)?.state.doc.toString() ?? store.now.files[path]?.text ?? null,
    selection: () => editors.selection(),
    terminal: () => {
      const [name, text] = [shownTerminal(), terminalSelection()];
      return name !== null && text.trim() ? { name, text } : null;
    },
  };
}

/** Go to the box for prompts, with what is selected where one is. */
export function askAboutSelection(session: Session): void {
  const inTerminal = document.activeElement?.closest(".terminal-host") !== null;
  const inEditor = document.activeElement?.closest(".editor-host") !== null;
  if (inTerminal && terminalMarked.value) askAboutTerminal(session);
  else if (inEditor && session.editors.cursor.value.selected) askAboutCode(session);
  else {
    right.value = "assistant";
    focusPanel("right");
  }
}

export function askAboutCode(session: Session): void {
  const selection = session.editors.selection();
  toAssistant();
  suggest("", selection ? selected(selection) : undefined);
}

export function askAboutTerminal(session: Session): void {
  const marked = sources(session).terminal();
  const name = shownTerminal();
  toAssistant();
  if (marked) suggest("", { kind: "terminal", ...marked });
  else suggest("", name === null ? undefined : { kind: "terminal", name });
}

export function fileActs(session: Session): FileActs {
  const { acts } = session;
  return {
    create: (path) => void create(session, path),
    rename: (path, to) => void acts.rename(path, to),
    delete: (path) => void acts.delete(path),
  };
}

async function create({ acts, editors }: Session, path: string): Promise<void> {
  const ack = await acts.create(path);
  if (!ack.ok) return;
  reveal("editor");
  editors.open(path);
  editors.focus();
}

export function proposalActs({ acts, editable }: Session): ProposalActs {
  // What was typed goes out before: a decision is about the text that one sees.
  const first =
    <T extends unknown[]>(act: (...given: T) => Promise<Ack>) =>
    (...given: T) => {
      editable.flush();
      return act(...given);
    };
  return {
    decide: first(acts.decide.bind(acts)),
    decideAll: first(acts.decideAll.bind(acts)),
    refresh: first(acts.refresh.bind(acts)),
    askAgain: askAnew,
  };
}

/** What one can do about tickets in the workspace: what was typed goes out before. */
export function ticketActs(session: Session): TicketActs {
  const { acts, editable } = session;
  return {
    ...proposalActs(session),
    open: (...given) => {
      editable.flush();
      return acts.openTicket(...given);
    },
    revise: (...given) => {
      editable.flush();
      return acts.reviseTicket(...given);
    },
    comment: acts.comment.bind(acts),
    close: (ticket) => acts.closeTicket(ticket),
    stop: (ticket) => acts.stopTicket(ticket),
  };
}

function askAnew(hunk: Hunk): void {
  toAssistant();
  suggest(
    t(
      "%(path)s has changed around line %(line)s since you proposed your change there. Please propose it again for the file as it is now.",
      {
        path: hunk.path,
        line: hunk.line,
      },
    ),
    { kind: "file", name: hunk.path },
  );
}

export function askAbout(test: TestResult): void {
  toAssistant();
  suggest(t("The test %(test)s fails: %(why)s", { test: test.id, why: why(test.message) }), {
    kind: "failure",
    name: test.id,
  });
}

function showBrief(): void {
  left.value = "brief";
  focusPanel("left");
}

export function showFiles(): void {
  left.value = "files";
  focusPanel("left");
}

function show(tab: "terminal" | "tests"): void {
  bottom.value = tab;
  focusPanel("bottom");
}

function newTerminal(): void {
  show("terminal");
  openTerminal();
}

export function terminalActs({ acts, live }: Session) {
  return {
    ready: computed(() => live.connection.value === "online"),
    open: (cols: number, rows: number) => acts.openTerminal(cols, rows),
    input: (terminal: string, data: string) => acts.terminalInput(terminal, data),
    resize: (terminal: string, cols: number, rows: number) => acts.terminalResize(terminal, cols, rows),
  };
}

/** Versions of the files as they were handed out: everything began as version 1. */
export function starterVersions({ store }: Session): ReadonlyMap<string, number> {
  return new Map(Object.keys(store.now.files).map((path) => [path, 1]));
}
