"""Building a playlist from ranked tracks."""

from __future__ import annotations

import random
import re

from playlists.models import Track, Wish
from playlists.ranking import rank, suits
from playlists.request import parse_request

TOLERANCE = 120
VERSION = re.compile(r"\s*(?:\(|- )[^()]*\b(?:live|remaster(?:ed)?)\b[^()]*\)?$", re.IGNORECASE)


def make_playlist(text: str, tracks: list[Track], seed: int = 0) -> list[Track]:
    """A playlist for a listener's request, given in words."""
    return build(tracks, parse_request(text), seed)


def build(tracks: list[Track], wish: Wish, seed: int = 0) -> list[Track]:
    """Take the best matches, one after the other, while they keep the promises of a playlist.

    At most ``TOLERANCE`` seconds too long, no artist twice in a row, every song once. ``seed`` mixes equally good
    tracks; ``tracks`` stays as it is, and its order does not matter.
    """
    pool = sorted((track for track in tracks if suits(track, wish)), key=lambda track: track.id)
    random.Random(seed).shuffle(pool)
    waiting = rank(pool, wish)
    playlist: list[Track] = []
    total = 0
    songs = set()
    while total < wish.seconds:
        last = playlist[-1].artist if playlist else None
        track = next((track for track in waiting if track.artist != last), None)
        if track is None:
            break
        waiting.remove(track)
        if song_key(track) in songs or total + track.seconds > wish.seconds + TOLERANCE:
            continue
        playlist.append(track)
        total += track.seconds
        songs.add(song_key(track))
    return playlist


def song_key(track: Track) -> tuple[str, str]:
    """The same for every version of a song: the album's, a live one, a remaster."""
    return track.artist.lower(), VERSION.sub("", track.title).lower()
