"""What an assistant may do beside talking: look at files, propose edits, run things in a scratch copy.

Owns the tools' definitions, which mode has which, and one reply's use of them. Invariant: nothing here writes to the candidate's
files, and no path leads out of the files of the ask. Edits and what commands changed are collected in drafts and leave as one
proposal of hunks against the files as they were asked about; a call that does not fit is answered in words the model can act
on. Leaves out how a provider speaks of tools.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.base import Ask, Mode, Outcome, Proposal
from assistant.hunks import difference
from assistant.search import search
from assistant.templates import lines_of
from interviews.errors import PairsightError
from interviews.events import Hunk

READ = 16_000  # characters of one reading
OUTPUT = 16_000  # characters of one tool's output
TEXT = 200_000  # characters of one edit
KEPT = frozenset({".git", "__pycache__", ".pytest_cache", ".pairsight", ".mypy_cache", "node_modules"})


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ListFiles(_Input):
    """List the workspace's files with their number of lines."""


class ReadFile(_Input):
    """Read a file, with what you have proposed in this reply. Long files come in parts: ask for the lines you need."""

    path: str = Field(description="Path of the file in the workspace.")
    start_line: int = Field(default=1, ge=1, description="First line wanted, from 1.")
    end_line: int | None = Field(default=None, ge=1, description="Last line wanted; to the end if left out.")


class Search(_Input):
    """Find lines in the workspace's files. Matches are shown as path:line: text."""

    pattern: str = Field(min_length=1, max_length=300, description="What to look for within a line.")
    regex: bool = Field(default=False, description="Whether the pattern is a Python regular expression.")


class ProposeEdit(_Input):
    """Propose a change of one place in a file. The candidate sees it as hunks and accepts or rejects each; nothing is written
    before that. Give enough of the old text to be the only match. Call it several times for several places."""

    path: str = Field(
        description="Path of the file in the workspace; a new path together with an empty old_text makes a new file."
    )
    old_text: str = Field(
        max_length=TEXT, description="The exact text to be replaced, as read_file shows it. It must occur exactly once."
    )
    new_text: str = Field(max_length=TEXT, description="What shall stand there instead.")
    title: str = Field(default="", max_length=120, description="What the change does, in a few words.")


class RunTests(_Input):
    """Run the workspace's tests in a scratch copy that holds your proposals so far."""


class RunCommand(_Input):
    """Run a shell command in a scratch copy that holds your proposals so far, without network, for at most 30 seconds. Files it
    changes become part of your proposal."""

    command: str = Field(min_length=1, max_length=2_000, description="The command line, for bash.")


TOOLS: dict[str, type[_Input]] = {
    "list_files": ListFiles,
    "read_file": ReadFile,
    "search": Search,
    "propose_edit": ProposeEdit,
    "run_tests": RunTests,
    "run_command": RunCommand,
}
LOOKING = ("list_files", "read_file", "search")
PROPOSING = (*LOOKING, "propose_edit")
RUNNING = ("run_tests", "run_command")
MODES: dict[Mode, tuple[str, ...]] = {"chat": (), "edit": PROPOSING, "agent": (*PROPOSING, *RUNNING)}


@dataclass(frozen=True)
class Tool:
    """A definition: ``schema`` is a JSON Schema of its input."""

    name: str
    description: str
    schema: dict[str, Any]


@dataclass(frozen=True)
class Used:
    """What a call gave, less ``cut`` characters."""

    output: str
    ok: bool
    cut: int = 0


def definitions(ask: Ask) -> list[Tool]:
    """The tools that this ask allows: those of its mode, less what needs a bench where there is none."""
    allowed = [name for name in MODES[ask.mode] if ask.bench is not None or name not in RUNNING]
    return [Tool(name, " ".join((TOOLS[name].__doc__ or "").split()), _schema(TOOLS[name])) for name in allowed]


