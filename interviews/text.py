"""Change sets: edits of a text, in CodeMirror's JSON form.

Owns apply, compose, map, invert and diff over UTF-16 positions. A change set is a list of sections: ``n`` keeps n
code units, ``[d]`` deletes d, ``[d, line, …]`` replaces d by the lines joined with newlines; only ``\\n`` ends a
line. Invariant: results equal those of CodeMirror's own ``ChangeSet`` (the oracle of the property tests); every
change set given back is canonical: no empty section, neighbouring keeps, deletions and insertions merged. Those from
outside may be less tidy: store and send on ``dump(parse(changes))``. Leaves out versions and who edited
(``service``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate
from typing import Any, NamedTuple

from interviews.errors import BadInput

Changes = list[Any]

MAX_UNITS = 2**53 - 1  # the largest whole number that a browser keeps exact
# Above either, a difference is one replacement: matching lines may take time in proportion to their product.
DIFF_MAX_LINES = 2_000
DIFF_MAX_PAIRS = 200_000


class Section(NamedTuple):
    """Keep ``length`` units (``insert`` is None), or replace ``length`` units by ``insert`` (UTF-16-LE bytes)."""

    length: int
    insert: bytes | None

    @property
    def new_length(self) -> int:
        """Units of the text after the change."""
        return self.length if self.insert is None else len(self.insert) // 2


def utf16(text: str) -> bytes:
    """UTF-16-LE bytes, lone surrogates kept."""
    return text.encode("utf-16-le", "surrogatepass")


def from_utf16(data: bytes) -> str:
    """The text of UTF-16-LE bytes, lone surrogates kept."""
    return data.decode("utf-16-le", "surrogatepass")


def length(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(utf16(text)) // 2


def line_offset(text: str, line: int) -> int:
    """Units before the start of 1-based ``line``. Raises ``BadInput`` where the text has no such line."""
    _expect_whole(line)
    count = text.count("\n") + 1
    if not 1 <= line <= count:
        raise BadInput("Expected a line from 1 to %(count)d, got %(got)d", count=count, got=line)
    return length(text[: len(text) - len(text.split("\n", line - 1)[-1])])


def parse(changes: object) -> list[Section]:
    """Read the JSON form into canonical sections. Raises ``BadInput`` on any other shape."""
    if not isinstance(changes, list):
        raise BadInput("Expected a change set as a list of sections, got %(got)s", got=_kind(changes))
    out = _Canonical()
    for part in changes:
        if isinstance(part, list):
            if not part:
                raise BadInput("Expected a section of a change set to start with a length, got an empty list")
            _expect_whole(part[0])
            lines = part[1:]
            for line in lines:
                if not isinstance(line, str):
                    raise BadInput("Expected a line of text in a change set, got %(got)s", got=_kind(line))
                if "\n" in line:
                    raise BadInput("Expected one entry for each line in a change set, got an entry of several lines")
            out.add(part[0], utf16("\n".join(lines)))
        else:
            _expect_whole(part)
            out.add(part, None)
    return out.sections()


def dump(sections: Iterable[Section]) -> Changes:
    """The JSON form, as CodeMirror writes it."""
    out: Changes = []
    for size, insert in sections:
        if insert is None:
            out.append(size)
        elif insert:
            out.append([size, *from_utf16(insert).split("\n")])
        else:
            out.append([size])
    return out


def length_before(changes: Changes) -> int:
    """Units of the text that the change set applies to."""
    return sum(section.length for section in parse(changes))


def apply_changes(text: str, changes: Changes) -> str:
    """The text after the change set. Raises ``BadInput`` when it was made for a text of another length."""
    spliced = _splice(text, changes) if _has_no_pairs(text) else None
    if spliced is not None:
        return spliced
    sections, data, at, out = parse(changes), utf16(text), 0, []
    _expect_length(sections, len(data) // 2)
    for size, insert in sections:
        out.append(data[at : at + size * 2] if insert is None else insert)
        at += size * 2
    return from_utf16(b"".join(out))


def utf8_length(text: str) -> int:
    """Length in bytes of UTF-8, lone surrogates counted as three."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _has_no_pairs(text: str) -> bool:
    """Whether every character is one unit, and none is a half of a pair."""
    if text.isascii():
        return True
    try:
        return len(text.encode("utf-16-le")) == 2 * len(text)
    except UnicodeEncodeError:
        return False


