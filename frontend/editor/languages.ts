// Which language a file is in.
// Owns the choice by file name. Invariant: an unknown name is plain text, never an error.

import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { markdown } from "@codemirror/lang-markdown";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import { indentUnit, type LanguageSupport } from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";

interface Language {
  name: string;
  indent: number;
  make: () => LanguageSupport;
}

const PYTHON: Language = { name: "Python", indent: 4, make: python };
const JAVASCRIPT: Language = { name: "JavaScript", indent: 2, make: () => javascript({ jsx: true }) };
const TYPESCRIPT: Language = { name: "TypeScript", indent: 2, make: () => javascript({ jsx: true, typescript: true }) };
const YAML: Language = { name: "YAML", indent: 2, make: yaml };
const MARKDOWN: Language = { name: "Markdown", indent: 2, make: markdown };
const JSON_: Language = { name: "JSON", indent: 2, make: json };

const BY_SUFFIX: Record<string, Language> = {
  py: PYTHON,
  pyi: PYTHON,
  js: JAVASCRIPT,
  mjs: JAVASCRIPT,
  cjs: JAVASCRIPT,
  jsx: JAVASCRIPT,
  ts: TYPESCRIPT,
  tsx: TYPESCRIPT,
  yaml: YAML,
  yml: YAML,
  md: MARKDOWN,
  json: JSON_,
};

function of(path: string): Language | undefined {
  return BY_SUFFIX[path.slice(path.lastIndexOf(".") + 1).toLowerCase()];
}

export function languageName(path: string): string {
  return of(path)?.name ?? "Text";
}

export function languageExtensions(path: string): Extension {
  const language = of(path);
  const indent = language?.indent ?? 4;
  return [language?.make() ?? [], indentUnit.of(" ".repeat(indent)), EditorState.tabSize.of(indent)];
}

/** The parser behind a fenced code block's word, such as `python` or `ts`, or null. */
export function parserFor(word: string) {
  const names: Record<string, string> = { python: "py", javascript: "js", typescript: "ts", markdown: "md" };
  const language = BY_SUFFIX[names[word] ?? word];
  return language ? language.make().language.parser : null;
}
