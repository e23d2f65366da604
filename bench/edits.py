"""What applying a recorded edit costs, beside slicing the text directly."""

from __future__ import annotations

import random

from bench.measure import Row, compare
from interviews.text import Changes, apply_changes

EDITS = 3000
UNITS = 25_000


def script(units: int, edits: int) -> list[tuple[int, int, str]]:
    """A reproducible list of (start, end, insert) that keeps the text near its size."""
    chance = random.Random(1)
    steps = []
    for number in range(edits):
        start = chance.randrange(units - 10)
        steps.append((start, start + (number % 2), "x"))
    return steps


def rows() -> list[Row]:
    text = ("def pick(tracks, wish):\n" * (UNITS // 24 + 1))[:UNITS]
    steps = script(UNITS, EDITS)

    def bare(begin: str) -> str:
        for start, end, insert in steps:
            begin = begin[:start] + insert + begin[end:]
        return begin

    changes: list[Changes] = []
    size = UNITS
    for start, end, insert in steps:
        tail = [size - end] if size > end else []
        changes.append([*([start] if start else []), [end - start, insert], *tail])
        size += len(insert) - (end - start)

    def ours(begin: str) -> str:
        for change in changes:
            begin = apply_changes(begin, change)
        return begin

    assert ours(text) == bare(text)
    wide = text[:-1] + "é"
    assert ours(wide) == bare(wide)
    return [
        compare("apply an edit, ASCII, 25 KB", lambda: ours(text), lambda: bare(text), each=EDITS),
        compare("apply an edit, other letters, 25 KB", lambda: ours(wide), lambda: bare(wide), each=EDITS),
    ]
