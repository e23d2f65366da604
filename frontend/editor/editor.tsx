// The editor's panel: tabs above, the view below.
// Owns the DOM around CodeMirror. Invariant: the view lives as long as the panel. Leaves out documents (editors.ts).

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { Store } from "../core/store.ts";
import { Icon } from "../ui/icons.tsx";
import { type Tab, Tabs } from "../ui/tabs.tsx";
import type { Editors } from "./editors.ts";

/** What stands before the files, as their first tab. */
export interface Front {
  tab: Tab;
  shown: boolean;
  onShow: (shown: boolean) => void;
  content: ComponentChildren;
}

interface Props {
  editors: Editors;
  store: Store;
  unsentOf?: ((path: string) => number) | undefined;
  /** Said above the text. */
  note?: string | undefined;
  /** Shown at the end of the tab bar. */
  aside?: ComponentChildren;
  /** Shown when no file is open. */
  empty: ComponentChildren;
  front?: Front | undefined;
}

export function Editor({ editors, store, unsentOf, note, aside, empty, front }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const tabs = editors.tabs.value;
  const active = editors.active.value;
  useEffect(() => (host.current ? editors.mount(host.current) : undefined), [editors]);
  const file = active === null ? undefined : store.at("files").files[active];
  const binary = file !== undefined && file.text === null;
  const items = tabs.map((path) => ({
    id: path,
    label: shortName(path, tabs),
    title: path,
    mark: (unsentOf?.(path) ?? 0) > 0 ? t("unsaved") : "",
  }));
  const before = front?.shown === true;
  const select = (path: string) => {
    front?.onShow(path === front.tab.id);
    if (path !== front?.tab.id) editors.open(path);
  };
  const close = (path: string) => {
    editors.close(path);
    // What closing a file shows next is another file, not what stands before them.
    front?.onShow(before);
  };
  return (
    <>
      <div class="panel-head panel-tabs">
        <Tabs
          label={front ? t("Review and open files") : t("Open files")}
          items={front ? [{ ...front.tab, fixed: true }, ...items] : items}
          selected={front && before ? front.tab.id : (active ?? "")}
          onSelect={select}
          onClose={close}
          {...(front ? {} : { controls: "editor-view" })}
        />
        {!before && aside}
      </div>
      {front && (
        <div class="panel-body" role="tabpanel" aria-label={front.tab.label} hidden={!before}>
          {front.content}
        </div>
      )}
      {note && !before && <p class="editor-note">{note}</p>}
      <div class="panel-body editor-body" hidden={before}>
        <div
          id="editor-view"
          class="editor-host"
          role="tabpanel"
          aria-label={active ?? t("Editor")}
          hidden={active === null || binary}
          ref={host}
        />
        {active === null && <div class="empty">{empty}</div>}
        {binary && (
          <div class="empty">
            <Icon name="file" />
            <p>{t("%(path)s is not a text file and cannot be shown here.", { path: active ?? "" })}</p>
          </div>
        )}
      </div>
    </>
  );
}

/** The file's name, with its folder where another tab has the same name. */
function shortName(path: string, tabs: readonly string[]): string {
  const name = (of: string) => of.slice(of.lastIndexOf("/") + 1);
  const twin = tabs.some((other) => other !== path && name(other) === name(path));
  return twin ? path.split("/").slice(-2).join("/") : name(path);
}
