// The bar of buttons over the timeline.
// Owns play, speed, the clock and search. Invariant: each button has a key, shown in its tooltip.

import { signal } from "@preact/signals";
import { t } from "../core/i18n.ts";
import { clockText } from "../core/timeline.ts";
import { Icon } from "../ui/icons.tsx";
import { describe, whoWord } from "./describe.ts";
import { Exports } from "./exports.tsx";
import { type Player, SPEEDS } from "./player.ts";

export const search = signal("");
/** Whether the strip is to catch the eye: after a jump to an event. */
export const struck = signal(false);

export function Controls({ player, onSearch }: { player: Player; onSearch: (next: boolean) => void }) {
  const playing = player.playing.value;
  return (
    <div class="controls">
      <div class="controls-keys">
        <button
          type="button"
          class="icon-button"
          title={t("Previous event (←)")}
          aria-label={t("Previous event")}
          onClick={() => player.step(-1)}
        >
          <Icon name="back" />
        </button>
        <button
          type="button"
          class="icon-button play"
          title={playing ? t("Pause (Space)") : t("Play (Space)")}
          aria-label={playing ? t("Pause") : t("Play")}
          onClick={() => player.toggle()}
        >
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <button
          type="button"
          class="icon-button"
          title={t("Next event (→)")}
          aria-label={t("Next event")}
          onClick={() => player.step(1)}
        >
          <Icon name="forward" />
        </button>
      </div>
      <label class="check">
        <span class="sr-only">{t("Speed")}</span>
        <select
          class="select"
          value={String(player.speed.value)}
          onChange={(event) => {
            player.speed.value = Number(event.currentTarget.value);
          }}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={String(speed)}>
              {speed}×
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={player.skipIdle.value}
          onChange={(event) => {
            player.skipIdle.value = event.currentTarget.checked;
          }}
        />
        {t("Skip idle")}
      </label>
      <span class="controls-time">
        {clockText(player.time.value, true)} <span class="muted">/ {clockText(player.duration.value, true)}</span>
      </span>
      <Strip player={player} />
      <form
        class="controls-search"
        onSubmit={(event) => {
          event.preventDefault();
          onSearch(true);
        }}
      >
        <input
          id="replay-search"
          type="search"
          class="input"
          placeholder={t("Search prompts, commands, files")}
          aria-label={t("Search prompts, commands, files")}
          aria-keyshortcuts="/"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
            onSearch(false);
          }}
        />
      </form>
      <Exports player={player} />
    </div>
  );
}

/** What the event is at which the replay stands. */
function Strip({ player }: { player: Player }) {
  const seq = player.recorded.seq.value;
  const event = player.recorded.event(seq);
  const last = player.recorded.events.value.length;
  if (!event) return <p class="strip">{t("Before the first event")}</p>;
  const { who, sign, words, detail } = describe(event, player.recorded.erasures.get(seq));
  const what = event.payload === null && detail ? `${words} (${detail})` : words;
  return (
    <p
      class={struck.value ? "strip strip-struck" : "strip"}
      role="status"
      aria-live={struck.value ? "polite" : "off"}
      title={detail}
    >
      <span class="strip-number">{t("Event %(seq)s of %(last)s", { seq, last })}</span>
      <span class={`who who-${who}`} aria-hidden="true">
        {sign}
      </span>
      <span class="strip-words">
        {t("%(what)s, by %(who)s, at %(time)s", {
          what,
          who: whoWord(who),
          time: clockText(player.timeOf(event), true),
        })}
      </span>
    </p>
  );
}
