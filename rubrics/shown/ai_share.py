"""Share of AI code: how much of what was handed in came from the assistant.

Owns that share, shown and never scored: neither much nor little of it is better. Invariant: as in ``authorship``.
"""

from __future__ import annotations

from decimal import Decimal

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _
from rubrics.reading.authorship import AUTHORS, accepted, lines_by
from rubrics.reading.workspace import ASSISTANT


class AiShare:
    """Evidence: what was accepted."""

    title = _("Lines by the assistant")

    def read(self, log: LogView) -> Fact:
        """Lines that came in with accepted changes and still stand, in a hundred of the lines that were written."""
        lines = lines_by(log.facts)
        if lines is None:
            return Fact(None, "", (), _("Edits were withheld or erased, so who wrote what cannot be told."))
        total = sum(lines[author] for author in AUTHORS)
        if not total:
            return Fact(None, "", (), _("No line of code was written."))
        return Fact(
            Decimal(100 * lines[ASSISTANT]) / total, _("in a hundred"),
            tuple(sorted(one.accepted.seq for one in accepted(log.facts) if one.accepted)),
            _("Lines of the assistant that stood in the end: %(ai)d of %(total)d that were written."),
            {"ai": lines[ASSISTANT], "total": total},
        )  # fmt: skip


shown = AiShare()
