"""The assistant port: what a provider is asked and what it answers.

Owns the pure value types between the service and a provider. Invariant: a provider gets the conversation and the candidate's files,
never hidden tests, the scoring key or a planted defect's explanation; it acts only through what it yields. Leaves out the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from interviews.events import Hunk, HunkNote, Usage
from interviews.exercises import Exercise


@dataclass(frozen=True)
class Attachment:
    """A part of the workspace that the candidate attached: ``name`` as shown, ``text`` its content."""

    name: str
    text: str


@dataclass(frozen=True)
class Turn:
    """An earlier prompt and its reply; ``rejected``/``accepted`` are what became of its hunks.

    ``attachments`` names the files attached then.
    """

    prompt: str
    reply: str
    accepted: tuple[Hunk, ...] = ()
    rejected: tuple[Hunk, ...] = ()
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a command or a test run in the scratch copy gave: its output, cut to a budget, and whether it succeeded.

    ``changed`` maps paths to the texts the command left there; an empty text where it deleted the file.
    """

    output: str
    ok: bool
    changed: Mapping[str, str] = field(default_factory=dict)


class Bench(Protocol):
    """A scratch copy of the workspace that the assistant may run things in; the candidate's own sandbox is never touched."""

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        """Run the exercise's visible tests on ``files``. Raises ``PlatformFailure`` when there is no sandbox to be had."""
        ...

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        """Run a shell command on ``files``. Raises ``PlatformFailure`` likewise."""
        ...


@dataclass(frozen=True)
class Limits:
    """How a provider may answer: seconds until the first sign of an answer, and how hard it thinks (empty: its own way)."""

    first_token_s: float = 20.0
    effort: str = ""


def never() -> bool:
    """Nobody has pressed stop."""
    return False


@dataclass(frozen=True)
class Ask:
    """One request. ``files`` are the workspace's texts by path at this moment, ``versions`` their edit counts.

    ``turn`` prefixes ids of proposals and hunks, unique within the interview. ``brief`` is empty unless the interview shares it.
    ``cancelled`` says, from any thread, that the candidate has pressed stop; ``bench`` is None where nothing can be run.
    """

    turn: str
    prompt: str
    attachments: tuple[Attachment, ...]
    history: tuple[Turn, ...]
    files: Mapping[str, str]
    versions: Mapping[str, int]
    exercise: Exercise
    brief: str
    model: str
    seed: int
    bench: Bench | None = None
    cancelled: Callable[[], bool] = never
    limits: Limits = Limits()


@dataclass(frozen=True)
class TextDelta:
    """A piece of the reply, to be shown as it comes."""

    text: str


@dataclass(frozen=True)
class Working:
    """The assistant is about to use ``tool``: the time that takes is spent on the task, not lost by a slow service."""

    tool: str


@dataclass(frozen=True)
class ToolCall:
    """A tool that the assistant has used: what it was given (JSON) and what came back, cut to a budget."""

    tool: str
    input: object
    output: str
    ok: bool


@dataclass(frozen=True)
class Proposal:
    """A change offered to the candidate. ``notes`` (what the exercise knows of each hunk) are for the scoring key only."""

    suggestion: str
    title: str
    hunks: tuple[Hunk, ...]
    notes: tuple[HunkNote, ...] = ()


@dataclass(frozen=True)
class Finished:
    """The end of a reply. ``miss``: the provider had no answer for this prompt, which is the platform's lack."""

    stop_reason: str
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    miss: bool = False


@dataclass(frozen=True)
class Spent:
    """What a reply that is about to fail has cost all the same."""

    usage: Usage
    model: str = ""


Part = TextDelta | Working | ToolCall | Proposal | Spent | Finished


class Provider(Protocol):
    """One way to answer; a file in ``assistant/providers/`` with a module-level ``provider: Provider``."""

    name: str
    plants: bool
    """Whether its proposals may hold mistakes placed on purpose; candidates are told."""
    pace_s: float
    """Seconds between pieces, where no network sets the pace; 0 otherwise."""

    def check(self, model: str) -> str:
        """Why this provider cannot be used here and now, or an empty string."""
        ...

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Yield parts as they come and ``Finished`` last. Raises ``PlatformFailure`` with the reason when it cannot."""
        ...
