// The few pictures.
// Owns 16 px icons drawn for this product. Invariant: they take the text's colour and are hidden from assistive technology: a word
// stands beside each, or the button carries a label.

const PATHS = {
  file: "M4 1.5h5L12.5 5v9.5h-8.5zM9 1.5V5h3.5",
  folder: "M1.5 4v9h13V5.5h-7L6 4z",
  plus: "M8 3v10M3 8h10",
  trash: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9",
  close: "M4 4l8 8M12 4l-8 8",
  play: "M4.5 2.5l9 5.5-9 5.5z",
  pause: "M5 3v10M11 3v10",
  stop: "M4 4h8v8H4z",
  check: "M3 8.5l3.5 3.5L13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  left: "M1.5 2.5h13v11h-13zM6 2.5v11",
  bottom: "M1.5 2.5h13v11h-13zM1.5 9.5h13",
  right: "M1.5 2.5h13v11h-13zM10 2.5v11",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5L14 14",
  selection: "M1.5 3.5h13M1.5 12.5h13M3.5 6h9v4h-9z",
  terminal: "M1.5 2.5h13v11h-13zM4 6l2.5 2L4 10M8 10.5h4",
  warn: "M8 2L15 14H1zM8 6.5v3.5M8 11.5v.8",
  spark: "M8 1.5l1.6 4.9 4.9 1.6-4.9 1.6L8 14.5l-1.6-4.9L1.5 8l4.9-1.6z",
  note: "M3 13l1-3.5 7-7L13.5 5l-7 7zM9.5 4l2.5 2.5",
  link: "M6.5 3.5h-4v10h10v-4M9 2.5h4.5V7M13.5 2.5L7.5 8.5",
  back: "M13 3L6 8l7 5zM3.5 3v10",
  forward: "M3 3l7 5-7 5zM12.5 3v10",
  download: "M8 2v8M4.5 7L8 10.5 11.5 7M2.5 13.5h11",
  keyboard: "M1.5 4h13v8h-13zM4 7h.5M7 7h.5M10 7h.5M5 9.5h6",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3",
  clock: "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 4.5V8l2.5 2",
  theme: "M8 1.5a6.5 6.5 0 1 0 0 13zM8 1.5v13a6.5 6.5 0 0 0 0-13",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  const filled = name === "play" || name === "stop" || name === "back" || name === "forward";
  return (
    <svg class={filled ? "icon icon-filled" : "icon"} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
