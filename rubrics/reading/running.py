"""Which commands typed in a terminal run code, and which of those run tests.

Owns that reading of a shell's line. Invariant: only what stands where a command does counts, so that ``cat test.py`` and
``grep python`` run nothing; the time it takes grows with the length of the line alone. Leaves out what a run is worth
(``signals``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

Kind = Literal["program", "tests"]

# Words with what is quoted in them, ends of commands, and what belongs to neither.
_PIECE = re.compile(r"(?:'[^']*(?:'|\Z)|\"(?:\\.|[^\"\\])*(?:\"|\\?\Z)|\\.|[^\s;&|()<>'\"\\])+|[;&|()\n]|[^ \t]", re.S)
_ENDS = frozenset(";&|()\n")
_QUOTES = re.compile(r"['\"\\]")
_SET = re.compile(r"\w+\+?=")
_BEFORE = frozenset({"if", "then", "else", "elif", "do", "while", "until", "{", "!"})
# What runs the command behind it, each with those of its options that a value follows.
_WRAPPERS = {
    "time": "", "exec": "-a", "nohup": "", "command": "", "nice": "-n", "watch": "-n --interval",
    "timeout": "-k -s --signal --kill-after", "env": "-u -C --unset --chdir", "sudo": "-u -g -C -D --user --group --chdir",
    "stdbuf": "-i -o -e",
}  # fmt: skip
# The same, where ``run`` stands between.
_RUNNERS = {
    "uv": "--with --with-editable --with-requirements --python -p --extra --group --only-group --env-file --directory --project",
    "poetry": "-C --directory -P --project", "pdm": "-p --project -s --site-packages", "pipenv": "--python", "hatch": "-e --env",
    "rye": "", "pixi": "-e --environment", "conda": "-n --name -p --prefix",
}  # fmt: skip
# Without a word behind it the first opens a prompt or says how it is used, the second does what it is for.
_WITH_ARGUMENTS = re.compile(r"python[\d.]*|node|npm|npx|deno|bun|go|cargo|java|gradle|mvn|ruby|php|bash|sh")
_ALONE = re.compile(r"pytest|py\.test|tox|nox|make|vitest|jest")
# These install things too.
_SCRIPTS = frozenset({"yarn", "pnpm"})
_SCRIPT = re.compile(r"t|tst|test(?::\S*)?|run|start|exec|node|vitest|jest")
_ASKS = frozenset({"--version", "-V", "--help", "-h"})
# What is run again for the analysis of coverage.
_TESTS = re.compile(r"\b(?:pytest|py\.test)\b")


@lru_cache(maxsize=1024)
def running(command: str) -> frozenset[Kind]:
    """What a line runs; nothing where it runs no code, or only asks a program what it is."""
    return frozenset(
        "tests" if _TESTS.search(" ".join(words)) else "program" for words in _commands(command) if _runs(words)
    )


def _commands(line: str) -> Iterator[list[str]]:
    """The words of each command on it, without what is set before them. What a command is given as a text is no command."""
    head, given, text = line.partition("<<")
    line = head + given + text.partition("\n")[0]
    words: list[str] = []
    comment = False
    for piece in [*_PIECE.findall(line), "\n"]:
        comment = piece != "\n" and (comment or piece.startswith("#"))
        if comment:
            continue
        if piece in _ENDS:
            yield words
            words = []
        elif words or not (_SET.match(piece) or piece in _BEFORE):
            words.append(_QUOTES.sub("", piece))


def _runs(words: list[str]) -> bool:
    at, by_runner = 0, False
    while at < len(words):
        name = words[at].rpartition("/")[2]
        if name in _WRAPPERS:
            at = _behind_options(words, at + 1, _WRAPPERS[name]) + (name == "timeout")
        elif name in _RUNNERS and "run" in words[at + 1 : at + 2]:
            at, by_runner = _behind_options(words, at + 2, _RUNNERS[name]), True
        else:
            break
    name, given = words[at].rpartition("/")[2] if at < len(words) else "", words[at + 1 :]
    if not name or (given and given[-1] in _ASKS):
        return False
    if words[at].startswith("./") or _ALONE.fullmatch(name) or (by_runner and name.endswith(".py")):
        return True
    if name == "coverage":
        return given[:1] == ["run"]
    if name in _SCRIPTS:
        return bool(given and _SCRIPT.fullmatch(given[0]))
    return bool(given and _WITH_ARGUMENTS.fullmatch(name))


def _behind_options(words: list[str], at: int, valued: str) -> int:
    """Where the command behind a wrapper's options begins; what is set for it is passed over too."""
    takes = valued.split()
    while at < len(words) and (words[at].startswith("-") or _SET.match(words[at])):
        at += 2 if words[at] in takes else 1
    return at
