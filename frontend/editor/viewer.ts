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

/** Units of text; a document that differs in more is parsed faster from the beginning than mended. */
const NEAR = 1_000;

/** The one piece in which two texts differ. */
function between(now: string, then: string): { from: number; to: number; insert: string } {
  const least = Math.min(now.length, then.length);
  let head = 0;
  while (head < least && now[head] === then[head]) head++;
  let tail = 0;
  while (tail < least - head && now[now.length - 1 - tail] === then[then.length - 1 - tail]) tail++;
  return { from: head, to: now.length - tail, insert: then.slice(head, then.length - tail) };
}

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

  /** Bring a document to the text of another moment. One that is not in sight is made anew when it is. */
  replace(doc: Doc, text: string, version: number): void {
    if (doc !== this.editors.shown) {
      this.editors.docs.delete(doc.path);
      return;
    }
    const { from, to, insert } = between(doc.state.doc.toString(), text);
    if (to - from + insert.length > NEAR) doc.renew(this.editors.fresh(doc.path, text, version));
    else if (to > from || insert) doc.dispatch({ changes: { from, to, insert } });
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
    if (ranges.some(({ to }) => to > doc.state.doc.length)) return;
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
