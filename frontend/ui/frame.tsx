// What is around the panels on every page: the bar above, the bar below on narrow pages, the palette, messages.
// Owns the frame and the commands that every page has. Invariant: nothing in the bar moves when its words change; each has its room;
// messages lie over what one reads, never over what one presses.

import type { ComponentChildren } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { ariaKey, type Command, keyLabel, listen } from "./commands.ts";
import { Icon, type IconName } from "./icons.tsx";
import { focusPanel, hidden, narrow, narrowPanel, type PanelId, toggle, walk } from "./layout.ts";
import { Palette, paletteOpen } from "./palette.tsx";
import { setTheme } from "./theme.ts";
import { Toasts } from "./toasts.tsx";

export interface Place {
  id: string;
  label: string;
  icon: IconName;
  panel: PanelId;
  /** Make the panel show this place, where it has several. */
  choose?: () => void;
  chosen?: () => boolean;
}

interface Props {
  bar: ComponentChildren;
  /** What stands above the short messages, until it is over or was read. */
  notices?: ComponentChildren;
  children: ComponentChildren;
  commands: readonly Command[];
  places: readonly Place[];
}

export function frameCommands(names: Record<PanelId, string>): Command[] {
  const showOrHide = (id: PanelId, keys: string[]): Command => ({
    id: `toggle-${id}`,
    label: t("Show or hide: %(panel)s", { panel: names[id] }),
    keys,
    run: () => toggle(id),
    enabled: () => !narrow.value,
  });
  return [
    { id: "palette", label: t("Commands"), keys: ["Mod+K", "F1", "Mod+Shift+P"], run: openPalette },
    { id: "next-panel", label: t("Next panel"), keys: ["F6"], run: () => walk(1) },
    { id: "previous-panel", label: t("Previous panel"), keys: ["Shift+F6"], run: () => walk(-1) },
    {
      id: "focus-editor",
      label: t("Go to: %(panel)s", { panel: names.editor }),
      keys: ["Mod+1"],
      run: () => focusPanel("editor"),
    },
    showOrHide("left", ["Mod+B"]),
    showOrHide("bottom", ["Mod+J"]),
    showOrHide("right", ["Mod+Alt+B"]),
    { id: "theme-light", label: t("Colours: light"), run: () => setTheme("light") },
    { id: "theme-dark", label: t("Colours: dark"), run: () => setTheme("dark") },
    { id: "theme-system", label: t("Colours: as the system"), run: () => setTheme("") },
  ];
}

function openPalette(): void {
  paletteOpen.value = !paletteOpen.value;
}

export function Frame({ bar, notices, children, commands, places }: Props) {
  // Before the browser paints: a key that is pressed as soon as the page is seen does what it says.
  useLayoutEffect(() => listen(() => commands), [commands]);
  return (
    <>
      <header class="topbar">{bar}</header>
      <div class="notices-place">
        <div class="notices" id="notices">
          {notices}
          <Toasts />
        </div>
      </div>
      {children}
      {narrow.value && places.length > 0 && (
        <nav class="places" aria-label={t("Panels")}>
          {places.map((place) => {
            const here = narrowPanel.value === place.panel && (place.chosen?.() ?? true);
            return (
              <button
                key={place.id}
                type="button"
                class="place"
                aria-current={here ? "page" : undefined}
                onClick={() => {
                  place.choose?.();
                  narrowPanel.value = place.panel;
                }}
              >
                <Icon name={place.icon} />
                {place.label}
              </button>
            );
          })}
        </nav>
      )}
      <Palette commands={commands} />
    </>
  );
}

/** The buttons that hide panels and open the palette. */
export function BarTools({ names }: { names: Record<PanelId, string> }) {
  const button = (id: "left" | "bottom" | "right", key: string) => (
    <button
      type="button"
      class="icon-button"
      aria-pressed={!hidden.value.includes(id)}
      aria-label={t("Show or hide: %(panel)s", { panel: names[id] })}
      title={`${names[id]} (${keyLabel(key)})`}
      onClick={() => toggle(id)}
    >
      <Icon name={id} />
    </button>
  );
  return (
    <div class="bar-tools">
      {button("left", "Mod+B")}
      {button("bottom", "Mod+J")}
      {button("right", "Mod+Alt+B")}
      <button
        type="button"
        class="palette-button"
        aria-keyshortcuts={ariaKey("Mod+K")}
        onClick={openPalette}
        title={t("All commands")}
      >
        <Icon name="search" />
        <span class="palette-button-text">{t("Commands")}</span> <kbd class="kbd">{keyLabel("Mod+K")}</kbd>
      </button>
    </div>
  );
}
