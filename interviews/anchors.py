"""Where a hunk's lines stand in a text by now.

Owns finding them: by their position, followed through the edits since, and where that is no help by the text of the lines and of
those around. Invariant: pure; a hunk is placed only where the lines it replaces stand unchanged as whole lines, and never at lines
that merely look like them (a twin). ``frontend/panels/diff.ts`` has ``place`` for pages. Leaves out putting it in (``service``).

Places are 0-based lines, positions UTF-16 code units.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from interviews.events import Hunk
from interviews.text import Changes, length, map_positions

CONTEXT = 3  # lines before and after a hunk by which its place is known

Span = tuple[int, int]


def lines_of(text: str) -> list[str]:
    """Lines with their newlines; only ``\\n`` ends one."""
    *lines, last = text.split("\n")
    return [*(line + "\n" for line in lines), *([last] if last else [])]


def around(lines: Sequence[str], start: int, end: int) -> tuple[str, str]:
    """The ``lead`` and ``trail`` of a hunk that replaces ``lines[start:end]``."""
    return "".join(lines[max(0, start - CONTEXT) : start]), "".join(lines[end : end + CONTEXT])


class Text:
    """A text's lines, and where each of them begins; the last of ``starts`` is the text's end."""

    def __init__(self, text: str) -> None:
        self.text, self.lines = text, lines_of(text)
        self.starts = [0, *accumulate(length(line) for line in self.lines)]

    def span(self, hunk: Hunk) -> Span | None:
        """Positions of what the hunk replaces in this, its base; None where it was not made for this text."""
        first, size = hunk.line - 1, len(lines_of(hunk.before))
        if not 0 <= first <= len(self.lines) or self.lines[first : first + size] != lines_of(hunk.before):
            return None
        return self.starts[first], self.starts[first + size]


def follow(spans: Sequence[Span], changes: Iterable[Changes]) -> list[Span]:
    """Where the ends of these spans come to lie; what is inserted at an end stays outside. Reversed where nothing is left."""
    positions = [(at, assoc) for span in spans for at, assoc in zip(span, (1, -1), strict=True)]
    for change in changes:
        moved = map_positions(change, positions)
        positions = [(at, assoc) for at, (_, assoc) in zip(moved, positions, strict=True)]
    return [(positions[at][0], positions[at + 1][0]) for at in range(0, len(positions), 2)]


def find(now: Text, hunk: Hunk, base: Text | None, span: Span | None) -> int | None:
    """The line at which the hunk's lines stand in ``now``, or None.

    ``span`` is where the edits since ``base`` moved them; both are None where the file was replaced as a whole since.
    """
    everything = len(lines_of(hunk.lead)) + len(lines_of(hunk.trail))
    if base is None or span is None:
        return place(now.lines, hunk, None, everything) if everything else None
    near = bisect_right(now.starts, span[0], hi=len(now.lines)) - 1
    if now.starts[-1] == span[0]:
        near = len(now.lines)
    if _stands(now, hunk, near, span):
        return near
    if not everything:
        return None
    # They were taken away, perhaps to stand elsewhere; or edited, and what looks like them elsewhere must be exactly it.
    least = everything if hunk.before and span[0] < span[1] else 0 if hunk.before else 1
    return place(now.lines, hunk, near, max(least, _twin(base.lines, hunk) + 1))


def place(lines: Sequence[str], hunk: Hunk, near: int | None, least: int = 0) -> int | None:
    """The line where ``before`` stands with most of its ``lead`` and ``trail`` around it, at ``least`` so many lines of them.

    Among equals the one nearest to the line ``near``, where that is given; None where there is none or it cannot be told which.
    """
    before, lead, trail = lines_of(hunk.before), lines_of(hunk.lead), lines_of(hunk.trail)
    if not before:
        if not lead and not trail:
            return None if near is None else min(near, len(lines))
        least = max(1, least)
    best, found = least, list[int]()
    for at in _spots(lines, before, hunk.after):
        score = _context(lines, at, at + len(before), lead, trail)
        if score > best:
            best, found = score, [at]
        elif score == best:
            found.append(at)
    if near is not None and found:
        distance = min(abs(at - near) for at in found)
        found = [at for at in found if abs(at - near) == distance]
    return found[0] if len(found) == 1 else None


def _stands(now: Text, hunk: Hunk, at: int, span: Span) -> bool:
    """Whether the hunk's lines are still those at the position that the edits moved them to."""
    before = lines_of(hunk.before)
    if now.starts[at] != span[0] or at not in _spots(now.lines, before, hunk.after, at):
        return False
    if before:
        return now.starts[at + len(before)] == span[1]
    lead, trail = lines_of(hunk.lead), lines_of(hunk.trail)
    if not lead or not trail:
        # At an end of the file, or of an older log.
        return (
            at == (0 if trail else len(now.lines))
            or not (lead or trail)
            or bool(_context(now.lines, at, at, lead, trail))
        )
    return _context(now.lines, at, at, lead, trail) > 0


def _spots(lines: Sequence[str], before: Sequence[str], after: str, only: int | None = None) -> Iterable[int]:
    """Lines at which ``before`` stands and ``after`` may stand instead: a line that nothing ends only at the end of the file."""
    size = len(before)
    last = len(lines) - size
    ends = bool(after) and not after.endswith("\n")
    for at in range(last + 1) if only is None else (only,) if 0 <= only <= last else ():
        if before and (lines[at] != before[0] or list(lines[at : at + size]) != list(before)):
            continue
        if at == len(lines) and at and not lines[-1].endswith("\n"):
            continue
        if not ends or at == last:
            yield at


def _context(lines: Sequence[str], start: int, end: int, lead: Sequence[str], trail: Sequence[str]) -> int:
    """How many lines of ``lead`` and ``trail`` stand right before ``start`` and from ``end`` on."""
    above = below = 0
    while above < min(len(lead), start) and lead[-1 - above] == lines[start - 1 - above]:
        above += 1
    while below < min(len(trail), len(lines) - end) and trail[below] == lines[end + below]:
        below += 1
    return above + below


def _twin(base: Sequence[str], hunk: Hunk) -> int:
    """How much of the hunk's surroundings the likest other lines of its base had; -1 where there were no others."""
    before, lead, trail = lines_of(hunk.before), lines_of(hunk.lead), lines_of(hunk.trail)
    others = (at for at in _spots(base, before, "") if at != hunk.line - 1)
    return max((_context(base, at, at + len(before), lead, trail) for at in others), default=-1)
