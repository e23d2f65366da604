// What one writes of a ticket: the ticket itself, and what is to be changed about what came back.
// Owns both forms and their drafts. Invariant: a draft survives a reload and is cleared only when the server took it. Leaves out how
// tickets stand (tickets.tsx, ticket.tsx) and sending (`acts`).

import { useSignal } from "@preact/signals";
import { boot } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { State, TicketView } from "../core/state.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
import { isWanted, type Sources, type Wanted } from "./mentions.ts";
import { proposed, unheeded } from "./rounds.ts";
import { type Draft, keptDraft, ModelChoice, model, toSend, Writing } from "./writing.tsx";

interface TicketDraft extends Draft {
  title: string;
}

export const TITLE_BOX = "ticket-title";
const EMPTY: TicketDraft = { title: "", text: "", mentions: [] };
const SEND = "Mod+Enter";

const draft = keptDraft<TicketDraft>(`pairsight.ticket/${boot.interview}`, EMPTY, (stored) => {
  const { title = "", text = "", mentions = [] } = stored as Partial<Record<keyof TicketDraft, unknown>>;
  return { title: String(title), text: String(text), mentions: (mentions as unknown[]).filter(isWanted) };
});

/** What is written of changes to tickets, by ticket. */
const changes = keptDraft<Record<string, string>>(`pairsight.changes/${boot.interview}`, {}, (stored) => {
  const texts = Object.entries(stored as Record<string, unknown>);
  return Object.fromEntries(texts.map(([ticket, text]) => [ticket, String(text)]));
});

/** Take a ticket out of the form where it is still what was sent. */
export function ticketSent(title: string, text: string): void {
  if (draft.value.title.trim() === title && draft.value.text.trim() === text) draft.value = EMPTY;
}

/** Take what was asked for out of the form where it is still what was sent. */
export function changesSent(ticket: string, text: string): void {
  if ((changes.value[ticket] ?? "").trim() === text) changes.value = { ...changes.value, [ticket]: "" };
}

/** Put words into the form for changes, behind what is there, and go there. */
export function suggestChange(ticket: string, words: string): void {
  const text = changes.value[ticket] ?? "";
  changes.value = { ...changes.value, [ticket]: text ? `${text.trimEnd()}\n\n${words}` : words };
  requestAnimationFrame(() => document.getElementById(`changes-${ticket}`)?.focus());
}

export interface FormActs {
  open(title: string, text: string, mentions: Wanted[], model: string): Promise<Ack>;
  revise(ticket: string, text: string, comments: string[]): Promise<Ack>;
}

interface FormProps {
  acts: FormActs;
  sources: Sources;
  disabled: boolean;
  refused?: string | undefined;
  /** It was taken; `ticket` is empty where the answer does not name it. */
  onSent: (ticket: string) => void;
  onLeave: () => void;
}

/** Title and text of a new ticket. */
export function TicketForm({ acts, sources, disabled, refused, onSent, onLeave }: FormProps) {
  const sending = useSignal(false);
  const { title, text, mentions } = draft.value;
  const ready = title.trim() !== "" && text.trim() !== "" && !disabled && !refused && !sending.value;
  const send = async () => {
    if (!ready) return;
    sending.value = true;
    const [named, said] = [title.trim(), text.trim()];
    const ack = await acts.open(named, said, toSend(mentions, sources), model.value);
    sending.value = false;
    if (!ack.ok) return;
    ticketSent(named, said);
    onSent(typeof ack.ticket === "string" ? ack.ticket : "");
  };
  const onKey = (event: KeyboardEvent) => {
    if (matches(event, SEND)) void send();
    else if (event.key === "Escape") onLeave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form
      class="ticket-form"
      aria-label={t("Hand over a ticket")}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="field" for={TITLE_BOX}>
        {t("Title")}
        <input
          id={TITLE_BOX}
          class="input"
          data-focus
          maxLength={200}
          disabled={disabled}
          value={title}
          placeholder={t("Such as: the total is a minute too long")}
          onInput={(event) => {
            draft.value = { ...draft.value, title: event.currentTarget.value };
          }}
          onKeyDown={(event) => {
            // Enter alone goes on to the text: a ticket that is half written is not handed over.
            if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
              event.preventDefault();
              document.getElementById("ticket-text")?.focus();
            } else onKey(event);
          }}
        />
      </label>
      <div class="field">
        <span aria-hidden="true">{t("What is wanted, and how one sees that it is done")}</span>
        <Writing
          id="ticket-text"
          draft={draft.value}
          onDraft={(now) => {
            draft.value = { ...draft.value, ...now };
          }}
          sources={sources}
          label={t("What is wanted, and how one sees that it is done")}
          placeholder={t(
            "The assistant works on this alone. @ attaches a file, a selection, a failing test or terminal output.",
          )}
          disabled={disabled || refused !== undefined}
          hint="ticket-hint"
          rows={6}
          first={false}
          onKey={onKey}
        />
      </div>
      {refused && (
        <p class="notice-line" role="status">
          {refused}
        </p>
      )}
      <div class="ask-foot">
        <ModelChoice />
        <span class="muted ask-hint" id="ticket-hint">
          {t("%(send)s hands it over", { send: keyLabel(SEND) })}
        </span>
        <button type="button" class="button" onClick={onLeave}>
          {t("Later")}
        </button>
        <button type="submit" class="button button-primary" disabled={!ready} aria-keyshortcuts={ariaKey(SEND)}>
          {t("Hand over")}
        </button>
      </div>
    </form>
  );
}

interface ChangesProps {
  ticket: TicketView;
  state: State;
  acts: FormActs;
  disabled: boolean;
  onSent: () => void;
}

/** Words about what came back, which go with the comments into another round. */
export function ChangesForm({ ticket, state, acts, disabled, onSent }: ChangesProps) {
  const sending = useSignal(false);
  const text = changes.value[ticket.ticket] ?? "";
  const comments = unheeded(ticket, state);
  const again = ticket.status === "failed" ? t("Please try again.") : "";
  const ready = (text.trim() || again || comments.length > 0) && !disabled && !sending.value;
  const send = async () => {
    if (!ready) return;
    sending.value = true;
    const said = text.trim();
    const ack = await acts.revise(
      ticket.ticket,
      said || again,
      comments.map((one) => one.comment),
    );
    sending.value = false;
    if (!ack.ok) return;
    changesSent(ticket.ticket, said);
    onSent();
  };
  const label = ticket.status === "failed" ? t("What to try instead") : t("What should be different");
  return (
    <form
      class="ticket-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <label class="field" for={`changes-${ticket.ticket}`}>
        {label}
        <textarea
          id={`changes-${ticket.ticket}`}
          class="input"
          rows={3}
          maxLength={20000}
          disabled={disabled}
          placeholder={again}
          value={text}
          onInput={(event) => {
            changes.value = { ...changes.value, [ticket.ticket]: event.currentTarget.value };
          }}
          onKeyDown={(event) => {
            if (event.isComposing || !matches(event, SEND)) return;
            event.preventDefault();
            event.stopPropagation();
            void send();
          }}
        />
      </label>
      <div class="ask-foot">
        <span class="muted ask-hint">
          {comments.length
            ? tn("%(n)s comment goes with it", "%(n)s comments go with it", comments.length)
            : proposed(ticket, state) && t("Comments on lines go with it.")}
        </span>
        <button type="submit" class="button" disabled={!ready} aria-keyshortcuts={ariaKey(SEND)}>
          {again ? t("Try again") : t("Ask for changes")} <kbd class="kbd">{keyLabel(SEND)}</kbd>
        </button>
      </div>
    </form>
  );
}
