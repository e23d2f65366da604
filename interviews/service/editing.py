"""Edits of the people in an interview: accepted one version at a time.

Owns the authority over file versions, who may edit and what a path may be. Invariant: an edit based on an older version
is refused as stale and changes nothing; an accepted one is committed before it is acknowledged; a repeated one is answered
as the first time. Leaves out the sandbox's disk (``disk``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.errors import BadInput, Conflict, NotAllowed, NotFound, PairsightError
from interviews.log import ClientKey, Draft
from interviews.service.interview import Interview, last_payload
from interviews.state import FileView
from interviews.text import Changes, apply_changes, dump, length, parse

MAX_FILE_UNITS = 1_000_000
MAX_FILES = 500
MAX_UPDATES = 500
# Folders that a sandbox's list of files passes over, and one for our own use.
TOOLS = frozenset(
    {
        ".git", ".hg", ".hypothesis", ".mypy_cache", ".pairsight", ".pytest_cache", ".ruff_cache", ".tox", ".venv",
        "__pycache__", "node_modules",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Author:
    """Who edits: ``candidate`` or ``interviewer:<name>``, and the id under which their page's editor knows its own changes."""

    actor: str
    client: str

    @property
    def interviewer(self) -> bool:
        """Whether this is somebody who looks on, and may edit only where that was agreed."""
        return self.actor.startswith("interviewer:")

    def origin(self, said: Literal["typed", "paste", "undo"] = "typed") -> e.Origin:
        """How the log names this person's edit, which their page calls ``said``."""
        return "co-edit" if self.interviewer else said


class Update(e.Value):
    """One CodeMirror update: a change set by ``clientID`` and how it came about."""

    clientID: str
    changes: Changes
    origin: Literal["typed", "paste", "undo"] = "typed"


def read_updates(value: object) -> list[Update]:
    """Understand a client's updates. Raises ``BadInput``."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_UPDATES:
        raise BadInput("Expected 1 to %(most)d updates", most=MAX_UPDATES)
    try:
        return [Update.model_validate(item) for item in value]
    except ValidationError as error:
        first = error.errors()[0]
        raise BadInput("An update does not fit: %(why)s", why=first["msg"]) from None


def push(
    interview: Interview, path: str, version: int, updates: Sequence[Update], author: Author, key: ClientKey | None
) -> int:
    """Append the updates, made against ``version``; returns the new version, for a repeated key that of the first time.

    Raises ``Conflict`` when stale.
    """
    with interview.lock:
        try:
            drafts = _edited(interview, path, version, updates, author)
        except PairsightError:
            # A repeat fits no longer, if only because of the first: whatever fits need not be looked for in the log.
            if known := interview.known(key):
                return int(last_payload(known, "file.edited")["version"])
            raise
        return int(last_payload(interview.record(*drafts, key=key), "file.edited")["version"])


def _edited(interview: Interview, path: str, version: int, updates: Sequence[Update], author: Author) -> list[Draft]:
    late = interview.state.status == "grace" and not author.interviewer
    if not late:
        _require_may_edit(interview, author)
    interview.require_room()
    view = _file(interview, path)
    if view.text is None:
        raise BadInput("%(path)s is not a text file", path=path)
    if view.version != version:
        raise Conflict("Expected edits of version %(want)d, got version %(got)d", want=view.version, got=version)
    text, drafts = view.text, []
    for number, update in enumerate(updates, start=version + 1):
        # In canonical form: viewers read it with CodeMirror's own, stricter reader.
        changes = dump(parse(update.changes))
        text = apply_changes(text, changes)
        edited = e.FileEdited(
            path=path, version=number, changes=changes, origin=author.origin(update.origin),
            client=author.client[:100], late=late,
        )  # fmt: skip
        drafts.append(Draft(author.actor, edited))
    if length(text) > MAX_FILE_UNITS:
        raise BadInput("Expected files of at most %(most)d characters", most=MAX_FILE_UNITS)
    return drafts


def _require_may_edit(interview: Interview, author: Author) -> None:
    if author.interviewer and not interview.header.settings.co_edit:
        raise NotAllowed("Interviewers cannot edit in this interview")
    interview.require_running()


def _file(interview: Interview, path: object) -> FileView:
    view = interview.state.files.get(path) if isinstance(path, str) else None
    if view is None:
        raise NotFound("There is no file %(path)s", path=repr(path)[:200] if not isinstance(path, str) else path)
    return view


def check_path(path: object) -> str:
    """A path a person may name in the workspace. Raises ``BadInput``."""
    if not isinstance(path, str) or not path or len(path) > 200 or path != path.strip():
        raise BadInput("Expected a file name of 1 to 200 characters")
    parts = path.split("/")
    if any(part in ("", ".", "..") or not part.isprintable() for part in parts) or "\\" in path:
        raise BadInput("Expected a path inside the workspace such as src/name.py, got %(got)s", got=path)
    if ignored(path):
        raise BadInput("%(path)s is kept for tools and not part of the workspace", path=path)
    return path


def ignored(path: str) -> bool:
    """Whether a path belongs to tools rather than to the candidate's work."""
    return not TOOLS.isdisjoint(path.split("/"))


