"""The files of an interview over time, and which of their lines the candidate wrote.

Owns the fold of file events to texts with authorship. Invariant: never raises; where a withheld event leaves a gap,
the file's text is unknown (absent) until the next snapshot. Leaves out binary files and what the texts mean
(``wording``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import NamedTuple

from interviews import events as e
from interviews.errors import BadInput
from interviews.text import apply_changes, length, parse

# Who brought a unit of text in. Starter files, and what came back by undoing, are nobody's.
NOBODY, TYPED, PASTED, TERMINAL, ASSISTANT, INTERVIEWER = range(6)
_MARKS = tuple(bytes([mark]) for mark in range(6))
_HANDS = {"typed": TYPED, "co-edit": TYPED, "paste": PASTED, "terminal": TERMINAL}
_IS_MINE = bytes(int(mark in (TYPED, PASTED, TERMINAL)) for mark in range(256))


# Of what the candidate wrote into one file, so many characters are read for what they say.
READ = 200_000


class _File(NamedTuple):
    text: str
    by: bytes
    seq: int = 0


class File(_File):
    """A text, for each of its UTF-16 units who brought it in, and the last event in which the candidate did so.

    A file stands in many scenes and is asked the same in each: what was read of it stays with it.
    """

    def own_lines(self) -> str:
        """The lines whose visible characters are mostly the candidate's, joined by newlines."""
        return self._own

    @cached_property
    def said(self) -> dict[object, bool]:
        """For who reads it: what was found to stand in it or not."""
        return {}

    @cached_property
    def _own(self) -> str:
        mine = self.by.translate(_IS_MINE)
        if not any(mine):
            return ""
        kept, at = [], 0
        for line in self.text.split("\n"):
            end = at + length(line)
            # What stands around a line is nobody's; of a blank one nothing is left.
            if (own := mine.count(1, at, end)) and (seen := length(line.strip())) and 2 * own > seen:
                kept.append(line)
            at = end + 1
        return "\n".join(kept)


class Workspace:
    """All known texts by path, as of the last event taken."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._seen: Mapping[str, File] | None = None
        self._paths: frozenset[str] = frozenset()

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        data = event.data
        if isinstance(data, e.FileEdited):
            self._edit(data.path, data.changes, _mark(event, data.origin), event.seq)
            return
        match data:
            case e.FileSnapshotted(path=path, text=None) | e.FileDeleted(path=path):
                self._seen = None
                self._files.pop(path, None)
            case e.FileSnapshotted(path=path, text=str(text), origin=origin, renamed_from=old):
                self._seen = None
                before, mark = self._files.get(old or path), _mark(event, origin)
                same = old or origin in ("keyframe", "redacted")
                if same and before is not None and length(before.text) == length(text):
                    # Whoever wrote the lines still did.
                    self._files[path] = File(text, before.by, before.seq)
                    return
                self._files[path] = File(text, _MARKS[mark] * length(text), event.seq if _IS_MINE[mark] else 0)
            case _:
                pass

    def _edit(self, path: str, changes: e.Json, mark: int, seq: int) -> None:
        before = self._files.get(path)
        if before is None:
            return
        self._seen = None
        last = seq if _IS_MINE[mark] else before.seq
        after = _one_change(before, changes, mark, last) or _changed(before, changes, mark, last)
        if after is None:
            del self._files[path]
        else:
            self._files[path] = after

    def files(self) -> Mapping[str, File]:
        """What is known now, for good: what is taken later changes another copy."""
        if self._seen is None:
            self._seen = MappingProxyType(dict(self._files))
        return self._seen

    def paths(self) -> frozenset[str]:
        """Which files are known now."""
        if self._paths != self._files.keys():
            self._paths = frozenset(self._files)
        return self._paths


def _changed(before: File, changes: e.Json, mark: int, seq: int) -> File | None:
    """The file after a change; None where an edit before it was withheld, so that it does not fit."""
    try:
        text, sections = apply_changes(before.text, changes), parse(changes)
    except BadInput:
        return None
    marks, at = [], 0
    for section in sections:
        if section.insert is None:
            marks.append(before.by[at : at + section.length])
        else:
            marks.append(_MARKS[mark] * (len(section.insert) // 2))
        at += section.length
    return File(text, b"".join(marks), seq)


def _one_change(before: File, changes: e.Json, mark: int, seq: int) -> File | None:
    """As ``_changed``, for what nearly every edit is: one place changed by a line, all in ASCII. None for any other."""
    text, start, kept = before.text, 0, 0
    if type(changes) is not list or not 0 < len(changes) < 4:
        return None
    # What is in another form is left to ``_changed``, which says whether it is one at all.
    part = changes[0]
    if len(changes) == 3:
        start, part, kept = changes
    elif len(changes) == 2 and type(part) is int:
        start, part = changes
    elif len(changes) == 2:
        kept = changes[1]
    if type(part) is not list or not part:
        return None
    gone, new = part[0], part[1] if len(part) == 2 else _joined(part)
    if not type(start) is type(gone) is type(kept) is int or start < 0 or gone < 0 or kept < 0:
        return None
    end = start + gone
    if end + kept != len(text) or not text.isascii() or type(new) is not str or not new.isascii():
        return None
    # Lines come one by one; what holds an end of line within one is no change.
    if new.count("\n") != max(0, len(part) - 2):
        return None
    by = before.by
    return File(text[:start] + new + text[end:], by[:start] + _MARKS[mark] * len(new) + by[end:], seq)


def _joined(part: list[e.Json]) -> str | None:
    lines = part[1:]
    return "\n".join(lines) if all(type(line) is str for line in lines) else None


def _mark(event: e.Event, origin: e.Origin) -> int:
    if origin == "hunk":
        return ASSISTANT
    if event.actor not in ("candidate", "terminal"):
        return INTERVIEWER if origin == "co-edit" else NOBODY
    return _HANDS.get(origin, NOBODY)
