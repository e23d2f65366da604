// A proposal of the assistant.
// Owns its hunks as a whole: how many are decided, deciding them all at once, and which one has the focus next. Invariant: after a
// decision the focus is on the next open hunk; what did not fit stays open and is said. Leaves out the single hunk (hunk.tsx) and
// committing (`acts`).

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Decision, Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { SuggestionView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { ariaKey, type Command, keyLabel, matches } from "../ui/commands.ts";
import { say } from "../ui/toasts.tsx";
import { type HunkActs, HunkView } from "./hunk.tsx";
import { superseded } from "./rounds.ts";

export interface ProposalActs extends HunkActs {
  /** The acknowledgement's `stale` names the hunks that stay open. */
  decideAll(suggestion: string, decision: Decision): Promise<Ack>;
}

interface Props {
  view: SuggestionView;
  store: Store;
  acts?: ProposalActs | undefined;
  onView: (path: string, line: number, lines: number) => void;
  /** Whether its changes are drawn where they are far out of sight too. */
  whole: boolean;
}

/** So far around what is in sight is drawn too. */
const NEAR = "800px";
export const ACCEPT_ALL = "Mod+Shift+Enter";
export const REJECT_ALL = "Mod+Shift+Backspace";

export function Proposal({ view, store, acts, onView, whole }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const near = useNear(host);
  const busy = useSignal(false);
  const problem = useSignal("");
  const decisions = store.at("suggestions").suggestions[view.suggestion]?.decisions ?? view.decisions;
  const open = view.hunks.filter((hunk) => !decisions[hunk.hunk]);
  const accepted = view.hunks.filter((hunk) => decisions[hunk.hunk] === "accepted").length;
  const all = async (decision: Decision) => {
    if (!acts || busy.value || open.length === 0) return;
    busy.value = true;
    problem.value = "";
    const ack = await acts.decideAll(view.suggestion, decision);
    busy.value = false;
    problem.value = trouble(ack);
    if (!ack.ok) return;
    // The buttons go away: who used them by keys stays where the hunks are.
    const first = view.hunks.findIndex((hunk) => staleIn(ack).includes(hunk.hunk));
    host.current?.querySelectorAll<HTMLElement>(".hunk")[Math.max(0, first)]?.focus();
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || (event.target as Element).closest(".hunk-editor")) return;
    const wanted = matches(event, ACCEPT_ALL) ? "accepted" : matches(event, REJECT_ALL) ? "rejected" : null;
    if (!wanted) return;
    event.preventDefault();
    event.stopPropagation();
    void all(wanted);
  };
  const focusNext = (after: number) => {
    const rest = [...view.hunks.keys()].filter((at) => at !== after && !decisions[view.hunks[at]?.hunk ?? ""]);
    const next = rest.find((at) => at > after) ?? rest[0];
    if (next !== undefined) host.current?.querySelectorAll<HTMLElement>(".hunk")[next]?.focus();
  };
  const paths = [...new Set(view.hunks.map((hunk) => hunk.path))];
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons below, for whoever is at a hunk
    <div
      class="proposal"
      ref={host}
      id={`proposal-${view.suggestion}`}
      data-suggestion={view.suggestion}
      onKeyDown={onKey}
    >
      <div class="proposal-head">
        <span class="who who-assistant" aria-hidden="true">
          ▣
        </span>
        <div class="proposal-title">
          <strong>{view.title || t("Proposal")}</strong>
          <span class="muted">
            {tn("%(n)s change", "%(n)s changes", view.hunks.length)} · {paths.join(", ")}
          </span>
        </div>
        <span class="proposal-state">
          {open.length === 0
            ? t("%(accepted)s of %(all)s accepted", { accepted, all: view.hunks.length })
            : t("%(done)s of %(all)s decided", { done: view.hunks.length - open.length, all: view.hunks.length })}
        </span>
      </div>
      {whole || near ? (
        view.hunks.map((hunk, index) => (
          <HunkView
            key={hunk.hunk}
            hunk={hunk}
            number={index + 1}
            view={view}
            decision={decisions[hunk.hunk]}
            store={store}
            acts={acts}
            onView={onView}
            onDecided={() => focusNext(index)}
          />
        ))
      ) : (
        <div style={{ height: `${heightOf(view.hunks)}px` }} />
      )}
      {problem.value && (
        <p class="hunk-problem" role="alert">
          {problem.value}
        </p>
      )}
      {acts && open.length > 1 && (
        <div class="proposal-all">
          <button
            type="button"
            class="button"
            disabled={busy.value}
            aria-keyshortcuts={ariaKey(ACCEPT_ALL)}
            onClick={() => void all("accepted")}
          >
            {t("Accept all %(n)s", { n: open.length })} <kbd class="kbd">{keyLabel(ACCEPT_ALL)}</kbd>
          </button>
          <button
            type="button"
            class="button"
            disabled={busy.value}
            aria-keyshortcuts={ariaKey(REJECT_ALL)}
            onClick={() => void all("rejected")}
          >
            {t("Reject all %(n)s", { n: open.length })} <kbd class="kbd">{keyLabel(REJECT_ALL)}</kbd>
          </button>
        </div>
      )}
    </div>
  );
}

