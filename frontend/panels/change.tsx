// A change request: what came back of a ticket.
// Owns its description, its checks and its hunks by file, with deciding one, a file's, or all. Invariant: after a decision the focus is
// on the next open hunk; what did not fit stays open and is said; what a later round took the place of can be read and not decided.
// Leaves out the single hunk (hunk.tsx), rounds (ticket.tsx) and committing (`acts`).

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Check, Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { SuggestionView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
import { HunkView } from "./hunk.tsx";
import { ACCEPT_ALL, type ProposalActs, REJECT_ALL, staleIn, trouble } from "./proposal.tsx";
import { plain } from "./mentions.ts";

export interface ChangeActs extends ProposalActs {
  /** `line` counts in what the hunk puts there; 0 is the whole hunk. */
  comment(suggestion: string, hunk: string, line: number, text: string): Promise<Ack>;
}

export function Checks({ checks }: { checks: readonly Check[] }) {
  if (!checks.length) return null;
  return (
    <ul class="checks" aria-label={t("Checks")}>
      {checks.map((check, index) => {
        const head = (
          <>
            <span class={check.ok ? "change-check-pass" : "change-check-fail"} aria-hidden="true">
              {check.ok ? "✓" : "✗"}
            </span>
            <span class="change-check-name">{check.name}</span>
            <span class="change-check-word">{check.ok ? t("passed") : t("failed")}</span>
          </>
        );
        const output = plain(check.output).trim();
        return (
          <li key={index} class="change-check">
            {output ? (
              <details>
                <summary>{head}</summary>
                {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys */}
                <pre tabIndex={0}>{output}</pre>
              </details>
            ) : (
              <span class="change-check-flat">{head}</span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

interface Props {
  view: SuggestionView;
  store: Store;
  acts: ChangeActs | undefined;
  onView: ((path: string, line: number, lines: number) => void) | undefined;
  /** Why nothing can be decided about it any more. */
  over?: string | undefined;
}

export function Hunks({ view, store, acts, onView, over }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const busy = useSignal(false);
  const problem = useSignal("");
  const now = store.at("suggestions", "tickets");
  const decisions = now.suggestions[view.suggestion]?.decisions ?? view.decisions;
  const comments = now.comments.filter((one) => one.suggestion === view.suggestion);
  const isOpen = (hunk: Hunk) => !decisions[hunk.hunk];
  const open = view.hunks.filter(isOpen);
  const may = acts && !over ? acts : undefined;
  const paths = [...new Set(view.hunks.map((hunk) => hunk.path))];
  // As they are drawn: by file, the files in the order they came in.
  const drawn = paths.flatMap((path) => view.hunks.filter((hunk) => hunk.path === path));
  const focus = (hunk: Hunk | undefined) =>
    host.current?.querySelectorAll<HTMLElement>(".hunk")[hunk ? drawn.indexOf(hunk) : -1]?.focus();
  const work = async (act: () => Promise<string>) => {
    if (busy.value) return;
    busy.value = true;
    problem.value = "";
    problem.value = await act();
    busy.value = false;
  };
  const all = (decision: "accepted" | "rejected") =>
    work(async () => {
      if (!may || !open.length) return "";
      const ack = await may.decideAll(view.suggestion, decision);
      // The buttons go away: who used them by keys stays where the hunks are.
      if (ack.ok) focus(drawn.find((hunk) => staleIn(ack).includes(hunk.hunk)) ?? drawn[0]);
      return trouble(ack);
    });
  const file = (path: string) =>
    work(async () => {
      const mine = open.filter((hunk) => hunk.path === path);
      const told: string[] = [];
      for (const hunk of mine) {
        const ack = await may?.decide(view.suggestion, hunk.hunk, "accepted", "");
        if (ack && !ack.ok) told.push(ack.error);
      }
      const later = drawn.slice(drawn.findIndex((hunk) => hunk.path === path) + 1);
      focus(later.find((hunk) => !mine.includes(hunk) && isOpen(hunk)) ?? mine[0]);
      return [...new Set(told)].join(" ");
    });
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || (event.target as Element).closest(".hunk-editor, textarea")) return;
    const wanted = matches(event, ACCEPT_ALL) ? "accepted" : matches(event, REJECT_ALL) ? "rejected" : null;
    if (!wanted || !may) return;
    event.preventDefault();
    event.stopPropagation();
    void all(wanted);
  };
  const next = (after: Hunk) => {
    const rest = drawn.filter((hunk) => hunk !== after && isOpen(hunk));
    focus(rest.find((hunk) => drawn.indexOf(hunk) > drawn.indexOf(after)) ?? rest[0] ?? after);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons below, for whoever is at a hunk
    <div class="change-hunks" ref={host} data-suggestion={view.suggestion} onKeyDown={onKey}>
      {may && open.length > 1 && (
        <div class="change-all">
          <button
            type="button"
            class="button button-small button-accept"
            disabled={busy.value}
            aria-keyshortcuts={ariaKey(ACCEPT_ALL)}
            onClick={() => void all("accepted")}
          >
            {t("Merge all %(n)s", { n: open.length })} <kbd class="kbd">{keyLabel(ACCEPT_ALL)}</kbd>
          </button>
          <button
            type="button"
            class="button button-small"
            disabled={busy.value}
            aria-keyshortcuts={ariaKey(REJECT_ALL)}
            onClick={() => void all("rejected")}
          >
            {t("Reject all %(n)s", { n: open.length })} <kbd class="kbd">{keyLabel(REJECT_ALL)}</kbd>
          </button>
        </div>
      )}
      {problem.value && (
        <p class="hunk-problem" role="alert">
          {problem.value}
        </p>
      )}
      {paths.map((path) => {
        const mine = drawn.filter((hunk) => hunk.path === path);
        const left = mine.filter(isOpen).length;
        return (
          <section key={path} class="change-file" aria-label={path}>
            <div class="change-file-head">
              <h4 class="change-path">{path}</h4>
              <span class="muted">
                {may && left
                  ? tn("%(n)s to decide", "%(n)s to decide", left)
                  : tn("%(n)s change", "%(n)s changes", mine.length)}
              </span>
              {may && left > 1 && paths.length > 1 && (
                <button
                  type="button"
                  class="button button-small"
                  disabled={busy.value}
                  aria-label={t("Merge %(path)s", { path })}
                  onClick={() => void file(path)}
                >
                  {t("Merge file")}
                </button>
              )}
            </div>
            {mine.map((hunk) => (
              <HunkView
                key={hunk.hunk}
                hunk={hunk}
                number={drawn.indexOf(hunk) + 1}
                view={view}
                decision={decisions[hunk.hunk]}
                store={store}
                acts={acts}
                onView={onView}
                onDecided={() => next(hunk)}
                beside={{
                  over,
                  comments: comments.filter((one) => one.hunk === hunk.hunk),
                  onComment: may && ((line, text) => may.comment(view.suggestion, hunk.hunk, line, text)),
                }}
              />
            ))}
          </section>
        );
      })}
    </div>
  );
}
