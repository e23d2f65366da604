// Light, dark, or as the system has it.
// Owns the choice. Invariant: the tokens follow `data-theme` on <html>; the server remembers the choice for the next page.

import { signal } from "@preact/signals";

export type Theme = "" | "light" | "dark";

export const theme = signal<Theme>((document.documentElement.dataset.theme as Theme | undefined) ?? "");

export function setTheme(next: Theme): void {
  theme.value = next;
  if (next) document.documentElement.dataset.theme = next;
  else delete document.documentElement.dataset.theme;
  void fetch("/theme", { method: "POST", body: new URLSearchParams({ theme: next }) }).catch(() => {});
}
