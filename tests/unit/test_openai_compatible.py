"""Chat Completions against its loopback server: what is said, what servers do in their own way, what each failure is told as."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.base import Ask, Attachment, Delayed, Finished, Limits, Part, Proposal, Spent, TextDelta, ToolCall, Turn
from assistant.driving import TRIES
from assistant.providers import openai_compatible
from assistant.registry import get
from assistant.rounds import ROUNDS
from assistant.tools import definitions
from interviews.errors import PlatformFailure
from interviews.events import Usage
from interviews.exercises import load
from tests.loopback_chat.server import ChatLoopback
from tests.support import secrets, told
from tests.unit.test_anthropic_tools import Bench

FILES = {"a.py": "x = 1\nsame\nsame\n", "b.py": "y\n"}
AGAIN = "ask again in a moment"
SETUP = "until the interviewer has set this right"
NAMES = ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL", "OPENAI_MODEL")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatLoopback]:
    with ChatLoopback("oddities") as running:
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", running.base)
        monkeypatch.setenv("OPENAI_MODEL", "small")
        yield running


def asking(prompt: str, **changes: object) -> Ask:
    ask = Ask(
        turn="a1", prompt=prompt, attachments=(), history=(), files=FILES, versions=dict.fromkeys(FILES, 3),
        exercise=load("prompted-playlists"), brief="", model="", seed=1,
    )  # fmt: skip
    return replace(ask, **changes)  # type: ignore[arg-type] # the fields are named by the tests below


def replied(ask: Ask) -> list[Part]:
    return list(get("openai_compatible").reply(ask))


def text(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def finished(parts: list[Part]) -> Finished:
    last = parts[-1]
    assert isinstance(last, Finished)
    return last


def calls(parts: list[Part]) -> list[ToolCall]:
    return [part for part in parts if isinstance(part, ToolCall)]


def failing(ask: Ask) -> tuple[list[Part], str]:
    """What came before the failure, and its words."""
    parts: list[Part] = []
    with pytest.raises(PlatformFailure) as failure:
        parts.extend(get("openai_compatible").reply(ask))
    return parts, str(failure.value)


FAULTS = [
    ("wrong key", "does not accept the key", SETUP, 1),
    ("no credit", "no credit left", SETUP, 1),
    ("payment", "no credit left", SETUP, 1),
    ("permission", "may not use this model", SETUP, 1),
    ("no model", "knows no model named small", SETUP, 1),
    ("model as text", "knows no model named small", SETUP, 1),
    ("odd model id", "knows no model named small", SETUP, 1),
    ("no such place", "no assistant at the address", SETUP, 1),
    ("moved", "no assistant at the address", SETUP, 1),
    ("no tools", "The model small cannot use tools", SETUP, 1),
    ("window", "too long for this model", "Attach less", 1),
    ("too large", "too long for this model", "Attach less", 1),
    ("bad request", "did not accept the request", SETUP, 1),
    ("limit", "limit for this account", AGAIN, TRIES),
    ("broken", "failed on its side", AGAIN, TRIES),
    ("gateway", "failed on its side", AGAIN, TRIES),
    ("loading", "failed on its side", AGAIN, TRIES),
    ("page as an answer", "cannot be understood", SETUP, 1),
]


@pytest.mark.parametrize(("case", "what", "then", "attempts"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_failure_says_what_happened_and_what_comes_next(
    loopback: ChatLoopback, case: str, what: str, then: str, attempts: int
) -> None:
    parts, words = failing(asking(f"case: {case}"))
    assert what in words and then in words
    assert len(loopback.requests) == attempts
    delays = [part for part in parts if isinstance(part, Delayed)]
    assert len(delays) == attempts - 1 and all(delay.wait_s == 0.01 and delay.reason for delay in delays)


@pytest.mark.parametrize("case", ["cut at once", "error at once", "error as an answer"])
def test_what_fails_before_its_first_piece_is_asked_again(loopback: ChatLoopback, case: str) -> None:
    parts, words = failing(asking(f"case: {case}", limits=Limits(first_token_s=1.2)))
    assert AGAIN in words and "cut off" not in words
    assert 2 <= len(loopback.requests) < TRIES
    assert any(isinstance(part, Delayed) for part in parts)


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("cut in the midst", "connection to small's service broke"),
        ("ends early", "connection to small's service broke"),
        ("error in the midst", "failed on its side"),
        ("code in the midst", "limit for this account"),
        ("garbage", "cannot be understood"),
        ("finish error", "failed on its side"),
    ],
)
def test_a_stream_that_breaks_after_text_is_not_begun_anew(loopback: ChatLoopback, case: str, what: str) -> None:
    parts, words = failing(asking(f"case: {case}"))
    assert text(parts) and "end." not in text(parts)
    assert words.startswith("The answer was cut off: ") and what in words and "is kept" in words
    (spent,) = [part for part in parts if isinstance(part, Spent)]
    assert spent.usage.input_tokens > 0 and spent.usage.output_tokens > 0 and spent.model == "small"
    assert len(loopback.requests) == 1


def test_a_service_that_recovers_is_asked_again(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: recovers"))
    assert text(parts) == "Here I am after all." and len(loopback.requests) == 3


@pytest.mark.parametrize("case", ["mute", "slow first"])
def test_a_first_piece_that_does_not_come_is_given_up(loopback: ChatLoopback, case: str) -> None:
    start = time.monotonic()
    parts, words = failing(asking(f"case: {case}", limits=Limits(first_token_s=0.3)))
    assert time.monotonic() - start < 2
    assert text(parts) == "" and "small did not begin to answer within the time set" in words and AGAIN in words


def test_a_wait_that_is_longer_than_an_answer_is_waited_for_is_told(loopback: ChatLoopback) -> None:
    start = time.monotonic()
    _parts, words = failing(asking("case: long limit", limits=Limits(first_token_s=5)))
    assert time.monotonic() - start < 2
    assert "limit for this account" in words and "60 seconds" in words


def test_a_first_piece_within_the_deadline_is_waited_for(loopback: ChatLoopback) -> None:
    assert text(replied(asking("case: late but there", limits=Limits(first_token_s=5)))) == "Better late than never."


def test_a_service_that_falls_silent_is_given_up(loopback: ChatLoopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_compatible, "SILENCE_S", 0.3)
    start = time.monotonic()
    parts, words = failing(asking("case: silent in the midst"))
    assert text(parts) == "One " and "went silent" in words and time.monotonic() - start < 5


def test_a_service_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    _parts, words = failing(asking("hello", model="small", limits=Limits(first_token_s=0.3)))
    assert "small's service could not be reached" in words and AGAIN in words


@pytest.mark.parametrize("case", ["mute", "slow first", "slow text", "long limit"])
def test_stop_ends_the_reply_at_once_and_hangs_up(loopback: ChatLoopback, case: str) -> None:
    pressed = threading.Event()
    timer = threading.Timer(0.5, pressed.set)
    timer.start()
    start = time.monotonic()
    parts = replied(asking(f"case: {case}", cancelled=pressed.is_set, limits=Limits(first_token_s=100)))
    assert 0.4 < time.monotonic() - start < 1.5
    assert finished(parts).stop_reason == "stopped" and "fourteen" not in text(parts)
    assert (finished(parts).usage.input_tokens > 0) == (case in ("slow first", "slow text"))
    if case != "long limit":
        while not loopback.dropped:
            assert time.monotonic() - start < 5
            time.sleep(0.02)
    timer.join()


def test_an_iterator_that_is_closed_hangs_up(loopback: ChatLoopback) -> None:
    parts = get("openai_compatible").reply(asking("case: slow text"))
    assert isinstance(next(parts), TextDelta)
    parts.close()  # type: ignore[attr-defined] # a generator
    deadline = time.monotonic() + 5
    while not loopback.dropped:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("no done", "No mark at the end."),
        ("null at the end", "No reason at the end."),
        ("alive", "Words and a line\u2028separator."),
        ("whole", "All at once."),
        ("thinks first", "I see."),
        ("another reason", "As I like."),
        ("empty", "small gave no answer in words."),
    ],
)
def test_ends_and_forms_that_servers_have_of_their_own(loopback: ChatLoopback, case: str, said: str) -> None:
    parts = replied(asking(f"case: {case}"))
    assert text(parts) == said and finished(parts).stop_reason == "end_turn"
    assert finished(parts).usage == Usage(input_tokens=100, output_tokens=20)


@pytest.mark.parametrize(("case", "within_s"), [("held without a mark", 4), ("held open behind its mark", 2)])
def test_a_connection_that_is_held_open_behind_the_end_is_let_go(
    loopback: ChatLoopback, monkeypatch: pytest.MonkeyPatch, case: str, within_s: float
) -> None:
    start = time.monotonic()
    parts = replied(asking(f"case: {case}"))
    assert text(parts) and finished(parts).stop_reason == "end_turn" and time.monotonic() - start < within_s
    assert finished(parts).usage == Usage(input_tokens=100, output_tokens=20)


def test_one_connection_serves_every_round(loopback: ChatLoopback) -> None:
    replied(asking("case: endless"))
    assert len(loopback.requests) == ROUNDS + 1 and loopback.connections == 1


def test_a_stream_with_neither_a_reason_nor_a_mark_at_its_end_was_cut(loopback: ChatLoopback) -> None:
    parts, words = failing(asking("case: neither"))
    assert text(parts) == "Nothing at the end." and "cut off" in words


@pytest.mark.parametrize("case", ["calls without ids", "calls in one piece", "calls in one body"])
def test_tool_calls_in_every_form(loopback: ChatLoopback, case: str) -> None:
    parts = replied(asking(f"case: {case}"))
    assert [(call.tool, call.input, call.ok) for call in calls(parts)] == [
        ("list_files", {}, True), ("read_file", {"path": "a.py"}, True),
    ]  # fmt: skip
    said, *results = loopback.requests[1].body["messages"][-3:]
    assert [call["id"] for call in said["tool_calls"]] == [result["tool_call_id"] for result in results]
    assert len({call["id"] for call in said["tool_calls"]}) == 2
    assert "a.py" in results[0]["content"] and "x = 1" in results[1]["content"]
    assert text(parts) == "Now I know."


def test_a_function_call_of_old_is_a_tool_call(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: old function"))
    assert [(call.tool, call.input, call.ok) for call in calls(parts)] == [("read_file", {"path": "a.py"}, True)]
    assert text(parts) == "Now I know."


def test_calls_that_do_not_fit_go_back_as_errors_and_the_reply_goes_on(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: bad tool"))
    for call, words in zip(
        calls(parts), ["as JSON", "JSON object, got list", "path", "Expected one of the tools"], strict=True
    ):
        assert words in call.output and not call.ok
    results = loopback.requests[1].body["messages"][-4:]
    assert all(result["role"] == "tool" and result["content"].startswith("Error: ") for result in results)
    assert text(parts) == "Now I know."


def test_rounds_are_bounded_and_the_last_is_without_tools(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: endless"))
    assert len(loopback.requests) == ROUNDS + 1 and text(parts) == "I give up."
    assert [request.body.get("tool_choice") for request in loopback.requests[-2:]] == [None, "none"]


def test_a_model_that_calls_on_where_it_may_not_is_ended(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: never learns"))
    assert len(loopback.requests) == ROUNDS + 1
    assert finished(parts).stop_reason == "max_rounds" and "as often as it may" in text(parts)


def test_an_answer_that_is_too_long_says_so_and_its_cut_call_is_not_made(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: max tokens"))
    assert text(parts).startswith("A long story\n\n[The answer reached its length limit")
    assert finished(parts).stop_reason == "max_tokens" and not calls(parts)


@pytest.mark.parametrize("case", ["filtered", "filter in the midst of a call"])
def test_what_the_service_filters_is_told_and_calls_for_nothing(loopback: ChatLoopback, case: str) -> None:
    parts = replied(asking(f"case: {case}"))
    assert "small declined to answer this." in text(parts) and finished(parts).stop_reason == "refusal"
    assert not calls(parts)


def test_a_reason_that_is_not_known_is_told(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: a reason of its own"))
    assert "without a reason that is known" in text(parts) and finished(parts).stop_reason == "unknown"


def test_what_was_proposed_before_a_failure_is_still_offered(loopback: ChatLoopback) -> None:
    parts, words = failing(asking("case: proposes then breaks"))
    (proposal,) = [part for part in parts if isinstance(part, Proposal)]
    assert proposal.title == "Two"
    assert [(hunk.before, hunk.after) for hunk in proposal.hunks] == [("x = 1\n", "x = 2\n")]
    assert "cut off" in words


def test_a_budget_that_is_used_up_ends_the_answer_between_requests(loopback: ChatLoopback) -> None:
    asked: list[tuple[Usage, str]] = []

    def afford(usage: Usage, model: str) -> bool:
        asked.append((usage, model))
        return len(asked) < 2

    parts = replied(asking("case: endless", afford=afford))
    assert len(loopback.requests) == 2 and finished(parts).stop_reason == "budget"
    assert asked == [(Usage(input_tokens=100 * n, output_tokens=20 * n), "small") for n in (1, 2)]


def test_what_a_server_refuses_is_left_out_from_then_on(loopback: ChatLoopback) -> None:
    parts = replied(asking("case: no stream options"))
    assert text(parts) == "Uncounted."
    first, second = (request.body for request in loopback.requests)
    assert first["stream_options"] == {"include_usage": True} and first.keys() - second.keys() == {"stream_options"}
    usage = finished(parts).usage
    assert usage == Usage(input_tokens=-(-len(loopback.requests[1].raw) // 4), output_tokens=3)


def test_effort_is_asked_for_where_it_is_known(loopback: ChatLoopback) -> None:
    assert text(replied(asking("case: no effort", limits=Limits(effort="max")))) == "As hard as I like."
    first, second = (request.body for request in loopback.requests)
    assert first["reasoning_effort"] == "xhigh" and first.keys() - second.keys() == {"reasoning_effort"}
    replied(asking("hello", limits=Limits(effort="low")))
    assert loopback.requests[-1].body["reasoning_effort"] == "low"
    replied(asking("hello"))
    assert "reasoning_effort" not in loopback.requests[-1].body


def test_a_server_that_does_not_count_is_counted_by_length(loopback: ChatLoopback) -> None:
    usage = finished(replied(asking("case: uncounted"))).usage
    assert usage == Usage(input_tokens=-(-len(loopback.requests[0].raw) // 4), output_tokens=5)


def test_usage_and_model_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(load("prompted-playlists").workspace)
    with ChatLoopback("interview") as loopback:
        monkeypatch.setenv("OPENAI_API_KEY", "test")
        monkeypatch.setenv("OPENAI_BASE_URL", loopback.base)
        ask = asking(
            "please fix it", files=files, versions=dict.fromkeys(files, 1), model="other", bench=Bench(), mode="agent"
        )
        parts = replied(ask)
    assert finished(parts).model == "other"
    assert finished(parts).usage == Usage(
        input_tokens=1200 + 300 + 100 + 400, output_tokens=40 + 90 + 20 + 30, cache_read_tokens=2000 + 2500
    )
    assert [call.tool for call in calls(parts)] == [
        "list_files", "read_file", "search", "propose_edit", "run_tests", "run_command",
    ]  # fmt: skip
    assert text(parts) == (
        "I will look at the file first.\n\nI changed one line and ran the tests on a copy. Please look at the proposal."
    )
    assert [tool["function"]["name"] for tool in loopback.requests[0].body["tools"]] == [
        tool.name for tool in definitions(ask)
    ]


def test_talk_alone_is_asked_for_without_tools(loopback: ChatLoopback) -> None:
    replied(asking("hello", mode="chat"))
    assert "tools" not in loopback.requests[0].body and "tool_choice" not in loopback.requests[0].body


def test_the_conversation_is_sent(loopback: ChatLoopback) -> None:
    history = (Turn("first prompt", "first reply", attachments=("a.py",)), Turn("second prompt", ""))
    replied(
        asking(
            "third \ud83d prompt", history=history, attachments=(Attachment("a.py", FILES["a.py"]),), brief="THE BRIEF"
        )
    )
    messages = loopback.requests[0].body["messages"]
    assert [message["role"] for message in messages] == ["system", *["user", "assistant"] * 2, "user"]
    assert "THE BRIEF" in messages[0]["content"] and "python project" in messages[0]["content"]
    assert messages[1]["content"].endswith("first prompt") and messages[2]["content"] == "first reply"
    assert messages[-1]["content"].endswith("third ? prompt") and FILES["a.py"].strip() in messages[-1]["content"]


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "set OPENAI_API_KEY"),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1/"}, "set OPENAI_API_KEY"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "sk odd"}, "characters that no key has"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY_FILE": "/nowhere/key"}, "No such file"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, "set PAIRSIGHT_MODEL or OPENAI_MODEL"),
        ({"OPENAI_BASE_URL": "127.0.0.1:9"}, "no address of a service"),
        ({"OPENAI_BASE_URL": "ftp://127.0.0.1/v1"}, "no address of a service"),
        ({"OPENAI_BASE_URL": "http://127.0.0.1:port/v1"}, "no address of a service"),
        ({"OPENAI_BASE_URL": "https://me:sk-secret@gateway/v1"}, "without a key in it"),
        ({"OPENAI_BASE_URL": "https://gateway/v1?key=sk-secret"}, "without a key in it"),
    ],
)
def test_what_is_not_set_is_told_without_asking(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], why: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    told = get("openai_compatible").check("")
    assert why in told and "sk-secret" not in told
    assert why in failing(asking("hello"))[1]


def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    with ChatLoopback("oddities") as loopback:
        loopback.player.script = loopback.player.script.model_copy(update={"key": ""})
        monkeypatch.setenv("OPENAI_BASE_URL", loopback.base + "/")
        assert get("openai_compatible").check("small") == ""
        assert text(replied(asking("hello", model="small"))) == "Fine."
        assert "authorization" not in loopback.requests[0].headers


def test_the_key_comes_from_a_file_anew_for_each_reply_and_is_nowhere_told(
    loopback: ChatLoopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    file = tmp_path / "key"
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(file))
    file.write_text("sk-wrong-0123\n")
    _parts, words = failing(asking("hello"))
    assert "does not accept the key" in words
    file.write_text("test\n")
    assert text(replied(asking("hello"))) == "Fine."
    assert "sk-wrong" not in words + caplog.text


def test_the_key_is_in_its_header_alone_and_no_secret_of_the_exercise_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte as it leaves, in front of any HTTP library: a socket that reads and hangs up."""
    exercise = load("prompted-playlists")
    files = dict(exercise.workspace)
    key = "sk-of-one-use-000111"
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("OPENAI_API_KEY", key)
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}/v1")

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(1)
                sent.append(connection.recv(1 << 20))
                head, _, body = sent[0].partition(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                while len(body) < length:
                    sent.append(connection.recv(1 << 20))
                    body += sent[-1]
                connection.sendall(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\n{}")

        thread = threading.Thread(target=serve)
        thread.start()
        history = (Turn("hello", "hi", attachments=tuple(files)),)
        attachments = tuple(Attachment(name, text) for name, text in files.items())
        failing(
            asking(
                "hello",
                model="m",
                files=files,
                versions=dict.fromkeys(files, 1),
                attachments=attachments,
                history=history,
            )
        )
        thread.join(5)
    everything = b"".join(sent)
    head, _, body = everything.partition(b"\r\n\r\n")
    assert everything.count(key.encode()) == 1
    assert [line for line in head.lower().split(b"\r\n") if key.encode() in line] == [
        f"authorization: bearer {key}".encode()
    ]
    assert not any(line.startswith((b"cookie", b"openai", b"x-")) for line in head.lower().split(b"\r\n"))
    bodies = json.loads(body)
    assert len(secrets(exercise)) > 100 and told(secrets(exercise), bodies) == []
    assert told([files["playlists/request.py"][:200]], bodies), "what may be sent is found"
