"""Which lines of two texts are the same.

Owns lining up two sequences of lines. Invariant: bounded in time; what is too large to be matched line by line, between the
beginning and the end that both share, counts as differing as a whole. Leaves out what is made of it (``hunks``, ``merge``,
``patches``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

# Above either, matching lines may take time in proportion to their product.
MAX_LINES = 2_000
MAX_PAIRS = 200_000


class Block(NamedTuple):
    """Lines ``a[a1:a2]`` that stand as ``b[b1:b2]`` instead."""

    a1: int
    a2: int
    b1: int
    b2: int


def differing(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    """Where the two differ, in order."""
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    tail = 0
    while tail < min(len(a), len(b)) - head and a[-1 - tail] == b[-1 - tail]:
        tail += 1
    mine, yours = a[head : len(a) - tail], b[head : len(b) - tail]
    if not mine and not yours:
        return []
    counts = Counter(yours)
    if max(len(mine), len(yours)) > MAX_LINES or sum(counts[line] for line in mine) > MAX_PAIRS:
        return [Block(head, head + len(mine), head, head + len(yours))]
    return [
        Block(head + i1, head + i2, head + j1, head + j2)
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, mine, yours, autojunk=False).get_opcodes()
        if tag != "equal"
    ]


def same(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int, int]]:
    """Runs that both have: (start in ``a``, start in ``b``, length)."""
    runs, at, other = [], 0, 0
    for block in [*differing(a, b), Block(len(a), len(a), len(b), len(b))]:
        if block.a1 > at:
            runs.append((at, other, block.a1 - at))
        at, other = block.a2, block.b2
    return runs


def likeness(a: Sequence[str], b: Sequence[str]) -> float:
    """How much of both is the same, from 0 to 1."""
    total = len(a) + len(b)
    return 2 * sum(size for _, _, size in same(a, b)) / total if total else 1.0
