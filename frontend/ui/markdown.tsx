// The assistant's Markdown, shown safely.
// Owns rendering and sanitising of text that nobody vouches for. Invariant: what reaches the page went through an allow-list: no
// images, no forms, no styles; links say that they lead out. Leaves out the brief, which the server sanitises.

import { highlightTree } from "@lezer/highlight";
import DOMPurify from "dompurify";
import { marked } from "marked";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { parserFor } from "../editor/languages.ts";
import { codeHighlight } from "../editor/theme.ts";

const TAGS = "h1 h2 h3 h4 h5 h6 p ul ol li code pre em strong del a blockquote table thead tbody tr th td hr br".split(
  " ",
);

const purify = DOMPurify(window);
purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.nodeName !== "A") return;
  if (!/^https?:/i.test(node.getAttribute("href") ?? "")) node.removeAttribute("href");
  node.setAttribute("rel", "noopener nofollow noreferrer");
  node.setAttribute("target", "_blank");
  node.classList.add("external");
});

/** Sanitised HTML of a Markdown text. */
export function markdownHtml(text: string): string {
  const html = marked.parse(text, { async: false, gfm: true });
  return purify.sanitize(html, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "class"], ALLOW_DATA_ATTR: false });
}

export function Markdown({ text, settled }: { text: string; settled: boolean }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return;
    host.current.innerHTML = markdownHtml(text);
    if (settled) for (const code of host.current.querySelectorAll<HTMLElement>("pre > code")) dress(code);
    for (const link of host.current.querySelectorAll("a.external")) {
      link.setAttribute("title", t("Leads to another site: %(url)s", { url: link.getAttribute("href") ?? "" }));
    }
  }, [text, settled]);
  return <div class="prose-dense" ref={host} />;
}

/** Colour a finished code block, and give it a button that copies it. */
function dress(code: HTMLElement): void {
  const word = /language-(\w+)/.exec(code.className)?.[1] ?? "";
  const source = code.textContent ?? "";
  const tree = parserFor(word)?.parse(source);
  if (tree) {
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
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-copy";
  button.textContent = t("Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source);
    button.textContent = t("Copied");
  });
  code.parentElement?.append(button);
}
