// What one thinks of a hunk: four verdicts, and where and what the fault is.
// Owns these controls, and the same as words for those who look on. Invariant: "Saved" means that the log has it; what is being typed is
// never replaced by what comes back. Leaves out keeping and sending (verdicts.ts).

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Hunk, Verdict } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import { Changed, type Row, rowsOf, type Shown } from "./changed.tsx";
import { linesOf } from "./diff.ts";
import { HunkEditor } from "./hunkedit.tsx";
import { isWrong, type Judged, type Verdicts } from "./verdicts.ts";

export const MOST_SIGNS = 2000;
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

interface FaultProps {
  hunk: Hunk;
  line: number;
  rows: readonly Row[];
  judged: Judged;
  verdicts: Verdicts;
  disabled: boolean;
}

function Fault({ hunk, line, rows, judged, verdicts, disabled }: FaultProps) {
  const lines = rows.filter((row) => row.at > 0);
  return (
    <div class="fault">
      {lines.length > 0 && (
        <label class="fault-field">
          <span>{t("Where is the fault?")}</span>
          <select
            class="input fault-line"
            value={String(judged.line)}
            disabled={disabled}
            onChange={(event) => verdicts.say(hunk.hunk, { line: Number(event.currentTarget.value) })}
            onBlur={() => void verdicts.flush(hunk.hunk)}
          >
            <option value="0">{t("In the change as a whole")}</option>
            {lines.map((row) => (
              <option key={row.at} value={String(row.at)}>
                {t("Line %(line)s: %(text)s", { line: row.new ?? row.old ?? "", text: row.text.trim().slice(0, 60) })}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="fault-field">
        <label for={`fault-${hunk.hunk}`}>{t("What is wrong?")}</label>
        <FaultText
          id={`fault-${hunk.hunk}`}
          value={judged.fault}
          disabled={disabled}
          onInput={(fault) => verdicts.say(hunk.hunk, { fault })}
          onLeave={() => void verdicts.flush(hunk.hunk)}
        />
      </div>
      <Repair hunk={hunk} line={line} judged={judged} verdicts={verdicts} disabled={disabled} />
    </div>
  );
}

interface FaultTextProps {
  id: string;
  value: string;
  disabled: boolean;
  onInput: (text: string) => void;
  onLeave: () => void;
}

function FaultText({ id, value, disabled, onInput, onLeave }: FaultTextProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    // While one writes, the box is theirs: what comes back may lack the space just typed.
    const now = box.current;
    if (now && document.activeElement !== now) now.value = value;
  }, [value]);
  return (
    <textarea
      ref={box}
      id={id}
      class="input fault-text"
      rows={2}
      maxLength={MOST_SIGNS}
      defaultValue={value}
      readOnly={disabled}
      placeholder={t("What happens, and what should happen instead")}
      onInput={(event) => onInput(event.currentTarget.value)}
      onBlur={onLeave}
    />
  );
}

function Repair({ hunk, line, judged, verdicts, disabled }: Omit<FaultProps, "rows">) {
  const open = useSignal(false);
  const again = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && !open.value) again.current?.focus();
    wasOpen.current = open.value;
  }, [open.value]);
  const { repair } = judged;
  const change = (text: string) => {
    // The editor shows a text without the end of its last line.
    const whole = text && (hunk.after.endsWith("\n") || !hunk.after) ? `${text}\n` : text;
    verdicts.say(hunk.hunk, { repair: whole === hunk.after ? null : whole });
  };
  const close = () => {
    open.value = false;
    void verdicts.flush(hunk.hunk);
  };
  if (open.value && !disabled)
    return (
      <div class="repair">
        <p class="repair-head">
          <span>{t("Your repair, instead of the lines of this change")}</span>
          <button type="button" class="text-button" onClick={close}>
            {t("Done")} <kbd class="kbd">{t("Esc")}</kbd>
          </button>
        </p>
        <HunkEditor
          path={hunk.path}
          text={(repair ?? hunk.after).replace(/\n$/, "")}
          line={line}
          onChange={change}
          onLeave={close}
        />
      </div>
    );
  return (
    <div class="repair">
      {repair !== null && <Repaired hunk={hunk} line={line} repair={repair} />}
      <p class="repair-head">
        <button ref={again} type="button" class="text-button" disabled={disabled} onClick={() => (open.value = true)}>
          {repair === null ? t("Write a repair (optional)") : t("Edit the repair")}
        </button>
        {repair !== null && (
          <button
            type="button"
            class="text-button"
            disabled={disabled}
            onClick={() => {
              verdicts.say(hunk.hunk, { repair: null });
              void verdicts.flush(hunk.hunk);
              again.current?.focus();
            }}
          >
            {t("Remove it")}
          </button>
        )}
      </p>
    </div>
  );
}

/** A repair, against what the hunk would put there. */
function Repaired({ hunk, line, repair }: { hunk: Hunk; line: number; repair: string }) {
  const rows = useMemo(
    () => rowsOf({ ...hunk, line, before: hunk.after, after: repair, lead: "", trail: "" }),
    [hunk, line, repair],
  );
  const n = linesOf(repair).length;
  return (
    <figure class="repaired">
      <figcaption class="muted">{tn("Repair, %(n)s line", "Repair, %(n)s lines", n)}</figcaption>
      <div class="diff-scroll">
        <Changed rows={rows} label={t("Lines that the repair removes and adds")} />
      </div>
    </figure>
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
