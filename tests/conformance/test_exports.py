"""What every export keeps to: stable bytes, a name for menus, a clear word when it needs a score."""

from __future__ import annotations

import csv
import io
import json

import pytest

from interviews.chain import verify
from interviews.errors import BadInput
from interviews.ndjson import read_log
from interviews.visibility import withhold
from rubrics import registry
from rubrics.base import LogView, Scorecard
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import LOG

with LOG.open(encoding="utf-8", newline="") as lines:
    HEADER, RECORDS = read_log(lines)
CARD = score(LogView.of(HEADER, RECORDS), load("standard"))
every_export = pytest.mark.parametrize("name", registry.export_ids())


def written(name: str, card: Scorecard | None = CARD) -> str:
    out = io.StringIO(newline="")
    registry.export(name).write(out, HEADER, RECORDS, card)
    return out.getvalue()


@every_export
def test_it_says_what_it_is(name: str) -> None:
    export = registry.export(name)
    assert export.name
    assert "/" in export.media_type
    assert export.suffix.isalnum()


@every_export
def test_same_interview_same_bytes(name: str) -> None:
    assert written(name) == written(name) != ""


def test_without_a_score_the_log_is_written_and_the_others_say_what_is_missing() -> None:
    assert written("log", None) == written("log")
    for name in ("csv", "json"):
        with pytest.raises(BadInput, match="Expected a scorecard"):
            written(name, None)


def test_the_log_is_what_was_recorded() -> None:
    assert written("log") == LOG.read_text("utf-8")


def test_a_candidates_log_still_verifies() -> None:
    out = io.StringIO(newline="")
    registry.export("log").write(out, HEADER, (withhold("candidate", record) for record in RECORDS), None)
    out.seek(0)
    header, records = read_log(out)
    _, head, tombstones = verify(header, records)
    assert head == RECORDS[-1].hash
    assert tombstones > 0
    assert "rate.?1" not in out.getvalue()


def test_json_is_the_scorecard() -> None:
    assert Scorecard.model_validate(json.loads(written("json"))) == CARD


def test_csv_has_a_row_an_indicator_and_empty_cells_for_null() -> None:
    text = written("csv")
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == sum(len(dimension.indicators) for dimension in CARD.dimensions)
    coverage = next(row for row in rows if row["indicator"] == "requirement_coverage")
    assert coverage["level"] == ""
    assert float(coverage["value"]) == CARD.dimensions[0].indicators[0].value
    assert coverage["candidate"] == "Zoë Ångström 🚗"


def test_an_unknown_id_names_what_there_is() -> None:
    with pytest.raises(BadInput, match=r"csv, json, log, got pdf"):
        registry.export("pdf")
    with pytest.raises(BadInput, match=r"grounding.*, got politeness"):
        registry.signal("politeness")
