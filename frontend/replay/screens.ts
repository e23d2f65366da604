// What the terminals of a recorded interview showed, at any of its events.
// Owns the keyframes of terminals: screens made of the log while the page has nothing else to do. Invariant: a screen and the
// output after it look as the whole output does, and nothing is kept that the log does not hold. Before a keyframe is made, only the
// last of the output is drawn, and drawn again once there is one. Leaves out drawing (panels/terminal.tsx).

import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { SerializeAddon } from "@xterm/addon-serialize";
import { Terminal } from "@xterm/xterm";
import { as, type Wire } from "../core/events.ts";
import type { Screens, Step } from "../panels/terminal.tsx";

/** The parser takes some 1.4 MB/s: so much is parsed in some 15 ms. */
const EVERY = 20_000;
/** What is parsed before the page has its turn again. */
const SLICE = 8_000;
/** As much is drawn of output that has no keyframe yet. */
const WITHOUT = 60_000;
/** Lines above the screen that one can scroll back to after a jump. */
const SCROLLBACK = 200;
const IDLE_MS = 200;

interface Part {
  seq: number;
  step: Step;
}

interface Screen {
  /** How many parts it stands for. */
  parts: number;
  cols: number;
  rows: number;
  data: string;
}

/** One terminal from its opening on. */
interface Course {
  parts: Part[];
  screens: Screen[];
  /** What makes its screens, and how many parts it was given. */
  folding: Folding | null;
  given: number;
}

export class RecordedScreens implements Screens {
  readonly #better: Signal<number> = signal(0);
  readonly better: ReadonlySignal<number> = this.#better;
  #courses = new Map<string, Course[]>();
  /** The events read into the courses. */
  #read = 0;
  #timer = 0;
  #busy = false;
  /** Counts what was dropped: a slice that began before is not kept. */
  #age = 0;
  /** What was drawn last without its keyframe. */
  #wanting: { course: Course; upto: number } | null = null;

  constructor(
    private events: () => readonly Wire[],
    private seq: () => number,
  ) {}

