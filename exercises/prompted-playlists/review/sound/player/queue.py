"""The queue: what plays now, and what comes after it."""

from __future__ import annotations

from collections.abc import Iterable

from player.models import Play, Track

KEPT = 100  # plays


class Queue:
    """Tracks in the order they play; the same track may wait more than once.

    With ``repeat`` every track that leaves the front comes again at the end.
    """

    def __init__(self, tracks: Iterable[Track] = (), repeat: bool = False, history: Iterable[Play] = ()) -> None:
        self.waiting = list(tracks)
        self.repeat = repeat
        self.history = list(history)

    def add(self, track: Track, soon: bool = False) -> None:
        """Let a track wait at the end, or right behind the one that plays."""
        self.waiting.insert(1 if soon else len(self.waiting), track)

    def playing(self) -> Track | None:
        """The track at the front, if any."""
        return self.waiting[0] if self.waiting else None

    def next(self, heard: int | None = None) -> Track | None:
        """Leave the front after ``heard`` seconds (all of it where not given), and say what plays then."""
        if not self.waiting:
            return None
        track = self.waiting.pop(0)
        play = Play(track, track.seconds if heard is None else heard)
        self.note(play)
        if self.repeat:
            self.waiting.append(track)
        return self.playing()

    def remove(self, id: str) -> int:
        """Take every copy of a track out of the queue; how many there were."""
        before = len(self.waiting)
        self.waiting = [track for track in self.waiting if track.id != id]
        return before - len(self.waiting)

    def note(self, play: Play) -> None:
        """Put a play at the end of the history, which keeps the last ``KEPT``."""
        self.history.append(play)
        if len(self.history) > KEPT:
            del self.history[0]

    def seconds(self) -> int:
        """How long all that waits takes."""
        return sum(track.seconds for track in self.waiting)

    def recent(self, most: int = 10) -> list[Track]:
        """The tracks played last, the newest first, each once; skipped plays do not count."""
        found = dict.fromkeys(play.track for play in reversed(self.history) if not play.skipped())
        return list(found)[:most]
