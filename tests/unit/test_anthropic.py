"""Claude against the loopback Messages API: what is said, what each failure is told as, deadlines and the stop button."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from assistant.base import Ask, Attachment, Delayed, Finished, Limits, Part, Proposal, Spent, TextDelta, ToolCall, Turn
from assistant.briefing import HISTORY
from assistant.driving import TRIES
from assistant.providers import anthropic
from assistant.registry import get
from assistant.rounds import ROUNDS
from interviews.errors import PlatformFailure
from interviews.events import Hunk
from interviews.exercises import load
from tests.loopback.server import Loopback

FILES = {"a.py": "x = 1\nsame\nsame\n", "aaaa.txt": "a" * 40 + "!\n"}
AGAIN = "ask again in a moment"
SETUP = "until the interviewer has set this right"


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback("faults") as running:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.address)
        monkeypatch.delenv("ANTHROPIC_API_KEY_FILE", raising=False)
        assert get("anthropic").check("") == ""  # which loads the SDK, so that no test waits for that
        yield running


def asking(prompt: str, **changes: object) -> Ask:
    ask = Ask(
        turn="a1", prompt=prompt, attachments=(), history=(), files=FILES, versions=dict.fromkeys(FILES, 3),
        exercise=load("prompted-playlists"), brief="", model="", seed=1,
    )  # fmt: skip
    return replace(ask, **changes)  # type: ignore[arg-type] # the fields are named by the tests below


def text(parts: list[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def failing(ask: Ask) -> tuple[list[Part], str]:
    """What came before the failure, and its words."""
    parts: list[Part] = []
    with pytest.raises(PlatformFailure) as failure:
        parts.extend(get("anthropic").reply(ask))
    return parts, str(failure.value)


FAULTS = [
    ("wrong key", "does not accept the key", SETUP, 1),
    ("no credit", "no credit left", SETUP, 1),
    ("billing", "no credit left", SETUP, 1),
    ("permission", "may not use this model", SETUP, 1),
    ("no model", "knows no model named claude-sonnet-5-5", SETUP, 1),
    ("bad request", "did not accept the request", SETUP, 1),
    ("too large", "too long", "Attach less", 1),
    ("limit", "limit for this account", AGAIN, TRIES),
    ("overloaded", "overloaded", AGAIN, TRIES),
    ("broken", "failed on its side", AGAIN, TRIES),
    ("gateway", "failed on its side", AGAIN, TRIES),
    ("timeout", "failed on its side", AGAIN, TRIES),
    ("conflict", "failed on its side", AGAIN, TRIES),
    ("hopeless", "overloaded", AGAIN, 1),
    ("cut at once", "connection to Claude's service broke", AGAIN, 3),
    ("overload at once", "overloaded", AGAIN, 3),
    ("breaks while it thinks", "overloaded", AGAIN, 1),
    ("always too long", "too long for this model", "Attach less", 1),
    ("long prompt", "too long for this model", "Attach less", 1),
]


@pytest.mark.parametrize(("case", "what", "then", "attempts"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_failure_says_what_happened_and_what_comes_next(
    loopback: Loopback, case: str, what: str, then: str, attempts: int
) -> None:
    parts, words = failing(asking(f"case: {case}", limits=Limits(first_token_s=2)))
    assert what in words and then in words
    assert len(loopback.requests) == attempts
    assert len([part for part in parts if isinstance(part, Delayed)]) == attempts - 1


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("cut in the midst", "connection to Claude's service broke"),
        ("ends early", "connection to Claude's service broke"),
        ("overload in the midst", "overloaded"),
        ("garbage", "cannot be understood"),
    ],
)
def test_a_stream_that_breaks_after_text_is_not_begun_anew(loopback: Loopback, case: str, what: str) -> None:
    parts, words = failing(asking(f"case: {case}"))
    assert text(parts).startswith("This sentence") and "end." not in text(parts)
    assert words.startswith("The answer was cut off: ") and what in words and "is kept" in words
    (spent,) = [part for part in parts if isinstance(part, Spent)]
    assert spent.usage.input_tokens > 0 and spent.model
    assert len(loopback.requests) == 1


def test_an_overload_before_the_first_piece_is_tried_again(loopback: Loopback) -> None:
    parts = list(get("anthropic").reply(asking("case: recovers")))
    assert text(parts) == "Here I am after all."
    assert len(loopback.requests) == 3
    assert parts[:2] == [Delayed("Claude's service is overloaded.", 0.01)] * 2


def test_a_stream_that_breaks_before_the_first_piece_is_asked_for_again_after_a_pause(loopback: Loopback) -> None:
    start = time.monotonic()
    parts = list(get("anthropic").reply(asking("case: comes round")))
    waits = [part for part in parts if isinstance(part, Delayed)]
    assert ["overloaded" in waits[0].reason, "broke" in waits[1].reason] == [True, True]
    assert 0.375 <= waits[0].wait_s <= 0.5 and 0.75 <= waits[1].wait_s <= 1
    assert time.monotonic() - start >= waits[0].wait_s + waits[1].wait_s
    assert text(parts) == "Here I am after all."
    # What the attempts cost is told, the failed ones included.
    assert isinstance(parts[-1], Finished) and parts[-1].usage.input_tokens >= 200


@pytest.mark.parametrize("case", ["mute", "slow first"])
def test_a_first_piece_that_does_not_come_is_given_up(loopback: Loopback, case: str) -> None:
    start = time.monotonic()
    parts, words = failing(asking(f"case: {case}", limits=Limits(first_token_s=0.3)))
    assert time.monotonic() - start < 2
    assert text(parts) == "" and "within the time set" in words and AGAIN in words


@pytest.mark.parametrize(("case", "wait"), [("long limit", "60 seconds"), ("dated limit", "86400 seconds")])
def test_a_wait_beyond_the_deadline_fails_at_once_and_says_so(loopback: Loopback, case: str, wait: str) -> None:
    start = time.monotonic()
    parts, words = failing(asking(f"case: {case}"))
    assert time.monotonic() - start < 3
    assert "limit for this account" in words and wait in words and AGAIN in words
    assert not any(isinstance(part, Delayed) for part in parts) and len(loopback.requests) == 1


def test_a_first_piece_within_the_deadline_is_waited_for(loopback: Loopback) -> None:
    parts = list(get("anthropic").reply(asking("case: late but there", limits=Limits(first_token_s=5))))
    assert text(parts) == "Better late than never."


def test_a_service_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    parts, words = failing(asking("hello", limits=Limits(first_token_s=1)))
    assert "could not be reached" in words and AGAIN in words
    assert [part.reason for part in parts if isinstance(part, Delayed)] == ["Claude's service could not be reached."]


@pytest.mark.parametrize("case", ["mute", "slow first", "slow text", "wait"])
def test_stop_ends_the_reply_at_once_and_hangs_up(loopback: Loopback, case: str) -> None:
    pressed = threading.Event()
    timer = threading.Timer(0.5, pressed.set)
    timer.start()
    start = time.monotonic()
    parts = list(get("anthropic").reply(asking(f"case: {case}", cancelled=pressed.is_set)))
    assert 0.4 < time.monotonic() - start < 1.5
    last = parts[-1]
    assert isinstance(last, Finished) and last.stop_reason == "stopped"
    assert "fourteen" not in text(parts)
    if case != "wait":
        while not loopback.dropped:
            assert time.monotonic() - start < 5
            time.sleep(0.02)
    timer.join()


def test_an_iterator_that_is_closed_hangs_up(loopback: Loopback) -> None:
    parts = get("anthropic").reply(asking("case: slow text"))
    assert isinstance(next(parts), TextDelta)
    parts.close()  # type: ignore[attr-defined] # a generator
    deadline = time.monotonic() + 5
    while not loopback.dropped:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_calls_that_do_not_fit_go_back_as_errors_and_the_reply_goes_on(loopback: Loopback) -> None:
    parts = list(get("anthropic").reply(asking("case: bad tool")))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert len(calls) == 11 and not any(call.ok for call in calls)
    for call, words in zip(
        calls,
        ["as JSON", "JSON object, got list", "path", "path", "Expected one of the tools", "does not occur", "occurs 2 times",
         "inside the workspace", "regular expression", "too long", "Expected one of the tools"],
        strict=True,
    ):  # fmt: skip
        assert words in call.output, call
    results = loopback.requests[1].body["messages"][-1]["content"]
    assert [result["is_error"] for result in results] == [True] * 11
    assert text(parts) == "Now I know." and not any(isinstance(part, Proposal) for part in parts)


def test_rounds_are_bounded_and_the_last_is_without_tools(loopback: Loopback) -> None:
    parts = list(get("anthropic").reply(asking("case: endless")))
    assert len(loopback.requests) == ROUNDS + 1
    assert text(parts) == "I give up."
    assert [request.body.get("tool_choice") for request in loopback.requests[-2:]] == [None, {"type": "none"}]


def test_an_answer_that_is_too_long_says_so_and_its_cut_call_is_not_made(loopback: Loopback) -> None:
    parts = list(get("anthropic").reply(asking("case: max tokens")))
    assert text(parts).startswith("A long story\n\n[The answer reached its length limit")
    assert isinstance(parts[-1], Finished) and parts[-1].stop_reason == "max_tokens"
    assert not any(isinstance(part, ToolCall) for part in parts)


def test_an_answer_without_words_is_told(loopback: Loopback) -> None:
    assert text(list(get("anthropic").reply(asking("case: empty")))) == "Claude gave no answer in words."


def test_what_was_proposed_before_a_failure_is_still_offered(loopback: Loopback) -> None:
    parts, words = failing(asking("case: proposes then breaks"))
    (proposal,) = [part for part in parts if isinstance(part, Proposal)]
    assert proposal.title == "Two"
    assert [(hunk.before, hunk.after, hunk.line, hunk.base_version) for hunk in proposal.hunks] == [
        ("x = 1\n", "x = 2\n", 1, 3)
    ]
    assert "cut off" in words and "overloaded" in words


def test_usage_and_model_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(load("prompted-playlists").workspace)
    with Loopback("interview") as loopback:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", loopback.address)
        ask = asking("please fix it", files=files, versions=dict.fromkeys(files, 1), model="claude-test-1")
        last = list(get("anthropic").reply(ask))[-1]
    assert isinstance(last, Finished)
    assert last.model == "claude-test-1"
    usage = last.usage
    assert (usage.input_tokens, usage.output_tokens) == (1200 + 300 + 100 + 400, 40 + 90 + 20 + 30)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (2000 + 2500, 900)
    thinking = loopback.requests[1].body["messages"][1]["content"][0]
    assert thinking == {"type": "thinking", "thinking": "", "signature": "c2lnbmVk"}


def test_the_conversation_is_sent_with_what_became_of_proposals(loopback: Loopback) -> None:
    hunks = [
        Hunk(hunk=f"h{n}", path="a.py", base_version=1, line=n, before=f"old {n}\n", after=f"new {n}\n") for n in (1, 2)
    ]
    history = (
        Turn("first prompt", "first reply", accepted=(hunks[0],), rejected=(hunks[1],), attachments=("a.py",)),
        Turn("second prompt", ""),
    )
    ask = asking(
        "third \ud83d prompt", history=history, attachments=(Attachment("a.py", FILES["a.py"]),), brief="THE BRIEF",
        limits=Limits(effort="low"),
    )  # fmt: skip
    list(get("anthropic").reply(ask))
    body = loopback.requests[0].body
    assert [message["role"] for message in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    said = [message["content"][0]["text"] for message in body["messages"]]
    assert said[0].endswith("first prompt") and "a.py" in said[0] and said[1] == "first reply"
    assert "Accepted by the person, a.py line 1:\n~~~~~~\n- old 1\n+ new 1\n~~~~~~" in said[2]
    assert "Rejected by the person" in said[2]
    assert said[4].endswith("third ? prompt") and FILES["a.py"].strip() in said[4]
    assert "THE BRIEF" in body["system"][0]["text"] and "python project" in body["system"][0]["text"]
    assert body["output_config"] == {"effort": "low"} and body["model"] == anthropic.MODEL


def test_a_conversation_that_grew_long_loses_its_older_half_at_once(loopback: Loopback) -> None:
    history = tuple(Turn(f"prompt {number};", "x" * 10_000) for number in range(40))
    first: list[str] = []
    for number in range(12, 40):
        list(get("anthropic").reply(asking("go on", history=history[:number])))
        messages = loopback.requests[-1].body["messages"]
        assert sum(len(message["content"][0]["text"]) for message in messages) < HISTORY + 10_000
        first.append(messages[0]["content"][0]["text"])
    # What a request begins with changes seldom, so that the service can keep what it has read.
    assert len(set(first)) == 5 and "left out" not in first[0] and all("left out" in text for text in first[5:])


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "set ANTHROPIC_API_KEY"),
        ({"ANTHROPIC_API_KEY": " "}, "set ANTHROPIC_API_KEY"),
        ({"ANTHROPIC_API_KEY": "sk ant"}, "characters that no key has"),
        ({"ANTHROPIC_API_KEY_FILE": "/nowhere/key"}, "cannot be read: No such file"),
    ],
)
def test_a_key_that_is_missing_is_told_without_asking(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], why: str
) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    assert why in get("anthropic").check("")
    assert why in failing(asking("hello"))[1]


def test_the_key_comes_from_a_file_anew_for_each_reply_and_is_nowhere_told(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    file = tmp_path / "key"
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(file))
    file.write_text("sk-ant-wrong-0123\n")
    _parts, words = failing(asking("hello"))
    assert "does not accept the key" in words
    file.write_text("test\n")
    assert text(list(get("anthropic").reply(asking("hello")))) == "Fine."
    told = words + caplog.text
    assert "sk-ant-wrong" not in told


@pytest.mark.parametrize("case", ["echoes the key", "overload in the midst", "cut in the midst", "garbage", "mute"])
def test_the_key_is_in_no_log_and_no_traceback(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    caplog.set_level("DEBUG")
    key = "sk-ant-sentinel-7f3a"
    loopback.player.script = loopback.player.script.model_copy(update={"key": key})
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    with pytest.raises(PlatformFailure) as failure:
        list(get("anthropic").reply(asking(f"case: {case}", limits=Limits(first_token_s=0.5))))
    told = "".join(traceback.format_exception(failure.value)) + caplog.text
    assert key not in told and ("claude, turn a1" in told or case == "mute")
    assert ("[key]" in caplog.text) == (case == "echoes the key")
    assert loopback.requests[0].headers["authorization"] == f"Bearer {key}"


def test_text_of_several_rounds_stands_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(load("prompted-playlists").workspace)
    with Loopback("interview") as loopback:
        monkeypatch.setenv("ANTHROPIC_API_KEY", "test")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", loopback.address)
        parts = list(get("anthropic").reply(asking("please fix it", files=files, versions=dict.fromkeys(files, 1))))
    assert text(parts) == (
        "I will look at the file first.\n\nI changed one line and ran the tests on a copy. Please look at the proposal."
    )
    before = list(takewhile(lambda part: not isinstance(part, ToolCall), parts))
    assert text(before) == "I will look at the file first."


def test_a_service_that_falls_silent_is_given_up(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic, "SILENCE_S", 0.3)
    start = time.monotonic()
    parts, words = failing(asking("case: slow first", limits=Limits(first_token_s=1.2)))
    assert "went silent" in words and AGAIN in words and time.monotonic() - start < 5
    assert [part.reason for part in parts if isinstance(part, Delayed)] == ["Claude's service went silent."]


def test_the_interview_shares_its_brief_only_where_it_says_so(loopback: Loopback) -> None:
    exercise = load("prompted-playlists")
    list(get("anthropic").reply(asking("hello")))
    list(get("anthropic").reply(asking("hello", brief=exercise.brief)))
    without, shared = (request.body["system"][0]["text"] for request in loopback.requests)
    assert exercise.brief[:200] not in without and exercise.brief[:200] in shared
