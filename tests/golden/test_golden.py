"""Golden logs: logs of every version ever written are understood, folded, verified and scored, for good."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from interviews.chain import verify
from interviews.errors import LogCorrupt
from interviews.events import Header, KeyRecorded, Record, event_types, understand
from interviews.fold import fold
from interviews.ndjson import read_log, write_log
from interviews.visibility import wire
from rubrics.base import LogView
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import (
    CARD,
    GROWN,
    GROWN_AGAIN,
    GROWN_BRIEFED,
    GROWN_LATE,
    GROWN_PAIRED,
    GROWN_RATED,
    GROWN_REVIEWED,
    LOG,
    briefed,
    card_text,
    late,
    paired,
    rated,
    reviewed,
    tell,
)
from tests.golden.make import grown as tell_grown
from tests.golden.make import grown_again as tell_grown_again


def kept(path: Path) -> Callable[[], tuple[Header, list[Record]]]:
    """The log of that file, read once."""

    @pytest.fixture(scope="module")
    def log() -> tuple[Header, list[Record]]:
        with path.open(encoding="utf-8", newline="") as lines:
            return read_log(lines)

    return log


golden = kept(LOG)
grown = kept(GROWN)
grown_again = kept(GROWN_AGAIN)
grown_paired = kept(GROWN_PAIRED)
grown_reviewed = kept(GROWN_REVIEWED)
grown_rated = kept(GROWN_RATED)
grown_briefed = kept(GROWN_BRIEFED)
grown_late = kept(GROWN_LATE)


def test_they_hold_every_event_type_and_field(
    golden: tuple[Header, list[Record]],
    grown: tuple[Header, list[Record]],
    grown_again: tuple[Header, list[Record]],
    grown_paired: tuple[Header, list[Record]],
    grown_reviewed: tuple[Header, list[Record]],
    grown_rated: tuple[Header, list[Record]],
    grown_briefed: tuple[Header, list[Record]],
    grown_late: tuple[Header, list[Record]],
) -> None:
    held: dict[str, set[str]] = {}
    gained = (grown, grown_again, grown_paired, grown_reviewed, grown_rated, grown_briefed, grown_late)
    for record in (*golden[1], *(record for _, records in gained for record in records)):
        held.setdefault(record.type, set()).update(record.payload or ())
    assert held == {name: set(cls.model_fields) - {"type", "v"} for name, cls in event_types().items()}


def test_what_was_gained_is_read_and_folded(grown: tuple[Header, list[Record]]) -> None:
    verify(*grown)
    queued = fold(understand(record) for record in grown[1][:2])
    assert (queued.status, queued.queued) == ("ready", 2)
    state = fold(understand(record) for record in grown[1])
    assert (state.sandbox_back, state.missing, state.queued, state.lost_ms) == ("rebuilt", ["data.bin"], None, 3_000)
    assert set(state.files) == {"parking/fees.py"}
    assert fold(understand(record) for record in tell_grown()) == state


def test_what_was_gained_later_is_read_and_folded(grown_again: tuple[Header, list[Record]]) -> None:
    verify(*grown_again)
    state = fold(understand(record) for record in grown_again[1])
    assert set(state.files) == {"parking/price.py"}
    price = state.files["parking/price.py"]
    assert (price.version, "HOURLY_CENTS = 300" in str(price.text)) == (2, True)
    assert "token = '•••••••••'" in str(price.text)
    assert fold(understand(record) for record in tell_grown_again()) == state


def test_what_pairing_gained_is_read_and_folded(grown_paired: tuple[Header, list[Record]]) -> None:
    verify(*grown_paired)
    state = fold(understand(record) for record in grown_paired[1])
    first, second = state.turns
    assert (first.status, first.reply, first.attempt) == ("finished", "A started hour is rounded down.", 2)
    assert [(tool["tool"], tool["ok"]) for tool in first.tools] == [("run_tests", False)]
    assert [mention["kind"] for mention in first.mentions] == ["file", "selection", "failure", "terminal"]
    assert (second.status, state.spent_tokens, state.spent_microusd) == ("failed", 5_800, 5_220)
    view = state.suggestions["a1-s1"]
    assert view.hunks[0]["base_version"] == 1 and view.decisions == {"a1-s1-h1": "accepted"}
    assert view.kept["a1-s1-h1"] in str(state.files["parking/fees.py"].text)
    assert fold(understand(record) for record in paired()) == state


def test_what_tickets_and_reviews_gained_is_read_and_folded(grown_reviewed: tuple[Header, list[Record]]) -> None:
    verify(*grown_reviewed)
    events = [understand(record) for record in grown_reviewed[1]]
    between = next(event.seq for event in events if event.type == "phase.offered")
    offered = fold(events[:between])
    assert (offered.status, offered.next_phase, offered.next_phase_ms) == ("between", "review", 900_000)
    state = fold(events)
    assert (state.status, state.phase, state.next_phase, state.plants) == ("finished", "review", "", True)
    first, second = state.tickets["t1"], state.tickets["t2"]
    assert [view.turn for view in first.rounds] == ["t1.1", "t1.2"]
    assert (first.status, first.change and first.change["suggestion"]) == ("closed", "t1.2-s1")
    assert (second.status, second.rounds[0].status, second.change) == ("closed", "failed", None)
    assert state.comments[0]["text"].endswith("🚫")
    assert state.review is not None
    assert [view["verdict"] for view in state.review.verdicts.values()] == ["block", "merge", "probably right", "block"]
    assert state.debrief is not None
    assert [item["outcome"] for item in state.debrief] == ["repaired", "let through"]
    assert fold(understand(record) for record in reviewed()) == state


def test_what_people_made_of_it_is_read_and_stays_from_the_candidate(grown_rated: tuple[Header, list[Record]]) -> None:
    header, records = grown_rated
    verify(header, records)
    assert fold(understand(record) for record in rated()) == fold(understand(record) for record in records)
    judged = {"explanation.rated", "rating.recorded", "score.revealed", "score.overridden", "score.signed"}
    assert judged < {record.type for record in records}
    sent = [wire("candidate", record) for record in records]
    assert {one["seq"] for one in sent if one["type"] == "withheld"} == {
        record.seq for record in records if record.type in judged | {"key.recorded"}
    }
    key = next(event.data for event in map(understand, records) if event.type == "key.recorded")
    assert isinstance(key, KeyRecorded) and key.defects[0].difficulty == "hard"


def test_what_was_asked_for_is_read(grown_briefed: tuple[Header, list[Record]]) -> None:
    verify(*grown_briefed)
    key = understand(grown_briefed[1][0]).data
    assert isinstance(key, KeyRecorded) and key.brief.endswith("🚗\n")
    assert [event.data for event in map(understand, briefed())] == [
        event.data for event in map(understand, grown_briefed[1])
    ]


def test_what_came_late_is_read_and_folded(grown_late: tuple[Header, list[Record]]) -> None:
    verify(*grown_late)
    state = fold(understand(record) for record in grown_late[1])
    assert state.review is not None
    verdict = state.review.verdicts["v1"]
    assert (verdict["verdict"], verdict["late"], verdict["fault"][-2:]) == ("block", True, "🅿️")
    assert fold(understand(record) for record in late()) == state


def test_it_verifies_and_a_changed_word_does_not(golden: tuple[Header, list[Record]]) -> None:
    header, records = golden
    count, head, tombstones = verify(header, records)
    assert (count, head, tombstones) == (len(records), records[-1].hash, 0)
    prompt = next(record for record in records if record.type == "prompt.sent")
    assert prompt.payload is not None
    changed = prompt.model_copy(update={"payload": {**prompt.payload, "text": "something else"}})
    with pytest.raises(LogCorrupt, match=f"event {prompt.seq} "):
        verify(header, [changed if record.seq == prompt.seq else record for record in records])


def test_it_is_written_as_it_was_read(golden: tuple[Header, list[Record]]) -> None:
    out = io.StringIO(newline="")
    write_log(out, *golden)
    assert out.getvalue() == LOG.read_text("utf-8")


def test_it_folds_to_the_submitted_state(golden: tuple[Header, list[Record]]) -> None:
    state = fold(understand(record) for record in golden[1])
    assert (state.status, state.late, state.seq) == ("finished", True, len(golden[1]))
    assert set(state.files) == {"parking/fees.py", "parking/rates.py", "tests/test_fees.py", "logo.png"}
    fees = state.files["parking/fees.py"].text
    assert fees is not None
    assert fees.startswith("# Negative stays are refused. 🚫\n")
    assert "DAY_CENTS = 2_000" in fees
    assert [turn.status for turn in state.turns][:3] == ["finished", "failed", "finished"]


def test_it_scores_to_the_same_bytes(golden: tuple[Header, list[Record]]) -> None:
    assert card_text(golden[1]) == CARD.read_text("utf-8")


def test_the_story_still_gives_these_scores() -> None:
    told = json.loads(card_text(tell()))
    kept = json.loads(CARD.read_text("utf-8"))
    assert told["dimensions"] == kept["dimensions"]
    assert told["flags"] == kept["flags"]


def test_every_dimension_of_it_was_observed(golden: tuple[Header, list[Record]]) -> None:
    card = score(LogView.of(*golden), load("standard"))
    observed = {dimension.id for dimension in card.dimensions if dimension.n}
    # It is older than the questions about what was handed in.
    assert observed == {"prompt", "critique", "refine", "verify", "outcome"}
