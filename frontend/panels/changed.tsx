// The lines of one hunk of a change that somebody hands over.
// Owns lining a hunk up with the file that it makes, and showing it. Invariant: numbers on the right are those of the file with the whole
// change in it; a line of a fault is known by its place in the hunk. Leaves out verdicts (verdict.tsx).

import type { Hunk } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { SuggestionView } from "../core/state.ts";
import { type DiffLine, diffLines, linesOf } from "./diff.ts";

export interface Row extends DiffLine {
  /** By what the server knows a line: 1-based in what the hunk puts there, or in what it takes away where it puts nothing; else 0. */
  at: number;
}

export interface Shown {
  hunk: Hunk;
  /** 1-based among all hunks. */
  number: number;
  /** Its first line in the file with the whole change in it. */
  line: number;
  rows: readonly Row[];
  added: number;
  removed: number;
}

/** The hunks by file, in the order they came. */
export function byFile(hunks: readonly Hunk[]): { path: string; shown: Shown[] }[] {
  const paths = [...new Set(hunks.map(({ path }) => path))];
  let number = 0;
  return paths.map((path) => {
    let shift = 0;
    const own = hunks.filter((hunk) => hunk.path === path).sort((a, b) => a.line - b.line);
    const shown = own.map((hunk) => {
      number += 1;
      const rows = rowsOf(hunk, shift);
      const line = hunk.line + shift;
      shift += linesOf(hunk.after).length - linesOf(hunk.before).length;
      const count = (kind: DiffLine["kind"]) => rows.filter((row) => row.kind === kind).length;
      return { hunk, number, line, rows, added: count("added"), removed: count("removed") };
    });
    return { path, shown };
  });
}

const UNDECIDED: SuggestionView = {
  suggestion: "",
  seq: 0,
  turn: "",
  title: "",
  hunks: [],
  decisions: {},
  kept: {},
  refreshed: {},
};

/** A hunk's rows; `shift` is how many lines those before it in the file add, net. */
export function rowsOf(hunk: Hunk, shift = 0): Row[] {
  const lead = linesOf(hunk.lead ?? "");
  // The file as far as the hunk tells of it, with nothing in the lines before.
  const before = "\n".repeat(Math.max(0, hunk.line - 1 - lead.length));
  const text = before + (hunk.lead ?? "") + hunk.before + (hunk.trail ?? "");
  const lines = diffLines(hunk, UNDECIDED, text);
  const above = lines.findIndex(({ old, new: fresh }) => (old ?? fresh ?? 0) >= hunk.line - lead.length);
  const shown = lines.slice(Math.max(0, above));
  let gone = 0;
  return shown.map((line) => {
    const at = hunk.after === "" ? (line.kind === "removed" ? ++gone : 0) : (line.own ?? 0);
    return { ...line, new: line.new === null ? null : line.new + shift, at };
  });
}

interface Props {
  rows: readonly Row[];
  label: string;
  /** The line of the fault; 0 for none. */
  chosen?: number;
  onChoose?: ((line: number) => void) | undefined;
}

export function Changed({ rows, label, chosen = 0, onChoose }: Props) {
  return (
    <table class="diff" aria-label={label}>
      <tbody>
        {rows.map((row, index) => {
          const here = row.at > 0 && row.at === chosen;
          const pick = (number: number | null) =>
            onChoose && row.at > 0 && number !== null ? (
              <button
                type="button"
                class="line-pick"
                tabIndex={-1}
                aria-pressed={here}
                aria-label={t("The fault is in line %(line)s", { line: number })}
                title={t("The fault is in line %(line)s", { line: number })}
                onClick={() => onChoose(here ? 0 : row.at)}
              >
                {number}
              </button>
            ) : (
              (number ?? "")
            );
          return (
            <tr key={index} class={`diff-${row.kind}${here ? " diff-fault" : ""}`}>
              <td class="diff-number">{row.new === null ? pick(row.old) : (row.old ?? "")}</td>
              <td class="diff-number">{pick(row.new)}</td>
              <td class="diff-sign">
                {row.kind === "added" ? "+" : row.kind === "removed" ? "-" : " "}
                {here && <span class="sr-only">{t("the fault is here")}</span>}
              </td>
              <td class="diff-text">
                {row.part ? (
                  <>
                    {row.text.slice(0, row.part[0])}
                    {row.part[1] > row.part[0] && <mark class="diff-part">{row.text.slice(...row.part)}</mark>}
                    {row.text.slice(row.part[1])}
                  </>
                ) : (
                  row.text || " "
                )}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
