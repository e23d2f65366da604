// The terminal's panel.
// Owns showing one terminal of the interview: the one that was chosen while it is open, else the newest. Invariant: what is drawn is what was logged, in that order;
// answers that xterm gives to old output never reach the shell; viewers see the candidate's size. Leaves out the process.

import { effect, type ReadonlySignal, type Signal, signal, useSignal } from "@preact/signals";
import { FitAddon } from "@xterm/addon-fit";
import type { Terminal } from "@xterm/xterm";
import { useEffect, useRef } from "preact/hooks";
import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { State } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { mac } from "../ui/commands.ts";
import { Tabs } from "../ui/tabs.tsx";
import { FONT_SIZE, makeTerminal, onTheme, openIn, terminalTheme } from "./xterm.ts";

export interface TerminalActs {
  /** Whether the server would hear. */
  ready: ReadonlySignal<boolean>;
  /** Resolves with false where it may be tried again later. */
  open(cols: number, rows: number): Promise<boolean>;
  input(terminal: string, data: string): void;
  resize(terminal: string, cols: number, rows: number): void;
}

/** A part of a terminal's course: output, or the size it has from then on. */
export type Step = string | { cols: number; rows: number };

/** Where one looks for what a terminal shows, if not in the state, which holds the last of its output only. */
export interface Screens {
  /** What makes the terminal look as it did at the store's moment, from nothing. */
  draw(terminal: string): readonly Step[];
  /** Changes when what was drawn last can be drawn better. */
  better: ReadonlySignal<number>;
}

const FIT_MS = 80;
const LEAST_FONT = 7;
/** Rows are rather scrolled to than made smaller than this. */
const LEGIBLE_FONT = 10;
/** Characters typed ahead of the shell that are kept. */
const EARLY = 10_000;
const RESET = "\x1bc";
/** What xterm says by itself when output asks it: what it is, where the cursor stands, its colours, modes and size. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ANSWER = /^\x1b(?:\[[?>]?[\d;]*(?:[cRnt]|\$y)|[P\]])/;
/** The page's one terminal. */
let drawn: Terminal | null = null;
let shownName: string | null = null;

/** Resolves when the terminal has taken in all that it was given. */
export function terminalDrawn(): Promise<void> {
  return new Promise((then) => (drawn ? drawn.write("", then) : then()));
}

/** What is selected in the terminal. */
export function terminalSelection(): string {
  return drawn?.getSelection() ?? "";
}

/** The name of the terminal that is shown. */
export function shownTerminal(): string | null {
  return shownName;
}

/** Whether something is selected in the terminal. */
export const terminalMarked = signal(false);

