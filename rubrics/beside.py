"""What is shown beside a score.

Owns putting the things to show into a scorecard. Invariant: they are read as the log is, and nothing of them is part of any score.
Leaves out what they are (``shown``).
"""

from __future__ import annotations

from decimal import Decimal

from rubrics import explain, registry
from rubrics.base import LogView, Note, ShownFact
from rubrics.explain import Translate

_PLACES = Decimal("0.01")


def shown(log: LogView, translate: Translate) -> tuple[ShownFact, ...]:
    """All of them, sorted by id."""
    return tuple(_one(log, id_, translate) for id_ in registry.shown_ids())


def _one(log: LogView, id_: str, translate: Translate) -> ShownFact:
    what = registry.shown(id_)
    fact = what.read(log)
    value = None if fact.value is None else Decimal(fact.value).quantize(_PLACES)
    told = {
        "value": "" if value is None else f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    }
    return ShownFact(
        id=id_, title=translate(what.title), value=None if value is None else float(value),
        unit=translate(fact.unit) if fact.unit else "", evidence=fact.evidence,
        explanation=explain.sentence(Note(fact.explanation, {**told, **fact.values}), translate),
    )  # fmt: skip
