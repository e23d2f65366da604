"""The difference of two texts as hunks.

Owns where a change is cut in parts. Invariant: hunks hold whole lines, their ``before`` stands in the old text at ``line``, they do
not overlap, and applied together they give the new text. Bounded in time: a difference too large to be matched line by line is
one hunk. Leaves out what is known of each hunk (``patches``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.matching import Block, differing
from assistant.templates import lines_of
from interviews.anchors import around
from interviews.events import Hunk

NEAR = 2  # unchanged lines between two changes that are still one hunk


def difference(path: str, version: int, old: str, new: str, ids: Iterator[str]) -> list[Hunk]:
    """Hunks from ``old``, which is ``version`` of ``path``, to ``new``."""
    before, after = lines_of(old), lines_of(new)
    return [
        anchored(next(ids), path, version, before, block, "".join(after[block.b1 : block.b2]))
        for block in _blocks(before, after)
    ]


def anchored(name: str, path: str, version: int, lines: Sequence[str], block: Block, after: str) -> Hunk:
    """The hunk that puts ``after`` in the place of the block's ``lines``, with the lines by which that is found again."""
    lead, trail = around(lines, block.a1, block.a2)
    return Hunk(
        hunk=name, path=path, base_version=version, line=block.a1 + 1, before="".join(lines[block.a1 : block.a2]),
        after=after, lead=lead, trail=trail,
    )  # fmt: skip


def _blocks(before: list[str], after: list[str]) -> list[Block]:
    blocks: list[Block] = []
    for block in differing(before, after):
        if blocks and block.a1 - blocks[-1].a2 <= NEAR:
            last = blocks.pop()
            blocks.append(Block(last.a1, block.a2, last.b1, block.b2))
        else:
            blocks.append(block)
    return blocks
