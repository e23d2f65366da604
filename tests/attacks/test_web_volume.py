"""A candidate who makes the log grow: it stops before the server's memory is full, and the work can still be handed in."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.errors import BadInput
from interviews.log import Draft
from interviews.service import editing
from interviews.service.interview import MAX_VOLUME, Interview
from interviews.service.room import Room
from tests.support import TAB, bare_interview


@pytest.fixture
def interview() -> Interview:
    found = bare_interview()
    found.record(
        Draft("system", editing.snapshot("a.py", 1, "", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return found


def fill(interview: Interview) -> None:
    """Replace the whole file by another, again and again, as fast as it is taken."""
    size = 0
    for round_ in range(1000):
        text = chr(97 + round_ % 26) * 900_000
        changes = [[size, text]]
        size = len(text)
        version = interview.state.files["a.py"].version
        editing.push(interview, "a.py", version, [editing.Update(clientID="tab", changes=changes)], TAB, None)


def test_edits_without_end_come_to_one(interview: Interview) -> None:
    with pytest.raises(BadInput, match="full"):
        fill(interview)
    assert MAX_VOLUME < interview.volume < MAX_VOLUME + 2_000_000
    room = Room(interview)
    seq = interview.state.seq
    for number in range(50):
        room.presence("candidate", "tab", "away" if number % 2 else "connected")
        with pytest.raises(BadInput, match="full"):
            editing.create(interview, f"{number}.txt", TAB, None)
    assert interview.state.seq == seq
    room.submit("candidate")
    assert interview.state.status in ("submitted", "finished")


def test_the_volume_is_known_again_after_a_restart(interview: Interview) -> None:
    editing.push(interview, "a.py", 1, [editing.Update(clientID="tab", changes=[[0, "x" * 5000]])], TAB, None)
    again = Interview(interview.log, interview.header, interview.exercise, interview.tools)
    assert again.volume == interview.volume > 5000
