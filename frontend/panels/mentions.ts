// What can be attached to a prompt.
// Owns what there is to attach, its names, and what would be sent of it now. Invariant: pure; texts, budgets and the cut are those of
// interviews/service/mentions.py, so that what is previewed is what is sent. Leaves out the list and the chips (attach.tsx).

import type { Mention } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { State } from "../core/state.ts";
import { fuzzy } from "../ui/palette.tsx";

export type Kind = Mention["kind"];

/** What a prompt names. Of a selection, `text` is what was there, by which it is found again after edits; of a terminal, what was selected. */
export interface Wanted {
  kind: Kind;
  name: string;
  line?: number;
  end_line?: number;
  text?: string;
}

export interface Lines {
  path: string;
  line: number;
  end_line: number;
  text: string;
}

/** Where what is attached comes from, as it stands now. */
export interface Sources {
  state: State;
  /** A file's text, with what is not sent yet. */
  textOf: (path: string) => string | null;
  /** What is selected in the editor. */
  selection: () => Lines | null;
  /** What is selected in the terminal. */
  terminal: () => { name: string; text: string } | null;
}

export interface Offer {
  wanted: Wanted;
  label: string;
  detail: string;
}

/** What would be sent: null where the thing is not there any more. */
export interface Sent {
  wanted: Wanted;
  text: string;
  cut: number;
}

const BUDGETS: Record<Kind, number> = { file: 40_000, selection: 20_000, failure: 8_000, terminal: 8_000 };
const BUDGET = 120_000;
const GIVEN = 500_000;
const MOST_FILES = 8;
const MOST_FAILURES = 6;
export const MOST = 20;

export function same(a: Wanted, b: Wanted): boolean {
  return a.kind === b.kind && a.name === b.name && a.line === b.line && a.end_line === b.end_line && a.text === b.text;
}

export function isWanted(value: unknown): value is Wanted {
  const one = value as Partial<Wanted> | null;
  return typeof one?.name === "string" && typeof one.kind === "string" && one.kind in BUDGETS;
}

/** Its name in one line: `builder.py 12–20`, a test's name, what a terminal was asked. */
export function label(one: Wanted, state?: State): string {
  const name = one.name.slice(one.name.lastIndexOf("/") + 1);
  switch (one.kind) {
    case "file":
      return one.name;
    case "selection":
      return `${name} ${lines(one)}`;
    case "failure":
      return testName(one.name);
    case "terminal": {
      if (one.text) return t("Selected in the terminal");
      const command = state && lastCommand(state, one.name);
      return command ? t("Output of %(command)s", { command }) : t("Terminal output");
    }
  }
}

export function kindName(kind: Kind): string {
  return { file: t("File"), selection: t("Selection"), failure: t("Failure"), terminal: t("Terminal") }[kind];
}

/** The word that stands in the prompt for it. */
export function word(one: Wanted): string {
  if (one.kind === "selection") return `@${one.name}:${one.line}${one.end_line === one.line ? "" : `-${one.end_line}`}`;
  if (one.kind === "failure") return `@${testName(one.name).replace(/\s+/g, "_")}`;
  return one.kind === "terminal" ? "@terminal" : `@${one.name}`;
}

function lines({ line = 0, end_line = line }: Wanted): string {
  return end_line > line ? `${line}–${end_line}` : `${line}`;
}

function testName(id: string): string {
  return id.slice(id.lastIndexOf("::") + 1).replace(/^:/, "");
}

function lastCommand(state: State, terminal: string): string {
  const command = state.commands.findLast((one) => one.terminal === terminal)?.command.trim() ?? "";
  return command.length > 40 ? `${command.slice(0, 39)}…` : command;
}

/** All there is to attach, by kind; what one just looked at comes first. */
export function offers(from: Sources): Offer[] {
  const { state } = from;
  const found: Wanted[] = [];
  const selection = from.selection();
  if (selection) found.push(selected(selection));
  const marked = from.terminal();
  if (marked) found.push({ kind: "terminal", name: marked.name, text: marked.text.slice(-GIVEN) });
  const run = state.runs.findLast((view) => view.finished_seq !== null);
  for (const test of run?.tests ?? [])
    if (test.outcome === "failed" || test.outcome === "error") found.push({ kind: "failure", name: test.id });
  for (const name of Object.keys(state.terminals).sort().reverse())
    if (state.terminals[name]?.output.length) found.push({ kind: "terminal", name });
  for (const path of Object.keys(state.files).sort())
    if (state.files[path]?.text !== null) found.push({ kind: "file", name: path });
  return found.map((wanted) => ({ wanted, label: label(wanted, state), detail: detail(wanted, state) }));
}

export function selected({ path, line, end_line, text }: Lines): Wanted {
  return { kind: "selection", name: path, line, end_line, text };
}

function detail(one: Wanted, state: State): string {
  if (one.kind === "failure") return one.name.split("::")[0] ?? "";
  if (one.kind === "terminal" && Object.keys(state.terminals).length > 1)
    return t("Shell %(number)s", { number: one.name.slice(1) });
  return "";
}

/** Those that the letters of `query` fit, group by group; the group with the best fit comes first. */
export function matching(all: readonly Offer[], query: string): { kind: Kind; offers: Offer[] }[] {
  const groups = new Map<Kind, { offer: Offer; rank: number }[]>();
  for (const offer of all) {
    const rank = query ? fit(query, offer) : 0;
    if (rank < 0) continue;
    const group = groups.get(offer.wanted.kind) ?? [];
    group.push({ offer, rank });
    groups.set(offer.wanted.kind, group);
  }
  return [...groups]
    .map(([kind, found]) => ({ kind, found: found.sort((a, b) => a.rank - b.rank) }))
    .sort((a, b) => (a.found[0]?.rank ?? 0) - (b.found[0]?.rank ?? 0))
    .map(({ kind, found }) => ({
      kind,
      offers: found.slice(0, kind === "file" ? MOST_FILES : MOST_FAILURES).map(({ offer }) => offer),
    }));
}

