// Documents that only follow the interview: the live view and the replay.
// Owns how a viewer's documents take events, and the mark on what changed last, in its author's colour. Invariant: the text shown
// is the state's text after every event. Leaves out which file is shown (`follow` in pages/watching.ts).

import { ChangeSet, type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import { as, type Origin, type Wire } from "../core/events.ts";
import { insertedRanges } from "../core/text.ts";
import type { Doc, Editors, Sync } from "./editors.ts";
import { difference } from "./outbox.ts";

interface Recent {
  ranges: { from: number; to: number }[];
  who: "candidate" | "assistant" | "terminal";
}

const setRecent = StateEffect.define<Recent>();

const recent = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setRecent)) continue;
      const mark = Decoration.mark({ class: `cm-recent cm-recent-${effect.value.who}` });
      next = Decoration.set(
        effect.value.ranges.filter((range) => range.to > range.from).map((range) => mark.range(range.from, range.to)),
      );
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function whoOf(origin: Origin): Recent["who"] {
  if (origin === "hunk") return "assistant";
  return origin === "terminal" || origin === "rebuild" ? "terminal" : "candidate";
}

export class Viewer implements Sync {
  editors!: Editors;
  /** Whether the place of the last change is scrolled to. */
  scrolls = true;

  extensions(): Extension {
    return recent;
  }

  follow(doc: Doc, event: Wire, _before: string | null): void {
    const edited = as(event, "file.edited");
    const whole = as(event, "file.snapshotted");
    if (edited) {
      const changes = ChangeSet.fromJSON(edited.changes);
      const ranges = insertedRanges(edited.changes);
      this.#change(doc, changes, { ranges, who: whoOf(edited.origin) });
    } else if (whole && whole.text !== null) {
      const changes = difference(doc.state.doc.toString(), whole.text);
      this.#change(doc, changes, { ranges: [], who: whoOf(whole.origin) });
    }
  }

  replace(doc: Doc, text: string, _version: number): void {
    const now = doc.state.doc.toString();
    if (now !== text) this.#change(doc, difference(now, text), { ranges: [], who: "candidate" });
  }

  /** Show the place of an edit in a document that has it already. */
  mark(doc: Doc, event: Wire): void {
    const edited = as(event, "file.edited");
    if (!edited) return;
    const ranges = insertedRanges(edited.changes);
    const place = ranges[0]?.to ?? 0;
    if (place > doc.state.doc.length) return;
    const effects: StateEffect<unknown>[] = [setRecent.of({ ranges, who: whoOf(edited.origin) })];
    if (this.scrolls) effects.push(EditorView.scrollIntoView(place, { y: "center" }));
    doc.dispatch({ effects });
  }

  #change(doc: Doc, changes: ChangeSet, mark: Recent): void {
    const place = mark.ranges[0]?.to;
    const effects: StateEffect<unknown>[] = [setRecent.of(mark)];
    if (place !== undefined && this.scrolls)
      effects.push(EditorView.scrollIntoView(place, { y: "nearest", yMargin: 80 }));
    doc.dispatch({ changes, effects });
  }
}
