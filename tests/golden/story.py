"""Tells an interview event by event: for the golden log and for tests of the rubric.

Invariant: clock and salts count, so the same story gives the same bytes; every event goes through the real log port.
"""

from __future__ import annotations

import itertools
from typing import Literal

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.log import Draft, MemoryLog
from interviews.text import apply_changes, length, replace
from rubrics.base import LogView


class Story:
    """Tells events into a log and keeps the files in step."""

    def __init__(self, header: e.Header) -> None:
        at, salt = itertools.count(1_700_000_000_000, 1_250), itertools.count(1)
        self.log = MemoryLog(lambda: next(at), lambda: f"{next(salt):032x}")
        self.header = header
        self.log.create(header)
        self.files: dict[str, tuple[int, str]] = {}

    def records(self) -> list[e.Record]:
        """Everything told so far."""
        return self.log.read(self.header.id)

    def view(self) -> LogView:
        """The same, as a signal reads it."""
        return LogView.of(self.header, self.records())

    def tell(self, actor: str, *data: e.AnyPayload, cause: int | None = None) -> int:
        """Append as one batch; returns the last seq."""
        return self.log.append(self.header.id, [Draft(actor, one, cause=cause) for one in data])[-1].seq

    def file(self, actor: str, path: str, text: str, origin: e.Origin) -> None:
        version = self.files.get(path, (0, ""))[0] + 1
        self.files[path] = (version, text)
        self._whole(actor, path, origin)

    def again(self, path: str, origin: Literal["keyframe", "redacted"], before: str = "", after: str = "") -> None:
        """The whole text once more, ``before`` in it replaced."""
        version, text = self.files[path]
        now = text.replace(before, after) if before else text
        self.files[path] = (version if now == text else version + 1, now)
        self._whole("system", path, origin)

    def rename(self, path: str, to: str) -> None:
        _, text = self.files.pop(path)
        self.files[to] = (1, text)
        self._whole("candidate", to, "typed", path)
        self.tell("candidate", e.FileDeleted(path=path, origin="typed"))

    def _whole(self, actor: str, path: str, origin: e.Origin, renamed_from: str = "") -> None:
        version, text = self.files[path]
        raw = text.encode()
        whole = e.FileSnapshotted(
            path=path, version=version, text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin,
            renamed_from=renamed_from,
        )  # fmt: skip
        self.tell(actor, whole)

    def edit(
        self, path: str, before: str, after: str, origin: e.Origin, *, cause: int | None = None, late: bool = False
    ) -> int:
        """Replace the first ``before`` of the file."""
        version, text = self.files[path]
        start = length(text[: text.index(before)])
        changes = replace(text, start, start + length(before), after)
        self.files[path] = (version + 1, apply_changes(text, changes))
        actor = "terminal" if origin == "terminal" else "interviewer:Mo" if origin == "co-edit" else "candidate"
        client = "assistant" if origin == "hunk" else "tab-1"
        edited = e.FileEdited(path=path, version=version + 1, changes=changes, origin=origin, client=client, late=late)
        return self.tell(actor, edited, cause=cause)

    def ask(self, turn: str, text: str, *attachments: str, mentions: tuple[e.Mention, ...] = ()) -> None:
        self.tell("candidate", e.PromptSent(turn=turn, text=text, attachments=attachments, mentions=mentions))

    def answer(self, turn: str, text: str, *, miss: bool = False) -> None:
        usage = e.Usage(input_tokens=len(text), output_tokens=len(text) // 4)
        self.tell(
            "assistant",
            e.ReplyStarted(turn=turn, provider="scripted", model="car-park"),
            e.ReplyAppended(turn=turn, text=text),
            e.ReplyFinished(
                turn=turn, text=text, stop_reason="end", usage=usage, first_token_ms=120, total_ms=400, miss=miss
            ),
        )

    def offer(self, turn: str, suggestion: str, title: str, *hunks: tuple[e.Hunk, e.HunkNote]) -> int:
        seq = self.tell(
            "assistant",
            e.SuggestionOffered(
                suggestion=suggestion, turn=turn, title=title, hunks=tuple(content for content, _ in hunks)
            ),
        )
        self.tell(
            "system", e.SuggestionAnnotated(suggestion=suggestion, hunks=tuple(note for _, note in hunks)), cause=seq
        )
        return seq

    def accept(self, suggestion: str, content: e.Hunk, cause: int) -> None:
        decided = e.SuggestionDecided(suggestion=suggestion, hunk=content.hunk, decision="accepted")
        seq = self.tell("candidate", decided, cause=cause)
        self.edit(content.path, content.before, content.after, "hunk", cause=seq)

    def reject(self, suggestion: str, hunk: str, reason: str, cause: int) -> None:
        decided = e.SuggestionDecided(suggestion=suggestion, hunk=hunk, decision="rejected", reason=reason)
        self.tell("candidate", decided, cause=cause)

    def run(self, run: str, *failing: tuple[str, str], exit_code: int | None = None) -> None:
        names = ("tests/test_fees.py::test_two_hours", "tests/test_fees.py::test_started_hour")
        messages = dict(failing)
        tests = tuple(
            e.TestResult(
                id=name,
                outcome="failed" if name in messages else "passed",
                message=messages.get(name, ""),
                duration_ms=3,
            )
            for name in names
        )
        seq = self.tell(
            "candidate", e.RunStarted(run=run, files={path: version for path, (version, _) in self.files.items()})
        )
        code = (1 if failing else 0) if exit_code is None else exit_code
        self.tell(
            "system",
            e.RunFinished(
                run=run,
                exit_code=code,
                tests=tests,
                output=f"{len(failing)} failed\n",
                timed_out=False,
                duration_ms=210,
            ),
            cause=seq,
        )


def hunk(name: str, path: str, line: int, before: str, after: str, *, base: int = 1) -> e.Hunk:
    return e.Hunk(hunk=name, path=path, base_version=base, line=line, before=before, after=after)


def note(name: str, touches: str = "", honours: str = "", defect: str | None = None) -> e.HunkNote:
    return e.HunkNote(hunk=name, touches=tuple(touches.split()), honours=tuple(honours.split()), defect=defect)
