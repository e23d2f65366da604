// One ticket: what was asked, how the work goes, what came back.
// Owns its rounds, the newest open and the earlier ones to be read. Invariant: drawn from the state alone; when what has the focus goes
// away, the ticket's heading has it. Leaves out the list (tickets.tsx), hunks (change.tsx) and forms (ticketform.tsx).

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { t, tn } from "../core/i18n.ts";
import type { ReturnView, SuggestionView, TicketView, TurnView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Icon } from "../ui/icons.tsx";
import { Markdown } from "../ui/markdown.tsx";
import { Reply, Spent } from "./assistant.tsx";
import { broughtBy, Chips } from "./attach.tsx";
import { type ChangeActs, Checks, Hunks } from "./change.tsx";
import { elapsed, openIn, proposed, standing, stepOf } from "./rounds.ts";
import { useSeconds } from "./steps.tsx";
import { ChangesForm, type FormActs, suggestChange } from "./ticketform.tsx";

export interface TicketActs extends FormActs, ChangeActs {
  close(ticket: string): unknown;
  stop(ticket: string): unknown;
}

interface Props {
  ticket: TicketView;
  store: Store;
  acts: TicketActs | undefined;
  /** Whether anything may be done now. */
  disabled: boolean;
  /** The time now, Unix ms. */
  now: () => number;
  onView: ((path: string, line: number, lines: number) => void) | undefined;
  onBack: () => void;
}

export function Ticket({ ticket, store, acts, disabled, now, onView, onBack }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const state = store.at("tickets", "turns", "suggestions");
  const home = () => heading.current?.focus();
  // What had the focus may have gone with the old state: a Stop button, a form.
  useEffect(() => {
    if (acts && document.activeElement === document.body) home();
  }, [ticket.status]);
  const change = proposed(ticket, state);
  const working = ticket.status === "working";
  const rounds = ticket.rounds;
  const last = rounds.length - 1;
  const may = disabled ? undefined : acts;
  const onKey = (event: KeyboardEvent) => {
    const within = event.target instanceof Element && event.target.closest("input, textarea, .hunk-editor");
    if (event.key !== "Escape" || event.defaultPrevented || within) return;
    event.preventDefault();
    onBack();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape does what the button in it does
    <div class="ticket" onKeyDown={onKey}>
      <div class="ticket-head">
        <button type="button" class="text-button" onClick={onBack}>
          <span aria-hidden="true">←</span> {t("All tickets")}
        </button>
        <span class="ticket-state" role="status">
          <Sign ticket={ticket} /> {standing(ticket, state)}
        </span>
      </div>
      <h3 class="ticket-title" ref={heading} tabIndex={-1} data-focus>
        {ticket.title}
      </h3>
      {rounds.map((round, index) => (
        <Round
          key={round.turn}
          round={round}
          number={index + 1}
          newest={index === last}
          ticket={ticket}
          store={store}
          onView={onView}
          own={acts !== undefined}
        />
      ))}
      {working && <Working ticket={ticket} now={now} onStop={may && (() => may.stop(ticket.ticket))} />}
      {ticket.status === "failed" && (
        <p class="notice-line" role={acts ? "alert" : undefined}>
          {rounds[last]?.error || t("The assistant failed.")}
        </p>
      )}
      {ticket.answer && <Answer came={ticket.answer} stands={ticket.change !== null} />}
      {ticket.change && !(working && !change) && (
        <Change
          key={ticket.change.turn}
          ticket={ticket}
          came={ticket.change}
          view={change}
          store={store}
          acts={may}
          onView={onView}
        />
      )}
      {acts && !working && ticket.status !== "closed" && (
        <>
          <ChangesForm ticket={ticket} state={state} acts={acts} disabled={disabled} onSent={home} />
          <Close ticket={ticket} open={openIn(change)} disabled={disabled} onClose={() => acts.close(ticket.ticket)} />
        </>
      )}
    </div>
  );
}

/** The sign beside the words. */
export function Sign({ ticket }: { ticket: TicketView }) {
  if (ticket.status === "working") return <span class="busy" aria-hidden="true" />;
  const sign = { returned: "▣", failed: "!", closed: "□" }[ticket.status];
  return (
    <span class={ticket.status === "returned" ? "who who-assistant" : "who"} aria-hidden="true">
      {sign}
    </span>
  );
}

function Working({ ticket, now, onStop }: { ticket: TicketView; now: () => number; onStop: (() => void) | undefined }) {
  useSeconds();
  return (
    <p class="ticket-working">
      <span class="busy" aria-hidden="true" />
      <span class="ticket-step">{stepOf(ticket)}</span>
      <span class="muted ticket-time">{elapsed(now() - ticket.begun_ms)}</span>
      {onStop && (
        <button type="button" class="button button-small" onClick={onStop}>
          <Icon name="stop" /> {t("Stop")}
        </button>
      )}
    </p>
  );
}

interface RoundProps {
  round: TurnView;
  number: number;
  newest: boolean;
  ticket: TicketView;
  store: Store;
  onView: ((path: string, line: number, lines: number) => void) | undefined;
  own: boolean;
}

