// The list of moments: the timeline in words.
// Owns finding a moment and going there. Invariant: lists all that the timeline draws; the moment one stands at is marked.

import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { clockText } from "../core/timeline.ts";
import { search } from "./controls.tsx";
import { type Moment, whoWord } from "./describe.ts";
import type { Player } from "./player.ts";

export function found(all: readonly Moment[], words: string): Moment[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [...all];
  return all.filter((moment) =>
    `${moment.words} ${moment.detail} ${whoWord(moment.who)}`.toLowerCase().includes(wanted),
  );
}

interface Props {
  player: Player;
  all: readonly Moment[];
  onSeek: (seq: number) => void;
}

export function Jump({ player, all, onSeek }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const seek = useRef(onSeek);
  seek.current = onSeek;
  const words = search.value;
  const shown = useMemo(() => found(all, words), [all, words]);
  const seq = player.recorded.seq.value;
  const here = shown[lastBefore(shown, seq)]?.seq ?? 0;
  // Drawn once a log and a search, not once an event.
  const items = useMemo(
    () => shown.map((moment) => <Item key={moment.seq} moment={moment} player={player} onSeek={seek} />),
    [shown, player],
  );
  useLayoutEffect(() => {
    const item = list.current?.querySelector(`[data-seq="${here}"]`);
    item?.setAttribute("aria-current", "true");
    return () => item?.removeAttribute("aria-current");
  }, [here, items]);
  // After the moment itself has been painted: finding the place costs a layout.
  useEffect(() => {
    const element = list.current;
    if (!element || element.closest("[hidden]") || element.matches(":hover, :focus-within")) return;
    element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }, [here, items]);
  return (
    <ul class="moments" ref={list} aria-label={t("Moments")}>
      {items}
      {shown.length === 0 && <li class="empty-line">{t("Nothing in this interview matches.")}</li>}
    </ul>
  );
}

/** The index of the last moment at or before an event, or -1. */
function lastBefore(all: readonly Moment[], seq: number): number {
  let low = -1;
  let high = all.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((all[middle]?.seq ?? 0) <= seq) low = middle;
    else high = middle - 1;
  }
  return low;
}

interface ItemProps {
  moment: Moment;
  player: Player;
  onSeek: { current: (seq: number) => void };
}

function Item({ moment, player, onSeek }: ItemProps) {
  return (
    <li>
      <button type="button" class="moment" data-seq={moment.seq} onClick={() => onSeek.current(moment.seq)}>
        <span class="moment-time">{clockText(Math.max(0, moment.at_ms - player.start.peek()), true)}</span>
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
  );
}
