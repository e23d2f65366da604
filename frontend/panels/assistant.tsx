// The conversation with the assistant.
// Owns showing turns, and bringing the newest answer into sight from its first line while one reads at the end. Invariant: drawn from
// the state alone, so it is the same after a reload, live and in the replay. Leaves out writing a prompt (ask.tsx) and deciding
// hunks (proposal.tsx).

import { type ComponentChildren, Fragment } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t, tn } from "../core/i18n.ts";
import type { ToolView, TurnView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Markdown } from "../ui/markdown.tsx";
import { broughtBy, Chips } from "./attach.tsx";
import { Proposal, type ProposalActs } from "./proposal.tsx";
import { inWords, Steps, useSeconds } from "./steps.tsx";

interface Props {
  store: Store;
  acts?: ProposalActs;
  onRetry?: (turn: TurnView) => void;
  onView: (path: string, line: number, lines: number) => void;
  /** What is said while there is no conversation yet. */
  empty: ComponentChildren;
  /** The turn a replay points at. */
  pointed?: string | undefined;
}

const NEAR_END = 48;
/** So many of the last turns are drawn whole at once; those before them for whoever only looks on, when they come near. */
const WHOLE = 2;

export function isAnswering(turns: readonly TurnView[]): boolean {
  const last = turns[turns.length - 1];
  return last?.status === "waiting" || last?.status === "streaming";
}

export function Conversation({ store, acts, onRetry, onView, empty, pointed }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const state = store.at("turns");
  const turns = state.turns;
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const stay = () => {
      if (!atEnd.current) return;
      // An answer is read from its first line: what comes below it must not push that line out of sight.
      const answer = element.querySelector(".turn:last-of-type .said-assistant");
      const first = answer ? answer.getBoundingClientRect().top - element.getBoundingClientRect().top : 0;
      if (first > 0) element.scrollTop += first;
    };
    const watcher = new MutationObserver(stay);
    watcher.observe(element, { childList: true, subtree: true, characterData: true });
    const sizes = new ResizeObserver(stay);
    sizes.observe(element);
    stay();
    return () => {
      watcher.disconnect();
      sizes.disconnect();
    };
  }, []);
  useEffect(() => {
    if (pointed) document.getElementById(`turn-${pointed}`)?.scrollIntoView({ block: "nearest" });
  }, [pointed]);
  // Whoever asks wants to see the answer.
  useEffect(() => {
    atEnd.current = true;
    host.current?.scrollTo({ top: host.current.scrollHeight });
  }, [turns.length]);
  const last = turns[turns.length - 1];
  return (
    <div
      class="conversation"
      ref={host}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={t("Conversation")}
      onScroll={(event) => {
        const at = event.currentTarget;
        atEnd.current = at.scrollHeight - at.scrollTop - at.clientHeight < NEAR_END;
      }}
    >
      {turns.length === 0 && <div class="empty">{empty}</div>}
      {turns.map((turn, index) => (
        <Turn
          key={turn.turn}
          turn={{ ...turn }}
          store={store}
          acts={acts}
          onRetry={onRetry}
          onView={onView}
          pointed={turn.turn === pointed}
          last={turn === last}
          whole={acts !== undefined || turn.turn === pointed || index >= turns.length - WHOLE}
        />
      ))}
      <p class="sr-only" role="status">
        {last ? told(last) : ""}
      </p>
    </div>
  );
}

/** The reply as it happened: what was said, and the steps that came behind it. */
function inOrder({ reply, tools }: TurnView): { text: string; tools: ToolView[] }[] {
  const parts: { text: string; tools: ToolView[] }[] = [];
  let said = 0;
  for (const tool of tools) {
    const last = parts[parts.length - 1];
    if (last && tool.at <= said) {
      last.tools.push(tool);
      continue;
    }
    parts.push({ text: reply.slice(said, tool.at), tools: [tool] });
    said = Math.max(said, tool.at);
  }
  return said < reply.length ? [...parts, { text: reply.slice(said), tools: [] }] : parts;
}

/** What was said and done, in its order. */
export function Reply({ turn, counts }: { turn: TurnView; counts: boolean }) {
  const over = turn.status === "finished" || turn.status === "failed";
  return (
    <>
      {inOrder(turn).map(({ text, tools }, index, all) => (
        <Fragment key={index}>
          {text && <Markdown text={text} settled={over || index < all.length - 1} />}
          {tools.length > 0 && <Steps tools={tools} over={over} counts={counts} />}
        </Fragment>
      ))}
    </>
  );
}

/** What a screen reader is told of the last turn. */
function told(turn: TurnView): string {
  if (turn.status === "finished") return t("The assistant has answered.");
  const step = turn.tools[turn.tools.length - 1];
  if (turn.status === "failed" || step?.ok !== null) return "";
  const { doing, what } = inWords(step);
  return `${doing} ${what.slice(0, 80)}`;
}

