"""A file is whole in the log at least every 500 edits, and every minute in which it was edited."""

from __future__ import annotations

import itertools

from interviews import events as e
from interviews.keyframes import LARGE_BYTES, Keyframes

SEQ = itertools.count(1)


def take(keyframes: Keyframes, at_ms: int, *payloads: e.AnyPayload) -> None:
    for data in payloads:
        keyframes.take(e.Event(seq=next(SEQ), at_ms=at_ms, actor="candidate", type=data.type, cause=None, data=data))


def edit(path: str) -> e.FileEdited:
    return e.FileEdited(path=path, version=1, changes=[[0, "x"]], origin="typed", client="c")


def whole(path: str) -> e.FileSnapshotted:
    return e.FileSnapshotted(path=path, version=1, text="", size=0, sha256="0" * 64, origin="starter")


def test_after_five_hundred_edits() -> None:
    keyframes = Keyframes()
    take(keyframes, 0, whole("a.py"), *[edit("a.py")] * 499, edit("b.py"))
    assert keyframes.due(0, {}) == []
    take(keyframes, 0, edit("a.py"))
    assert keyframes.due(0, {}) == ["a.py"]
    take(keyframes, 0, whole("a.py"))
    assert keyframes.due(0, {}) == []


def test_a_minute_after_the_first_edit_and_not_while_nobody_edits() -> None:
    keyframes = Keyframes()
    take(keyframes, 0, whole("a.py"))
    assert keyframes.due(600_000, {}) == []
    take(keyframes, 600_000, edit("a.py"))
    take(keyframes, 630_000, edit("a.py"), edit("b.py"))
    assert keyframes.due(659_999, {}) == []
    assert keyframes.due(660_000, {}) == ["a.py"]
    assert keyframes.due(690_000, {}) == ["a.py", "b.py"]
    take(keyframes, 690_000, whole("a.py"))
    assert keyframes.due(700_000, {}) == ["b.py"]


def test_a_large_file_is_written_as_much_less_often_as_it_is_larger() -> None:
    keyframes, sizes = Keyframes(), {"a.py": 10 * LARGE_BYTES}
    take(keyframes, 0, *[edit("a.py")] * 4_999)
    assert keyframes.due(599_999, sizes) == []
    assert keyframes.due(600_000, sizes) == ["a.py"]
    take(keyframes, 0, edit("a.py"))
    assert keyframes.due(0, sizes) == ["a.py"]


def test_a_deleted_file_needs_none() -> None:
    keyframes = Keyframes()
    take(keyframes, 0, edit("a.py"), e.FileDeleted(path="a.py", origin="typed"))
    assert keyframes.due(600_000, {}) == []
