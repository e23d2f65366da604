"""What the library speaks of: tracks and wishes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Track:
    """One recording. ``energy`` runs from 1 (still) to 10 (wild); ``guests`` are the featured artists."""

    id: str
    title: str
    artist: str
    guests: tuple[str, ...]
    year: int
    seconds: int
    energy: int
    explicit: bool
    tags: frozenset[str]


@dataclass(frozen=True)
class Wish:
    """A request, understood. ``decades`` are first years (1980); empty means any.

    ``clean`` keeps explicit tracks out; ``without`` holds unwanted artists in lower case.
    """

    seconds: int
    decades: tuple[int, ...] = ()
    energy: int | None = None
    tags: frozenset[str] = frozenset()
    clean: bool = False
    without: frozenset[str] = frozenset()