function fit(query: string, { wanted, label: name }: Offer): number {
  // `@selection` and `@terminal` find theirs by the kind, `@builder.py:3` a selection by how it is written out.
  const ranks = [name, wanted.kind, word(wanted).slice(1)]
    .map((text) => fuzzy(query, text))
    .filter((rank) => rank >= 0);
  return ranks.length ? Math.min(...ranks) : -1;
}

/** What would be sent of it now, or null where it is gone. */
function sent(one: Wanted, { state, textOf }: Pick<Sources, "state" | "textOf">): Sent | null {
  const whole = (text: string, wanted = one): Sent => {
    const cut = Math.max(0, text.length - BUDGETS[one.kind]);
    return { wanted, cut, text: one.kind === "terminal" ? text.slice(cut) : text.slice(0, text.length - cut) };
  };
  switch (one.kind) {
    case "file": {
      const text = textOf(one.name);
      return text === null ? null : whole(text);
    }
    case "selection": {
      const text = textOf(one.name);
      if (text === null) return null;
      const wanted = placed(one, text.split("\n"));
      return whole(linesOf(wanted, text.split("\n")), wanted);
    }
    case "failure": {
      const failed = state.runs
        .toReversed()
        .flatMap((run) => run.tests)
        .find((test) => test.id === one.name && (test.outcome === "failed" || test.outcome === "error"));
      return failed ? whole(failed.message || failed.outcome) : null;
    }
    case "terminal": {
      const view = state.terminals[one.name];
      const text = view && (trimmed(plain(one.text ?? "")) || trimmed(lastOutput(view.output.join(""))));
      return text?.trim() ? whole(text) : null;
    }
  }
}

/** The same of each, of which all together have one budget more; null where one is gone. */
export function sentOf(all: readonly Wanted[], from: Pick<Sources, "state" | "textOf">): (Sent | null)[] {
  let room = BUDGET;
  return all.map((one) => {
    const whole = sent(one, from);
    if (!whole) return null;
    const over = Math.max(0, whole.text.length - room);
    const kept = whole.text.length - over;
    room -= kept;
    const text = one.kind === "terminal" ? whole.text.slice(over) : whole.text.slice(0, kept);
    return { ...whole, text, cut: whole.cut + over };
  });
}

function linesOf({ line = 1, end_line = line }: Wanted, all: readonly string[]): string {
  return all.slice(line - 1, end_line).join("\n");
}

/** The selection where its text stands now: nearest to where it was; its old lines, as far as there are any, where it changed. */
function placed(one: Wanted, all: readonly string[]): Wanted {
  const { line = 1, end_line = line, text } = one;
  const count = end_line - line + 1;
  if (text !== undefined && linesOf(one, all) !== text) {
    const places = all
      .map((_, index) => index + 1)
      .filter((at) => linesOf({ ...one, line: at, end_line: at + count - 1 }, all) === text)
      .sort((a, b) => Math.abs(a - line) - Math.abs(b - line));
    if (places[0] !== undefined) return { ...one, line: places[0], end_line: places[0] + count - 1 };
  }
  const last = Math.min(end_line, all.length);
  return { ...one, line: Math.min(line, last), end_line: last };
}

/** What the server is told: of a selection its lines, of a terminal's selection its text. */
export function message({ kind, name, line, end_line, text }: Wanted): Wanted {
  if (kind === "selection") return { kind, name, line: line ?? 1, end_line: end_line ?? line ?? 1 };
  return kind === "terminal" && text ? { kind, name, text } : { kind, name };
}

/** What a prompt brought, as it can be brought again. */
export function again({ kind, name, line, end_line, text }: Mention): Wanted {
  if (kind === "selection") return { kind, name, line, end_line, text };
  return kind === "terminal" ? { kind, name, text } : { kind, name };
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE = /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;
const CONTROL = /[\x00-\x07\x0b-\x1f\x7f-\x9f]/g;
const STARTED = /\x1b\]133;C(?:;cmdline_url=([^;\x07\x1b]*))?[^\x07\x1b]*(?:\x07|\x1b\\)/g;
const ENDED = /\x1b\]133;[AD][;\x07\x1b]/;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: escape sequences begin with one

/** What the last command of a terminal printed, behind the line that began it; all there is where no mark tells. */
export function lastOutput(data: string): string {
  const started = [...data.matchAll(STARTED)].pop();
  if (!started) return plain(data);
  const printed = data.slice(started.index + started[0].length);
  const ended = ENDED.exec(printed);
  let command = started[1] ?? "";
  try {
    command = decodeURIComponent(command);
  } catch {
    // Not all bytes that a shell may be given are text.
  }
  return (command ? plain(`$ ${command}\n`) : "") + plain(ended ? printed.slice(0, ended.index) : printed);
}

/** What a terminal's output says in words: without what moves or colours, of a line written over the last of it. */
export function plain(data: string): string {
  return data
    .replace(ESCAPE, "")
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => typed(line.replace(/\r+$/, "").replace(/^.*\r/s, "")).replace(CONTROL, ""))
    .join("\n");
}

function typed(line: string): string {
  if (!line.includes("\b")) return line;
  const kept: string[] = [];
  for (const char of line) {
    if (char === "\b") kept.pop();
    else kept.push(char);
  }
  return kept.join("");
}

function trimmed(text: string): string {
  return text.replace(/^\n+|\n+$/g, "");
}