def _is_whole(text: str) -> bool:
    """Whether no character is half a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _splice(text: str, changes: Changes) -> str | None:
    """The text after the change set, where characters are units; None where it is not as usual, which ``parse`` judges."""
    if type(changes) is not list:
        return None
    pieces, at, size = [], 0, len(text)
    for part in changes:
        if type(part) is list:
            if not part:
                return None
            count, *lines = part
            for line in lines:
                # Two inserts may each bring one half of a surrogate pair.
                if type(line) is not str or not _is_whole(line) or "\n" in line:
                    return None
            if lines:
                pieces.append(lines[0] if len(lines) == 1 else "\n".join(lines))
            start = at
        else:
            count, start = part, at
        if type(count) is not int or not 0 <= count <= size - at:
            return None
        at += count
        if type(part) is int:
            pieces.append(text[start:at])
    return "".join(pieces) if at == size else None


def replace(text: str, start: int, end: int, insert: str) -> Changes:
    """Replace units ``start`` to ``end`` by ``insert``. Raises ``BadInput`` where they do not lie in the text in that order."""
    _expect_whole(start)
    _expect_whole(end)
    size = length(text)
    if not start <= end <= size:
        raise BadInput(
            "Expected a range within %(size)d code units, got %(start)d to %(end)d", size=size, start=start, end=end
        )
    out = _Canonical()
    out.add(start, None)
    out.add(end - start, utf16(insert))
    out.add(size - end, None)
    return dump(out.sections())


def invert(changes: Changes, text: str) -> Changes:
    """What undoes ``changes``; ``text`` is the text before them. Raises ``BadInput`` when it is of another length."""
    sections, data, at, out = parse(changes), utf16(text), 0, []
    _expect_length(sections, len(data) // 2)
    for section in sections:
        end = at + section.length * 2
        out.append(section if section.insert is None else Section(section.new_length, data[at:end]))
        at = end
    return dump(out)


def compose(a: Changes, b: Changes) -> Changes:
    """One change set that does ``a``, then ``b``. Raises ``BadInput`` when ``b`` was not made for the text that ``a`` leaves."""
    first, second = parse(a), parse(b)
    _expect_length(second, sum(section.new_length for section in first))
    ends = {*accumulate(section.new_length for section in first), *accumulate(section.length for section in second)}
    cuts = sorted(ends)
    ours, theirs = _cut(first, cuts, by_new=True), _cut(second, cuts, by_new=False)
    mine, their, out = next(ours, None), next(theirs, None), _Canonical()
    # Pieces of one replacement end up in one section, however many sections of the other side it meets.
    joining = False
    while mine or their:
        if mine and not mine.width:
            out.add(mine.length, mine.insert, joining)
            mine = next(ours, None)
        elif their and not their.width:
            out.add(their.length, their.insert, joining)
            their = next(theirs, None)
        else:
            assert mine
            assert their  # both sides are cut at the same places of the text between
            if mine.insert is None:
                opened = out.add(their.length, their.insert, joining)
            else:
                opened = out.add(mine.length, mine.insert if their.insert is None else their.insert, joining)
            joining = (mine.goes_on or their.goes_on) and (joining or opened)
            mine, their = next(ours, None), next(theirs, None)
    return dump(out.sections())


def map_changes(a: Changes, over: Changes, before: bool = False) -> Changes:
    """``a``, made for the same text as ``over``, so that it can follow ``over``.

    Where both insert at one place, the text of ``over`` comes first, or that of ``a`` with ``before``. Law: ``a`` then
    ``map_changes(b, a)`` leaves the same text as ``b`` then ``map_changes(a, b, before=True)``. Raises ``BadInput`` when
    the two were made for texts of different lengths.
    """
    sections, others = parse(a), parse(over)
    size = sum(section.length for section in sections)
    _expect_length(others, size)
    mine, theirs = _edits(sections), _edits(others)
    out, at = _Canonical(), 0  # ``at``: units of the common text dealt with so far
    i = j = 0
    while i < len(mine) or j < len(theirs):
        edit, other = mine[i] if i < len(mine) else None, theirs[j] if j < len(theirs) else None
        if edit is None or (other is not None and _goes_first(other, edit, before)):
            assert other  # the loop's condition
            out.add(other.start - at, None)
            out.add(len(other.insert) // 2, None)
            at = other.end
            # What ``other`` deleted is no longer ours to delete; the text we put there stays, behind theirs.
            while i < len(mine) and mine[i].start < at:
                if mine[i].end > at:
                    mine[i].start = at
                    mine[i].whole = False
                    break
                out.add(0, mine[i].insert)
                i += 1
            j += 1
        else:
            out.add(edit.start - at, None)
            at, deleted = edit.start, 0
            while at < edit.end:
                stop = min(theirs[j].start, edit.end) if j < len(theirs) else edit.end
                deleted, at = deleted + stop - at, stop
                if at < edit.end:
                    # A deletion inside ours leaves nothing between; anything else is a place to stop at.
                    if theirs[j].insert or theirs[j].end > edit.end:
                        break
                    at = theirs[j].end
                    j += 1
            out.add(deleted, edit.insert)
            edit.insert, edit.placed, edit.start = b"", True, at
            if at == edit.end:
                i += 1
    out.add(size - at, None)
    return dump(out.sections())


def map_position(changes: Changes, pos: int, assoc: int = -1) -> int:
    """Where a position of the old text lies in the new one, in units.

    With ``assoc`` below 0 it stays with the character before it, in front of what is inserted there; otherwise with the
    one after it. Raises ``BadInput`` where it lies outside the text.
    """
    return _map_position(parse(changes), pos, assoc)[0]


def map_positions(changes: Changes, positions: Iterable[tuple[int, int]]) -> list[int]:
    """As ``map_position`` for several positions, each with its ``assoc``; the change set is read once."""
    sections = parse(changes)
    return [_map_position(sections, pos, assoc)[0] for pos, assoc in positions]


def map_surviving_position(changes: Changes, pos: int, assoc: int = -1) -> int | None:
    """As ``map_position``, but None where one section deleted the text on both sides of the position."""
    mapped, survives = _map_position(parse(changes), pos, assoc)
    return mapped if survives else None


def diff(old: str, new: str) -> Changes:
    """A short change set from ``old`` to ``new``: lines matched, the ends of each change trimmed; one replacement where large.

    Not the shortest possible: the work is bounded. Never parts a surrogate pair.
    """
    # As code points, so that a pair is one character, also where it came as two halves.
    old, new = (text if text.isascii() else from_utf16(utf16(text)) for text in (old, new))
    out = _Canonical()
    for old_part, new_part in _matched_lines(old, new):
        head, tail = _common_ends(old_part, new_part)
        old_end, new_end = len(old_part) - tail, len(new_part) - tail
        out.add(length(old_part[:head]), None)
        out.add(length(old_part[head:old_end]), utf16(new_part[head:new_end]))
        out.add(length(old_part[old_end:]), None)
    return dump(out.sections())


class _Canonical:
    """Sections in order, merged with their neighbour where the editor merges them."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._inserts: list[list[bytes] | None] = []  # in parts: joining at each merge would take quadratic time

    def add(self, size: int, insert: bytes | None, joining: bool = False) -> bool:
        """Append a section; True where it stands for itself. ``joining`` merges a change into the change before it."""
        if not size and not insert:
            return False
        if self._inserts:
            last = self._inserts[-1]
            if last is None or insert is None:
                merge = last is None and insert is None
            else:
                merge = joining or not (insert or last) or not (size or self._lengths[-1])
            if merge:
                self._lengths[-1] += size
                if last is not None and insert:
                    last.append(insert)
                return False
        self._lengths.append(size)
        self._inserts.append(None if insert is None else [insert] if insert else [])
        return True

    def sections(self) -> list[Section]:
        return [
            Section(size, None if parts is None else b"".join(parts))
            for size, parts in zip(self._lengths, self._inserts, strict=True)
        ]


