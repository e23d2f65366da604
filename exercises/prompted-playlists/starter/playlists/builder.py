"""Building a playlist from ranked tracks."""

from __future__ import annotations

from playlists.models import Track, Wish
from playlists.ranking import rank, suits
from playlists.request import parse_request


def make_playlist(text: str, tracks: list[Track], seed: int = 0) -> list[Track]:
    """A playlist for a listener's request, given in words."""
    return build(tracks, parse_request(text), seed)


def build(tracks: list[Track], wish: Wish, seed: int = 0) -> list[Track]:
    """Take the best matches until the wished length is reached."""
    playlist: list[Track] = []
    total = 0
    for track in rank(tracks, wish):
        if total >= wish.seconds:
            break
        if suits(track, wish):
            playlist.append(track)
            total += track.seconds
    return playlist
