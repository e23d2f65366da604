"""The log, looked up by what its events are about.

Owns the one walk over the events that all signals share. Invariant: pure; a tombstone or a half-told story (a
decision whose proposal was withheld) leaves a gap and never raises; events that no signal reads change nothing.
Leaves out what counts as good (``signals``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from interviews import events as e
from rubrics.workspace import File, Workspace

TERMINAL_TAIL = 20_000
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)|\r")


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
    """A prompt. ``outcome`` is what became of it; a ``miss`` and a ``failed`` one are the platform's, not the candidate's."""

    seq: int
    turn: str
    text: str
    attachments: tuple[str, ...]
    scene: Scene
    outcome: Literal["pending", "answered", "miss", "failed"] = "pending"
    mentions: tuple[e.Mention, ...] = ()

    @property
    def shown(self) -> str:
        """The text and what was attached of tests and terminals: who attaches a failure need not type it too."""
        failures = (f"{one.name}\n{one.text}" for one in self.mentions if one.kind == "failure")
        return "\n".join([self.text, *failures, *(one.text for one in self.mentions if one.kind == "terminal")])

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
    """A hunk with what is known of it; parts that were withheld or have not happened are None."""

    suggestion: str
    hunk: str
    seq: int | None = None
    content: e.Hunk | None = None
    note: e.HunkNote | None = None
    decision: Decision | None = None

    @property
    def accepted(self) -> Decision | None:
        """The decision, if it was to accept."""
        return self.decision if self.decision is not None and self.decision.accepted else None


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
    """A command typed in the terminal, at its end; ``scene`` is not kept, ``paths`` are the files of that moment."""

    seq: int
    command: str
    paths: frozenset[str]


@dataclass(frozen=True)
class Facts:
    """Everything signals look up, each in order of events. ``submitted`` is the seq of submission."""

    prompts: tuple[Prompt, ...] = ()
    hunks: tuple[Offered, ...] = ()
    runs: tuple[Run, ...] = ()
    commands: tuple[Command, ...] = ()
    key: e.KeyRecorded | None = None
    key_seq: int = 0
    hidden_tests: Mapping[str, str] | None = None
    hidden_seq: int = 0
    submitted: int | None = None
    submission: e.InterviewSubmitted | None = None
    withheld: tuple[e.Event, ...] = ()

    def lost(self, *types: str, after: int = 0, before: int | None = None) -> bool:
        """Whether an event of one of these types was withheld or erased between two seqs."""
        return any(
            event.type in types and after < event.seq and (before is None or event.seq < before)
            for event in self.withheld
        )

    def unsure(self, prompt: Prompt) -> bool:
        """Whether the prompt may have been a platform miss: how its reply ended was withheld."""
        return prompt.outcome == "pending" and self.lost("reply.finished", "reply.failed", after=prompt.seq)


def gather(events: Iterable[e.Event]) -> Facts:
    """Walk the events once."""
    walk = _Walk()
    for event in events:
        walk.take(event)
    return walk.facts()


class _Walk:
    def __init__(self) -> None:
        self.workspace = Workspace()
        self.prompts: dict[str, Prompt] = {}
        self.hunks: dict[tuple[str, str], Offered] = {}
        self.runs: dict[str, Run] = {}
        self.commands: list[Command] = []
        self.failing: dict[str, str] = {}
        self.tests: set[str] = set()
        self.run_output = ""
        self.terminals: dict[str, str] = {}
        self.offered: list[str] = []
        self.withheld: list[e.Event] = []
        self.rest = Facts()

    def facts(self) -> Facts:
        return replace(
            self.rest, prompts=tuple(self.prompts.values()), hunks=tuple(self.hunks.values()),
            runs=tuple(self.runs.values()), commands=tuple(self.commands), withheld=tuple(self.withheld),
        )  # fmt: skip

    def scene(self) -> Scene:
        said = "\n".join([self.run_output, *(text for _, text in sorted(self.terminals.items()))])
        return Scene(
            self.workspace.files(),
            dict(self.failing),
            frozenset(self.tests),
            _ESCAPE.sub("", said),
            tuple(self.offered),
        )

    def take(self, event: e.Event) -> None:
        self.workspace.take(event)
        match event.data:
            case None:
                self.withheld.append(event)
            case e.PromptSent() | e.ReplyFinished() | e.ReplyFailed():
                self._turn(event.seq, event.data)
            case e.SuggestionOffered() | e.SuggestionAnnotated() | e.SuggestionDecided() | e.SuggestionRefreshed():
                self._suggestion(event.seq, event.data)
            case e.RunStarted() | e.RunFinished():
                self._run(event.seq, event.data)
            case e.TerminalOutput(terminal=terminal, data=data):
                self.terminals[terminal] = (self.terminals.get(terminal, "") + data)[-TERMINAL_TAIL:]
            case e.CommandFinished(command=command):
                self.commands.append(Command(event.seq, command, frozenset(self.workspace.files())))
            case e.KeyRecorded():
                self.rest = replace(self.rest, key=event.data, key_seq=event.seq)
            case e.InterviewSubmitted() if self.rest.submitted is None:
                self.rest = replace(self.rest, submitted=event.seq, submission=event.data)
            case e.AnalysisRecorded(kind="hidden_tests", result=result):
                self.rest = replace(self.rest, hidden_tests=_outcomes(result), hidden_seq=event.seq)
            case _:
                pass

    def _turn(self, seq: int, data: e.PromptSent | e.ReplyFinished | e.ReplyFailed) -> None:
        if isinstance(data, e.PromptSent):
            self.prompts[data.turn] = Prompt(
                seq, data.turn, data.text, data.attachments, self.scene(), mentions=data.mentions
            )
        elif (prompt := self.prompts.get(data.turn)) is not None:
            outcome: Literal["failed", "miss", "answered"]
            outcome = "failed" if isinstance(data, e.ReplyFailed) else "miss" if data.miss else "answered"
            self.prompts[data.turn] = replace(prompt, outcome=outcome)

    def _suggestion(
        self,
        seq: int,
        data: e.SuggestionOffered | e.SuggestionAnnotated | e.SuggestionDecided | e.SuggestionRefreshed,
    ) -> None:
        match data:
            case e.SuggestionOffered():
                for content in data.hunks:
                    self.offered.append(content.after)
                    self._hunk(data.suggestion, content.hunk, seq=seq, content=content)
            case e.SuggestionAnnotated():
                for note in data.hunks:
                    self._hunk(data.suggestion, note.hunk, note=note)
            case e.SuggestionRefreshed():
                self.offered.append(data.hunk.after)
                self._hunk(data.suggestion, data.hunk.hunk, content=data.hunk)
            case e.SuggestionDecided():
                decision = Decision(seq, data.decision == "accepted", data.reason, self.scene(), data.kept)
                self._hunk(data.suggestion, data.hunk, decision=decision)

    def _hunk(
        self, suggestion: str, hunk: str, *, seq: int | None = None, content: e.Hunk | None = None,
        note: e.HunkNote | None = None, decision: Decision | None = None,
    ) -> None:  # fmt: skip
        known = self.hunks.get((suggestion, hunk), Offered(suggestion, hunk))
        self.hunks[suggestion, hunk] = replace(
            known, seq=known.seq if seq is None else seq, content=content or known.content, note=note or known.note,
            decision=decision or known.decision,
        )  # fmt: skip

    def _run(self, seq: int, data: e.RunStarted | e.RunFinished) -> None:
        if isinstance(data, e.RunStarted):
            self.runs[data.run] = Run(data.run, seq, frozenset(data.files))
            return
        self.tests |= {test.id for test in data.tests}
        self.failing = {test.id: test.message for test in data.tests if test.outcome in ("failed", "error")}
        self.run_output = data.output[-TERMINAL_TAIL:]
        if (run := self.runs.get(data.run)) is not None:
            self.runs[data.run] = replace(run, finished=seq, outcomes={test.id: test.outcome for test in data.tests})


def _outcomes(result: e.Json) -> dict[str, str] | None:
    tests = result.get("tests") if isinstance(result, dict) else None
    if not isinstance(tests, list) or not tests:
        return None  # a grader that could not run says nothing about the candidate
    return {
        test["id"]: test["outcome"]
        for test in tests
        if isinstance(test, dict) and isinstance(test.get("id"), str) and isinstance(test.get("outcome"), str)
    }
