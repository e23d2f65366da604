"""The report on whether scores can be trusted, put together.

Owns which parts there are and their order. Invariant: without data only what needs none is tried, and the report says what was left
out. Leaves out the parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Final

from interviews.errors import BadInput
from rubrics.rubric import load
from validation import gaming, invariance, recovery, style
from validation.claims import Part, Report
from validation.trying import How, Scorer, pool, standard

PARTS: Final[dict[str, ModuleType]] = {
    "recovery": recovery,
    "style": style,
    "gaming": gaming,
    "invariance": invariance,
}
QUICK: Final = 0.05


@contextmanager
def trying(*, quick: bool = False, scorer: Scorer = standard, seed: int = 1, alone: bool = False) -> Iterator[How]:
    """How a report is made; on several processors unless ``alone``."""
    how = How(scorer, load("standard"), scale=QUICK if quick else 1.0, seed=seed)
    workers = None if alone or quick else pool()
    try:
        yield replace(how, pool=workers)
    finally:
        if workers is not None:
            workers.shutdown(cancel_futures=True)


def report(
    how: How, names: Sequence[str] = (), tell: Callable[[str], None] = lambda name: None, extra: Sequence[Part] = ()
) -> Report:
    """Try the parts named, or all of them. Raises ``BadInput`` for a name that there is not."""
    if unknown := [name for name in names if name not in PARTS]:
        raise BadInput("Expected a part among %(names)s, got %(got)s", names=", ".join(PARTS), got=", ".join(unknown))
    parts = []
    for name in names or PARTS:
        tell(name)
        module, began = PARTS[name], time.monotonic()
        found = tuple(module.claims(how))
        parts.append(Part(name, module.ABOUT, found, str(how.seed), round(time.monotonic() - began, 1)))
    return Report(how.rubric.ref.model_dump(mode="json"), how.scale < 1, (*parts, *extra))
