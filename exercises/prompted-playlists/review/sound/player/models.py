"""What the player speaks of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Track:
    """One recording; ``seconds`` is its length."""

    id: str
    title: str
    artist: str
    seconds: int


@dataclass(frozen=True)
class Play:
    """A track that was listened to for ``heard`` seconds."""

    track: Track
    heard: int

    def skipped(self) -> bool:
        """Whether it was left before 30 seconds had passed."""
        return self.heard < 30
