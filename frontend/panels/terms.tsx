// What the assistant can do and knows in this interview, said before the first prompt.
// Owns those words. Invariant: they follow from the interview's settings alone.

import type { Header } from "../core/boot.ts";
import { t } from "../core/i18n.ts";
import { Icon } from "../ui/icons.tsx";

export function Terms({ settings }: { settings: Header["settings"] }) {
  const can = {
    chat: t("It talks with you. It changes nothing and runs nothing."),
    edit: t("It talks, and proposes changes. Nothing goes into a file before you accept it."),
    agent: t(
      "It talks, proposes changes, and runs tests and commands on a copy of your files. You see each step, and nothing goes into a file before you accept it.",
    ),
  }[settings.mode];
  return (
    <div class="terms">
      <p>
        <Icon name="spark" /> {can}
      </p>
      <p>
        <Icon name="eye" />{" "}
        {settings.tree_shared
          ? t("It can look at all your files.")
          : t("It sees only the files that you attach with @.")}{" "}
        {settings.brief_shared ? t("It has read the brief.") : t("It has not read the brief.")}
      </p>
      <p class="muted">{t("Ask it for anything, or for nothing at all.")}</p>
    </div>
  );
}
