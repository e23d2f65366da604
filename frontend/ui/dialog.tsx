// A modal dialog.
// Owns opening, closing and giving the focus back. Invariant: Escape and the close button do the same; a `firm` one cannot be left.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  children: ComponentChildren;
  onClose?: () => void;
  class?: string;
}

export function Dialog({ title, children, onClose, class: extra = "" }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog ${extra}`}
      aria-label={title}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onMouseDown={(event) => event.target === element.current && onClose?.()}
    >
      <div class="dialog-box">
        <h2 class="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}
