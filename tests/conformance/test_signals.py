"""What every signal keeps to, whichever file it stands in.

Each is run over the golden log: whole, cut short anywhere, with any payload withheld, with unrelated events moved.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from interviews.events import Event, Header, Record
from interviews.ndjson import read_log
from rubrics import registry
from rubrics.base import Detection, LogView, Opportunity, Reading
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import GROWN_REVIEWED, LOG

# Types that no behaviour of a candidate shows in: the same interview without them must read the same.
UNRELATED = {
    "consent.given", "presence.changed", "phase.started", "phase.ended", "clock.paused", "clock.resumed", "sandbox.started",
    "sandbox.lost", "sync.failed", "terminal.opened", "terminal.resized", "terminal.closed", "note.added", "score.recorded",
    "debrief.shown", "reply.started", "reply.appended", "tool.called",
}  # fmt: skip


def read() -> tuple[Header, list[Record]]:
    with LOG.open(encoding="utf-8", newline="") as lines:
        return read_log(lines)


def analysed(records: list[Record]) -> list[Record]:
    """With what is found out after an interview now, and was not yet when the log was written."""
    result = {"mutants": 6, "killed": 4, "survivors": [], "tests": ["tests/test_own.py::test_own"]}
    payload = {"kind": "own_tests", "result": result, "key": "c3" * 32}
    last = records[-1]
    made = {"seq": last.seq + 1, "type": "analysis.recorded", "actor": "system", "cause": None, "payload": payload}
    return [*records, last.model_copy(update=made)]


HEADER, FIRST_RECORDS = read()
RECORDS = analysed(FIRST_RECORDS)
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
def test_same_log_same_reading(name: str) -> None:
    one = view()
    first = registry.signal(name).read(one)
    assert registry.signal(name).read(one) == first
    assert registry.signal(name).read(view()) == first


@every_signal
def test_no_prefix_makes_it_raise_and_evidence_lies_within(name: str) -> None:
    for end in range(len(RECORDS) + 1):
        for group in groups(registry.signal(name).read(view(RECORDS[:end]))):
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


@every_signal
def test_nor_does_one_of_a_review_or_a_ticket(name: str) -> None:
    with GROWN_REVIEWED.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    # Before the candidate takes back that it may be scored.
    records = records[:-1]
    reading = groups(registry.signal(name).read(LogView.of(header, records)))
    known = [sum(not one.hit and one.known for one in group) for group in reading]
    for record in records:
        gone = record.model_copy(update={"payload": None, "salt": None})
        left = [gone if other.seq == record.seq else other for other in records]
        now = groups(registry.signal(name).read(LogView.of(header, left)))
        assert sum(not one.hit and one.known for one in now[0]) <= known[0], f"event {record.seq}, {record.type}"
        for end in (record.seq - 1, record.seq):
            for group in groups(registry.signal(name).read(LogView.of(header, records[:end]))):
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
    return event.model_copy(update={"seq": seq})


def test_each_signal_is_part_of_a_rubric() -> None:
    used = {indicator.signal for dimension in load("standard").dimensions for indicator in dimension.indicators}
    assert used == set(registry.signal_ids())


def test_every_prefix_scores_and_cites_only_what_it_holds() -> None:
    rubric = load("standard")
    for end in range(0, len(RECORDS) + 1, 3):
        card = score(view(RECORDS[:end]), rubric)
        assert card.log.events == end
        for dimension in card.dimensions:
            for one in dimension.indicators:
                assert all(seq <= end for seq in one.evidence)
                assert (one.value is None) == (one.ci95 is None)
                assert one.status != "not_observed" or (one.value is None and one.n == 0)
                assert one.level is None or one.status in ("clear", "leaning")
                assert "%(" not in one.explanation
