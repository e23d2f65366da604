"""Who wrote each line: the share of the candidate in what was handed in.

Owns that share, and in its words those of everybody, shown and never scored. Invariant: as in ``authorship``.
"""

from __future__ import annotations

from decimal import Decimal

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _
from rubrics.reading.authorship import AUTHORS, evidence, lines_by
from rubrics.reading.workspace import ASSISTANT, INTERVIEWER, PASTED, TERMINAL, TYPED


class WhoWrote:
    """Evidence: the last edits of the files, and what was accepted."""

    title = _("Lines by the candidate")

    def read(self, log: LogView) -> Fact:
        """Typed, pasted and made in the terminal, in a hundred of the lines that were written."""
        lines = lines_by(log.facts)
        if lines is None:
            return Fact(None, "", (), _("Edits were withheld or erased, so who wrote what cannot be told."))
        total = sum(lines[author] for author in AUTHORS)
        if not total:
            return Fact(None, "", (), _("No line of code was written."))
        mine = lines[TYPED] + lines[PASTED] + lines[TERMINAL]
        return Fact(
            Decimal(100 * mine) / total, _("in a hundred"), evidence(log.facts),
            _(
                "Of %(total)d lines written, %(typed)d were typed, %(pasted)d pasted, %(terminal)d made in the terminal, "
                "%(assistant)d came from the assistant and %(interviewer)d from an interviewer."
            ),
            {
                "total": total, "typed": lines[TYPED], "pasted": lines[PASTED], "terminal": lines[TERMINAL],
                "assistant": lines[ASSISTANT], "interviewer": lines[INTERVIEWER],
            },
        )  # fmt: skip


shown = WhoWrote()
