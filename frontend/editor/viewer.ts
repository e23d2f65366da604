// Documents that only follow the interview: the live view and the replay.
// Owns how a viewer's documents take events. Invariant: the text shown is the state's text after every event; what changed last is
// marked. Leaves out which file is shown (`follow` in pages/watching.ts) and the mark (marks.ts).

import { ChangeSet, type Extension, type StateEffect } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { as, type Wire } from "../core/events.ts";
import { insertedRanges } from "../core/text.ts";
import type { Doc, Editors, Sync } from "./editors.ts";
import { marks, type Recent, setRecent, whoOf } from "./marks.ts";
import { difference } from "./rebase.ts";

export class Viewer implements Sync {
  editors!: Editors;
  /** Whether the place of the last change is scrolled to. */
  scrolls = true;

  extensions(): Extension {
    return marks;
  }

  follow(doc: Doc, event: Wire, _before: string | null): void {
    const edited = as(event, "file.edited");
    const whole = as(event, "file.snapshotted");
    if (edited) {
      const changes = ChangeSet.fromJSON(edited.changes);
      const ranges = insertedRanges(edited.changes);
      this.#change(doc, changes, { ranges, who: whoOf(edited.origin) });
    } else if (whole && whole.text !== null) {
      const now = doc.state.doc.toString();
      // A keyframe says again what is shown already.
      if (now !== whole.text) this.#change(doc, difference(now, whole.text), { ranges: [], who: whoOf(whole.origin) });
    }
  }

  replace(doc: Doc, text: string, _version: number): void {
    const now = doc.state.doc.toString();
    if (now !== text) this.#change(doc, difference(now, text), { ranges: [], who: "candidate" });
  }

  renamed(doc: Doc): void {
    const file = this.editors.file(doc.path);
    if (file?.text != null) doc.renew(this.editors.fresh(doc.path, file.text, file.version));
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
