"""What was erased leaves counts or nothing, never another number.

One payload at a time is taken from interviews in every style; each indicator's value stays as it was or is no longer given. All
events are taken that may decide whose a run or a hidden test is; of every other type one from the middle and the last.
"""

from __future__ import annotations

from functools import cache

import pytest

from interviews.events import Record
from rubrics.base import LogView
from rubrics.rubric import load
from rubrics.scoring import score
from simulator.chance import anybody
from simulator.course import Request, Simulated, simulate
from simulator.work import Style

# Seeds with which an erased prompt, ticket or decision once moved a run or a hidden test from one indicator to another.
LOGS: list[tuple[int, Style]] = [
    (1, "incremental"),
    (1, "front-loader"),
    (22, "test-first"),
    (22, "delegator"),
    (25, "self-coder"),
]
EACH = {"prompt.sent", "ticket.opened", "ticket.revised", "suggestion.decided", "analysis.recorded", "consent.given"}


@cache
def made(seed: int, style: Style) -> Simulated:
    return simulate(Request(seed, anybody(seed), style=style))


def values(one: Simulated, records: list[Record]) -> dict[str, float | None]:
    card = score(LogView.of(one.header, records), load("standard"))
    return {indicator.id: indicator.value for dimension in card.dimensions for indicator in dimension.indicators}


def without(records: list[Record], at: int) -> list[Record]:
    return [*records[:at], records[at].model_copy(update={"payload": None, "salt": None}), *records[at + 1 :]]


def taken(records: list[Record]) -> list[int]:
    places: dict[str, list[int]] = {}
    for at, record in enumerate(records):
        places.setdefault(record.type, []).append(at)
    return sorted(
        {at for name, all_ in places.items() for at in (all_ if name in EACH else (all_[len(all_) // 2], all_[-1]))}
    )


@pytest.mark.parametrize(("seed", "style"), LOGS)
def test_an_erased_payload_changes_no_number_into_another(seed: int, style: Style) -> None:
    one = made(seed, style)
    whole = values(one, one.records)
    assert sum(value is not None for value in whole.values()) >= 7
    for at in taken(one.records):
        left = values(one, without(one.records, at))
        moved = {name: (whole[name], value) for name, value in left.items() if value not in (whole[name], None)}
        assert not moved, one.records[at]


def erased(one: Simulated, kind: str) -> int:
    return next(at for at, record in enumerate(one.records) if (record.payload or {}).get("kind") == kind)


@pytest.mark.parametrize("seed", range(20, 26))
def test_without_its_analysis_no_run_passes_for_one_that_reached_the_code(seed: int) -> None:
    one = made(seed, "incremental")
    at = erased(one, "accepted_coverage")
    whole, bare = (
        {indicator.id: indicator for dimension in card.dimensions for indicator in dimension.indicators}[
            "verified_before_submit"
        ]
        for card in (
            score(LogView.of(one.header, records), load("standard"))
            for records in (one.records, without(one.records, at))
        )
    )
    assert whole.value is not None
    assert (bare.value, bare.status, bare.n) == (None, "cannot_tell", whole.n)


def test_where_no_analysis_was_made_a_run_still_counts() -> None:
    one = made(20, "incremental")
    records = [record for record in one.records if (record.payload or {}).get("kind") != "accepted_coverage"]
    assert values(one, records)["verified_before_submit"] is not None


@pytest.mark.parametrize("plants", [True, False])
def test_a_consent_that_nobody_can_read_any_more_is_one_to_no_planted_mistakes(plants: bool) -> None:
    one = made(1, "incremental")
    at = next(at for at, record in enumerate(one.records) if record.type == "consent.given")
    record = one.records[at]
    records = [*one.records[:at], record.model_copy(update={"payload": {**(record.payload or {}), "plants": plants}})]
    records += one.records[at + 1 :]
    assert (values(one, records)["defect_detection"] is not None) == plants
    assert values(one, without(records, at))["defect_detection"] is None
