"""Which text measures there are.

Owns their list. Invariant: a measure is known by the name that a person types. Leaves out what they do.
"""

from __future__ import annotations

from interviews.errors import NotFound
from rubrics.measures import coverage, follow_up, grounding, specificity
from rubrics.measures.base import Measure

MEASURES: dict[str, Measure] = {
    one.name: one for one in (coverage.measure, follow_up.measure, specificity.measure, grounding.measure)
}


def get(name: str) -> Measure:
    """The measure of that name. Raises ``NotFound`` naming those there are."""
    if name not in MEASURES:
        raise NotFound("Expected one of the measures %(names)s, got %(got)s", names=", ".join(MEASURES), got=name)
    return MEASURES[name]
