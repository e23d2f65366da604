"""What every signal keeps to, whichever file it stands in.

Each is run over the golden interview, told on to where every signal finds something: whole, cut short anywhere, with any payload
withheld, with unrelated events moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from interviews import events as e
from interviews.events import Event, Record
from interviews.ndjson import read_log
from rubrics import registry
from rubrics.base import Detection, LogView, Opportunity, Reading
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden import make
from tests.golden.make import GROWN_REVIEWED, HEADER, LOG
from tests.golden.story import Story

# Types that no behaviour of a candidate shows in: the same interview without them must read the same.
UNRELATED = {
    "consent.given", "presence.changed", "phase.started", "phase.ended", "clock.paused", "clock.resumed", "sandbox.started",
    "sandbox.lost", "sync.failed", "terminal.opened", "terminal.resized", "terminal.closed", "note.added", "score.recorded",
    "debrief.shown", "reply.started", "reply.appended", "tool.called", "rating.recorded", "score.revealed", "score.overridden",
    "score.signed",
}  # fmt: skip


def told() -> list[Record]:
    """The golden interview, with work of one's own before it ends, and behind it what is found out and said of it now."""
    story = Story(HEADER)
    for part in (make.begin, make.open_work, make.mishaps, make.review):
        part(story)
    two, started = ((f"tests/test_fees.py::test_{name}", "no") for name in ("two_hours", "started_hour"))
    for run, failing in (("r4", [two]), ("r5", [started]), ("r6", [two]), ("r7", [])):
        story.run(run, *failing)
    remark = "rate_0 is wrong at line 1: it should stay 0 instead of 100"
    story.tell("candidate", e.CommentAdded(comment="c1", suggestion="b1.1", hunk="b1.1.h0", line=1, text=remark))
    make.end(story)
    own = {"mutants": 6, "killed": 4, "survivors": [], "tests": ["tests/test_own.py::test_own"]}
    story.tell("system", e.AnalysisRecorded(kind="own_tests", result=own, key="c3" * 32))
    answers: tuple[tuple[str, e.Level], ...] = (("What is rounded?", 4), ("Why a cap?", 3), ("What below zero?", 2))
    for question, level in answers:
        rated = e.ExplanationRated(rater="Mo", question=question, about_seq=3, level=level)
        story.tell("interviewer:Mo", rated)
    return story.records()


RECORDS = told()
every_signal = pytest.mark.parametrize("name", registry.signal_ids())


def view(records: Sequence[Record] = RECORDS) -> LogView:
    return LogView.of(HEADER, records)


def groups(reading: Reading) -> list[Sequence[Opportunity]]:
    return [reading.defective, reading.good] if isinstance(reading, Detection) else [reading.opportunities]


def counts(reading: Reading) -> list[tuple[int, int, int]]:
    """Of each group: opportunities, hits, and those that the log does not tell of."""
    return [
        (len(group), sum(one.hit for one in group), sum(not one.known for one in group)) for group in groups(reading)
    ]


@cache
def prefix(end: int) -> LogView:
    return view(RECORDS[:end])


@cache
def withheld(*seqs: int) -> LogView:
    return view(
        [
            record.model_copy(update={"payload": None, "salt": None}) if record.seq in seqs else record
            for record in RECORDS
        ]
    )


@every_signal
def test_it_reads_the_golden_log_and_finds_something(name: str) -> None:
    reading = registry.signal(name).read(view())
    assert any(group for group in groups(reading))
    assert any(one.hit for group in groups(reading) for one in group)


@every_signal
def test_it_reads_the_log_as_it_was_written(name: str) -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    assert len(records) < len(RECORDS)
    for group in groups(registry.signal(name).read(LogView.of(header, records))):
        assert all(one.evidence for one in group)


@every_signal
def test_same_log_same_reading(name: str) -> None:
    one = view()
    first = registry.signal(name).read(one)
    assert registry.signal(name).read(one) == first
    assert registry.signal(name).read(view()) == first


@every_signal
def test_no_prefix_makes_it_raise_and_evidence_lies_within(name: str) -> None:
    for end in range(len(RECORDS) + 1):
        for group in groups(registry.signal(name).read(prefix(end))):
            for one in group:
                assert one.evidence
                assert all(1 <= seq <= end for seq in one.evidence)


