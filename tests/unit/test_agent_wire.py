"""Frames, characters and paths: what the agent and its client agree on."""

from __future__ import annotations

import contextlib
import os
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.agent import (
    MAX_BODY,
    MAX_HEADER,
    Decoder,
    FrameError,
    Header,
    Refused,
    integer,
    pack,
    pack_all,
    pack_rows,
    plain,
    rows,
    split,
    whole_characters,
)

HEADERS = st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=20) | st.none(), max_size=4)


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=300)), max_size=5), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_back_however_the_stream_is_cut(frames: list[tuple[Header, bytes]], cuts: list[int]) -> None:
    stream = b"".join(pack(header, body) for header, body in frames)
    decoder, found, at, turn = Decoder(), [], 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += list(decoder.feed(stream[at : at + size]))
        at, turn = at + size, turn + 1
    assert found == frames


@given(st.binary(max_size=400), st.booleans())
def test_garbage_is_refused_or_waited_on(data: bytes, framed: bool) -> None:
    decoder = Decoder()
    with contextlib.suppress(FrameError):
        for header, body in decoder.feed(b"PS" + data if framed else data):
            assert isinstance(header, dict)
            assert isinstance(body, bytes)


@pytest.mark.parametrize(
    "head", [b"[]", b"1", b"null", b"{", b"[" * 9000, b"\xff\xfe", b'{"a": 1} x', b"", b'{"a":' * 3000]
)
def test_a_header_that_is_no_object_is_refused(head: bytes) -> None:
    frame = b"PS" + len(head).to_bytes(2, "big") + (0).to_bytes(4, "big") + head
    with pytest.raises(FrameError):
        list(Decoder().feed(frame))


def test_a_frame_cannot_announce_more_than_fits() -> None:
    for head, body in ((MAX_HEADER + 1, 0), (0, MAX_BODY + 1), (0, 0xFFFFFFFF)):
        with pytest.raises(FrameError):
            list(Decoder().feed(b"PS" + head.to_bytes(2, "big") + body.to_bytes(4, "big")))
    with pytest.raises(FrameError):
        pack({"path": "x" * MAX_HEADER})


def test_a_long_body_is_cut_into_frames() -> None:
    body = bytes(range(256)) * 4096
    frames = [frame for part in pack_all({"id": 7, "op": "write"}, body) for frame in Decoder().feed(part)]
    assert [header for header, _ in frames] == [{"id": 7, "more": True}] * 3 + [{"id": 7, "op": "write"}]
    assert b"".join(part for _, part in frames) == body


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=10))
def test_tables_come_back(table: list[tuple[str, str, str]]) -> None:
    assert rows(pack_rows(table), 3, 10) == table


@given(st.binary(max_size=100), st.integers(1, 4), st.integers(0, 9))
def test_any_bytes_are_a_table_or_refused(data: bytes, width: int, most: int) -> None:
    try:
        found = rows(data, width, most)
    except FrameError:
        return
    assert len(found) <= most
    assert pack_rows(found) == data
    assert all(len(row) == width for row in found)


def test_a_table_is_counted_before_it_is_taken_apart() -> None:
    data = bytes(32 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(FrameError):
            rows(data, 2, 1000)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


@given(st.text(), st.integers(0, 50))
def test_a_cut_never_splits_a_character(text: str, at: int) -> None:
    data = text.encode()[:at]
    cut = whole_characters(data)
    data[:cut].decode()
    assert len(data) - cut < 4


@given(st.binary())
def test_bytes_that_are_no_text_are_held_back_by_three_at_most(data: bytes) -> None:
    assert 0 <= len(data) - whole_characters(data) <= 3


@given(st.text())
def test_a_path_is_split_or_refused_and_never_leaves(path: str) -> None:
    parts = None
    with contextlib.suppress(Refused):
        parts = split(path)
    if parts is None:
        return
    assert "/".join(parts) == path
    assert not {"", ".", ".."} & set(parts)
    os.fsencode(path).decode()


def test_names_are_text() -> None:
    assert all(map(plain, ["a b", "ünï", "漢字.py", "😀", "a\u00a0b"]))
    assert not any(map(plain, ["a\nb", "\x1b[31m", "\x7f", "\x85", "\udcff"]))


@pytest.mark.parametrize("value", [None, "3", 3.0, True, -1, 11, [], {}])
def test_a_number_is_a_number(value: object) -> None:
    with pytest.raises(Refused, match="bad_request"):
        integer({"n": value}, "n", 0, 10)
