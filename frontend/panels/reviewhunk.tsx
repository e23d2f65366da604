// One hunk of the change under review.
// Owns showing it with its lines, and the keys that judge it and go on. Invariant: keys of a box in it are the box's; it says where it stands
// among all and what was judged, also to those who hear it. Leaves out its fellows (review.tsx) and the verdict's controls (verdict.tsx).

import { useComputed } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { ReviewView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Changed, type Shown } from "./changed.tsx";
import { linesOf, place } from "./diff.ts";
import { CHOICES, VerdictForm, VerdictWords, wordOf } from "./verdict.tsx";
import { isWrong, type Verdicts } from "./verdicts.ts";

interface Props {
  store: Store;
  verdicts?: Verdicts | undefined;
  onView: (path: string, line: number, lines: number) => void;
  shown: Shown;
  total: number;
  review: ReviewView;
  disabled: boolean;
  current: boolean;
  onHere: () => void;
  go: (by: 1 | -1, open: boolean) => void;
}

export function ReviewHunk({ shown, total, review, store, verdicts, disabled, current, onHere, onView, go }: Props) {
  const { hunk, number, line, rows, added, removed } = shown;
  const host = useRef<HTMLElement>(null);
  const judged = verdicts ? verdicts.shown(hunk.hunk).judged : review.verdicts[hunk.hunk];
  const wrong = isWrong(judged?.verdict);
  const path = `${review.folder.replace(/\/$/, "")}/${hunk.path}`;
  // Whether it is there, not its text: that changes with every key.
  const there = useComputed(() => typeof store.at("files").files[path]?.text === "string").value;
  const choose = verdicts && wrong && !disabled;
  const table = useMemo(
    () => (
      <Changed
        rows={rows}
        label={t("Lines removed and added")}
        chosen={wrong ? (judged?.line ?? 0) : 0}
        onChoose={
          choose
            ? (at) => {
                verdicts.say(hunk.hunk, { line: at });
                void verdicts.flush(hunk.hunk);
              }
            : undefined
        }
      />
    ),
    [rows, wrong, judged?.line, choose],
  );
  const open = () => {
    const text = store.now.files[path]?.text;
    if (typeof text !== "string") return;
    const lines = { before: hunk.after, after: "", lead: hunk.lead ?? "", trail: hunk.trail ?? "" };
    // Where one has changed the file since, the hunk stands elsewhere.
    const at = (place(text, lines, line - 1) ?? line - 1) + 1;
    onView(path, at, Math.max(1, linesOf(hunk.after).length));
  };
  const focusIn = (selector: string) => host.current?.querySelector<HTMLElement>(selector)?.focus();
  const onKey = (event: KeyboardEvent) => {
    if (!verdicts || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    if (event.key === "Escape" && target.closest(".fault-text")) {
      event.preventDefault();
      host.current?.focus();
      return;
    }
    if (target.closest("textarea, select, .hunk-editor")) return;
    const verdict = CHOICES[Number(event.key) - 1];
    const acts: Record<string, () => void> = {
      j: () => go(1, false),
      k: () => go(-1, false),
      n: () => go(1, true),
      p: () => go(-1, true),
      f: () => focusIn(".fault-text"),
      o: open,
    };
    const act = verdict && !disabled ? () => verdicts.choose(hunk.hunk, verdict) : acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const word = judged ? wordOf(judged.verdict) : t("no verdict");
  return (
    <section
      ref={host}
      class={`review-hunk${judged ? " review-judged" : ""}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a hunk takes the keys that judge it
      tabIndex={0}
      data-review-hunk={hunk.hunk}
      {...(current ? { "data-focus": true } : {})}
      aria-label={t("Change %(number)s of %(total)s, line %(line)s: %(verdict)s", {
        number,
        total,
        line,
        verdict: word,
      })}
      onFocusCapture={onHere}
      onKeyDown={onKey}
    >
      <div class="review-hunk-head">
        <h4 class="review-number">
          {t("Change %(number)s", { number })} <span class="muted">{t("line %(line)s", { line })}</span>
        </h4>
        <span class="hunk-size">
          +{added} −{removed}
        </span>
        <button type="button" class="text-button" disabled={!there} onClick={open}>
          {t("Open in editor")}
        </button>
      </div>
      <div class="diff-scroll">{table}</div>
      {verdicts ? (
        <VerdictForm shown={shown} verdicts={verdicts} disabled={disabled} />
      ) : (
        <VerdictWords shown={shown} judged={review.verdicts[hunk.hunk]} />
      )}
    </section>
  );
}
