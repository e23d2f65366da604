"""Hunks are found again by their text, whatever happens elsewhere; and the page finds them where the server's ``place`` does."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews import anchors
from interviews.anchors import CONTEXT, Text, find, follow, lines_of, place
from interviews.events import Hunk
from interviews.text import Changes, apply_changes, diff, replace
from tests.product import ROOT

PROPERTY = settings(derandomize=True, deadline=None, max_examples=300)
# Few different lines: most of them have a twin.
FEW = st.lists(st.sampled_from(["a\n", "b\n", "\n", "é😀\n", "    return\n"]), max_size=14)


class Page:
    """The page's ``place`` in one Node process."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(
            [node, str(ROOT / ".build/place.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def place(self, text: str, hunk: Hunk, near: int | None, least: int) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        question = {"text": text, "hunk": hunk.model_dump(), "near": near, "least": least}
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    node = shutil.which("node")
    if node is None or not (ROOT / ".build/place.mjs").is_file():
        pytest.skip("Expected node and .build/place.mjs (make setup), found one missing")
    found = Page(node)
    yield found
    found.close()


def cut(lines: list[str], start: int, end: int, after: str) -> Hunk:
    """The hunk that puts ``after`` in the place of ``lines[start:end]``."""
    lead, trail = anchors.around(lines, start, end)
    return Hunk(
        hunk="h", path="a", base_version=1, line=start + 1, before="".join(lines[start:end]), after=after, lead=lead, trail=trail
    )  # fmt: skip


@st.composite
def hunks(draw: st.DrawFn, lines: list[str]) -> tuple[int, int, Hunk]:
    start = draw(st.integers(0, len(lines)))
    end = draw(st.integers(start, min(len(lines), start + 3)))
    after = "".join(draw(st.lists(st.sampled_from(["new\n", "a\n", "é\n"]), min_size=int(start == end), max_size=3)))
    return start, end, cut(lines, start, end, after)


def located(base: str, hunk: Hunk, edits: list[Changes]) -> int | None:
    """Where the service finds it, which knows the edits since."""
    old, text = Text(base), base
    for changes in edits:
        text = apply_changes(text, changes)
    span = old.span(hunk)
    assert span
    return find(Text(text), hunk, old, follow([span], edits)[0])


def edited(lines: list[str], edits: list[tuple[int, int, list[str]]]) -> tuple[list[Changes], list[str]]:
    """Each edit as a change set of its own, as somebody types them, and the lines after all."""
    changes, now = [], list(lines)
    for start, end, fresh in edits:
        text = Text("".join(now))
        changes.append(replace(text.text, text.starts[start], text.starts[end], "".join(fresh)))
        now[start:end] = fresh
    return changes, now


@st.composite
def elsewhere(draw: st.DrawFn, lines: list[str], start: int, end: int) -> tuple[list[str], list[str], list[Changes]]:
    """Edits of lines that are neither the hunk's nor beside them: the lines above and below it after them, and the edits."""
    above, below = max(0, start - CONTEXT), min(len(lines), end + CONTEXT)
    head, tail, changes = lines[:above], lines[below:], list[Changes]()
    # At one place, two insertions may stand in either order.
    allowed = [is_head for is_head, gap in ((True, start - above), (False, below - end)) if gap or start < end]
    for _ in range(draw(st.integers(0, 4)) if allowed else 0):
        is_head = draw(st.sampled_from(allowed))
        part, offset = (head, 0) if is_head else (tail, len(head) + below - above)
        first = draw(st.integers(0, len(part)))
        last = draw(st.integers(first, len(part)))
        fresh = draw(FEW.map(lambda found: found[:3]))
        now = Text("".join([*head, *lines[above:below], *tail]))
        changes.append(replace(now.text, now.starts[offset + first], now.starts[offset + last], "".join(fresh)))
        part[first:last] = fresh
    return [*head, *lines[above:start]], [*lines[end:below], *tail], changes


@PROPERTY
@given(st.data())
def test_edits_elsewhere_never_stop_a_hunk_and_nothing_else_changes(data: st.DataObject) -> None:
    lines = data.draw(FEW)
    start, end, hunk = data.draw(hunks(lines))
    above, below, edits = data.draw(elsewhere(lines, start, end))
    at = located("".join(lines), hunk, edits)
    assert at is not None
    now = [*above, *lines[start:end], *below]
    merged = [*now[:at], *lines_of(hunk.after), *now[at + end - start :]]
    # As a merge by hand has it: everybody's lines above, the proposed ones, everybody's lines below.
    assert merged == [*above, *lines_of(hunk.after), *below]


@PROPERTY
@given(st.data())
def test_a_hunk_whose_own_lines_were_edited_is_stale(data: st.DataObject) -> None:
    lines = data.draw(FEW.filter(bool))
    start, end, hunk = data.draw(hunks(lines).filter(lambda found: found[0] < found[1]))
    touched = data.draw(st.integers(start, end - 1))
    text = Text("".join(lines))
    # Typed into one of its lines, at its start, its end or between.
    at = text.starts[touched] + data.draw(st.integers(0, len(lines[touched]) - 1))
    typed = data.draw(st.sampled_from(["x", "x\n", "yy"]))
    edits = [replace(text.text, at, at, typed)]
    found = located(text.text, hunk, edits)
    now = lines_of(apply_changes(text.text, edits[0]))
    if found is None:
        return
    # A whole line typed right above it, in front of its first, is no edit of it.
    assert (touched, typed[-1]) == (start, "\n") and at == text.starts[start]
    assert now[found : found + end - start] == lines[start:end] and found == start + 1


@PROPERTY
@given(st.data())
def test_a_block_that_moved_takes_its_hunk_along(data: st.DataObject) -> None:
    block = [f"line {number}\n" for number in range(8)]
    others = data.draw(FEW)
    first, to = data.draw(st.integers(0, len(others))), data.draw(st.integers(0, len(others)))
    lines = [*others[:first], *block, *others[first:]]
    start, end, hunk = first + 3, first + 5, cut(lines, first + 3, first + 5, "new\n")
    taken, rest = edited(lines, [(first, first + 8, [])])
    put, now = edited(rest, [(to, to, block)])
    for edits in (taken + put, [diff("".join(lines), "".join(now))]):
        at = located("".join(lines), hunk, edits)
        assert at == to + 3 and now[at : at + end - start] == lines[start:end]


@PROPERTY
@given(st.data())
def test_the_page_finds_the_place_that_the_server_finds(page: Page, data: st.DataObject) -> None:
    lines = data.draw(FEW)
    _, _, hunk = data.draw(hunks(lines))
    unchanged = data.draw(st.booleans())
    now = list(lines) if unchanged else data.draw(FEW)
    if data.draw(st.booleans()) and now:
        now[-1] = now[-1].rstrip("\n")
    if data.draw(st.booleans()):
        hunk = hunk.model_copy(update={"lead": "", "trail": ""})
    if data.draw(st.booleans()) and hunk.after:
        hunk = hunk.model_copy(update={"after": hunk.after.rstrip("\n")})
    near, least = data.draw(st.none() | st.integers(0, 16)), data.draw(st.integers(0, 7))
    text = "".join(now)
    assert page.place(text, hunk, near, least) == place(lines_of(text), hunk, near, least)


def test_a_twin_is_not_taken_for_the_hunks_own_line() -> None:
    lines = ["x\n", "keep\n", "x\n", "end\n"]
    hunk = cut(lines, 0, 1, "y\n")
    assert located("".join(lines), hunk, edited(lines, [(0, 1, [])])[0]) is None
    assert located("".join(lines), hunk, edited(lines, [(0, 1, ["other\n"])])[0]) is None


def test_a_line_typed_elsewhere_is_not_taken_for_one_that_was_edited() -> None:
    lines = [f"{number}\n" for number in range(12)]
    hunk, text = cut(lines, 5, 6, "five\n"), Text("".join(lines))
    edited_line = replace(text.text, text.starts[5], text.starts[5], "x")
    now = apply_changes(text.text, edited_line)
    assert located(text.text, hunk, [edited_line, replace(now, 0, 0, "5\n")]) is None


def test_of_a_line_taken_out_the_next_that_reads_the_same_is_another() -> None:
    lines = ["x\n", "y\n", "y\n", "end\n"]
    taken = [replace("x\ny\ny\nend\n", 2, 4, "")]
    assert located("".join(lines), cut(lines, 0, 2, "new\n"), taken) is None


def test_lines_joined_leave_no_place_between_them() -> None:
    lines = ["a\n", "a\n", "b\n"]
    joined = replace("".join(lines), 3, 4, "")
    assert located("".join(lines), cut(lines, 2, 2, "new\n"), [joined]) is None


def test_of_a_file_replaced_as_a_whole_only_what_is_the_same_all_around_is_taken() -> None:
    lines = [f"{number}\n" for number in range(12)]
    hunk = cut(lines, 5, 6, "five\n")
    assert find(Text("".join(["new\n", *lines])), hunk, None, None) == 6
    assert find(Text("".join([*lines, *lines])), hunk, None, None) is None
    assert find(Text("".join([*lines[:5], "5\n", "six\n"])), hunk, None, None) is None


def test_hunks_of_older_logs_stay_with_their_position() -> None:
    lines = ["a\n", "b\n", "c\n"]
    bare = cut(lines, 1, 2, "x\n").model_copy(update={"lead": "", "trail": ""})
    edits, _ = edited(lines, [(0, 0, ["new\n"])])
    assert located("".join(lines), bare, edits) == 2
    assert located("".join(lines), bare, edited(lines, [(1, 2, [])])[0]) is None


def test_a_line_without_an_end_goes_to_the_end_of_the_file_only() -> None:
    lines = ["a\n", "b"]
    hunk = cut(lines, 1, 2, "c")
    assert located("a\nb", hunk, [replace("a\nb", 0, 0, "top\n")]) == 2
    assert located("a\nb", hunk, [replace("a\nb", 3, 3, "\nmore\n")]) is None
