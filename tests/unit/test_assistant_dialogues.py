"""Whole conversations with the scripted assistant, several turns deep, the same in every process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from assistant.base import Attachment, TextDelta
from assistant.lines import Script, Talk
from assistant.pace import FEWEST, spoken, thinking
from assistant.providers.scripted import provider
from interviews.exercises import load
from tests.unit.assistant_talk import EVERYTHING, Conversation

EXERCISE = load("prompted-playlists")
DIALOGUES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("dialogues.yaml").read_text("utf-8"))[
    "dialogues"
]


def script() -> Script:
    return provider.script(EXERCISE)


def lines_of(talk: Conversation) -> list[str]:
    past = Talk()
    for turn in talk.history:
        past = script().move(past, turn.prompt, turn.brought)[1]
    return list(past.used)


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: str(dialogue["name"]))
def test_a_dialogue(dialogue: dict[str, Any]) -> None:
    talk = Conversation(provider, EXERCISE)
    for turn in dialogue["turns"]:
        reply = talk.say(turn["say"], accept=lambda note, turn=turn: not turn.get("reject"))  # type: ignore[misc]  # bound now
        assert lines_of(talk)[-1] == turn["line"], turn["say"]
        assert turn.get("told", "") in reply.text, turn["say"]
        assert reply.finished.miss == (not turn["line"])


def test_a_mentioned_failure_is_understood_as_pasted_text() -> None:
    talk = Conversation(provider, EXERCISE)
    text = "tests/test_cli.py:22\nE   AssertionError: assert 0 == 1\nFAILED tests/test_cli.py::test_nothing_fits"
    reply = talk.say("hm?", [Attachment("tests/test_cli.py::test_nothing_fits", text, kind="failure")])
    assert lines_of(talk) == ["explain-tests"]
    assert "says when nothing fits" in reply.text
    assert "return 1" in "".join(hunk.after for hunk, _ in talk.say("implement that").hunks)


def test_a_selection_is_remembered() -> None:
    talk = Conversation(provider, EXERCISE)
    part = Attachment(
        "tests/test_builder.py:3-9", "def test_no_artist_twice_in_a_row(): ...", "selection", "tests/test_builder.py"
    )
    talk.say("what does this check?", [part])
    assert {atom for _, note in talk.say("implement it").hunks for atom in note.honours} == {"spread"}


CHILD = """
import json, sys
from assistant.providers.scripted import provider
from interviews.exercises import load
from tests.unit.assistant_talk import Conversation
talk = Conversation(provider, load("prompted-playlists"))
print(json.dumps([[repr(part) for part in talk.say(prompt).parts] for prompt in json.loads(sys.argv[1])]))
"""


def test_the_same_words_are_answered_alike_in_every_process() -> None:
    prompts = [
        "hello",
        "why is 80s too long",
        "yes",
        EVERYTHING,
        "song_key ignores the artist",
        "no, it is wrong",
        "qwertz",
        "why?",
    ]
    said = [
        subprocess.run(
            [sys.executable, "-c", CHILD, json.dumps(prompts)], capture_output=True, text=True, timeout=100, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert said[0] == said[1]
    talk = Conversation(provider, EXERCISE)
    assert json.loads(said[0]) == [[repr(part) for part in talk.say(prompt).parts] for prompt in prompts]


def test_the_pace_follows_the_words() -> None:
    text = "One sentence. And another one, which is longer!\n\n```python\nx = 1\ny = 2\n```\nDone.\n"
    pieces = list(spoken(text, thinking("why?")))
    assert "".join(piece.text for piece in pieces) == text
    assert pieces == list(spoken(text, thinking("why?")))
    assert pieces[0].beats > FEWEST > max(piece.beats for piece in pieces[1:])
    assert TextDelta("x = 1\n", beats=1.0).text in [piece.text for piece in pieces]
    assert thinking("x" * 1000) > thinking("x" * 100) > thinking("x")
