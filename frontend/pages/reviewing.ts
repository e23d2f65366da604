// Where the review stands in the candidate's workspace, and what phases change of what one can do there.
// Owns whether the review or a file is shown in the editor's place, and the commands about phases. Invariant: whoever opens a file sees
// it, and what a command does fits the phase. Leaves out the review itself (panels/review.tsx) and what is asked first (between.tsx).

import { effect, signal, untracked } from "@preact/signals";
import { boot } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import type { State } from "../core/state.ts";
import { phaseAfter } from "../core/timeline.ts";
import type { Command } from "../ui/commands.ts";
import type { Place } from "../ui/frame.tsx";
import { focusPanel } from "../ui/layout.ts";
import { goingOn } from "./between.tsx";
import { left } from "./doing.ts";
import type { Session } from "./session.ts";

/** The review's tab: no file is called so. */
export const REVIEW = "/review";
/** Whether the change under review stands in the editor's place. */
export const reviewing = signal(true);

/** A command that shows a file: it is seen first, and then gone to. */
export function toFile(command: Command): Command {
  return {
    ...command,
    run: () => {
      if (!reviewing.value) {
        command.run();
        return;
      }
      reviewing.value = false;
      // What is not drawn yet takes neither a place nor the focus.
      requestAnimationFrame(() => command.run());
    },
  };
}

/** Show the review when it is opened, and a file when another is. Ends when called. */
export function followReview({ store, editors }: Session): () => void {
  const end = store.listen({
    event: (event) => {
      if (event.type !== "review.opened") return;
      showReview();
      left.value = "brief";
    },
  });
  let before = editors.active.peek();
  const stop = effect(() => {
    const active = editors.active.value;
    if (active !== before && active !== null) untracked(() => (reviewing.value = false));
    before = active;
  });
  return () => {
    end();
    stop();
  };
}

function showReview(): void {
  reviewing.value = true;
  focusPanel("editor");
}

export function phaseCommands({ store }: Session): Command[] {
  const running = () => store.now.status === "running";
  return [
    {
      id: "review",
      label: t("Go to: %(panel)s", { panel: t("Review") }),
      keys: ["Mod+Alt+R"],
      run: showReview,
      enabled: () => store.now.review !== null,
    },
    {
      id: "go-on",
      label: t("Go on to the review"),
      run: () => (goingOn.value = true),
      enabled: () => running() && comes(store.now),
    },
  ];
}

/** Commands that mean something else, or nothing, in a phase that another follows, or while a fault is written. */
export function phased({ store }: Session, commands: Command[]): Command[] {
  const unless = (command: Command, not: () => boolean): Command => ({
    ...command,
    enabled: () => (command.enabled?.() ?? true) && !not(),
  });
  const writing = () => Boolean(document.activeElement?.closest(".verdict"));
  return commands.map((command) => {
    if (command.id === "submit") return unless(command, () => comes(store.now));
    return command.id === "run" ? unless(command, writing) : command;
  });
}

function comes(state: State): boolean {
  return phaseAfter(state, boot.header.settings.review_minutes) !== "";
}

/** Where a narrow page shows one panel at a time, the review has a place of its own before the code. */
export function reviewPlaces(all: readonly Place[]): Place[] {
  const review: Place = {
    id: "review",
    label: t("Review"),
    icon: "check",
    panel: "editor",
    choose: () => (reviewing.value = true),
    chosen: () => reviewing.value,
  };
  const code = (place: Place): Place => ({
    ...place,
    choose: () => (reviewing.value = false),
    chosen: () => !reviewing.value,
  });
  return all.flatMap((place) => (place.id === "editor" ? [review, code(place)] : [place]));
}
