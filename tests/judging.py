"""An interview that is over, for tests in which people judge it, and the form in which they do.

Owns both. Invariant: the interview is the golden one, told again under an exercise that there is; nothing is run.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask
from flask.testing import FlaskClient

from app import invitation
from interviews import events as e
from interviews.log import Draft
from interviews.ndjson import read_log
from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from rubrics.rubric import load
from tests.golden.make import LOG

DIMENSIONS = tuple(dimension.id for dimension in load("standard").dimensions)
Form = dict[str, str]


def over(interviews: Interviews, until: str = "") -> Room:
    """The golden interview, up to before the first event of that type."""
    room = interviews.get(interviews.create("prompted-playlists", "Zoë Ångström", e.InterviewSettings(), 7))
    with LOG.open(encoding="utf-8", newline="") as lines:
        _header, records = read_log(lines)
    for record in records:
        if record.type == until:
            break
        event = e.understand(record)
        assert event.data is not None
        room.interview.record(Draft(event.actor, event.data, event.cause))
    return room


def rater(app: Flask, settings: Settings, room: Room, name: str = "") -> FlaskClient:
    """The browser of an interviewer who came by a link with that name."""
    found = app.test_client()
    assert found.get(invitation(settings, "", room.interview.id, "interviewer", name)).status_code == 302
    return found


def form(levels: Mapping[str, int | None] | int = 3, **more: str) -> Form:
    """What the form for one's own levels sends: the same level for all, or by dimension; None: cannot tell."""
    by = dict.fromkeys(DIMENSIONS, levels) if isinstance(levels, int) else dict(levels)
    filled = {f"level-{one}": str(level or "none") for one, level in by.items()}
    return {"token": "t", **filled, **more}


def judged(room: Room) -> list[e.AnyPayload]:
    """What people have said of it so far."""
    events = [e.understand(record) for record in room.interview.log.read(room.interview.id)]
    said = (e.RatingRecorded, e.ExplanationRated, e.ScoreRevealed, e.ScoreOverridden, e.ScoreSigned)
    return [event.data for event in events if isinstance(event.data, said)]
