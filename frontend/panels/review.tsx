// The change that is to be reviewed, and what one thinks of each of its hunks.
// Owns showing it: what it is for, what was run on it, its hunks by file, how many have a verdict; and moving among them by keys.
// Invariant: every hunk is offered alike, and nothing says which were chosen to be wrong. Without `verdicts` it is read-only.

import { useSignal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import type { Check } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { ReviewView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Markdown } from "../ui/markdown.tsx";
import { byFile } from "./changed.tsx";
import { ReviewHunk } from "./reviewhunk.tsx";
import type { Verdicts } from "./verdicts.ts";

interface Props {
  store: Store;
  /** Where verdicts are taken. */
  verdicts?: Verdicts | undefined;
  disabled?: boolean;
  onView: (path: string, line: number, lines: number) => void;
}

/** How many hunks have a verdict, those included that are not sent yet. */
export function countJudged(review: ReviewView, verdicts?: Verdicts): number {
  return review.hunks.filter(({ hunk }) => review.verdicts[hunk] ?? verdicts?.drafts.value.get(hunk)).length;
}

export function Review({ store, verdicts, disabled = false, onView }: Props) {
  const { review } = store.at("course");
  const host = useRef<HTMLDivElement>(null);
  // Where one is: F6 comes back to it.
  const here = useSignal("");
  const files = useMemo(() => byFile(review?.hunks ?? []), [review?.hunks]);
  if (!review) return null;
  const judged = countJudged(review, verdicts);
  const total = review.hunks.length;
  const go = (by: 1 | -1, open: boolean) => {
    const all = [...(host.current?.querySelectorAll<HTMLElement>(".review-hunk") ?? [])];
    const at = all.findIndex((hunk) => hunk.contains(document.activeElement));
    const from = at < 0 && by < 0 ? all.length : at;
    const order = all.map((_, step) => all[(((from + by * (step + 1)) % all.length) + all.length) % all.length]);
    const next = open
      ? order.find((hunk) => hunk && !isJudged(review, verdicts, hunk.dataset.reviewHunk ?? ""))
      : all[from + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  return (
    <div class="review" ref={host}>
      <div class="review-bar">
        <span class="review-progress">
          {t("%(judged)s of %(total)s judged", { judged, total })}
          <progress class="review-share" value={judged} max={total} aria-hidden="true" />
        </span>
        {verdicts && (
          <button type="button" class="button button-small" disabled={judged === total} onClick={() => go(1, true)}>
            {t("Next without a verdict")} <kbd class="kbd">n</kbd>
          </button>
        )}
      </div>
      <section
        class="review-about"
        aria-label={t("The change")}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: where one begins, and goes on to the first hunk by a key
        tabIndex={0}
        {...(here.value ? {} : { "data-focus": true })}
        onKeyDown={(event) => {
          const plain = !event.ctrlKey && !event.metaKey && !event.altKey && event.target === event.currentTarget;
          if (!plain || !verdicts || !["j", "n"].includes(event.key)) return;
          event.preventDefault();
          go(1, event.key === "n");
        }}
      >
        <h2 class="review-title">{review.title}</h2>
        <Markdown text={review.description} settled />
        <Checks checks={review.checks} />
        {verdicts && (
          <p class="muted review-help">
            {t(
              "Say of each change what you think. Everything you choose or type is saved by itself, and you can change it until the time is over. A change without a verdict is fine.",
            )}{" "}
            <span class="review-keys">
              {t(
                "Keys on a change: 1–4 verdict, j and k the next and the previous, n and p those without a verdict, f its fault, o opens it.",
              )}
            </span>
          </p>
        )}
      </section>
      {files.map(({ path, shown }) => (
        <section key={path} class="review-file" aria-label={path}>
          <h3 class="review-path">
            <span>{path}</span>
            <span class="muted">{tn("%(n)s change", "%(n)s changes", shown.length)}</span>
          </h3>
          {shown.map((one) => (
            <ReviewHunk
              key={one.hunk.hunk}
              shown={one}
              total={total}
              current={here.value === one.hunk.hunk}
              onHere={() => (here.value = one.hunk.hunk)}
              {...{ store, review, verdicts, disabled, onView, go }}
            />
          ))}
        </section>
      ))}
      {verdicts && <p class="review-end muted">{endWords(total - judged)}</p>}
    </div>
  );
}

/** Bring a hunk into sight. */
export function showHunk(hunk: string): void {
  document.querySelector(`[data-review-hunk="${CSS.escape(hunk)}"]`)?.scrollIntoView({ block: "nearest" });
}

/** What is left, in words that do not press. */
export function endWords(open: number): string {
  if (open === 0) return t("Every change has a verdict.");
  return tn("%(n)s change has no verdict; that is fine.", "%(n)s changes have no verdict; that is fine.", open);
}

function isJudged(review: ReviewView, verdicts: Verdicts | undefined, hunk: string): boolean {
  return review.verdicts[hunk] !== undefined || verdicts?.drafts.peek().get(hunk) !== undefined;
}

function Checks({ checks }: { checks: readonly Check[] }) {
  if (!checks.length) return null;
  return (
    <ul class="review-checks" aria-label={t("What was run on it")}>
      {checks.map((check) => (
        <li key={check.name}>
          {check.output ? (
            <details>
              <summary>
                <CheckWords check={check} />
              </summary>
              <pre>{check.output}</pre>
            </details>
          ) : (
            <CheckWords check={check} />
          )}
        </li>
      ))}
    </ul>
  );
}

function CheckWords({ check }: { check: Check }) {
  return (
    <>
      <span class={check.ok ? "test-pass" : "test-fail"}>{check.ok ? t("✓ passed") : t("✗ failed")}</span> {check.name}
    </>
  );
}

/** What the change is for, beside the brief. */
export function ReviewBrief({ review }: { review: ReviewView }) {
  return (
    <section class="review-brief" aria-label={t("The change")}>
      <h2>{review.title}</h2>
      <Markdown text={review.description} settled />
      <p class="muted">
        {t("Its files stand in %(folder)s, with the change in them. You may run and edit them.", {
          folder: `${review.folder.replace(/\/$/, "")}/`,
        })}
      </p>
    </section>
  );
}
