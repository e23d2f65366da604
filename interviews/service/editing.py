"""Edits of the candidate: accepted one version at a time.

Owns the authority over file versions and what a path may be. Invariant: an edit based on an older version is refused
as stale and changes nothing; an accepted one is committed before it is acknowledged. Leaves out the sandbox's disk
(``disk``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

from pydantic import ValidationError

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.errors import BadInput, Conflict, NotFound
from interviews.log import ClientKey, Draft
from interviews.service.interview import Interview
from interviews.text import Changes, apply_changes, dump, length, parse

MAX_FILE_UNITS = 1_000_000
MAX_FILES = 500
MAX_UPDATES = 500


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


def push(interview: Interview, path: str, version: int, updates: Sequence[Update]) -> int:
    """Append the updates, made against ``version``; returns the new version. Raises ``Conflict`` when stale."""
    with interview.lock:
        late = interview.state.status == "grace"
        if not late:
            interview.require_running()
        interview.require_room()
        view = interview.state.files.get(path)
        if view is None:
            raise NotFound("There is no file %(path)s", path=path)
        if view.text is None:
            raise BadInput("%(path)s is not a text file", path=path)
        if view.version != version:
            raise Conflict("Expected edits of version %(want)d, got version %(got)d", want=view.version, got=version)
        text, drafts = view.text, []
        for number, update in enumerate(updates, start=version + 1):
            # In canonical form: viewers read it with CodeMirror's own, stricter reader.
            changes = dump(parse(update.changes))
            text = apply_changes(text, changes)
            drafts.append(
                Draft(
                    "candidate",
                    e.FileEdited(
                        path=path, version=number, changes=changes, origin=cast(e.Origin, update.origin),
                        client=update.clientID[:100], late=late,
                    ),
                )
            )  # fmt: skip
        if length(text) > MAX_FILE_UNITS:
            raise BadInput("Expected files of at most %(most)d characters", most=MAX_FILE_UNITS)
        interview.record(*drafts)
        return version + len(updates)


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
    parts = path.split("/")
    return any(
        part in {".git", "__pycache__", ".pytest_cache", ".pairsight", ".mypy_cache", "node_modules"} for part in parts
    )


def snapshot(path: str, version: int, data: bytes | str, origin: e.Origin) -> e.FileSnapshotted:
    """A file's content as an event; bytes that are no UTF-8 text, or too long, are kept by hash only."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    text: str | None
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and ("\0" in text or length(text) > MAX_FILE_UNITS):
        text = None
    return e.FileSnapshotted(
        path=path, version=version, text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin
    )


def create(interview: Interview, path: object, key: ClientKey | None) -> None:
    """A new empty file. Raises ``BadInput`` when it is there already or there are too many."""
    with interview.lock:
        if interview.known(key):
            return
        interview.require_running()
        interview.record(Draft("candidate", new_file(interview, path, "", "typed")), key=key)


def new_file(interview: Interview, path: object, text: str, origin: e.Origin) -> e.FileSnapshotted:
    """A file that is not there yet, as an event. Raises ``BadInput`` where there is no place for it."""
    name = check_path(path)
    interview.require_room()
    if name in interview.state.files:
        raise BadInput("%(path)s is there already", path=name)
    if any(other.startswith(name + "/") or name.startswith(other + "/") for other in interview.state.files):
        raise BadInput("%(path)s cannot be both a file and a folder", path=name)
    if len(interview.state.files) >= MAX_FILES:
        raise BadInput("Expected at most %(most)d files", most=MAX_FILES)
    return snapshot(name, interview.history.next_version(name), text, origin)


def delete(interview: Interview, path: object, key: ClientKey | None) -> None:
    """Delete a file; its past stays in the log."""
    with interview.lock:
        if interview.known(key):
            return
        interview.require_running()
        interview.require_room()
        if not isinstance(path, str) or path not in interview.state.files:
            raise NotFound("There is no file %(path)s", path=path)
        interview.record(Draft("candidate", e.FileDeleted(path=path, origin="typed")), key=key)
