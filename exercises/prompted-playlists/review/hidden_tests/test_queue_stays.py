"""What the change had no business to touch."""


def test_a_track_may_wait_twice(candidate):
    assert candidate.call("drive:played", "abab", [200])["waiting"] == ["b", "a", "b"]


def test_with_repeat_every_track_comes_again(candidate):
    asked = [["abc", heards, True] for heards in ([200, 200], [5, 200], [200, 0], [1, 2])]
    answers = [answer.value for answer in candidate.calls("drive:played", asked)]
    assert [answer["waiting"] for answer in answers] == [["c", "a", "b"]] * 4
    assert [answer["playing"] for answer in answers] == [["b", "c"]] * 4


def test_without_repeat_tracks_leave(candidate):
    assert candidate.call("drive:played", "abc", [5, 200])["waiting"] == ["c"]
