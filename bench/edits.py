"""What applying a recorded edit and folding a log of edits cost, beside slicing the text directly."""

from __future__ import annotations

import random

from bench.measure import Row, compare
from interviews import events as e
from interviews.state import fold
from interviews.text import Changes, apply_changes

EDITS = 3000
FOLDED = 100_000
UNITS = 25_000


def script(units: int, edits: int) -> list[tuple[int, int, str]]:
    """A reproducible list of (start, end, insert) that keeps the text near its size."""
    chance = random.Random(1)
    steps = []
    for number in range(edits):
        start = chance.randrange(units - 10)
        steps.append((start, start + (number % 2), "x"))
    return steps


def change_sets(units: int, steps: list[tuple[int, int, str]]) -> list[Changes]:
    """The steps as recorded, for a text of so many units."""
    out: list[Changes] = []
    for start, end, insert in steps:
        out.append([*([start] if start else []), [end - start, insert], *([units - end] if units > end else [])])
        units += len(insert) - (end - start)
    return out


def events(text: str, changes: list[Changes]) -> list[e.Event]:
    """A log of one file and its edits."""
    start: e.AnyPayload = e.FileSnapshotted(
        path="a.py", version=0, text=text, size=len(text), sha256="0" * 64, origin="starter"
    )
    typed: list[e.AnyPayload] = [
        e.FileEdited(path="a.py", version=version, changes=change, origin="typed", client="c1")
        for version, change in enumerate(changes, start=1)
    ]
    return [
        e.Event(seq=seq, at_ms=seq, actor="candidate", type=data.type, cause=None, data=data)
        for seq, data in enumerate([start, *typed], start=1)
    ]


def folding(text: str) -> Row:
    steps = script(UNITS, FOLDED)
    log = events(text, change_sets(UNITS, steps))

    def bare() -> str:
        now = text
        for start, end, insert in steps:
            now = now[:start] + insert + now[end:]
        return now

    assert fold(log).files["a.py"].text == bare()
    return compare(f"fold {FOLDED} edits of 25 KB", lambda: fold(log), bare, each=FOLDED, target=3.0)


def rows() -> list[Row]:
    text = ("def pick(tracks, wish):\n" * (UNITS // 24 + 1))[:UNITS]
    steps = script(UNITS, EDITS)

    def bare(begin: str) -> str:
        for start, end, insert in steps:
            begin = begin[:start] + insert + begin[end:]
        return begin

    changes = change_sets(UNITS, steps)

    def ours(begin: str) -> str:
        for change in changes:
            begin = apply_changes(begin, change)
        return begin

    assert ours(text) == bare(text)
    wide = text[:-1] + "é"
    assert ours(wide) == bare(wide)
    return [
        folding(text),
        compare("apply an edit, ASCII, 25 KB", lambda: ours(text), lambda: bare(text), each=EDITS),
        compare("apply an edit, other letters, 25 KB", lambda: ours(wide), lambda: bare(wide), each=EDITS),
    ]
