"""Change sets give exactly what the editor's own give: each property asks CodeMirror through tests/unit/oracle/changes.mjs.

Answers are compared as JSON text, so that 1, 1.0 and true differ. Lone surrogates are among the documents: JSON carries them as
escapes, and so do both sides here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interviews import text

HERE = Path(__file__).resolve().parent
STATE = HERE.parents[1] / "node_modules" / "@codemirror" / "state"
PROPERTY = settings(derandomize=True, deadline=None, max_examples=200)

ALPHABET = [
    "a",
    "b",
    " ",
    "\n",
    "\r",
    "\r\n",
    "é",
    "e\u0301",
    "\u2028",
    "👩\u200d💻",
    "😀",
    "\ud83d",
    "\ude00",
    "\ufeff",
]
DOCS = st.lists(st.sampled_from(ALPHABET), max_size=12).map(lambda parts: text.from_utf16(text.utf16("".join(parts))))
INSERTS = st.lists(st.sampled_from(ALPHABET), max_size=3).map("".join)


class Editor:
    """CodeMirror in one Node process, one question at a time."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(
            [node, str(HERE / "oracle" / "changes.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, op: str, **question: Any) -> Any:
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"op": op, **question}).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer
        return answer["result"]

    def close(self) -> None:
        self._process.communicate(timeout=10)


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not STATE.is_dir():
        pytest.skip("node_modules/@codemirror/state is missing: run `npm ci`")
    editor = Editor(node)
    yield editor
    editor.close()


def same(got: object, expected: object) -> None:
    assert json.dumps(got) == json.dumps(expected)


@st.composite
def change_sets(draw: st.DrawFn, size: int) -> text.Changes:
    """A canonical change set for ``size`` units; cuts fall anywhere, also between the halves of a surrogate pair."""
    sections: text.Changes = []
    left = size
    for _ in range(draw(st.integers(0, 6))):
        span = draw(st.integers(0, min(left, 5)))
        insert = draw(st.none() | INSERTS)
        sections.append(span if insert is None else [span, *insert.split("\n")] if insert else [span])
        left -= span
    sections.append(left)
    return text.dump(text.parse(sections))


def specs(size: int) -> st.SearchStrategy[list[tuple[int, int, str]]]:
    """Changes as an editor extension names them: ranges of one document in any order, overlapping ones too."""
    ends = st.integers(0, size)
    return st.lists(st.tuples(ends, ends, INSERTS).map(lambda s: (min(s[:2]), max(s[:2]), s[2])), max_size=5)


@st.composite
def two_of_one(draw: st.DrawFn) -> tuple[str, text.Changes, text.Changes]:
    doc = draw(DOCS)
    return doc, draw(change_sets(text.length(doc))), draw(change_sets(text.length(doc)))


@st.composite
def two_in_turn(draw: st.DrawFn) -> tuple[str, text.Changes, text.Changes]:
    doc = draw(DOCS)
    first = draw(change_sets(text.length(doc)))
    return doc, first, draw(change_sets(text.length(text.apply_changes(doc, first))))


@PROPERTY
@given(case=two_of_one())
def test_apply_and_invert(editor: Editor, case: tuple[str, text.Changes, text.Changes]) -> None:
    doc, a, _ = case
    after = text.apply_changes(doc, a)
    assert after == editor.ask("apply", doc=doc, a=a)
    inverse = text.invert(a, doc)
    same(inverse, editor.ask("invert", doc=doc, a=a))
    assert text.apply_changes(after, inverse) == doc
    assert text.length_before(inverse) == text.length(after)


@PROPERTY
@given(case=two_in_turn())
def test_compose(editor: Editor, case: tuple[str, text.Changes, text.Changes]) -> None:
    doc, a, b = case
    both = text.compose(a, b)
    same(both, editor.ask("compose", a=a, b=b))
    assert text.apply_changes(doc, both) == text.apply_changes(text.apply_changes(doc, a), b)


@PROPERTY
@given(case=two_of_one(), before=st.booleans())
def test_map(editor: Editor, case: tuple[str, text.Changes, text.Changes], before: bool) -> None:
    _, a, over = case
    same(text.map_changes(a, over, before), editor.ask("map", a=a, over=over, before=before))


@PROPERTY
@given(case=two_of_one())
def test_two_who_edit_at_once_arrive_at_one_text(case: tuple[str, text.Changes, text.Changes]) -> None:
    doc, a, b = case
    a_first = text.apply_changes(text.apply_changes(doc, a), text.map_changes(b, a))
    b_first = text.apply_changes(text.apply_changes(doc, b), text.map_changes(a, b, before=True))
    assert a_first == b_first


