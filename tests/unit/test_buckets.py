"""The token bucket: what a person at work may do, and what a flood may not."""

from __future__ import annotations

import pytest

from web.buckets import BURST, COSTS, FLOOR, KEPT, PER_S, SIZE, Bucket, Buckets, Busy


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def send(bucket: Bucket, name: str, size: int) -> bool:
    """One message of so many characters, as the server accounts for it; false where its line is cut."""
    if not bucket.charge(1 + size / SIZE):
        return False
    bucket.spend(COSTS.get(name, 0))
    return True


def every(clock: Clock, bucket: Bucket, seconds: float, per_s: float, name: str, size: int) -> None:
    for _ in range(round(seconds * per_s)):
        clock.now += 1 / per_s
        assert send(bucket, name, size)


@pytest.mark.parametrize(
    ("per_s", "name", "size"),
    [
        (4, "edit", 300),  # typing, a batch each 250 ms
        (60, "term.input", 60),  # a key held down, or a mouse moved in a terminal's program
        (30, "term.resize", 60),  # a pane dragged wider
        (2, "edit", 100_000),  # a large file formatted again and again
    ],
)
def test_whoever_works_however_hard_never_meets_its_end(per_s: float, name: str, size: int) -> None:
    clock = Clock()
    every(clock, Bucket(clock), 3600, per_s, name, size)


def test_a_page_that_was_away_sends_all_it_kept_at_once() -> None:
    bucket = Bucket(Clock())
    assert send(bucket, "hello", 20)
    for _ in range(8):
        assert send(bucket, "edit", 300_000)
    for _ in range(20):
        assert send(bucket, "create", 100)


def test_a_million_characters_are_pasted_at_once() -> None:
    editor, terminal = Bucket(Clock()), Bucket(Clock())
    assert all(send(editor, "edit", 300_000) for _ in range(4))
    assert all(send(terminal, "term.input", 65_536) for _ in range(16))


def test_a_flood_is_told_to_wait_then_cut_off_and_may_come_again_later() -> None:
    clock = Clock()
    bucket = Bucket(clock)
    told = sent = 0
    while bucket.charge(1):
        sent += 1
        try:
            bucket.spend(COSTS["create"])
        except Busy:
            told += 1
    assert told > sent / 2
    assert sent < BURST - FLOOR
    assert not bucket.charge(1)
    clock.now += -FLOOR / PER_S / 2
    with pytest.raises(Busy):
        bucket.spend(0)
    clock.now += -FLOOR / PER_S
    assert send(bucket, "hello", 20)
    assert not bucket.full
    clock.now += 60
    assert bucket.full


def test_who_keeps_trying_what_was_refused_gets_there() -> None:
    """A page sends a long paste again each second while it is told to wait."""
    clock = Clock()
    bucket = Bucket(clock)
    while True:
        try:
            assert send(bucket, "edit", 300_000)
        except Busy:
            break
    for _ in range(20):
        clock.now += 1
        try:
            assert send(bucket, "edit", 300_000)
            break
        except Busy:
            continue
    else:
        raise AssertionError("never taken")


def test_a_role_has_one_bucket_and_those_left_alone_are_forgotten() -> None:
    clock = Clock()
    buckets = Buckets(clock)
    used = buckets.of("i", "candidate")
    used.spend(BURST)
    assert buckets.of("i", "candidate") is used
    assert buckets.of("i", "interviewer") is not used
    for number in range(2 * KEPT):
        buckets.of(f"i{number}", "candidate")
    assert len(buckets._buckets) <= KEPT + 1
    assert buckets.of("i", "candidate") is used
