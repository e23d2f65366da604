// What becomes of text whose file went away while it was not saved yet.
// Owns saying so and the two answers. Invariant: it is told until the person has decided. Leaves out keeping it (editor/outbox.ts).

import { t, tn } from "../core/i18n.ts";
import { forget, restore, type Working } from "./session.ts";

export function Orphans({ session }: { session: Working }) {
  return (
    <>
      {session.editable.orphans.value.map((orphan) => (
        <div key={orphan.path} class="notice">
          <p>
            {tn(
              "%(path)s was removed from the workspace while %(n)s change to it was unsaved. Your text is kept.",
              "%(path)s was removed from the workspace while %(n)s changes to it were unsaved. Your text is kept.",
              orphan.unsent,
              { path: orphan.path },
            )}
          </p>
          <button
            type="button"
            class="button button-small button-primary"
            onClick={() => void restore(session, orphan)}
          >
            {t("Put it back with my text")}
          </button>{" "}
          <button type="button" class="button button-small" onClick={() => forget(session, orphan)}>
            {t("Leave it removed")}
          </button>
        </div>
      ))}
    </>
  );
}