class _Piece(NamedTuple):
    """Part of a section, ``width`` units of the text that both sides of ``compose`` know; the section may go on behind it."""

    width: int
    length: int
    insert: bytes | None
    goes_on: bool


def _cut(sections: Iterable[Section], cuts: list[int], *, by_new: bool) -> Iterator[_Piece]:
    """The sections parted at ``cuts``, which hold each section's end, in the text after (``by_new``) or before them.

    The side that is not measured goes whole into a section's first piece.
    """
    at, ahead = 0, iter(cuts)
    cut = next(ahead, 0)
    for section in sections:
        start, end = at, at + (section.new_length if by_new else section.length)
        if start == end:
            yield _Piece(0, section.length, section.insert, False)
        while at < end:
            while cut <= at:
                cut = next(ahead)
            size, insert = cut - at, section.insert
            if insert is None:
                yield _Piece(size, size, None, False)
            elif by_new:
                part = insert[(at - start) * 2 : (cut - start) * 2]
                yield _Piece(size, section.length if at == start else 0, part, cut < end)
            else:
                yield _Piece(size, size, insert if at == start else b"", cut < end)
            at = cut


@dataclass
class _Edit:
    """A change by its place in the old text. ``map_changes`` moves ``start`` on as it deals with the parts."""

    start: int
    end: int
    insert: bytes
    whole: bool = True  # nothing of it was deleted by the other side
    placed: bool = False  # its text is written, some of its deletion may remain


