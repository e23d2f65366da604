"""Marks of shell integration are found however the output is cut."""

from __future__ import annotations

import pytest

from interviews.service.terminals import CommandMarks

OUTPUT = (
    "\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n"
    "\x1b]133;C;cmdline_url=ls%20-l%3B%20%C3%A4\x07total 0\r\n"
    "\x1b]133;D;2\x07\x1b]133;A\x07$ "
)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_command_is_read_with_its_exit_code(size: int) -> None:
    marks = CommandMarks()
    found = [item for start in range(0, len(OUTPUT), size) for item in marks.feed(OUTPUT[start : start + size])]
    assert found == [("ls -l; ä", 2)]


def test_an_end_without_a_beginning_is_no_command() -> None:
    assert CommandMarks().feed("\x1b]133;D;0\x07") == []


def test_a_flood_without_marks_is_not_kept() -> None:
    marks = CommandMarks()
    for _ in range(100):
        marks.feed("x" * 10_000)
    assert len(marks._tail) <= 4096
