"""What an interview does not share is in no byte that goes to a service: the tree, and the brief."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from interviews import events as e
from interviews.exercises import load
from interviews.log import Draft
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from interviews.state import TurnView
from tests.loopback.server import Loopback
from tests.product import wait
from tests.support import bare_interview

FILES = {"seen.py": "attached = 'a part of it'\nlast = 1\n", "kept/unseen.py": "nobody = 'attached this'\n"}


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with Loopback("interview") as running:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", running.address)
        monkeypatch.setenv("ANTHROPIC_API_KEY", running.player.script.key)
        yield running


def held(files: Mapping[str, str], **settings: object) -> tuple[Interview, Pairing]:
    """A running interview over these files."""
    interview = bare_interview(**settings)
    interview.record(
        *(Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in files.items()),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return interview, Pairing(interview)


def asked(interview: Interview, pair: Pairing, text: str, *mentions: object) -> TurnView:
    """The turn of that prompt, answered."""
    pair.ask(text, [], None, mentions)
    wait(lambda: interview.state.turns[-1].status in ("finished", "failed"), 30)
    turn = interview.state.turns[-1]
    assert turn.status == "finished", turn.error
    return turn


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_not_shared_is_not_sent(service: Loopback, shared: bool) -> None:
    """The script of this service lists, reads and searches all that it can."""
    interview, pair = held(FILES, provider="anthropic", tree_shared=shared, brief_shared=shared)
    brief = max(re.findall("[a-z ]+", interview.exercise.brief), key=len)
    asked(interview, pair, "Please fix the default length.", {"kind": "selection", "name": "seen.py", "line": 1})
    asked(interview, pair, "And now?")
    sent = "\n".join(received.raw.decode() for received in service.requests)
    assert len(service.requests) > 2 and "a part of it" in sent
    assert ("unseen" in sent) == shared and (brief in sent) == shared


def test_prepared_lines_change_only_what_was_attached() -> None:
    interview, pair = held(load("prompted-playlists").workspace, tree_shared=False)
    prompt, path = "fix the bug: 80s is read as 80 seconds", "playlists/request.py"
    assert f"- `{path}`\n\nAttach it" in asked(interview, pair, prompt).reply
    assert interview.state.suggestions == {}
    asked(interview, pair, prompt, {"kind": "file", "name": path})
    (suggestion,) = interview.state.suggestions.values()
    assert {hunk["path"] for hunk in suggestion.hunks} == {path} and all(hunk["before"] for hunk in suggestion.hunks)
