"""What everything that is shown beside a score keeps to, whichever file it stands in.

Each is read over the golden interview: whole, cut short anywhere, with any payload withheld; and no score moves by any of it.
"""

from __future__ import annotations

import pytest

from interviews import events as e
from rubrics import beside, registry
from rubrics.base import Fact, LogView
from rubrics.base import translatable as same
from tests.conformance.test_signals import RECORDS, UNRELATED, prefix, view, withheld
from tests.golden.make import HEADER

every_shown = pytest.mark.parametrize("name", registry.shown_ids())

# None of these says how good somebody is.
NEVER = ("dwell", "acceptance", "length", "polite", "typing", "focus", "emotion", "keystroke", "speed")


def read(name: str, log: LogView) -> Fact:
    return registry.shown(name).read(log)


@every_shown
def test_it_finds_something_in_the_golden_log(name: str) -> None:
    fact = read(name, view())
    assert fact.value is not None
    assert fact.evidence == tuple(sorted(set(fact.evidence)))
    assert read(name, view()) == fact


@every_shown
def test_no_prefix_makes_it_raise_and_evidence_lies_within(name: str) -> None:
    for end in range(len(RECORDS) + 1):
        fact = read(name, prefix(end))
        assert all(1 <= seq <= end for seq in fact.evidence)
        told = {"value": "1", **fact.values}
        assert "%(" not in fact.explanation % told


@every_shown
def test_a_withheld_payload_never_makes_it_raise(name: str) -> None:
    for record in RECORDS:
        read(name, withheld(record.seq))
    nothing = read(name, withheld(*range(1, len(RECORDS) + 1)))
    assert nothing.value is None


@every_shown
def test_unrelated_events_change_nothing(name: str) -> None:
    # But the clock: how long it stood is taken out of a time.
    related = [event for event in view().events if event.type not in UNRELATED - {"clock.paused", "clock.resumed"}]
    assert len(related) < len(RECORDS)
    assert read(name, LogView(HEADER, related)) == read(name, view())


@every_shown
def test_what_says_nothing_of_quality_is_not_shown(name: str) -> None:
    words = f"{name} {registry.shown(name).title}".lower()
    assert not any(word in words for word in NEVER)


def test_a_scorecard_tells_them_in_words() -> None:
    for log in (view(), prefix(0)):
        facts = beside.shown(log, same)
        assert [fact.id for fact in facts] == registry.shown_ids()
        assert all(fact.title and fact.explanation and "%(" not in fact.explanation for fact in facts)


def test_who_took_planted_mistakes_back_has_no_time_of_finding_them() -> None:
    last = RECORDS[-1]
    taken = {"seq": last.seq + 1, "type": "consent.withdrawn", "payload": {"scope": "planted-defects"}}
    back = LogView.of(HEADER, [*RECORDS, last.model_copy(update=taken)])
    empty = LogView.of(HEADER, [])
    assert isinstance(back.events[-1].data, e.ConsentWithdrawn)
    assert read("latency_to_detection", view()).value is not None
    assert read("latency_to_detection", back) == read("latency_to_detection", empty)
