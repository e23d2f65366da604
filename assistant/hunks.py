"""The difference of two texts as hunks.

Owns where a change is cut in parts. Invariant: hunks hold whole lines, their ``before`` stands in the old text at ``line``, they do
not overlap, and applied together they give the new text. Bounded in time: a difference too large to be matched line by line is
one hunk. Leaves out what is known of each hunk (``patches``).
"""

from __future__ import annotations

from collections.abc import Iterator

from assistant.matching import Block, differing
from assistant.templates import lines_of
from interviews.events import Hunk

NEAR = 2  # unchanged lines between two changes that are still one hunk


def difference(path: str, version: int, old: str, new: str, ids: Iterator[str]) -> list[Hunk]:
    """Hunks from ``old``, which is ``version`` of ``path``, to ``new``."""
    before, after = lines_of(old), lines_of(new)
    return [
        Hunk(
            hunk=next(ids), path=path, base_version=version, line=i1 + 1, before="".join(before[i1:i2]),
            after="".join(after[j1:j2]),
        )
        for i1, i2, j1, j2 in _blocks(before, after)
    ]  # fmt: skip


def _blocks(before: list[str], after: list[str]) -> list[Block]:
    blocks: list[Block] = []
    for block in differing(before, after):
        if blocks and block.a1 - blocks[-1].a2 <= NEAR:
            last = blocks.pop()
            blocks.append(Block(last.a1, block.a2, last.b1, block.b2))
        else:
            blocks.append(block)
    return blocks
