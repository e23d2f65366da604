"""Claude over the loopback Messages API, for tests of what is sent and how replies end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from assistant.base import Ask, Part, TextDelta
from assistant.registry import get
from interviews.exercises import load
from tests.loopback.script import Answer, Script
from tests.loopback.server import Loopback

FILES = {"a.py": "x = 1\nsame\nsame\n", "b.py": "".join(f"line {number}\n" for number in range(200))}


@contextmanager
def playing(script: Script | str, key: str = "test") -> Iterator[Loopback]:
    """The service as long as the block lasts, and the provider led to it."""
    with Loopback(script) as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTHROPIC_API_KEY", key)
        patch.setenv("ANTHROPIC_BASE_URL", running.address)
        patch.delenv("ANTHROPIC_API_KEY_FILE", raising=False)
        yield running


def rules(*answers: Answer, counts: bool = False) -> Script:
    """A script of these answers."""
    return Script(about="as a test needs it", answers=answers, counts=counts)


def asking(prompt: str, **changes: object) -> Ask:
    """A request; ``changes`` are fields of ``Ask``."""
    ask = Ask(
        turn="a1", prompt=prompt, attachments=(), history=(), files=FILES, versions=dict.fromkeys(FILES, 3),
        exercise=load("prompted-playlists"), brief="", model="", seed=1, mode="agent",
    )  # fmt: skip
    return replace(ask, **changes)  # type: ignore[arg-type] # the fields are named by the tests that give them


def reply(ask: Ask) -> list[Part]:
    """All parts of the reply."""
    return list(get("anthropic").reply(ask))


def text(parts: list[Part]) -> str:
    """What the candidate reads."""
    return "".join(part.text for part in parts if isinstance(part, TextDelta))
