"""Which tracks suit a wish, and which suit it best."""

from __future__ import annotations

from playlists.models import Track, Wish


def suits(track: Track, wish: Wish) -> bool:
    """Whether a track may be in the playlist at all."""
    if wish.clean and track.explicit:
        return False
    if any(name.lower() in wish.without for name in (track.artist, *track.guests)):
        return False
    if not wish.decades:
        return True
    return track.year // 10 * 10 in wish.decades


def score(track: Track, wish: Wish) -> int:
    """How well a track matches; higher is better."""
    points = 10 * len(track.tags & wish.tags)
    if wish.energy is not None:
        points -= 2 * abs(track.energy - wish.energy)
    return points


def rank(tracks: list[Track], wish: Wish) -> list[Track]:
    """The tracks in a new list, best matches first; equals keep their order."""
    return sorted(tracks, key=lambda track: score(track, wish), reverse=True)
