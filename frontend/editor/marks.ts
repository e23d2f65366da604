// Where somebody else changed a document last.
// Owns the mark, in its author's colour, with a word beside it where one works in the document oneself. Invariant: it moves with
// the text and takes no room. Leaves out when to set it (viewer.ts, editable.ts).

import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import type { Origin } from "../core/events.ts";
import { t } from "../core/i18n.ts";

export type Who = "candidate" | "assistant" | "terminal" | "interviewer";

export interface Recent {
  ranges: readonly { from: number; to: number }[];
  who: Who;
  /** Whether a flag with the author's word stands at the last range. */
  flag?: boolean;
}

export const setRecent = StateEffect.define<Recent>();

/** A bar where they were last. */
class Bar extends WidgetType {
  constructor(private who: Who) {
    super();
  }

  override eq(other: Bar): boolean {
    return other.who === this.who;
  }

  override toDOM(): HTMLElement {
    const bar = document.createElement("span");
    bar.className = `cm-bar cm-bar-${this.who}`;
    bar.setAttribute("aria-hidden", "true");
    return bar;
  }
}

/** Their word, behind the line's text. */
class Flag extends WidgetType {
  constructor(private who: Who) {
    super();
  }

  override eq(other: Flag): boolean {
    return other.who === this.who;
  }

  override toDOM(): HTMLElement {
    const flag = document.createElement("span");
    flag.className = `cm-flag cm-flag-${this.who}`;
    flag.setAttribute("aria-hidden", "true");
    flag.appendChild(document.createElement("span")).textContent = wordOf(this.who);
    return flag;
  }
}

interface Shown {
  ranges: DecorationSet;
  flag: { at: number; who: Who } | null;
}

const recent = StateField.define<Shown>({
  create: () => ({ ranges: Decoration.none, flag: null }),
  update(shown, transaction) {
    const { changes, newDoc } = transaction;
    const { flag } = shown;
    let next: Shown = {
      ranges: shown.ranges.map(changes),
      // What is typed just there oneself stands behind it.
      flag: flag && { ...flag, at: changes.mapPos(flag.at, -1) },
    };
    for (const effect of transaction.effects) {
      if (!effect.is(setRecent)) continue;
      const { ranges, who } = effect.value;
      const mark = Decoration.mark({ class: `cm-recent cm-recent-${who}` });
      const changed = ranges.filter((range) => range.to > range.from);
      const at = effect.value.flag ? ranges[ranges.length - 1]?.to : undefined;
      next = {
        ranges: Decoration.set(changed.map((range) => mark.range(range.from, range.to))),
        flag: at === undefined ? null : { at: Math.min(at, newDoc.length), who },
      };
    }
    return next;
  },
  provide: (field) => [
    EditorView.decorations.from(field, ({ ranges }) => ranges),
    EditorView.decorations.compute([field, "doc"], (state) => {
      const { flag } = state.field(field);
      if (!flag) return Decoration.none;
      return Decoration.set([
        Decoration.widget({ widget: new Bar(flag.who), side: -1 }).range(flag.at),
        Decoration.widget({ widget: new Flag(flag.who), side: 1 }).range(state.doc.lineAt(flag.at).to),
      ]);
    }),
  ],
});

export const marks: Extension = recent;

export function whoOf(origin: Origin): Who {
  if (origin === "hunk") return "assistant";
  if (origin === "co-edit") return "interviewer";
  return origin === "terminal" || origin === "rebuild" ? "terminal" : "candidate";
}

function wordOf(who: Who): string {
  const words: Record<Who, string> = {
    candidate: t("Candidate"),
    assistant: t("Assistant"),
    terminal: t("Terminal"),
    interviewer: t("Interviewer"),
  };
  return words[who];
}
