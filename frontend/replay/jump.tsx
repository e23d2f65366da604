// The list of moments: the timeline in words.
// Owns finding a moment and going there. Invariant: lists all that the timeline draws; the moment one stands at is marked.

import { useComputed } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { clockText } from "../core/timeline.ts";
import { search } from "./controls.tsx";
import { type Moment, moments, whoWord } from "./describe.ts";
import type { Player } from "./player.ts";

const MOST = 600;

export function found(all: readonly Moment[], words: string): Moment[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [...all];
  return all.filter((moment) =>
    `${moment.words} ${moment.detail} ${whoWord(moment.who)}`.toLowerCase().includes(wanted),
  );
}

export function Jump({ player, onSeek }: { player: Player; onSeek: (seq: number) => void }) {
  const list = useRef<HTMLUListElement>(null);
  const all = useComputed(() => moments(player.recorded.events.value)).value;
  const words = search.value;
  const shown = useMemo(() => found(all, words).slice(0, MOST), [all, words]);
  const seq = player.recorded.seq.value;
  const here = shown.findLast((moment) => moment.seq <= seq)?.seq ?? 0;
  useEffect(() => {
    const element = list.current;
    if (!element || element.matches(":hover, :focus-within")) return;
    element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [here]);
  return (
    <ul class="moments" ref={list} aria-label={t("Moments")}>
      {shown.map((moment) => (
        <li key={moment.seq}>
          <button
            type="button"
            class="moment"
            aria-current={moment.seq === here ? "true" : undefined}
            onClick={() => onSeek(moment.seq)}
          >
            <span class="moment-time">{clockText(Math.max(0, moment.at_ms - player.start.value), true)}</span>
            <span class={`who who-${moment.who}`} aria-hidden="true">
              {moment.sign}
            </span>
            <span class="moment-words">
              {moment.words}
              <span class="sr-only">, {whoWord(moment.who)}</span>
              {moment.detail && <span class="moment-detail">{moment.detail.slice(0, 160)}</span>}
            </span>
          </button>
        </li>
      ))}
      {shown.length === 0 && <li class="empty-line">{t("Nothing in this interview matches.")}</li>}
    </ul>
  );
}
