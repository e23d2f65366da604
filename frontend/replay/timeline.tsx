// The timeline under the replay.
// Owns drawing the lanes and the scrubber. Invariant: colour says who, and a sign says what; everything drawn stands in the list of
// moments too, which is what assistive technology reads. Leaves out what the marks are (lanes.ts).

import { useComputed } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { t } from "../core/i18n.ts";
import { clockText } from "../core/timeline.ts";
import { type Lane, lanes, SLICES, type Slice, type Span, slices, spans } from "./lanes.ts";
import type { Player } from "./player.ts";

const EDITS = 24;
const ROW = 16;

type Seek = (seq: number) => void;

export function Timeline({ player, onSeek }: { player: Player; onSeek: Seek }) {
  const { events } = player.recorded;
  const drawn = useComputed(() => {
    const duration = player.duration.value;
    const timeOf = player.timeOf.bind(player);
    return {
      lanes: lanes(events.value, player.recorded.erasures, timeOf, duration),
      slices: slices(events.value, timeOf, duration),
      ...spans(events.value, timeOf, duration),
    };
  }).value;
  const duration = player.duration.value;
  const at = player.time.value / duration;
  const height = EDITS + drawn.lanes.length * ROW;
  // Drawn once a log, not once a frame.
  const drawing = useMemo(
    () => <Drawing drawn={drawn} height={height} player={player} onSeek={onSeek} />,
    [drawn, height, player],
  );
  return (
    <div class="timeline">
      <div class="lane-names" aria-hidden="true">
        <span class="lane-name-edits">{t("edits")}</span>
        {drawn.lanes.map((lane) => (
          <span key={lane.id}>{lane.label}</span>
        ))}
      </div>
      <div class="lanes">
        {drawing}
        <svg class="playhead-layer" width="100%" height={height} aria-hidden="true">
          <line class="playhead" x1={percent(at)} x2={percent(at)} y1="0" y2="100%" />
        </svg>
        <input
          type="range"
          class="scrubber"
          min={0}
          max={duration}
          step={100}
          value={player.time.value}
          aria-label={t("Place in the interview")}
          aria-valuetext={clockText(player.time.value, true)}
          onInput={(event) => {
            player.pause();
            player.seekTime(Number(event.currentTarget.value));
          }}
        />
      </div>
    </div>
  );
}

interface Drawn {
  lanes: Lane[];
  slices: Slice[];
  away: Span[];
  paused: Span[];
  lost: Span[];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}

function Drawing({ drawn, height, player, onSeek }: { drawn: Drawn; height: number; player: Player; onSeek: Seek }) {
  return (
    <svg
      class="lanes-drawing"
      width="100%"
      height={height}
      aria-hidden="true"
      onPointerDown={(event) => scrub(event, player, onSeek)}
    >
      <defs>
        <pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="hatch-ground" width="4" height="4" />
          <rect class="hatch-line" width="2" height="4" />
        </pattern>
        <pattern id="dots" width="4" height="4" patternUnits="userSpaceOnUse">
          <rect class="dots-ground" width="4" height="4" />
          <rect class="dots-dot" width="2" height="2" />
        </pattern>
        <pattern id="away" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect class="away-line" width="2" height="6" />
        </pattern>
      </defs>
      {drawn.away.map((span) => (
        <Stretch key={`a${span.from}`} span={span} fill="url(#away)" height={height} />
      ))}
      {drawn.paused.map((span) => (
        <Stretch key={`p${span.from}`} span={span} class="paused-span" height={height} />
      ))}
      {drawn.lost.map((span) => (
        <Stretch key={`l${span.from}`} span={span} class="lost-span" height={height} />
      ))}
      {drawn.lanes.map((lane, index) => (
        <line key={lane.id} class="lane-line" x1="0" x2="100%" y1={EDITS + index * ROW} y2={EDITS + index * ROW} />
      ))}
      {drawn.slices.map((slice) => {
        let top = EDITS - 2;
        return slice.parts.map((part) => {
          const size = part.height * (EDITS - 4);
          top -= size;
          return (
            <rect
              key={`${slice.x}${part.who}`}
              class={`edit edit-${part.who}`}
              x={percent(slice.x)}
              width={percent(0.8 / SLICES)}
              y={top}
              height={size}
            />
          );
        });
      })}
      {drawn.lanes.map((lane, index) =>
        lane.marks.map((mark, order) => (
          <text
            key={`${lane.id}${order}`}
            class={`mark mark-${mark.tone}`}
            data-seq={mark.seq}
            x={percent(mark.x)}
            y={EDITS + index * ROW + ROW - 4}
          >
            <title>{mark.title}</title>
            {mark.sign}
          </text>
        )),
      )}
    </svg>
  );
}

/** A press on a mark goes to its event, anywhere else to that time, and on while it is held. */
function scrub(event: PointerEvent, player: Player, onSeek: Seek): void {
  const drawing = event.currentTarget as SVGElement;
  const box = drawing.getBoundingClientRect();
  const to = (now: PointerEvent) => player.seekTime(((now.clientX - box.left) / box.width) * player.duration.value);
  const mark = event.target instanceof Element ? event.target.closest<SVGElement>("[data-seq]") : null;
  if (mark) {
    onSeek(Number(mark.dataset.seq));
    return;
  }
  player.pause();
  to(event);
  drawing.setPointerCapture(event.pointerId);
  const ended = new AbortController();
  drawing.addEventListener("pointermove", to, { signal: ended.signal });
  for (const end of ["pointerup", "pointercancel"]) {
    drawing.addEventListener(end, () => ended.abort(), { signal: ended.signal });
  }
}

function Stretch({ span, height, fill, class: name }: { span: Span; height: number; fill?: string; class?: string }) {
  return (
    <rect
      x={`${span.from * 100}%`}
      width={`${(span.to - span.from) * 100}%`}
      y={0}
      height={height}
      {...(fill ? { fill } : {})}
      {...(name ? { class: name } : {})}
    >
      <title>{span.title}</title>
    </rect>
  );
}
