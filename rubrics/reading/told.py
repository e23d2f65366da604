"""What a log tells, as values: prompts, hunks and their verdicts, comments, runs, commands.

Owns their form. Invariant: frozen; what was withheld or has not happened yet is None. Leaves out how they are gathered (``facts``)
and what counts as good (``signals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from interviews import events as e
from rubrics.reading import running
from rubrics.reading.workspace import File


@dataclass(frozen=True)
class Scene:
    """What lay before the candidate at one moment.

    ``failing`` maps the tests that failed in the latest finished run to their messages, ``tests`` are all ids seen so far,
    ``output`` is what the latest run and the terminals said (its tail), ``offered`` the texts proposed so far.
    """

    files: Mapping[str, File]
    failing: Mapping[str, str]
    tests: frozenset[str]
    output: str
    offered: tuple[str, ...]


@dataclass(frozen=True)
class Prompt:
    """A prompt, or what a ticket says. ``outcome`` is what became of it; a ``miss`` and a ``failed`` one are the platform's.

    ``kind``: a ticket that was opened begins a conversation of its own, one that was revised goes on with it.
    """

    seq: int
    turn: str
    text: str
    attachments: tuple[str, ...]
    scene: Scene
    outcome: Literal["pending", "answered", "miss", "failed"] = "pending"
    mentions: tuple[e.Mention, ...] = ()
    kind: Literal["prompt", "ticket", "revision"] = "prompt"

    @cached_property
    def shown(self) -> str:
        """The text and what was attached of tests and terminals: who attaches a failure need not type it too."""
        return self.showing(self.text)

    def showing(self, text: str) -> str:
        """The same with another text."""
        failures = (f"{one.name}\n{one.text}" for one in self.mentions if one.kind == "failure")
        return "\n".join([text, *failures, *(one.text for one in self.mentions if one.kind == "terminal")])

    @property
    def counts(self) -> bool:
        """Whether this prompt is an opportunity at all."""
        return self.outcome in ("pending", "answered")


@dataclass(frozen=True)
class Decision:
    """A verdict on a hunk; ``scene`` as of just before it. ``kept`` is what an accepted one was changed to before it went in."""

    seq: int
    accepted: bool
    reason: str
    scene: Scene
    kept: str | None = None


@dataclass(frozen=True)
class Offered:
    """A hunk with what is known of it; parts that were withheld or have not happened are None.

    ``turn`` is that of the prompt or the ticket it answers.
    """

    suggestion: str
    hunk: str
    seq: int | None = None
    content: e.Hunk | None = None
    note: e.HunkNote | None = None
    decision: Decision | None = None
    turn: str = ""

    @property
    def accepted(self) -> Decision | None:
        """The decision, if it was to accept."""
        return self.decision if self.decision is not None and self.decision.accepted else None


@dataclass(frozen=True)
class Comment:
    """What was written at a line of a proposal."""

    seq: int
    comment: str
    suggestion: str
    hunk: str
    text: str
    line: int = 0


@dataclass(frozen=True)
class Answer:
    """The level, 1-5, that a person gave to the candidate's answer to a question on the submitted code."""

    seq: int
    rater: str
    question: str
    level: int


@dataclass(frozen=True)
class Judged:
    """The verdict on a hunk of the review, the newest where there were several; its four steps are how sure they were."""

    seq: int
    verdict: e.Verdict
    line: int
    fault: str
    repair: str | None

    @property
    def doubts(self) -> bool:
        """Whether the hunk is taken to be flawed."""
        return self.verdict in ("block", "probably wrong")

    @property
    def sure(self) -> bool:
        """Whether the verdict came without a "probably"."""
        return self.verdict in ("block", "merge")


@dataclass(frozen=True)
class Reviewed:
    """A hunk of the review, shown at ``seq``; parts that were withheld or have not happened are None.

    ``repaired`` is what the analysis of repairs says, None where it says nothing of this hunk.
    """

    review: str
    hunk: str
    seq: int | None = None
    content: e.Hunk | None = None
    note: e.HunkNote | None = None
    judged: Judged | None = None
    repaired: bool | None = None


@dataclass(frozen=True)
class Run:
    """A test run. ``finished`` is its seq, None while it goes on; ``outcomes`` maps test ids to outcomes."""

    run: str
    seq: int
    paths: frozenset[str]
    finished: int | None = None
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """A command typed in the terminal, at its end; ``scene`` is not kept, ``paths`` are the files of that moment.

    ``ran`` are those of its commands that could be run; ``loaded`` what of the workspace its programs load, as ``running`` says.
    """

    seq: int
    command: str
    paths: frozenset[str]
    ran: tuple[running.Command, ...] = ()
    loaded: frozenset[str] | None = frozenset()
