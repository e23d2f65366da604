"""Tells an interview event by event into a log of the real format.

Owns the clock, the salts, the files as they stand and the chain. Invariant: the same telling gives the same bytes; every event goes
through the real log port, and an edit is made of the text that it changes. Leaves out what happens (``course``).
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Final

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.log import Draft, MemoryLog
from interviews.ndjson import write_log
from interviews.text import apply_changes, length, replace

BEGAN_MS: Final = 1_800_000_000_000
# Names of the exercise under other ones; words that are prose too are told by what stands beside them.
RENAMED: Final[Mapping[str, str]] = {
    r"\bstarted_days\b": "begun_days", r"\bcharged_hours\b": "billed_hours", r"\bfree_boxes\b": "open_boxes",
    r"\btotal_cents\b": "sum_of_all", r"\bnew_code\b": "make_pin", r"\bwrong_code\b": "refuse_pin", r"\bsame_code\b": "pins_match",
    r"\blockers/": "cabinet/", r"\bfees\.py": "prices.py", r"\bplacing\.py": "stowing.py", r"\bcodes\.py": "pins.py",
    r"\breport\.py": "summary.py", r"\bfitting(?=\(|`)": "best_box", r"\bcapped(?=\(|`)": "limited_to",
    r"\baccepts(?=\(|`)": "takes_in", r"\bordered(?=\(|`)": "in_order", r"\bstatus(?=\(|`)": "end_code",
}  # fmt: skip


class Teller:
    """Tells events into a log and keeps the files in step. ``slower``: how much longer everything takes."""

    def __init__(self, header: e.Header, seed: int, *, slower: float = 1.0, renamed: bool = False) -> None:
        self._pace, salts, self._slower = Random(f"{seed}/pace"), Random(f"{seed}/salts"), slower
        self._renamed = renamed
        self._now = header.created_at_ms
        self.header = header
        self._log = MemoryLog(lambda: self._now, lambda: f"{salts.getrandbits(128):032x}")
        self._log.create(header)
        self.files: dict[str, tuple[int, str]] = {}
        self.last = 0

    def records(self) -> list[e.Record]:
        """Everything told so far."""
        return self._log.read(self.header.id)

    def named(self, text: str) -> str:
        """A text with the names that this interview's exercise has."""
        if self._renamed:
            for old, new in RENAMED.items():
                text = re.sub(old, new, text)
        return text

    def wait(self, seconds: float) -> None:
        """Let time pass, about that much."""
        self._now += int(1000 * seconds * self._slower * self._pace.uniform(0.6, 1.5))

    def tell(self, actor: str, *data: e.AnyPayload, cause: int | None = None) -> int:
        """Append as one batch; returns the last seq."""
        self.wait(1.5)
        drafts = [Draft(actor, self._as_named(one), cause=cause) for one in data]
        self.last = self._log.append(self.header.id, drafts)[-1].seq
        return self.last

    def _as_named(self, data: e.AnyPayload) -> e.AnyPayload:
        if not self._renamed or isinstance(data, e.FileEdited | e.FileSnapshotted):
            return data
        payload = json.loads(self.named(json.dumps(e.dump_payload(data))))
        return e.load_payload(data.type, data.v, payload)

    def file(self, actor: str, path: str, text: str, origin: e.Origin) -> int:
        """A whole text."""
        path, text = self.named(path), self.named(text)
        version = self.files.get(path, (0, ""))[0] + 1
        self.files[path] = (version, text)
        raw = text.encode()
        whole = e.FileSnapshotted(
            path=path, version=version, text=text, size=len(raw), sha256=sha256_hex(raw), origin=origin
        )
        return self.tell(actor, whole)

    def edit(self, path: str, before: str, after: str, origin: e.Origin, *, cause: int | None = None) -> int:
        """Replace the first ``before`` of the file; where that is empty, add at its end."""
        path, before, after = self.named(path), self.named(before), self.named(after)
        version, text = self.files[path]
        start = length(text[: text.index(before)]) if before else length(text)
        changes = replace(text, start, start + length(before), after)
        self.files[path] = (version + 1, apply_changes(text, changes))
        client = "assistant" if origin == "hunk" else "tab-1"
        edited = e.FileEdited(path=path, version=version + 1, changes=changes, origin=origin, client=client)
        return self.tell("candidate", edited, cause=cause)

    def has(self, path: str, text: str) -> bool:
        """Whether the file holds that text now."""
        return self.named(text) in self.files[self.named(path)][1]

    def hunk(self, name: str, path: str, before: str, after: str) -> e.Hunk:
        """A change of what stands in the file now."""
        version, text = self.files[self.named(path)]
        line = text[: text.index(self.named(before))].count("\n") + 1
        return e.Hunk(hunk=name, path=path, base_version=version, line=line, before=before, after=after)

    def versions(self) -> dict[str, int]:
        """Of every file."""
        return {path: version for path, (version, _) in self.files.items()}

    def answer(self, turn: str, text: str, mode: str) -> None:
        """What the assistant says, from its first word to its last."""
        began = e.ReplyStarted(turn=turn, provider="simulated", model="simulated-1", mode=mode)
        self.tell("assistant", began)
        self.wait(6)
        usage = e.Usage(input_tokens=1_200 + len(text), output_tokens=len(text) // 3)
        done = e.ReplyFinished(
            turn=turn,
            text=text,
            stop_reason="end",
            usage=usage,
            first_token_ms=700,
            total_ms=6_000,
            model="simulated-1",
        )
        self.tell("assistant", e.ReplyAppended(turn=turn, text=text), done)

    def offer(self, turn: str, suggestion: str, title: str, hunks: Sequence[tuple[e.Hunk, e.HunkNote]]) -> int:
        """A proposal, and what the exercise knows of it."""
        offered = e.SuggestionOffered(
            suggestion=suggestion, turn=turn, title=title, hunks=tuple(content for content, _ in hunks)
        )
        seq = self.tell("assistant", offered)
        self.tell(
            "system", e.SuggestionAnnotated(suggestion=suggestion, hunks=tuple(one for _, one in hunks)), cause=seq
        )
        return seq

    def accept(self, suggestion: str, content: e.Hunk, cause: int) -> int:
        """Take a hunk over, into the file."""
        decided = e.SuggestionDecided(suggestion=suggestion, hunk=content.hunk, decision="accepted")
        seq = self.tell("candidate", decided, cause=cause)
        self.edit(content.path, content.before, content.after, "hunk", cause=seq)
        return seq

    def reject(self, suggestion: str, hunk: str, reason: str, cause: int) -> int:
        """Turn a hunk down."""
        decided = e.SuggestionDecided(suggestion=suggestion, hunk=hunk, decision="rejected", reason=reason)
        return self.tell("candidate", decided, cause=cause)

    def run(self, run: str, tests: Sequence[e.TestResult]) -> None:
        """A test run and its results."""
        seq = self.tell("candidate", e.RunStarted(run=run, files=self.versions()))
        self.wait(2)
        failing = sum(1 for one in tests if one.outcome != "passed")
        said = "\n".join(f"E   {one.message}" for one in tests if one.message)
        done = e.RunFinished(
            run=run, exit_code=1 if failing else 0, tests=tuple(tests),
            output=f"{said}\n{failing} failed, {len(tests) - failing} passed\n",
            timed_out=False, duration_ms=900,
        )  # fmt: skip
        self.tell("system", done, cause=seq)


def log_text(header: e.Header, records: Sequence[e.Record]) -> str:
    """The log as it is exported."""
    out = io.StringIO(newline="")
    write_log(out, header, records)
    return out.getvalue()
