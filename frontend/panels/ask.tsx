// The box a prompt is written in.
// Owns the draft with what is attached, and the choice of a model. Invariant: the draft survives a reload and is cleared only when the
// server took the prompt; what is gone is said and not sent. Leaves out the conversation (assistant.tsx), what can be attached
// (mentions.ts) and sending (`onAsk`).

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { ariaKey, keyLabel } from "../ui/commands.ts";
import { Icon } from "../ui/icons.tsx";
import { say } from "../ui/toasts.tsx";
import { Chips } from "./attach.tsx";
import { chosenId, closeMentions, foundMentions, lookForMention, MentionList, mentionKey } from "./mentionlist.tsx";
import {
  isWanted,
  label,
  MOST,
  message,
  type Offer,
  type Sources,
  same,
  sentOf,
  type Wanted,
  word,
} from "./mentions.ts";

interface Draft {
  text: string;
  mentions: Wanted[];
}

const KEY = `pairsight.draft/${boot.interview}`;
const MODEL_KEY = "pairsight.model";
export const STOP_KEY = "Mod+Alt+.";
/** A box of several lines is a combobox while its list is open, and only then. */
const LISTED: object = { role: "combobox", "aria-expanded": true, "aria-controls": "ask-mentions" };
const EMPTY: Draft = { text: "", mentions: [] };

function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage it lives as long as the page.
  }
}

function stored(): Draft {
  try {
    const { text = "", mentions = [], files = [] } = JSON.parse(kept(KEY) ?? "{}");
    // Drafts of before there were others have names of files.
    const named = files.map((name: unknown) => ({ kind: "file", name }));
    return { text: String(text), mentions: [...named, ...mentions].filter(isWanted) };
  } catch {
    return EMPTY;
  }
}

export const draft: Signal<Draft> = signal(stored());
effect(() => keep(KEY, JSON.stringify(draft.value)));

const models: readonly string[] = boot.header?.settings.models ?? [];
const model = signal(models.find((name) => name === kept(MODEL_KEY)) ?? "");
effect(() => {
  if (model.value) keep(MODEL_KEY, model.value);
});

/** Take the prompt out of the box where it is still what was sent. */
export function wasSent(text: string): void {
  if (draft.value.text.trim() === text) draft.value = EMPTY;
}

/** Attach what is not attached yet. */
function attach(one: Wanted): void {
  const { text, mentions } = draft.value;
  if (mentions.some((other) => same(other, one))) return;
  if (mentions.length >= MOST) say(t("%(most)s things are attached, and there can be no more.", { most: MOST }));
  else draft.value = { text, mentions: [...mentions, one] };
}

/** Put words into the box, behind what is there, with what they are about, and go there. */
export function suggest(words: string, one?: Wanted): void {
  if (one) attach(one);
  const { text, mentions } = draft.value;
  if (words) draft.value = { text: text ? `${text.trimEnd()}\n\n${words}` : words, mentions };
  requestAnimationFrame(() => document.getElementById("ask-box")?.focus());
}

interface Props {
  sources: Sources;
  answering: boolean;
  disabled: boolean;
  /** Why nothing more can be asked, where that is so. */
  refused?: string | undefined;
  onAsk: (text: string, mentions: Wanted[], model: string) => void;
  onStop: () => void;
}

export function AskBox({ sources, answering, disabled, refused, onAsk, onStop }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const { text, mentions } = draft.value;
  const found = foundMentions();
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    // Grows with its text up to a limit that the style sheet sets.
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);
  const sent = sentOf(mentions, sources);
  const ready = text.trim() !== "" && !answering && !disabled && !refused;

  const take = ({ wanted }: Offer) => {
    const area = box.current;
    if (!found || !area) return;
    attach(wanted);
    const rest = text.slice(found.at + 1 + found.query.length);
    const put = word(wanted);
    const next = `${text.slice(0, found.at)}${put}${rest.startsWith(" ") ? "" : " "}${rest}`;
    draft.value = { ...draft.value, text: next };
    closeMentions();
    // At once, not when it is drawn: the next key may come before.
    const place = found.at + put.length + 1;
    area.value = next;
    area.setSelectionRange(place, place);
  };
  const ask = () => {
    if (!ready) return;
    const there = sent.flatMap((one) => (one ? [message(one.wanted)] : []));
    onAsk(text.trim(), there, model.value);
  };
  const stop = () => {
    onStop();
    // The button is disabled next, and a disabled button drops the focus.
    box.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (found && mentionKey(event, found, take)) return;
    const area = box.current;
    if (event.key === "Backspace" && area?.selectionEnd === 0 && mentions.length > 0 && !text) {
      event.preventDefault();
      [...(area.form?.querySelectorAll<HTMLElement>(".chip-open") ?? [])].pop()?.focus();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      ask();
    }
  };
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <Chips
        label={t("Attached")}
        chips={mentions.map((wanted, index) => {
          const one = sent[index] ?? null;
          return {
            wanted: one?.wanted ?? wanted,
            label: label(one?.wanted ?? wanted, sources.state),
            sent: one,
            ...(one ? {} : { note: t("It is not there any more, and is not sent.") }),
          };
        })}
        onRemove={(index) => {
          draft.value = { text, mentions: mentions.filter((_, other) => other !== index) };
        }}
        onLast={() => box.current?.focus()}
      />
      <div class="ask-field">
        <MentionList found={found} take={take} />
        <textarea
          id="ask-box"
          ref={box}
          class="input ask-box"
          data-focus
          rows={3}
          maxLength={20000}
          disabled={disabled || refused !== undefined}
          aria-label={t("Ask the assistant")}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          {...(found ? LISTED : {})}
          aria-activedescendant={found ? chosenId(found) : undefined}
          aria-describedby="ask-hint"
          placeholder={t("Ask the assistant. @ attaches a file, a selection, a failing test or terminal output.")}
          value={text}
          onInput={(event) => {
            draft.value = { text: event.currentTarget.value, mentions };
            lookForMention(event.currentTarget, sources);
          }}
          onClick={(event) => lookForMention(event.currentTarget, sources)}
          onBlur={closeMentions}
          onKeyDown={onKey}
        />
      </div>
      {refused && (
        <p class="notice-line" role="status">
          {refused}
        </p>
      )}
      <div class="ask-foot">
        {models.length > 1 && (
          <select
            class="input ask-model"
            aria-label={t("Model")}
            value={model.value || boot.header.settings.model || models[0]}
            onChange={(event) => {
              model.value = event.currentTarget.value;
            }}
          >
            {models.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
        <span class="muted ask-hint" id="ask-hint">
          {t("%(enter)s asks, %(newline)s new line", { enter: keyLabel("Enter"), newline: keyLabel("Shift+Enter") })}
        </span>
        <button
          type="button"
          class={answering ? "button button-stop" : "button"}
          disabled={!answering}
          aria-keyshortcuts={ariaKey(STOP_KEY)}
          title={keyLabel(STOP_KEY)}
          onClick={stop}
        >
          <Icon name="stop" /> {t("Stop")}
        </button>
        <button type="submit" class="button button-primary" disabled={!ready}>
          {t("Ask")}
        </button>
      </div>
    </form>
  );
}
