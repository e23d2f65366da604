// A box in which one writes to the assistant, with what one attaches by `@`.
// Owns the chips, the list and the box, and drafts that outlive a reload. Invariant: a draft changes by the person's hand alone, or by
// what was sent of it; what is gone is said and not sent. Leaves out when it is sent (ask.tsx, ticketform.tsx) and what can be
// attached (mentions.ts).

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { say } from "../ui/toasts.tsx";
import { Chips } from "./attach.tsx";
import { chosenId, closeMentions, foundMentions, lookForMention, MentionList, mentionKey } from "./mentionlist.tsx";
import {
  label,
  MOST,
  message,
  type Offer,
  type Sent,
  type Sources,
  same,
  sentOf,
  type Wanted,
  word,
} from "./mentions.ts";

export interface Draft {
  text: string;
  mentions: Wanted[];
}

/** A box of several lines is a combobox while its list is open, and only then. */
const LISTED: object = { role: "combobox", "aria-expanded": true, "aria-controls": "ask-mentions" };
const MODEL_KEY = "pairsight.model";

export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Without storage it lives as long as the page.
  }
}

/** What is written under `key` on this computer; `read` makes a draft of what was kept, and may throw. */
export function keptDraft<T>(key: string, empty: T, read: (stored: unknown) => T): Signal<T> {
  const draft = signal(empty);
  try {
    draft.value = read(JSON.parse(kept(key) ?? "{}"));
  } catch {
    // Written by something else: begin empty.
  }
  effect(() => keep(key, JSON.stringify(draft.value)));
  return draft;
}

/** The mentions with one more, where it is not attached yet and there is room. */
export function attached(mentions: Wanted[], one: Wanted): Wanted[] {
  if (mentions.some((other) => same(other, one))) return mentions;
  if (mentions.length < MOST) return [...mentions, one];
  say(t("%(most)s things are attached, and there can be no more.", { most: MOST }));
  return mentions;
}

/** What goes out of the mentions: those that are still there. */
export function toSend(mentions: readonly Wanted[], sources: Sources): Wanted[] {
  return sentOf(mentions, sources).flatMap((one) => (one ? [message(one.wanted)] : []));
}

interface Props {
  id: string;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  sources: Sources;
  label: string;
  placeholder: string;
  disabled: boolean;
  /** The id of what tells how it is sent. */
  hint: string;
  rows?: number;
  /** Where the focus of the panel goes. */
  first?: boolean;
  /** A key that the list did not take. */
  onKey: (event: KeyboardEvent) => void;
}

export function Writing({ id, draft, onDraft, sources, disabled, onKey, first = true, rows = 3, ...words }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const { text, mentions } = draft;
  const found = foundMentions(id);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    // Grows with its text up to a limit that the style sheet sets.
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);
  const sent: (Sent | null)[] = sentOf(mentions, sources);

  const take = ({ wanted }: Offer) => {
    const area = box.current;
    if (!found || !area) return;
    const rest = text.slice(found.at + 1 + found.query.length);
    const put = word(wanted);
    const next = `${text.slice(0, found.at)}${put}${rest.startsWith(" ") ? "" : " "}${rest}`;
    onDraft({ text: next, mentions: attached(mentions, wanted) });
    closeMentions();
    // At once, not when it is drawn: the next key may come before.
    const place = found.at + put.length + 1;
    area.value = next;
    area.setSelectionRange(place, place);
  };
  const key = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (found && mentionKey(event, found, take)) return;
    const area = box.current;
    if (event.key === "Backspace" && area?.selectionEnd === 0 && mentions.length > 0 && !text) {
      event.preventDefault();
      [...(area.form?.querySelectorAll<HTMLElement>(".chip-open") ?? [])].pop()?.focus();
    } else onKey(event);
  };
  return (
    <>
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
        onRemove={(index) => onDraft({ text, mentions: mentions.filter((_, other) => other !== index) })}
        onLast={() => box.current?.focus()}
      />
      <div class="ask-field">
        <MentionList found={found} take={take} />
        <textarea
          id={id}
          ref={box}
          class="input ask-box"
          data-focus={first ? "" : undefined}
          rows={rows}
          maxLength={20000}
          disabled={disabled}
          aria-label={words.label}
          aria-autocomplete="list"
          aria-haspopup="listbox"
          {...(found ? LISTED : {})}
          aria-activedescendant={found ? chosenId(found) : undefined}
          aria-describedby={words.hint}
          placeholder={words.placeholder}
          value={text}
          onInput={(event) => {
            onDraft({ text: event.currentTarget.value, mentions });
            lookForMention(event.currentTarget, sources);
          }}
          onClick={(event) => lookForMention(event.currentTarget, sources)}
          onBlur={closeMentions}
          onKeyDown={key}
        />
      </div>
    </>
  );
}

const models: readonly string[] = boot.header?.settings.models ?? [];
/** The model that was chosen; empty where none was. */
export const model = signal(models.find((name) => name === kept(MODEL_KEY)) ?? "");
effect(() => {
  if (model.value) keep(MODEL_KEY, model.value);
});

/** The choice of a model, where there are several. */
export function ModelChoice() {
  if (models.length < 2) return null;
  return (
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
  );
}
