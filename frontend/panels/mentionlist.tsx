// The list that `@` opens in the box for prompts.
// Owns what is typed behind the `@`, what is found for it and which of it is chosen. Invariant: the box keeps the focus; the list is
// told to screen readers as its popup. Leaves out what there is (mentions.ts) and the box (ask.tsx).

import { signal } from "@preact/signals";
import { t, tn } from "../core/i18n.ts";
import { Icon } from "../ui/icons.tsx";
import { KIND_ICONS } from "./attach.tsx";
import { type Kind, matching, type Offer, offers, type Sources } from "./mentions.ts";

interface Open {
  query: string;
  /** Where the `@` stands. */
  at: number;
  all: Offer[];
  /** The box that has it, by its id. */
  box: string;
}

const open = signal<Open | null>(null);
const chosen = signal(0);

export function closeMentions(): void {
  open.value = null;
}

/** Open, narrow or close the list by what stands before the cursor. */
export function lookForMention(area: HTMLTextAreaElement, from: Sources): void {
  const before = area.value.slice(0, area.selectionStart);
  const query = /(?:^|[\s(])@([^\s@]*)$/.exec(before)?.[1];
  if (query === undefined) {
    closeMentions();
    return;
  }
  const at = area.selectionStart - query.length - 1;
  const known = open.peek();
  // What is selected elsewhere does not change while one types here.
  const same = known?.at === at && known.box === area.id;
  open.value = { query, at, all: same ? known.all : offers(from), box: area.id };
  chosen.value = 0;
}

export interface Found {
  groups: { kind: Kind; offers: Offer[] }[];
  flat: Offer[];
  at: number;
  query: string;
}

/** What the list of the box `id` shows now, or null where it is closed. Read while drawing. */
export function foundMentions(id: string): Found | null {
  const now = open.value;
  if (now?.box !== id) return null;
  const groups = matching(now.all, now.query);
  const flat = groups.flatMap((group) => group.offers);
  return flat.length ? { groups, flat, at: now.at, query: now.query } : null;
}

/** Take a key; true where it was the list's. */
export function mentionKey(event: KeyboardEvent, found: Found, take: (offer: Offer) => void): boolean {
  const count = found.flat.length;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    chosen.value = (chosen.value + step + count) % count;
    requestAnimationFrame(() => document.getElementById(chosenId(found))?.scrollIntoView({ block: "nearest" }));
  } else if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey) {
    const offer = found.flat[Math.min(chosen.value, count - 1)];
    if (offer) take(offer);
  } else if (event.key === "Escape") closeMentions();
  else return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

export function chosenId(found: Found): string {
  return `mention-${Math.min(chosen.value, found.flat.length - 1)}`;
}

export function MentionList({ found, take }: { found: Found | null; take: (offer: Offer) => void }) {
  const heads: Record<Kind, string> = {
    file: t("Files"),
    selection: t("Selection"),
    failure: t("Failing tests"),
    terminal: t("Terminal"),
  };
  const count = found?.flat.length ?? 0;
  return (
    <>
      <p class="sr-only" role="status">
        {found ? tn("%(n)s thing to attach", "%(n)s things to attach", count) : ""}
      </p>
      {found && (
        <div class="mentions" id="ask-mentions" role="listbox" aria-label={t("Attach")}>
          {found.groups.map(({ kind, offers: group }) => (
            // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a listbox
            <div key={kind} role="group" aria-label={heads[kind]}>
              <div class="mentions-head" aria-hidden="true">
                {heads[kind]}
              </div>
              {group.map((offer) => {
                const index = found.flat.indexOf(offer);
                return (
                  <div
                    key={index}
                    id={`mention-${index}`}
                    role="option"
                    tabIndex={-1}
                    aria-selected={index === Math.min(chosen.value, count - 1)}
                    onMouseDown={(event) => {
                      event.preventDefault();
                      take(offer);
                    }}
                  >
                    <Icon name={KIND_ICONS[kind]} />
                    <span class="mention-label">{offer.label}</span>
                    <span class="muted">{offer.detail}</span>
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      )}
    </>
  );
}