interface TurnProps {
  turn: TurnView;
  store: Store;
  acts: ProposalActs | undefined;
  onRetry: ((turn: TurnView) => void) | undefined;
  onView: (path: string, line: number, lines: number) => void;
  pointed: boolean;
  last: boolean;
  whole: boolean;
}

function Turn({ turn, store, acts, onRetry, onView, pointed, last, whole }: TurnProps) {
  const suggestions = store.at("suggestions").suggestions;
  const own = onRetry !== undefined;
  const over = turn.status === "finished" || turn.status === "failed";
  // While a step is under way, that line says so.
  const waits = turn.status === "waiting" ? turn.tools.every((tool) => tool.ok !== null) : turn.delayed !== "" && !over;
  return (
    <article class={pointed ? "turn turn-pointed" : "turn"} id={`turn-${turn.turn}`} aria-label={t("Prompt and reply")}>
      <div class="said said-candidate">
        <h3 class="said-who">
          <span class="who who-candidate" aria-hidden="true">
            ●
          </span>{" "}
          {onRetry ? t("You") : t("Candidate")}
        </h3>
        <p class="said-prompt">{turn.prompt}</p>
        <Chips label={t("Attached")} chips={broughtBy(turn, store.now)} onView={onView} />
      </div>
      <div class="said said-assistant">
        <h3 class="said-who">
          <span class="who who-assistant" aria-hidden="true">
            ◆
          </span>{" "}
          {t("Assistant")}
        </h3>
        {turn.attempt > 1 && <p class="notice-line">{t("Begun anew after an interruption.")}</p>}
        <Reply turn={turn} counts={own} />
        {waits && <Waiting store={store} turn={turn} counts={own} />}
        {turn.stop_reason === "stopped" && <p class="notice-line">{t("Stopped here, before its end.")}</p>}
        {turn.stop_reason === "cut off" && <p class="notice-line">{t("It was cut off here, before its end.")}</p>}
        {turn.miss && (
          <p class="notice-line">
            {t("We had no answer prepared for this prompt. It counts neither for nor against you.")}
          </p>
        )}
        {turn.status === "failed" && (
          <p class="notice-line" role={last ? "alert" : undefined}>
            {turn.error || t("The assistant failed.")}{" "}
            {onRetry && last && (
              <button type="button" class="text-button" onClick={() => onRetry(turn)}>
                {t("Ask again")}
              </button>
            )}
          </p>
        )}
        {turn.suggestions.map((name) => {
          const view = suggestions[name];
          return view ? (
            <Proposal key={name} view={view} store={store} acts={acts} onView={onView} whole={whole} />
          ) : null;
        })}
        {over && <Spent turn={turn} folded={own} />}
      </div>
    </article>
  );
}

/** Says that the reply is under way, and where it is one's own, for how long. A replay has a time of its own. */
function Waiting({ store, turn, counts }: { store: Store; turn: TurnView; counts: boolean }) {
  const seconds = useSeconds();
  const paused = store.at("course").paused_ms !== null;
  const stands = t("The clock stands still.");
  if (turn.delayed) {
    return (
      <p class="said-waiting notice-line" role={counts ? "status" : undefined}>
        <span class="busy" aria-hidden="true" /> {turn.delayed} {t("It is asked again.")} {paused && stands}
      </p>
    );
  }
  return (
    <p class="said-waiting">
      <span class="busy" aria-hidden="true" />{" "}
      {!counts || seconds < 3 ? t("Thinking…") : t("Thinking for %(seconds)s s…", { seconds })} {paused && stands}
    </p>
  );
}

/** What a turn took: for those who judge at a glance, for the candidate when asked for. */
export function Spent({ turn, folded }: { turn: TurnView; folded: boolean }) {
  const { tokens, first_token_ms, total_ms, cost_microusd, model } = turn;
  if (!tokens && first_token_ms === null) return null;
  const parts = [
    model,
    tokens ? tn("%(number)s token", "%(number)s tokens", tokens, { number: tokens.toLocaleString() }) : "",
    first_token_ms === null ? "" : t("first word after %(seconds)s s", { seconds: (first_token_ms / 1000).toFixed(1) }),
    total_ms ? t("%(seconds)s s in all", { seconds: (total_ms / 1000).toFixed(1) }) : "",
    cost_microusd ? t("%(dollars)s US dollars", { dollars: (cost_microusd / 1_000_000).toFixed(4) }) : "",
  ].filter(Boolean);
  const line = parts.join(" · ");
  if (!folded) return <p class="spent">{line}</p>;
  return (
    <details class="spent">
      <summary>{t("What this took")}</summary>
      <p>{line}</p>
    </details>
  );
}
