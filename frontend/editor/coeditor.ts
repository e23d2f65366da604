// The documents of an interviewer who may edit.
// Owns following the candidate beside writing oneself: what changed last is marked and in sight, until one writes. Invariant: as
// `Editable`. Leaves out whether editing is allowed (pages/watch.tsx).

import type { StateEffect } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { as, type Origin, type Wire } from "../core/events.ts";
import { insertedRanges } from "../core/text.ts";
import { Editable } from "./editable.ts";
import type { Doc } from "./editors.ts";
import { type Recent, setRecent, whoOf } from "./marks.ts";

export class CoEditor extends Editable {
  /** Whether the place of the last change is scrolled to. */
  scrolls = true;
  /** Called when the person at this page changes something. */
  onOwn = () => {};
  protected override origin: Origin = "co-edit";

  override changed(doc: Doc): void {
    const before = this.unsent.peek();
    super.changed(doc);
    if (this.unsent.peek() > before) this.onOwn();
  }

  /** Show the place of an edit in a document that has it already. */
  mark(doc: Doc, event: Wire): void {
    const edited = as(event, "file.edited");
    const ranges = edited ? insertedRanges(edited.changes) : [];
    const fits = ranges.every(({ to }) => to <= doc.state.doc.length);
    if (edited && fits && !this.unsentOf(doc.path)) {
      this.shownChange(doc, { ranges, who: whoOf(edited.origin) }, edited.origin);
    }
  }

  protected override shownChange(doc: Doc, { ranges, who }: Recent, _origin: Origin): void {
    const effects: StateEffect<unknown>[] = [setRecent.of({ ranges, who, flag: true })];
    const place = ranges[0]?.to;
    if (place !== undefined && this.scrolls) {
      effects.push(EditorView.scrollIntoView(place, { y: "nearest", yMargin: 80 }));
    }
    doc.dispatch({ effects });
  }
}
