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
    const word = flag.appendChild(document.createElement("span"));
    word.textContent = wordOf(this.who);
    return flag;
  }
}

const recent = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setRecent)) continue;
      const { ranges, who, flag } = effect.value;
      const mark = Decoration.mark({ class: `cm-recent cm-recent-${who}` });
      const all = ranges.filter((range) => range.to > range.from).map((range) => mark.range(range.from, range.to));
      const last = ranges[ranges.length - 1];
      if (flag && last) all.push(Decoration.widget({ widget: new Flag(who), side: 1 }).range(last.to));
      next = Decoration.set(all, true);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
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
