// Everything a person can do on a page, with its shortcut.
// Owns the commands and the keys that start them. Invariant: what a key does stands in the palette too. In a terminal only keys that
// no shell uses reach the page. Leaves out drawing (palette.tsx).

export interface Command {
  id: string;
  label: string;
  /** Such as "Mod+Shift+P", "F6", "n"; Mod is ⌘ on a Mac and Ctrl elsewhere. Several are tried in order, the first is shown. */
  keys?: readonly string[];
  run: () => void;
  enabled?: () => boolean;
}

export const mac = /Mac|iPhone|iPad/.test(navigator.platform);

/** The shortcut as this machine's keyboards name it. */
export function keyLabel(key: string): string {
  const words: Record<string, string> = mac
    ? { Mod: "⌘", Shift: "⇧", Alt: "⌥", Ctrl: "⌃", Enter: "⏎", Backspace: "⌫", Left: "←", Right: "→" }
    : { Mod: "Ctrl", Enter: "⏎", Backspace: "⌫", Left: "←", Right: "→" };
  return key
    .split("+")
    .map((part) => words[part] ?? part)
    .join(mac ? "" : "+");
}

/** As `keyLabel`, in the form that `aria-keyshortcuts` wants. */
export function ariaKey(key: string): string {
  return key.replace("Mod", mac ? "Meta" : "Control").replace("Ctrl", "Control");
}

export function matches(event: KeyboardEvent, key: string): boolean {
  const parts = key.split("+");
  const last = parts.pop() ?? "";
  const mod = parts.includes("Mod");
  const names: Record<string, string> = { Left: "ArrowLeft", Right: "ArrowRight", Space: " " };
  const wantsMeta = mod && mac;
  const wantsCtrl = parts.includes("Ctrl") || (mod && !mac);
  // AltGr types signs on many keyboards and looks like Ctrl+Alt on some systems.
  const altGr = event.getModifierState("AltGraph");
  const [ctrl, alt] = altGr ? [false, false] : [event.ctrlKey, event.altKey];
  if (event.metaKey !== wantsMeta || ctrl !== wantsCtrl || alt !== parts.includes("Alt")) return false;
  // Shift makes another sign of this key, "~" or "½": it is known by its place.
  if (last === "`") return event.code === "Backquote" && event.shiftKey === parts.includes("Shift");
  // A printed sign may need Shift on one keyboard and not on another: "[" is compared as a sign alone.
  const sign = last.length === 1 && !/[a-z0-9]/i.test(last);
  if (!sign && event.shiftKey !== parts.includes("Shift")) return false;
  const want = names[last] ?? last;
  if (event.key.toLowerCase() === want.toLowerCase()) return true;
  // With Alt a Mac's keyboard types another sign.
  return event.altKey && event.code === (want === "." ? "Period" : `Key${want.toUpperCase()}`);
}

const TEXT = "input:not([type=range]):not([type=checkbox]), textarea, select, .cm-content[contenteditable=true]";
/** Parts that move by arrows, Home or End themselves. */
const STEERED = "[role=tablist], [role=tree], [role=separator], select";
const PRESSED = "button, a, summary, [role=tab]";

/** Whether a key that alone makes a shortcut belongs to what has the focus: text, a terminal, a button, a list. */
function taken(event: KeyboardEvent, key: string): boolean {
  const plain = !event.metaKey && !event.ctrlKey && !event.altKey && !/^F\d/.test(key);
  if (!plain || !(event.target instanceof Element)) return false;
  if (event.target.closest(`${TEXT}, .terminal-host`)) return true;
  if (key === "Space") return event.target.closest(PRESSED) !== null;
  return /Left|Right|Home|End/.test(key) && event.target.closest(STEERED) !== null;
}

function shellsOwn(event: KeyboardEvent): boolean {
  const inTerminal = event.target instanceof Element && event.target.closest(".terminal-host") !== null;
  return inTerminal && event.ctrlKey && !event.shiftKey && !event.altKey && /^[a-z[\]\\]$/i.test(event.key);
}

/** Listen for the commands' keys on the page; ends when called. */
export function listen(commands: () => readonly Command[]): () => void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || shellsOwn(event)) return;
    if (document.querySelector("dialog[open]")) return;
    for (const command of commands()) {
      for (const key of command.keys ?? []) {
        if (!matches(event, key) || taken(event, key)) continue;
        if (command.enabled && !command.enabled()) continue;
        event.preventDefault();
        event.stopPropagation();
        command.run();
        return;
      }
    }
  };
  document.addEventListener("keydown", onKey, true);
  return () => document.removeEventListener("keydown", onKey, true);
}
