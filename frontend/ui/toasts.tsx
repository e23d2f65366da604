// Short messages that come and go.
// Owns the list of messages and its live regions. Invariant: an error stays until it is dismissed; nothing on the page moves.

import { signal } from "@preact/signals";
import { t } from "../core/i18n.ts";
import { Icon } from "./icons.tsx";

interface Toast {
  id: number;
  text: string;
  error: boolean;
}

const STAY_MS = 5000;
const MOST = 4;
const toasts = signal<Toast[]>([]);
let count = 0;

/** Show a message; the result takes it away before its time. */
export function say(text: string, error = false): () => void {
  const there = toasts.peek().find((toast) => toast.text === text);
  if (there) return () => dismiss(there.id);
  const id = ++count;
  toasts.value = [...toasts.peek(), { id, text, error }].slice(-MOST);
  if (!error) window.setTimeout(() => dismiss(id), STAY_MS);
  return () => dismiss(id);
}

function dismiss(id: number): void {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

export function Toasts() {
  const list = (error: boolean) => (
    <div role={error ? "alert" : "status"}>
      {toasts.value
        .filter((toast) => toast.error === error)
        .map((toast) => (
          <div key={toast.id} class="toast">
            <span class="toast-text">{toast.text}</span>
            <button type="button" class="icon-button" aria-label={t("Dismiss")} onClick={() => dismiss(toast.id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
    </div>
  );
  return (
    <>
      {list(false)}
      {list(true)}
    </>
  );
}
