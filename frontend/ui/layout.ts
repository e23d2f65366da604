// Where the panels are.
// Owns sizes, which panels are hidden and which one a narrow page shows; remembered on this computer. Invariant: what was stored
// never makes a panel unreachable: sizes are clamped, and each panel has a command that shows it.

import { effect, signal } from "@preact/signals";

export type PanelId = "left" | "editor" | "bottom" | "right";
export const PANELS: readonly PanelId[] = ["left", "editor", "bottom", "right"];

const KEY = "pairsight.layout";
const LIMITS = { left: [180, 640], bottom: [96, 900], right: [260, 900] } as const;
export type Sized = keyof typeof LIMITS;

interface Stored {
  left: number;
  bottom: number;
  right: number;
  hidden: PanelId[];
}

function read(): Stored {
  const wide = window.innerWidth;
  const normal: Stored = {
    left: wide >= 1300 ? 320 : 240,
    bottom: Math.round(window.innerHeight * 0.32),
    right: wide >= 1300 ? 432 : 336,
    hidden: [],
  };
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return { ...normal, ...stored };
  } catch {
    return normal;
  }
}

const stored = read();
export const sizes = {
  left: signal(clamp("left", stored.left)),
  bottom: signal(clamp("bottom", stored.bottom)),
  right: signal(clamp("right", stored.right)),
};
export const hidden = signal<readonly PanelId[]>(stored.hidden.filter((id) => id !== "editor"));
/** The one panel a narrow page shows. */
export const narrowPanel = signal<PanelId>("left");
const narrowQuery = matchMedia("(max-width: 899px)");
export const narrow = signal(narrowQuery.matches);
narrowQuery.addEventListener("change", () => {
  narrow.value = narrowQuery.matches;
});

export function clamp(panel: Sized, size: number): number {
  const [least, most] = LIMITS[panel];
  const room = panel === "bottom" ? window.innerHeight - 200 : window.innerWidth * 0.6;
  return Math.round(Math.max(least, Math.min(size, most, Math.max(least, room))));
}

/** What the editor keeps, however wide its neighbours were drawn on a wider window. */
const EDITOR = 400;
const room = signal(window.innerWidth);
window.addEventListener("resize", () => {
  room.value = window.innerWidth;
});

/** A panel's size in px as it is drawn now: its own, less what the editor needs of it. */
export function drawn(panel: Sized): number {
  const size = sizes[panel].value;
  if (panel === "bottom") return size;
  const shown = (["left", "right"] as const).filter((id) => !hidden.value.includes(id));
  const wanted = shown.reduce((sum, id) => sum + sizes[id].value, 0);
  const over = Math.max(0, wanted + EDITOR - room.value);
  return Math.max(LIMITS[panel][0], Math.floor(size - (over * size) / wanted));
}

export function resize(panel: Sized, size: number): void {
  sizes[panel].value = clamp(panel, size);
}

export function limits(panel: Sized): readonly [number, number] {
  return LIMITS[panel];
}

export function toggle(panel: PanelId): void {
  const now = hidden.value;
  hidden.value = now.includes(panel) ? now.filter((id) => id !== panel) : [...now, panel];
}

export function reveal(panel: PanelId): void {
  hidden.value = hidden.value.filter((id) => id !== panel);
  narrowPanel.value = panel;
}

/** Show a panel and put the focus into it: on its own chosen place, else on its first control. */
export function focusPanel(panel: PanelId): void {
  reveal(panel);
  requestAnimationFrame(() => {
    const element = document.getElementById(`panel-${panel}`);
    const seen = (found: HTMLElement) => found.getClientRects().length > 0;
    const places = [
      ...(element?.querySelectorAll<HTMLElement>("[data-focus], .cm-content, .xterm-helper-textarea") ?? []),
    ];
    const controls = [...(element?.querySelectorAll<HTMLElement>("button, input, textarea, [tabindex='0']") ?? [])];
    (places.find(seen) ?? controls.find(seen) ?? element)?.focus();
  });
}

/** The panel after the one that has the focus; messages that can be answered come before the first. */
export function walk(step: 1 | -1): void {
  const answer = document.querySelector<HTMLElement>("#notices button");
  const panels = PANELS.filter((id) => narrow.value || !hidden.value.includes(id));
  const stops = [...(answer ? ["notices"] : []), ...panels.map((id) => `panel-${id}`)];
  const at = stops.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
  const next = (at + step + stops.length) % stops.length;
  const panel = panels[next - (answer ? 1 : 0)];
  if (panel) focusPanel(panel);
  else answer?.focus();
}

effect(() => {
  const value: Stored = {
    left: sizes.left.value,
    bottom: sizes.bottom.value,
    right: sizes.right.value,
    hidden: [...hidden.value],
  };
  try {
    localStorage.setItem(KEY, JSON.stringify(value));
  } catch {
    // A full or forbidden storage only forgets sizes.
  }
});
