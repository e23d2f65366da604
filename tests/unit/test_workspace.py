"""The short way to put in an edit of one place, beside the long way that takes any."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interviews.events import Json
from rubrics.reading.workspace import PASTED, TYPED, File, _changed, _one_change

lines = st.text(alphabet="ab\n\r\U0001f600é\ud800", max_size=3)
sizes = st.integers(-1, 9) | st.booleans() | st.none()
parts = st.lists(sizes | lines, max_size=4)
shapes = st.lists(sizes | parts, max_size=4) | st.none() | st.just("x")


@st.composite
def fitting(draw: st.DrawFn, text: str) -> list[Json]:
    """An edit of one place, as an editor writes it."""
    start = draw(st.integers(0, len(text)))
    gone = draw(st.integers(0, len(text) - start))
    kept = len(text) - start - gone
    part = [gone, *draw(st.lists(st.text(alphabet="ab", max_size=3), max_size=3))]
    return [*([start] if start or draw(st.booleans()) else []), part, *([kept] if kept or draw(st.booleans()) else [])]


@given(st.text(alphabet="ab\n", max_size=9), st.data())
def test_an_edit_of_one_place_is_put_in_as_any(text: str, data: st.DataObject) -> None:
    changes = data.draw(fitting(text))
    before = File(text, bytes([PASTED]) * len(text), 3)
    after = _one_change(before, changes, TYPED, 7)
    assert after is not None and after == _changed(before, changes, TYPED, 7)


@given(st.text(alphabet="ab\né\U0001f600", max_size=6), shapes)
def test_what_the_short_way_takes_is_what_the_long_way_makes_of_it(text: str, changes: Json) -> None:
    before = File(text, bytes(len(text.encode("utf-16-le")) // 2))
    after = _one_change(before, changes, TYPED, 7)
    assert after is None or after == _changed(before, changes, TYPED, 7)
