// The interviewer's notes.
// Owns the list and the box a note is written in. Invariant: a note is about the moment at which writing began, not at which it was
// sent; the words stay in the box until the server took them. Candidates never see notes.

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { NoteView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { keyLabel } from "../ui/commands.ts";

const about = signal<number | null>(null);
const sending = signal(false);

interface Props {
  store: Store;
  /** The notes to list, where they are more than the state at this moment holds. */
  notes?: readonly NoteView[];
  /** The moment of an event as a clock, such as 00:12:03. */
  at: (seq: number) => string;
  onNote: (text: string, about: number) => Promise<Ack>;
  onSeek?: (seq: number) => void;
}

/** Begin a note about event `seq`. */
export function beginNote(seq: number): void {
  about.value = seq;
  requestAnimationFrame(() => document.getElementById("note-box")?.focus());
}

export function Notes({ store, notes = store.at("notes").notes, at, onNote, onSeek }: Props) {
  const box = useRef<HTMLTextAreaElement>(null);
  const moment = about.value ?? store.at("course", "notes").seq;
  const send = async () => {
    const text = box.current?.value.trim() ?? "";
    if (!text || sending.value) return;
    sending.value = true;
    const ack = await onNote(text, moment);
    sending.value = false;
    if (!ack.ok || !box.current) return;
    box.current.value = "";
    about.value = null;
  };
  return (
    <div class="notes">
      <ul class="notes-list" aria-label={t("Notes")}>
        {notes.map((note) => (
          <li key={note.seq} class="note">
            <span class="who who-interviewer" aria-hidden="true">
              ✎
            </span>
            <div>
              <p class="note-text">{note.text}</p>
              <p class="muted">
                {note.actor.replace("interviewer:", "")} ·{" "}
                {onSeek ? (
                  <button type="button" class="text-button" onClick={() => onSeek(note.about_seq)}>
                    {at(note.about_seq)}
                  </button>
                ) : (
                  at(note.about_seq)
                )}
              </p>
            </div>
          </li>
        ))}
        {notes.length === 0 && (
          <li class="empty-line">
            {t("Notes are for interviewers; the candidate never sees them. Press n to write one about this moment.")}
          </li>
        )}
      </ul>
      <form
        class="ask"
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <textarea
          id="note-box"
          ref={box}
          class="input ask-box"
          rows={3}
          maxLength={5000}
          aria-label={t("Note")}
          placeholder={t("A note about this moment")}
          onFocus={() => {
            if (about.value === null) about.value = store.now.seq;
          }}
          onBlur={() => {
            if (!box.current?.value.trim()) about.value = null;
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
              event.preventDefault();
              void send();
            }
          }}
        />
        <div class="ask-foot">
          <span class="muted ask-hint">{about.value === null ? "" : t("About %(time)s", { time: at(moment) })}</span>
          <button type="submit" class="button button-primary" disabled={sending.value}>
            {t("Add note")} <kbd class="kbd">{keyLabel("Enter")}</kbd>
          </button>
        </div>
      </form>
    </div>
  );
}
