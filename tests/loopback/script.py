"""What the loopback Messages API answers: data files of rules.

Owns their form and which rule answers a request. Invariant: the same requests in the same order get the same answers. Leaves
out the wire form (``events``).
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

FOLDER = Path(__file__).parent / "scripts"
Body = dict[str, Any]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class When(_Form):
    """Which requests a rule is for; all that is given must hold.

    ``prompt`` is searched for in the last message's texts (where the model had paused, in the prompt's), ``result`` in its tool
    results; ``turns`` counts the person's prompts, ``rounds`` the tool rounds since the last one; ``tools`` is whether tools may
    be used.
    """

    prompt: str | None = None
    result: str | None = None
    turns: int | None = None
    rounds: int | None = None
    tools: bool | None = None


class Use(_Form):
    """A tool that the model calls; ``raw`` is sent in place of the input's JSON."""

    tool: str
    input: Body = Field(default_factory=dict)
    raw: str | None = None


class Fault(_Form):
    """An ``error`` event of that type in the midst of a stream."""

    type: str
    message: str = "Overloaded"


class Usage(_Form):
    """Tokens told."""

    input: int = 100
    output: int = 20
    cache_read: int = 0
    cache_write: int = 0


class Answer(_Form):
    """A rule. With ``status`` other than 200 it is an error, else a stream.

    ``stop`` is its ``stop_reason``, ``category`` a refusal's. ``wait_s`` passes before the headers, ``first_s`` between
    ``message_start`` and the first block, ``pace_s`` between pieces, however long one took to be sent, ``hold_s`` behind the last
    event; ``cut_after`` and ``fault_after`` count events; ``times`` bounds how often the rule answers. ``stamped``: each piece of
    what is said begins with the moment it is sent (``time.perf_counter()``, one clock for all processes of a machine) and an @.
    """

    when: When = When()
    times: int | None = None
    status: int = 200
    error: Fault | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    wait_s: float = 0
    first_s: float = 0
    pace_s: float = 0
    hold_s: float = 0
    stamped: bool = False
    think: str | None = None
    say: str = ""
    use: tuple[Use, ...] = ()
    stop: str | None = None
    category: str | None = None
    usage: Usage = Usage()
    cut_after: int | None = None
    end_after: int | None = None
    fault_after: int | None = None
    garbage_after: int | None = None

    @property
    def stop_reason(self) -> str:
        """As told in ``message_delta``."""
        return self.stop or ("tool_use" if self.use else "end_turn")


class Script(_Form):
    """A data file: what it plays, the key it takes, its rules in order; the first that fits answers.

    ``counts``: usage is counted with the prompt cache, in place of what rules tell.
    """

    about: str
    key: str = "test"
    counts: bool = False
    answers: tuple[Answer, ...]


class Player:
    """A script being played. Thread-safe."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._used = [0] * len(script.answers)
        self._lock = threading.Lock()

    def answer(self, body: Body) -> Answer:
        """The rule for a request. Raises ``LookupError`` where none fits."""
        with self._lock:
            for number, rule in enumerate(self.script.answers):
                if (rule.times is None or self._used[number] < rule.times) and _fits(rule.when, body):
                    self._used[number] += 1
                    return rule
        raise LookupError(f"no rule fits the prompt {texts(body['messages'][-1])[:200]!r}")


def load(name: str) -> Script:
    """The script of that name, or in the file of that path."""
    path = Path(name) if name.endswith(".yaml") else FOLDER / f"{name}.yaml"
    return Script.model_validate(yaml.safe_load(path.read_text("utf-8")))


def names() -> list[str]:
    """Scripts found, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def _blocks(message: Body) -> list[Body]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def texts(message: Body) -> str:
    """A message's texts."""
    return "\n".join(str(block["text"]) for block in _blocks(message) if block["type"] == "text")


def results(message: Body) -> str:
    """A message's tool results; errors begin with ``error:``."""
    told = []
    for block in _blocks(message):
        if block["type"] == "tool_result":
            content = block.get("content", "")
            text = content if isinstance(content, str) else "\n".join(part["text"] for part in content)
            told.append(("error: " if block.get("is_error") else "") + text)
    return "\n".join(told)


def _fits(when: When, body: Body) -> bool:
    prompts = [number for number, message in enumerate(body["messages"]) if _is_prompt(message)]
    rounds = sum(message["role"] == "user" for message in body["messages"][prompts[-1] + 1 :])
    last = body["messages"][-1] if body["messages"][-1]["role"] == "user" else body["messages"][prompts[-1]]
    choice = body.get("tool_choice", {}).get("type", "auto")
    return all(
        (
            when.prompt is None or (_is_prompt(last) and re.search(when.prompt, texts(last), re.DOTALL) is not None),
            when.result is None or re.search(when.result, results(last), re.DOTALL) is not None,
            when.turns is None or len(prompts) == when.turns,
            when.rounds is None or rounds == when.rounds,
            when.tools is None or (choice != "none") == when.tools,
        )
    )


def _is_prompt(message: Body) -> bool:
    return message["role"] == "user" and any(block["type"] == "text" for block in _blocks(message))
