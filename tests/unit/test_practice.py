"""The practice round, and what a format without planted mistakes comes to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app, invitation
from assistant.base import Proposal
from assistant.providers.scripted import provider
from interviews import events as e
from interviews.exercises import load
from interviews.log import Draft
from interviews.service.registry import Interviews
from interviews.settings import Settings
from tests.unit.assistant_talk import EVERYTHING, Conversation
from web import hunks
from web.practice import PIECES, VERDICTS


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Settings(data=tmp_path))


@pytest.fixture
def interviews(app: Flask) -> Iterator[Interviews]:
    found: Interviews = app.extensions["interviews"]
    yield found
    found.close()


@pytest.fixture
def interview(interviews: Interviews) -> str:
    return interviews.create("prompted-playlists", "Ada", e.InterviewSettings(), 7)


@pytest.fixture
def candidate(app: Flask, interviews: Interviews, interview: str, tmp_path: Path) -> FlaskClient:
    found = app.test_client()
    found.get(invitation(Settings(data=tmp_path), "", interview, "candidate"))
    return found


def test_what_was_wrong_is_told_once_it_is_checked_and_nothing_is_kept(
    candidate: FlaskClient, interviews: Interviews, interview: str
) -> None:
    path = f"/interviews/{interview}/practice"
    fresh = candidate.get(path).get_data(as_text=True)
    assert fresh.count('type="radio"') == len(PIECES) * len(VERDICTS) and "checked" not in fresh
    assert "swallowed" not in fresh and "Nothing of this is recorded" in fresh
    given = {"p1": "merge", "p2": "merge", "p3": "block"}
    told = candidate.post(path, data=given).get_data(as_text=True)
    answers = re.findall(r'class="answer"><strong>(.*?)</strong>', told)
    assert answers == ["That is so.", "It is wrong: a mistake let in.", "That is so.", "It is right."]
    assert "swallowed" in told and told.count(" checked>") == 3
    assert interviews.get(interview).interview.state.seq == 0


def test_anything_else_that_is_sent_is_no_verdict(candidate: FlaskClient, interview: str) -> None:
    told = candidate.post(f"/interviews/{interview}/practice", data={"p1": "<b>", "p9": "merge"})
    assert told.status_code == 200 and "<b>" not in told.get_data(as_text=True)


def test_there_is_no_practice_while_the_clock_runs(
    candidate: FlaskClient, interviews: Interviews, interview: str
) -> None:
    room = interviews.get(interview)
    room.consent("0" * 64, "en")
    assert candidate.get(f"/interviews/{interview}/practice").status_code == 200
    room.interview.record(
        Draft("system", e.InterviewStarted()), Draft("system", e.PhaseStarted(phase="open", duration_ms=9))
    )
    assert candidate.get(f"/interviews/{interview}/practice").status_code == 302


def test_a_format_must_be_chosen_and_none_is_chosen_before(
    candidate: FlaskClient, interviews: Interviews, interview: str
) -> None:
    path = f"/interviews/{interview}/consent"
    page = candidate.get(path).get_data(as_text=True)
    radios = re.findall(r'<input type="radio" name="plants"[^>]*>', page)
    assert len(radios) == 2 and all("required" in radio and "checked" not in radio for radio in radios)
    for chosen in ({}, {"plants": "maybe"}):
        refused = candidate.post(path, data={"agreed": "yes", **chosen})
        assert refused.status_code == 400 and "choose one of the two" in refused.get_data(as_text=True)
    assert interviews.get(interview).interview.state.status == "invited"


@pytest.mark.parametrize("prompt", ["fix the bug: 80s is read as 80 seconds", EVERYTHING])
def test_without_planted_mistakes_the_prepared_assistant_proposes_none(prompt: str) -> None:
    talk = Conversation(provider, load("prompted-playlists"))
    ask = talk.ask(prompt)

    def planted(plants: bool) -> list[str]:
        parts = provider.reply(replace(ask, plants=plants))
        return [note.defect for part in parts if isinstance(part, Proposal) for note in part.notes if note.defect]

    assert planted(True) and not planted(False)


def test_a_hunk_as_lines_is_both_texts() -> None:
    hunk = {"before": "a\nb\nc\n", "after": "a\nB\nc\nd\n", "lead": "x\n", "trail": "y\n"}
    lines = hunks.lines(hunk)
    assert [line.text for line in lines if line.kind != "new"] == ["x", "a", "b", "c", "y"]
    assert [line.text for line in lines if line.kind != "gone"] == ["x", "a", "B", "c", "d", "y"]
