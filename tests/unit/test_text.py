"""Change sets without the editor: what is refused, differences, and that work stays bounded."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews import text
from interviews.errors import BadInput

PROPERTY = settings(derandomize=True, deadline=None, max_examples=200)
ALPHABET = ["a", "b", "a\n", "b\n", "\n", "\r\n", "e\u0301", "😀", "😁", "🙀", "\ud83d", "\ude00"]
DOCS = st.lists(st.sampled_from(ALPHABET), max_size=25).map(lambda parts: text.from_utf16(text.utf16("".join(parts))))


def deep(levels: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(levels):
        nested = [nested]
    return nested


MALFORMED: list[object] = [
    None, "abc", 3, {"0": 1}, (3,), True,
    [-1, 4], [3, [-1]], [True, 2], [[True, "x"], 3], [3.0], [[3.0, "x"]], [float("nan")], [None], ["abc"], [{}],
    [[]], [[[3], "x"]], [[3, ["x"]]], [[3, 4]], [[3, None]], [["x", 3]], [[3, "two\nlines"]], [[3, b"x"]],
    [10**5000], [[10**5000, "x"]], [-(10**5000)], [2**53], deep(5), deep(50_000), [deep(50_000)],
]  # fmt: skip


@pytest.mark.parametrize("changes", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_is_told_in_plain_words(changes: Any) -> None:
    for attempt in (
        lambda: text.parse(changes),
        lambda: text.length_before(changes),
        lambda: text.apply_changes("abc", changes),
        lambda: text.invert(changes, "abc"),
        lambda: text.compose([3], changes),
        lambda: text.compose(changes, [3]),
        lambda: text.map_changes([3], changes),
        lambda: text.map_changes(changes, [3]),
        lambda: text.map_position(changes, 0),
    ):
        with pytest.raises(BadInput, match=r"^Expected .{10,150}$"):
            attempt()


@pytest.mark.parametrize("changes", [[], [2], [4], [[2]], [3, [1]], [2**53 - 1] * 3, [[2**53 - 1, "x"]]])
def test_made_for_a_text_of_another_length(changes: text.Changes) -> None:
    for attempt in (
        lambda: text.apply_changes("abc", changes),
        lambda: text.invert(changes, "abc"),
        lambda: text.compose([1, [1, "xx"]], [*changes, 0]),
        lambda: text.map_changes([3], changes),
        lambda: text.map_changes(changes, [3]),
    ):
        with pytest.raises(BadInput, match=r"^Expected a change set for 3 code units|got one for 3$"):
            attempt()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 5) | st.integers() | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=1), inner, max_size=2),
    max_leaves=8,
)


@PROPERTY
@given(changes=st.lists(JSON, max_size=4) | JSON)
def test_no_other_error_comes_out(changes: Any) -> None:
    for attempt in (
        lambda: text.apply_changes("a😀", changes),
        lambda: text.invert(changes, "a😀"),
        lambda: text.compose(changes, changes),
        lambda: text.map_changes(changes, changes),
        lambda: text.map_position([3], changes),
    ):
        with suppress(BadInput):
            attempt()


@pytest.mark.parametrize("pos", [-1, 4, 2**60, 10**5000, True, 1.0, None, "1"], ids=range(8))
def test_positions_outside_the_text(pos: Any) -> None:
    for attempt in (
        lambda: text.map_position([1, [1, "xyz"], 1], pos),
        lambda: text.map_surviving_position([1, [1, "xyz"], 1], pos),
        lambda: text.replace("a😀", pos, 3, "x"),
        lambda: text.replace("a😀", 0, pos, "x"),
    ):
        with pytest.raises(BadInput, match=r"^Expected .*, got "):
            attempt()


def test_a_range_must_not_run_backwards() -> None:
    with pytest.raises(BadInput, match=r"^Expected a range within 3 code units, got 2 to 1$"):
        text.replace("abc", 2, 1, "")


@pytest.mark.parametrize("line", [-1, 0, 4, 10**5000, True, 1.0, None], ids=range(7))
def test_lines_outside_the_text(line: Any) -> None:
    with pytest.raises(BadInput, match=r"^Expected .*, got "):
        text.line_offset("a\n😀\r\n", line)


def test_line_offset_counts_units_and_ends_lines_at_newlines_only() -> None:
    doc = "😀\r\u2028\nb\n"
    assert [text.line_offset(doc, line) for line in (1, 2, 3)] == [0, 5, 7]
    assert text.line_offset("", 1) == 0


def test_untidy_change_sets_become_canonical() -> None:
    untidy: text.Changes = [0, 1, 2, [0], [0, ""], [1], [1, ""], [0, "a"], [0, "b", ""], 0]
    assert text.dump(text.parse(untidy)) == [3, [2], [0, "ab", ""]]
    assert text.apply_changes("12345", untidy) == "123ab\n"


def test_halves_of_a_pair_that_meet_are_one_character() -> None:
    assert text.apply_changes("xy", [[1, "\ud83d"], [1, "\ude00"]]) == "😀"
    assert text.apply_changes("\ud83dé", [1, [0, "\ude00"], 1]) == "😀é"
    assert text.apply_changes("😀", [1, [1]]) == "\ud83d"


@PROPERTY
@given(old=DOCS, new=DOCS)
def test_diff_leads_to_the_new_text_and_parts_no_pair(old: str, new: str) -> None:
    changes = text.diff(old, new)
    assert text.apply_changes(old, changes) == new
    assert text.dump(text.parse(changes)) == changes
    assert (changes in ([], [text.length(old)])) == (old == new)
    at = 0
    for section in text.parse(changes):
        at += section.length
        before, after = text.from_utf16(text.utf16(old)[: at * 2]), text.from_utf16(text.utf16(old)[at * 2 :])
        assert before + after == old


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("", "", []),
        ("", "a\n", [[0, "a", ""]]),
        ("a\n", "", [[2]]),
        ("same", "same", [4]),
        ("x😀y", "x😁y", [1, [2, "😁"], 1]),
        ("x = 1\ny = 2\nz = 3\n", "x = 10\ny = 2\nz = 30\n", [5, [0, "0"], 12, [0, "0"], 1]),
        ("x\ud83d\ude00", "x\ud83d\ude01", [1, [2, "😁"]]),
        ("a1\nx\n", "a2\na1\nx\n", [[0, "a2", ""], 5]),
        ("a\nb\nc\nd\n", "a\nc\nX\nd\n", [2, [2], 2, [0, "X", ""], 2]),
    ],
)
def test_diff_is_short(old: str, new: str, changes: text.Changes) -> None:
    assert text.diff(old, new) == changes


LINES = text.DIFF_MAX_LINES
AWKWARD = {
    "one line again and again": ("a\n" * 600, "b\n" + "a\n" * 500 + "c\n" * 90 + "b\n"),
    "two lines by turns": ("a\nb\n" * 70 + "x", "b\nb\na\n" * 50 + "y"),
    "nothing in common": ("".join(f"{n}\n" for n in range(LINES - 2)), "".join(f"-{n}\n" for n in range(LINES - 2))),
    "backwards": ("".join(f"{n}\n" for n in range(LINES - 2)), "".join(f"{n}\n" for n in range(LINES - 2, 0, -1))),
    "many lines": ("".join(f"{n}\n" for n in range(99_999)), "".join(f"{n}\n" for n in range(99_999, 0, -1))),
    "one long line": ("ab" * 500_000, "ba" * 500_000),
}


@pytest.mark.parametrize(("old", "new"), AWKWARD.values(), ids=AWKWARD)
def test_diff_of_awkward_texts_is_bounded(old: str, new: str) -> None:
    started = time.process_time()
    changes = text.diff(old, new)
    assert time.process_time() - started < 2  # without the bounds the slowest would take minutes
    assert text.apply_changes(old, changes) == new


def test_many_small_sections_take_linear_time() -> None:
    many: text.Changes = [[0, "x" * 20]] * 50_000
    started = time.process_time()
    assert text.dump(text.parse(many)) == [[0, "x" * 1_000_000]]
    spread: text.Changes = [[1, "y"], 1] * 20_000
    assert text.apply_changes("ab" * 20_000, text.compose(spread, text.map_changes([40_000], spread))) == "yb" * 20_000
    assert time.process_time() - started < 3
