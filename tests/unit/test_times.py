"""Time that only goes on."""

from __future__ import annotations

from dataclasses import replace

from interviews import events as e
from interviews.log import Draft, MemoryLog
from interviews.service.interview import Interview
from interviews.times import NS, Onward, steady
from tests.support import bare_interview, counting_salt, header


def test_a_steady_clock_begins_with_the_time_of_day_and_follows_no_step() -> None:
    wall, monotonic = [1_000_000 * NS], [5 * NS]
    clock = steady(lambda: wall[0], lambda: monotonic[0])
    assert clock() == 1_000_000
    wall[0] -= 3_600_000 * NS
    monotonic[0] += 20 * NS
    assert clock() == 1_000_020
    wall[0] += 9_999_999 * NS
    monotonic[0] += NS // 2
    assert clock() == 1_000_020


def test_an_interviews_time_goes_on_from_what_is_recorded() -> None:
    time = Onward()
    assert [time.at(clock, last) for clock, last in [(100, 500), (120, 500), (119, 520), (700, 520)]] == [
        500,
        520,
        520,
        1100,
    ]
    ahead = Onward()
    assert [ahead.at(clock, last) for clock, last in [(600, 500), (90, 600), (650, 600)]] == [600, 600, 650]


def test_log_and_interview_opened_behind_their_past_agree_on_the_time() -> None:
    before = bare_interview()
    for _ in range(30):
        before.record(Draft("system", e.InterviewStarted()))
    now = [before.state.at_ms - 5000]
    tools = replace(before.tools, clock=lambda: now[0])
    again = MemoryLog(lambda: now[0], counting_salt())
    again.create(header("i1"))
    again._records["i1"] = before.log.read("i1")
    opened = Interview(again, before.header, before.exercise, tools)
    assert opened.now() == before.state.at_ms
    now[0] += 250
    assert opened.record(Draft("system", e.InterviewStarted()))[0].at_ms == before.state.at_ms
    now[0] += 250
    assert opened.now() == before.state.at_ms + 500
    assert opened.record(Draft("system", e.InterviewStarted()))[0].at_ms == before.state.at_ms + 250