  /** Read what is new in the log, and go on making screens of it. */
  extend(): void {
    const events = this.events();
    for (const event of events.slice(this.#read)) this.#take(event);
    this.#read = events.length;
    this.#later();
  }

  /** Forget all screens, for the log is another one now. */
  drop(): void {
    this.#age += 1;
    for (const course of [...this.#courses.values()].flat()) course.folding?.dispose();
    this.#courses.clear();
    this.#read = 0;
    this.#wanting = null;
    this.#busy = false;
  }

  draw(terminal: string): readonly Step[] {
    const seq = this.seq();
    const course = this.#courses.get(terminal)?.findLast(({ parts }) => (parts[0]?.seq ?? 0) <= seq);
    if (!course) return [];
    const upto = course.parts.findLastIndex((part) => part.seq <= seq) + 1;
    const screen = course.screens.findLast(({ parts }) => parts <= upto);
    const from = screen?.parts ?? 0;
    const rest = course.parts.slice(from, upto).map(({ step }) => step);
    if (course.given < upto && volume(rest) > WITHOUT) {
      this.#wanting = { course, upto };
      return tail(course.parts.slice(0, upto));
    }
    this.#wanting = null;
    return screen ? [{ cols: screen.cols, rows: screen.rows }, screen.data, ...rest] : rest;
  }

  #take(event: Wire): void {
    const opened = as(event, "terminal.opened");
    if (opened) {
      const { terminal, cols, rows } = opened;
      const course = { parts: [{ seq: event.seq, step: { cols, rows } }], screens: [], folding: null, given: 0 };
      this.#courses.set(terminal, [...(this.#courses.get(terminal) ?? []), course]);
    }
    const output = as(event, "terminal.output");
    const resized = as(event, "terminal.resized");
    const parts = this.#courses.get((output ?? resized)?.terminal ?? "")?.at(-1)?.parts;
    if (output) parts?.push({ seq: event.seq, step: output.data });
    if (resized) parts?.push({ seq: event.seq, step: { cols: resized.cols, rows: resized.rows } });
  }

  #later(): void {
    if (this.#timer || this.#busy) return;
    const begin = () => {
      this.#timer = 0;
      void this.#slice();
    };
    // Safari has no idle callbacks.
    this.#timer = window.requestIdleCallback
      ? window.requestIdleCallback(begin, { timeout: IDLE_MS })
      : window.setTimeout(begin, IDLE_MS / 10);
  }

  async #slice(): Promise<void> {
    const all = [...this.#courses.values()].flat();
    const course =
      all.find((one) => one === this.#wanting?.course && one.given < one.parts.length) ??
      all.find((one) => one.given < one.parts.length);
    if (!course) return;
    this.#busy = true;
    const age = this.#age;
    course.folding ??= new Folding();
    const folding = course.folding;
    const begun = folding.since;
    while (course.given < course.parts.length && folding.since - begun < SLICE) {
      const part = course.parts[course.given++];
      if (part) folding.take(part.step);
    }
    await folding.parsed();
    if (age !== this.#age) return;
    this.#busy = false;
    if (folding.since >= EVERY && folding.plain) course.screens.push({ parts: course.given, ...folding.screen() });
    if (this.#wanting && this.#wanting.course.given >= this.#wanting.upto) this.#better.value += 1;
    this.#later();
  }
}

function volume(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => sum + (typeof step === "string" ? step.length : 0), 0);
}

/** The last of the output, at the size it has by then. */
function tail(parts: readonly Part[]): Step[] {
  const size = parts.findLast(({ step }) => typeof step !== "string")?.step;
  const out: Step[] = [];
  let left = WITHOUT;
  for (let at = parts.length - 1; at >= 0 && left > 0; at--) {
    const step = parts[at]?.step;
    if (typeof step !== "string") continue;
    out.unshift(step);
    left -= step.length;
  }
  return size ? [size, ...out] : out;
}

// What a serialized screen does not tell: where its lines scroll, whether the cursor is hidden, and what is under way.
const HIDE = 25;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ENDED = /^\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*\x07|[ -/]*[0-OQ-WYZ\\`-~])/;

/** A terminal that nobody sees. */
class Folding {
  /** Units taken since the last screen. */
  since = 0;
  #terminal = new Terminal({ scrollback: SCROLLBACK, allowProposedApi: true });
  #serializer = new SerializeAddon();
  #size = { cols: 80, rows: 24 };
  #hidden = false;
  /** The scrolling lines of the screen in use, where they are not all. */
  #region = "";
  /** The same of the screen that an alternate one lies over. */
  #covered = "";
  /** Other letters than usual, or a place to come back to. */
  #odd = false;
  #within = false;

  constructor() {
    const { parser } = this.#terminal;
    this.#terminal.loadAddon(this.#serializer);
    const seen = (then: () => void) => () => {
      then();
      return false;
    };
    parser.registerCsiHandler({ final: "r" }, (params) => {
      const [top = 0, bottom = 0] = params.map(Number);
      const all = top <= 1 && (bottom === 0 || bottom >= this.#terminal.rows);
      this.#region = all ? "" : `\x1b[${Math.max(1, top)};${bottom || this.#terminal.rows}r`;
      return false;
    });
    for (const final of ["h", "l"]) {
      parser.registerCsiHandler({ prefix: "?", final }, (params) => {
        if (params.includes(HIDE)) this.#hidden = final === "l";
        if (params.includes(1049) || params.includes(1047) || params.includes(47)) {
          if (final === "h") this.#covered = this.#region;
          this.#region = final === "l" ? this.#covered : "";
        }
        return false;
      });
    }
    parser.registerCsiHandler(
      { intermediates: "!", final: "p" },
      seen(() => this.#fresh()),
    );
    parser.registerEscHandler(
      { final: "c" },
      seen(() => this.#fresh()),
    );
    for (const sign of ["(", ")", "*", "+"]) {
      for (const final of ["0", "A"]) {
        parser.registerEscHandler(
          { intermediates: sign, final },
          seen(() => {
            this.#odd = true;
          }),
        );
      }
      parser.registerEscHandler(
        { intermediates: sign, final: "B" },
        seen(() => {
          this.#odd = false;
        }),
      );
    }
  }

  take(step: Step): void {
    if (typeof step !== "string") {
      this.#size = step;
      // In its turn among what is still to be parsed.
      this.#terminal.write("", () => {
        this.#terminal.resize(step.cols, step.rows);
        this.#region = "";
      });
      return;
    }
    this.since += step.length;
    const last = step.lastIndexOf("\x1b");
    this.#within = last >= 0 ? !ENDED.test(step.slice(last)) : this.#within;
    this.#terminal.write(step);
  }

  parsed(): Promise<void> {
    return new Promise((then) => this.#terminal.write("", then));
  }

  /** Whether a screen made now would go on as this terminal does. */
  get plain(): boolean {
    const alternate = this.#terminal.buffer.active.type === "alternate";
    return !this.#within && !this.#odd && !this.#terminal.modes.originMode && !(alternate && this.#covered);
  }

  screen(): Omit<Screen, "parts"> {
    this.since = 0;
    const region = this.#region && `\x1b7${this.#region}\x1b8`;
    const data = this.#serializer.serialize({ scrollback: SCROLLBACK }) + region + (this.#hidden ? "\x1b[?25l" : "");
    return { ...this.#size, data };
  }

  dispose(): void {
    this.#terminal.dispose();
  }

  #fresh(): void {
    this.#region = "";
    this.#hidden = false;
    this.#odd = false;
  }
}
