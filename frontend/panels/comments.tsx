// What is said of the lines of a change.
// Owns drawing comments where they belong, the small form that one is written in, and what is written there. Invariant: a comment is
// shown once the log has it; its words outlive a reload until then, or until somebody cancels. Leaves out where lines are (hunk.tsx)
// and committing (`send`).

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { CommentView } from "../core/state.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
import { keptDraft } from "./writing.tsx";

/** What a hunk of a change request has beyond that of a proposal. */
export interface Beside {
  comments: readonly CommentView[];
  /** Why nothing can be decided about it any more. */
  over?: string | undefined;
  /** `line` counts in what the hunk puts there; 0 is the whole hunk. */
  onComment?: ((line: number, text: string) => Promise<Ack>) | undefined;
}

const SEND = "Mod+Enter";

/** What is written of comments that were not sent, by hunk and line. */
const drafts = keptDraft<Record<string, string>>(`pairsight.comments/${boot.interview}`, {}, (stored) => {
  const texts = Object.entries(stored as Record<string, unknown>);
  return Object.fromEntries(texts.map(([where, text]) => [where, String(text)]));
});

function write(where: string, text: string): void {
  const { [where]: _, ...others } = drafts.peek();
  drafts.value = text ? { ...others, [where]: text } : others;
}

/** Where the comment on one of a hunk's own lines is kept; 0 is the whole hunk. */
export function placeOfDraft(hunk: string, own: number): string {
  return `${hunk}:${own}`;
}

/** The line of a hunk that somebody had begun to comment on, null for none. */
export function begunAt(hunk: string): number | null {
  const where = Object.keys(drafts.peek()).find((one) => one.startsWith(`${hunk}:`));
  return where === undefined ? null : Number(where.slice(hunk.length + 1));
}

export function Comments({ comments }: { comments: readonly CommentView[] }) {
  if (!comments.length) return null;
  return (
    <ul class="comments" aria-label={t("Comments")}>
      {comments.map((one) => (
        <li key={one.comment} class="comment">
          <span class="who who-candidate" aria-hidden="true">
            ●
          </span>{" "}
          <span class="comment-text">{one.text}</span>
        </li>
      ))}
    </ul>
  );
}

interface FormProps {
  label: string;
  /** Where its words are kept (`placeOfDraft`). */
  where: string;
  /** Somebody has just opened it. */
  opened: boolean;
  send: (text: string) => Promise<Ack>;
  /** It was sent, or left. */
  onLeave: () => void;
}

export function CommentForm({ label, where, opened, send, onLeave }: FormProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const text = drafts.value[where] ?? "";
  const sending = useSignal(false);
  const problem = useSignal("");
  // Before it is painted: whoever presses a line types on.
  useLayoutEffect(() => {
    if (opened) box.current?.focus();
  }, []);
  const ready = text.trim() !== "" && !sending.value;
  const leave = () => {
    write(where, "");
    onLeave();
  };
  const submit = async () => {
    if (!ready) return;
    sending.value = true;
    const ack = await send(text.trim());
    sending.value = false;
    problem.value = ack.ok ? "" : ack.error;
    if (ack.ok) leave();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (matches(event, SEND)) void submit();
    else if (event.key === "Escape") leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    // A press in it is no press of the line that it stands at.
    <form
      class="comment-form"
      onKeyDown={onKey}
      onClick={(event) => event.stopPropagation()}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <textarea
        ref={box}
        class="input"
        rows={2}
        maxLength={2000}
        aria-label={label}
        placeholder={label}
        value={text}
        onInput={(event) => write(where, event.currentTarget.value)}
      />
      {problem.value && <p role="alert">{problem.value}</p>}
      <div class="comment-foot">
        <button type="button" class="button button-small" onClick={leave}>
          {t("Cancel")} <kbd class="kbd">{t("Esc")}</kbd>
        </button>
        <button
          type="submit"
          class="button button-small button-primary"
          disabled={!ready}
          aria-keyshortcuts={ariaKey(SEND)}
        >
          {t("Comment")} <kbd class="kbd">{keyLabel(SEND)}</kbd>
        </button>
      </div>
    </form>
  );
}