@PROPERTY
@given(data=st.data(), doc=DOCS, before=st.booleans())
def test_change_sets_that_the_editor_built(editor: Editor, data: st.DataObject, doc: str, before: bool) -> None:
    size = text.length(doc)
    a, b = (editor.ask("of", specs=data.draw(specs(size)), length=size) for _ in "ab")
    same(text.dump(text.parse(a)), a)
    after = text.apply_changes(doc, a)
    assert after == editor.ask("apply", doc=doc, a=a)
    same(text.invert(a, doc), editor.ask("invert", doc=doc, a=a))
    mapped = text.map_changes(b, a, before)
    same(mapped, editor.ask("map", a=b, over=a, before=before))
    same(text.compose(a, mapped), editor.ask("compose", a=a, b=mapped))


@PROPERTY
@given(case=two_of_one(), data=st.data(), assoc=st.sampled_from([-1, 0, 1]))
def test_map_position(
    editor: Editor, case: tuple[str, text.Changes, text.Changes], data: st.DataObject, assoc: int
) -> None:
    doc, a, _ = case
    pos = data.draw(st.integers(0, text.length(doc)))
    same(text.map_position(a, pos, assoc), editor.ask("position", a=a, pos=pos, assoc=assoc))
    same(text.map_surviving_position(a, pos, assoc), editor.ask("trackedPosition", a=a, pos=pos, assoc=assoc))


@PROPERTY
@given(data=st.data(), doc=DOCS, insert=INSERTS)
def test_replace(editor: Editor, data: st.DataObject, doc: str, insert: str) -> None:
    size = text.length(doc)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))
    same(text.replace(doc, start, end, insert), editor.ask("of", specs=[(start, end, insert)], length=size))


@PROPERTY
@given(data=st.data(), doc=DOCS)
def test_line_offset(editor: Editor, data: st.DataObject, doc: str) -> None:
    line = data.draw(st.integers(1, doc.count("\n") + 1))
    same(text.line_offset(doc, line), editor.ask("lineOffset", doc=doc, line=line))


@pytest.mark.parametrize("doc", ["", "😀", "a😀", "e\u0301x", "a\r\n", "\r\n\n", "\ud83da"])
def test_every_two_changes_of_a_short_document(editor: Editor, doc: str) -> None:
    size = text.length(doc)
    ranges = [(start, end) for start in range(size + 1) for end in range(start, size + 1)]
    changes = [text.replace(doc, start, end, insert) for start, end in ranges for insert in ("", "😀", "\r\n")]
    for a in changes:
        after = text.apply_changes(doc, a)
        assert after == editor.ask("apply", doc=doc, a=a)
        same(text.invert(a, doc), editor.ask("invert", doc=doc, a=a))
        for b in changes:
            for before in (False, True):
                same(text.map_changes(b, a, before), editor.ask("map", a=b, over=a, before=before))
            then = text.map_changes(b, a)
            same(text.compose(a, then), editor.ask("compose", a=a, b=then))
            there = text.apply_changes(text.apply_changes(doc, b), text.map_changes(a, b, before=True))
            assert text.apply_changes(after, then) == there


@pytest.mark.parametrize(
    "line", ["def solve(cells):  # plain\n", "grüße 👩\u200d💻 e\u0301\r\n"], ids=["ascii", "wide"]
)
def test_a_document_of_a_megabyte(editor: Editor, line: str) -> None:
    doc = line * (1_000_000 // len(line.encode()) + 1)
    size = text.length(doc)
    a = text.compose(
        text.replace(doc, size // 2, size // 2 + 9, "x\n😀"),
        [3, [4], size - 9 + 4 - 7, [0, "end", ""]],
    )
    b = text.replace(doc, size // 2 - 2, size // 2 + 5, "y")
    after = text.apply_changes(doc, a)
    assert after == editor.ask("apply", doc=doc, a=a)
    same(text.invert(a, doc), editor.ask("invert", doc=doc, a=a))
    for before in (False, True):
        same(text.map_changes(b, a, before), editor.ask("map", a=b, over=a, before=before))
    then = text.map_changes(b, a)
    same(text.compose(a, then), editor.ask("compose", a=a, b=then))
    change = text.diff(doc, after)
    assert editor.ask("apply", doc=doc, a=change) == after
