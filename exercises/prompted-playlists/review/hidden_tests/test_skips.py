import random
import string


def test_thirty_seconds_are_no_skip(candidate):
    answers = candidate.calls("drive:skipped", [[heard] for heard in (0, 1, 29, 30, 31, 600)])
    assert [answer.value for answer in answers] == [True, True, True, False, False, False]


def test_every_play_is_noted_with_its_seconds(candidate):
    result = candidate.call("drive:played", "abc", [0, 31, None])
    assert result["history"] == [["a", 0], ["b", 31], ["c", 240]]
    assert result["playing"] == ["b", "c", None]


def test_nothing_is_noted_where_nothing_plays(candidate):
    assert candidate.call("drive:played", "a", [200, 200])["history"] == [["a", 200]]


def test_the_last_hundred_plays_are_kept(candidate):
    for count in (99, 100, 101, 150):
        ids = [f"t{number}" for number in range(count)]
        result = candidate.call("drive:played", ids, [100] * count)
        assert [id for id, _ in result["history"]] == ids[-100:]


def test_recent_tracks_are_looked_for_in_the_whole_history(candidate):
    rng = random.Random(7)
    asked, expected = [], []
    for _ in range(20):
        ids = [rng.choice(string.ascii_lowercase[:14]) for _ in range(60)]
        heards = [rng.choice([5, 200]) for _ in ids]
        asked.append([ids, heards])
        newest = [id for id, heard in zip(reversed(ids), reversed(heards), strict=True) if heard >= 30]
        expected.append(list(dict.fromkeys(newest))[:10])
    answers = candidate.calls("drive:recent", asked)
    assert [answer.value for answer in answers] == expected
