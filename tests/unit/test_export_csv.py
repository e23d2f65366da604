"""Cells of the CSV export: no candidate's name may run in an interviewer's spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics import registry
from rubrics.base import Final, JudgeScore, LogView
from rubrics.exports.csv import COLUMNS, cell
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import HEADER, tell

HOSTILE = ['=HYPERLINK("http://x")', "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == "'" + text


@given(st.text())
def test_no_cell_begins_a_formula_and_nothing_is_lost(text: str) -> None:
    safe = cell(text)
    assert safe.removeprefix("'") == text.removeprefix("'") or safe == "'" + text
    assert not safe.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("name", [*HOSTILE, 'a "quoted", name', "two\r\nlines", "Zoë 🚗"])
def test_any_name_survives_the_round_trip(name: str) -> None:
    header = HEADER.model_copy(update={"candidate": name})
    out = io.StringIO(newline="")
    registry.export("csv").write(out, header, [], score(LogView.of(header, []), load("standard")))
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert {row[1] for row in rows[1:]} == {cell(name)}


def test_a_row_says_what_became_of_its_dimension() -> None:
    """Level and status of the whole, what a judge moved and what people made of it; columns that were there keep their places."""
    card = score(LogView.of(HEADER, tell()), load("standard"))
    judge = JudgeScore(
        level=4, levels=(4, 4, None), spread=0, reason="", evidence=(1,), effect=-0.03, model="m", key="ab" * 32
    )
    dimensions = [one.model_copy(update={"judge": judge}) if one.id == "prompt" else one for one in card.dimensions]
    final = Final(dimension="verify", level=4, by="overridden", rater="Mo", seq=9, reason="Seen")
    card = card.model_copy(update={"dimensions": tuple(dimensions), "final": (final,)})
    out = io.StringIO(newline="")
    registry.export("csv").write(out, HEADER, [], card)
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert list(rows[0])[:19] == list(COLUMNS)[:19] and list(rows[0])[18] == "explanation"
    prompt = next(row for row in rows if row["dimension"] == "prompt")
    assert (prompt["judge_level"], prompt["judge_effect"], prompt["final_level"]) == ("4", "-0.03", "")
    verify = next(row for row in rows if row["dimension"] == "verify")
    whole = next(one for one in card.dimensions if one.id == "verify")
    level = "" if whole.level is None else str(whole.level)
    assert (verify["dimension_level"], verify["dimension_status"]) == (level, whole.status)
    assert (verify["final_level"], verify["final_by"], verify["calibration"]) == ("4", "overridden", "uncalibrated")
    assert whole.ci95 is not None and float(verify["dimension_ci95_low"]) == whole.ci95[0]
