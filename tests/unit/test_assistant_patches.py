"""Definitions found and replaced, and the hunks that make the difference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.patches import Draft, Rendered, change, find, hunks, names
from assistant.syntax import parsed
from assistant.templates import Line, lines_of, render, render_code
from interviews.errors import BadInput
from interviews.events import HunkNote
from tests.unit.assistant_talk import applied

SOURCE = '''"""A module."""

from __future__ import annotations

import os
import zlib

LIMIT = 3


@cached
@other(
    1,
)
def first(
    a: int,
) -> int:
    """Doc."""

    return a


class Second:
    x: int = 1

    def first(self) -> None: ...


async def third() -> None:
    pass
'''


def piece(name: str, code: str, **rest: object) -> Rendered:
    values: dict[str, object] = {"after": "", "gap": 2, "new": False, "imports": (), **rest}
    return Rendered(piece="p", path="a.py", name=name, lines=tuple(render_code(code, {}, "p")), **values)  # type: ignore[arg-type]  # values of several types


def cut(old: str, draft: Draft, full: list[Line] | None = None) -> tuple[dict[str, str], list[HunkNote]]:
    """The files after all hunks, and the notes."""
    pairs = hunks("a.py", 3, old, draft.lines, full or draft.lines, (f"h{n}" for n in count(1)))
    return applied({"a.py": old}, [hunk for hunk, _ in pairs]), [note for _, note in pairs]


@pytest.mark.parametrize("broken", [False, True])
@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("LIMIT", "LIMIT = 3", "LIMIT = 3"),
        ("first", "@cached", "    return a"),
        ("Second", "class Second:", "    def first(self) -> None: ..."),
        ("third", "async def third() -> None:", "    pass"),
    ],
)
def test_a_definition_is_found_whole(name: str, first: str, last: str, broken: bool) -> None:
    text = SOURCE + "\ndef half(:\n" if broken else SOURCE
    if broken and name == "first":
        first = "def first("  # without a parser, decorators of several lines stay as they are
    span = find(text, name)
    assert span is not None
    lines = lines_of(text)[span[0] : span[1]]
    assert (lines[0], lines[-1]) == (first + "\n", last + "\n")


def test_what_is_not_there_is_not_found() -> None:
    assert find(SOURCE, "firs") is None
    assert find(SOURCE + "def half(:", "x") is None
    assert names(SOURCE) == ["LIMIT", "first", "Second", "third"]


def test_a_definition_is_replaced_and_the_rest_stays() -> None:
    draft = change(SOURCE, [piece("third", "async def third() -> int:\n    return 3\n")])
    assert draft.text == SOURCE.replace("-> None:\n    pass", "-> int:\n    return 3")
    assert draft.lost == []


def test_a_definition_that_is_gone_is_named_and_put_at_the_end() -> None:
    draft = change(SOURCE, [piece("fourth", "def fourth() -> None: ...\n")])
    assert draft.lost == ["fourth"]
    assert draft.text == SOURCE + "\n\ndef fourth() -> None: ...\n"


def test_a_new_definition_goes_after_its_anchor() -> None:
    draft = change(SOURCE, [piece("OTHER", "OTHER = 4\n", after="LIMIT", gap=0, new=True)])
    assert draft.lost == []
    assert "LIMIT = 3\nOTHER = 4\n\n\n@cached" in draft.text
    draft = change(SOURCE, [piece("OTHER", "OTHER = 4\n", after="imports", gap=1, new=True)])
    assert "import zlib\n\nOTHER = 4\n\nLIMIT = 3\n" in draft.text


def test_a_text_without_a_last_newline_gets_one() -> None:
    draft = change("x = 1", [piece("y", "y = 2\n", new=True, gap=0)])
    assert draft.text == "x = 1\ny = 2\n"
    assert cut("x = 1", draft)[0] == {"a.py": "x = 1\ny = 2\n"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import os\nimport zlib\n", "import os\nimport random\nimport zlib\n"),
        ("import random\n", "import random\n"),
        (
            "from __future__ import annotations\n\nfrom a import b\n",
            "from __future__ import annotations\n\nimport random\n\nfrom a import b\n",
        ),
        ("from __future__ import annotations\n", "from __future__ import annotations\n\nimport random\n"),
        ("x = 1\n", "import random\n\nx = 1\n"),
    ],
)
def test_imports_are_added_once_and_in_place(before: str, after: str) -> None:
    draft = change(before + "\n\nLAST = 1\n", [piece("LAST", "LAST = 1\n", imports=("import random",))])
    assert draft.text == after + "\n\nLAST = 1\n"


def test_marks_become_notes_and_leave_no_trace() -> None:
    old = "def f():\n    return 1\n\n\ndef g():\n    return 1\n"
    code = "def f():\n    a = 2  #~ atom:x\n    return a  #~ atom:y defect:wrong\n"
    draft = change(old, [piece("f", code)])
    assert "#~" not in draft.text
    files, notes = cut(old, draft)
    assert files == {"a.py": draft.text}
    assert notes == [HunkNote(hunk="h1", touches=("x", "y"), honours=("x", "y"), defect="wrong")]


def test_a_hunk_touches_what_it_could_have_honoured() -> None:
    old = "def f():\n    return 1\n\n\ndef g():\n    return 1\n"
    poor = change(old, [piece("f", "def f():\n    return 2  #~ atom:x\n")])
    rich = change(old, [piece("f", "def f():\n    check()  #~ atom:y\n    return 2  #~ atom:x\n")])
    far = change(rich.text, [piece("g", "def g():\n    return 3  #~ atom:z\n")])
    _, notes = cut(old, poor, [*rich.lines[:3], *far.lines[3:]])
    assert [(note.touches, note.honours) for note in notes] == [(("x", "y"), ("x",))]


def test_two_defects_never_share_a_hunk() -> None:
    old = "def f():\n    a = 1\n    b = 1\n    c = 1\n    return a\n"
    code = "def f():\n    a = 2  #~ defect:one\n    b = 1\n    c = 2  #~ defect:two\n    return a\n"
    _, notes = cut(old, change(old, [piece("f", code)]))
    assert [note.defect for note in notes] == ["one", "two"]


def test_near_changes_of_one_definition_are_one_hunk() -> None:
    old = "def f():\n    a = 1\n    b = 1\n    c = 1\n    return a\n"
    code = "def f():\n    a = 2\n    b = 1\n    c = 2\n    return a\n"
    assert len(cut(old, change(old, [piece("f", code)]))[1]) == 1


@given(st.lists(st.sampled_from("abc\n"), max_size=12), st.lists(st.sampled_from("abcd\n"), max_size=12))
def test_hunks_make_the_new_text(old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    files, _ = cut(before, Draft([Line(line) for line in lines_of(after)]))
    assert files["a.py"] == after


@pytest.mark.parametrize("template", ["{{ missing }}", "%% if\nx", "{{ ''.__class__.__mro__ }}", "{{ open }}"])
def test_a_bad_template_is_named(template: str) -> None:
    with pytest.raises(BadInput, match="template"):
        render(template, {})


def test_a_bad_mark_is_named() -> None:
    with pytest.raises(BadInput, match="got atm:x"):
        render_code("a = 1  #~ atm:x\n", {}, "p")


@pytest.mark.parametrize(
    "text", ["def broken(:\n", "x = " + "(" * 5000, "a = 1\0", "-" * 200_000 + "1", "a" + ".b" * 20_000]
)
def test_python_that_cannot_be_read_is_none(text: str) -> None:
    assert parsed(text) is None


def test_many_read_python_at_once() -> None:
    source = "\n".join(f"def f{n}(a, b=[{n}]):\n    return {{a: (b, {{'x': [{n}, -{n}]}})}}\n" for n in range(40))
    with ThreadPoolExecutor(8) as pool:
        assert all(tree is not None and len(tree.body) == 40 for tree in pool.map(parsed, [source] * 200))
