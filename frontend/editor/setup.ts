// The editor's behaviour that every page shares.
// Owns the extension list. Invariant: "\n" alone ends a line, so positions match the stored text exactly; ⌘/Ctrl+Enter is left
// to the page (it runs the tests). Leaves out language, theme and how a document is kept in step (sync of editors.ts).

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, EditorState, type Extension } from "@codemirror/state";
import {
  crosshairCursor,
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from "@codemirror/view";
import { nonce } from "../core/boot.ts";
import { theme } from "./theme.ts";

/** Marks a change that came in by accepting a proposal. */
export const accepted = Annotation.define<boolean>();

const LEFT_TO_PAGE = new Set(["Mod-Enter", "Mod-i"]);

export const viewing: Extension = [
  EditorState.lineSeparator.of("\n"),
  EditorView.cspNonce.of(nonce),
  lineNumbers(),
  highlightSpecialChars(),
  foldGutter({ openText: "▾", closedText: "▸" }),
  drawSelection(),
  bracketMatching(),
  search({ top: false }),
  theme,
];

export const editing: Extension = [
  highlightActiveLine(),
  highlightActiveLineGutter(),
  // All hunks that came in together are undone together.
  history({ newGroupDelay: 400, joinToEvent: (change, adjacent) => adjacent || change.annotation(accepted) === true }),
  dropCursor(),
  EditorState.allowMultipleSelections.of(true),
  rectangularSelection(),
  crosshairCursor(),
  indentOnInput(),
  closeBrackets(),
  autocompletion({ activateOnTypingDelay: 250 }),
  highlightSelectionMatches(),
  // Clipboards of other systems bring "\r\n"; only "\n" ends a line here.
  EditorView.clipboardInputFilter.of((text) => text.replace(/\r\n?/g, "\n")),
  keymap.of([
    ...closeBracketsKeymap,
    ...defaultKeymap.filter((binding) => !LEFT_TO_PAGE.has(binding.key ?? "")),
    ...historyKeymap,
    ...completionKeymap,
    indentWithTab,
  ]),
];

export const keys: Extension = keymap.of([...searchKeymap, ...foldKeymap]);
