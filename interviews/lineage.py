"""Where the lines that came in with accepted hunks stand.

Owns following each of them through all later edits. Invariant: pure; a line stands only where all of it does and nothing came into
it; where a withheld event leaves a gap, what became of a hunk's lines is unknown from there on. Leaves out what that is good for
(``rubrics.reading.fates``, ``service.analyses``).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from interviews import events as e
from interviews.anchors import lines_of
from interviews.errors import BadInput
from interviews.text import apply_changes, from_utf16, length, parse

# A line so like another is that line, changed.
_ALIKE = 0.75


def _bare(line: str) -> str:
    return "".join(line.split())


def _bare_lines(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, (_bare(line) for text in texts for line in lines_of(text))))


@dataclass(frozen=True)
class Brought:
    """An accepted hunk and the numbers of its lines; ``known`` is false where a gap hides what became of them."""

    suggestion: str
    hunk: str
    lines: range
    changed: bool
    known: bool


@dataclass
class _Accepted:
    decided: e.SuggestionDecided
    before: str
    first: int = 0  # the number of its first line among all that hunks brought in
    sizes: tuple[int, ...] = ()  # in units
    said: frozenset[str] = frozenset()  # what stands in these lines, without blanks
    then: tuple[str, ...] = ()  # all texts as of just before
    known: bool = True


@dataclass
class _File:
    """``marks`` has for each unit of the text the number of the hunk's line that it came with, else 0."""

    text: str
    marks: array[int]


class Lineage:
    """The walk over an interview's events, in order."""

    def __init__(self) -> None:
        self._hunks: dict[tuple[str, str], e.Hunk] = {}
        self._accepted: dict[int, _Accepted] = {}
        self._files: dict[str, _File] = {}
        self._lines = 1

    def take(self, event: e.Event) -> None:
        """Apply one event; other types change nothing."""
        match event.data:
            case e.SuggestionOffered(suggestion=suggestion, hunks=hunks):
                self._hunks |= {(suggestion, hunk.hunk): hunk for hunk in hunks}
            case e.SuggestionRefreshed(suggestion=suggestion, hunk=hunk):
                self._hunks[suggestion, hunk.hunk] = hunk
            case e.SuggestionDecided(decision="accepted") as decided:
                known = self._hunks.get((decided.suggestion, decided.hunk))
                if known is not None:
                    texts = tuple(file.text for file in self._files.values())
                    self._accepted[event.seq] = _Accepted(decided, known.before, then=texts)
            case e.FileSnapshotted() as whole:
                self._whole(event, whole)
            case e.FileEdited(path=path, changes=changes):
                self._edited(event, path, changes)
            case e.FileDeleted(path=path):
                self._files.pop(path, None)
            case None if event.type.startswith("file."):
                # It may have been any file.
                self._lose()
            case _:
                pass

    def _lose(self, marks: frozenset[int] | set[int] | None = None) -> None:
        """What became of the lines with these marks is unknown from here on; None: of all lines there are."""
        if marks is None:
            self._files.clear()
        for accepted in self._accepted.values():
            if marks is None or not marks.isdisjoint(range(accepted.first, accepted.first + len(accepted.sizes))):
                accepted.known = False

    def _whole(self, event: e.Event, whole: e.FileSnapshotted) -> None:
        before = self._files.pop(whole.renamed_from or whole.path, None)
        if whole.text is None:
            # Too large, or no text any more: what stands in it nobody sees.
            self._lose(set(before.marks) if before is not None else set())
            return
        marks = array("L", [0]) * length(whole.text)
        same = whole.renamed_from or whole.origin in ("keyframe", "redacted")
        if same and before is not None and len(before.marks) == len(marks):
            # Whoever brought the lines still did.
            marks = before.marks
        elif whole.origin == "hunk" and event.cause in self._accepted:
            marks = self._brought(self._accepted[event.cause], whole.text)
        self._files[whole.path] = _File(whole.text, marks)

    def _edited(self, event: e.Event, path: str, changes: e.Json) -> None:
        file, accepted = self._files.get(path), self._accepted.get(event.cause or 0)
        if file is None:
            return
        try:
            text, sections = apply_changes(file.text, changes), parse(changes)
        except BadInput:
            # An edit before it was withheld.
            self._lose()
            return
        marks, at = array("L"), 0
        for section in sections:
            if section.insert is None:
                marks += file.marks[at : at + section.length]
            elif accepted is not None and section.insert and not accepted.sizes:
                marks += self._brought(accepted, from_utf16(section.insert))
            else:
                marks += array("L", [0]) * (len(section.insert) // 2)
            at += section.length
        self._files[path] = _File(text, marks)

    def _brought(self, accepted: _Accepted, text: str) -> array[int]:
        """Marks for a text that came in with a hunk: those of its lines that were not there before get a number each."""
        lines = lines_of(text)
        matched = SequenceMatcher(None, lines_of(accepted.before), lines, autojunk=False)
        fresh = [at for tag, _, _, start, end in matched.get_opcodes() if tag != "equal" for at in range(start, end)]
        numbers = {at: self._lines + count for count, at in enumerate(fresh)}
        accepted.first, accepted.sizes = self._lines, tuple(length(lines[at]) for at in fresh)
        accepted.said = frozenset(filter(None, (_bare(lines[at]) for at in fresh)))
        self._lines += len(fresh)
        marks = array("L")
        for at, line in enumerate(lines):
            marks += array("L", [numbers.get(at, 0)]) * length(line)
        return marks

    def brought(self) -> list[Brought]:
        """Every accepted hunk so far, in order of decision; those that brought no lines in have none."""
        return [
            Brought(
                accepted.decided.suggestion, accepted.decided.hunk,
                range(accepted.first, accepted.first + len(accepted.sizes)), accepted.decided.kept is not None,
                accepted.known,
            )
            for accepted in self._accepted.values()
        ]  # fmt: skip

    def gone(self) -> frozenset[tuple[str, str]]:
        """Proposal and hunk of the accepted ones that brought lines in of which surely not one character is left.

        What was cut and put back, changed a little perhaps, is another's by its marks, and there all the same.
        """
        left = {mark for file in self._files.values() for mark in set(file.marks)}
        there = sorted(_bare_lines(self.texts().values()))
        return frozenset(
            (one.decided.suggestion, one.decided.hunk)
            for one in self._accepted.values()
            if one.known
            and one.sizes
            and left.isdisjoint(range(one.first, one.first + len(one.sizes)))
            # What stood somewhere before tells nothing.
            and not any(get_close_matches(line, there, 1, _ALIKE) for line in one.said - _bare_lines(one.then))
        )

    def texts(self) -> dict[str, str]:
        """The texts of all files that are known now, by path."""
        return {path: file.text for path, file in self._files.items()}

    def standing(self) -> dict[str, dict[int, int]]:
        """By path, the lines (from 1) that are as a hunk brought them in, each with its number among all that hunks brought."""
        sizes = {
            accepted.first + at: size for accepted in self._accepted.values() for at, size in enumerate(accepted.sizes)
        }
        found: dict[str, dict[int, int]] = {}
        for path, file in self._files.items():
            at = 0
            for number, line in enumerate(lines_of(file.text), start=1):
                marks = file.marks[at : at + length(line)]
                if marks[0] and marks.count(marks[0]) == len(marks) == sizes.get(marks[0]):
                    found.setdefault(path, {})[number] = marks[0]
                at += len(marks)
        return found
