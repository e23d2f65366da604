// A row of tabs.
// Owns the tab pattern: arrows move, Delete closes where closing is offered. Invariant: one tab stop for the row.

import { useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { Icon } from "./icons.tsx";

export interface Tab {
  id: string;
  label: string;
  title?: string;
  /** A word for a dot beside the label, such as "unsaved"; empty for none. */
  mark?: string;
  /** It stays where others can be closed. */
  fixed?: boolean;
}

interface Props {
  label: string;
  items: readonly Tab[];
  selected: string;
  onSelect: (id: string) => void;
  onClose?: (id: string) => void;
  controls?: string;
}

export function Tabs({ label, items, selected, onSelect, onClose, controls }: Props) {
  const row = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent, index: number) => {
    const steps: Record<string, number> = {
      ArrowRight: index + 1,
      ArrowLeft: index - 1,
      Home: 0,
      End: items.length - 1,
    };
    const to = steps[event.key];
    const item = to === undefined ? undefined : items[(to + items.length) % items.length];
    if (item) {
      event.preventDefault();
      onSelect(item.id);
      row.current?.querySelectorAll<HTMLElement>('[role="tab"]')[items.indexOf(item)]?.focus();
    } else if (event.key === "Delete" && onClose && !items[index]?.fixed) {
      event.preventDefault();
      onClose(items[index]?.id ?? "");
    }
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={row}>
      {items.map((item, index) => (
        <div key={item.id} class={item.id === selected ? "tab tab-selected" : "tab"} role="presentation">
          <button
            type="button"
            role="tab"
            class="tab-button"
            aria-selected={item.id === selected}
            tabIndex={item.id === selected ? 0 : -1}
            title={item.title ?? ""}
            {...(controls ? { "aria-controls": controls } : {})}
            onClick={() => onSelect(item.id)}
            onKeyDown={(event) => move(event, index)}
            onAuxClick={(event) => event.button === 1 && !item.fixed && onClose?.(item.id)}
          >
            {item.label}
            {item.mark && (
              <span class="tab-mark" title={item.mark}>
                <span aria-hidden="true">●</span>
                <span class="sr-only">{item.mark}</span>
              </span>
            )}
          </button>
          {onClose && !item.fixed && (
            <button
              type="button"
              class="tab-close"
              tabIndex={-1}
              aria-label={t("Close %(name)s", { name: item.title ?? item.label })}
              onClick={() => onClose(item.id)}
            >
              <Icon name="close" />
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
