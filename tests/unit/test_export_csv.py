"""Cells of the CSV export: no candidate's name may run in an interviewer's spreadsheet."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rubrics import registry
from rubrics.base import LogView
from rubrics.exports.csv import cell
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import HEADER

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
