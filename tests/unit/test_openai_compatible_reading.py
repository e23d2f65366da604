"""Reading server-sent events and the pieces of a Chat Completions message, whatever way they are cut and told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import sse
from assistant.providers.openai_compatible import Cut, Message, Over, Refused, Sent
from interviews.events import Usage

Json = dict[str, Any]
T = TypeVar("T")
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=5)


async def _pieces(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def read(*pieces: bytes) -> list[str]:
    async def all_of_it() -> list[str]:
        return [data async for data in sse.events(_pieces(list(pieces)))]

    return done(all_of_it())


def done(work: Coroutine[Any, Any, T]) -> T:
    """What comes of it, in a thread of its own: a browser's tests leave a loop running in the one of the tests."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream in pieces, some of them empty."""
    at = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[start:end] for start, end in pairwise(at)]


@given(TEXTS, st.lists(st.integers(0, 10_000), max_size=12), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_events_are_the_same_however_the_stream_is_cut(
    texts: list[str], places: list[int], end: str, closed: bool
) -> None:
    events = [f": alive{end}{end}event: x{end}data: {json.dumps(text, ensure_ascii=False)}{end}{end}" for text in texts]
    stream = "".join(events).encode()
    stream = stream if closed else stream[: -2 * len(end)]
    assert [json.loads(data) for data in read(*cut(stream, places))] == texts


@given(st.lists(st.integers(0, 100), max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_data_of_several_lines_is_one_event(places: list[int], end: str) -> None:
    stream = f"data: [1,{end}data:2]{end}id: 7{end}{end}data:3{end}{end}".encode()
    assert read(*cut(stream, places)) == ["[1,\n2]", "3"]


def test_an_error_told_as_a_field_is_an_event() -> None:
    assert read(b'error: {"code": 500}\n\n') == ['{"error": {"code": 500}}']


def test_what_never_ends_is_given_up() -> None:
    with pytest.raises(ValueError, match="at most"):
        read(*[b"data: " + b"x" * 1_000_000] * 5)
    with pytest.raises(ValueError, match="at most"):
        read(*[b"data: " + b"x" * 1_000_000 + b"\n"] * 5)


def test_a_body_that_is_no_json_or_too_long_is_nothing() -> None:
    for pieces in ([b"<html>"], [b""], [b"1" * 1_000_000] * 5, [b"\xff"]):
        assert done(sse.body(_pieces(pieces))) == {}
    assert done(sse.body(_pieces([b'{"a":', b"1}"]))) == {"a": 1}


def heard(*events: Any) -> Message:
    hearing = Message(count(1))
    for event in events:
        hearing.take(event)
    return hearing


def piece(delta: Json, reason: str | None = None, **more: Any) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more}


def call(index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None) -> Json:
    told: Json = {
        "function": {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    }
    told |= {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return piece({"tool_calls": [told]})


WHOLE = [("look", {"a": 1}), ("run", {"b": 2})]
CALLS = [
    [call(0, "x", "look", ""), call(0, arguments='{"a"'), call(0, arguments=": 1}"), call(1, "y", "run", '{"b": 2}')],
    [call(0, "x", "look", '{"a"'), call(1, "y", "run", '{"b"'), call(0, arguments=": 1}"), call(1, arguments=": 2}")],
    # The same id and name with every piece.
    [call(0, "x", "look", '{"a"'), call(0, "x", "look", ": 1}"), call(1, "y", "run", '{"b": 2}')],
    # One index for all, other ids.
    [call(0, "x", "look", '{"a": 1}'), call(0, "y", "run", '{"b"'), call(0, arguments=": 2}")],
    # No index.
    [call(None, "x", "look", '{"a"'), call(None, "x", "look", ": 1}"), call(None, "y", "run", '{"b": 2}')],
    [call(None, "", "look", '{"a"'), call(None, "", "", ": 1}"), call(None, "", "run", '{"b": 2}')],
    # An object in place of its text.
    [call(0, "x", "look", {"a": 1}), call(1, None, "run", {"b": 2})],
]


@pytest.mark.parametrize("events", CALLS)
def test_calls_are_put_together(events: list[Json]) -> None:
    hearing = heard(*events, piece({}, "tool_calls"))
    assert [(one.name, one.given) for one in hearing.calls()] == WHOLE
    assert len({one.id for one in hearing.calls()}) == 2 and all(one.id for one in hearing.calls())
    assert hearing.stop == "tool_use" and hearing.begun


def test_what_is_sent_back_is_what_any_service_takes() -> None:
    hearing = heard(
        call(0, "x", "erase disk!", "[1, 2"), call(1, "y", "", '{"a": "two\nlines"}'), piece({}, "tool_calls")
    )
    content = hearing.content()
    assert content is not None and content["content"] is None
    functions = [one["function"] for one in content["tool_calls"]]
    assert functions == [
        {"name": "erase_disk_", "arguments": "{}"}, {"name": "_", "arguments": '{"a": "two\\nlines"}'},
    ]  # fmt: skip
    assert [bool(one.wrong) for one in hearing.calls()] == [True, False]
    assert heard(piece({"content": "Hi"}, "stop")).content() == {"role": "assistant", "content": "Hi"}
    assert heard(piece({"content": " "}, "stop")).content() is None


@pytest.mark.parametrize(
    ("delta", "text", "begun"),
    [
        ({"role": "assistant", "content": ""}, "", False),
        ({"content": None}, "", False),
        ({"content": "a"}, "a", True),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab", True),
        ({"content": None, "refusal": "No."}, "No.", True),
        ({"reasoning_content": "hm"}, "", True),
        ({"reasoning": "hm"}, "", True),
        ({"content": 7, "tool_calls": None, "function_call": None}, "", False),
        (None, "", False),
    ],
)
def test_what_a_piece_says(delta: Any, text: str, begun: bool) -> None:
    hearing = Message(count(1))
    assert hearing.take(piece(delta)) == text and hearing.begun == begun


def test_other_choices_and_empty_pieces_say_nothing() -> None:
    hearing = Message(count(1))
    other = {"choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {"content": "mine"}}]}
    pieces: list[Json] = [{}, {"choices": []}, {"choices": None}, other]
    assert [hearing.take(one) for one in pieces] == ["", "", "", "mine"]


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 2}, Usage(input_tokens=10, output_tokens=2)),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(input_tokens=2, output_tokens=2, cache_read_tokens=8),
        ),
        ({"prompt_tokens": 10, "prompt_cache_hit_tokens": 4}, Usage(input_tokens=6, cache_read_tokens=4)),
        ({"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}, Usage(cache_read_tokens=3)),
        ({"prompt_tokens": -3, "completion_tokens": "2", "prompt_tokens_details": None}, Usage()),
        (None, Usage(input_tokens=3, output_tokens=2)),
        ({}, Usage(input_tokens=3, output_tokens=2)),
    ],
)
def test_usage_is_what_was_told_else_the_length(told: Any, usage: Usage) -> None:
    assert heard(Sent(9), piece({"content": "Hällo"}), piece({}, "stop", usage=told)).usage == usage


def test_a_message_has_an_end() -> None:
    ends: tuple[list[object], ...] = ([piece({"content": "a"}, "stop"), Over(0)], [piece({"content": "a"}), Over(1)])
    for events in ends:
        assert heard(*events).stop == "end_turn"
    with pytest.raises(Cut):
        heard(piece({"content": "a"}), Over(0))
    with pytest.raises(ValueError, match="got none"):
        heard({"detail": "?"}, Over(1))
    odds: tuple[object, ...] = ([], "text", 7, None)
    for odd in odds:
        with pytest.raises(ValueError, match="JSON object"):
            heard(odd)


@pytest.mark.parametrize(
    ("event", "status", "message"),
    [
        ({"error": {"code": 502, "message": "gone"}}, 502, "gone"),
        ({"error": {"code": "server_error", "message": "gone"}}, 200, "gone"),
        ({"error": "gone"}, 200, "gone"),
        ({"object": "error", "message": "gone", "code": 400}, 400, "gone"),
        ({"error": ["gone"]}, 200, ""),
        ({"error": {"message": {"deep": 1}}}, 200, "{'deep': 1}"),
    ],
)
def test_errors_within_a_stream(event: Json, status: int, message: str) -> None:
    with pytest.raises(Refused) as refused:
        heard(event)
    assert (refused.value.status, refused.value.message) == (status, message)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "stop", "x"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "tool_calls", "function", "arguments", "name", "index", "id", "usage",
                     "prompt_tokens", "finish_reason", "error", "message", "model", "function_call"]
                ),
                inner, max_size=5,
            )
        ),
        max_leaves=20,
    )
)  # fmt: skip
def test_whatever_comes_is_understood_or_refused(event: Any) -> None:
    hearing = Message(count(1))
    try:
        hearing.take({"choices": [event]})
        hearing.take(event)
    except (Refused, ValueError, TypeError):
        pass
    told = json.loads(json.dumps([hearing.content(), hearing.stop, hearing.model, hearing.usage.model_dump()]))
    assert told[1] and all(count >= 0 for count in told[3].values())
    assert [one.id for one in hearing.calls()] == [one["id"] for one in (told[0] or {}).get("tool_calls", [])]
