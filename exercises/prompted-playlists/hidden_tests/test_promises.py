"""What every playlist must keep to, whichever of the many right ones it is."""

import random
from itertools import pairwise

from support import ARTISTS, catalogue, plain_catalogue, playlists, some_track, song, total

SEEDS = range(40)
TOLERANCE = 120


def test_never_more_than_two_minutes_over(candidate):
    asked = [(minutes, seed) for minutes in (5, 17, 30, 45) for seed in SEEDS]
    made = list(playlists(candidate, [[f"{minutes} minutes", catalogue(seed)] for minutes, seed in asked]))
    assert any(made)
    for (minutes, _), playlist in zip(asked, made, strict=True):
        assert total(playlist) <= minutes * 60 + TOLERANCE


def test_short_only_when_nothing_more_fits(candidate):
    for minutes in (10, 25, 45, 60):
        asked = [[f"calm, {minutes} minutes", plain_catalogue(seed), seed] for seed in SEEDS]
        for (_, tracks, _), playlist in zip(asked, playlists(candidate, asked), strict=True):
            length = total(playlist)
            if length < minutes * 60 - TOLERANCE:
                left = [track for track in tracks if track not in playlist]
                assert not [track for track in left if length + track["seconds"] <= minutes * 60 + TOLERANCE]


def test_no_artist_follows_themselves(candidate):
    for playlist in playlists(candidate, [["1 hour", catalogue(seed), seed] for seed in SEEDS]):
        assert playlist
        assert all(one["artist"] != other["artist"] for one, other in pairwise(playlist))


def test_no_explicit_track_when_clean_is_asked_for(candidate):
    for words in ("no explicit", "clean", "for kids", "No Explicit", "Clean"):
        for playlist in playlists(candidate, [[f"upbeat, 40 minutes, {words}", catalogue(seed)] for seed in SEEDS]):
            assert playlist
            assert not any(track["explicit"] for track in playlist)


def test_explicit_tracks_are_welcome_otherwise(candidate):
    tracks = [some_track(number, explicit=True) for number in range(20)]
    [playlist] = playlists(candidate, [["30 minutes", tracks]])
    assert total(playlist) >= 28 * 60


def test_an_unwanted_artist_is_not_there_even_as_a_guest(candidate):
    names = [ARTISTS[seed % len(ARTISTS)] for seed in SEEDS]
    asked = [[f"without {name.upper()}, 40 minutes", catalogue(seed)] for name, seed in zip(names, SEEDS, strict=True)]
    for name, playlist in zip(names, playlists(candidate, asked), strict=True):
        assert playlist
        assert not any(name in (track["artist"], *track["guests"]) for track in playlist)


def test_several_unwanted_artists(candidate):
    tracks = [some_track(number, artist=["Salt and Cedar", "Ash", "Birch"][number % 3]) for number in range(30)]
    [playlist] = playlists(candidate, [["20 minutes, without Salt and Cedar or Ash", tracks]])
    assert {track["artist"] for track in playlist} == {"Birch"}


def test_an_unwanted_name_is_matched_whole(candidate):
    tracks = [some_track(number, artist=["Ash", "Ashes"][number % 2]) for number in range(20)]
    [playlist] = playlists(candidate, [["20 minutes, without Ash", tracks]])
    assert {track["artist"] for track in playlist} == {"Ashes"}


def test_every_song_once(candidate):
    for playlist in playlists(candidate, [["2 hours", catalogue(seed, size=60), seed] for seed in SEEDS]):
        songs = [song(track) for track in playlist]
        assert songs
        assert len(songs) == len(set(songs))


def test_two_artists_may_have_songs_of_the_same_name(candidate):
    rng = random.Random(5)
    asked = []
    for _ in range(20):
        size = rng.randrange(3, 9)
        tracks = [some_track(number, title=rng.choice(["Home", "Stay", "Home (Live)"])) for number in range(size)]
        asked.append(["3 hours", tracks])
    for (_, tracks), playlist in zip(asked, playlists(candidate, asked), strict=True):
        assert sorted(ids(playlist)) == sorted(ids(tracks))


def test_same_seed_same_playlist(candidate):
    asked = [["calm, 40 minutes", catalogue(seed), seed] for seed in SEEDS]
    first = list(playlists(candidate, asked))
    candidate.fresh()
    assert all(first)
    assert list(playlists(candidate, asked)) == first


def test_order_of_the_catalogue_does_not_matter(candidate):
    catalogues = [catalogue(seed) for seed in SEEDS]
    first = list(playlists(candidate, [["calm, 40 minutes", tracks, 3] for tracks in catalogues]))
    for seed, tracks in zip(SEEDS, catalogues, strict=True):
        random.Random(seed).shuffle(tracks)
    candidate.fresh()
    assert all(first)
    assert list(playlists(candidate, [["calm, 40 minutes", tracks, 3] for tracks in catalogues])) == first


def test_other_seeds_mix_equally_good_tracks(candidate):
    tracks = [some_track(number) for number in range(30)]
    mixes = playlists(candidate, [["30 minutes", tracks, seed] for seed in range(8)])
    assert len({tuple(ids(mix)) for mix in mixes}) > 1


def test_the_catalogue_stays_as_it_is(candidate):
    words = "upbeat for the gym, 40 minutes, no explicit, without Ash"
    asked = [[words, catalogue(seed), seed] for seed in SEEDS]
    answers = [answer.value for answer in candidate.calls("drive:twice", asked)]
    assert any(first for first, _, _ in answers)
    for (_, tracks, _), (first, second, catalogue_after) in zip(asked, answers, strict=True):
        assert second == first
        assert catalogue_after == ids(tracks)


def test_only_wished_decades(candidate):
    for playlist in playlists(candidate, [["90s, 30 minutes", catalogue(seed)] for seed in SEEDS]):
        assert playlist
        assert all(1990 <= track["year"] <= 1999 for track in playlist)


def test_nothing_fits_is_an_empty_playlist(candidate):
    asked = [["1930s, 40 minutes", catalogue(1)], ["40 minutes", []], ["40 minutes", catalogue(1)]]
    none, nothing, some = playlists(candidate, asked)
    assert none == nothing == []
    assert some


def ids(playlist):
    return [track["id"] for track in playlist]
