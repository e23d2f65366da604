// Events in words, and the moments worth jumping to.
// Owns what an event is called, who did it and its sign. Invariant: every event has words; colour is never the only sign of who.

import { as, type Origin, type Payloads, type Verdict, type Wire } from "../core/events.ts";
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
const ERASED = "▨";
/** What nobody wrote at that moment. */
const OURS: ReadonlySet<Origin> = new Set(["starter", "keyframe", "redacted", "rebuild"]);

export function actorOf(event: Wire): Who {
  if (event.actor.startsWith("interviewer")) return "interviewer";
  const edited = as(event, "file.edited") ?? as(event, "file.snapshotted") ?? as(event, "file.deleted");
  if (edited) return OURS.has(edited.origin) ? "system" : whoOf(edited.origin);
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

/** `erasure` is what tells of the event's erasure, where it was erased. */
export function describe(event: Wire, erasure?: Wire): Described {
  const who = actorOf(event);
  if (erasure && event.payload === null) return tombstone(erasure, kindWords(event.type, 1));
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
  const handed = handedWords(event);
  if (handed) return told(...handed);
  const judged = as(event, "hunk.judged");
  if (judged) {
    const repair = judged.repair == null ? "" : t("with a repair");
    const late = judged.late ? t("it came after the end") : "";
    return told(
      "◧",
      t("Judged a change: %(verdict)s", { verdict: verdictWord(judged.verdict) }),
      [judged.fault, repair, late].filter(Boolean).join(" · "),
    );
  }
  const begun = as(event, "phase.started");
  if (begun) return told("·", begun.phase === "review" ? t("The review began") : t("The clock started"));
  const ended = as(event, "phase.ended");
  if (ended) return told("·", ended.phase === "review" ? t("The review ended") : t("The work ended"));
  const next = as(event, "phase.offered");
  if (next) return told("·", next.phase === "review" ? t("The review was offered") : t("More work was offered"));
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
  if (whole) return told("▂", wholeWords(whole), whole.path);
  const deleted = as(event, "file.deleted");
  if (deleted) return told("▂", t("Deleted %(path)s", { path: deleted.path }), deleted.path);
  const output = as(event, "terminal.output");
  if (output?.cut) return told("…", cutWords(output.cut));
  const erased = as(event, "payload.erased");
  if (erased)
    return told(
      ERASED,
      tn("Erased what %(n)s event held", "Erased what %(n)s events held", erased.seqs.length),
      erased.reason,
    );
  const presence = as(event, "presence.changed");
  if (presence) return told("·", presenceWords(presence.role === "candidate", presence.state));
  const paused = as(event, "clock.paused");
  if (paused) return told("‖", t("Clock paused"), paused.reason);
  const queued = as(event, "sandbox.queued");
  if (queued) return told("·", tn("In line, %(n)s person ahead", "In line, %(n)s people ahead", queued.ahead));
  const started = as(event, "sandbox.started");
  if (started?.adopted) return told("·", t("The sandbox was found again"), started.backend);
  const lost = as(event, "sandbox.lost");
  if (lost) return told("⚡", t("The sandbox was lost"), lost.reason);
  const analysis = as(event, "analysis.recorded");
  if (analysis) return told("·", ...analysisWords(analysis.kind, analysis.result));
  return told("·", simpleWords(event.type));
}

/** Work that was handed over, what came of it, and what was said of it. */
function handedWords(event: Wire): [sign: string, words: string, detail: string] | null {
  const opened = as(event, "ticket.opened");
  if (opened) return ["▷", t("Handed over a ticket"), `${opened.title}: ${opened.text}`];
  const revised = as(event, "ticket.revised");
  if (revised) return ["▷", t("Asked for changes to a ticket"), revised.text];
  const returned = as(event, "ticket.returned");
  if (returned) return ["◁", t("A ticket came back"), returned.title];
  if (as(event, "ticket.closed")) return ["□", t("Closed a ticket"), ""];
  const comment = as(event, "comment.added");
  if (comment) return ["¶", t("Commented on a change"), comment.text];
  const review = as(event, "review.opened");
  if (review) return ["▤", t("The change to be reviewed was shown"), review.title];
  return null;
}

function verdictWord(verdict: Verdict): string {
  const words: Record<Verdict, string> = {
    block: t("block"),
    "probably wrong": t("probably wrong"),
    "probably right": t("probably right"),
    merge: t("merge"),
  };
  return words[verdict];
}

function analysisWords(kind: string, result: Record<string, unknown>): [string, string] {
  if (kind === "grading") return [t("Grading has to wait"), String(result.waiting ?? "")];
  const ran: Record<string, string> = {
    review_repairs: t("The review's repairs were tried"),
    accepted_coverage: t("It was looked at what the candidate's runs reach"),
    own_tests: t("The candidate's own tests were tried on changed programs"),
    baseline: t("What the assistant reaches alone was looked up"),
  };
  if (kind !== "hidden_tests") return ran[kind] ? [ran[kind], ""] : [t("An analysis ran"), kind];
  if (result.failed) return [t("The hidden tests could not run"), String(result.failed)];
  return [t("Hidden tests ran"), `${result.passed} / ${result.total}`];
}

/** What stands in place of an erased event. */
export function tombstone(erasure: Wire, what: string): Described {
  const reason = as(erasure, "payload.erased")?.reason ?? "";
  return { who: actorOf(erasure), sign: ERASED, words: t("Erased: %(what)s", { what }), detail: reason };
}

/** "3 edits": so many events of a type, in words. */
export function kindWords(type: string, n: number): string {
  return wordsOfKind(type, n) ?? tn("%(n)s other event", "%(n)s other events", n);
}

/** Whether an event of this type holds somebody's words, which can be erased. */
export function holdsWords(type: string): boolean {
  return wordsOfKind(type, 1) !== undefined;
}

function wordsOfKind(type: string, n: number): string | undefined {
  const words: Record<string, string> = {
    "file.edited": tn("%(n)s edit", "%(n)s edits", n),
    "file.snapshotted": tn("%(n)s whole text of a file", "%(n)s whole texts of files", n),
    "file.deleted": tn("%(n)s deletion of a file", "%(n)s deletions of files", n),
    "terminal.output": tn("%(n)s piece of terminal output", "%(n)s pieces of terminal output", n),
    "command.finished": tn("%(n)s command", "%(n)s commands", n),
    "run.started": tn("%(n)s start of a test run", "%(n)s starts of test runs", n),
    "run.finished": tn("%(n)s result of a test run", "%(n)s results of test runs", n),
    "prompt.sent": tn("%(n)s prompt", "%(n)s prompts", n),
    "reply.appended": tn("%(n)s part of a reply", "%(n)s parts of replies", n),
    "reply.finished": tn("%(n)s reply", "%(n)s replies", n),
    "tool.called": tn("%(n)s tool call of the assistant", "%(n)s tool calls of the assistant", n),
    "suggestion.offered": tn("%(n)s proposal", "%(n)s proposals", n),
    "suggestion.decided": tn("%(n)s decision", "%(n)s decisions", n),
    "note.added": tn("%(n)s note", "%(n)s notes", n),
    "ticket.opened": tn("%(n)s ticket", "%(n)s tickets", n),
    "ticket.revised": tn("%(n)s request for changes to a ticket", "%(n)s requests for changes to tickets", n),
    "ticket.returned": tn("%(n)s return of a ticket", "%(n)s returns of tickets", n),
    "comment.added": tn("%(n)s comment", "%(n)s comments", n),
    "hunk.judged": tn("%(n)s verdict", "%(n)s verdicts", n),
  };
  return words[type];
}

/** All of them in one list, most first. */
export function kindsWords(kinds: Readonly<Record<string, number>>): string {
  return Object.entries(kinds)
    .sort((a, b) => b[1] - a[1])
    .map(([type, n]) => kindWords(type, n))
    .join(", ");
}

function wholeWords(whole: Payloads["file.snapshotted"]): string {
  const { path, origin, renamed_from: from } = whole;
  if (from) return t("Renamed %(from)s to %(path)s", { from, path });
  if (origin === "starter") return t("Handed out %(path)s", { path });
  if (origin === "keyframe") return t("Recorded the whole of %(path)s, which is unchanged", { path });
  if (origin === "redacted") return t("Took a secret out of %(path)s", { path });
  if (origin === "rebuild") return t("Put %(path)s back into the new sandbox", { path });
  return t("Wrote %(path)s", { path });
}

function cutWords(bytes: number): string {
  const size =
    bytes < 10_000
      ? `${bytes} B`
      : bytes < 10_000_000
        ? `${Math.round(bytes / 1000)} kB`
        : `${Math.round(bytes / 1e6)} MB`;
  return t("Terminal output; %(size)s before it were left out", { size });
}

function editWords(origin: string, path: string): string {
  if (origin === "paste") return t("Pasted into %(path)s", { path });
  if (origin === "undo") return t("Undid in %(path)s", { path });
  if (origin === "hunk") return t("A change came into %(path)s", { path });
  if (origin === "co-edit") return t("The interviewer edited %(path)s", { path });
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
    "consent.withdrawn": t("The consent to planted mistakes was taken back"),
    "key.recorded": t("What is looked for was pinned"),
    "interview.started": t("The interview started"),
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
    "review.annotated": t("What the exercise knows of the review"),
    "defect.traced": t("What became of a planted mistake"),
    "tool.started": t("A tool was called"),
    "reply.delayed": t("The assistant's service was asked again"),
    "suggestion.refreshed": t("A change was made anew for the text as it was then"),
    "interview.submitted": t("Submitted"),
    "debrief.shown": t("The planted mistakes were shown"),
    "rating.recorded": t("An interviewer recorded their own levels"),
    "explanation.rated": t("An interviewer rated an explanation"),
    "score.revealed": t("The proposed score was shown to an interviewer"),
    "score.overridden": t("A level was overridden"),
    "score.signed": t("The score was signed"),
    "score.recorded": t("A score was recorded"),
  };
  return words[type] ?? type;
}

