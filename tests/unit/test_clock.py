"""Time the platform lost is given back exactly once, however troubles overlap, and never more than went by."""

from __future__ import annotations

import random
from dataclasses import replace

from interviews import events as e
from interviews import exercises
from interviews.log import Draft, MemoryLog
from interviews.service.clock import pause, resume, uncovered
from interviews.service.interview import Interview
from interviews.timeline import elapsed_ms
from tests.support import counting_salt, header, tools

START = 1_700_000_000_000
HOUR_MS = 3_600_000


class Hand:
    """A clock that is set by hand, and a running interview that lives by it."""

    def __init__(self) -> None:
        self.ms = START
        self.log = MemoryLog(lambda: self.ms, counting_salt())
        self.log.create(header("i1"))
        self.interview = self.opened()
        self.interview.record(
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=HOUR_MS)),
        )

    def opened(self) -> Interview:
        """The interview as a process that has just begun knows it."""
        made = replace(tools(), clock=lambda: self.ms)
        return Interview(self.log, self.log.header("i1"), exercises.load("prompted-playlists"), made)

    def go(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)

    def paused(self) -> bool:
        """Whether the clock is held."""
        return self.interview.state.paused_ms is not None

    @property
    def lost_s(self) -> float:
        return self.interview.state.lost_ms / 1000


def test_troubles_that_overlap_are_given_back_as_one() -> None:
    hand = Hand()
    hand.go(10)
    pause(hand.interview, "assistant", "slow", hand.ms - 8_000)
    hand.go(5)
    pause(hand.interview, "sandbox", "lost", hand.ms - 1_000)
    hand.go(5)
    resume(hand.interview, "assistant")
    assert hand.paused() and hand.lost_s == 0
    hand.go(5)
    resume(hand.interview, "sandbox")
    assert not hand.paused() and hand.lost_s == 23
    assert elapsed_ms(hand.interview.state, hand.ms) == 2_000


def test_a_trouble_noticed_after_another_was_given_back_counts_what_is_new_of_it() -> None:
    hand = Hand()
    hand.go(10)
    pause(hand.interview, "sandbox", "lost")
    hand.go(4)
    resume(hand.interview, "sandbox")
    hand.go(3)
    # Since 8 seconds, 4 of which have been given back in its midst.
    pause(hand.interview, "assistant", "slow", hand.ms - 8_000)
    hand.go(2)
    resume(hand.interview, "assistant")
    assert hand.lost_s == 10
    # And again for the whole of it, as when the reply fails: nothing is left to give.
    pause(hand.interview, "assistant", "failed", hand.ms - 10_000)
    resume(hand.interview, "assistant")
    assert hand.lost_s == 10


def test_what_went_by_before_the_phase_or_after_its_end_is_not_given_back() -> None:
    hand = Hand()
    hand.go(1)
    pause(hand.interview, "assistant", "slow", START - 60_000)
    hand.go(1)
    hand.interview.record(Draft("candidate", e.PhaseEnded(phase="open", by="candidate")))
    hand.go(50)
    resume(hand.interview, "assistant")
    assert hand.lost_s == 2 and elapsed_ms(hand.interview.state, hand.ms) == 0


def test_a_process_that_comes_later_knows_what_was_given_back() -> None:
    hand = Hand()
    hand.go(10)
    pause(hand.interview, "assistant", "slow", hand.ms - 8_000)
    hand.go(2)
    resume(hand.interview, "assistant")
    hand.interview = hand.opened()
    hand.go(1)
    pause(hand.interview, "assistant", "failed", START)
    resume(hand.interview, "assistant")
    assert hand.lost_s == 13


def test_by_chance_the_sum_is_the_time_that_any_trouble_lasted() -> None:
    for seed in range(100):
        chance, hand = random.Random(seed), Hand()
        bad: set[int] = set()
        since: dict[str, int] = {}
        for second in range(120):
            for holder in ("assistant", "sandbox", "restart"):
                if holder in since and chance.random() < 0.2:
                    bad |= set(range(since.pop(holder), second))
                    resume(hand.interview, holder)
                elif holder not in since and chance.random() < 0.05:
                    since[holder] = max(0, second - chance.randrange(12))
                    pause(hand.interview, holder, holder, START + since[holder] * 1000)
            hand.go(1)
        for holder, began in since.items():
            bad |= set(range(began, 120))
            resume(hand.interview, holder)
        assert hand.lost_s == len(bad), seed
        assert elapsed_ms(hand.interview.state, hand.ms) == (120 - len(bad)) * 1000


def test_spans_in_any_order_are_taken_out_once() -> None:
    assert uncovered(0, 10, []) == 10
    assert uncovered(0, 10, [(6, 8), (-5, 2), (1, 3), (9, 40)]) == 4
    assert uncovered(0, 10, [(-1, 11), (2, 3)]) == 0
    assert uncovered(5, 5, []) == 0 and uncovered(7, 5, [(0, 1)]) == 0
