// Taking a secret out of an interview.
// Owns the dialog that asks for it. Invariant: nothing is erased before one has seen what loses its content; the secret is kept
// nowhere once the dialog is closed. Leaves out finding and erasing, which the service does.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import { Dialog } from "../ui/dialog.tsx";
import { say } from "../ui/toasts.tsx";
import { kindsWords } from "./describe.ts";

export type AskService = (name: string, message: Record<string, unknown>) => Promise<Ack>;

/** One event, and what it is called. */
export interface Redactable {
  seq: number;
  type: string;
  words: string;
}

interface Found {
  seqs: number[];
  kinds: Record<string, number>;
  files: string[];
  /** How many further events go with them. */
  also: number;
  /** Those that hold it and cannot be erased. */
  stays: Record<string, number>;
}

const LEAST = 4;
const NAMED = 6;
const open = signal(false);
const text = signal("");
const reason = signal("");
const one = signal(false);
const busy = signal(false);
const problem = signal("");
const found = signal<Found | null>(null);

export function beginRedacting(): void {
  open.value = true;
}

interface Props {
  ask: AskService;
  selected: () => string;
  event?: (() => Redactable | null) | undefined;
  onErased?: (() => Promise<void>) | undefined;
}

export function Redact(props: Props) {
  return open.value ? <Asking {...props} /> : null;
}

function Asking({ ask, selected, event, onErased }: Props) {
  const shown = useRef(event?.() ?? null).current;
  const confirming = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    text.value = selected().trim();
    return forget;
  }, []);
  useEffect(() => {
    if (found.value?.seqs.length) confirming.current?.focus();
  }, [found.value]);
  const changed = () => {
    found.value = null;
    problem.value = "";
  };
  const close = () => {
    if (!busy.value) open.value = false;
  };
  const asked = async (name: string, message: Record<string, unknown>) => {
    busy.value = true;
    problem.value = "";
    const ack = await ask(name, message);
    busy.value = false;
    if (!ack.ok) problem.value = ack.error;
    return ack;
  };
  const look = async () => {
    if (one.value && shown) {
      found.value = { seqs: [shown.seq], kinds: { [shown.type]: 1 }, files: [], also: 0, stays: {} };
      return;
    }
    const ack = await asked("redact.find", { text: text.value });
    if (ack.ok) found.value = ack as unknown as Found;
  };
  const erase = async () => {
    const what = one.value && shown ? { seqs: [shown.seq] } : { text: text.value };
    const ack = await asked("redact", { ...what, reason: reason.value.trim() });
    if (!ack.ok) return;
    open.value = false;
    const n = (ack.seqs as number[]).length;
    say(tn("Erased for good: what %(n)s event held.", "Erased for good: what %(n)s events held.", n));
    await onErased?.();
  };
  const ready = reason.value.trim() !== "" && (one.value || text.value.trim().length >= LEAST);
  const result = found.value;
  return (
    <Dialog title={t("Redact a secret")} onClose={close} class="redact">
      <p>
        {t(
          "For a password or a name that should never have been recorded. It is erased from the log, from every page and from the workspace, and cannot be brought back. That something was erased, by whom and why, stays visible.",
        )}
      </p>
      <form
        onSubmit={(event_) => {
          event_.preventDefault();
          if (!busy.value && ready) void (result?.seqs.length ? erase() : look());
        }}
      >
        {shown && (
          <div class="redact-what" role="radiogroup" aria-label={t("What to erase")}>
            {[false, true].map((value) => (
              <label key={String(value)} class="check">
                <input
                  type="radio"
                  name="redact-what"
                  checked={one.value === value}
                  onChange={() => {
                    one.value = value;
                    changed();
                  }}
                />
                {value
                  ? t("All of event %(seq)s: %(what)s", { seq: shown.seq, what: shown.words })
                  : t("A text, wherever it stands")}
              </label>
            ))}
          </div>
        )}
        {!one.value && (
          <label class="field">
            <span class="field-label">{t("The text to erase")}</span>
            <textarea
              class="input redact-text"
              rows={2}
              spellcheck={false}
              autocomplete="off"
              autofocus
              value={text.value}
              onInput={(event_) => {
                text.value = event_.currentTarget.value;
                changed();
              }}
            />
            <span class="muted">
              {t("Exactly as it was typed, %(least)s characters or more. Not a word more is erased than has to be.", {
                least: LEAST,
              })}
            </span>
          </label>
        )}
        <label class="field">
          <span class="field-label">{t("Why (everybody can read this)")}</span>
          <input
            class="input"
            maxLength={500}
            placeholder={t("A password, typed by mistake")}
            value={reason.value}
            onInput={(event_) => {
              reason.value = event_.currentTarget.value;
            }}
          />
        </label>
        <div role="status">{result && <Result found={result} one={one.value} />}</div>
        {problem.value && (
          <p class="field-problem" role="alert">
            {problem.value}
          </p>
        )}
        <div class="dialog-buttons">
          <button type="button" class="button" disabled={busy.value} onClick={close}>
            {t("Keep everything")}
          </button>
          {result?.seqs.length ? (
            <button type="submit" class="button button-primary" disabled={busy.value || !ready} ref={confirming}>
              {busy.value
                ? t("Erasing…")
                : tn("Erase %(n)s event", "Erase %(n)s events", result.seqs.length + result.also)}
            </button>
          ) : (
            <button type="submit" class="button button-primary" disabled={busy.value || !ready}>
              {busy.value ? t("Looking…") : t("Show what would go")}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

/** What loses its content. */
function Result({ found: { seqs, kinds, files, also, stays }, one: single }: { found: Found; one: boolean }) {
  const more = files.length - NAMED;
  const rest = more > 0 ? tn("and %(n)s more", "and %(n)s more", more) : "";
  const named = [files.slice(0, NAMED).join(", "), rest].join(" ").trim();
  return (
    <ul class="facts">
      <li>
        {seqs.length === 0
          ? t("It stands nowhere in what can be erased here.")
          : t("These lose their content: %(kinds)s.", { kinds: kindsWords(kinds) })}
      </li>
      {files.length > 0 && <li>{t("In the files it is replaced by dots: %(files)s", { files: named })}</li>}
      {also > 0 && (
        <li>
          {tn(
            "%(n)s further event goes with them: it cannot be understood without.",
            "%(n)s further events go with them: they cannot be understood without.",
            also,
          )}
        </li>
      )}
      {single && <li>{t("What builds on it, such as later edits of the same file, goes with it.")}</li>}
      {Object.keys(stays).length > 0 && (
        <li>{t("It also stands where nothing can be erased: %(kinds)s.", { kinds: kindsWords(stays) })}</li>
      )}
    </ul>
  );
}

function forget(): void {
  text.value = "";
  reason.value = "";
  one.value = false;
  problem.value = "";
  found.value = null;
}
