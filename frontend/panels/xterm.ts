// xterm.js under a strict content security policy and in our colours.
// Owns making a terminal. Invariant: every style it writes carries the nonce or goes through the CSSOM (a browser
// test sees no violation). Leaves out what it shows.

import { type ITheme, Terminal } from "@xterm/xterm";
import { nonce } from "../core/boot.ts";

// xterm writes true colours and spacing as `style` attributes of spans, which the policy forbids; through the CSSOM it allows them.
HTMLSpanElement.prototype.setAttribute = function (name: string, value: string) {
  if (name === "style") this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
};

/** As the document's own, but <style> elements get the nonce. */
function createElement(tag: string): HTMLElement {
  const element = Document.prototype.createElement.call(document, tag);
  if (tag === "style") element.setAttribute("nonce", nonce);
  return element;
}

/** The terminal's colours, read from the tokens in force. */
export function terminalTheme(): ITheme {
  // A token may be a function of the theme: only a property that takes colours tells what it is now.
  const probe = document.body.appendChild(document.createElement("i"));
  const token = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const names = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
  const colours: Record<string, string> = {};
  for (const name of names) {
    colours[name] = token(`--ansi-${name}`);
    colours[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}`] = token(`--ansi-bright-${name}`);
  }
  const theme = {
    ...colours,
    background: token("--bg"),
    foreground: token("--text"),
    cursor: token("--text"),
    cursorAccent: token("--bg"),
    selectionBackground: token("--selection"),
    scrollbarSliderBackground: token("--border-strong"),
  };
  probe.remove();
  return theme;
}

export const FONT_SIZE = 13;

export function makeTerminal(readOnly: boolean): Terminal {
  return new Terminal({
    disableStdin: readOnly,
    fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-code").trim() || "monospace",
    fontSize: FONT_SIZE,
    lineHeight: 1.2,
    scrollback: 5000,
    cursorStyle: readOnly ? "underline" : "block",
    cursorInactiveStyle: "outline",
    minimumContrastRatio: 4.5,
    theme: terminalTheme(),
  });
}

/** Put the terminal into the page: all its style elements are made meanwhile, by the page's own document whatever it is told. */
export function openIn(terminal: Terminal, host: HTMLElement): void {
  document.createElement = createElement as typeof document.createElement;
  try {
    terminal.open(host);
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

/** Call `then` whenever light or dark comes into force; ends when called. */
export function onTheme(then: () => void): () => void {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const watcher = new MutationObserver(then);
  query.addEventListener("change", then);
  watcher.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    query.removeEventListener("change", then);
    watcher.disconnect();
  };
}
