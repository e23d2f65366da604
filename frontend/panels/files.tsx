// The file tree.
// Owns the tree pattern (one tab stop, arrows, Enter opens, F2 renames, Delete deletes) and naming files. Invariant: nothing is
// deleted without a confirmation that names it. Leaves out opening (editors.ts) and committing (`FileActs`).

import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../core/i18n.ts";
import type { Store } from "../core/store.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";

export interface Row {
  path: string;
  name: string;
  depth: number;
  folder: boolean;
}

export const naming = signal(false);
export const renaming = signal<string | null>(null);
export const deleting = signal<string | null>(null);
const folded = signal<ReadonlySet<string>>(new Set());
const focused = signal("");

/** The tree's rows in order: folders first, then files, by name; without what lies in folded folders. */
export function rows(paths: readonly string[], closed: ReadonlySet<string>): Row[] {
  const folders = new Set<string>();
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) folders.add(parts.slice(0, depth).join("/"));
  }
  const all = [
    ...[...folders].map((path) => ({ path, folder: true })),
    ...paths.map((path) => ({ path, folder: false })),
  ];
  // A folder sorts before the files beside it: its parts are marked to come first.
  const key = ({ path, folder }: { path: string; folder: boolean }) => {
    const parts = path.split("/");
    return parts.map((part, at) => (at < parts.length - 1 || folder ? `0${part}` : `1${part}`)).join("/");
  };
  const hidden = (path: string) =>
    path.split("/").some((_, at, parts) => at > 0 && closed.has(parts.slice(0, at).join("/")));
  return all
    .filter(({ path }) => !hidden(path))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1))
    .map(({ path, folder }) => {
      const parts = path.split("/");
      return { path, folder, name: parts[parts.length - 1] ?? path, depth: parts.length - 1 };
    });
}

/** What one may do with files; nothing where it is not given. */
export interface FileActs {
  create: (path: string) => void;
  rename: (path: string, to: string) => void;
  delete: (path: string) => void;
}

interface Props {
  store: Store;
  active: string | null;
  starter: ReadonlyMap<string, number>;
  unsentOf?: (path: string) => number;
  onOpen: (path: string) => void;
  /** Whether files may be made, renamed and deleted: the page then has `FileDialogs`. */
  changeable?: boolean;
}

export function Files({ store, active, starter, unsentOf, onOpen, changeable = false }: Props) {
  const tree = useRef<HTMLDivElement>(null);
  const files = store.at("files").files;
  const list = rows(Object.keys(files), folded.value);
  const stop = list.some((row) => row.path === focused.value) ? focused.value : (active ?? list[0]?.path ?? "");
  const fold = (path: string, close: boolean) => {
    const next = new Set(folded.value);
    if (close) next.add(path);
    else next.delete(path);
    folded.value = next;
  };
  const go = (row: Row | undefined) => {
    if (!row) return;
    focused.value = row.path;
    tree.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(row.path)}"]`)?.focus();
  };
  const act = (row: Row) => (row.folder ? fold(row.path, !folded.value.has(row.path)) : onOpen(row.path));
  const onKey = (event: KeyboardEvent, row: Row) => {
    const at = list.indexOf(row);
    const parent = list.findLast((other) => other.folder && row.path.startsWith(`${other.path}/`));
    const open = row.folder && !folded.value.has(row.path);
    const actions: Record<string, () => void> = {
      ArrowDown: () => go(list[at + 1]),
      ArrowUp: () => go(list[at - 1]),
      Home: () => go(list[0]),
      End: () => go(list[list.length - 1]),
      ArrowRight: () => (row.folder && !open ? fold(row.path, false) : go(list[at + 1])),
      ArrowLeft: () => (open ? fold(row.path, true) : go(parent)),
      Enter: () => act(row),
      " ": () => act(row),
      F2: () => {
        if (!row.folder && changeable) renaming.value = row.path;
      },
      Delete: () => {
        if (!row.folder && changeable) deleting.value = row.path;
      },
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  };
  return (
    <div class="files">
      {changeable && (
        <div class="files-tools">
          <button type="button" class="text-button" onClick={() => (naming.value = true)}>
            <Icon name="plus" /> {t("New file")}
          </button>
        </div>
      )}
      <div class="tree" role="tree" aria-label={t("Files")} ref={tree}>
        {list.map((row) => {
          const known = starter.get(row.path);
          const file = files[row.path];
          const changed = !row.folder && file !== undefined && known !== file.version;
          const word = known === undefined ? t("new") : t("changed");
          return (
            <div
              key={row.path}
              class={`tree-row${row.path === active ? " tree-row-active" : ""}`}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-selected={row.path === active}
              {...(row.folder ? { "aria-expanded": !folded.value.has(row.path) } : {})}
              tabIndex={row.path === stop ? 0 : -1}
              data-path={row.path}
              style={{ "--depth": row.depth }}
              title={row.path}
              onClick={() => {
                focused.value = row.path;
                act(row);
              }}
              onKeyDown={(event) => onKey(event, row)}
            >
              <span class="tree-mark" aria-hidden="true">
                {row.folder ? (folded.value.has(row.path) ? "▸" : "▾") : ""}
              </span>
              <span class="tree-name">{row.name}</span>
              {(unsentOf?.(row.path) ?? 0) > 0 && <span class="tree-state">{t("unsaved")}</span>}
              {changed && (
                <abbr class="tree-state" title={word}>
                  {known === undefined ? "A" : "M"}
                  <span class="sr-only"> {word}</span>
                </abbr>
              )}
              {changeable && !row.folder && (
                <button
                  type="button"
                  class="icon-button tree-act"
                  tabIndex={-1}
                  title={t("Rename (%(key)s)", { key: "F2" })}
                  aria-label={t("Rename %(path)s", { path: row.path })}
                  onClick={(event) => {
                    event.stopPropagation();
                    renaming.value = row.path;
                  }}
                >
                  <Icon name="note" />
                </button>
              )}
              {changeable && !row.folder && (
                <button
                  type="button"
                  class="icon-button tree-act"
                  tabIndex={-1}
                  aria-label={t("Delete %(path)s", { path: row.path })}
                  onClick={(event) => {
                    event.stopPropagation();
                    deleting.value = row.path;
                  }}
                >
                  <Icon name="trash" />
                </button>
              )}
            </div>
          );
        })}
        {list.length === 0 && <p class="empty-line">{t("The files appear here when the interview starts.")}</p>}
      </div>
    </div>
  );
}

