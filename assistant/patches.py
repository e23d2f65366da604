"""Prepared definitions, put into the candidate's files as they are now, and the hunks that make the difference.

Owns finding a definition in a text, replacing it and cutting the difference into hunks with notes. Invariant: hunks hold
whole lines, their ``before`` is the file's own text at ``line``, and applied together they give the new text. Leaves out what
is proposed when (``lines``).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assistant.hunks import anchored
from assistant.matching import Block, differing, likeness
from assistant.merge import merge
from assistant.syntax import parsed
from assistant.templates import Line, lines_of
from interviews.events import Hunk, HunkNote

NEAR = 2  # changes of one definition with at most this many lines of text between them are one hunk
STEMS = 0.6  # from this likeness on, a text counts as an earlier one changed by hand


@dataclass(frozen=True)
class Rendered:
    """A piece of code for a file: the definition ``name`` as it shall be, or the whole file where ``name`` is empty.

    A new definition goes after the definition ``after`` ("imports": after the imports; empty: at the end), ``gap`` blank
    lines apart. ``earlier`` are versions that the candidate's own may stem from, the latest last.
    """

    piece: str
    path: str
    name: str
    lines: tuple[Line, ...]
    after: str = ""
    gap: int = 2
    new: bool = False
    imports: tuple[str, ...] = ()
    earlier: tuple[tuple[str, ...], ...] = ()


@dataclass
class Draft:
    """A file being changed: its lines, and the definitions that were expected in it and not found."""

    lines: list[Line]
    lost: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """As it stands."""
        return "".join(line.text for line in self.lines)


def change(text: str, pieces: Sequence[Rendered]) -> Draft:
    """Put pieces into a text, one after the other."""
    draft = Draft([Line(line) for line in lines_of(text)])
    for piece in pieces:
        if not piece.name:
            draft.lines = _kept(draft.lines, piece)
            continue
        span = find(draft.text, piece.name)
        if span is not None:
            draft.lines[span[0] : span[1]] = _kept(draft.lines[span[0] : span[1]], piece)
        else:
            _insert(draft, piece)
        for statement in piece.imports:
            _import(draft, statement, piece.piece)
    return draft


def _kept(mine: list[Line], piece: Rendered) -> list[Line]:
    """The piece, with what the candidate changed by hand kept where that is possible."""
    texts = [line.text for line in mine]
    best: tuple[str, ...] = ()
    most = STEMS
    for version in piece.earlier:
        found = likeness(version, texts)
        if found >= most:
            best, most = version, found
    if not best or list(best) == texts:
        return list(piece.lines)
    return merge(best, mine, piece.lines) or list(piece.lines)


def find(text: str, name: str) -> tuple[int, int] | None:
    """Lines [start, end) of the top-level definition or assignment of ``name``, decorators included; 0-based."""
    module = parsed(text)
    if module is None:
        return _scan(lines_of(text), name)
    for node in module.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if node.name == name:
                return min(
                    [node.lineno, *(mark.lineno for mark in node.decorator_list)]
                ) - 1, node.end_lineno or node.lineno
            case ast.Assign(targets=[ast.Name(id=found)]) | ast.AnnAssign(target=ast.Name(id=found)) if found == name:
                return node.lineno - 1, node.end_lineno or node.lineno
            case _:
                pass
    return None


def names(text: str) -> list[str]:
    """What a text defines at its top level, as far as it can be told."""
    pattern = re.compile(r"^(?:async\s+)?(?:def|class)\s+(\w+)|^(\w+)\s*(?::[^=]+)?=(?!=)", re.MULTILINE)
    return [found.group(1) or found.group(2) for found in pattern.finditer(text)]


def _scan(lines: list[str], name: str) -> tuple[int, int] | None:
    """By indentation, for a text that does not parse."""
    opening = re.compile(rf"(?:(?:async\s+)?def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*(?::[^=]+)?=(?!=)")
    start = next((number for number, line in enumerate(lines) if opening.match(line)), None)
    if start is None:
        return None
    end = start + 1
    for number in range(start + 1, len(lines)):
        if lines[number].strip():
            if not lines[number][0].isspace() and lines[number][0] not in ")]}":
                break
            end = number + 1
    while start and lines[start - 1].startswith("@"):
        start -= 1
    return start, end


def _insert(draft: Draft, piece: Rendered) -> None:
    at = _last_import(draft.lines) if piece.after == "imports" else None
    if at is None and piece.after:
        span = find(draft.text, piece.after)
        at = span[1] if span else None
    if at is None:
        at = len(draft.lines)
        while at and not draft.lines[at - 1].text.strip():
            at -= 1
    if not piece.new:
        draft.lost.append(piece.name)
    if at and not draft.lines[at - 1].text.endswith("\n"):
        draft.lines[at - 1] = Line(draft.lines[at - 1].text + "\n")
    gap = [Line("\n", piece=piece.piece)] * (piece.gap if at else 0)
    draft.lines[at:at] = [*gap, *piece.lines]


def _last_import(lines: list[Line]) -> int | None:
    """Just after the last top-level import (0-based), the lines of a bracketed one included."""
    found = None
    for number, line in enumerate(lines):
        if re.match(r"(?:import|from)\s+\w", line.text):
            found = number + 1
            if "(" in line.text and ")" not in line.text:
                found = next((n + 1 for n in range(number, len(lines)) if ")" in lines[n].text), found)
    return found


def _import(draft: Draft, statement: str, piece: str) -> None:
    """Add an import, sorted among its like, unless it is there."""
    line = Line(statement + "\n", piece=piece)
    if any(other.text.strip() == statement for other in draft.lines):
        return
    module = statement.split()[1]
    if statement.startswith("from"):
        same = next((n for n, other in enumerate(draft.lines) if other.text.startswith(f"from {module} import ")), None)
        if same is not None:
            draft.lines[same] = line
            return
    plain = [n for n, other in enumerate(draft.lines) if re.match(r"import\s+\w", other.text)]
    if plain:
        later = [n for n in plain if draft.lines[n].text.split()[1] > module]
        at = later[0] if later else plain[-1] + 1
        draft.lines[at:at] = [line]
        return
    others = [n for n, other in enumerate(draft.lines) if re.match(r"from\s+(?!__future__)\w", other.text)]
    future = [n for n, other in enumerate(draft.lines) if other.text.startswith("from __future__")]
    if others:
        draft.lines[others[0] : others[0]] = [line, Line("\n", piece=piece)]
    else:
        at = future[-1] + 1 if future else 0
        draft.lines[at:at] = [Line("\n", piece=piece), line] if future else [line, Line("\n", piece=piece)]


def hunks(
    path: str, version: int, old: str, new: Sequence[Line], full: Sequence[Line], ids: Iterator[str]
) -> list[tuple[Hunk, HunkNote]]:
    """The difference from ``old`` to ``new`` in parts, each with its note.

    ``full`` is what the file would be had every requirement been stated: where it differs near a hunk, that hunk touches its atoms.
    """
    before = lines_of(old)
    parts = []
    for i1, i2, j1, j2 in _blocks(before, new):
        lines = new[j1:j2]
        honours = {atom for line in lines for atom in line.atoms}
        text = "".join(line.text for line in lines)
        hunk = anchored(next(ids), path, version, before, Block(i1, i2, j1, j2), text)
        note = HunkNote(
            hunk=hunk.hunk, touches=tuple(sorted(honours | _missing(new, full, j1, j2))), honours=tuple(sorted(honours)),
            defect=next((line.defect for line in lines if line.defect), None),
        )  # fmt: skip
        parts.append((hunk, note))
    return parts


def _blocks(before: list[str], new: Sequence[Line]) -> list[tuple[int, int, int, int]]:
    """Differing blocks, those near each other in one definition joined; never two defects in one."""
    blocks: list[tuple[int, int, int, int]] = []
    for i1, i2, j1, j2 in differing(before, [line.text for line in new]):
        if blocks and _joins(new, blocks[-1], (i1, i2, j1, j2)):
            last = blocks.pop()
            blocks.append((last[0], i2, last[2], j2))
        else:
            blocks.append((i1, i2, j1, j2))
    return blocks


def _joins(new: Sequence[Line], one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    between = new[one[3] : other[2]]
    defects = {line.defect for line in new[one[2] : other[3]] if line.defect}
    same = len({line.piece for line in (*between, *new[one[2] : one[3]], *new[other[2] : other[3]])}) == 1
    return len(defects) < 2 and same and sum(bool(line.text.strip()) for line in between) <= NEAR


def _missing(new: Sequence[Line], full: Sequence[Line], start: int, end: int) -> set[str]:
    """Atoms of the lines that ``full`` has beside or inside ``new[start:end]`` and ``new`` has not."""
    return {
        atom
        for i1, i2, j1, j2 in differing([line.text for line in new], [line.text for line in full])
        if i1 <= end and i2 >= start
        for line in full[j1:j2]
        for atom in line.atoms
    }
