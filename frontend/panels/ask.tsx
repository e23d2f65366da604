// The box a prompt is written in.
// Owns the draft, its attachments and the @-mention of files. Invariant: the draft survives a reload and is cleared only when the
// server took the prompt. Leaves out the conversation (assistant.tsx) and sending (`onAsk`).

import { effect, type Signal, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { fuzzy } from "../ui/palette.tsx";
import { Icon } from "../ui/icons.tsx";
import { keyLabel } from "../ui/commands.ts";

interface Draft {
  text: string;
  files: string[];
}

const KEY = `pairsight.draft/${boot.interview}`;
const MOST = 8;

function stored(): Draft {
  try {
    return { text: "", files: [], ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { text: "", files: [] };
  }
}

export const draft: Signal<Draft> = signal(stored());
effect(() => {
  try {
    localStorage.setItem(KEY, JSON.stringify(draft.value));
  } catch {
    // Without storage the draft lives as long as the page.
  }
});

/** Put words into the box, behind what is there, and go there. */
export function suggest(text: string, file?: string): void {
  const now = draft.value;
  const files = file && !now.files.includes(file) ? [...now.files, file] : now.files;
  draft.value = { text: now.text ? `${now.text.trimEnd()}\n\n${text}` : text, files };
  requestAnimationFrame(() => document.getElementById("ask-box")?.focus());
}

interface Props {
  paths: readonly string[];
  answering: boolean;
  disabled: boolean;
  onAsk: (text: string, files: string[]) => void;
  onStop: () => void;
}

const mention = signal<{ query: string; at: number } | null>(null);
const chosen = signal(0);

export function AskBox({ paths, answering, disabled, onAsk, onStop }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const { text, files } = draft.value;
  const found = mention.value === null ? [] : matching(paths, mention.value.query);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    // Grows with its text up to a limit that the style sheet sets.
    area.style.height = "auto";
    area.style.height = `${area.scrollHeight + 2}px`;
  }, [text]);

  const look = (area: HTMLTextAreaElement) => {
    const before = area.value.slice(0, area.selectionStart);
    const match = /(?:^|\s)@([\w./-]*)$/.exec(before);
    mention.value = match ? { query: match[1] ?? "", at: area.selectionStart - (match[1] ?? "").length - 1 } : null;
    chosen.value = 0;
  };
  const take = (path: string) => {
    const at = mention.value;
    const area = box.current;
    if (!at || !area) return;
    const rest = text.slice(at.at + 1 + at.query.length);
    const next = `${text.slice(0, at.at)}@${path}${rest.startsWith(" ") ? "" : " "}${rest}`;
    draft.value = { text: next, files: files.includes(path) ? files : [...files, path] };
    mention.value = null;
    const place = at.at + path.length + 2;
    requestAnimationFrame(() => {
      area.focus();
      area.setSelectionRange(place, place);
    });
  };
  const ask = () => {
    if (text.trim() && !answering && !disabled)
      onAsk(
        text.trim(),
        files.filter((path) => paths.includes(path)),
      );
  };
  const stop = () => {
    onStop();
    // The button is disabled next, and a disabled button drops the focus.
    box.current?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (found.length) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step) {
        event.preventDefault();
        chosen.value = (chosen.value + step + found.length) % found.length;
        return;
      }
      if (event.key === "Enter" || event.key === "Tab") {
        event.preventDefault();
        take(found[chosen.value] ?? "");
        return;
      }
      if (event.key === "Escape") {
        event.preventDefault();
        mention.value = null;
        return;
      }
    }
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
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
      {files.length > 0 && (
        <ul class="chips" aria-label={t("Attached files")}>
          {files.map((path) => (
            <li key={path} class="chip">
              {path}
              <button
                type="button"
                class="chip-remove"
                aria-label={t("Do not attach %(path)s", { path })}
                onClick={() => {
                  draft.value = { text, files: files.filter((other) => other !== path) };
                }}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div class="ask-field">
        {found.length > 0 && (
          <div class="mentions" id="ask-mentions" role="listbox" aria-label={t("Files")}>
            {found.map((path, index) => (
              <div
                key={path}
                id={`mention-${index}`}
                role="option"
                tabIndex={-1}
                aria-selected={index === chosen.value}
                onMouseDown={(event) => {
                  event.preventDefault();
                  take(path);
                }}
              >
                {path}
              </div>
            ))}
          </div>
        )}
        <textarea
          id="ask-box"
          ref={box}
          class="input ask-box"
          data-focus
          rows={3}
          maxLength={20000}
          disabled={disabled}
          aria-label={t("Ask the assistant")}
          aria-controls="ask-mentions"
          aria-activedescendant={found.length ? `mention-${chosen.value}` : ""}
          placeholder={t("Ask the assistant. @ attaches a file.")}
          value={text}
          onInput={(event) => {
            draft.value = { text: event.currentTarget.value, files };
            look(event.currentTarget);
          }}
          onClick={(event) => look(event.currentTarget)}
          onBlur={() => {
            mention.value = null;
          }}
          onKeyDown={onKey}
        />
      </div>
      <div class="ask-foot">
        <span class="muted ask-hint">
          {t("%(enter)s asks, %(newline)s new line", { enter: keyLabel("Enter"), newline: keyLabel("Shift+Enter") })}
        </span>
        <button type="button" class="button" disabled={!answering} onClick={stop}>
          <Icon name="stop" /> {t("Stop")}
        </button>
        <button type="submit" class="button button-primary" disabled={answering || disabled || !text.trim()}>
          {t("Ask")}
        </button>
      </div>
    </form>
  );
}

function matching(paths: readonly string[], query: string): string[] {
  return paths
    .map((path) => ({ path, rank: query ? fuzzy(query, path) : 0 }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank || a.path.localeCompare(b.path))
    .slice(0, MOST)
    .map(({ path }) => path);
}