@cache
def _schema(model: type[_Input]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = {
        name: {key: value for key, value in shape.items() if key != "title"}
        for name, shape in schema.get("properties", {}).items()
    }
    return {
        "type": "object",
        "properties": properties,
        "required": schema.get("required", []),
        "additionalProperties": False,
    }


@dataclass
class Toolbox:
    """The tools as one reply uses them."""

    ask: Ask
    drafts: dict[str, str] = field(default_factory=dict)
    titles: list[str] = field(default_factory=list)

    @property
    def files(self) -> dict[str, str]:
        """The workspace with the drafts of this reply."""
        return {**self.ask.files, **self.drafts}

    def use(self, name: str, given: object) -> Used:
        """Do what was called for. Never raises for what a model may get wrong or a sandbox may fail at."""
        allowed = [tool.name for tool in definitions(self.ask)]
        if name not in allowed:
            return Used(f"Expected one of the tools {', '.join(allowed) or '(none)'}, got {name[:80]}", False)
        try:
            return self._use(TOOLS[name].model_validate(given))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "input"
            return Used(f"The input of {name} does not fit: {where}: {first['msg']}", False)
        except PairsightError as error:
            return Used(str(error), False)

    def proposal(self) -> Proposal | None:
        """Everything proposed, as hunks against the files as they were asked about; None where nothing differs."""
        name = f"{self.ask.turn}-s1"
        ids = (f"{name}-h{number}" for number in count(1))
        found: list[Hunk] = []
        for path, text in self.drafts.items():
            found += difference(path, self.ask.versions.get(path, 0), self.ask.files.get(path, ""), text, ids)
        if not found:
            return None
        titles = [title for title in dict.fromkeys(self.titles) if title]
        title = "; ".join(titles)[:200] or "Change " + ", ".join(dict.fromkeys(hunk.path for hunk in found))[:180]
        # What a model makes is of no known quality: a note, also an empty one, would say that the exercise knows of it.
        return Proposal(name, title, tuple(found))

    def _use(self, call: _Input) -> Used:
        match call:
            case ListFiles():
                lines = [f"{path} ({len(lines_of(text))} lines)" for path, text in sorted(self.files.items())]
                return _bounded("\n".join(lines) or "There are no files.", True)
            case ReadFile():
                return self._read(call)
            case Search():
                return _bounded(search(self.files, call.pattern, call.regex), True)
            case ProposeEdit():
                return self._edit(call)
            case RunCommand():
                command = call.command
                return self._run(
                    lambda files: self._bench.run_command(command, files), f"Changes made by: {command[:80]}"
                )
            case _:
                return self._run(lambda files: self._bench.run_tests(files), "")

    @property
    def _bench(self) -> Any:
        return self.ask.bench

    def _read(self, call: ReadFile) -> Used:
        text = self.files.get(call.path)
        if text is None:
            return Used(f"There is no file {call.path[:200]}; list_files shows which there are.", False)
        lines = lines_of(text)
        if call.start_line > max(1, len(lines)):
            return Used(f"{call.path} has {len(lines)} lines only.", False)
        wanted = "".join(lines[call.start_line - 1 : call.end_line])
        if len(wanted) <= READ:
            return Used(wanted or "[empty]", True)
        shown = wanted[:READ]
        last = call.start_line + shown.count("\n")
        return Used(f"{shown}\n[cut in line {last} of {len(lines)}; read on with start_line]", True, len(wanted) - READ)

    def _edit(self, call: ProposeEdit) -> Used:
        if why := _path_fault(call.path, self.files):
            return Used(why, False)
        text = self.files.get(call.path)
        if text is None:
            if call.old_text:
                return Used(f"There is no file {call.path}; an empty old_text makes a new one.", False)
            if not call.new_text:
                return Used("A new file needs a text.", False)
            return self._draft(call.path, call.new_text, call.title)
        if not call.old_text:
            if text:
                return Used(f"{call.path} is there already: old_text must name what to replace.", False)
            return self._draft(call.path, call.new_text, call.title)
        found = _occurrences(text, call.old_text)
        if found != 1:
            how = "does not occur in" if not found else f"occurs {found} times in"
            return Used(
                f"old_text {how} {call.path}; expected exactly once. Read the file and give the exact text, with enough around it.",
                False,
            )
        if call.old_text == call.new_text:
            return Used("old_text and new_text are the same: nothing would change.", False)
        return self._draft(call.path, text.replace(call.old_text, call.new_text, 1), call.title)

    def _draft(self, path: str, text: str, title: str) -> Used:
        if len(text) > 5 * TEXT:
            return Used(f"{path} would grow beyond what a file may hold.", False)
        self.drafts[path] = text
        self.titles.append(title.strip())
        return Used(
            f"Proposed. The candidate will see it as hunks of {path} and decide; your further calls see it already.",
            True,
        )

    def _run(self, run: Callable[[dict[str, str]], Outcome], title: str) -> Used:
        before = self.files
        outcome = run(before)
        gone = _gone(outcome, before)
        for path, text in outcome.changed.items():
            if _path_fault(path, {}) is None:
                self.drafts[path] = text
                self.titles.append(f"{title} ({gone})" if gone else title)
        used = _bounded(outcome.output, outcome.ok)
        return replace(used, cut=used.cut + outcome.cut)


def _bounded(output: str, ok: bool) -> Used:
    over = max(0, len(output) - OUTPUT)
    return Used(f"{output[:OUTPUT]}\n[cut here: {over} characters more]" if over else output, ok, over)


def _gone(outcome: Outcome, before: Mapping[str, str]) -> str:
    """The files that a command took away, and where what they held stands now, in words for a title."""
    new = {text: path for path, text in outcome.changed.items() if text and path not in before}
    moved = {path: new.get(before.get(path, ""), "") for path in outcome.deleted}
    return ", ".join(f"renames {path} to {to}" if to else f"deletes {path}" for path, to in moved.items())[:120]


def _occurrences(text: str, part: str) -> int:
    """How often, overlapping ones included."""
    found, at = 0, text.find(part)
    while at >= 0 and found < 100:
        found, at = found + 1, text.find(part, at + 1)
    return found


def _path_fault(path: str, files: dict[str, str]) -> str | None:
    parts = path.split("/")
    odd = any(part in ("", ".", "..") or part != part.strip() or not part.isprintable() for part in parts)
    if odd or "\\" in path or len(path) > 200 or KEPT & set(parts):
        return f"Expected a path inside the workspace such as src/name.py, got {path[:200]!r}."
    if path not in files and any(name.startswith(path + "/") or path.startswith(name + "/") for name in files):
        return f"{path} cannot be both a file and a folder."
    return None


def readable(given: object) -> object:
    """A tool's input as it may be logged: JSON, and no longer than one output."""
    text = json.dumps(given, default=str)
    return given if len(text) <= 4 * OUTPUT else {"cut": text[:OUTPUT]}