def snapshot(path: str, version: int, data: bytes | str, origin: e.Origin) -> e.FileSnapshotted:
    """A file's content as an event; bytes that are no UTF-8 text, or too long, are kept by hash only. A text stays one."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    text = data if isinstance(data, str) else _text_of(data)
    return e.FileSnapshotted(
        path=path, version=version, text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin
    )


def _text_of(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return text if length(text) <= MAX_FILE_UNITS else None


def create(interview: Interview, path: object, author: Author, key: ClientKey | None) -> None:
    """A new empty file. Raises ``BadInput`` when it is there already or there are too many."""
    with interview.lock:
        if interview.known(key):
            return
        _require_may_edit(interview, author)
        interview.record(Draft(author.actor, new_file(interview, path, "", author.origin())), key=key)


def new_file(interview: Interview, path: object, text: str, origin: e.Origin) -> e.FileSnapshotted:
    """A file that is not there yet, as an event. Raises ``BadInput`` where there is no place for it."""
    name = check_path(path)
    interview.require_room()
    if len(interview.state.files) >= MAX_FILES:
        raise BadInput("Expected at most %(most)d files", most=MAX_FILES)
    _require_free(name, interview.state.files)
    if length(text) > MAX_FILE_UNITS:
        raise BadInput("Expected files of at most %(most)d characters", most=MAX_FILE_UNITS)
    return snapshot(name, interview.history.next_version(name), text, origin)


def _require_free(name: str, files: Collection[str]) -> None:
    if name in files:
        raise BadInput("%(path)s is there already", path=name)
    if any(other.startswith(name + "/") or name.startswith(other + "/") for other in files):
        raise BadInput("%(path)s cannot be both a file and a folder", path=name)


def delete(interview: Interview, path: object, author: Author, key: ClientKey | None) -> None:
    """Delete a file; its past stays in the log."""
    with interview.lock:
        if interview.known(key):
            return
        _require_may_edit(interview, author)
        interview.require_room()
        _file(interview, path)
        interview.record(Draft(author.actor, e.FileDeleted(path=str(path), origin=author.origin())), key=key)


def rename(interview: Interview, path: object, to: object, author: Author, key: ClientKey | None) -> None:
    """Give a file another path, with all that was typed so far. Raises ``BadInput`` where there is no place for it."""
    with interview.lock:
        if interview.known(key):
            return
        _require_may_edit(interview, author)
        interview.require_room()
        _file(interview, path)
        old, name = str(path), check_path(to)
        _require_free(name, interview.state.files.keys() - {old})
        if name == old:
            return
        interview.record(*renamed(interview, old, name, author.actor, author.origin()), key=key)


def renamed(interview: Interview, path: str, to: str, actor: str, origin: e.Origin) -> list[Draft]:
    """The events of a rename: the same content at another path, then the old path is gone."""
    view = interview.state.files[path]
    if view.text is None:
        digest = interview.history.sha256_when_whole(path)
    else:
        digest = sha256_hex(view.text.encode("utf-8", "surrogatepass"))
    whole = e.FileSnapshotted(
        path=to, version=interview.history.next_version(to), text=view.text, size=view.size, sha256=digest,
        origin=origin, renamed_from=path,
    )  # fmt: skip
    return [Draft(actor, whole), Draft(actor, e.FileDeleted(path=path, origin=origin), follows=True)]
