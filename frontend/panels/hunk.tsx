// One change of a proposal.
// Owns showing it, and taking the decision on it, by buttons and keys. Invariant: a decision is shown as made once the log has it; what
// was changed before it went in is said; a stale hunk says so and offers to be made anew, else to ask again. Leaves out its fellows
// (proposal.tsx) and committing (`acts`).

import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import type { Decision, Hunk } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { Ack } from "../core/live.ts";
import type { SuggestionView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { ariaKey, keyLabel, matches } from "../ui/commands.ts";
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
  onView: (path: string, line: number, lines: number) => void;
  onDecided: () => void;
}

const ACCEPT = "Mod+Enter";
const REJECT = "Mod+Backspace";
const EDIT = "Mod+E";
const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 };

export function HunkView({ hunk, number, view, decision, store, acts, onView, onDecided }: Props) {
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
  const table = useMemo(() => <Lines lines={lines} />, [JSON.stringify(lines)]);
  const at = placeOf(hunk, view, text);
  const line = (at < 0 ? hunk.line - 1 : at) + 1;
  // Where there is no such file it may have another name by now: the server knows.
  const stale = !decision && text !== null && at < 0;
  const fate = boot.fates?.find((one) => one.suggestion === view.suggestion && one.hunk === hunk.hunk);
  const changed = view.kept[hunk.hunk] !== undefined;
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
      class={`hunk${decision ? ` hunk-${decision}` : ""}`}
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
          disabled={text === null}
          onClick={() => onView(hunk.path, Math.max(0, at) + 1, Math.max(1, decision === "accepted" ? added : removed))}
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
      <div class="hunk-foot">
        {decision ? (
          <>
            <span class="hunk-decision">
              {decision === "rejected" ? t("□ Rejected") : changed ? t("▣ Accepted with changes") : t("▣ Accepted")}
            </span>
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
              {editing.value ? t("Accept as changed") : t("Accept")} <kbd class="kbd">{keyLabel(ACCEPT)}</kbd>
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
            {view.refreshed[hunk.hunk] !== undefined && !stale && (
              <span class="muted">{t("Made anew for the text as it is now")}</span>
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
