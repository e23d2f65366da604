"""Tables that a command is handed: who belongs to which group, and scores.

Owns reading them. Invariant: a table is read and kept nowhere; what does not fit is told with its line, and nothing that stands in
a cell of a group is repeated. Leaves out what is made of them (``adverse``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from interviews.errors import BadInput

IDS = ("interview", "interview_id", "id")
MOST_BYTES = 20_000_000
_NUMBER = re.compile(r"\s*(?:\d{1,9}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,2})?\s*", re.ASCII)

Scores = dict[str, dict[str, Fraction | None]]
"""By dimension and interview; None where it was not observed."""


@dataclass(frozen=True)
class Row:
    """A line of a table, by column."""

    line: int
    cells: Mapping[str, str]


def read_groups(path: Path) -> tuple[dict[str, Row], list[str]]:
    """Rows by interview, and the columns beside the id. Raises ``BadInput`` that names the line."""
    header, rows = _table(path)
    key = _key(path, header)
    columns = [name for name in header if name != key]
    if not columns:
        raise BadInput("Line 1 of %(file)s: expected a column of groups beside %(key)s, got none", file=path, key=key)
    found: dict[str, Row] = {}
    for row in rows:
        id_ = row.cells[key]
        if not id_:
            raise BadInput("Line %(line)d of %(file)s: expected an interview's id, got none", line=row.line, file=path)
        if id_ in found:
            raise BadInput(
                "Line %(line)d of %(file)s: expected each interview once, got %(got)s again, as in line %(first)d",
                line=row.line, file=path, got=id_, first=found[id_].line,
            )  # fmt: skip
        found[id_] = row
    if not found:
        raise BadInput("Expected interviews with their groups in %(file)s, got a header alone", file=path)
    return found, columns


def read_scores(path: Path) -> Scores:
    """Scores by dimension and interview: a scorecard's CSV export, or one with ``interview``, ``dimension`` and ``score``.

    An empty score is not observed. Raises ``BadInput`` that names the line.
    """
    header, rows = _table(path)
    key = _key(path, header)
    column = next((name for name in ("dimension_score", "score") if name in header), None)
    if column is None or "dimension" not in header:
        raise BadInput(
            "Line 1 of %(file)s: expected the columns interview, dimension and score, got %(got)s",
            file=path,
            got=", ".join(header),
        )
    found: Scores = {}
    rubric = ""
    for row in rows:
        if (under := row.cells.get("rubric_sha256", "")) and rubric not in ("", under):
            raise BadInput(
                "Line %(line)d of %(file)s: expected scores of one rubric, got those of %(one)s and %(other)s; they are "
                "not one scale",
                line=row.line, file=path, one=rubric[:12], other=under[:12],
            )  # fmt: skip
        rubric = under or rubric
        text = row.cells[column]
        score = None if not text else read_share(text, f"Line {row.line} of {path}: ")
        of = found.setdefault(row.cells["dimension"], {})
        # The export has a row an indicator, and the dimension's score in each.
        if of.setdefault(row.cells[key], score) != score:
            raise BadInput(
                "Line %(line)d of %(file)s: expected one score a dimension, got another for %(got)s",
                line=row.line, file=path, got=row.cells[key],
            )  # fmt: skip
    if not found:
        raise BadInput("Expected scores in %(file)s, got a header alone", file=path)
    return found


def _table(path: Path) -> tuple[list[str], Iterator[Row]]:
    """Header and rows of a CSV file, cells stripped. Raises ``BadInput`` for what is none."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput("Expected a CSV file, got %(file)s: %(why)s", file=path, why=error.strerror) from None
    if len(data) > MOST_BYTES:
        raise BadInput(
            "Expected a CSV file of at most %(most)d bytes, got a larger one: %(file)s", most=MOST_BYTES, file=path
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput("Line %(line)d of %(file)s: expected UTF-8, got other bytes", line=line, file=path) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BadInput("Line %(line)d of %(file)s: expected text, got a null byte", line=line, file=path)
    first = text.partition("\n")[0]
    # Spreadsheets of many countries put semicolons where others put commas.
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in first and "," not in first else ",", strict=True
    )
    header = [name.strip() for name in next(_read(path, rows), [])]
    if not any(header):
        raise BadInput("Expected a CSV file with a header line, got an empty one: %(file)s", file=path)
    for name in header:
        if not name or header.count(name) > 1:
            raise BadInput(
                "Line 1 of %(file)s: expected a name of its own for each column, got %(got)r", file=path, got=name
            )
    return header, _rows(path, header, rows)


def _rows(path: Path, header: list[str], rows: Any) -> Iterator[Row]:
    for cells in _read(path, rows):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise BadInput(
                "Line %(line)d of %(file)s: expected %(want)d cells, got %(got)d",
                line=rows.line_num, file=path, want=len(header), got=len(cells),
            )  # fmt: skip
        yield Row(rows.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True)))


def _read(path: Path, rows: Any) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise BadInput(
            "Line %(line)d of %(file)s is no CSV: %(why)s", line=rows.line_num, file=path, why=error
        ) from None


def _key(path: Path, header: list[str]) -> str:
    found = next((name for name in header if name.lower() in IDS), None)
    if found is None:
        raise BadInput("Line 1 of %(file)s: expected a column interview, got %(got)s", file=path, got=", ".join(header))
    return found


def read_share(text: str, where: str = "") -> Fraction:
    """A number from 0 to 1. Raises ``BadInput`` that begins with ``where``."""
    # Bounded before it is worked out: an exponent of millions would take hours and gigabytes.
    value = Fraction(text) if _NUMBER.fullmatch(text) else Fraction(-1)
    if not 0 <= value <= 1:
        raise BadInput("%(where)sexpected a number from 0 to 1, got %(got)s", where=where, got=text)
    return value
