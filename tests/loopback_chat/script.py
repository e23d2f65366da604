"""What the loopback Chat Completions API answers: the rules of ``tests.loopback``, and the odd ways in which servers answer.

Owns those ways and where scripts are found. Invariant: a script of ``tests/loopback/scripts/`` that uses nothing of Claude's own is
played here as it is, so that two providers can be held to the same interview. Leaves out the wire form (``wire``).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.loopback import script
from tests.loopback.script import Answer

FOLDER = Path(__file__).parent / "scripts"
FINISH = {"end_turn": "stop", "tool_use": "tool_calls", "max_tokens": "length", "refusal": "content_filter"}


class ChatAnswer(Answer):
    """A rule.

    ``finish`` is told in place of what ``stop`` means. ``done`` is the ``[DONE]`` at the end, ``hang_s`` pass behind it; ``alive``
    sends comments between events; ``crlf`` ends lines as Windows does; ``ids`` gives tool calls an id and an index;
    ``fragments`` sends their input in pieces; ``whole`` answers in one JSON body, ``old`` calls a function instead of tools;
    ``page`` is a body of HTML; ``counts`` tells usage where it is asked for; ``refuses`` names a part of the request that is
    not accepted; ``fault`` is an error's body.
    """

    finish: str | None = ""
    done: bool = True
    alive: bool = False
    crlf: bool = False
    ids: bool = True
    fragments: bool = True
    whole: bool = False
    old: bool = False
    page: bool = False
    counts: bool = True
    refuses: str = ""
    fault: object = None
    hang_s: float = 0


class ChatScript(script.Script):
    """A data file."""

    answers: tuple[ChatAnswer, ...]


def finish(answer: ChatAnswer) -> str | None:
    """As told in ``finish_reason``."""
    return FINISH[answer.stop_reason] if answer.finish == "" else answer.finish


def load(name: str) -> ChatScript:
    """The script of that file name, from here or from the loopback Messages API."""
    own = FOLDER / f"{name}.yaml"
    path = own if own.is_file() else script.FOLDER / f"{name}.yaml"
    return ChatScript.model_validate(yaml.safe_load(path.read_text("utf-8")))


def names() -> list[str]:
    """Scripts that can be played, sorted."""
    return sorted({path.stem for path in FOLDER.glob("*.yaml")} | {"conformance", "interview"})
