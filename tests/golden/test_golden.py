"""Golden logs: logs of every version ever written are understood, folded, verified and scored, for good."""

from __future__ import annotations

import io
import json

import pytest

from interviews.chain import verify
from interviews.errors import LogCorrupt
from interviews.events import Header, Record, event_types, understand
from interviews.ndjson import read_log, write_log
from interviews.state import fold
from rubrics.base import LogView
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import CARD, LOG, card_text, tell


@pytest.fixture(scope="module")
def golden() -> tuple[Header, list[Record]]:
    with LOG.open(encoding="utf-8", newline="") as lines:
        return read_log(lines)


def test_it_holds_every_event_type(golden: tuple[Header, list[Record]]) -> None:
    assert {record.type for record in golden[1]} == set(event_types())


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
    assert all(dimension.score is not None for dimension in card.dimensions)
