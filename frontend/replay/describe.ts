// Events in words, and the moments worth jumping to.
// Owns what an event is called, who did it and its sign. Invariant: every event has words; colour is never the only sign of who.

import { as, type Wire } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import { insertedRanges } from "../core/text.ts";
import { whoOf } from "../editor/marks.ts";

export type Who = "candidate" | "assistant" | "terminal" | "interviewer" | "system";

export interface Described {
  who: Who;
  sign: string;
  words: string;
  /** The text behind it: what a search looks through beside the words. */
  detail: string;
}

/** A moment of the jump list: one event, or a stretch of edits. */
export interface Moment extends Described {
  seq: number;
  at_ms: number;
}

const STRETCH_MS = 15_000;

export function actorOf(event: Wire): Who {
  if (event.actor.startsWith("interviewer")) return "interviewer";
  const edited = as(event, "file.edited") ?? as(event, "file.snapshotted");
  if (edited) return edited.origin === "starter" ? "system" : whoOf(edited.origin);
  if (event.actor === "candidate" || event.actor === "assistant" || event.actor === "terminal") return event.actor;
  return "system";
}

export function whoWord(who: Who): string {
  const words: Record<Who, string> = {
    candidate: t("candidate"),
    assistant: t("assistant"),
    terminal: t("terminal"),
    interviewer: t("interviewer"),
    system: t("Pairsight"),
  };
  return words[who];
}

export function describe(event: Wire): Described {
  const who = actorOf(event);
  const told = (sign: string, words: string, detail = ""): Described => ({ who, sign, words, detail });
  const prompt = as(event, "prompt.sent");
  if (prompt) return told("●", t("Prompt"), prompt.text);
  const finished = as(event, "reply.finished");
  if (finished)
    return told("◆", finished.miss ? t("Reply: nothing prepared for this prompt") : t("Reply"), finished.text);
  const failed = as(event, "reply.failed");
  if (failed) return told("◆", t("The assistant failed"), failed.reason);
  const tool = as(event, "tool.called");
  if (tool) return told("⚙", t("Tool %(tool)s", { tool: tool.tool }), JSON.stringify(tool.input));
  const offered = as(event, "suggestion.offered");
  if (offered)
    return told(
      "▣",
      tn("Proposal with %(n)s change", "Proposal with %(n)s changes", offered.hunks.length),
      offered.title,
    );
  const decided = as(event, "suggestion.decided");
  if (decided) {
    const accepted = decided.decision === "accepted";
    return told(
      accepted ? "▣" : "□",
      accepted ? t("Accepted a change") : t("Rejected a change"),
      `${decided.hunk} ${decided.reason}`.trim(),
    );
  }
  const run = as(event, "run.finished");
  if (run) {
    const failures = run.tests.filter((test) => test.outcome === "failed" || test.outcome === "error").length;
    const passed = run.tests.filter((test) => test.outcome === "passed").length;
    return {
      ...told(run.exit_code === 0 ? "✓" : "✗", t("Tests: %(passed)s ✓ %(failed)s ✗", { passed, failed: failures })),
      who: "candidate",
    };
  }
  const command = as(event, "command.finished");
  if (command)
    return told(
      command.exit_code === 0 ? "▪" : "▫",
      t("Command, exit code %(code)s", { code: command.exit_code }),
      command.command,
    );
  const note = as(event, "note.added");
  if (note) return told("✎", t("Note"), note.text);
  const edited = as(event, "file.edited");
  if (edited) return told(edited.origin === "hunk" ? "▣" : "▂", editWords(edited.origin, edited.path), edited.path);
  const whole = as(event, "file.snapshotted");
  if (whole)
    return told(
      "▂",
      whole.origin === "starter"
        ? t("Handed out %(path)s", { path: whole.path })
        : t("Wrote %(path)s", { path: whole.path }),
      whole.path,
    );
  const deleted = as(event, "file.deleted");
  if (deleted) return told("▂", t("Deleted %(path)s", { path: deleted.path }), deleted.path);
  const presence = as(event, "presence.changed");
  if (presence) return told("·", presenceWords(presence.role === "candidate", presence.state));
  const paused = as(event, "clock.paused");
  if (paused) return told("‖", t("Clock paused"), paused.reason);
  const queued = as(event, "sandbox.queued");
  if (queued) return told("·", tn("In line, %(n)s person ahead", "In line, %(n)s people ahead", queued.ahead));
  const started = as(event, "sandbox.started");
  if (started?.adopted) return told("·", t("The sandbox was found again"), started.backend);
  const lost = as(event, "sandbox.lost");
  if (lost) return told("·", t("The sandbox was lost"), lost.reason);
  const analysis = as(event, "analysis.recorded");
  if (analysis) return told("·", ...analysisWords(analysis.kind, analysis.result));
  return told("·", simpleWords(event.type));
}

