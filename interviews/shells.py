"""What the finished lines of a terminal ran of tests, and where its shell stands.

Owns following a shell: its working directory, what it exports, what its aliases stand for, and which commands of a line surely ran.
Invariant: pure; what the shell alone knows (variables, globs, substitutions, loops, which side of ``||`` ran) is never guessed but
said to be unread. Leaves out what a test run is (``commandlines``) and running it again (``service.analyses``).
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from interviews.commandlines import command_of, hides_tests, name_of, names_tests
from interviews.shellwords import Chain, Group, Parse, Pipeline, Scan, Unread, Word, called, defined, sets, split

Environment = tuple[tuple[str, str], ...]

_MOST_JOINED, _MOST_COURSES = 20, 256
# The shell and the log cut what is longer (``sandbox.agent``, ``service.marks``), and put this in its place.
_CUT, _CUT_FROM = "…", 1000
_NEVER_FAIL = frozenset({"echo", "clear", "true", ":", "printf", "alias", "export", "pwd"})
_EXPORTS = frozenset({"export", "declare", "typeset"})
_MOVES = frozenset({"cd", "pushd", "popd", "source", ".", "eval", "builtin"})
# What a shell says of a command that it could not run.
NOT_RUN = frozenset({126, 127})
_KILLED = 128


@dataclass(frozen=True)
class Run:
    """A test run that surely was made: what pytest was given, in which folder of the workspace (``""``: its root).

    ``exit_code`` is that of the run itself, None where the line's is another's.
    """

    arguments: tuple[str, ...]
    folder: str = ""
    environment: Environment = ()
    exit_code: int | None = None


@dataclass(frozen=True)
class Reading:
    """What a line ran of tests. ``unread``: there was, or may have been, a run of which it cannot be said what it was."""

    runs: tuple[Run, ...] = ()
    unread: bool = False


@dataclass
class Shell:
    """The shell of one terminal, as far as its finished lines tell.

    ``root`` is where the workspace lies there; ``folder`` is the working directory below it, None where it is not known.
    """

    root: str
    folder: str | None = ""
    # Where ``cd -`` goes.
    before: str | None = None
    _exported: dict[str, str] = field(default_factory=dict)
    # What aliases and functions are known to stand for: whether tests are among it, and whether it changes the folder.
    _names: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _altered: bool = False

    def read(self, line: str, exit_code: int | None, paths: Collection[str]) -> Reading:
        """Take a finished line. ``paths`` are the files that there were."""
        exit_code = exit_code if exit_code is not None and exit_code >= 0 else None
        scanned = Scan(line)
        commands = split(scanned.pieces)
        cut = line.endswith(_CUT) and len(line) >= _CUT_FROM
        try:
            chains = Parse(scanned.pieces).whole() if scanned.plain and not cut else None
        except Unread:
            chains = None
        if chains is None:
            self._define(scanned.pieces, line)
            if cut or any(self.moves(words) for words in commands):
                self.folder = None
            exported = [word.text for words in commands if called(words) in _EXPORTS for word in words]
            self._altered = self._altered or any(name.startswith("PY") for name in exported)
            named = cut and names_tests(line)
            return Reading(unread=hides_tests(scanned) or named or any(self._tests(words) for words in commands))
        walk = _Walk(self, paths)
        # Who interrupts a command ends the line with it.
        interrupted = exit_code is not None and exit_code >= _KILLED and len(commands) > 1
        self.folder = walk.chains(chains, self.folder, exit_code, sure=not interrupted)
        return Reading(tuple(walk.runs), walk.unread)

    def _tests(self, words: Sequence[Word]) -> bool:
        command = command_of(words)
        return (command is not None and command.kind != "program") or self._known(words)[0]

    def moves(self, words: Sequence[Word]) -> bool:
        """Whether a command may change the working directory."""
        return called(words) in _MOVES or self._known(words)[1]

    def _known(self, words: Sequence[Word]) -> tuple[bool, bool]:
        return self._names.get(called(words), (False, False))

    def _define(self, pieces: Sequence[Word | str], line: str) -> None:
        if (name := defined(pieces)) is not None:
            said = [piece for piece in pieces if isinstance(piece, Word)]
            self._names[name] = names_tests(line), any(self.moves([word]) for word in said)

    def effects(self, words: Sequence[Word], *, sure: bool) -> None:
        """Take what a command leaves behind for later ones; not ``sure``: where it ran."""
        if words[0].text == "alias":
            for word in words[1:]:
                name, _, text = word.text.partition("=")
                inside = split(Scan(text).pieces)
                tests = names_tests(text) or any(self._tests(one) for one in inside)
                self._names[name] = tests, any(self.moves(one) for one in inside)
        elif words[0].text == "unset":
            for word in words[1:]:
                self._exported.pop(word.text, None)
        elif words[0].text in _EXPORTS:
            for word in filter(sets, words[1:]):
                name, _, text = word.text.partition("=")
                if sure and word.sure and name.isidentifier():
                    self._exported[name] = text
                    continue
                self._exported.pop(name, None)
                self._altered = self._altered or not sure or name.startswith("PY")

    def where(self, words: Sequence[Word], folder: str | None) -> str | None:
        """The folder that ``cd`` goes to; None where that is outside the workspace or cannot be known."""
        given = [word for word in words[1:] if word.text not in ("--", "-L", "-P")]
        if words[0].text != "cd" or len(given) != 1 or not given[0].sure:
            return None
        text = given[0].text
        if text == "-":
            return self.before
        if folder is None and not text.startswith("/"):
            return None
        path = posixpath.normpath(posixpath.join(self.root, folder or "", text))
        if path == self.root:
            return ""
        return path.removeprefix(f"{self.root}/") if path.startswith(f"{self.root}/") else None

    def run(
        self, words: Sequence[Word], folder: str | None, exit_code: int | None, *, sure: bool
    ) -> Run | Literal["unread", ""]:
        """The test run that a command is."""
        command = command_of(words)
        if self._known(words)[0] or (command is not None and command.kind == "unknown"):
            return "unread"
        if command is None or command.kind != "tests" or (sure and exit_code in NOT_RUN):
            return ""
        environment = [word for word in command.environment if not word.text.partition("=")[0].endswith("+")]
        read = len(environment) == len(command.environment) and all(
            word.sure for word in (*command.given, *environment)
        )
        if not (sure and command.sure and read and folder is not None) or self._altered:
            return "unread"
        own = {name: text for name, _, text in (word.text.partition("=") for word in environment)}
        known = {**self._exported, **own}
        return Run(tuple(word.text for word in command.given), folder, tuple(sorted(known.items())), exit_code)


class _Walk:
    """One line's way through a shell."""

    def __init__(self, shell: Shell, paths: Collection[str]) -> None:
        self._shell, self._paths = shell, paths
        self.runs: list[Run] = []
        self.unread = False
        # In a shell of its own, which leaves nothing behind.
        self._apart = False

    def chains(self, chains: Sequence[Chain], folder: str | None, exit_code: int | None, *, sure: bool) -> str | None:
        """Go through lists of commands; returns the folder in which they leave the shell."""
        for at, chain in enumerate(chains):
            if chain.background:
                with self._subshell():
                    self._chain(chain, folder, None, sure=False)
                continue
            folder = self._chain(chain, folder, exit_code if at == len(chains) - 1 else None, sure=sure)
        return folder

    def _chain(self, chain: Chain, folder: str | None, exit_code: int | None, *, sure: bool) -> str | None:
        courses = _courses(self._outcomes(chain, folder), chain.joins, exit_code)
        for at, pipeline in enumerate(chain.pipelines):
            ways = {course[at] for course in courses}
            if ways == {None}:
                continue
            # As nothing agrees with what the shell said, or too much does, nothing is known.
            ran = sure and bool(ways) and None not in ways
            decides = bool(ways) and all(one is None for course in courses for one in course[at + 1 :])
            code = exit_code if ran and decides else 0 if ran and ways == {True} else None
            left = self._pipeline(pipeline, folder, None if pipeline.negated else code, sure=ran)
            succeeded = {course[at] != pipeline.negated for course in courses}
            # A ``cd`` that failed stays where it was.
            if left == folder or (ran and succeeded == {False} and not isinstance(pipeline.parts[0], Group)):
                continue
            certain = ran and (succeeded == {True} or isinstance(pipeline.parts[0], Group))
            self._shell.before, folder = (folder, left) if certain else (None, None)
        return folder

    def _outcomes(self, chain: Chain, folder: str | None) -> list[tuple[bool, ...]]:
        """By pipeline, how it may end if it runs, those before it having succeeded."""
        found: list[tuple[bool, ...]] = []
        for pipeline in chain.pipelines:
            words = pipeline.parts[-1]
            succeeds = not pipeline.negated and isinstance(words, list) and words[0].text in _NEVER_FAIL
            if (
                isinstance(words, list)
                and len(pipeline.parts) == 1
                and self._shell.moves(words)
                and not _activates(words)
            ):
                folder = self._shell.where(words, folder)
                succeeds = not pipeline.negated and words[0].text == "cd" and folder is not None and self._there(folder)
            elif isinstance(pipeline.parts[0], Group):
                # It may have gone anywhere.
                folder = None
            found.append((True,) if succeeds else (True, False))
        return found

    def _there(self, folder: str) -> bool:
        return folder == "" or any(path.startswith(f"{folder}/") for path in self._paths)

    def _pipeline(self, pipeline: Pipeline, folder: str | None, exit_code: int | None, *, sure: bool) -> str | None:
        left = folder
        for at, part in enumerate(pipeline.parts):
            code = exit_code if at == len(pipeline.parts) - 1 else None
            here = len(pipeline.parts) == 1
            if isinstance(part, Group) and here and not part.subshell:
                left = self.chains(part.chains, folder, code, sure=sure)
                continue
            if isinstance(part, Group):
                with self._subshell():
                    self.chains(part.chains, folder, code, sure=sure)
                continue
            found = self._shell.run(part, folder, code, sure=sure)
            if isinstance(found, Run):
                self.runs.append(found)
            self.unread = self.unread or found == "unread"
            if here:
                if not self._apart:
                    self._shell.effects(part, sure=sure)
                left = self._shell.where(part, folder) if self._shell.moves(part) and not _activates(part) else folder
        return left

    @contextmanager
    def _subshell(self) -> Iterator[None]:
        before, apart = self._shell.before, self._apart
        self._apart = True
        yield
        self._shell.before, self._apart = before, apart


def _activates(words: Sequence[Word]) -> bool:
    """A virtual environment's script sets variables and stays where it is."""
    return words[0].text in ("source", ".") and name_of(words, 1).startswith("activate")


def _courses(
    outcomes: Sequence[tuple[bool, ...]], joins: Sequence[str], exit_code: int | None
) -> list[list[bool | None]]:
    """All ways that a chain may have gone: by pipeline whether it succeeded, None where it did not run.

    None at all where there are too many, or none agrees with the exit code.
    """
    courses: list[list[bool | None]] = [[]] if len(outcomes) <= _MOST_JOINED else []
    for at, possible in enumerate(outcomes):
        longer: list[list[bool | None]] = []
        for course in courses:
            runs = at == 0 or _status(course) == (joins[at - 1] == "&&")
            longer += [[*course, outcome] for outcome in (possible if runs else (None,))]
        if len(longer) > _MOST_COURSES:
            return []
        courses = longer
    return [course for course in courses if exit_code is None or _status(course) == (exit_code == 0)]


def _status(course: Sequence[bool | None]) -> bool | None:
    return next((one for one in reversed(course) if one is not None), None)
