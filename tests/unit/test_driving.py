"""Driving an asynchronous source from a thread: at once, stoppable, closed; and how often a failing service is asked."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator
from statistics import median

import pytest

from assistant.base import never
from assistant.driving import FIRST_PAUSE_S, LONGEST_PAUSE_S, TRIES, Late, Patience, Stopped, after_s, pause, reading


class Source:
    """Tells the time every few milliseconds, and whether it was closed."""

    def __init__(self, pieces: int, gap_s: float = 0.005, error: Exception | None = None) -> None:
        self.pieces, self.gap_s, self.error = pieces, gap_s, error
        self.closed = threading.Event()

    async def read(self) -> AsyncGenerator[float, None]:
        try:
            for _ in range(self.pieces):
                await asyncio.sleep(self.gap_s)
                yield time.monotonic()
            if self.error is not None:
                raise self.error
        finally:
            self.closed.set()


def test_a_piece_is_handed_over_the_moment_it_comes() -> None:
    source = Source(100)
    with reading(source.read, never, None) as feed:
        late = [time.monotonic() - sent for sent in feed]
    assert len(late) == 100 and median(late) < 0.003
    assert source.closed.wait(1)


def test_what_the_source_raises_comes_after_its_pieces() -> None:
    source = Source(2, error=ValueError("why"))
    seen: list[float] = []
    with pytest.raises(ValueError, match="why"), reading(source.read, never, None) as feed:
        seen.extend(feed)
    assert len(seen) == 2


@pytest.mark.parametrize(("stop_s", "deadline_s", "wanted"), [(0.2, 60, Stopped), (60, 0.2, Late)])
def test_stop_and_deadline_end_what_is_under_way_and_close_it(
    stop_s: float, deadline_s: float, wanted: type[Exception]
) -> None:
    source = Source(1, gap_s=60)
    start = time.monotonic()
    with (
        pytest.raises(wanted),
        reading(source.read, lambda: time.monotonic() > start + stop_s, start + deadline_s) as feed,
    ):
        list(feed)
    assert 0.2 <= time.monotonic() - start < 0.5
    assert source.closed.wait(1)


def test_a_deadline_may_be_lifted_by_the_first_piece() -> None:
    source = Source(4, gap_s=0.1)
    with reading(source.read, never, time.monotonic() + 0.2) as feed:
        for _ in feed:
            feed.deadline = None
    assert source.closed.wait(1)


def test_leaving_in_the_midst_closes_the_source() -> None:
    source = Source(1_000)
    with reading(source.read, never, None) as feed:
        next(iter(feed))
    assert source.closed.wait(1)


def test_a_pause_ends_when_stop_is_pressed() -> None:
    end = time.monotonic() + 0.1
    with pytest.raises(Stopped):
        pause(60, lambda: time.monotonic() > end)
    assert time.monotonic() - end < 0.3
    pause(0, never)


def test_pauses_double_within_bounds_and_are_the_same_for_the_same_reply() -> None:
    def pauses(seed: str) -> list[float]:
        patience = Patience(1_000, seed)
        return [wait for _ in range(TRIES - 1) if (wait := patience.pause_s(None)) is not None]

    one, again, other = pauses("a"), pauses("a"), pauses("b")
    assert one == again != other and len(one) == TRIES - 1
    for number, wait in enumerate(one):
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**number)
        assert 0.75 * longest <= wait <= longest


def test_patience_ends_with_time_or_tries() -> None:
    assert Patience(0.1, "a").pause_s(None) is None
    patience = Patience(10, "a")
    assert patience.pause_s(3) == 3 and patience.pause_s(11) is None
    assert [patience.pause_s(0) for _ in range(TRIES)][-3:] == [None] * 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 90),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
        ({"retry-after-ms": "250", "retry-after": "7"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "7"}, 7),
    ],
)
def test_when_a_service_wants_to_be_asked_again(headers: dict[str, str], seconds: float | None) -> None:
    assert after_s(headers, now=10) == seconds


def test_a_process_that_ends_in_the_midst_of_a_stream_ends_quietly() -> None:
    program = """
import asyncio
from assistant.driving import reading
async def forever():
    while True:
        await asyncio.sleep(0.01)
        yield 1
with reading(forever, lambda: False, None) as feed:
    for piece in feed:
        print(piece, flush=True)
        raise SystemExit
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
