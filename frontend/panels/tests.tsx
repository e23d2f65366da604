// The tests' panel.
// Owns the last run's results and how they are counted. Invariant: red and green stand here only, always with ✗ and ✓; the last
// results stay until new ones are there. Leaves out running (`onRun`).

import type { TestResult } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { RunView, State } from "../core/state.ts";
import type { Store } from "../core/store.ts";
import { keyLabel } from "../ui/commands.ts";
import { Icon } from "../ui/icons.tsx";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export function counts(run: RunView): Counts {
  const of = (...outcomes: string[]) => run.tests.filter((test) => outcomes.includes(test.outcome)).length;
  return { passed: of("passed"), failed: of("failed", "error"), skipped: of("skipped") };
}

export function isRunning(state: State): boolean {
  return state.runs[state.runs.length - 1]?.finished_seq === null;
}

/** "4 ✓ 1 ✗" of the last finished run, or nothing. */
export function TestCounts({ store }: { store: Store }) {
  const state = store.at("runs");
  const run = state.runs.findLast((view) => view.finished_seq !== null);
  if (isRunning(state)) return <span class="test-counts">{t("running…")}</span>;
  if (!run) return null;
  const { passed, failed } = counts(run);
  return (
    <span class="test-counts">
      <span class="test-pass">{passed} ✓</span> <span class="test-fail">{failed} ✗</span>
    </span>
  );
}

interface Props {
  store: Store;
  onRun?: () => void;
  /** Offer to ask the assistant about a failure. */
  onAsk?: (test: TestResult) => void;
  onOpen?: (path: string) => void;
}

export function Tests({ store, onRun, onAsk, onOpen }: Props) {
  const state = store.at("runs", "course");
  const running = isRunning(state);
  const run = state.runs.findLast((view) => view.finished_seq !== null);
  if (!run) {
    return (
      <div class="empty">
        <p>
          {running
            ? t("The tests are running…")
            : t("Run the tests to see, one by one, what works and what does not yet.")}
        </p>
        {onRun && !running && (
          <button type="button" class="button" data-focus onClick={onRun}>
            <Icon name="play" /> {t("Run tests")} <kbd class="kbd">{keyLabel("Mod+Enter")}</kbd>
          </button>
        )}
      </div>
    );
  }
  const { passed, failed, skipped } = counts(run);
  const ms = run.tests.reduce((sum, test) => sum + test.duration_ms, 0);
  const order = { failed: 0, error: 0, passed: 1, skipped: 2 };
  const tests = [...run.tests].sort((a, b) => order[a.outcome] - order[b.outcome]);
  return (
    <div class={running ? "tests tests-old" : "tests"} aria-busy={running}>
      <p class="tests-sum" role="status">
        {running ? (
          <span>{t("Running… The results below are the last run's.")}</span>
        ) : (
          <>
            {t("Run %(number)s", { number: state.runs.indexOf(run) + 1 })}
            <span class="test-pass">{tn("%(n)s passed ✓", "%(n)s passed ✓", passed)}</span>
            <span class="test-fail">{tn("%(n)s failed ✗", "%(n)s failed ✗", failed)}</span>
            {skipped > 0 && <span>{tn("%(n)s skipped", "%(n)s skipped", skipped)}</span>}
            {ms >= 100 && <span>{t("%(seconds)s s", { seconds: (ms / 1000).toFixed(1) })}</span>}
            {run.timed_out && <strong>{t("stopped: it took too long")}</strong>}
          </>
        )}
      </p>
      {tests.length === 0 && (
        <p class="notice-line">{t("The run ended without results for single tests. Its output says why.")}</p>
      )}
      <ul class="tests-list">
        {tests.map((test) => (
          <Test key={test.id} test={test} onAsk={onAsk} onOpen={onOpen} />
        ))}
      </ul>
      <details class="tests-output" open={tests.length === 0}>
        <summary>{t("Whole output (exit code %(code)s)", { code: run.exit_code ?? "?" })}</summary>
        <pre>{plain(run.output)}</pre>
      </details>
    </div>
  );
}

interface TestProps {
  test: TestResult;
  onAsk: ((test: TestResult) => void) | undefined;
  onOpen: ((path: string) => void) | undefined;
}

function Test({ test, onAsk, onOpen }: TestProps) {
  const [file, ...rest] = test.id.split("::");
  const name = rest.join("::") || test.id;
  const head = (
    <>
      <Outcome outcome={test.outcome} />
      <span class="test-what">
        <span class="test-name">{name}</span> <span class="test-file">{rest.length ? file : ""}</span>
      </span>
      <span class="test-ms">{test.duration_ms >= 10 ? t("%(ms)s ms", { ms: test.duration_ms }) : ""}</span>
    </>
  );
  if (!test.message) return <li class="test">{head}</li>;
  return (
    <li class="test test-told">
      <details>
        <summary>
          {head}
          <span class="test-why">{why(test.message)}</span>
        </summary>
        <pre>{plain(test.message)}</pre>
        <div class="test-acts">
          {onAsk && (
            <button type="button" class="text-button" onClick={() => onAsk(test)}>
              {t("Ask about this failure")}
            </button>
          )}
          {onOpen && file && rest.length > 0 && (
            <button type="button" class="text-button" onClick={() => onOpen(file)}>
              {t("Open %(path)s", { path: file })}
            </button>
          )}
        </div>
      </details>
    </li>
  );
}

function Outcome({ outcome }: { outcome: TestResult["outcome"] }) {
  if (outcome === "passed")
    return (
      <span class="test-pass" role="img" aria-label={t("passed")}>
        ✓
      </span>
    );
  if (outcome === "skipped")
    return (
      <span class="test-skip" role="img" aria-label={t("skipped")}>
        –
      </span>
    );
  return (
    <span class="test-fail" role="img" aria-label={outcome === "error" ? t("broken") : t("failed")}>
      ✗
    </span>
  );
}

const PLACE = /^E\s+File ".*", line \d+$/;
const NAMED = /^(E\s+)?\w*(Error|Exception)\b/;

/** The line of a failure that says most. */
export function why(message: string): string {
  const lines = plain(message)
    .split("\n")
    // A parser's error begins with where it is; what it is comes after the code it quotes.
    .filter((line, index, all) => !all.slice(0, index + 1).some((at) => PLACE.test(at)) || NAMED.test(line));
  const told = lines.find((line) => /^(E\s|\w*(Error|Exception)\b|assert\b)/.test(line.trim())) ?? lines[0] ?? "";
  return told.trim().replace(/^E\s+/, "").slice(0, 160);
}

/** Text without the colours that programs write for terminals. */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "");
}
