// The candidate's page for tickets: handing work over and looking at what comes back, from a phone beside the workspace.
// Owns that page and its beginning. Invariant: it takes over from no other page, and the server lets it do no more than that; nothing
// written on it is lost with the connection. Leaves out the parts themselves (panels/tickets.tsx) and the workspace.

import { effect, signal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { type Boot, boot, url } from "../core/boot.ts";
import { t, tn } from "../core/i18n.ts";
import type { Live } from "../core/live.ts";
import type { Store } from "../core/store.ts";
import { Brief } from "../panels/brief.tsx";
import { BudgetMeter, budgetUsed, usedUp } from "../panels/budget.tsx";
import type { Sources } from "../panels/mentions.ts";
import type { TicketActs } from "../panels/ticket.tsx";
import { looking, Tickets, tellOfTickets, ticketsTab, writeTicket } from "../panels/tickets.tsx";
import { Clock, PauseNotice } from "../ui/clock.tsx";
import type { Command } from "../ui/commands.ts";
import { Frame, frameCommands } from "../ui/frame.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { Acts } from "./acts.ts";
import { connect } from "./session.ts";

const tab = signal("tickets");
/** The frame's commands that mean something where there is one panel. */
const COMMON = /^(?:palette|theme-.*)$/;

export interface TicketsSession {
  store: Store;
  live: Live;
  acts: Acts;
}

export async function beginTickets(from: Boot): Promise<TicketsSession> {
  const { store, live } = await connect(from, false);
  document.addEventListener("visibilitychange", () => live.away(document.hidden));
  effect(() => {
    const { status } = store.at("course");
    if (status === "submitted" || status === "finished") location.assign(from.urls.debrief ?? "/");
  });
  tellOfTickets(store);
  live.start();
  return { store, live, acts: new Acts(live) };
}

export function TicketsPage({ session }: { session: TicketsSession }) {
  const { store, live, acts } = session;
  const { status } = store.at("course");
  const running = status === "running";
  const budget = budgetUsed(boot.header.settings, store.at("turns"));
  const handing = useMemo(() => ticketActs(acts), [acts]);
  const commands = useMemo(() => pageCommands(store), [store]);
  const from = useMemo(() => sources(store), [store]);
  return (
    <Frame
      commands={commands}
      places={[]}
      bar={
        <>
          <h1 class="topbar-title">{boot.header.exercise.title}</h1>
          <Connection live={live} />
          <Clock store={store} now={() => live.now()} />
        </>
      }
      notices={<PauseNotice store={store} />}
    >
      <main class="tickets-page">
        <div class="panel-head panel-tabs">
          <Tabs
            label={t("Tickets")}
            selected={tab.value}
            onSelect={(id) => {
              tab.value = id;
            }}
            items={[ticketsTab(store.at("tickets", "suggestions")), { id: "brief", label: t("Brief") }]}
          />
          <BudgetMeter used={budget} />
          <a class="tickets-work" href={url("work")} title={t("Work on there; where it is open now, it closes.")}>
            {t("Workspace")}
          </a>
        </div>
        <div class="panel-body" hidden={tab.value !== "tickets"}>
          {!running && (
            <p class="notice-line tickets-stands" role="status">
              {t("The work stands still. It goes on in the workspace.")}
            </p>
          )}
          <Tickets
            store={store}
            acts={handing}
            sources={from}
            disabled={!running}
            refused={usedUp(budget)}
            now={() => live.now()}
          />
        </div>
        <div class="panel-body" hidden={tab.value !== "brief"}>
          <Brief />
        </div>
      </main>
    </Frame>
  );
}

/** "Saved" means committed; anything else says where it is. */
function Connection({ live }: { live: Live }) {
  const waiting = live.waiting.value;
  const online = live.connection.value === "online";
  let [sign, words] = ["●", t("Saved")];
  if (live.fault.value) [sign, words] = ["▲", live.fault.value];
  else if (!online && waiting) {
    sign = "◌";
    words = tn(
      "Reconnecting; %(n)s change kept on this computer",
      "Reconnecting; %(n)s changes kept on this computer",
      waiting,
    );
  } else if (!online) {
    const connecting = live.connection.value === "connecting";
    [sign, words] = ["◌", connecting ? t("Connecting…") : t("Reconnecting; everything is saved")];
  } else if (waiting) [sign, words] = ["○", t("%(n)s unsaved", { n: waiting })];
  return (
    <span class={`save-state${sign === "▲" ? " save-state-trouble" : ""}`} role="status" title={words}>
      <span aria-hidden="true">{sign}</span> <span class="save-words">{words}</span>
    </span>
  );
}

function ticketActs(acts: Acts): TicketActs {
  return {
    open: acts.openTicket.bind(acts),
    revise: acts.reviseTicket.bind(acts),
    close: acts.closeTicket.bind(acts),
    stop: acts.stopTicket.bind(acts),
    comment: acts.comment.bind(acts),
    decide: acts.decide.bind(acts),
    decideAll: acts.decideAll.bind(acts),
    refresh: acts.refresh.bind(acts),
    // A ticket asks by itself: this is for proposals of the conversation, and there is none here.
    askAgain: () => {},
  };
}

/** What can be attached here: there is no editor and no terminal to select in. */
function sources(store: Store): Sources {
  return {
    state: store.now,
    textOf: (path) => store.now.files[path]?.text ?? null,
    selection: () => null,
    terminal: () => null,
  };
}

function pageCommands(store: Store): Command[] {
  const name = t("Tickets");
  return [
    {
      id: "new-ticket",
      label: t("Hand over a ticket"),
      keys: ["Mod+Alt+O"],
      run: () => {
        tab.value = "tickets";
        writeTicket();
      },
      enabled: () => store.now.status === "running",
    },
    {
      id: "tickets",
      label: t("Go to: %(panel)s", { panel: name }),
      run: () => {
        tab.value = "tickets";
        looking.value = "";
      },
    },
    {
      id: "brief",
      label: t("Read the brief"),
      run: () => {
        tab.value = "brief";
      },
    },
    ...frameCommands({ left: name, editor: name, bottom: name, right: name }).filter(({ id }) => COMMON.test(id)),
  ];
}
