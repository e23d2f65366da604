"""The log itself: NDJSON with its hash chain.

Owns nothing but the name: the form is ``interviews.ndjson``. What the reader may not see was withheld before, and the
chain still verifies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from interviews.events import Header, Record
from interviews.ndjson import write_log
from rubrics.base import Scorecard
from rubrics.base import translatable as _


class LogExport:
    """A header line, then one event a line."""

    name = _("Event log (NDJSON)")
    media_type = "application/x-ndjson"
    suffix = "ndjson"
    scored = False

    def write(
        self, out: IO[str], header: Header, records: Iterable[Record], scorecard: Scorecard | None, terminal: str = ""
    ) -> None:
        """Write header and records; the scorecard is not part of a log's form."""
        write_log(out, header, records)


export = LogExport()