def _edits(sections: Iterable[Section]) -> list[_Edit]:
    at, out = 0, []
    for size, insert in sections:
        if insert is not None:
            out.append(_Edit(at, at + size, insert))
        at += size
    return out


def _goes_first(other: _Edit, edit: _Edit, before: bool) -> bool:
    """Whether the change mapped over is dealt with before ours: by start, then the shorter, then as ``before`` says."""
    if other.start != edit.start or edit.placed:
        return other.start <= edit.start
    if not edit.whole:
        return False
    return other.end < edit.end or (other.end == edit.end and not before)


def _map_position(sections: Sequence[Section], pos: int, assoc: int) -> tuple[int, bool]:
    """The position after the changes, and whether some of the text beside it is left."""
    _expect_whole(pos)
    start = new_start = 0
    for section in sections:
        end = start + section.length
        if section.insert is None:
            if pos < end:
                return new_start + pos - start, True
        elif pos < end or (start == pos == end and assoc < 0):
            in_front = pos == start or assoc < 0
            return new_start + (0 if in_front else section.new_length), not start < pos < end
        start, new_start = end, new_start + section.new_length
    if pos > start:
        raise BadInput("Expected a position from 0 to %(size)d, got %(got)d", size=start, got=pos)
    return new_start, True


def _common_ends(old: str, new: str) -> tuple[int, int]:
    """Characters that the two share at their start, and at their end behind that."""
    head = _shared(min(len(old), len(new)), lambda size: old[:size] == new[:size])
    room = min(len(old), len(new)) - head
    return head, _shared(room, lambda size: old[len(old) - size :] == new[len(new) - size :])


def _shared(most: int, agree: Callable[[int], bool]) -> int:
    """The largest size up to ``most`` that agrees, by halving: comparing slices is far faster than single characters."""
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        if agree(middle):
            least = middle
        else:
            most = middle - 1
    return least


def _matched_lines(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Both texts in parts that belong together, in order."""
    head, tail = _common_ends(old, new)
    # Only whole lines: the rest of a line would match no other line.
    head = old.rfind("\n", 0, head) + 1
    tail = len(old) - (old.find("\n", len(old) - tail) + 1 or len(old))
    yield old[:head], new[:head]
    old_lines, new_lines = _lines(old[head : len(old) - tail]), _lines(new[head : len(new) - tail])
    counts = Counter(new_lines)
    pairs = sum(counts[line] for line in old_lines)
    if max(len(old_lines), len(new_lines)) > DIFF_MAX_LINES or pairs > DIFF_MAX_PAIRS:
        yield "".join(old_lines), "".join(new_lines)
    else:
        for _, i, i_end, j, j_end in SequenceMatcher(None, old_lines, new_lines).get_opcodes():
            yield "".join(old_lines[i:i_end]), "".join(new_lines[j:j_end])
    yield old[len(old) - tail :], new[len(new) - tail :]


def _lines(text: str) -> list[str]:
    """The lines with their newlines; only ``\\n`` ends one."""
    *lines, last = text.split("\n")
    return [*(line + "\n" for line in lines), last]


def _expect_length(sections: Iterable[Section], size: int) -> None:
    got = sum(section.length for section in sections)
    if got != size:
        raise BadInput("Expected a change set for %(want)d code units, got one for %(got)d", want=size, got=got)


def _expect_whole(value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput("Expected a whole number of code units, got %(got)s", got=_kind(value))
    if not 0 <= value <= MAX_UNITS:
        # A number of thousands of digits cannot be printed.
        got = value if abs(value) <= MAX_UNITS else f"{'-' if value < 0 else ''}2^{value.bit_length() - 1} or beyond"
        raise BadInput("Expected a number of code units from 0 to %(most)d, got %(got)s", most=MAX_UNITS, got=got)


def _kind(value: object) -> str:
    """What a value is, in JSON's words; numbers in full. Not its text: that may be long, or nested too deep to print."""
    if isinstance(value, float):
        return repr(value)
    names = {bool: "boolean", str: "string", list: "array", dict: "object", type(None): "null"}
    return names.get(type(value), type(value).__name__)
