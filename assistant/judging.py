"""The judge port: how a model is asked for a judgement, and what may come of it.

Owns the values between who asks and a service, and the look-up of services by the names of their files. Invariant: a judge answers
in a form or not at all; whatever fails is told as a reason and never raised, so that it can never become a grade. Leaves out what
is asked and what answers count (``rubrics.judging``).
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from interviews.errors import BadInput
from interviews.events import Usage

FOLDER = Path(__file__).parent / "judges"


class Asked(Protocol):
    """One request. ``material`` and ``options`` are the only message; ``tool`` is the form of the answer, as a tool is defined."""

    @property
    def system(self) -> str:
        """What the model is to do."""
        ...

    @property
    def material(self) -> str:
        """What repetitions of a question have in common."""
        ...

    @property
    def options(self) -> str:
        """What they differ in."""
        ...

    @property
    def tool(self) -> Mapping[str, Any]:
        """``name``, ``description``, ``strict`` and ``input_schema``."""
        ...


@dataclass(frozen=True)
class Told:
    """What came back: what the tool was ``given``, or why it ``failed``.

    ``unanswered``: it failed before a model said anything. ``lasts``: asking again would fail alike. ``usage`` is what it took.
    """

    given: Any = None
    failed: str = ""
    unanswered: bool = False
    lasts: bool = False
    usage: Usage = field(default_factory=Usage)


class Judge(Protocol):
    """A service; a file in ``assistant/judges/`` with a module-level ``judge: Judge``. Its file name is its id."""

    model: str

    @property
    def receiver(self) -> str:
        """Who gets what is sent, in words for the candidate."""
        ...

    def check(self, model: str) -> str:
        """Why that model cannot be asked, or nothing; the service itself is not asked."""
        ...

    def ask(self, request: Asked, model: str) -> Told:
        """Ask once, retries of what passes included. Never raises for what the service does."""
        ...


def names() -> list[str]:
    """Ids of the judges found, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def get(name: str) -> Judge:
    """The judge of that name. Raises ``BadInput`` for an unknown one."""
    if name not in names():
        raise BadInput("Expected one of the judges %(names)s, got %(got)s", names=", ".join(names()), got=name)
    return cast(Judge, importlib.import_module(f"assistant.judges.{name}").judge)
