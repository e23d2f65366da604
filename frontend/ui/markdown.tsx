// The assistant's Markdown, shown safely.
// Owns rendering and sanitising of text that nobody vouches for. Invariant: what reaches the page went through an allow-list of elements
// and attributes (safe.ts); HTML in it is shown as the text it is; however long or odd a reply is, drawing it takes a bounded part of
// the time. Leaves out the brief, which the server sanitises.

import { highlightTree } from "@lezer/highlight";
import { Marked, type Tokens } from "marked";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { parserFor } from "../editor/languages.ts";
import { codeHighlight } from "../editor/theme.ts";
import { imageWords, markLinks, safeFragment, showHidden } from "./safe.ts";

/** Longer replies, and those with longer lines, are shown as the text they are; longer code is not coloured. */
const LONGEST = 120_000;
const LONG_LINE = /[^\n]{5000}/;
const LONGEST_CODE = 30_000;
/** Paragraphs in which nothing is emphasised: looking for it takes the square of their length. */
const LONGEST_EMPHASIS = 4000;
/** Deeper quotes and lists are shown flat: reading them takes more than linear time. */
const DEEPEST = 12;
/** Drawing takes at most one part in so many of the time while a reply streams in. */
const SHARE = 5;

function escaped(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/\x22/g, "&quot;");
}

const marked = new Marked({
  gfm: true,
  // Nothing (not: false) says that there is none here, without looking for it.
  tokenizer: { emStrong: (_, paragraph) => (paragraph.length > LONGEST_EMPHASIS ? undefined : false) },
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    image: ({ href, text }: Tokens.Image) => escaped(imageWords(href, text)),
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? "☑ " : "☐ "),
  },
});

const DEEP = new RegExp(`^(?:[ \\t]*(?:>|[-*+]|\\d{1,9}[.)])){${DEEPEST},}`, "gm");
const RUNS = /([[\](!*_~`<])\1{400,}/g;

/** The text without what nobody writes and no parser reads in a bearable time. */
function tamed(text: string): string {
  return text
    .replace(DEEP, (signs) => `${signs.slice(0, 2 * DEEPEST).replace(/[^>\s]/g, "")} `)
    .replace(RUNS, (run) => run.slice(0, 400));
}

function fragmentOf(text: string): DocumentFragment {
  if (text.length <= LONGEST && !LONG_LINE.test(text)) {
    try {
      return safeFragment(marked.parse(tamed(text), { async: false }));
    } catch (error) {
      console.warn("a reply is shown as plain text", error);
    }
  }
  const fragment = document.createDocumentFragment();
  const whole = fragment.appendChild(document.createElement("p"));
  whole.className = "plain-text";
  whole.textContent = text;
  return fragment;
}

function draw(host: HTMLElement, text: string, settled: boolean): void {
  const fragment = fragmentOf(text);
  const blocks = [...fragment.querySelectorAll<HTMLElement>("pre > code")];
  const sources = blocks.map((code) => code.textContent ?? "");
  if (settled) for (const code of blocks) colour(code);
  markLinks(fragment);
  showHidden(fragment);
  if (settled) for (const [index, code] of blocks.entries()) offerCopy(code, sources[index] ?? "");
  host.replaceChildren(fragment);
}

export function Markdown({ text, settled }: { text: string; settled: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  const drawn = useRef({ until: 0, timer: 0 });
  // Not `useEffect`: that comes behind the frame, and a piece of a reply would be seen in the one after.
  useLayoutEffect(() => {
    const now = drawn.current;
    const show = () => {
      if (!host.current) return;
      const began = performance.now();
      draw(host.current, text, settled);
      const ended = performance.now();
      now.until = ended + (ended - began) * (SHARE - 1);
    };
    const wait = settled ? 0 : now.until - performance.now();
    if (wait <= 0) show();
    else now.timer = window.setTimeout(show, wait);
    return () => clearTimeout(now.timer);
  }, [text, settled]);
  return <div class="prose-dense reply" ref={host} />;
}

/** Colour a finished code block. */
function colour(code: HTMLElement): void {
  const language = /language-(\w+)/.exec(code.className)?.[1] ?? "";
  const source = code.textContent ?? "";
  const tree = source.length <= LONGEST_CODE ? parserFor(language)?.parse(source) : null;
  if (!tree) return;
  code.textContent = "";
  let at = 0;
  highlightTree(tree, codeHighlight, (from, to, classes) => {
    code.append(source.slice(at, from));
    const span = document.createElement("span");
    span.className = classes;
    span.textContent = source.slice(from, to);
    code.append(span);
    at = to;
  });
  code.append(source.slice(at));
}

/** A button that copies the block as it came. */
function offerCopy(code: HTMLElement, source: string): void {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-copy";
  button.textContent = t("Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source);
      button.textContent = t("Copied");
    } catch {
      button.textContent = t("Could not copy");
    }
  });
  code.parentElement?.append(button);
}