/** In the order in which they were opened. */
function terminals(state: State): string[] {
  return Object.keys(state.terminals).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** The chosen terminal while it is open, else the newest open one, else the newest; null where there never was one. */
export function currentTerminal(state: State, chosen: string | null): string | null {
  if (chosen !== null && state.terminals[chosen]?.open) return chosen;
  const names = terminals(state);
  return names.findLast((name) => state.terminals[name]?.open) ?? names[names.length - 1] ?? null;
}

/** Keys that are the page's or the browser's, not the shell's. */
function handled(event: KeyboardEvent, term: Terminal): boolean {
  if (event.type !== "keydown") return true;
  const control = event.ctrlKey && !event.altKey && !event.metaKey;
  const key = event.key.toLowerCase();
  if (!mac && control && key === "v") return false;
  if (!mac && control && key === "c" && (event.shiftKey || term.hasSelection())) {
    if (event.shiftKey) event.preventDefault();
    if (term.hasSelection()) void navigator.clipboard?.writeText(term.getSelection()).then(() => term.clearSelection());
    return false;
  }
  return true;
}

/** A live xterm kept in step with the store; ends when called. */
function attach(
  host: HTMLElement,
  store: Store,
  acts: TerminalActs | undefined,
  chosen: Signal<string | null>,
  screens: Screens | undefined,
): () => void {
  const term = makeTerminal(!acts);
  drawn = term;
  const fit = new FitAddon();
  let shown: string | null = null;
  let restoring = 0;
  /** Typed before there was a shell, or while it is drawn anew: the first that it gets. */
  let early = "";
  let timer = 0;
  /** The heights of a row and of what can be seen of them, in px, as last measured. */
  let row = 0;
  let seen = 0;
  let scrolled = 0;
  term.loadAddon(fit);
  openIn(term, host);
  term.attachCustomKeyEventHandler((event) => handled(event, term));

  const resize = ({ cols, rows }: { cols: number; rows: number }) => {
    // In its turn among the output: what came before is still to be parsed at the former size.
    term.write("", () => {
      if (term.cols === cols && term.rows === rows) return;
      term.resize(cols, rows);
      size();
    });
  };
  const show = () => {
    shown = currentTerminal(store.now, chosen.peek());
    shownName = shown;
    const view = shown === null ? undefined : store.now.terminals[shown];
    // In its turn too, or what was given before would be drawn over it.
    term.write(RESET);
    if (!view || shown === null) return;
    restoring += 1;
    const steps = screens?.draw(shown) ?? [...(acts ? [] : [view]), view.output.join("")];
    for (const step of steps) typeof step === "string" ? term.write(step) : resize(step);
    term.write("", () => {
      restoring -= 1;
      if (early && restoring === 0 && shown !== null) acts?.input(shown, early);
      if (restoring === 0) early = "";
    });
  };
  const event = (happened: Wire) => {
    const output = as(happened, "terminal.output");
    if (output && output.terminal === shown) return term.write(output.data);
    const resized = as(happened, "terminal.resized");
    if (resized && resized.terminal === shown && !acts) resize(resized);
    if (happened.type === "terminal.opened") chosen.value = null;
    turn();
  };
  const turn = () => {
    if (currentTerminal(store.now, chosen.peek()) === shown) return;
    show();
    size();
  };
  /** Where not all rows fit, those down to the cursor's are seen. */
  const inSight = () => {
    const below = (term.buffer.active.cursorY + 1) * row + 16 - seen;
    const top = Math.max(0, Math.ceil(below));
    if (!row || acts || top === scrolled) return;
    scrolled = top;
    host.scrollTop = top;
  };
  const size = () => {
    if (!host.clientWidth || !host.clientHeight) return;
    if (acts) {
      fit.fit();
    } else {
      // A viewer has the candidate's columns and rows: the letters shrink until they fit.
      const screen = host.querySelector(".xterm-screen");
      if (!screen?.clientWidth || !screen.clientHeight) return;
      const now = term.options.fontSize ?? FONT_SIZE;
      const wide = Math.max(LEAST_FONT, (now * (host.clientWidth - 20)) / screen.clientWidth);
      const high = Math.max(LEGIBLE_FONT, (now * (host.clientHeight - 16)) / screen.clientHeight);
      term.options.fontSize = Math.floor(Math.min(FONT_SIZE, wide, high) * 2) / 2;
      row = screen.clientHeight / term.rows;
      seen = host.clientHeight;
      inSight();
    }
  };
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(size, FIT_MS);
  };
  if (!acts) term.onRender(inSight);
  term.onSelectionChange(() => {
    terminalMarked.value = term.getSelection().trim() !== "";
  });
  const observer = new ResizeObserver(later);
  observer.observe(host);
  if (acts) {
    term.onData((data) => {
      if (shown !== null && restoring === 0) acts.input(shown, data);
      // What old output asked was answered when it was new.
      else if (!ANSWER.test(data)) early = (early + data).slice(0, EARLY);
    });
    term.onResize(({ cols, rows }) => {
      if (shown !== null && store.now.terminals[shown]?.open) acts.resize(shown, cols, rows);
    });
    host.addEventListener("pairsight-open", () => void acts.open(term.cols, term.rows));
  }
  const unlisten = store.listen({ event, reset: show });
  const untheme = onTheme(() => {
    term.options.theme = terminalTheme();
  });
  show();
  size();
  // A shell is ready from the beginning; once one was opened, opening is the candidate's.
  let begun = false;
  const unready = effect(() => {
    // Looked at each time, or the effect would not run again when the line is back.
    const [state, ready] = [store.at("course"), acts?.ready.value];
    if (begun || !acts || !ready || state.status !== "running" || shown !== null || !host.clientHeight) return;
    begun = true;
    void acts.open(term.cols, term.rows).then((settled) => {
      begun = settled;
    });
  });
  const unchosen = effect(() => {
    if (chosen.value !== null) turn();
  });
  const unbetter = effect(() => {
    if (screens?.better.value) show();
  });
  return () => {
    drawn = null;
    terminalMarked.value = false;
    unready();
    unchosen();
    unbetter();
    clearTimeout(timer);
    observer.disconnect();
    unlisten();
    untheme();
    term.dispose();
  };
}

export function openTerminal(): void {
  document.querySelector(".terminal-host")?.dispatchEvent(new Event("pairsight-open"));
}

interface Props {
  store: Store;
  acts?: TerminalActs;
  screens?: Screens | undefined;
}

export function TerminalPanel({ store, acts, screens }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const chosen = useSignal<string | null>(null);
  useEffect(
    () => (host.current ? attach(host.current, store, acts, chosen, screens) : undefined),
    [store, acts, chosen, screens],
  );
  const state = store.at("terminals", "course");
  const name = currentTerminal(state, chosen.value);
  const several = terminals(state).filter((one) => state.terminals[one]?.open);
  const open = name !== null && state.terminals[name]?.open === true;
  const running = state.status === "running";
  return (
    <div class="terminal">
      {several.length > 1 && (
        <div class="terminal-tabs">
          <Tabs
            label={t("Shells")}
            items={several.map((id) => ({ id, label: t("Shell %(number)s", { number: id.slice(1) }) }))}
            selected={name ?? ""}
            onSelect={(id) => {
              chosen.value = id;
            }}
          />
        </div>
      )}
      <div class={acts ? "terminal-host" : "terminal-host terminal-viewed"} ref={host} />
      {!open && (
        <div class="terminal-over">
          {state.sandbox_lost && running ? (
            <p>{t("The sandbox is being started again. Your files are kept.")}</p>
          ) : acts && running ? (
            <p>
              {name === null ? t("A shell in your workspace.") : t("This terminal has ended.")}{" "}
              <button type="button" class="button" data-focus onClick={openTerminal}>
                {name === null ? t("Open a terminal") : t("New terminal")}
              </button>
            </p>
          ) : (
            <p>{name === null ? t("No terminal has been opened yet.") : t("The terminal has ended.")}</p>
          )}
        </div>
      )}
    </div>
  );
}
