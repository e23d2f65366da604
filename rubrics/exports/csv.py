"""The scorecard as CSV: one row an indicator.

Owns the table's form; columns are only ever added at the end (RFC 4180: CRLF, quoted where needed). Invariant: no cell can be
taken for a formula by a spreadsheet, whatever a candidate's name or an id holds. Leaves out scoring.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import IO

from interviews.errors import BadInput
from interviews.events import Header, Record
from rubrics.base import Scorecard
from rubrics.base import translatable as _

COLUMNS = (
    "interview", "candidate", "exercise", "exercise_version", "rubric", "rubric_version", "rubric_sha256", "dimension",
    "dimension_score", "indicator", "value", "ci95_low", "ci95_high", "level", "n", "status", "source", "evidence", "explanation",
    "dimension_ci95_low", "dimension_ci95_high", "dimension_level", "dimension_status", "judge_level", "judge_effect",
    "final_level", "final_by", "calibration",
)  # fmt: skip
# Spreadsheets read these as the start of a formula, the wide forms and a leading tab or line end included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class CsvExport:
    """A header row, then one row an indicator; what is null is empty."""

    name = _("Scorecard (CSV)")
    media_type = "text/csv"
    suffix = "csv"
    scored = True

    def write(
        self, out: IO[str], header: Header, records: Iterable[Record], scorecard: Scorecard | None, terminal: str = ""
    ) -> None:
        """Write the table. Raises ``BadInput`` when there is no scorecard."""
        if scorecard is None:
            raise BadInput("Expected a scorecard to export, got an interview that was not scored")
        rows = csv.writer(out, lineterminator="\r\n")
        rows.writerow(COLUMNS)
        rubric = scorecard.rubric
        final = {one.dimension: one for one in scorecard.final}
        for dimension in scorecard.dimensions:
            judge, people = dimension.judge, final.get(dimension.id)
            whole = (
                *(dimension.ci95 or (None, None)), dimension.level, dimension.status, judge.level if judge else None,
                judge.effect if judge else None, people.level if people else None, people.by if people else None,
                scorecard.calibration,
            )  # fmt: skip
            for one in dimension.indicators:
                low, high = one.ci95 or (None, None)
                row = (
                    header.id, header.candidate, header.exercise.id, header.exercise.version, rubric.id, rubric.version,
                    rubric.sha256, dimension.id, dimension.score, one.id, one.value, low, high, one.level, one.n, one.status,
                    one.source, " ".join(map(str, one.evidence)), one.explanation, *whole,
                )  # fmt: skip
                rows.writerow([cell(value) for value in row])


def cell(value: object) -> str:
    """The value as text; one that would begin a formula begins with an apostrophe instead."""
    text = "" if value is None else str(value)
    return "'" + text if isinstance(value, str) and text.lstrip(" ").startswith(_FORMULA) else text


export = CsvExport()