const QUIET = new Set([
  "terminal.resized",
  "reply.started",
  "reply.appended",
  "run.started",
  "suggestion.annotated",
  "review.annotated",
  "defect.traced",
  "tool.started",
  "key.recorded",
  "withheld",
]);

/** Whether an event is no moment of its own: it goes on with another, or changes nothing that one sees. */
function isQuiet(event: Wire, before: Wire | undefined): boolean {
  const output = as(event, "terminal.output");
  if (output) return !output.cut;
  if (QUIET.has(event.type)) return true;
  const origin = as(event, "file.snapshotted")?.origin;
  if (origin === "starter" || origin === "keyframe") return true;
  // The second half of a rename.
  const deleted = as(event, "file.deleted");
  const renamed = before && as(before, "file.snapshotted")?.renamed_from;
  if (deleted && renamed === deleted.path) return true;
  return as(event, "presence.changed")?.role === "interviewer";
}

/** The moments of a log: what flows (typing, output) is gathered into stretches or left out. */
export function moments(events: readonly Wire[], erasures: ReadonlyMap<number, Wire>): Moment[] {
  const out: Moment[] = [];
  let stretch: { path: string; origin: string; until: number; added: number; moment: Moment } | null = null;
  let gone = null as { erasure: Wire; kinds: Record<string, number>; moment: Moment } | null;
  for (const [at, event] of events.entries()) {
    const { seq, at_ms } = event;
    const erasure = event.payload === null ? erasures.get(seq) : undefined;
    if (erasure) {
      if (gone?.erasure !== erasure) {
        gone = { erasure, kinds: {}, moment: { ...tombstone(erasure, ""), seq, at_ms } };
        out.push(gone.moment);
      }
      gone.kinds[event.type] = (gone.kinds[event.type] ?? 0) + 1;
      gone.moment.words = t("Erased: %(what)s", { what: kindsWords(gone.kinds) });
      continue;
    }
    const edited = as(event, "file.edited");
    if (edited && edited.origin !== "hunk") {
      const added = insertedRanges(edited.changes).reduce((sum, range) => sum + range.to - range.from, 0);
      if (stretch && stretch.path === edited.path && stretch.origin === edited.origin && at_ms <= stretch.until) {
        stretch.until = at_ms + STRETCH_MS;
        stretch.added += added;
      } else {
        const moment = { ...describe(event), seq, at_ms };
        stretch = { path: edited.path, origin: edited.origin, until: at_ms + STRETCH_MS, added, moment };
        out.push(moment);
      }
      gone = null;
      stretch.moment.words = `${editWords(edited.origin, edited.path)} ${tn("(+%(n)s character)", "(+%(n)s characters)", stretch.added)}`;
      continue;
    }
    if (isQuiet(event, events[at - 1])) continue;
    gone = null;
    out.push({ ...describe(event), seq, at_ms });
  }
  return out;
}
