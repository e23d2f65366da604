// A hunk's new lines, being changed before they go in.
// Owns a small editor with the file's look. Invariant: what stands in it is told at each key, and nothing goes anywhere else. Leaves out
// accepting (hunk.tsx): that key arrives there.

import { completionStatus } from "@codemirror/autocomplete";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { languageExtensions } from "../editor/languages.ts";
import { editing, viewing } from "../editor/setup.ts";

interface Props {
  path: string;
  text: string;
  /** The number of the first line, as the file would have it. */
  line: number;
  onChange: (text: string) => void;
  onLeave: () => void;
}

export function HunkEditor({ path, text, line, onChange, onLeave }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const left = useRef(onLeave);
  left.current = onLeave;
  useEffect(() => {
    if (!host.current) return;
    const leave = (view: EditorView) => {
      if (completionStatus(view.state) === "active") return false;
      left.current();
      return true;
    };
    const view = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: text,
        selection: { anchor: 0 },
        extensions: [
          Prec.highest(keymap.of([{ key: "Escape", run: leave }])),
          editing,
          lineNumbers({ formatNumber: (number) => String(number + line - 1) }),
          viewing,
          languageExtensions(path),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ "aria-label": t("The change, to be edited. Escape leaves it.") }),
          EditorView.updateListener.of((update) => update.docChanged && onChange(update.state.doc.toString())),
        ],
      }),
    });
    view.focus();
    return () => view.destroy();
  }, []);
  return <div class="hunk-editor" ref={host} />;
}
