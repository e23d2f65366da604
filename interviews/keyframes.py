"""When a file's whole text is to be written into the log again.

Owns the rule: at the latest every 500 edits of a file, and every minute in which it was edited; of a large file as much less
often as it is larger, or its whole texts would soon be all that the log has room for. With it a reader that
begins in the middle, or behind an erased edit, soon knows the file for certain. Invariant: folded from events alone, so
that a restart changes nothing. Leaves out writing the keyframe.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interviews import events as e

KEYFRAME_EDITS = 500
KEYFRAME_MS = 60_000
LARGE_BYTES = 64_000


@dataclass
class _Since:
    """A file's edits since it was last whole in the log; ``first_ms`` is the time of the first of them."""

    edits: int = 0
    first_ms: int = 0


class Keyframes:
    """Counts each text file's edits since it was last whole in the log."""

    def __init__(self) -> None:
        self._since: dict[str, _Since] = {}

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        match event.data:
            case e.FileEdited(path=path):
                since = self._since.setdefault(path, _Since())
                if not since.edits:
                    since.first_ms = event.at_ms
                since.edits += 1
            case e.FileSnapshotted(path=path) | e.FileDeleted(path=path):
                self._since.pop(path, None)
            case _:
                pass

    def due(self, now_ms: int, sizes: Mapping[str, int]) -> list[str]:
        """Paths whose text is to be recorded now, in the order of their first edit; ``sizes`` are the files' in bytes."""
        due: list[str] = []
        for path, since in self._since.items():
            rarer = max(1.0, sizes.get(path, 0) / LARGE_BYTES)
            if since.edits >= KEYFRAME_EDITS * rarer or now_ms - since.first_ms >= KEYFRAME_MS * rarer:
                due.append(path)
        return due