function analysisWords(kind: string, result: Record<string, unknown>): [string, string] {
  if (kind === "grading") return [t("Grading has to wait"), String(result.waiting ?? "")];
  if (kind !== "hidden_tests") return [t("An analysis ran"), kind];
  if (result.failed) return [t("The hidden tests could not run"), String(result.failed)];
  return [t("Hidden tests ran"), `${result.passed} / ${result.total}`];
}

function editWords(origin: string, path: string): string {
  if (origin === "paste") return t("Pasted into %(path)s", { path });
  if (origin === "undo") return t("Undid in %(path)s", { path });
  if (origin === "hunk") return t("A change came into %(path)s", { path });
  if (origin === "terminal") return t("A program changed %(path)s", { path });
  return t("Edited %(path)s", { path });
}

function presenceWords(candidate: boolean, state: string): string {
  if (!candidate) return state === "gone" ? t("An interviewer left") : t("An interviewer is here");
  if (state === "away") return t("The page went to the background");
  return state === "gone" ? t("The candidate's page disconnected") : t("The candidate is here");
}

function simpleWords(type: string): string {
  const words: Record<string, string> = {
    "consent.given": t("Consent given"),
    "key.recorded": t("What is looked for was pinned"),
    "interview.started": t("The interview started"),
    "phase.started": t("The clock started"),
    "phase.ended": t("The work ended"),
    "clock.resumed": t("Clock running again"),
    "sandbox.started": t("The sandbox started"),
    "sync.failed": t("A file could not be written to the workspace"),
    "terminal.opened": t("Opened a terminal"),
    "terminal.output": t("Terminal output"),
    "terminal.resized": t("Terminal resized"),
    "terminal.closed": t("A terminal ended"),
    "run.started": t("Started the tests"),
    "reply.started": t("The assistant began"),
    "reply.appended": t("Part of a reply"),
    "suggestion.annotated": t("What the exercise knows of a proposal"),
    "interview.submitted": t("Submitted"),
    "debrief.shown": t("The planted mistakes were shown"),
    "score.recorded": t("A score was recorded"),
  };
  return words[type] ?? type;
}

const QUIET = new Set([
  "terminal.output",
  "terminal.resized",
  "reply.started",
  "reply.appended",
  "run.started",
  "suggestion.annotated",
  "key.recorded",
  "withheld",
]);

/** The moments of a log: what flows (typing, output) is gathered into stretches or left out. */
export function moments(events: readonly Wire[]): Moment[] {
  const out: Moment[] = [];
  let stretch: { path: string; origin: string; until: number; added: number; moment: Moment } | null = null;
  for (const event of events) {
    const edited = as(event, "file.edited");
    if (edited && edited.origin !== "hunk") {
      const added = insertedRanges(edited.changes).reduce((sum, range) => sum + range.to - range.from, 0);
      if (stretch && stretch.path === edited.path && stretch.origin === edited.origin && event.at_ms <= stretch.until) {
        stretch.until = event.at_ms + STRETCH_MS;
        stretch.added += added;
      } else {
        const moment = { ...describe(event), seq: event.seq, at_ms: event.at_ms };
        stretch = { path: edited.path, origin: edited.origin, until: event.at_ms + STRETCH_MS, added, moment };
        out.push(moment);
      }
      stretch.moment.words = `${editWords(edited.origin, edited.path)} ${tn("(+%(n)s character)", "(+%(n)s characters)", stretch.added)}`;
      continue;
    }
    if (QUIET.has(event.type) || as(event, "file.snapshotted")?.origin === "starter") continue;
    if (as(event, "presence.changed")?.role === "interviewer") continue;
    out.push({ ...describe(event), seq: event.seq, at_ms: event.at_ms });
  }
  return out;
}
