"""The queue: what plays now, and what comes after it."""

from __future__ import annotations

from collections.abc import Iterable

from player.models import Track


class Queue:
    """Tracks in the order they play; the same track may wait more than once.

    With ``repeat`` every track that leaves the front comes again at the end.
    """

    def __init__(self, tracks: Iterable[Track] = (), repeat: bool = False) -> None:
        self.waiting = list(tracks)
        self.repeat = repeat

    def add(self, track: Track, soon: bool = False) -> None:
        """Let a track wait at the end, or right behind the one that plays."""
        self.waiting.insert(1 if soon else len(self.waiting), track)

    def playing(self) -> Track | None:
        """The track at the front, if any."""
        return self.waiting[0] if self.waiting else None

    def next(self) -> Track | None:
        """Leave the front, and say what plays then."""
        if self.waiting:
            track = self.waiting.pop(0)
            if self.repeat:
                self.waiting.append(track)
        return self.playing()

    def remove(self, id: str) -> int:
        """Take every copy of a track out of the queue; how many there were."""
        before = len(self.waiting)
        self.waiting = [track for track in self.waiting if track.id != id]
        return before - len(self.waiting)

    def seconds(self) -> int:
        """How long all that waits takes."""
        return sum(track.seconds for track in self.waiting)
