from player.models import Track
from player.queue import Queue


def tracks(ids: str) -> list[Track]:
    return [Track(id, f"Song {id}", "Mira Vale", 240) for id in ids]


def ids(tracks: list[Track]) -> str:
    return "".join(track.id for track in tracks)


def test_tracks_play_in_order():
    queue = Queue(tracks("abc"))
    assert queue.playing().id == "a"
    assert queue.next().id == "b"
    assert ids(queue.waiting) == "bc"


def test_the_last_one_leaves_nothing():
    queue = Queue(tracks("a"))
    assert queue.next() is None
    assert queue.next() is None


def test_a_track_may_wait_right_behind_the_one_that_plays():
    queue = Queue(tracks("ab"))
    queue.add(*tracks("c"), soon=True)
    assert ids(queue.waiting) == "acb"


def test_repeat_brings_a_track_again_at_the_end():
    queue = Queue(tracks("abc"), repeat=True)
    queue.next()
    assert ids(queue.waiting) == "bca"


def test_a_track_is_taken_out():
    queue = Queue(tracks("abc"))
    assert queue.remove("b") == 1
    assert ids(queue.waiting) == "ac"
    assert queue.seconds() == 480
