from playlists import Wish, load_catalogue
from playlists.ranking import rank, score, suits


def test_only_wished_decades_suit():
    wish = Wish(seconds=600, decades=(1980,))
    suiting = [track for track in load_catalogue() if suits(track, wish)]
    assert suiting
    assert all(1980 <= track.year <= 1989 for track in suiting)


def test_better_matches_come_first():
    wish = Wish(seconds=600, energy=9, tags=frozenset({"workout"}))
    scores = [score(track, wish) for track in rank(load_catalogue(), wish)]
    assert scores == sorted(scores, reverse=True)
