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