function Round({ round, number, newest, ticket, store, onView, own }: RoundProps) {
  const state = store.now;
  const steps = tn("%(n)s step", "%(n)s steps", round.tools.length);
  const under = newest && ticket.status === "working";
  const view = (path: string, line: number, lines: number) => onView?.(path, line, lines);
  const earlier = round.suggestions.flatMap((name) => {
    const one = state.suggestions[name];
    return one && name !== ticket.change?.suggestion ? [one] : [];
  });
  const heeded = state.comments.filter((one) => round.comments.includes(one.comment));
  const asked = (
    <div class="said said-candidate">
      <p class="said-who">
        <span class="who who-candidate" aria-hidden="true">
          ●
        </span>{" "}
        {own ? t("You") : t("Candidate")}
      </p>
      {round.prompt && <p class="said-prompt">{round.prompt}</p>}
      {heeded.length > 0 && (
        <ul class="round-comments" aria-label={t("Comments")}>
          {heeded.map((one) => (
            <li key={one.comment}>{one.text}</li>
          ))}
        </ul>
      )}
      <Chips label={t("Attached")} chips={broughtBy(round, state)} onView={onView && view} />
    </div>
  );
  const work = (
    <div class="said said-assistant">
      <Reply turn={{ ...round }} counts={own} />
      {round.stop_reason === "stopped" && <p class="notice-line">{t("Stopped here, before its end.")}</p>}
      {round.miss && (
        <p class="notice-line">
          {t("We had no answer prepared for this prompt. It counts neither for nor against you.")}
        </p>
      )}
      <Spent turn={round} folded={own} />
    </div>
  );
  if (!newest) {
    return (
      <details class="round">
        <summary>
          <strong>{t("Round %(number)s", { number })}</strong> <span class="muted">{steps}</span>
        </summary>
        {asked}
        {work}
        {earlier.map((one) => (
          <Earlier key={one.suggestion} view={one} store={store} onView={onView} />
        ))}
      </details>
    );
  }
  return (
    <section class="round" aria-label={t("Round %(number)s", { number })}>
      {asked}
      {under ? (
        work
      ) : (
        <details class="round-work">
          <summary>{t("How it went: %(steps)s", { steps })}</summary>
          {work}
        </details>
      )}
    </section>
  );
}

/** What an earlier round had proposed. */
function Earlier({ view, store, onView }: { view: SuggestionView; store: Store; onView: RoundProps["onView"] }) {
  return (
    <>
      <p class="notice-line">{t("A later round took the place of these changes; they can be read, not decided.")}</p>
      <Hunks view={view} store={store} acts={undefined} onView={onView} over={t("Replaced by a later round")} />
    </>
  );
}

/** What a round brought back that changed nothing; whether a change of one before `stands`. */
function Answer({ came, stands }: { came: ReturnView; stands: boolean }) {
  return (
    <section class="change" aria-label={t("Answer")}>
      <Said came={came}>
        <p class="notice-line">
          {stands ? t("Nothing was changed; what came back before is below.") : t("Nothing was changed.")}
        </p>
      </Said>
    </section>
  );
}

function Said({ came, children }: { came: ReturnView; children?: ComponentChildren }) {
  return (
    <div class="change-head">
      <h4 class="change-title">
        <span class="who who-assistant" aria-hidden="true">
          ▣
        </span>{" "}
        {came.title}
      </h4>
      {came.description && <Markdown text={came.description} settled={true} />}
      <Checks checks={came.checks} />
      {children}
    </div>
  );
}

interface ChangeProps {
  ticket: TicketView;
  came: ReturnView;
  view: SuggestionView | null;
  store: Store;
  acts: TicketActs | undefined;
  onView: ((path: string, line: number, lines: number) => void) | undefined;
}

function Change({ ticket, came, view, store, acts, onView }: ChangeProps) {
  const over =
    ticket.status === "closed"
      ? t("The ticket is closed")
      : ticket.status === "working"
        ? t("Being worked on again")
        : undefined;
  // A hunk that no longer fits is a matter of this ticket, not of the conversation.
  const here = acts && {
    ...acts,
    askAgain: (hunk: { path: string; line: number }) =>
      suggestChange(
        ticket.ticket,
        t(
          "%(path)s has changed around line %(line)s since. Please make your change there again for the file as it is now.",
          {
            path: hunk.path,
            line: hunk.line,
          },
        ),
      ),
  };
  return (
    <section class="change" aria-label={t("Change request")}>
      <Said came={came} />
      {view && <Hunks view={view} store={store} acts={here} onView={onView} over={over} />}
    </section>
  );
}

interface CloseProps {
  ticket: TicketView;
  open: number;
  disabled: boolean;
  onClose: () => void;
}

/** Closing leaves out what is not decided: that is asked before. */
function Close({ ticket, open, disabled, onClose }: CloseProps) {
  const asking = useSignal(false);
  const asked = useRef(false);
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    // The button that was pressed is gone: the one in its place has the focus.
    if (asked.current) button.current?.focus();
    asked.current = true;
  }, [asking.value]);
  if (!asking.value) {
    return (
      <div class="ticket-close">
        <button
          ref={button}
          type="button"
          class="text-button"
          disabled={disabled}
          onClick={() => {
            if (open) asking.value = true;
            else onClose();
          }}
        >
          {t("Close the ticket")}
        </button>
      </div>
    );
  }
  return (
    <div class="ticket-close">
      <span>
        {tn(
          "“%(title)s”: %(n)s change is not decided and is left out.",
          "“%(title)s”: %(n)s changes are not decided and are left out.",
          open,
          { title: ticket.title },
        )}
      </span>
      <button ref={button} type="button" class="button button-small" disabled={disabled} onClick={onClose}>
        {t("Close it")}
      </button>
      <button
        type="button"
        class="button button-small"
        onClick={() => {
          asking.value = false;
        }}
      >
        {t("Keep it open")}
      </button>
    </div>
  );
}
