"""Claude as a judge over the loopback Messages API: what is really sent, and that whatever fails is a reason and no grade."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant import judging
from assistant.judges import anthropic as adapter
from assistant.judging import Told
from interviews.errors import BadInput
from rubrics.judging.prompt import Request
from tests.judged import MODEL, asked, given, prompts_of, told
from tests.loopback.judging import KEY, Judging, Spoken
from tests.loopback.script import Body

STORY = told()
REQUEST = asked(STORY).requests()[0]
SAID = next(iter(prompts_of(STORY).items()))
Speak = Callable[[Body, int], Spoken]


@contextmanager
def playing(speak: Speak, key: str = KEY) -> Iterator[Judging]:
    """The service as long as the block lasts, and the judge led to it."""
    with Judging(speak=speak) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", key)
        patch.setenv("ANTHROPIC_BASE_URL", running.address)
        patch.delenv("ANTHROPIC_API_KEY_FILE", raising=False)
        yield running


def ask(speak: Speak, model: str = MODEL, request: Request = REQUEST) -> Told:
    with playing(speak):
        return judging.get("anthropic").ask(request, model)


def answering(_body: Body, _number: int) -> Spoken:
    return Spoken(given(REQUEST, 4, SAID))


def test_the_tool_is_forced_and_nothing_else_is_sent() -> None:
    with playing(answering) as service:
        found = judging.get("anthropic").ask(REQUEST, MODEL)
    assert found.given == given(REQUEST, 4, SAID) and found.failed == ""
    assert (found.usage.input_tokens, found.usage.output_tokens, found.usage.cache_read_tokens) == (40, 60, 900)
    (body,) = service.bodies
    assert body["tool_choice"] == {"type": "tool", "name": "give_judgement", "disable_parallel_tool_use": True}
    assert body["thinking"] == {"type": "disabled"}
    (tool,) = body["tools"]
    assert tool["strict"] is True and tool == json.loads(json.dumps(REQUEST.tool))
    assert tool["input_schema"]["properties"]["choice"]["enum"] == sorted(REQUEST.levels)
    assert tool["input_schema"]["additionalProperties"] is False
    (message,) = body["messages"]
    shared, options = message["content"]
    assert (shared["text"], options["text"], body["system"][0]["text"]) == (
        REQUEST.material,
        REQUEST.options,
        REQUEST.system,
    )
    # What repetitions share is kept by the service: the mark stands behind it, and the options behind the mark.
    assert shared["cache_control"] == {"type": "ephemeral"} and "cache_control" not in options
    assert set(body) == {"model", "max_tokens", "system", "messages", "tools", "tool_choice", "thinking"}
    (request,) = service.requests
    assert KEY.encode() not in request.raw and KEY in request.headers["authorization"]


@pytest.mark.parametrize(
    ("spoken", "why"),
    [
        (Spoken(given(REQUEST, 5, SAID), stop="refusal"), "declined to answer"),
        (Spoken(given(REQUEST, 5, SAID), stop="max_tokens"), "cut off"),
        (Spoken(given(REQUEST, 5, SAID), stop="model_context_window_exceeded"), "too long"),
        (Spoken(tool="", stop="end_turn"), "no answer in the form"),
        (Spoken(given(REQUEST, 5, SAID), tool="another_tool"), "no answer in the form"),
        (Spoken(given(REQUEST, 5, SAID), times=2), "no answer in the form"),
        (Spoken("choice: B"), "no answer in the form"),
        (Spoken([given(REQUEST, 5, SAID)]), "no answer in the form"),
        (Spoken(None), "no answer in the form"),
    ],
)
def test_an_answer_that_is_none_says_why(spoken: Spoken, why: str) -> None:
    found = ask(lambda _body, _number: spoken)
    assert found.given is None and why in found.failed
    # A model has spoken: it is not asked until it says what is wanted.
    assert not found.unanswered and not found.lasts and found.usage.output_tokens == 60


QUICKLY = {"retry-after-ms": "1"}


@pytest.mark.parametrize(
    ("status", "why", "lasts", "requests"),
    [
        (429, "asked too much", False, 3),
        (500, "failed on its side", False, 3),
        (503, "failed on its side", False, 3),
        (529, "overloaded", False, 3),
        (400, "did not accept the request", True, 1),
        (402, "no credit left", True, 1),
        (403, "may not use this model", True, 1),
        (404, f"no model named {MODEL}", True, 1),
        (413, "too long", True, 1),
    ],
)
def test_a_service_that_fails_is_asked_again_where_it_may_pass(
    monkeypatch: pytest.MonkeyPatch, status: int, why: str, lasts: bool, requests: int
) -> None:
    monkeypatch.setattr(adapter, "RETRIES", 2)
    with playing(lambda _body, _number: Spoken(status=status, headers=QUICKLY)) as service:
        found = judging.get("anthropic").ask(REQUEST, MODEL)
    assert found.given is None and why in found.failed and found.unanswered and found.lasts == lasts
    assert len(service.requests) == requests
    # What the service says may name accounts, and stays there.
    assert KEY not in found.failed and "account sk" not in found.failed


@pytest.mark.parametrize("status", [429, 500, 529])
def test_what_passes_is_no_failure(status: int) -> None:
    found = ask(lambda body, number: Spoken(status=status, headers=QUICKLY) if number < 2 else answering(body, number))
    assert found.given == given(REQUEST, 4, SAID) and found.failed == ""


@pytest.mark.parametrize(
    "raw",
    [
        b"{not json",
        b"<html>gateway</html>",
        b"[]",
        b"null",
        b'{"type": "message"}',
        b'{"id": "m", "type": "message", "role": "assistant", "content": null, "model": "x", "stop_reason": "tool_use"}',
        b'{"content": [{"type": "tool_use", "name": "give_judgement", "input": "{\\"choice"}], "usage": {}}',
    ],
)
def test_an_answer_that_cannot_be_read_is_a_reason(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(adapter, "RETRIES", 0)
    found = ask(lambda _body, _number: Spoken(raw=raw))
    assert found.given is None and found.failed and not found.lasts


def test_a_silent_service_and_one_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "RETRIES", 0)
    monkeypatch.setattr(adapter, "TIMEOUT_S", 0.2)
    silent = ask(lambda _body, _number: Spoken(wait_s=5))
    assert "went silent" in silent.failed and silent.unanswered and not silent.lasts
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")
    gone = judging.get("anthropic").ask(REQUEST, MODEL)
    assert "could not be reached" in gone.failed and gone.unanswered


def test_a_wrong_key_lasts_and_is_not_repeated() -> None:
    with playing(answering, key="sk-ant-wrong-000") as service:
        found = judging.get("anthropic").ask(REQUEST, MODEL)
    assert "does not accept the key" in found.failed and found.lasts and "sk-ant" not in found.failed
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "model", ["claude-sonnet-5-5", "claude-opus-5-5", "claude-opus-5-5-20260923", "claude-fable-5-1"]
)
def test_a_model_that_cannot_be_forced_is_not_asked(model: str) -> None:
    with playing(answering) as service:
        found = judging.get("anthropic").ask(REQUEST, model)
    assert "cannot be made to answer in a given form" in found.failed and found.lasts and service.requests == []


def test_without_a_key_nobody_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_API_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert "There is no key" in judging.get("anthropic").check(MODEL)
    monkeypatch.setenv("ANTHROPIC_API_KEY_FILE", str(tmp_path / "none"))
    found = judging.get("anthropic").ask(REQUEST, MODEL)
    assert "cannot be read" in found.failed and found.unanswered and found.lasts


def test_judges_are_found_by_name() -> None:
    assert judging.names() == ["anthropic"]
    with pytest.raises(BadInput, match="anthropic, got oracle"):
        judging.get("oracle")
