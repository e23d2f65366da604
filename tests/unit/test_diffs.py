"""Unified diffs: put in exactly, or refused with the line."""

from __future__ import annotations

from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.diffs import apply_patch
from interviews.errors import BadInput

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "\n", "-c\n", "+d\n", " e\n", "--- f\n", "@@\n"]), max_size=14).map(
    "".join
)
PATCH = "--- a/x.py\n+++ b/x.py\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
FILES = {"x.py": "one\ntwo\nthree\n", "y.py": "y\n"}


def diff(path: str, old: str, new: str, context: int) -> str:
    lines = unified_diff(old.splitlines(True), new.splitlines(True), f"a/{path}", f"b/{path}", n=context)
    return "".join(lines)


@given(TEXTS, TEXTS, TEXTS, st.integers(0, 3))
def test_it_undoes_what_a_difference_says(old: str, new: str, other: str, context: int) -> None:
    files = {"x.py": old, "deep/y.py": other, "z": "z"}
    patch = diff("x.py", old, new, context) + diff("deep/y.py", other, old, context)
    if patch:
        assert apply_patch(files, patch, "p") == {"x.py": new, "deep/y.py": old, "z": "z"}


def test_what_a_tool_writes_around_it_says_nothing() -> None:
    patch = f"A better number.\n\ndiff --git a/x.py b/x.py\nindex 1..2 100644\n{PATCH}"
    assert apply_patch(FILES, patch, "p") == {**FILES, "x.py": "one\n2\nthree\n"}
    dated = PATCH.replace("a/x.py", "a/x.py\t2026-01-01 10:00:00")
    assert apply_patch(FILES, dated, "p") == {**FILES, "x.py": "one\n2\nthree\n"}


def test_files_come_and_go() -> None:
    made = apply_patch(FILES, "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+a\n+b\n", "p")
    assert made == {**FILES, "new.py": "a\nb\n"}
    assert apply_patch(made, "--- a/new.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n", "p") == FILES


def test_a_last_line_without_a_newline() -> None:
    mark = "\\ No newline at end of file\n"
    patch = f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n{mark}+b\n"
    assert apply_patch({"x": "a"}, patch, "p") == {"x": "b\n"}
    patch = f"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n{mark}"
    assert apply_patch({"x": "a\nc"}, patch, "p") == {"x": "b\nc"}


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        ("", r"p, line 1: expected a unified diff"),
        (PATCH.replace("x.py", "z.py"), r"p, line 3: expected a file that is there, got z\.py"),
        (PATCH.replace("-1,3", "-2,3"), r"p, line 3: expected x\.py to have 'one\\n' in line 2, got 'two\\n'"),
        (PATCH.replace("-two", "-tow"), r"expected x\.py to have 'tow\\n' in line 2, got 'two\\n'"),
        (PATCH.replace("-1,3", "-1,4"), r"p, line 7: expected 4 lines before and 3 after, got 3 and 3"),
        (
            PATCH.replace("@@ -1,3 +1,3 @@", "@@ somewhere @@"),
            r"p, line 3: expected @@ -line,count \+line,count @@, got '@@ som",
        ),
        ("--- a/x.py\n+++ b/x.py\n@@ -9,0 +10 @@\n+a\n", r"p, line 3: expected x\.py to have 9 lines, got 3"),
        ("--- a/x.py\n@@ -1 +1 @@\n", r"p, line 2: expected a line that begins with \+\+\+ "),
        ("--- a/x.py\n+++ b/x.py\n", r"expected a line that begins with @@, got ''"),
        ("@@ -1 +1 @@\n-a\n+b\n", r"p, line 1: expected a line that begins with --- "),
        (PATCH + "+more\n", r"p, line 8: expected a line that begins with --- , got '\+more'"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(patch: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        apply_patch(FILES, patch, "p")
