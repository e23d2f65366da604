// What the assistant did beside talking, step by step, as it happens.
// Owns saying in words what a call was, how it went and what came back. Invariant: an unknown tool is shown by its name and input;
// whatever came back is text. Leaves out proposals (proposal.tsx).

import { useEffect, useState } from "preact/hooks";
import { t, tn } from "../core/i18n.ts";
import type { ToolView } from "../core/state.ts";
import { Icon, type IconName } from "../ui/icons.tsx";
import { LeftOut } from "./attach.tsx";
import { plain } from "./mentions.ts";

interface Said {
  icon: IconName;
  /** What it is doing, and has done. */
  doing: string;
  done: string;
  /** What it did it with, as code. */
  what: string;
}

/** The parts of a call's input that are text or numbers. */
function field(input: unknown, name: string): string {
  const value = typeof input === "object" && input !== null ? (input as Record<string, unknown>)[name] : undefined;
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function inWords({ tool, input }: Pick<ToolView, "tool" | "input">): Said {
  const path = field(input, "path");
  switch (tool) {
    case "list_files":
      return {
        icon: "folder",
        doing: t("Looking at which files there are"),
        done: t("Looked at which files there are"),
        what: "",
      };
    case "read_file":
      return { icon: "file", doing: t("Reading"), done: t("Read"), what: path + range(input) };
    case "search":
      return { icon: "search", doing: t("Searching for"), done: t("Searched for"), what: field(input, "pattern") };
    case "propose_edit":
      return { icon: "note", doing: t("Working out a change of"), done: t("Worked out a change of"), what: path };
    case "run_tests":
      return { icon: "check", doing: t("Running the tests on a copy"), done: t("Ran the tests on a copy"), what: "" };
    case "run_command":
      return {
        icon: "terminal",
        doing: t("Running on a copy"),
        done: t("Ran on a copy"),
        what: field(input, "command"),
      };
    default:
      return { icon: "play", doing: tool, done: tool, what: shortInput(input) };
  }
}

function range(input: unknown): string {
  const first = field(input, "start_line");
  const last = field(input, "end_line");
  if (!last) return first && first !== "1" ? `:${first}–` : "";
  return `:${first || "1"}–${last}`;
}

function shortInput(input: unknown): string {
  if (typeof input !== "object" || input === null) return "";
  const words = Object.values(input).filter((value) => typeof value === "string" || typeof value === "number");
  return words.join(" ");
}

const SHORT = 200;

/** `over`: the reply has ended, so that a step without a result has none to come. */
export function Steps({ tools, over, counts }: { tools: readonly ToolView[]; over: boolean; counts: boolean }) {
  return (
    <ol class="steps" aria-label={tn("%(n)s step", "%(n)s steps", tools.length)}>
      {tools.map((tool) => (
        <Step key={tool.call || tool.seq} tool={tool} over={over} counts={counts} />
      ))}
    </ol>
  );
}

function Step({ tool, over, counts }: { tool: ToolView; over: boolean; counts: boolean }) {
  const { icon, doing, done, what } = inWords(tool);
  const underWay = tool.ok === null && !over;
  const head = (
    <>
      <Icon name={icon} />
      <span class="step-words">
        {tool.ok === null ? doing : done} {what && <code>{what.slice(0, SHORT)}</code>}
      </span>
      <span class="step-state">{underWay ? <Elapsed counts={counts} /> : <Ended tool={tool} />}</span>
    </>
  );
  const output = plain(tool.output).trim();
  if (!output && what.length <= SHORT) return <li class="step step-flat">{head}</li>;
  return (
    <li class={tool.ok === false ? "step step-failed" : "step"}>
      <details>
        <summary>{head}</summary>
        {what.length > SHORT && <pre>{what}</pre>}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys */}
        {output && <pre tabIndex={0}>{output}</pre>}
        {tool.cut > 0 && <LeftOut cut={tool.cut} />}
      </details>
    </li>
  );
}

const TOLD_MS = 1000;

function Ended({ tool }: { tool: ToolView }) {
  if (tool.ok === null) return <>{t("not finished")}</>;
  const took = tool.total_ms >= TOLD_MS ? t("%(seconds)s s", { seconds: (tool.total_ms / 1000).toFixed(1) }) : "";
  return (
    <>
      {took} {outcome(tool)}
    </>
  );
}

/** Tests that fail and a command that ends so have worked: what they gave is no fault of the assistant's. */
function outcome({ tool, ok, output }: ToolView) {
  const counts = tool === "run_tests" ? /^\d+ [a-z]+(?:, \d+ [a-z]+)*$/m.exec(output.slice(0, SHORT))?.[0] : undefined;
  if (counts) return counts;
  if (ok) return t("done");
  return <strong>{tool === "run_command" ? t("ended with an error") : t("did not work")}</strong>;
}

/** How long it is under way. A replay has a time of its own. */
function Elapsed({ counts }: { counts: boolean }) {
  const seconds = useSeconds();
  return (
    <>
      <span class="busy" aria-hidden="true" />{" "}
      {counts && seconds >= 1 ? t("%(seconds)s s", { seconds }) : t("under way")}
    </>
  );
}

/** Whole seconds since it is shown. */
export function useSeconds(): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const timer = window.setInterval(() => setSeconds((now) => now + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return seconds;
}
