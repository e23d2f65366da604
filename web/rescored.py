"""What the scorecard's page shows of scores under other rubrics.

Owns that table's form. Invariant: only what is kept is shown, and nothing from before something was taken out of the log; whoever
may not see the score yet is not shown these either, for they stand on the same page. Leaves out scoring again
(``commands.rescore``) and keeping (``interviews.store.scorecards``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import current_app

from interviews.scorecards import Kept

Others = Callable[[str], list[Kept]]


def other_rubrics(interview: str, sha256: str) -> dict[str, Any]:
    """What ``_other_rubrics.html`` needs: ``others``, the newest scorecard of each rubric but the one whose file has that
    ``sha256``, and the ids of all their dimensions."""
    find = cast(Others, current_app.extensions["other_rubrics"])
    others = [
        {
            **{name: card.scorecard["rubric"].get(name) for name in ("id", "version", "sha256")},
            "dimensions": {one["id"]: one for one in card.scorecard["dimensions"]},
        }
        for card in find(interview)
        if card.rubric_sha256 != sha256
    ]
    return {
        "others": others,
        "other_dimensions": list(dict.fromkeys(id_ for one in others for id_ in one["dimensions"])),
    }
