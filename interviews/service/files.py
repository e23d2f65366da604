"""The past of each file: its text at any version.

Owns the accepted change sets since each file's last snapshot. Invariant: folded from events only. Used to place a
hunk or a change on disk that was made against an older version.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from interviews import events as e
from interviews.text import Changes, apply_changes


@dataclass
class _Past:
    base_version: int
    base_text: str
    sha256: str
    changes: list[Changes] = field(default_factory=list)

    def since(self, version: int) -> list[Changes] | None:
        return None if version < self.base_version else self.changes[version - self.base_version :]

    def text_at(self, version: int) -> str | None:
        if not self.base_version <= version <= self.base_version + len(self.changes):
            return None
        text = self.base_text
        for changes in self.changes[: version - self.base_version]:
            text = apply_changes(text, changes)
        return text


@dataclass(frozen=True)
class Followed:
    """Where a file is now, its text at the version asked about, and the change sets since; None where it was replaced since."""

    path: str
    base: str | None
    since: list[Changes] | None


@dataclass
class _Move:
    """Where a file went, at which version it began there, and its past until then."""

    to: str
    version: int
    past: _Past


class FileHistory:
    """Change sets by path and version."""

    def __init__(self) -> None:
        self._past: dict[str, _Past] = {}
        self._deleted: dict[str, int] = {}
        self._moving: dict[str, tuple[str, int]] = {}
        self._moved: dict[str, _Move] = {}

    def take(self, event: e.Event) -> None:
        """Remember what the event says of a file."""
        match event.data:
            case e.FileSnapshotted(
                path=path, version=version, text=text, origin=origin, sha256=sha256, renamed_from=old
            ):
                # A keyframe says again what is known, unless edits before it were erased.
                if origin != "keyframe" or version != self.next_version(path) - 1:
                    self._past[path] = _Past(version, text or "", sha256)
                self._moved.pop(path, None)
                if old:
                    self._moving[old] = (path, version)
            case e.FileEdited(path=path, changes=changes):
                self._past[path].changes.append(changes)
            case e.FileDeleted(path=path):
                self._deleted[path] = self.next_version(path) - 1
                past, move = self._past.pop(path, None), self._moving.pop(path, None)
                if past is not None and move is not None:
                    self._moved[path] = _Move(*move, past)
            case _:
                pass

    def next_version(self, path: str) -> int:
        """The version that comes next; a file made again goes on counting, so that a version never means two texts."""
        past = self._past.get(path)
        return 1 + (past.base_version + len(past.changes) if past else self._deleted.get(path, 0))

    def sha256_when_whole(self, path: str) -> str:
        """The hash of what the file held when it was last recorded whole: of one that is no text, its content's."""
        return self._past[path].sha256

    def since(self, path: str, version: int) -> list[Changes] | None:
        """Change sets accepted after ``version``, or None where the file was replaced since."""
        past = self._past.get(path)
        return None if past is None else past.since(version)

    def moved(self, path: str, version: int) -> tuple[str, list[Changes] | None] | None:
        """Where a file is now that was at ``path``, and the change sets accepted after ``version`` of it; None where it is nowhere.

        The change sets are None where it was replaced since.
        """
        if path not in self._moved:
            return None
        changes: list[Changes] | None = []
        while (move := self._moved.get(path)) is not None:
            part = move.past.since(version)
            changes = None if changes is None or part is None else changes + part
            path, version = move.to, move.version
        if path not in self._past:
            return None
        rest = self.since(path, version)
        return path, None if changes is None or rest is None else changes + rest

    def text_at(self, path: str, version: int) -> str | None:
        """The text at ``version``, or None where the file was replaced since."""
        past = self._past.get(path)
        return None if past is None else past.text_at(version)

    def followed(self, path: str, version: int) -> Followed | None:
        """A file that was at ``path``, wherever it is now; None where it is nowhere."""
        past = self._past.get(path)
        if past is not None:
            return Followed(path, past.text_at(version), past.since(version))
        found = self.moved(path, version)
        return None if found is None else Followed(found[0], self._moved[path].past.text_at(version), found[1])
