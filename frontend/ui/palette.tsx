// The command palette.
// Owns finding a command by a few letters. Invariant: it lists every command that can be used now, with its shortcut.

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { type Command, keyLabel } from "./commands.ts";
import { Dialog } from "./dialog.tsx";

export const paletteOpen = signal(false);
const query = signal("");
const chosen = signal(0);

/** Whether the letters of `needle` come in `text` in that order; lower is better, -1 is no. */
export function fuzzy(needle: string, text: string): number {
  const lower = text.toLowerCase();
  const whole = lower.indexOf(needle.toLowerCase());
  if (whole >= 0) return whole;
  let at = -1;
  let gaps = 100;
  for (const letter of needle.toLowerCase()) {
    const next = lower.indexOf(letter, at + 1);
    if (next < 0) return -1;
    gaps += next - at - 1;
    at = next;
  }
  return gaps;
}

export function Palette({ commands }: { commands: readonly Command[] }) {
  const open = paletteOpen.value;
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!open) return;
    query.value = "";
    chosen.value = 0;
    input.current?.focus();
  }, [open]);
  if (!open) return null;
  const found = commands
    .filter((command) => command.enabled?.() ?? true)
    .map((command, order) => ({ command, rank: query.value ? fuzzy(query.value, command.label) : order }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => a.rank - b.rank)
    .map(({ command }) => command);
  const at = Math.min(chosen.value, Math.max(0, found.length - 1));
  const close = () => {
    paletteOpen.value = false;
  };
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    // After the dialog gave the focus back, so that the command may move it.
    window.setTimeout(command.run, 0);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      chosen.value = (at + step + found.length) % Math.max(1, found.length);
      document.getElementById(`command-${found[chosen.value]?.id}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found[at]);
    }
  };
  return (
    <Dialog title={t("Commands")} class="palette" onClose={close}>
      <input
        ref={input}
        class="input palette-input"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[at] ? `command-${found[at]?.id}` : ""}
        aria-label={t("Find a command or a file")}
        placeholder={t("Find a command or a file")}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
          chosen.value = 0;
        }}
        onKeyDown={onKey}
      />
      <div class="palette-list" id="palette-list" role="listbox" aria-label={t("Commands")}>
        {found.map((command, index) => (
          <div
            key={command.id}
            id={`command-${command.id}`}
            role="option"
            aria-selected={index === at}
            class="palette-item"
            tabIndex={-1}
            onMouseMove={() => {
              chosen.value = index;
            }}
            onClick={() => run(command)}
            onKeyDown={onKey}
          >
            <span>{command.label}</span>
            {command.keys?.[0] && <kbd class="kbd">{keyLabel(command.keys[0])}</kbd>}
          </div>
        ))}
        {found.length === 0 && <div class="palette-none">{t("Nothing is called that.")}</div>}
      </div>
    </Dialog>
  );
}