@every_signal
def test_a_withheld_payload_never_adds_a_failing(name: str) -> None:
    """What was taken away may leave fewer opportunities or unknown ones, but is never held against the candidate."""
    whole = groups(registry.signal(name).read(view()))
    for record in RECORDS:
        now = groups(registry.signal(name).read(withheld(record.seq)))
        failings = [sum(not one.hit and one.known for one in group) for group in (whole[0], now[0])]
        assert failings[1] <= failings[0], f"event {record.seq}, {record.type}"
        if len(whole) == 2:
            alarms = [sum(one.hit and one.known for one in group) for group in (whole[1], now[1])]
            assert alarms[1] <= alarms[0], f"event {record.seq}, {record.type}"


@cache
def of_a_review() -> tuple[LogView, list[tuple[Record, LogView, list[tuple[int, LogView]]]]]:
    """The log of a review: whole, and for each of its records without that one and cut short there."""
    with GROWN_REVIEWED.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    # Before the candidate takes back that it may be scored.
    records = records[:-1]
    views = []
    for record in records:
        gone = record.model_copy(update={"payload": None, "salt": None})
        left = [gone if other.seq == record.seq else other for other in records]
        cut = [(end, LogView.of(header, records[:end])) for end in (record.seq - 1, record.seq)]
        views.append((record, LogView.of(header, left), cut))
    return LogView.of(header, records), views


@every_signal
def test_nor_does_one_of_a_review_or_a_ticket(name: str) -> None:
    whole, views = of_a_review()
    known = [sum(not one.hit and one.known for one in group) for group in groups(registry.signal(name).read(whole))]
    for record, left, cut in views:
        now = groups(registry.signal(name).read(left))
        assert sum(not one.hit and one.known for one in now[0]) <= known[0], f"event {record.seq}, {record.type}"
        for end, view_ in cut:
            for group in groups(registry.signal(name).read(view_)):
                assert all(1 <= seq <= end for one in group for seq in one.evidence)


@every_signal
def test_all_of_a_type_may_be_withheld(name: str) -> None:
    for type_ in {record.type for record in RECORDS}:
        registry.signal(name).read(withheld(*(record.seq for record in RECORDS if record.type == type_)))
    nothing = registry.signal(name).read(withheld(*range(1, len(RECORDS) + 1)))
    assert counts(nothing) == [(0, 0, 0)] * len(counts(nothing))


@every_signal
def test_unrelated_events_change_nothing(name: str) -> None:
    everything = registry.signal(name).read(view())
    related = [event for event in view().events if event.type not in UNRELATED]
    assert len(related) < len(RECORDS)
    assert registry.signal(name).read(LogView(HEADER, related)) == everything


@every_signal
def test_the_order_of_an_unrelated_event_and_its_neighbour_does_not_matter(name: str) -> None:
    events = list(view().events)
    expected = counts(registry.signal(name).read(LogView(HEADER, events)))
    for at in range(len(events) - 1):
        one, other = events[at], events[at + 1]
        if one.type in UNRELATED or other.type in UNRELATED:
            swapped = [moved(other, one.seq), moved(one, other.seq)]
            now = registry.signal(name).read(LogView(HEADER, [*events[:at], *swapped, *events[at + 2 :]]))
            assert counts(now) == expected, f"{one.type} and {other.type} at {one.seq}"


def moved(event: Event, seq: int) -> Event:
    return event._replace(seq=seq)


def test_each_signal_is_part_of_a_rubric() -> None:
    used = {indicator.signal for dimension in load("standard").dimensions for indicator in dimension.indicators}
    assert used == set(registry.signal_ids())


def test_every_prefix_scores_and_cites_only_what_it_holds() -> None:
    rubric = load("standard")
    for end in range(0, len(RECORDS) + 1, 3):
        card = score(prefix(end), rubric)
        assert card.log.events == end
        for dimension in card.dimensions:
            for one in dimension.indicators:
                assert all(seq <= end for seq in one.evidence)
                assert (one.value is None) == (one.ci95 is None)
                assert one.status != "not_observed" or (one.value is None and one.n == 0)
                assert one.level is None or one.status in ("clear", "leaning")
                assert "%(" not in one.explanation