/** Whether the element has been in sight or close to it. */
function useNear(host: { current: Element | null }): boolean {
  const near = useSignal(false);
  useEffect(() => {
    if (!host.current) return;
    const watcher = new IntersectionObserver(
      (seen) => {
        if (!seen.some((entry) => entry.isIntersecting)) return;
        near.value = true;
        watcher.disconnect();
      },
      { root: host.current.closest(".conversation"), rootMargin: NEAR },
    );
    watcher.observe(host.current);
    return () => watcher.disconnect();
  }, []);
  return near.value;
}

/** About as high as these changes will be, in px. */
function heightOf(hunks: readonly Hunk[]): number {
  const lines = (text: string) => text.split("\n").length;
  return hunks.reduce((sum, { before, after }) => sum + 80 + 18 * (lines(before) + lines(after)), 0);
}

/** The hunks that stayed open, for they no longer fit. */
export function staleIn(ack: Ack): unknown[] {
  return ack.ok && Array.isArray(ack.stale) ? ack.stale : [];
}

/** What is to be said of deciding about all; empty where all went well. */
export function trouble(ack: Ack): string {
  if (!ack.ok) return ack.error;
  const left = staleIn(ack).length;
  if (!left) return "";
  return tn(
    "%(n)s change no longer fits the text and is still open.",
    "%(n)s changes no longer fit the text and are still open.",
    left,
  );
}

/** The proposal that has the focus, else the newest with changes nobody has decided about. */
function pointed(store: Store): SuggestionView | undefined {
  const name = document.activeElement?.closest<HTMLElement>("[data-suggestion]")?.dataset.suggestion;
  const views = Object.values(store.now.suggestions);
  const gone = superseded(store.now);
  const open = views.filter(
    (view) => !gone.has(view.suggestion) && view.hunks.some((hunk) => !view.decisions[hunk.hunk]),
  );
  return open.find((view) => view.suggestion === name) ?? open.sort((a, b) => a.seq - b.seq).at(-1);
}

/** Deciding about a whole proposal, and going there, as commands. */
export function proposalCommands(store: Store, acts: Pick<ProposalActs, "decideAll">): Command[] {
  const enabled = () => store.now.status === "running" && pointed(store) !== undefined;
  const all = (decision: Decision) => {
    const view = pointed(store);
    if (view) void acts.decideAll(view.suggestion, decision).then((ack) => trouble(ack) && say(trouble(ack), !ack.ok));
  };
  return [
    {
      id: "next-change",
      label: t("Go to the next change proposed"),
      run: () => {
        const view = pointed(store);
        const next = view?.hunks.find((hunk) => !view.decisions[hunk.hunk]);
        const found = [...document.querySelectorAll<HTMLElement>(".hunk")].find(
          (element) => element.dataset.hunk === next?.hunk,
        );
        found?.focus();
        found?.scrollIntoView({ block: "nearest" });
      },
      enabled,
    },
    { id: "accept-all", label: t("Accept all changes of the proposal"), run: () => all("accepted"), enabled },
    { id: "reject-all", label: t("Reject all changes of the proposal"), run: () => all("rejected"), enabled },
  ];
}
