"""Replies on their way into the log: pieces, proposals, failures, the stop button."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from assistant.base import Ask, Finished, Part, Proposal, Provider, Spent, TextDelta
from interviews import events as e
from interviews.errors import BadInput, Conflict, NotFound, PlatformFailure
from interviews.log import ClientKey, Draft
from interviews.service import editing, pairing, proposals, reply
from interviews.service.interview import Interview
from tests.product import wait
from tests.support import bare_interview

Answer = Callable[[Ask], Iterator[Part]]


class Answering:
    """A provider that answers by a function."""

    name = "answering"
    plants = False
    pace_s = 0.0
    model = ""
    receiver = ""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def check(self, model: str) -> str:
        return ""

    def prepare(self) -> None:
        pass

    def reply(self, ask: Ask) -> Iterator[Part]:
        return self._answer(ask)


def paired(answer: Answer, **settings: object) -> tuple[Interview, pairing.Pairing]:
    """A running interview whose assistant answers by ``answer``."""
    interview = bare_interview(**settings)
    provider: Provider = Answering(answer)
    interview.tools = replace(interview.tools, provider=lambda name: provider)
    interview.record(
        Draft("system", editing.snapshot("a.py", 1, "x = 1\n", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return interview, pairing.Pairing(interview)


def ended(interview: Interview) -> bool:
    return interview.state.turns[-1].status in ("finished", "failed")


def kinds(interview: Interview) -> list[str]:
    return [
        record.type for record in interview.log.read(interview.id) if record.type.startswith(("reply", "sugg", "clock"))
    ]


def test_a_reply_is_logged_piece_by_piece_and_whole() -> None:
    seen: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        seen.append(ask)
        yield TextDelta("Hello ")
        yield TextDelta("there.")
        hunk = e.Hunk(hunk="h1", path="a.py", base_version=1, line=1, before="x = 1\n", after="x = 2\n")
        yield Proposal("s1", "Two", (hunk,), (e.HunkNote(hunk="h1", defect="D1"),))
        yield Finished("end_turn", e.Usage(input_tokens=3, output_tokens=2))

    interview, pair = paired(answer)
    pair.ask("what is x?", ["a.py"], None)
    wait(lambda: ended(interview))
    turn = interview.state.turns[0]
    assert (turn.status, turn.reply, turn.suggestions) == ("finished", "Hello there.", ["s1"])
    assert kinds(interview)[0] == "reply.started" and kinds(interview)[-1] == "reply.finished"
    assert kinds(interview)[-3:-1] == ["suggestion.offered", "suggestion.annotated"]
    assert seen[0].attachments[0].text == "x = 1\n" and seen[0].brief == ""


def test_every_proposal_is_annotated_even_when_clean() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield Proposal("s1", "None", (e.Hunk(hunk="h1", path="a.py", base_version=1, line=1, before="", after="#\n"),))
        yield Finished("end_turn")

    interview, pair = paired(answer)
    pair.ask("anything", [], None)
    wait(lambda: ended(interview))
    assert kinds(interview).count("suggestion.annotated") == kinds(interview).count("suggestion.offered") == 1


def test_the_history_tells_what_became_of_earlier_hunks() -> None:
    seen: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        seen.append(ask)
        hunks = tuple(
            e.Hunk(hunk=f"{ask.turn}-{n}", path="a.py", base_version=1, line=1, before="", after=f"# {n}\n")
            for n in (1, 2)
        )
        yield Proposal(f"s-{ask.turn}", "Two", hunks)
        yield Finished("end_turn")

    interview, pair = paired(answer)
    pair.ask("one", [], None)
    wait(lambda: ended(interview))
    proposals.Proposals(interview).decide("s-a1", "a1-1", "accepted", "", None)
    proposals.Proposals(interview).decide("s-a1", "a1-2", "rejected", "wrong order", None)
    pair.ask("two", [], None)
    wait(lambda: len(interview.state.turns) == 2 and ended(interview))
    (past,) = seen[1].history
    assert past.prompt == "one"
    assert [hunk.hunk for hunk in past.accepted] == ["a1-1"] and [hunk.hunk for hunk in past.rejected] == ["a1-2"]


def test_a_provider_that_fails_is_told_and_what_came_is_kept() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("Half of ")
        yield Spent(e.Usage(input_tokens=7), "m")
        raise PlatformFailure("The assistant's service answered: %(why)s", why="overloaded")

    interview, pair = paired(answer)
    pair.ask("hello", [], None)
    wait(lambda: ended(interview))
    turn = interview.state.turns[0]
    assert (turn.status, turn.error) == ("failed", "The assistant's service answered: overloaded")
    assert turn.reply == "Half of "
    (failed,) = [r.payload for r in interview.log.read(interview.id) if r.type == "reply.failed"]
    assert failed and failed["usage"]["input_tokens"] == 7 and failed["model"] == "m" and failed["total_ms"] >= 0
    assert interview.state.paused_ms is None
    pair.ask("again", [], None)


def test_a_provider_that_breaks_ends_as_an_event_without_its_details() -> None:
    def answer(_ask: Ask) -> Iterator[Part]:
        parts: dict[str, str] = {}
        yield TextDelta(parts["secret detail"])

    interview, pair = paired(answer)
    pair.ask("hello", [], None)
    wait(lambda: ended(interview))
    assert "secret" not in interview.state.turns[0].error


def test_a_slow_first_piece_holds_the_clock_and_gives_the_time_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reply, "FIRST_TOKEN_S", 0.05)
    go = threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        go.wait(10)
        yield TextDelta("at last")
        yield Finished("end_turn")

    interview, pair = paired(answer)
    pair.ask("hello", [], None)
    wait(lambda: interview.state.paused_ms is not None)
    go.set()
    wait(lambda: ended(interview))
    assert interview.state.paused_ms is None and interview.state.lost_ms > 0


def test_stop_ends_the_reply_with_what_came() -> None:
    came, go = threading.Event(), threading.Event()

    def answer(_ask: Ask) -> Iterator[Part]:
        yield TextDelta("first ")
        came.set()
        go.wait(10)
        yield TextDelta("second ")
        yield TextDelta("third")

    interview, pair = paired(answer)
    turn = pair.ask("hello", [], None)
    came.wait(10)
    with pytest.raises(Conflict, match="still answering"):
        pair.ask("impatient", [], None)
    pair.stop(turn)
    go.set()
    wait(lambda: ended(interview))
    assert interview.state.turns[0].reply == "first second "
    last = e.understand(interview.log.read(interview.id)[-1]).data
    assert isinstance(last, e.ReplyFinished) and last.stop_reason == "stopped"


def test_a_retried_prompt_is_asked_once() -> None:
    asked: list[str] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask.prompt)
        yield Finished("end_turn")

    interview, pair = paired(answer)
    key = ClientKey("tab", 1)
    assert pair.ask("hello", [], key) == pair.ask("hello", [], key) == "a1"
    wait(lambda: ended(interview))
    assert asked == ["hello"]


@pytest.mark.parametrize("text", ["", "  \n", 7, None, "x" * 20_001])
def test_a_prompt_that_does_not_fit_is_told(text: object) -> None:
    interview, pair = paired(lambda ask: iter(()))
    with pytest.raises(BadInput, match="prompt"):
        pair.ask(text, [], None)
    assert interview.state.turns == []


@pytest.mark.parametrize("attachments", ["a.py", [1], ["x"] * 21, None])
def test_attachments_that_do_not_fit_are_told(attachments: object) -> None:
    _interview, pair = paired(lambda ask: iter(()))
    with pytest.raises(BadInput, match="attached"):
        pair.ask("hello", attachments, None)


def test_an_unknown_attachment_is_told() -> None:
    _interview, pair = paired(lambda ask: iter(()))
    with pytest.raises(NotFound, match=r"b\.py"):
        pair.ask("hello", ["b.py"], None)
