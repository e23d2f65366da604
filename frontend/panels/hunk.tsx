// One change of a proposal, or of a change request.
// Owns showing it, and taking the decision on it, by buttons and keys. Invariant: a decision is shown as made once the log has it; what
// was changed before it went in is said; a stale hunk says so and offers to be made anew, else to ask again. Leaves out its fellows
// (proposal.tsx, change.tsx), what is said of its lines (comments.tsx) and committing (`acts`).

import { useSignal } from "@preact/signals";
import { type ComponentChildren, Fragment } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import type { Decision, Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { SuggestionView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
import { type Beside, begunAt, CommentForm, Comments, placeOfDraft } from "./comments.tsx";
import { type DiffLine, diffLines, placeOf } from "./diff.ts";
import { HunkEditor } from "./hunkedit.tsx";

export interface HunkActs {
  decide(suggestion: string, hunk: string, decision: Decision, reason: string, kept?: string): Promise<Ack>;
  refresh(suggestion: string, hunk: string): Promise<Ack>;
  askAgain(hunk: Hunk): void;
}

interface Props {
  hunk: Hunk;
  number: number;
  view: SuggestionView;
  decision: Decision | undefined;
  store: Store;
  acts: HunkActs | undefined;
  onView: ((path: string, line: number, lines: number) => void) | undefined;
  onDecided: () => void;
  /** What a hunk of a change request has beyond that of a proposal. */
  beside?: Beside | undefined;
}

const ACCEPT = "Mod+Enter";
const REJECT = "Mod+Backspace";
const EDIT = "Mod+E";
const COMMENT = "c";
const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 };

export function HunkView({ hunk, number, view, decision, store, acts: given, onView, onDecided, beside }: Props) {
  const acts = beside?.over ? undefined : given;
  const sending = useSignal(false);
  const problem = useSignal("");
  // It could not be made anew either: only the assistant can help.
  const lost = useSignal(false);
  const reasoning = useSignal(false);
  const editing = useSignal(false);
  const draft = useSignal<string | null>(null);
  const reason = useRef<HTMLInputElement>(null);
  const host = useRef<HTMLElement>(null);
  const text = store.at("files").files[hunk.path]?.text ?? null;
  const lines = useMemo(() => diffLines(hunk, view, text), [hunk, view, text, decision]);
  // Most edits leave most hunks as they are: the same table is not compared row by row.
  const commented = useSignal<number | null>(beside?.onComment ? begunAt(hunk.hunk) : null);
  const opened = useRef(false);
  const comment = (own: number) => {
    opened.current = true;
    commented.value = own;
  };
  const notes = beside?.comments ?? [];
  const table = useMemo(() => {
    const below = (own: number) => (
      <>
        <Comments comments={notes.filter((one) => one.line === own)} />
        {commented.value === own && form(own)}
      </>
    );
    const busy = [...notes.map((one) => one.line), commented.value];
    return <Lines lines={lines} onLine={beside?.onComment && comment} below={below} busy={busy} />;
  }, [JSON.stringify([lines, notes]), commented.value, beside?.onComment !== undefined]);
  const at = placeOf(hunk, view, text);
  const line = (at < 0 ? hunk.line - 1 : at) + 1;
  // Where there is no such file it may have another name by now: the server knows.
  const stale = !decision && text !== null && at < 0;
  const fate = boot.fates?.find((one) => one.suggestion === view.suggestion && one.hunk === hunk.hunk);
  const changed = view.kept[hunk.hunk] !== undefined;
  function form(own: number) {
    const leave = () => {
      commented.value = null;
      requestAnimationFrame(() => {
        (host.current?.querySelector<HTMLElement>(`[data-own='${own}']`) ?? host.current)?.focus();
      });
    };
    const words = own
      ? t("Comment on line %(line)s of %(path)s", { line: lineOf(lines, own), path: hunk.path })
      : t("Comment on the change in %(path)s", { path: hunk.path });
    const where = placeOfDraft(hunk.hunk, own);
    if (!beside?.onComment) return null;
    const send = beside.onComment.bind(null, own);
    return <CommentForm key={where} label={words} where={where} opened={opened.current} send={send} onLeave={leave} />;
  }
  const send = async (act: () => Promise<Ack>) => {
    sending.value = true;
    problem.value = "";
    const ack = await act();
    sending.value = false;
    if (!ack.ok) problem.value = ack.error;
    return ack;
  };
  const decide = async (wanted: Decision) => {
    if (!acts || decision || sending.value || (stale && wanted === "accepted")) return;
    // The editor shows a hunk without the end of its last line.
    const end = draft.value && hunk.after.endsWith("\n") ? "\n" : "";
    const changed = draft.value === null ? hunk.after : draft.value + end;
    const kept = wanted === "accepted" && editing.value ? changed : undefined;
    const why = reason.current?.value.trim() ?? "";
    const focused = host.current?.contains(document.activeElement);
    const ack = await send(() => acts.decide(view.suggestion, hunk.hunk, wanted, why, kept));
    if (!ack.ok) return;
    // What had the focus may be gone by now; who went elsewhere meanwhile stays there.
    const stayed = document.activeElement === document.body || host.current?.contains(document.activeElement);
    editing.value = false;
    if (focused && stayed) onDecided();
  };
  const refresh = async () => {
    if (!acts || sending.value) return;
    const ack = await send(() => acts.refresh(view.suggestion, hunk.hunk));
    lost.value = !ack.ok && ack.code === "stale";
    draft.value = null;
    host.current?.focus();
  };
  const edit = () => {
    if (acts && !decision && !stale && !sending.value) editing.value = true;
  };
  const leave = () => {
    editing.value = false;
    host.current?.focus();
  };
  const keys: [string, () => void][] = [
    [ACCEPT, () => void decide("accepted")],
    [REJECT, () => void decide("rejected")],
    [EDIT, edit],
    ...(beside?.onComment ? [[COMMENT, () => comment(0)] as [string, () => void]] : []),
  ];
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    const within = event.target instanceof Element && event.target.closest(".hunk-editor, input, textarea") !== null;
    const known = keys.find(([key]) => matches(event, key) && (!within || key === ACCEPT))?.[1];
    const act = known ?? (within ? undefined : step(event));
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  };
  const step = (event: KeyboardEvent): (() => void) | undefined => {
    const by = STEPS[event.key];
    if (!by || event.target !== host.current || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const hunks = [...document.querySelectorAll<HTMLElement>(".hunk")];
    const next = hunks[hunks.indexOf(host.current as HTMLElement) + by];
    if (!next) return undefined;
    return () => {
      next.focus();
      next.scrollIntoView({ block: "nearest" });
    };
  };
  const added = lines.filter((line) => line.kind === "added").length;
  const removed = lines.filter((line) => line.kind === "removed").length;
  return (
    <section
      ref={host}
      class={`hunk${decision ? ` hunk-${decision}` : ""}${beside?.over ? " hunk-over" : ""}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a hunk takes the keys that accept and reject it
      tabIndex={0}
      data-hunk={hunk.hunk}
      aria-label={t("Change %(number)s in %(path)s, line %(line)s", { number, path: hunk.path, line })}
      onKeyDown={onKey}
    >
      <div class="hunk-head">
        <button
          type="button"
          class="hunk-path"
          title={t("View in file")}
          disabled={text === null || !onView}
          onClick={() =>
            onView?.(hunk.path, Math.max(0, at) + 1, Math.max(1, decision === "accepted" ? added : removed))
          }
        >
          {hunk.path}:{line}
        </button>
        <span class="hunk-size">
          +{added} −{removed}
        </span>
      </div>
      {editing.value && !decision ? (
        <HunkEditor
          path={hunk.path}
          text={draft.value ?? hunk.after.replace(/\n$/, "")}
          line={line}
          onChange={(now) => (draft.value = now)}
          onLeave={leave}
        />
      ) : (
        <div class="diff-scroll">{table}</div>
      )}
      <Comments comments={notes.filter((one) => !one.line || !lines.some((line) => line.own === one.line))} />
      {commented.value === 0 && form(0)}
      <div class="hunk-foot">
        {decision ? (
          <>
            <span class="hunk-decision">{decidedWords(decision, changed, beside !== undefined)}</span>
            {fate && (
              <span class="muted">
                {tn(
                  "%(standing)s of %(n)s line stands in the work handed in",
                  "%(standing)s of %(n)s lines stand in the work handed in",
                  fate.lines,
                  { standing: fate.standing },
                )}
              </span>
            )}
          </>
        ) : acts ? (
          <>
            <button
              type="button"
              class="button button-small button-accept"
              disabled={sending.value || stale}
              aria-keyshortcuts={ariaKey(ACCEPT)}
              onClick={() => void decide("accepted")}
            >
              {acceptWords(editing.value, beside !== undefined)} <kbd class="kbd">{keyLabel(ACCEPT)}</kbd>
            </button>
            {editing.value ? (
              <button type="button" class="button button-small" onClick={leave}>
                {t("Back")} <kbd class="kbd">{t("Esc")}</kbd>
              </button>
            ) : (
              <>
                <button
                  type="button"
                  class="button button-small"
                  disabled={sending.value}
                  aria-keyshortcuts={ariaKey(REJECT)}
                  onClick={() => void decide("rejected")}
                >
                  {t("Reject")} <kbd class="kbd">{keyLabel(REJECT)}</kbd>
                </button>
                <button
                  type="button"
                  class="button button-small"
                  disabled={sending.value || stale}
                  aria-keyshortcuts={ariaKey(EDIT)}
                  onClick={edit}
                >
                  {t("Edit")} <kbd class="kbd">{keyLabel(EDIT)}</kbd>
                </button>
              </>
            )}
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
            {beside?.onComment && commented.value !== 0 && (
              <button
                type="button"
                class="text-button"
                aria-keyshortcuts={COMMENT}
                data-own="0"
                onClick={() => comment(0)}
              >
                {t("Comment")}
              </button>
            )}
            {view.refreshed[hunk.hunk] !== undefined && !stale && (
              <span class="muted">{t("Made anew for the text as it is now")}</span>
            )}
          </>
        ) : (
          <span class="muted">{beside?.over || t("Not decided yet")}</span>
        )}
      </div>
      {(problem.value || (stale && !beside?.over)) && (
        <p class="hunk-problem" role={problem.value ? "alert" : undefined}>
          {problem.value ||
            t("%(path)s has changed here since this was proposed, so it can no longer be put in as it is.", {
              path: hunk.path,
            })}{" "}
          {acts && !decision && (
            <>
              {!lost.value && (
                <button type="button" class="text-button" disabled={sending.value} onClick={() => void refresh()}>
                  {t("Make it anew for the text as it is now")}
                </button>
              )}{" "}
              <button type="button" class="text-button" onClick={() => acts.askAgain(hunk)}>
                {t("Ask the assistant again")}
              </button>
            </>
          )}
        </p>
      )}
    </section>
  );
}

function acceptWords(changed: boolean, merges: boolean): string {
  if (merges) return changed ? t("Merge as changed") : t("Merge");
  return changed ? t("Accept as changed") : t("Accept");
}

function decidedWords(decision: Decision, changed: boolean, merges: boolean): string {
  if (decision === "rejected") return t("□ Rejected");
  if (merges) return changed ? t("▣ Merged with changes") : t("▣ Merged");
  return changed ? t("▣ Accepted with changes") : t("▣ Accepted");
}

/** The number in the file of one of the hunk's own lines. */
function lineOf(lines: readonly DiffLine[], own: number): number {
  return lines.find((line) => line.own === own)?.new ?? own;
}

interface LinesProps {
  lines: readonly DiffLine[];
  /** Say something of one of the hunk's own lines; without it nothing can be said. */
  onLine: ((own: number) => void) | undefined;
  /** What stands below such a line. */
  below: (own: number) => ComponentChildren;
  /** The lines that have something below them. */
  busy: readonly (number | null)[];
}

/** The lines are one stop of the Tab key: arrows go from line to line. */
function Lines({ lines, onLine, below, busy }: LinesProps) {
  const first = lines.find((line) => line.own)?.own;
  const step = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = event.currentTarget as HTMLElement;
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
    const all = [...(from.closest("table")?.querySelectorAll<HTMLElement>("button[data-own]") ?? [])];
    event.preventDefault();
    event.stopPropagation();
    all[all.indexOf(from) + by]?.focus();
  };
  const press = (own: number) => {
    // Whoever selects text has not pressed the line.
    if (window.getSelection()?.isCollapsed !== false) onLine?.(own);
  };
  return (
    <table class={onLine ? "diff diff-open" : "diff"} aria-label={t("Lines removed and added")}>
      <tbody>
        {lines.map((line, index) => {
          const { own, kind } = line;
          const open = own && onLine ? () => press(own) : undefined;
          const number = line.new ?? "";
          return (
            <Fragment key={index}>
              {/* The button in it is for keys. */}
              <tr class={`diff-${kind}`} onClick={open}>
                <td class="diff-number">{line.old ?? ""}</td>
                <td class="diff-number">
                  {open ? (
                    <button
                      type="button"
                      class="diff-line"
                      data-own={own}
                      tabIndex={own === first ? 0 : -1}
                      aria-label={t("Comment on line %(line)s: %(text)s", {
                        line: number,
                        text: line.text.slice(0, 80),
                      })}
                      onKeyDown={step}
                    >
                      {number}
                    </button>
                  ) : (
                    number
                  )}
                </td>
                <td class="diff-sign">{kind === "added" ? "+" : kind === "removed" ? "-" : " "}</td>
                <td class="diff-text">
                  <Text line={line} />
                </td>
              </tr>
              {own && busy.includes(own) ? (
                <tr class="diff-below">
                  <td colSpan={4}>{below(own)}</td>
                </tr>
              ) : null}
            </Fragment>
          );
        })}
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
