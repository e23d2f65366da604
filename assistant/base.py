"""The assistant port: what a provider is asked and what it answers.

Owns the pure value types between the service and a provider. Invariant: a provider gets the conversation and the candidate's files,
never hidden tests, the scoring key or a planted defect's explanation; it acts only through what it yields. Leaves out the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from interviews.events import Hunk, HunkNote, Usage
from interviews.exercises import Exercise

Mode = Literal["chat", "edit", "agent"]


@dataclass(frozen=True)
class Attachment:
    """A part of the workspace that the candidate attached: ``name`` as shown, ``text`` its content.

    ``kind`` is ``file``, ``selection``, ``failure`` or ``terminal``; ``path`` the file that it is or is part of, else empty.
    """

    name: str
    text: str
    kind: str = "file"
    path: str = ""


@dataclass(frozen=True)
class Turn:
    """An earlier prompt and its reply; ``rejected``/``accepted`` are what became of its hunks, as they went in, ``undecided`` those
    of which nothing became.

    ``attachments`` names what was attached then, ``brought`` has its texts: as they were sent, of a whole file the text of now.
    ``cut`` says that the reply broke off before its end.

    ``said_at`` is the prompt's place in the log, ``came_at`` that of what was proposed: None where nothing was, by now. Of a turn
    of another conversation, ``ticket`` tells which, empty for the one beside the editor, and ``mode`` how far it could go.
    """

    prompt: str
    reply: str
    accepted: tuple[Hunk, ...] = ()
    rejected: tuple[Hunk, ...] = ()
    attachments: tuple[str, ...] = ()
    cut: bool = False
    brought: tuple[Attachment, ...] = ()
    undecided: tuple[Hunk, ...] = ()
    ticket: str = ""
    mode: Mode = "edit"
    said_at: int = 0
    came_at: int | None = 0


@dataclass(frozen=True)
class Outcome:
    """What a command or a test run in the scratch copy gave: its output, cut to a budget, and whether it succeeded.

    ``changed`` maps paths to the texts the command left there; an empty text for those that it ``deleted``. ``cut`` counts the
    characters of the output that were left out, ``counts`` a run's tests by outcome.
    """

    output: str
    ok: bool
    changed: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    deleted: tuple[str, ...] = ()


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


def always(usage: Usage, model: str) -> bool:
    """There is no budget."""
    return True


@dataclass(frozen=True)
class Ask:
    """One request. ``files`` are the texts by path at this moment that the assistant may look at by itself, ``versions`` their edit
    counts: the whole workspace, or, where the interview does not share the tree, the files attached so far.

    ``turn`` prefixes ids of proposals and hunks, unique within the interview. ``brief`` is empty unless the interview shares it.
    ``mode`` is how far it may go: talk (``chat``), propose changes too (``edit``), also run things (``agent``); ``tree`` whether it
    sees the whole workspace. ``cancelled`` says, from any thread, that the candidate has pressed stop; ``bench`` is None where
    nothing can be run. ``afford`` says whether one more request may be made after this much was used in this reply.
    ``delegated``: it is a round of a ticket, worked on while nobody waits, and its last words describe the change. ``plants``:
    whether proposals may hold mistakes placed on purpose; ``closed`` is the event from which on none does any more. ``beside`` is
    what the candidate said by now in other conversations of the interview, without replies and decisions: for what is prepared to
    stay of one piece, and never sent to a service.
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
    mode: Mode = "edit"
    tree: bool = True
    afford: Callable[[Usage, str], bool] = always
    cancelled: Callable[[], bool] = never
    limits: Limits = Limits()
    delegated: bool = False
    plants: bool = True
    closed: int | None = None
    beside: tuple[Turn, ...] = ()

    @property
    def knows(self) -> tuple[str, ...]:
        """What the assistant knows by itself, in the words of ``reply.started``."""
        return (*(("brief",) if self.brief else ()), "tree" if self.tree else "attached")


@dataclass(frozen=True)
class TextDelta:
    """A piece of the reply, to be shown as it comes; ``beats``: how many times the provider's ``pace_s`` it takes to come."""

    text: str
    beats: float = 1.0


@dataclass(frozen=True)
class Delayed:
    """The service has not answered, for ``reason`` (words for the candidate), and is asked again after ``wait_s``."""

    reason: str
    wait_s: float


@dataclass(frozen=True)
class Working:
    """The assistant is about to use ``tool`` with ``input`` (JSON).

    The time that takes is spent on the task, not lost by a slow service. ``call`` is unique within the reply.
    """

    tool: str
    call: str
    input: object


@dataclass(frozen=True)
class ToolCall:
    """A tool that the assistant has used: what it was given (JSON) and what came back, less ``cut`` characters."""

    tool: str
    call: str
    input: object
    output: str
    ok: bool
    cut: int = 0


@dataclass(frozen=True)
class Proposal:
    """A change offered to the candidate. ``notes`` are for the scoring key only: what the exercise knows of each hunk, an empty one
    that it is sound; none where nothing is known, as of what a live model makes."""

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


Part = TextDelta | Delayed | Working | ToolCall | Proposal | Spent | Finished


class Provider(Protocol):
    """One way to answer; a file in ``assistant/providers/`` with a module-level ``provider: Provider``."""

    name: str
    plants: bool
    """Whether its proposals may hold mistakes placed on purpose; candidates are told."""
    pace_s: float
    """Seconds of a beat, where no network sets the pace of its pieces; 0 otherwise."""

    @property
    def model(self) -> str:
        """The model that answers where none was chosen, as the service knows it; empty where there are none to choose among."""
        ...

    @property
    def receiver(self) -> str:
        """Who gets what is written to it, as candidates are told: a service and its host; empty where it goes nowhere."""
        ...

    def check(self, model: str) -> str:
        """Why this provider cannot be used here and now, or an empty string."""
        ...

    def prepare(self) -> None:
        """Load what the first answer needs, ahead of it; may take seconds, and is no condition of ``reply``."""
        ...

    def reply(self, ask: Ask) -> Iterator[Part]:
        """Yield parts as they come and ``Finished`` last. Raises ``PlatformFailure`` with the reason when it cannot."""
        ...
