// What one thinks of a hunk: one of four verdicts.
// Owns these controls, and the same as words for those who look on. Invariant: "saved" means that the log has it. Leaves out keeping and
// sending (verdicts.ts), and the fault (fault.tsx).

import type { Verdict } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Shown } from "./changed.tsx";
import { Fault, Repaired } from "./fault.tsx";
import { isWrong, type Judged, type Verdicts } from "./verdicts.ts";

/** In the order of their keys, 1 to 4. */
export const CHOICES: readonly Verdict[] = ["block", "probably wrong", "probably right", "merge"];

export function wordOf(verdict: Verdict): string {
  const words: Record<Verdict, string> = {
    block: t("Block"),
    "probably wrong": t("Probably wrong"),
    "probably right": t("Probably right"),
    merge: t("Merge"),
  };
  return words[verdict];
}

const SIGNS: Record<Verdict, string> = { block: "□", "probably wrong": "◧", "probably right": "◨", merge: "▣" };

interface Props {
  shown: Shown;
  verdicts: Verdicts;
  disabled: boolean;
}

export function VerdictForm({ shown: { hunk, number, line, rows }, verdicts, disabled }: Props) {
  const { judged, stage, problem } = verdicts.shown(hunk.hunk);
  const said: Record<typeof stage, string> = {
    "": "",
    typed: t("○ not saved yet"),
    sent: t("○ saving…"),
    refused: t("▲ not saved"),
    done: t("● saved"),
    saved: t("● saved"),
  };
  return (
    <div class="verdict">
      <div class="verdict-row">
        <fieldset class="verdict-choices" disabled={disabled}>
          <legend class="sr-only">{t("Verdict on change %(number)s", { number })}</legend>
          {CHOICES.map((verdict, index) => (
            <label key={verdict} class="verdict-choice">
              <input
                type="radio"
                name={`verdict-${hunk.hunk}`}
                checked={judged?.verdict === verdict}
                aria-keyshortcuts={String(index + 1)}
                onChange={() => verdicts.choose(hunk.hunk, verdict)}
              />
              <span class="verdict-sign" aria-hidden="true">
                {SIGNS[verdict]}
              </span>
              <span>{wordOf(verdict)}</span>
              <span class="kbd" aria-hidden="true">
                {index + 1}
              </span>
            </label>
          ))}
        </fieldset>
        <span class="verdict-state" role="status">
          {said[stage]}
        </span>
      </div>
      {problem && (
        <p class="verdict-problem" role="alert">
          {problem} {t("It is kept on this computer.")}{" "}
          <button type="button" class="text-button" onClick={() => verdicts.again(hunk.hunk)}>
            {t("Try again")}
          </button>
        </p>
      )}
      {judged && isWrong(judged.verdict) && (
        <Fault hunk={hunk} line={line} rows={rows} judged={judged} verdicts={verdicts} disabled={disabled} />
      )}
    </div>
  );
}

/** The same for those who look on. */
export function VerdictWords({ shown: { hunk, line, rows }, judged }: { shown: Shown; judged: Judged | undefined }) {
  if (!judged) return <p class="verdict verdict-told muted">{t("No verdict yet")}</p>;
  const place = rows.find((row) => row.at > 0 && row.at === judged.line);
  return (
    <div class="verdict verdict-told">
      <p>
        <span class="verdict-sign" aria-hidden="true">
          {SIGNS[judged.verdict]}
        </span>{" "}
        <strong>{wordOf(judged.verdict)}</strong>
        {place && <span class="muted"> {t("· line %(line)s", { line: place.new ?? place.old ?? "" })}</span>}
      </p>
      {judged.fault && <p class="fault-told">{judged.fault}</p>}
      {judged.repair !== null && <Repaired hunk={hunk} line={line} repair={judged.repair} />}
    </div>
  );
}
