// The four panels and the bars between them.
// Owns the frame that workspace, live view and replay share. Invariant: hiding a panel keeps what is in it (a terminal, an editor)
// alive. Leaves out what the panels hold.

import type { ComponentChildren } from "preact";
import { t } from "../core/i18n.ts";
import { drawn, hidden, limits, narrow, narrowPanel, type PanelId, resize, type Sized } from "./layout.ts";

interface Props {
  left: ComponentChildren;
  editor: ComponentChildren;
  bottom: ComponentChildren;
  right: ComponentChildren;
  names: Record<PanelId, string>;
}

export function Panels({ left, editor, bottom, right, names }: Props) {
  const shown = (id: PanelId) => (narrow.value ? narrowPanel.value === id : !hidden.value.includes(id));
  const px = (id: Sized) => (shown(id) ? `${drawn(id)}px` : "0px");
  const columns = { "--left": px("left"), "--right": px("right"), "--bottom": px("bottom") };
  const panel = (id: PanelId, children: ComponentChildren) => (
    <section class={`panel panel-${id}`} id={`panel-${id}`} aria-label={names[id]} tabIndex={-1} hidden={!shown(id)}>
      {children}
    </section>
  );
  return (
    <main class="panels" style={columns}>
      {panel("left", left)}
      {shown("left") && !narrow.value && <Bar of="left" label={t("Width of the left panel")} />}
      {panel("editor", editor)}
      {shown("bottom") && !narrow.value && <Bar of="bottom" label={t("Height of the lower panel")} />}
      {panel("bottom", bottom)}
      {shown("right") && !narrow.value && <Bar of="right" label={t("Width of the right panel")} />}
      {panel("right", right)}
    </main>
  );
}

/** A bar that is dragged, or moved by the arrow keys. */
function Bar({ of, label }: { of: Sized; label: string }) {
  const upright = of !== "bottom";
  const sign = of === "left" ? 1 : -1;
  const drag = (event: PointerEvent) => {
    const bar = event.currentTarget as HTMLElement;
    const start = upright ? event.clientX : event.clientY;
    const size = drawn(of);
    bar.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => resize(of, size + sign * ((upright ? now.clientX : now.clientY) - start));
    const end = () => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", end);
      bar.removeEventListener("pointercancel", end);
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", end);
    bar.addEventListener("pointercancel", end);
  };
  const key = (event: KeyboardEvent) => {
    const steps: Record<string, number> = upright
      ? { ArrowLeft: -16, ArrowRight: 16 }
      : { ArrowUp: -16, ArrowDown: 16 };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    resize(of, drawn(of) + sign * step);
  };
  const [least, most] = limits(of);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a movable separator is a widget; <hr> has no keys
    <div
      class={`bar bar-${of}`}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={upright ? "vertical" : "horizontal"}
      aria-valuenow={drawn(of)}
      aria-valuemin={least}
      aria-valuemax={most}
      onPointerDown={drag}
      onKeyDown={key}
    />
  );
}
