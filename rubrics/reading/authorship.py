"""Who wrote the lines that were handed in.

Owns the count. Invariant: a line belongs to who brought in most of what is visible of it; lines of the starter that stayed, and
files that hold data, are not counted; where an edit was withheld nothing is told. Leaves out what that is good for: it is
shown, and never scored.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from interviews.text import length
from rubrics.reading.facts import Facts
from rubrics.reading.told import Offered
from rubrics.reading.wording import CODE
from rubrics.reading.workspace import ASSISTANT, INTERVIEWER, NOBODY, PASTED, TERMINAL, TYPED, File

AUTHORS = (TYPED, PASTED, TERMINAL, ASSISTANT, INTERVIEWER)


@lru_cache(maxsize=2)
def lines_by(facts: Facts) -> Counter[int] | None:
    """How many lines each of ``AUTHORS`` brought in; None where the log does not tell."""
    if facts.lost("file.edited", "file.snapshotted", "file.deleted"):
        return None
    found: Counter[int] = Counter()
    for path, file in facts.handed_in.items():
        if CODE.search(path):
            found += _lines(file)
    return found


def _lines(file: File) -> Counter[int]:
    found: Counter[int] = Counter()
    if not file.by.strip(bytes([NOBODY])):
        return found
    at = 0
    for line in file.text.split("\n"):
        end = at + length(line)
        start = at + length(line) - length(line.lstrip())
        units = file.by[start:end]
        if line.strip():
            found[max((NOBODY, *AUTHORS), key=units.count)] += 1
        at = end + 1
    del found[NOBODY]
    return found


def evidence(facts: Facts) -> tuple[int, ...]:
    """The events that say so: the last of the candidate's edits of each file, and what they accepted."""
    edited = [file.seq for path, file in facts.handed_in.items() if file.seq and CODE.search(path)]
    return tuple(sorted({*edited, *(one.accepted.seq for one in accepted(facts) if one.accepted)}))


def accepted(facts: Facts) -> list[Offered]:
    """The hunks that were accepted."""
    return [one for one in facts.hunks if one.accepted]
