"""What the scripted assistant does in each way to work, and that it claims no more than it did."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from assistant.base import Mode, Outcome
from assistant.providers.scripted import provider
from interviews.errors import PlatformFailure
from interviews.exercises import load
from tests.unit.assistant_talk import EVERYTHING, Conversation, Folder, Reply

EXERCISE = load("prompted-playlists")
FIX = "fix the bug: 80s is read as 80 seconds"
MODES: tuple[Mode, ...] = ("chat", "edit", "agent")
# What sounds like a check that was made.
CLAIM = re.compile(
    r"\bI (?:just |have )?(?:ran|tested|tried|executed|verified|checked)\b|\bI have run\b", re.IGNORECASE
)
DENIAL = re.compile(r"\b(?:not|nothing|without|never|cannot|n't)\b", re.IGNORECASE)
EVERY = (FIX, EVERYTHING)
DOUBTS = (
    "are you sure?", "thanks", "run the tests", "did you check that?", "review it", "that's wrong", "why?",
    "song_key ignores the artist", "no, it is wrong",
)  # fmt: skip
CRITIQUES = (
    "1 hour 30 minutes is 60 now", "break should be continue", "0 is a falsy seed", "covers: expected 2, got 1, by title only",
)  # fmt: skip


class Nowhere(Folder):
    """A machine without a place to run anything."""

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        raise PlatformFailure("no sandbox is free")


def talk(mode: Mode, bench: Folder | None = None, tree: bool = True) -> Conversation:
    return Conversation(provider, EXERCISE, mode=mode, bench=bench or Folder(EXERCISE), tree=tree)


def tools(reply: Reply) -> list[str]:
    return [call.tool for call in reply.calls]


def test_in_a_chat_the_code_stands_in_the_reply() -> None:
    chat = talk("chat")
    reply = chat.say(FIX)
    assert (reply.proposals, reply.calls) == ([], [])
    assert "I cannot change files here" in reply.text
    assert "`playlists/request.py`:\n\n```python\nLENGTH = re.compile(" in reply.text
    everything = chat.say(EVERYTHING).text
    for path in ("models", "request", "ranking", "builder", "__main__"):
        assert f"`playlists/{path}.py`:" in everything
    assert "import random\nimport re\n" in everything


def test_in_a_chat_nothing_is_planted() -> None:
    chat = talk("chat")
    text = chat.say(FIX).text + chat.say(EVERYTHING).text
    assert "LENGTH.search(words)" not in text
    assert "args.seed or" not in text
    assert "            continue\n" in text


def test_the_code_of_a_chat_is_the_code_that_would_be_proposed() -> None:
    chat, settled = talk("chat"), talk("edit")
    for prompt in (
        *EVERY,
        "1 hour 30 minutes is 60 now",
        "break should be continue",
        "0 is a falsy seed",
        "covers: expected 2, got 1, by title only",
    ):
        settled.say(prompt)
    for block in [
        block for prompt in EVERY for block in re.findall(r"```python\n(.*?)```", chat.say(prompt).text, re.DOTALL)
    ]:
        for definition in block.strip().split("\n\n\n"):
            assert any(definition in text for text in settled.files.values()), definition


def test_an_agent_runs_the_tests_when_asked_and_tells_what_came_out() -> None:
    agent = talk("agent")
    reply = agent.say("run the tests please")
    assert tools(reply) == ["run_tests"]
    assert "9 of 20 fail" in reply.text
    assert not reply.calls[0].ok
    assert "9 failed" in reply.calls[0].output


def test_an_agent_runs_the_tests_on_what_it_proposes() -> None:
    agent = talk("agent")
    first = agent.say(FIX)
    assert "on a copy with these changes taken: 7 of 20 fail" in first.text
    assert "not run" not in first.text
    second = agent.say(EVERYTHING)
    assert "all 20 pass" in second.text
    assert tools(second) == ["run_tests"]
    assert agent.files["playlists/builder.py"] != EXERCISE.workspace["playlists/builder.py"]


def test_an_agent_without_a_place_says_so() -> None:
    reply = talk("agent", Nowhere(EXERCISE)).say(FIX)
    assert "no place to run them in just now (no sandbox is free)" in reply.text
    assert [(call.tool, call.ok) for call in reply.calls] == [("run_tests", False)]
    assert reply.proposals


def test_files_are_looked_at_where_there_are_tools() -> None:
    assert [call.input for call in talk("edit").say("explain builder.py").calls] == [{"path": "playlists/builder.py"}]
    assert talk("chat").say("explain builder.py").calls == []


@pytest.mark.parametrize("mode", MODES)
def test_without_the_tree_it_knows_only_what_it_was_shown(mode: Mode) -> None:
    blind = talk(mode, tree=False)
    assert "- `playlists/builder.py`" in blind.say("explain builder.py").text
    reply = blind.say(FIX)
    assert "- `playlists/request.py`" in reply.text
    assert (reply.proposals, reply.calls) == ([], [])
    shown = blind.say(FIX, ["playlists/request.py"])
    assert "Attach" not in shown.text
    assert {hunk.path for hunk, _ in shown.hunks} == (set() if mode == "chat" else {"playlists/request.py"})


@pytest.mark.parametrize("mode", MODES)
def test_no_line_claims_a_check_that_was_not_made(mode: Mode) -> None:
    """Every line, before anything was proposed and after."""
    lines = provider.script(EXERCISE).spec.lines
    said = [*(line.examples[0] for line in lines if line.examples), *DOUBTS, *CRITIQUES]
    for before in ((), EVERY):
        conversation = talk(mode, Nowhere(EXERCISE))
        for prompt in (*before, *said):
            reply = conversation.say(prompt)
            for sentence in re.split(r"(?<=[.!?:])\s+", reply.text):
                if CLAIM.search(sentence) and not DENIAL.search(sentence):
                    assert "run_tests" in tools(reply), sentence


def test_the_way_to_work_is_told_as_it_is() -> None:
    assert "I can only talk here" in talk("chat").say("what can you do?").text
    assert "I cannot run anything" in talk("edit").say("what can you do?").text
    assert "I run the visible tests on a copy" in talk("agent").say("what can you do?").text
