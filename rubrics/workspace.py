"""The files of an interview over time, and which of their lines the candidate wrote.

Owns the fold of file events to texts with authorship. Invariant: never raises; where a withheld event leaves a gap,
the file's text is unknown (absent) until the next snapshot. Leaves out binary files and what the texts mean
(``wording``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interviews import events as e
from interviews.errors import BadInput
from interviews.text import apply_changes, length, parse

_BY_HAND = frozenset({"typed", "paste", "terminal", "co-edit"})


@dataclass(frozen=True)
class File:
    """A text, for each of its UTF-16 units whether (1) or not (0) the candidate wrote it, and the last event that did so."""

    text: str
    mine: bytes
    seq: int = 0

    def own_lines(self) -> str:
        """The lines whose visible characters are mostly the candidate's, joined by newlines."""
        if not any(self.mine):
            return ""
        kept, at = [], 0
        for line in self.text.split("\n"):
            end = at + length(line)
            units = self.mine[at:end]
            if line.strip() and 2 * sum(units) > len(units) - (length(line) - length(line.strip())):
                kept.append(line)
            at = end + 1
        return "\n".join(kept)


class Workspace:
    """All known texts by path, as of the last event taken."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        match event.data:
            case e.FileSnapshotted(path=path, text=None) | e.FileDeleted(path=path):
                self._files.pop(path, None)
            case e.FileSnapshotted(path=path, text=str(text), origin=origin, renamed_from=old):
                before, mine = self._files.get(old or path), _mine(event, origin)
                same = old or origin in ("keyframe", "redacted")
                if same and before is not None and length(before.text) == length(text):
                    # Whoever wrote the lines still did.
                    self._files[path] = File(text, before.mine, before.seq)
                    return
                self._files[path] = File(text, (b"\1" if mine else b"\0") * length(text), event.seq if mine else 0)
            case e.FileEdited(path=path, changes=changes, origin=origin):
                self._edit(path, changes, event.seq if _mine(event, origin) else 0)
            case _:
                pass

    def _edit(self, path: str, changes: e.Json, seq: int) -> None:
        before = self._files.pop(path, None)
        if before is None:
            return
        try:
            text, sections = apply_changes(before.text, changes), parse(changes)
        except BadInput:
            return
        marks, at = [], 0
        for section in sections:
            if section.insert is None:
                marks.append(before.mine[at : at + section.length])
            else:
                marks.append((b"\1" if seq else b"\0") * (len(section.insert) // 2))
            at += section.length
        self._files[path] = File(text, b"".join(marks), seq or before.seq)

    def files(self) -> Mapping[str, File]:
        """A copy of what is known now."""
        return dict(self._files)


def _mine(event: e.Event, origin: e.Origin) -> bool:
    return origin in _BY_HAND and event.actor in ("candidate", "terminal")
