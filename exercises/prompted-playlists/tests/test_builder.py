from itertools import pairwise

from playlists import Track, load_catalogue, make_playlist


def track(number: int, artist: str = "", title: str = "", seconds: int = 240, explicit: bool = False) -> Track:
    return Track(
        id=f"x{number:02}",
        title=title or f"Song {number}",
        artist=artist or f"Artist {number}",
        guests=(),
        year=1995,
        seconds=seconds,
        energy=5,
        explicit=explicit,
        tags=frozenset(),
    )


def test_the_best_matches_are_chosen():
    playlist = make_playlist("calm 90s for dinner, 20 minutes", load_catalogue())
    assert playlist
    assert all(1990 <= track.year <= 1999 for track in playlist)
    assert all("dinner" in track.tags for track in playlist)


def test_the_total_is_close_to_the_wish():
    tracks = [track(number, seconds=280) for number in range(20)]
    playlist = make_playlist("40 minutes", tracks)
    total = sum(track.seconds for track in playlist)
    assert 38 * 60 <= total <= 42 * 60


def test_a_last_long_song_does_not_blow_the_length():
    tracks = [track(number, seconds=500) for number in range(20)]
    total = sum(track.seconds for track in make_playlist("20 minutes", tracks))
    assert total <= 22 * 60


def test_no_artist_twice_in_a_row():
    tracks = [track(number, artist="Mira Vale" if number < 4 else "") for number in range(12)]
    playlist = make_playlist("40 minutes", tracks)
    assert len(playlist) >= 9
    assert all(one.artist != next_one.artist for one, next_one in pairwise(playlist))


def test_no_explicit_songs_when_asked():
    tracks = [track(number, explicit=number % 2 == 0) for number in range(20)]
    playlist = make_playlist("20 minutes, no explicit", tracks)
    assert playlist
    assert not any(track.explicit for track in playlist)


def test_without_an_artist():
    tracks = [track(number, artist="Mira Vale" if number % 2 else "") for number in range(20)]
    playlist = make_playlist("20 minutes, without Mira Vale", tracks)
    assert playlist
    assert "Mira Vale" not in {track.artist for track in playlist}


def test_a_remaster_is_the_same_song():
    tracks = [
        track(1, artist="Mira Vale", title="Paper Lanterns"),
        track(2),
        track(3, artist="Mira Vale", title="Paper Lanterns (Remastered 2014)"),
        track(4),
    ]
    playlist = make_playlist("1 hour", tracks)
    assert len([track for track in playlist if track.artist == "Mira Vale"]) == 1
