"""The report on whether scores can be trusted, put together.

Owns which parts there are and their order. Invariant: without data only what needs none is tried, and the report says what was left
out. Leaves out the parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Final

from interviews.errors import BadInput
from rubrics.rubric import load
from validation import NAMES, REAL, coverage, gaming, invariance, rated, recovery, style
from validation.claims import Claim, Part, Report
from validation.trying import How, Scorer, pool, standard

PARTS: Final[dict[str, ModuleType]] = {
    "recovery": recovery,
    "coverage": coverage,
    "style": style,
    "gaming": gaming,
    "invariance": invariance,
}
QUICK: Final = 0.02


@contextmanager
def trying(
    *, quick: bool = False, runs: float = 1.0, scorer: Scorer = standard, seed: int = 1, alone: bool = False
) -> Iterator[How]:
    """How a report is made, ``runs`` times as large as usual; on several processors unless ``alone``."""
    how = How(scorer, load("standard"), scale=QUICK if quick else runs, seed=seed)
    workers = None if alone or quick else pool()
    try:
        yield replace(how, pool=workers)
    finally:
        if workers is not None:
            workers.shutdown(cancel_futures=True)


def report(
    how: How, names: Sequence[str] = (), data: Path | None = None, tell: Callable[[str], None] = lambda name: None
) -> Report:
    """Try the parts named, or all that can be.

    Raises ``BadInput`` for a name that there is not, and for real data without a folder of it.
    """
    if unknown := [name for name in names if name not in NAMES]:
        raise BadInput("Expected a part among %(names)s, got %(got)s", names=", ".join(NAMES), got=", ".join(unknown))
    if REAL in names and data is None:
        raise BadInput("Expected --data with the folder of the rated data for the part real-data, got none")
    wanted = list(names) or [*PARTS, *([REAL] if data is not None else [])]
    parts = []
    for name in wanted:
        tell(name)
        began = time.monotonic()
        if name in PARTS:
            about, found, seeds = PARTS[name].ABOUT, PARTS[name].claims(how), str(how.seed)
        else:
            assert data is not None
            about, found, seeds = rated.ABOUT, rated.claims(data), ""
        parts.append(Part(name, about, tuple[Claim, ...](found), seeds, round(time.monotonic() - began, 1)))
    missing = tuple(name for name in NAMES if name not in wanted)
    return Report(how.rubric.ref.model_dump(mode="json"), how.scale < 1, tuple(parts), missing)
