"""The scorecard as JSON.

Owns its bytes: canonical JSON (RFC 8785) and a newline, so that equal scorecards are equal files. Leaves out scoring.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO

from interviews.chain import canonical
from interviews.errors import BadInput
from interviews.events import Header, Record
from rubrics.base import Scorecard
from rubrics.base import translatable as _


class JsonExport:
    """One JSON object, as in ``docs/schemas/scorecard.json``."""

    name = _("Scorecard (JSON)")
    media_type = "application/json"
    suffix = "json"
    scored = True

    def write(
        self, out: IO[str], header: Header, records: Iterable[Record], scorecard: Scorecard | None, terminal: str = ""
    ) -> None:
        """Write the scorecard. Raises ``BadInput`` when there is none."""
        if scorecard is None:
            raise BadInput("Expected a scorecard to export, got an interview that was not scored")
        out.write(canonical(scorecard.model_dump(mode="json")).decode() + "\n")


export = JsonExport()
