"""What an interview does not share is in no byte that goes to a service: the tree, and the brief."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from interviews import events as e
from interviews.log import Draft
from interviews.service import editing
from interviews.service.pairing import Pairing
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


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_not_shared_is_not_sent(service: Loopback, shared: bool) -> None:
    """The script of this service lists, reads and searches all that it can."""
    interview = bare_interview(provider="anthropic", tree_shared=shared, brief_shared=shared)
    interview.record(
        *(Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in FILES.items()),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    pair = Pairing(interview)
    brief = max(re.findall("[a-z ]+", interview.exercise.brief), key=len)
    for number, text in enumerate(("Please fix the default length.", "And now?")):
        pair.ask(text, [], None, [{"kind": "selection", "name": "seen.py", "line": 1}] if number == 0 else [])
        wait(lambda: interview.state.turns[-1].status in ("finished", "failed"), 30)
        assert interview.state.turns[-1].status == "finished", interview.state.turns[-1].error
    sent = "\n".join(received.raw.decode() for received in service.requests)
    assert len(service.requests) > 2 and "a part of it" in sent
    assert ("unseen" in sent) == shared and (brief in sent) == shared
