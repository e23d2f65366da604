"""A candidate's side of a conversation with a provider, for tests: files, versions, history, hunks accepted or left."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from assistant.base import (
    Ask,
    Attachment,
    Bench,
    Finished,
    Mode,
    Outcome,
    Part,
    Proposal,
    Provider,
    TextDelta,
    ToolCall,
    Turn,
)
from assistant.defects import name_of_test
from interviews.events import Hunk, HunkNote
from interviews.exercises import Exercise
from interviews.service.runs import read_report

EVERYTHING = (
    "Implement the feature: total within two minutes of the wished length, no artist twice in a row, skip explicit songs for "
    "'no explicit', 'clean' or 'for kids', 'without X' excludes that artist, remasters and live versions are the same song, the "
    "same seed gives the same playlist, never change the list of tracks, and when nothing fits exit with code 1."
)


@dataclass(frozen=True)
class Reply:
    """What came back to one prompt."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The reply's text."""
        return "".join(part.text for part in self.parts if isinstance(part, TextDelta))

    @property
    def proposals(self) -> list[Proposal]:
        """In order."""
        return [part for part in self.parts if isinstance(part, Proposal)]

    @property
    def calls(self) -> list[ToolCall]:
        """Tools that were used."""
        return [part for part in self.parts if isinstance(part, ToolCall)]

    @property
    def finished(self) -> Finished:
        """The last part."""
        last = self.parts[-1]
        assert isinstance(last, Finished)
        return last

    @property
    def hunks(self) -> list[tuple[Hunk, HunkNote]]:
        """Of all proposals, with their notes; empty ones where nothing is known of them."""
        return [
            pair
            for one in self.proposals
            for pair in zip(one.hunks, one.notes or (HunkNote(hunk=hunk.hunk) for hunk in one.hunks), strict=True)
        ]

    @property
    def defects(self) -> list[str]:
        """Planted in this reply."""
        return [note.defect for _, note in self.hunks if note.defect]


@dataclass
class Conversation:
    """An interview's conversation, kept as the service keeps it."""

    provider: Provider
    exercise: Exercise
    files: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    history: list[Turn] = field(default_factory=list)
    mode: Mode = "edit"
    bench: Bench | None = None
    tree: bool = True
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.files = self.files or dict(self.exercise.workspace)
        self.versions = self.versions or dict.fromkeys(self.files, 0)

    def ask(self, prompt: str, attachments: Iterable[str | Attachment] = (), brief: str = "") -> Ask:
        """The ask that this prompt makes now; a path attaches that file."""
        brought = tuple(
            Attachment(one, self.files[one], path=one) if isinstance(one, str) else one for one in attachments
        )
        self.seen |= {one.path for one in brought if one.path}
        files = (
            dict(self.files) if self.tree else {path: text for path, text in self.files.items() if path in self.seen}
        )
        return Ask(
            turn=f"a{len(self.history) + 1}", prompt=prompt, history=tuple(self.history), files=files, attachments=brought,
            versions={path: self.versions.get(path, 0) for path in files}, exercise=self.exercise, brief=brief, model="", seed=1,
            mode=self.mode, tree=self.tree, bench=self.bench if self.mode == "agent" else None,
        )  # fmt: skip

    def say(
        self,
        prompt: str,
        attachments: Iterable[str | Attachment] = (),
        accept: Callable[[HunkNote], bool] = lambda note: True,
    ) -> Reply:
        """Ask, then accept the hunks that ``accept`` says yes to and reject the others."""
        ask = self.ask(prompt, tuple(attachments))
        reply = Reply(tuple(self.provider.reply(ask)))
        taken = [hunk for hunk, note in reply.hunks if accept(note)]
        left = [hunk for hunk, note in reply.hunks if not accept(note)]
        self.files = applied(self.files, taken)
        for path in {hunk.path for hunk in taken}:
            self.versions[path] = self.versions.get(path, 0) + 1
        names = tuple(one.name for one in ask.attachments)
        self.history.append(
            Turn(prompt, reply.text, tuple(taken), tuple(left), attachments=names, brought=ask.attachments)
        )
        return reply


@dataclass(frozen=True)
class Folder:
    """The exercise's own tests, run in a folder on this machine."""

    exercise: Exercise

    def outcomes(self, files: Mapping[str, str]) -> tuple[dict[str, str], str]:
        """How each visible test ended on these files, and what was printed."""
        run = self.exercise.spec.run
        with tempfile.TemporaryDirectory() as name:
            for path, text in files.items():
                target = Path(name) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
            done = subprocess.run(
                [sys.executable, *run.argv[1:]], cwd=name, capture_output=True, text=True, timeout=60, check=False,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )  # fmt: skip
            report = Path(name) / run.report
            tests = read_report(report.read_bytes()) if report.exists() else []
        return {name_of_test(test.id): test.outcome for test in tests}, done.stdout

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        """As the product's scratch copy does."""
        outcomes, output = self.outcomes(files)
        counts = Counter(outcomes.values())
        return Outcome(output, bool(outcomes) and set(counts) == {"passed"}, counts=counts)

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        """Never asked for."""
        raise AssertionError("it runs no commands")


def applied(files: dict[str, str], hunks: Iterable[Hunk]) -> dict[str, str]:
    """The files after accepting hunks that were all made for them; fails where ``before`` is not what stands there."""
    result = dict(files)
    for hunk in sorted(hunks, key=lambda hunk: hunk.line, reverse=True):
        lines = result.get(hunk.path, "").split("\n")
        start = sum(len(line) + 1 for line in lines[: hunk.line - 1])
        text = result.get(hunk.path, "")
        assert text[start : start + len(hunk.before)] == hunk.before, hunk
        assert hunk.before or hunk.after
        result[hunk.path] = text[:start] + hunk.after + text[start + len(hunk.before) :]
    return result
