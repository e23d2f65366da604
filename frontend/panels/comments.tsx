// What is said of the lines of a change.
// Owns drawing comments where they belong, and the small form that one is written in. Invariant: a comment is shown once the log has it,
// and the form keeps its words until then. Leaves out where lines are (hunk.tsx) and committing (`send`).

import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { CommentView } from "../core/state.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";

/** What a hunk of a change request has beyond that of a proposal. */
export interface Beside {
  comments: readonly CommentView[];
  /** Why nothing can be decided about it any more. */
  over?: string | undefined;
  /** `line` counts in what the hunk puts there; 0 is the whole hunk. */
  onComment?: ((line: number, text: string) => Promise<Ack>) | undefined;
}

const SEND = "Mod+Enter";

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
  send: (text: string) => Promise<Ack>;
  /** It was sent, or left. */
  onLeave: () => void;
}

export function CommentForm({ label, send, onLeave }: FormProps) {
  const box = useRef<HTMLTextAreaElement>(null);
  const text = useSignal("");
  const sending = useSignal(false);
  const problem = useSignal("");
  // Before it is painted: whoever presses a line types on.
  useLayoutEffect(() => box.current?.focus(), []);
  const ready = text.value.trim() !== "" && !sending.value;
  const submit = async () => {
    if (!ready) return;
    sending.value = true;
    const ack = await send(text.value.trim());
    sending.value = false;
    problem.value = ack.ok ? "" : ack.error;
    if (ack.ok) onLeave();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (matches(event, SEND)) void submit();
    else if (event.key === "Escape") onLeave();
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
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {problem.value && <p role="alert">{problem.value}</p>}
      <div class="comment-foot">
        <button type="button" class="button button-small" onClick={onLeave}>
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
