"""Three texts to one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.merge import merge
from assistant.templates import Line

BASE = list("abcdef")
texts = st.lists(st.sampled_from("abcxy"), max_size=8)


def lines(text: str | list[str]) -> list[Line]:
    return [Line(letter) for letter in text]


def merged(base: str, mine: str, theirs: str) -> str | None:
    result = merge(list(base), lines(mine), lines(theirs))
    return None if result is None else "".join(line.text for line in result)


def test_changes_apart_are_both_kept() -> None:
    assert merged("abcdef", "aXcdef", "abcdeY") == "aXcdeY"
    assert merged("abcdef", "acdef", "abcdefY") == "acdefY"


def test_the_same_change_is_made_once() -> None:
    assert merged("abcdef", "aXcdef", "aXcdeY") == "aXcdeY"


def test_insertions_at_one_place_are_both_kept_mine_first() -> None:
    assert merged("abc", "aXbc", "aYbc") == "aXYbc"


def test_different_changes_of_one_line_have_no_result() -> None:
    assert merged("abc", "aXc", "aYc") is None
    assert merged("abc", "aXc", "ac") is None


def test_lines_side_by_side_go_together_where_somebody_looks_at_it() -> None:
    assert merged("abcd", "aXcd", "abYd") is None
    assert merge(list("abcd"), lines("aXcd"), lines("abYd"), beside=True) == lines("aXYd")
    assert merge(list("abc"), lines("abXc"), lines("aYc"), beside=True) == lines("aYXc")
    assert merge(list("abcd"), lines("abXcd"), lines("aYd"), beside=True) is None


def test_lines_that_were_kept_have_their_marks() -> None:
    theirs = [Line("a", frozenset({"x"})), Line("b", frozenset({"y"}))]
    result = merge(["a", "b"], lines("aXb"), theirs)
    assert result == [theirs[0], Line("X"), theirs[1]]


@given(texts, texts)
def test_who_changed_nothing_gets_the_other(base: list[str], other: list[str]) -> None:
    assert merge(base, lines(base), lines(other)) == lines(other)
    assert merge(base, lines(other), lines(base)) == lines(other)


@given(texts, texts, texts, st.booleans())
def test_a_change_of_mine_is_never_lost(base: list[str], mine: list[str], theirs: list[str], beside: bool) -> None:
    result = merge(base, lines(mine), lines(theirs), beside=beside)
    if result is not None:
        got = [line.text for line in result]
        for letter in set(mine):
            assert got.count(letter) >= mine.count(letter) - base.count(letter)
