// The box a prompt is written in.
// Owns the draft of the next prompt, and when it is sent. Invariant: the draft survives a reload and is cleared only when the
// server took the prompt. Leaves out the conversation (assistant.tsx), the box as such (writing.tsx) and sending (`onAsk`).

import { t } from "../core/i18n.ts";
import { ariaKey, keyLabel } from "../ui/commands.ts";
import { boot } from "../core/boot.ts";
import { Icon } from "../ui/icons.tsx";
import { isWanted, type Sources, type Wanted } from "./mentions.ts";
import { attached, type Draft, keptDraft, ModelChoice, model, toSend, Writing } from "./writing.tsx";

export const STOP_KEY = "Mod+Alt+.";
const BOX = "ask-box";
const EMPTY: Draft = { text: "", mentions: [] };

export const draft = keptDraft<Draft>(`pairsight.draft/${boot.interview}`, EMPTY, (stored) => {
  const {
    text = "",
    mentions = [],
    files = [],
  } = stored as { text?: unknown; mentions?: unknown[]; files?: unknown[] };
  // Drafts of before there were others have names of files.
  const named = files.map((name: unknown) => ({ kind: "file", name }));
  return { text: String(text), mentions: [...named, ...mentions].filter(isWanted) };
});

/** Take the prompt out of the box where it is still what was sent. */
export function wasSent(text: string): void {
  if (draft.value.text.trim() === text) draft.value = EMPTY;
}

/** Put words into the box, behind what is there, with what they are about, and go there. */
export function suggest(words: string, one?: Wanted): void {
  const { text, mentions } = draft.value;
  draft.value = {
    text: words && text ? `${text.trimEnd()}\n\n${words}` : words || text,
    mentions: one ? attached(mentions, one) : mentions,
  };
  requestAnimationFrame(() => document.getElementById(BOX)?.focus());
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
  const may = !answering && !disabled && !refused;
  const ready = may && draft.value.text.trim() !== "";
  const ask = () => {
    // As it is now, which may not be drawn yet.
    const { text, mentions } = draft.peek();
    if (may && text.trim() !== "") onAsk(text.trim(), toSend(mentions, sources), model.value);
  };
  const stop = () => {
    onStop();
    // The button is disabled next, and a disabled button drops the focus.
    document.getElementById(BOX)?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    ask();
  };
  return (
    <form
      class="ask"
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <Writing
        id={BOX}
        draft={draft.value}
        onDraft={(now) => {
          draft.value = now;
        }}
        sources={sources}
        label={t("Ask the assistant")}
        placeholder={t("Ask the assistant. @ attaches a file, a selection, a failing test or terminal output.")}
        disabled={disabled || refused !== undefined}
        hint="ask-hint"
        onKey={onKey}
      />
      {refused && (
        <p class="notice-line" role="status">
          {refused}
        </p>
      )}
      <div class="ask-foot">
        <ModelChoice />
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
