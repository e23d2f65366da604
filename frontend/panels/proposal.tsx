// A proposal of the assistant, hunk by hunk.
// Owns showing hunks and taking decisions on them. Invariant: a decision is shown as made once the log has it; a stale hunk says so
// and offers to ask again; after a decision the focus is on the next open hunk. Leaves out committing (`acts.decide`).

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Decision, Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { SuggestionView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
import { type DiffLine, diffLines, place } from "./diff.ts";

export interface ProposalActs {
  decide(suggestion: string, hunk: string, decision: Decision, reason: string): Promise<Ack>;
  askAgain(hunk: Hunk): void;
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
const ACCEPT = "Mod+Enter";
const REJECT = "Mod+Backspace";

export function Proposal({ view, store, acts, onView, whole }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const near = useNear(host);
  const busy = useSignal(false);
  const decisions = store.at("suggestions").suggestions[view.suggestion]?.decisions ?? view.decisions;
  const open = view.hunks.filter((hunk) => !decisions[hunk.hunk]);
  const accepted = view.hunks.filter((hunk) => decisions[hunk.hunk] === "accepted").length;
  const all = async (decision: Decision) => {
    if (!acts || busy.value) return;
    busy.value = true;
    for (const hunk of open) {
      const ack = await acts.decide(view.suggestion, hunk.hunk, decision, "");
      if (!ack.ok && ack.code !== "stale") break;
    }
    busy.value = false;
  };
  const focusNext = (after: number) => {
    const rest = [...view.hunks.keys()].filter((at) => at !== after && !decisions[view.hunks[at]?.hunk ?? ""]);
    const next = rest.find((at) => at > after) ?? rest[0];
    if (next !== undefined) host.current?.querySelectorAll<HTMLElement>(".hunk")[next]?.focus();
  };
  const paths = [...new Set(view.hunks.map((hunk) => hunk.path))];
  return (
    <div class="proposal" ref={host} id={`proposal-${view.suggestion}`} data-suggestion={view.suggestion}>
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
      {acts && open.length > 1 && (
        <div class="proposal-all">
          <button type="button" class="button" disabled={busy.value} onClick={() => void all("accepted")}>
            {t("Accept all %(n)s", { n: open.length })}
          </button>
          <button type="button" class="button" disabled={busy.value} onClick={() => void all("rejected")}>
            {t("Reject all %(n)s", { n: open.length })}
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

interface HunkProps {
  hunk: Hunk;
  number: number;
  view: SuggestionView;
  decision: Decision | undefined;
  store: Store;
  acts: ProposalActs | undefined;
  onView: (path: string, line: number, lines: number) => void;
  onDecided: () => void;
}

function HunkView({ hunk, number, view, decision, store, acts, onView, onDecided }: HunkProps) {
  const sending = useSignal(false);
  const problem = useSignal("");
  const reasoning = useSignal(false);
  const reason = useRef<HTMLInputElement>(null);
  const host = useRef<HTMLElement>(null);
  const text = store.at("files").files[hunk.path]?.text ?? null;
  const lines = useMemo(() => diffLines(hunk, view, text), [hunk, view, text, decision]);
  // Most edits leave most hunks as they are: the same table is not compared row by row.
  const table = useMemo(() => <Lines lines={lines} />, [JSON.stringify(lines)]);
  const at = place(hunk, view, text);
  const stale = !decision && at < 0;
  const decide = async (wanted: Decision) => {
    if (!acts || decision || sending.value) return;
    sending.value = true;
    problem.value = "";
    const ack = await acts.decide(view.suggestion, hunk.hunk, wanted, reason.current?.value.trim() ?? "");
    sending.value = false;
    if (!ack.ok) problem.value = ack.error;
    else if (host.current?.contains(document.activeElement)) onDecided();
  };
  const onKey = (event: KeyboardEvent) => {
    const wanted = matches(event, ACCEPT) ? "accepted" : matches(event, REJECT) ? "rejected" : null;
    if (wanted) {
      event.preventDefault();
      event.stopPropagation();
      void decide(wanted);
    } else if (event.target === host.current && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const hunks = [...document.querySelectorAll<HTMLElement>(".hunk")];
      const next = hunks[hunks.indexOf(host.current as HTMLElement) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    }
  };
  const added = lines.filter((line) => line.kind === "added").length;
  const removed = lines.filter((line) => line.kind === "removed").length;
  return (
    <section
      ref={host}
      class={`hunk${decision ? ` hunk-${decision}` : ""}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a hunk takes the keys that accept and reject it
      tabIndex={0}
      data-hunk={hunk.hunk}
      aria-label={t("Change %(number)s in %(path)s, line %(line)s", { number, path: hunk.path, line: hunk.line })}
      onKeyDown={onKey}
    >
      <div class="hunk-head">
        <button
          type="button"
          class="hunk-path"
          title={t("View in file")}
          disabled={text === null}
          onClick={() => onView(hunk.path, Math.max(0, at) + 1, Math.max(1, decision === "accepted" ? added : removed))}
        >
          {hunk.path}:{(at < 0 ? hunk.line - 1 : at) + 1}
        </button>
        <span class="hunk-size">
          +{added} −{removed}
        </span>
      </div>
      <div class="diff-scroll">{table}</div>
      <div class="hunk-foot">
        {decision ? (
          <span class="hunk-decision">{decision === "accepted" ? t("▣ Accepted") : t("□ Rejected")}</span>
        ) : acts ? (
          <>
            <button
              type="button"
              class="button button-small button-accept"
              disabled={sending.value || stale}
              aria-keyshortcuts={ariaKey(ACCEPT)}
              onClick={() => void decide("accepted")}
            >
              {t("Accept")} <kbd class="kbd">{keyLabel(ACCEPT)}</kbd>
            </button>
            <button
              type="button"
              class="button button-small"
              disabled={sending.value}
              aria-keyshortcuts={ariaKey(REJECT)}
              onClick={() => void decide("rejected")}
            >
              {t("Reject")} <kbd class="kbd">{keyLabel(REJECT)}</kbd>
            </button>
            {reasoning.value ? (
              <input
                ref={reason}
                class="input hunk-reason"
                maxLength={2000}
                aria-label={t("Why, in a few words (optional)")}
                placeholder={t("Why, in a few words (optional)")}
              />
            ) : (
              <button type="button" class="text-button" onClick={() => (reasoning.value = true)}>
                {t("Say why")}
              </button>
            )}
          </>
        ) : (
          <span class="muted">{t("Not decided yet")}</span>
        )}
      </div>
      {(problem.value || stale) && (
        <p class="hunk-problem" role={problem.value ? "alert" : undefined}>
          {problem.value ||
            t("%(path)s has changed here since this was proposed, so it can no longer be put in as it is.", {
              path: hunk.path,
            })}{" "}
          {acts && !decision && (
            <button type="button" class="text-button" onClick={() => acts.askAgain(hunk)}>
              {t("Ask again for the text as it is now")}
            </button>
          )}
        </p>
      )}
    </section>
  );
}

function Lines({ lines }: { lines: readonly DiffLine[] }) {
  return (
    <table class="diff" aria-label={t("Lines removed and added")}>
      <tbody>
        {lines.map((line, index) => (
          <tr key={index} class={`diff-${line.kind}`}>
            <td class="diff-number">{line.old ?? ""}</td>
            <td class="diff-number">{line.new ?? ""}</td>
            <td class="diff-sign">{line.kind === "added" ? "+" : line.kind === "removed" ? "-" : " "}</td>
            <td class="diff-text">
              <Text line={line} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Text({ line }: { line: DiffLine }) {
  const { text, part } = line;
  if (!part) return text || " ";
  return (
    <>
      {text.slice(0, part[0])}
      {part[1] > part[0] && <mark class="diff-part">{text.slice(part[0], part[1])}</mark>}
      {text.slice(part[1])}
    </>
  );
}
