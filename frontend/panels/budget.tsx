// How much of the assistant's budget is used.
// Owns that figure and how it is told. Invariant: the rule of interviews/budget.py: the tighter budget counts, a warning from four fifths
// on. Leaves out what a reply costs, which the server counts.

import { t } from "../core/i18n.ts";
import type { Header } from "../core/boot.ts";
import type { State } from "../core/state.ts";

const WARN = 0.8;
const MICROUSD_A_CENT = 10_000;

type Spent = Pick<State, "spent_tokens" | "spent_microusd">;
type Bounds = Pick<Header["settings"], "budget_tokens" | "budget_cents">;

/** The share used of the tighter budget, 1 or more when it is used up; null where there is none. */
export function budgetUsed(
  { budget_tokens, budget_cents }: Bounds,
  { spent_tokens, spent_microusd }: Spent,
): number | null {
  const shares = [
    ...(budget_tokens > 0 ? [spent_tokens / budget_tokens] : []),
    ...(budget_cents > 0 ? [spent_microusd / (budget_cents * MICROUSD_A_CENT)] : []),
  ];
  return shares.length ? Math.max(...shares) : null;
}

/** Why nothing more can be asked, where the budget is used up. */
export function usedUp(used: number | null): string | undefined {
  if (used === null || used < 1) return undefined;
  return t("The assistant's budget for this interview is used up. Your work goes on without it; nothing else changes.");
}

export function BudgetMeter({ used }: { used: number | null }) {
  if (used === null) return null;
  const percent = Math.min(100, Math.floor(used * 100));
  const share = `${percent} %`;
  const low = used >= WARN && used < 1;
  return (
    <span class={used >= WARN ? "budget budget-low" : "budget"}>
      <span class="budget-words">{low ? t("Budget: little left") : t("Budget: %(share)s used", { share })}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: no two browsers let a meter be drawn alike */}
      <span
        class="budget-meter"
        role="meter"
        aria-label={t("The assistant's budget, used")}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={share}
      >
        <span style={{ width: `${percent}%` }} />
      </span>
      <span class="sr-only" role="status">
        {low ? t("No more than a fifth of the assistant's budget is left.") : ""}
      </span>
    </span>
  );
}
