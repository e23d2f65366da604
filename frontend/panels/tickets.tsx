// Work handed over: the list of tickets, and which one is looked at.
// Owns the list, the empty state and telling that one came back. Invariant: drawn from the state alone, so it is the same live, in the
// replay and on the page for phones; whoever works elsewhere is told once and not interrupted. Leaves out a ticket (ticket.tsx),
// its forms (ticketform.tsx) and committing (`acts`).

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { as } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { State, TicketView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Icon } from "../ui/icons.tsx";
import type { Tab } from "../ui/tabs.tsx";
import { say } from "../ui/toasts.tsx";
import type { Sources } from "./mentions.ts";
import { elapsed, standing, stepOf, waits } from "./rounds.ts";
import { useSeconds } from "./steps.tsx";
import { Sign, Ticket, type TicketActs } from "./ticket.tsx";
import { TicketForm, TITLE_BOX } from "./ticketform.tsx";

/** The ticket that is looked at by its id, "new" for the form, "" for the list. */
export const looking = signal("");

/** Go to the form. */
export function writeTicket(): void {
  looking.value = "new";
  requestAnimationFrame(() => document.getElementById(TITLE_BOX)?.focus());
}

/** The tab's label, and a mark while something that came back waits. */
export function ticketsTab(state: State): Tab {
  const all = Object.values(state.tickets);
  const back = all.filter((ticket) => waits(ticket, state)).length;
  return {
    id: "tickets",
    label: all.length ? t("Tickets %(n)s", { n: all.length }) : t("Tickets"),
    ...(back ? { mark: tn("%(n)s came back", "%(n)s came back", back) } : {}),
  };
}

/** Say when a ticket comes back or fails, for as long as the page lives; not of the one that is seen: it says so itself. */
export function tellOfTickets(store: Store): void {
  const told = new Map<string, () => void>();
  // What is looked at need not be told any longer.
  looking.subscribe((name) => told.get(name)?.());
  store.listen({
    event: (event) => {
      const returned = as(event, "ticket.returned");
      const failed = as(event, "reply.failed");
      const tickets = Object.values(store.now.tickets);
      const ticket =
        store.now.tickets[returned?.ticket ?? ""] ??
        tickets.find((one) => failed && one.rounds.some((round) => round.turn === failed.turn));
      const seen =
        ticket?.ticket === looking.peek() && (document.querySelector(".ticket")?.getClientRects().length ?? 0) > 0;
      if (!ticket || seen) return;
      const { title } = ticket;
      const words = returned ? t("Came back: %(title)s", { title }) : t("Could not be done: %(title)s", { title });
      told.set(ticket.ticket, say(words));
    },
  });
}

interface Props {
  store: Store;
  /** Without them it is only read. */
  acts?: TicketActs | undefined;
  sources?: Sources | undefined;
  /** Whether anything may be done now. */
  disabled: boolean;
  /** Why nothing more can be asked, where that is so. */
  refused?: string | undefined;
  /** The time now, Unix ms. */
  now: () => number;
  onView?: ((path: string, line: number, lines: number) => void) | undefined;
  /** The turn that a replay points at. */
  pointed?: string | undefined;
}

export function Tickets({ store, acts, sources, disabled, refused, now, onView, pointed }: Props) {
  const host = useRef<HTMLElement>(null);
  const state = store.at("tickets", "turns", "suggestions");
  const tickets = Object.values(state.tickets).sort((a, b) => b.seq - a.seq);
  const of = tickets.find((ticket) => ticket.rounds.some((round) => round.turn === pointed))?.ticket;
  useEffect(() => {
    if (of) looking.value = of;
  }, [of, pointed]);
  const shown = looking.value;
  const ticket = state.tickets[shown];
  const open = (name: string) => {
    looking.value = name;
    requestAnimationFrame(() => host.current?.querySelector<HTMLElement>(".ticket-title")?.focus());
  };
  const toList = (from: string) => {
    looking.value = "";
    requestAnimationFrame(() => {
      const there = [...(host.current?.querySelectorAll<HTMLElement>("[data-ticket]") ?? [])];
      (there.find((row) => row.dataset.ticket === from) ?? host.current?.querySelector<HTMLElement>("button"))?.focus();
    });
  };
  let body = null;
  if (ticket) {
    body = (
      <Ticket
        key={ticket.ticket}
        ticket={{ ...ticket }}
        store={store}
        acts={acts}
        disabled={disabled}
        now={now}
        onView={onView}
        onBack={() => toList(ticket.ticket)}
      />
    );
  } else if (shown === "new" && acts && sources) {
    body = (
      <TicketForm
        acts={acts}
        sources={{ ...sources, state: store.at("files", "runs", "terminals") }}
        disabled={disabled}
        refused={refused}
        onSent={(opened) => toList(opened)}
        onLeave={() => toList("")}
      />
    );
  } else {
    body = (
      <List
        tickets={tickets}
        state={state}
        now={now}
        onOpen={open}
        onNew={acts && !disabled ? writeTicket : undefined}
      />
    );
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
    <section class="tickets" ref={host} tabIndex={0} aria-label={t("Tickets")}>
      {body}
    </section>
  );
}

interface ListProps {
  tickets: readonly TicketView[];
  state: State;
  now: () => number;
  onOpen: (ticket: string) => void;
  onNew: (() => void) | undefined;
}

function List({ tickets, state, now, onOpen, onNew }: ListProps) {
  const words = (
    <p>
      {t(
        "Hand a piece of work over: the assistant does it by itself on a copy, and it comes back as a change that you review.",
      )}
    </p>
  );
  const button = onNew && (
    <button type="button" class="button" data-focus onClick={onNew}>
      <Icon name="plus" /> {t("Hand over a ticket")}
    </button>
  );
  if (!tickets.length) {
    return (
      <div class="empty">
        {onNew ? words : <p>{t("No ticket has been handed over.")}</p>}
        {button}
      </div>
    );
  }
  return (
    <>
      {button && <div class="tickets-head">{button}</div>}
      <ul class="tickets-list">
        {tickets.map((ticket) => (
          <li key={ticket.ticket}>
            <button type="button" class="ticket-row" data-ticket={ticket.ticket} onClick={() => onOpen(ticket.ticket)}>
              <span class="ticket-row-title">{ticket.title}</span>
              <span class="ticket-row-state">
                <Sign ticket={ticket} /> <Standing ticket={ticket} state={state} now={now} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Standing({ ticket, state, now }: { ticket: TicketView; state: State; now: () => number }) {
  if (ticket.status === "working") return <Under ticket={ticket} state={state} now={now} />;
  const why = ticket.status === "failed" ? ticket.rounds[ticket.rounds.length - 1]?.error : "";
  return <span class="ticket-step">{why ? `${standing(ticket, state)}: ${why}` : standing(ticket, state)}</span>;
}

function Under({ ticket, state, now }: { ticket: TicketView; state: State; now: () => number }) {
  useSeconds();
  return (
    <>
      <span class="ticket-step">
        {standing(ticket, state)} – {stepOf(ticket)}
      </span>
      <span class="ticket-time">{elapsed(now() - ticket.begun_ms)}</span>
    </>
  );
}
