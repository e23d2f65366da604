// The brief.
// Owns showing it. Invariant: the HTML is the server's, sanitised there, and never changes while the page is open.

import { useEffect, useRef } from "preact/hooks";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";

export function Brief() {
  const host = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!host.current) return;
    host.current.innerHTML = boot.briefHtml;
    for (const link of host.current.querySelectorAll("a[href]")) link.setAttribute("target", "_blank");
  }, []);
  // A text that scrolls must be reachable by keys.
  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region without controls
  return <article class="brief prose-dense" aria-label={t("Brief")} tabIndex={0} data-focus ref={host} />;
}
