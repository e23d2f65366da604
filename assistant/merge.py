"""Three texts to one: what the candidate changed by hand outlives the assistant's next version.

Owns a line-wise three-way merge. Invariant: every change of ``mine`` against ``base`` is in the result, or there is no
result. Leaves out which base (``patches``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from assistant.matching import differing, same
from assistant.templates import Line


class _Edit(NamedTuple):
    start: int
    end: int
    lines: tuple[Line, ...]


def merge(
    base: Sequence[str], mine: Sequence[Line], theirs: Sequence[Line], *, beside: bool = False
) -> list[Line] | None:
    """``theirs`` with the changes that lead from ``base`` to ``mine``; None where both changed the same lines differently.

    Lines side by side count as the same, but for ``beside``, where somebody looks at the result. Where both only insert at one
    place, mine comes first.
    """
    ours, others = _edits(base, mine), _edits(base, theirs)
    edits: list[_Edit] = list(ours)
    for edit in others:
        near = [other for other in ours if (_overlaps if beside else _meets)(edit, other)]
        if any(_same(edit, other) for other in near):
            continue
        if any(not (edit.start == edit.end == other.start == other.end) for other in near):
            return None
        edits.append(edit)
    result: list[Line] = []
    at = 0
    known = _marked(base, theirs)
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        result += [known[number] for number in range(at, edit.start)]
        result += edit.lines
        at = edit.end
    return result + [known[number] for number in range(at, len(base))]


def _edits(base: Sequence[str], lines: Sequence[Line]) -> list[_Edit]:
    return [_Edit(i1, i2, tuple(lines[j1:j2])) for i1, i2, j1, j2 in differing(base, [line.text for line in lines])]


def _meets(one: _Edit, other: _Edit) -> bool:
    """Whether they change the same lines, or lines side by side."""
    return one.start <= other.end and other.start <= one.end


def _overlaps(one: _Edit, other: _Edit) -> bool:
    """Whether they change the same lines, or put lines at the same place."""
    within = one.start < other.end and other.start < one.end
    return within or one.start == one.end == other.start == other.end


def _same(one: _Edit, other: _Edit) -> bool:
    texts = [line.text for line in one.lines] == [line.text for line in other.lines]
    return (one.start, one.end) == (other.start, other.end) and texts


def _marked(base: Sequence[str], theirs: Sequence[Line]) -> list[Line]:
    """The lines of ``base``, with the marks that ``theirs`` has for those it kept."""
    known = [Line(text) for text in base]
    for start, other, size in same(base, [line.text for line in theirs]):
        known[start : start + size] = theirs[other : other + size]
    return known
