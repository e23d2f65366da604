// The menu of what leaves the interview as a file.
// Owns that menu. Invariant: a score is offered once there is one; each terminal by its name. Leaves out the formats, which the
// server knows (rubrics/exports).

import { useEffect, useMemo, useRef } from "preact/hooks";
import { boot, url } from "../core/boot.ts";
import { as, type Wire } from "../core/events.ts";
import { t } from "../core/i18n.ts";
import type { Command } from "../ui/commands.ts";
import { Icon } from "../ui/icons.tsx";
import type { Player } from "./player.ts";

interface Export {
  id: string;
  label: string;
  href: string;
}

/** The terminals of these events, and whether there is a score by their end. */
export function partsOf(events: readonly Wire[]): { terminals: string[]; scored: boolean } {
  const opened = events.flatMap((event) => as(event, "terminal.opened")?.terminal ?? []);
  return { terminals: [...new Set(opened)], scored: events.some((event) => event.type === "debrief.shown") };
}

/** What can be exported of an interview. */
export function exportsOf({ terminals, scored }: { terminals: readonly string[]; scored: boolean }): Export[] {
  const asciicast = boot.urls.export_asciicast;
  return [
    { id: "log", label: t("The whole log (NDJSON)"), href: url("export_log") },
    ...(scored
      ? [
          { id: "json", label: t("The score (JSON)"), href: url("export_json") },
          { id: "csv", label: t("The score (CSV)"), href: url("export_csv") },
        ]
      : []),
    ...[...(asciicast ? terminals : [])].map((terminal) => ({
      id: `asciicast-${terminal}`,
      label: t("Terminal %(number)s (asciicast)", { number: terminal.slice(1) }),
      href: `${asciicast}?terminal=${encodeURIComponent(terminal)}`,
    })),
  ];
}

export function exportCommands(all: readonly Export[]): Command[] {
  return all.map(({ id, label, href }) => ({
    id: `export-${id}`,
    label: t("Export: %(what)s", { what: label }),
    run: () => location.assign(href),
  }));
}

export function Exports({ player }: { player: Player }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const events = player.recorded.events.value;
  const all = useMemo(() => exportsOf(partsOf(events)), [events]);
  useEffect(() => {
    const close = (event: Event) => {
      const details = menu.current;
      const inside = event.target instanceof Node && details?.contains(event.target);
      const left = event instanceof KeyboardEvent ? event.key === "Escape" : !inside;
      if (!details?.open || !left) return;
      details.open = false;
      if (inside) details.querySelector("summary")?.focus();
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    document.addEventListener("focusin", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
      document.removeEventListener("focusin", close);
    };
  }, []);
  return (
    <details class="exports" ref={menu}>
      <summary class="button button-small" title={t("Export")}>
        <Icon name="download" /> <span class="exports-word">{t("Export")}</span>
      </summary>
      <ul class="exports-list">
        {all.map(({ id, label, href }) => (
          <li key={id}>
            <a
              href={href}
              download
              onClick={() => {
                if (menu.current) menu.current.open = false;
              }}
            >
              {label}
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
