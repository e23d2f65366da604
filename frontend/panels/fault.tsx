// Where a hunk is wrong, what is wrong, and how it would be right.
// Owns these fields. Invariant: what is being typed is never replaced by what comes back; a repair is shown against the hunk. Leaves out
// keeping and sending (verdicts.ts).

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import { Changed, type Row, rowsOf } from "./changed.tsx";
import { linesOf } from "./diff.ts";
import { HunkEditor } from "./hunkedit.tsx";
import type { Judged, Verdicts } from "./verdicts.ts";

const MOST_SIGNS = 2000;

interface Props {
  hunk: Hunk;
  line: number;
  rows: readonly Row[];
  judged: Judged;
  verdicts: Verdicts;
  disabled: boolean;
}

export function Fault({ hunk, line, rows, judged, verdicts, disabled }: Props) {
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

interface TextProps {
  id: string;
  value: string;
  disabled: boolean;
  onInput: (text: string) => void;
  onLeave: () => void;
}

function FaultText({ id, value, disabled, onInput, onLeave }: TextProps) {
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

function Repair({ hunk, line, judged, verdicts, disabled }: Omit<Props, "rows">) {
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
export function Repaired({ hunk, line, repair }: { hunk: Hunk; line: number; repair: string }) {
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