/** The questions that the tree and its commands ask; on the page itself, for the tree may be hidden. */
export function FileDialogs({ store, acts }: { store: Store; acts: FileActs }) {
  const paths = Object.keys(store.at("files").files);
  if (naming.value) return <NewFile paths={paths} onCreate={acts.create} />;
  if (renaming.value !== null) return <RenameFile path={renaming.value} paths={paths} onRename={acts.rename} />;
  if (deleting.value !== null) return <DeleteFile path={deleting.value} onDelete={acts.delete} />;
  return null;
}

function NewFile({ paths, onCreate }: { paths: readonly string[]; onCreate: (path: string) => void }) {
  const close = () => {
    naming.value = false;
  };
  return (
    <NameDialog
      title={t("New file")}
      label={t("Path in the workspace, such as tests/test_more.py")}
      action={t("Create file")}
      taken={paths}
      onClose={close}
      onName={onCreate}
    />
  );
}

interface Renaming {
  path: string;
  paths: readonly string[];
  onRename: (path: string, to: string) => void;
}

function RenameFile({ path, paths, onRename }: Renaming) {
  const close = () => {
    renaming.value = null;
  };
  return (
    <NameDialog
      title={t("Rename %(path)s", { path })}
      label={t("New path in the workspace")}
      action={t("Rename")}
      now={path}
      taken={paths.filter((other) => other !== path)}
      onClose={close}
      onName={(to) => to !== path && onRename(path, to)}
    />
  );
}

interface Naming {
  title: string;
  label: string;
  action: string;
  /** The name that is there to begin with. */
  now?: string;
  taken: readonly string[];
  onClose: () => void;
  onName: (path: string) => void;
}

function NameDialog({ title, label, action, now = "", taken, onClose, onName }: Naming) {
  const path = useRef<HTMLInputElement>(null);
  const problem = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    // The name without its folders and its suffix is what one most often changes.
    const start = now.lastIndexOf("/") + 1;
    const dot = now.lastIndexOf(".");
    path.current?.focus();
    path.current?.setSelectionRange(start, dot > start ? dot : now.length);
  }, [now]);
  const submit = (event: Event) => {
    event.preventDefault();
    const name = path.current?.value.trim() ?? "";
    if (taken.includes(name) && problem.current) {
      problem.current.textContent = t("%(path)s is there already. Choose another name.", { path: name });
      return;
    }
    onClose();
    if (name) onName(name);
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submit}>
        <label class="field">
          {label}
          <input
            class="input"
            ref={path}
            name="path"
            defaultValue={now}
            required
            maxLength={200}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        <p class="field-problem" role="alert" ref={problem} />
        <div class="dialog-buttons">
          <button type="button" class="button" onClick={onClose}>
            {t("Cancel")}
          </button>
          <button type="submit" class="button button-primary">
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteFile({ path, onDelete }: { path: string; onDelete: (path: string) => void }) {
  const close = () => {
    deleting.value = null;
  };
  return (
    <Dialog title={t("Delete %(path)s?", { path })} onClose={close}>
      <p>{t("The file goes from the workspace. Its past stays in the recording.")}</p>
      <div class="dialog-buttons">
        <button type="button" class="button" onClick={close}>
          {t("Keep it")}
        </button>
        <button
          type="button"
          class="button button-primary"
          onClick={() => {
            close();
            onDelete(path);
          }}
        >
          {t("Delete %(path)s", { path })}
        </button>
      </div>
    </Dialog>
  );
}
