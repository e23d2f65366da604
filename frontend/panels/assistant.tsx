// The conversation with the assistant.
// Owns showing turns, and bringing the newest answer into sight from its first line while one reads at the end. Invariant: drawn from
// the state alone, so it is the same after a reload, live and in the replay. Leaves out writing a prompt (ask.tsx) and deciding
// hunks (proposal.tsx).

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { ToolView, TurnView } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { Markdown } from "../ui/markdown.tsx";
import { Proposal, type ProposalActs } from "./proposal.tsx";

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
        {last?.status === "finished" ? t("The assistant has answered.") : ""}
      </p>
    </div>
  );
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
        {turn.attachments.length > 0 && (
          <ul class="chips" aria-label={t("Attached files")}>
            {turn.attachments.map((path) => (
              <li key={path} class="chip">
                {path}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class="said said-assistant">
        <h3 class="said-who">
          <span class="who who-assistant" aria-hidden="true">
            ◆
          </span>{" "}
          {t("Assistant")}
        </h3>
        {turn.tools.length > 0 && <Tools tools={[...turn.tools]} />}
        {turn.status === "waiting" && <Waiting store={store} counts={onRetry !== undefined} />}
        {turn.reply && <Markdown text={turn.reply} settled={turn.status !== "streaming"} />}
        {turn.stop_reason === "stopped" && <p class="notice-line">{t("Stopped here, before its end.")}</p>}
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
      </div>
    </article>
  );
}

/** Says that the reply is under way, and where it is one's own, for how long. A replay has a time of its own. */
function Waiting({ store, counts }: { store: Store; counts: boolean }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => setSeconds((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const paused = store.at("course").paused_ms !== null;
  return (
    <p class="said-waiting">
      {!counts || seconds < 3 ? t("Thinking…") : t("Thinking for %(seconds)s s…", { seconds })}
      {paused && ` ${t("The clock is paused meanwhile.")}`}
    </p>
  );
}

function Tools({ tools }: { tools: readonly ToolView[] }) {
  return (
    <ul class="tools">
      {tools.map((tool) => (
        <li key={tool.seq}>
          <details>
            <summary>
              <span aria-hidden="true">⚙</span> {tool.tool} <span class="muted">{shortInput(tool.input)}</span>{" "}
              {!tool.ok && <strong>{t("did not work")}</strong>}
            </summary>
            <pre>{tool.output}</pre>
          </details>
        </li>
      ))}
    </ul>
  );
}

function shortInput(input: unknown): string {
  if (typeof input !== "object" || input === null) return "";
  const words = Object.values(input).filter((value) => typeof value === "string" || typeof value === "number");
  return words.join(" ").slice(0, 80);
}
