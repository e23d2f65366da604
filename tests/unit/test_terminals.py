"""What a terminal's bytes say is read however they are cut, and what is left out of a flood leaves the rest whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.service.flood import BURST, REFILL_S, SLOWER_EACH, TAIL, Budget, Held, Pace
from interviews.service.marks import MAX_COMMAND, MAX_MARK, CommandMarks, Modes, beginning

OUTPUT = (
    b"\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n"
    b"\x1b]133;C;cmdline_url=ls%20-l%3B%20%C3%A4\x07total 0\r\n"
    b"\x1b]133;D;2\x07\x1b]133;A\x07$ "
)
MARK = re.compile(rb"\x18[^\xe2]*\xe2\x8b\xaf ([^ ]+ (?:bytes|kB|MB|GB)) left out \xe2\x8b\xaf\r\n")
# What a program may print: words, lines, characters of every length, sequences of every kind.
printed = st.lists(
    st.sampled_from(
        (
            "a line",
            "\r\n",
            "\n",
            "é",
            "漢",
            "😀",
            "\x1b[1;31m",
            "\x1b[?1049h",
            "\x1b[?25l",
            "\x1b]0;a\ntitle\x07",
            "\x1bP1\n2\x1b\\",
            "\x1b(0",
            "\x1b[5;20r",
            "\x1bc",
            "\x1b[3\n1m",
            "x" * 300,
        )
    ),
    max_size=60,
).map(lambda parts: "".join(parts).encode())


def fed(data: bytes, size: int) -> list[tuple[str, int]]:
    marks = CommandMarks()
    return [item for start in range(0, len(data), size) for item in marks.feed(data[start : start + size])]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_command_is_read_with_its_exit_code(size: int) -> None:
    assert fed(OUTPUT, size) == [("ls -l; ä", 2)]


@pytest.mark.parametrize("size", [50, 4096, 100_000])
def test_the_longest_command_that_the_shell_tells_is_read(size: int) -> None:
    longest = b"\x1b]133;C;cmdline_url=" + b"%F0%9F%98%80" * 1024 + b"\x07\x1b]133;D;0\x07"
    assert fed(longest, size) == [("😀" * 1024, 0)]


def test_a_command_too_long_for_the_log_says_so() -> None:
    ((command, code),) = fed(b"\x1b]133;C;cmdline_url=" + b"x" * 4096 + b"\x07\x1b]133;D;0\x07", 512)
    assert (command, code) == ("x" * (MAX_COMMAND - 1) + "…", 0)


def test_an_end_without_a_beginning_is_no_command() -> None:
    assert CommandMarks().feed(b"\x1b]133;D;0\x07") == []


def test_a_shell_that_ends_with_its_command_has_its_code() -> None:
    marks = CommandMarks()
    marks.feed(b"\x1b]133;C;cmdline_url=exit%203\x07exit\r\n")
    assert marks.ended(3) == [("exit 3", 3)]
    assert marks.ended(3) == []


def test_a_flood_without_marks_is_not_kept() -> None:
    marks = CommandMarks()
    for _ in range(100):
        marks.feed(b"\x1b]133;C;" + b"x" * 10_000)
    assert len(marks._tail) <= MAX_MARK


@given(printed, st.integers(0, 2000))
def test_output_begins_at_no_place_inside_a_sequence_or_a_character(data: bytes, at: int) -> None:
    begin = beginning(data, min(at, len(data)))
    assert min(at, len(data)) <= begin <= len(data)
    data[begin:].decode()
    inside = re.compile(rb"\x1b(?:\[[0-9;?\n]*[a-zA-Z]|\]0;a\ntitle\x07|P1\n2|\(0|\\|c)")
    assert not any(one.start() < begin < one.end() for one in inside.finditer(data))


def test_output_begins_with_a_line_unless_that_is_far() -> None:
    lines = b"".join(b"line %d\r\n" % number for number in range(100))
    begin = beginning(lines, 400)
    assert lines[begin - 1 : begin] == b"\n" and begin - 400 < 10
    assert beginning(b"x" * 900 + b"\r\n$ ", 100) == 100


@given(st.lists(printed, max_size=40), st.sampled_from([100, 3000, 10**9]))
def test_what_is_left_out_and_what_is_kept_is_what_was_printed(parts: list[bytes], most: int) -> None:
    held, whole = Held(), b""
    # So much of it that it floods.
    for part in parts * (1 + 3 * TAIL // max(1, sum(map(len, parts)))) if any(parts) else parts:
        held.add(part)
        whole += part
        assert held.size <= 2 * TAIL + len(part)
    data, cut = held.take(most)
    assert not held and held.size == 0
    if cut == 0:
        assert data == whole
        return
    marked = MARK.match(data)
    assert marked is not None
    tail = data[marked.end() :]
    assert cut + len(tail) == len(whole) and whole.endswith(tail)
    assert len(tail) <= min(most, 2 * TAIL)
    tail.decode()


@pytest.mark.parametrize(
    ("cut", "words"), [(999, "999 bytes"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (2_000_000_000, "2.0 GB")]
)
def test_the_mark_says_how_much(cut: int, words: str) -> None:
    held = Held()
    held.add(b"y")
    held.cut = cut
    data, told = held.take(10)
    assert told == cut and f"⋯ {words} left out ⋯\r\n".encode() in data


def test_the_mark_has_a_line_of_its_own_and_no_colour() -> None:
    held = Held()
    for before, line_end in ((b"$ yes\r\n", b""), (b"50 %", b"\r\n")):
        held.pass_on(before)
        held.add(b"\x1b[31m" + b"y\r\n" * TAIL)
        data, _ = held.take(TAIL)
        assert data.startswith(b"\x18\x1b(B\x0f\x1b[0m" + line_end + "⋯".encode())


def test_modes_that_are_left_out_are_set_all_the_same() -> None:
    held = Held()
    held.pass_on(b"\x1b[?2004l")
    held.add(b"\x1b[?1049h\x1b[?1;25l\x1b[2;10r\x1b=\x1b[?6h" + b"x" * 3 * TAIL)
    data, _ = held.take(100)
    assert held.modes.alternate
    before = data[: data.index("⋯".encode())]
    for said in (b"\x1b[?1049h", b"\x1b[?1l", b"\x1b[?25l", b"\x1b7\x1b[2;10r\x1b8", b"\x1b="):
        assert before.count(said) == 1
    # This was shown; and that would move the cursor.
    assert b"2004" not in before and b"?6h" not in before
    held.add(b"x" * 3 * TAIL)
    assert b"1049" not in held.take(100)[0]


@given(printed, st.integers(1, 9))
def test_modes_are_read_however_the_output_is_cut(data: bytes, size: int) -> None:
    whole, pieces = Modes(), Modes()
    whole.left_out(data)
    for start in range(0, len(data), size):
        pieces.left_out(data[start : start + size])
    assert (pieces.unsaid(), pieces.alternate) == (whole.unsaid(), whole.alternate)


def test_a_budget_comes_back_slower_the_more_the_log_holds() -> None:
    now = [0.0]
    budget = Budget(lambda: now[0], 0)
    assert budget.level == BURST
    budget.take(BURST)
    now[0] = 1.0
    budget.refill(0)
    assert budget.level == REFILL_S
    now[0] = 2.0
    budget.refill(SLOWER_EACH)
    assert budget.level == REFILL_S + REFILL_S // 2
    now[0] = 1e6
    budget.refill(0)
    assert budget.level == BURST
    assert Budget(lambda: 0.0, 9 * SLOWER_EACH).level < BURST


def test_terminals_are_read_at_one_pace_together() -> None:
    now = [100.0]
    pace = Pace(lambda: now[0])
    one = pace.rest(1_000_000, 0.0)
    assert pace.rest(1_000_000, 0.0) == pytest.approx(2 * one)
    now[0] += 10 * one
    assert pace.rest(1_000_000, 0.0) == pytest.approx(one)
    # What is costly to read is read slower.
    assert pace.rest(0, 1.0) > 1.0
