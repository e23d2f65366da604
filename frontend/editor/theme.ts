// How code looks.
// Owns the editor's theme and syntax colours. Invariant: every colour is a token of styles/tokens.css, so both themes and a
// change of theme need nothing here.

import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--bg)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-code)", lineHeight: "20px", overscrollBehavior: "contain" },
  ".cm-content": { caretColor: "var(--text)", padding: "8px 0" },
  ".cm-line": { padding: "0 12px 0 8px" },
  ".cm-gutters": { backgroundColor: "var(--bg)", color: "var(--text-faint)", border: "none", paddingLeft: "8px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "32px", padding: "0 8px 0 0" },
  ".cm-activeLine": { backgroundColor: "var(--line-active)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--line-active)", color: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  "&.cm-focused .cm-cursor": { borderLeftColor: "var(--text)", borderLeftWidth: "2px" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "var(--selection)",
    outline: "1px solid var(--border-strong)",
  },
  ".cm-searchMatch": { backgroundColor: "var(--match)", outline: "1px solid var(--border-strong)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--match-strong)" },
  ".cm-selectionMatch": { backgroundColor: "var(--match)" },
  ".cm-panels": { backgroundColor: "var(--surface)", color: "var(--text)" },
  ".cm-panels.cm-panels-bottom": { borderTop: "1px solid var(--border)" },
  ".cm-panel.cm-search": { padding: "8px", fontFamily: "var(--font-ui)", fontSize: "13px" },
  ".cm-panel.cm-search label": { fontSize: "12px", color: "var(--text-muted)" },
  ".cm-panel.cm-search [name=close]": { color: "var(--text-muted)", padding: "4px 8px", fontSize: "16px" },
  ".cm-textfield": {
    backgroundColor: "var(--bg)",
    border: "1px solid var(--border-strong)",
    borderRadius: "var(--radius-s)",
    color: "var(--text)",
    padding: "3px 8px",
    fontSize: "13px",
  },
  ".cm-button": {
    backgroundImage: "none",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--border-strong)",
    borderRadius: "var(--radius-s)",
    color: "var(--text)",
    padding: "3px 8px",
    fontSize: "13px",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    border: "1px solid var(--border-strong)",
    borderRadius: "var(--radius-s)",
    boxShadow: "var(--shadow)",
    color: "var(--text)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-code)", fontSize: "13px" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "2px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-foldPlaceholder": {
    backgroundColor: "var(--surface)",
    border: "1px solid var(--border)",
    color: "var(--text-muted)",
  },
  ".cm-specialChar": { color: "var(--text-faint)" },
  ".cm-recent": { borderRadius: "2px" },
  ".cm-recent-candidate": { backgroundColor: "var(--candidate-soft)", boxShadow: "inset 0 -2px var(--candidate)" },
  ".cm-recent-assistant": { backgroundColor: "var(--assistant-soft)", boxShadow: "inset 0 -2px var(--assistant)" },
  ".cm-recent-terminal": { backgroundColor: "var(--terminal-soft)", boxShadow: "inset 0 -2px var(--terminal)" },
  ".cm-recent-interviewer": {
    backgroundColor: "var(--interviewer-soft)",
    boxShadow: "inset 0 -2px var(--interviewer)",
  },
  // The bar takes no room, and the word stands behind the text: nothing moves for them.
  ".cm-bar": { borderLeft: "2px solid", marginRight: "-2px" },
  // Its distance is its own, or the cursor would stand away from the text.
  ".cm-flag": { paddingLeft: "12px", pointerEvents: "none" },
  ".cm-flag > span": {
    display: "inline-block",
    padding: "0 6px",
    border: "1px solid",
    borderRadius: "var(--radius-s)",
    fontFamily: "var(--font-ui)",
    fontSize: "11px",
    fontStyle: "normal",
    lineHeight: "14px",
    verticalAlign: "1px",
  },
  ".cm-bar-candidate, .cm-flag-candidate": { color: "var(--candidate)", borderColor: "var(--candidate)" },
  ".cm-bar-interviewer, .cm-flag-interviewer": { color: "var(--interviewer)", borderColor: "var(--interviewer)" },
  ".cm-bar-assistant, .cm-flag-assistant": { color: "var(--assistant)", borderColor: "var(--assistant)" },
  ".cm-bar-terminal, .cm-flag-terminal": { color: "var(--terminal)", borderColor: "var(--terminal)" },
  ".cm-pointed": { backgroundColor: "var(--selection)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.self, tags.null, tags.bool], class: "tok-keyword" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: "tok-string" },
  { tag: [tags.number, tags.literal], class: "tok-number" },
  { tag: [tags.comment, tags.docComment], class: "tok-comment" },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.macroName],
    class: "tok-function",
  },
  { tag: [tags.className, tags.typeName, tags.definition(tags.className), tags.namespace], class: "tok-type" },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.propertyName)], class: "tok-property" },
  { tag: [tags.meta, tags.annotation, tags.processingInstruction], class: "tok-meta" },
  { tag: tags.heading, class: "tok-heading" },
  { tag: tags.strong, class: "tok-strong" },
  { tag: tags.emphasis, class: "tok-emphasis" },
  { tag: [tags.link, tags.url], class: "tok-link" },
  { tag: tags.monospace, class: "tok-string" },
]);

export const codeHighlight = colours;
export const theme: Extension = [look, syntaxHighlighting(colours)];
