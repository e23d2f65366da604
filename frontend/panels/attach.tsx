// What is attached to a prompt, as one sees it: a row of chips, and of one of them what it holds.
// Owns drawing attachments, before and after they were sent. Invariant: the same for both, so that one recognises what one sent; each
// chip is reached and removed by keys. Leaves out what there is and what is sent of it (mentions.ts).

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { Mention } from "../core/events.ts";
import { t, tn } from "../core/i18n.ts";
import type { State, TurnView } from "../core/state.ts";
import { Icon, type IconName } from "../ui/icons.tsx";
import { again, type Kind, kindName, label, type Sent, type Wanted } from "./mentions.ts";

export const KIND_ICONS: Record<Kind, IconName> = {
  file: "file",
  selection: "selection",
  failure: "warn",
  terminal: "terminal",
};

export interface Chip {
  wanted: Wanted;
  label: string;
  /** null where it is gone, undefined where it is not known here. */
  sent: Pick<Sent, "text" | "cut"> | null | undefined;
  /** Said in place of the text where that is not known. */
  note?: string;
}

interface Props {
  chips: readonly Chip[];
  label: string;
  onRemove?: (index: number) => void;
  /** Where the focus goes when the last chip is gone. */
  onLast?: () => void;
  onView?: ((path: string, line: number, lines: number) => void) | undefined;
}

const TITLE = 400;

export function Chips({ chips, label: name, onRemove, onLast, onView }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const open = useSignal<number | null>(null);
  const at = open.value === null ? undefined : chips[open.value];
  const remove = (index: number) => {
    open.value = null;
    onRemove?.(index);
    requestAnimationFrame(() => {
      const left = host.current?.querySelectorAll<HTMLElement>(".chip-open");
      const next = left?.[Math.min(index, left.length - 1)];
      if (next) next.focus();
      else onLast?.();
    });
  };
  if (!chips.length) return null;
  return (
    <div class="attached" ref={host}>
      <ul class="chips" aria-label={name}>
        {chips.map((chip, index) => {
          const kind = kindName(chip.wanted.kind);
          const size = sizeOf(chip);
          return (
            <li
              key={`${chip.wanted.kind} ${chip.label} ${index}`}
              class={chip.sent === null ? "chip chip-gone" : "chip"}
            >
              <button
                type="button"
                class="chip-open"
                aria-expanded={open.value === index}
                aria-label={[kind, chip.label, size].filter(Boolean).join(", ")}
                title={chip.sent ? chip.sent.text.slice(0, TITLE) : (chip.note ?? "")}
                onClick={() => {
                  open.value = open.value === index ? null : index;
                }}
                onKeyDown={(event) => {
                  if (!onRemove || (event.key !== "Delete" && event.key !== "Backspace")) return;
                  event.preventDefault();
                  remove(index);
                }}
              >
                <Icon name={KIND_ICONS[chip.wanted.kind]} />
                <span class="chip-label">{chip.label}</span>
                <span class="chip-size">{size}</span>
              </button>
              {onRemove && (
                <button
                  type="button"
                  class="chip-remove"
                  aria-label={t("Do not attach %(path)s", { path: chip.label })}
                  onClick={() => remove(index)}
                >
                  <Icon name="close" />
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {at && <Preview chip={at} onView={onView} />}
    </div>
  );
}

function Preview({ chip, onView }: { chip: Chip; onView: Props["onView"] }) {
  const { wanted, sent, note } = chip;
  const of = wanted.kind === "file" || wanted.kind === "selection";
  return (
    <div class="chip-preview">
      {sent && sent.cut > 0 && wanted.kind === "terminal" && <LeftOut cut={sent.cut} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys */}
      {sent && <pre tabIndex={0}>{sent.text}</pre>}
      {sent && sent.cut > 0 && wanted.kind !== "terminal" && <LeftOut cut={sent.cut} />}
      {note && <p class="muted">{note}</p>}
      {of && onView && (
        <button
          type="button"
          class="text-button"
          onClick={() => onView(wanted.name, wanted.line ?? 1, (wanted.end_line ?? 0) - (wanted.line ?? 1) + 1)}
        >
          {t("Open %(path)s", { path: wanted.name })}
        </button>
      )}
    </div>
  );
}

export function LeftOut({ cut }: { cut: number }) {
  return (
    <p class="left-out">
      {tn("%(number)s character left out", "%(number)s characters left out", cut, { number: cut.toLocaleString() })}
    </p>
  );
}

function sizeOf({ sent }: Chip): string {
  if (sent === null) return t("gone");
  if (!sent) return "";
  const size = tn("%(number)s character", "%(number)s characters", sent.text.length, {
    number: sent.text.length.toLocaleString(),
  });
  return sent.cut ? t("%(size)s, cut", { size }) : size;
}

/** What a prompt brought, as it was sent. */
export function broughtBy(turn: TurnView, state: State): Chip[] {
  if (!turn.mentions.length) {
    // Logs of before there were others have names of files alone.
    return turn.attachments.map((name) => ({ wanted: { kind: "file", name }, label: name, sent: undefined }));
  }
  return turn.mentions.map((mention) => chipOf(mention, state));
}

function chipOf(mention: Mention, state: State): Chip {
  const wanted = again(mention);
  const common = { wanted, label: mention.kind === "terminal" ? terminalLabel(mention) : label(wanted) };
  if (mention.kind !== "file") return { ...common, sent: mention };
  const file = state.files[mention.name];
  if (file?.version === mention.version && file.text !== null) {
    const text = file.text.slice(0, file.text.length - mention.cut);
    return { ...common, sent: { text, cut: mention.cut } };
  }
  const note = t("The whole file was sent as it was then, in version %(version)s. It has changed since.", {
    version: mention.version,
  });
  return { ...common, sent: undefined, note };
}

/** By its first line where that is the command. */
function terminalLabel({ text }: Mention): string {
  const command = /^\$ (.+)/.exec(text)?.[1];
  return command ? t("Output of %(command)s", { command: command.slice(0, 40) }) : t("Terminal output");
}
