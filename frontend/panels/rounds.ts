// How a ticket stands, in words and in what is left to decide.
// Owns what follows from a ticket's rounds. Invariant: pure; drawn alike live and in a replay. Leaves out drawing (tickets.tsx, ticket.tsx).

import { t, tn } from "../core/i18n.ts";
import type { CommentView, State, SuggestionView, TicketView } from "../core/state.ts";
import { inWords } from "./steps.tsx";

/** The proposals that a later round took the place of, and those of closed tickets: nothing is decided about them any more. */
export function superseded(state: State): Set<string> {
  const gone = new Set<string>();
  for (const ticket of Object.values(state.tickets)) {
    for (const round of ticket.rounds) {
      for (const name of round.suggestions) {
        if (ticket.status === "closed" || name !== ticket.change?.suggestion) gone.add(name);
      }
    }
  }
  return gone;
}

/** How many hunks of all proposals can still be decided about. */
export function undecided(state: State): number {
  const gone = superseded(state);
  return Object.values(state.suggestions)
    .filter((view) => !gone.has(view.suggestion))
    .reduce((sum, view) => sum + openIn(view), 0);
}

/** The hunks of the newest change request, null where there is none. */
export function proposed(ticket: TicketView, state: State): SuggestionView | null {
  return state.suggestions[ticket.change?.suggestion ?? ""] ?? null;
}

/** How many of its changes nobody has decided about. */
export function openIn(view: SuggestionView | null): number {
  return view ? view.hunks.filter((hunk) => !view.decisions[hunk.hunk]).length : 0;
}

/** Whether it came back and something is left to read or decide. */
export function waits(ticket: TicketView, state: State): boolean {
  const view = proposed(ticket, state);
  return ticket.status === "returned" && (view === null || ticket.answer !== null || openIn(view) > 0);
}

/** The comments that no round has been asked to heed: those on the newest change request. */
export function unheeded(ticket: TicketView, state: State): CommentView[] {
  const name = ticket.change?.suggestion;
  const heeded = new Set(ticket.rounds.flatMap((round) => round.comments));
  return name ? state.comments.filter((one) => one.suggestion === name && !heeded.has(one.comment)) : [];
}

/** "12 s", "3 min 5 s". */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return t("%(seconds)s s", { seconds });
  return t("%(minutes)s min %(seconds)s s", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
}

/** What the assistant is at just now. */
export function stepOf(ticket: TicketView): string {
  const round = ticket.rounds[ticket.rounds.length - 1];
  const step = round?.tools[round.tools.length - 1];
  if (round?.delayed) return round.delayed;
  if (!step) return round?.status === "waiting" ? t("reading the ticket") : t("thinking");
  const { doing, done, what } = inWords(step);
  return `${step.ok === null ? doing : done} ${what.slice(0, 80)}`.trim();
}

/** How it stands, in words; without what it is at. */
export function standing(ticket: TicketView, state: State): string {
  switch (ticket.status) {
    case "working":
      return t("Working");
    case "failed":
      return t("Failed");
    case "closed":
      return t("Closed");
    case "returned": {
      const view = proposed(ticket, state);
      const open = openIn(view);
      if (open) return tn("Came back: %(n)s change to decide", "Came back: %(n)s changes to decide", open);
      if (!view || ticket.answer) return t("Came back without a change");
      const merged = view.hunks.filter((hunk) => view.decisions[hunk.hunk] === "accepted").length;
      return t("Decided: %(merged)s of %(all)s merged", { merged, all: view.hunks.length });
    }
  }
}
