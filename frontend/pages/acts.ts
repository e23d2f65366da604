// What the candidate does, as messages to the server.
// Owns the names of the messages and telling the person when one fails. Invariant: an act that failed is said in words.

import type { Decision, Verdict } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Ack, Live } from "../core/live.ts";
import type { Wanted } from "../panels/mentions.ts";
import { say } from "../ui/toasts.tsx";

/** What one thinks of a hunk of the review: `line` counts in what the hunk puts there, 0 is the whole hunk. */
export interface Judgement {
  verdict: Verdict;
  line: number;
  fault: string;
  repair: string | null;
}

export class Acts {
  constructor(private live: Live) {}

  run(): Promise<Ack> {
    return this.#tell(this.live.act("run"));
  }

  /** `model` is empty where none was chosen. */
  ask(text: string, mentions: Wanted[], model = ""): Promise<Ack> {
    return this.#tell(this.live.act("ask", { text, mentions, ...(model && { model }) }));
  }

  stop(turn: string): Promise<Ack> {
    return this.#tell(this.live.act("stop", { turn }));
  }

  /** The answer is for the hunk to show, not for a message. */
  decide(suggestion: string, hunk: string, decision: Decision, reason: string, kept?: string): Promise<Ack> {
    const changed = kept === undefined ? {} : { kept };
    return this.live.act("decide", { suggestion, hunk, decision, reason, ...changed });
  }

  decideAll(suggestion: string, decision: Decision): Promise<Ack> {
    return this.live.act("decide_all", { suggestion, decision });
  }

  refresh(suggestion: string, hunk: string): Promise<Ack> {
    return this.live.act("refresh", { suggestion, hunk });
  }

  /** `model` is empty where none was chosen. */
  openTicket(title: string, text: string, mentions: Wanted[], model = ""): Promise<Ack> {
    return this.#tell(this.live.act("ticket.open", { title, text, mentions, ...(model && { model }) }));
  }

  /** Ask for another round; `comments` are the ids of those that are to be heeded. */
  reviseTicket(ticket: string, text: string, comments: string[]): Promise<Ack> {
    return this.#tell(this.live.act("ticket.revise", { ticket, text, comments }));
  }

  closeTicket(ticket: string): Promise<Ack> {
    return this.#tell(this.live.act("ticket.close", { ticket }));
  }

  stopTicket(ticket: string): Promise<Ack> {
    return this.#tell(this.live.act("ticket.stop", { ticket }));
  }

  /** `line` counts in what the hunk puts there; 0 is the whole hunk. */
  comment(suggestion: string, hunk: string, line: number, text: string): Promise<Ack> {
    return this.#tell(this.live.act("comment", { suggestion, hunk, line, text }));
  }

  /** End the work under way. Said of that phase: where it is over by the time this arrives, nothing begins for it. */
  endPhase(ends: string): Promise<Ack> {
    return this.#tell(this.live.act("next_phase", { ends }));
  }

  /** Begin the phase that is offered. */
  beginPhase(begins: string): Promise<Ack> {
    return this.#tell(this.live.act("next_phase", { begins }));
  }

  judge(review: string, hunk: string, judged: Judgement): Promise<Ack> {
    return this.#tell(this.live.act("judge", { review, hunk, ...judged }));
  }

  create(path: string): Promise<Ack> {
    return this.#tell(this.live.act("create", { path }));
  }

  delete(path: string): Promise<Ack> {
    return this.#tell(this.live.act("delete", { path }));
  }

  rename(path: string, to: string): Promise<Ack> {
    return this.#tell(this.live.act("rename", { path, to }));
  }

  submit(): Promise<Ack> {
    return this.#tell(this.live.act("submit"));
  }

  note(text: string, about_seq: number): Promise<Ack> {
    return this.#tell(this.live.act("note", { text, about_seq }));
  }

  flushed(): Promise<Ack> {
    return this.live.act("flushed");
  }

  /** Resolves with whether that is settled: not where the line has gone meanwhile, or the server or the sandbox is starting. */
  async openTerminal(cols: number, rows: number): Promise<boolean> {
    const ack = await this.#tell(this.live.send("term.open", { cols, rows }));
    return ack.ok || !["offline", "busy", "failed"].includes(ack.code);
  }

  terminalInput(terminal: string, data: string): void {
    void this.live.send("term.input", { terminal, data }).then((ack) => {
      if (!ack.ok && ack.code === "offline") say(t("Not connected: what you type in the terminal is not sent."));
      // The sandbox is away: keys would vanish without a word.
      if (!ack.ok && ack.code === "failed") say(ack.error);
    });
  }

  terminalResize(terminal: string, cols: number, rows: number): void {
    void this.live.send("term.resize", { terminal, cols, rows });
  }

  async #tell(answer: Promise<Ack>): Promise<Ack> {
    const ack = await answer;
    if (!ack.ok) say(ack.error, ack.code !== "offline");
    return ack;
  }
}
