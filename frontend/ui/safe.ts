// HTML that nobody vouches for, made harmless.
// Owns the allow-list, how links and images are told, and signs that cannot be seen. Invariant: no element but those named, no attribute
// but a link's address and a code's language; nothing that the browser would fetch by itself; a link shows where it leads.
// Leaves out Markdown (markdown.tsx).

import DOMPurify from "dompurify";
import { t } from "../core/i18n.ts";

const TAGS = "h1 h2 h3 h4 h5 h6 p ul ol li code pre em strong del a blockquote table thead tbody tr th td hr br".split(
  " ",
);
const LANGUAGE = /^language-[\w+#-]{1,30}$/;

const purify = DOMPurify(window);
purify.addHook("uponSanitizeAttribute", (node, data) => {
  // A class could dress a text up as a part of the page.
  if (data.attrName === "class") data.keepAttr = node.nodeName === "CODE" && LANGUAGE.test(data.attrValue);
  if (data.attrName === "href") data.keepAttr = node.nodeName === "A" && address(data.attrValue) !== null;
});

export function safeFragment(html: string): DocumentFragment {
  return purify.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ["href", "class"],
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
  });
}

/** An address that a link may have. */
function address(href: string): URL | null {
  try {
    const url = new URL(href);
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** What stands in place of an image: it would be fetched from wherever it says. */
export function imageWords(href: string, alt: string): string {
  const where = address(href)?.host;
  if (where) return t("[image from %(host)s, not loaded: %(alt)s]", { host: where, alt: alt || "–" });
  return t("[image, not loaded: %(alt)s]", { alt: alt || "–" });
}

/** Have every link say where it leads, in words that its text cannot change. */
export function markLinks(root: DocumentFragment): void {
  for (const link of root.querySelectorAll("a")) {
    const url = address(link.getAttribute("href") ?? "");
    if (!url) {
      // What is no address that can be followed is no link.
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.setAttribute("rel", "noopener noreferrer nofollow");
    link.setAttribute("target", "_blank");
    link.className = "external";
    link.title = t("Leads to another site: %(url)s", { url: url.href });
    const text = document.createElement("bdi");
    text.append(...link.childNodes);
    const host = document.createElement("bdi");
    host.className = "external-host";
    host.textContent = url.protocol === "mailto:" ? `(${url.pathname})` : `(${url.host})`;
    link.append(text, " ", host);
  }
}

/** What turns the order of signs around, everywhere; what is not seen at all, in code, where it changes what a word is. */
const TURNING = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const UNSEEN =
  /[\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/u;

/** Show signs that cannot be seen by their numbers. */
export function showHidden(root: DocumentFragment): void {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const texts: Text[] = [];
  while (walker.nextNode()) {
    const text = walker.currentNode as Text;
    if (UNSEEN.test(text.data)) texts.push(text);
  }
  for (const text of texts) {
    const signs = text.parentElement?.closest("code, pre") ? UNSEEN : TURNING;
    const parts = text.data.split(new RegExp(`(${signs.source})`, "u"));
    text.replaceWith(...parts.filter(Boolean).map((part) => (signs.test(part) ? shown(part) : part)));
  }
}

function shown(sign: string): HTMLElement {
  const mark = document.createElement("span");
  const number = `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  mark.className = "hidden-sign";
  mark.textContent = number;
  mark.title = t("A sign that cannot be seen: %(number)s", { number });
  return mark;
}
