"""Unified diffs, put into a tree of files.

Owns reading a patch and putting it in exactly. Invariant: pure; context and removed lines must stand at the line that the patch
names, so a patch that no longer fits is told and never guessed at. Leaves out what a patch is for (``reviews``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from interviews.anchors import lines_of
from interviews.errors import BadInput

_AT = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@.*\n?")
_NOTHING = "/dev/null"


def apply_patch(files: Mapping[str, str], patch: str, name: str) -> dict[str, str]:
    """The files with a unified diff (``--- a/path``, ``+++ b/path``, ``@@``) put in.

    Raises ``BadInput`` with ``name``, the patch's file, and its line where it is out of form or does not fit.
    """
    reading = _Reading(lines_of(patch), name)
    changed = dict(files)
    while reading.seek("--- "):
        old, new = reading.path("--- "), reading.path("+++ ")
        if old != _NOTHING and old not in changed:
            reading.refuse("a file that is there", old)
        lines = [] if old == _NOTHING else lines_of(changed[old])
        shift, found = 0, False
        while reading.now.startswith("@@"):
            head = reading.at
            at, before, after = reading.change()
            start = at + shift
            stands = lines[start : start + len(before)]
            if start > len(lines):
                reading.at = head
                reading.refuse(f"{old} to have {at} lines", f"{len(lines) - shift}")
            if stands != before:
                reading.at = head
                where = next(n for n, line in enumerate(before) if stands[n : n + 1] != [line])
                reading.refuse(
                    f"{old} to have {before[where]!r} in line {at + where + 1}",
                    repr("".join(stands[where : where + 1])),
                )
            lines[start : start + len(before)] = after
            shift, found = shift + len(after) - len(before), True
        if not found:
            reading.refuse("a line that begins with @@", repr(reading.now.rstrip("\n")))
        if old != _NOTHING:
            del changed[old]
        if new != _NOTHING:
            changed[new] = "".join(lines)
    if not reading.files:
        reading.refuse("a unified diff", "no line that begins with ---")
    return changed


class _Reading:
    """A patch and the line that is read next."""

    def __init__(self, lines: list[str], name: str) -> None:
        self.lines, self.name, self.at, self.files = lines, name, 0, 0

    @property
    def now(self) -> str:
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def refuse(self, expected: str, got: str) -> NoReturn:
        raise BadInput(
            "%(patch)s, line %(line)s: expected %(expected)s, got %(got)s",
            patch=self.name, line=min(self.at + 1, max(1, len(self.lines))), expected=expected, got=got or "nothing",
        )  # fmt: skip

    def seek(self, mark: str) -> bool:
        """Go to the next line that begins so; what tools write between two files says nothing."""
        while self.now and not self.now.startswith(mark):
            if self.now.startswith(("@@", "+", "-")):
                self.refuse(f"a line that begins with {mark}", repr(self.now.rstrip("\n")))
            self.at += 1
        return bool(self.now)

    def path(self, mark: str) -> str:
        if not self.now.startswith(mark):
            self.refuse(f"a line that begins with {mark}", repr(self.now.rstrip("\n")))
        path = self.now.removeprefix(mark).split("\t")[0].strip()
        self.at, self.files = self.at + 1, self.files + 1
        return path if path == _NOTHING else path.removeprefix("a/").removeprefix("b/")

    def change(self) -> tuple[int, list[str], list[str]]:
        """Line (0-based) before the change, the lines it replaces, and those it puts there."""
        found = _AT.fullmatch(self.now)
        if found is None:
            self.refuse("@@ -line,count +line,count @@", repr(self.now.rstrip("\n")))
        line, *sizes = int(found[1]), *(1 if size is None else int(size) for size in found.groups()[1:])
        before, after = list[str](), list[str]()
        self.at += 1
        while len(before) < sizes[0] or len(after) < sizes[1] or self.now.startswith("\\"):
            sort, text = self.now[:1], self.now[1:]
            if sort == "\\":
                # "No newline at end of file", said of the line above.
                last = self.lines[self.at - 1][:1]
                for side in [before] * (last in "- ") + [after] * (last in "+ "):
                    side[-1] = side[-1].removesuffix("\n")
            elif sort in ("-", " ", "+") or self.now == "\n":
                text = text or "\n"
                before += [text] if sort != "+" else []
                after += [text] if sort != "-" else []
            else:
                self.refuse(f"{sizes[0]} lines before and {sizes[1]} after", f"{len(before)} and {len(after)}")
            self.at += 1
        if (len(before), len(after)) != tuple(sizes):
            self.refuse(f"{sizes[0]} lines before and {sizes[1]} after", f"{len(before)} and {len(after)}")
        return line - (sizes[0] > 0), before, after
