"""Beside the candidate's program: plain values in, plain values out. What is expected stands elsewhere."""

import playlists


def make(text, tracks, seed=None):
    """Ids of the playlist."""
    return [track.id for track in made(text, [track_of(fields) for fields in tracks], seed)]


def twice(text, tracks, seed=None):
    """Ids of two playlists from one and the same catalogue, and of that catalogue afterwards."""
    catalogue = [track_of(fields) for fields in tracks]
    first, second = made(text, catalogue, seed), made(text, catalogue, seed)
    return [[track.id for track in found] for found in (first, second, catalogue)]


def seconds(text):
    return playlists.parse_request(text).seconds


def decades(text):
    return list(playlists.parse_request(text).decades)


def made(text, catalogue, seed):
    return playlists.make_playlist(text, catalogue, **({} if seed is None else {"seed": seed}))


def track_of(fields):
    return playlists.Track(**{**fields, "guests": tuple(fields["guests"]), "tags": frozenset(fields["tags"])})
