"""What a line typed in a shell runs: programs, and which of them are test runs.

Owns what counts as one, for all who ask. Invariant: pure; only what stands where a command does counts, so that ``cat test.py``
runs nothing. Leaves out the shell's grammar (``shellwords``), whether a command did run (``shells``) and what that is worth
(``rubrics``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from interviews.shellwords import BEFORE, Scan, Word, sets, split

# ``tests`` is pytest, which can be run again; ``task`` runs what a project's own file says; ``unknown`` may be tests, or not.
Kind = Literal["program", "tests", "task", "unknown"]

# What runs the command behind it, each with those of its options that a value follows.
_WRAPPERS = {
    "time": "-f -o", "exec": "-a", "nohup": "", "command": "", "nice": "-n", "ionice": "-c -n", "setsid": "",
    "watch": "-n --interval", "timeout": "-k -s --signal --kill-after", "env": "-u -C --unset --chdir",
    "sudo": "-u -g -C -D --user --group --chdir", "stdbuf": "-i -o -e", "xargs": "-n -I -P -L -d -a -s -E",
    "uvx": "--from --with --python -p",
}  # fmt: skip
# These run it again and again, with other arguments, or elsewhere.
_UNSURE_WRAPPERS = frozenset({"watch", "sudo", "xargs", "uvx"})
# The same, where ``run`` stands between.
_RUNNERS = {
    "uv": "--with --with-editable --with-requirements --python -p --extra --group --only-group --env-file --directory --project",
    "poetry": "-C --directory -P --project", "pdm": "-p --project -s --site-packages", "pipenv": "--python", "hatch": "-e --env",
    "rye": "", "pixi": "-e --environment", "conda": "-n --name -p --prefix",
}  # fmt: skip
# With other options the command may run elsewhere.
_PLAIN = frozenset(
    {"--", "-q", "--quiet", "-v", "--verbose", "-m", "--module", "--frozen", "--locked", "--offline", "--no-sync"}
)
# Without a word behind it the first opens a prompt or says how it is used, the second does what it is for.
_PYTHON = re.compile(r"python[\d.]*")
_WITH_ARGUMENTS = re.compile(r"python[\d.]*|node|deno|bun|go|java|ruby|php|bash|sh")
# What runs tasks, with the files of which one says what they are.
_MAKE, _NODE, _NOX = ("Makefile", "makefile", "GNUmakefile"), ("package.json",), ("noxfile.py",)
_TOX = ("tox.ini", "pyproject.toml", "setup.cfg")
_ALONE = {"tox": _TOX, "nox": _NOX, "make": _MAKE, "vitest": _NODE, "jest": _NODE}
_GRADLE = ("build.gradle", "build.gradle.kts")
# These install things too.
_SCRIPTS = {
    "npm": _NODE, "npx": _NODE, "yarn": _NODE, "pnpm": _NODE, "bun": _NODE, "deno": ("deno.json", "deno.jsonc", *_NODE),
    "go": ("go.mod",), "cargo": ("Cargo.toml",), "gradle": _GRADLE, "mvn": ("pom.xml",),
}  # fmt: skip
_SCRIPT = re.compile(
    r"t|tst|test(?::\S*)?|run|run-script|start|exec|x|node|task|bench|check|verify|vitest|jest|tsx|ts-node"
)
_ASKS = frozenset({"--version", "-V", "--help", "-h"})
_TEXT = frozenset({"-c", "-e", "-p", "--eval", "--print"})
_LOADS = re.compile(r"\b(?:import|require|exec|open)\b")
# What code on the line loads: modules, and files in quotes.
_LOADED = re.compile(r"\b(?:import|from)\s+(\.{0,2}\w[\w.]*(?:\s*,\s*\w[\w.]*)*)|[\"'`]([^\"'`\n]{1,200})[\"'`]")
_MODULE = re.compile(r"\w+(?:\.\w+)*")
_PYTEST = frozenset({"pytest", "py.test"})
_NAMES_TESTS = re.compile(r"\b(?:pytest|py\.test)\b")
_COVERAGE = "--source --omit --include --rcfile --data-file --context --concurrency --save-signal"
# What pytest runs then depends on what earlier runs left behind.
_REMEMBERS = frozenset({"--lf", "--last-failed", "--sw", "--stepwise", "--sw-skip", "--stepwise-skip"})


@dataclass(frozen=True)
class Command:
    """A command that runs code. ``given`` is what pytest was given; not ``sure``: it may have been something else.

    ``names`` are those of files that a program may be, modules as files without an ending, or that say what a task is.
    """

    kind: Kind
    given: tuple[Word, ...] = ()
    environment: tuple[Word, ...] = ()
    sure: bool = False
    names: tuple[str, ...] = ()


def kinds(line: str) -> frozenset[Kind]:
    """What a line runs; nothing where it runs no code, or only asks a program what it is."""
    return frozenset(command.kind for command in commands(line))


def commands(line: str) -> tuple[Command, ...]:
    """The commands of a line that run code, in their order."""
    scanned = Scan(line)
    hidden = (Command("unknown"),) if hides_tests(scanned) else ()
    return hidden + tuple(found for words in split(scanned.pieces) if (found := command_of(words)) is not None)


def hides_tests(scanned: Scan) -> bool:
    """Whether commands in quotes may run tests."""
    return any(names_tests(text) for text in scanned.hidden)


def names_tests(text: str) -> bool:
    """Whether a text names what runs tests."""
    return _NAMES_TESTS.search(text) is not None


def name_of(words: Sequence[Word], at: int) -> str:
    """A program's name without the folder that it is in."""
    return words[at].text.rpartition("/")[2] if at < len(words) else ""


def command_of(words: Sequence[Word]) -> Command | None:
    """What a command runs; None where that is no code."""
    at, sure, by_runner = 0, True, False
    while at < len(words) and (sets(words[at]) or words[at].text in BEFORE):
        at += 1
    environment = [word for word in words[:at] if sets(word)]
    while (name := name_of(words, at)) in _WRAPPERS or (name in _RUNNERS and name_of(words, at + 1) == "run"):
        runner = name not in _WRAPPERS
        start = at + 1 + runner
        at = _behind_options(words, start, _RUNNERS[name] if runner else _WRAPPERS[name])
        options = {word.text for word in words[start:at] if not sets(word)}
        if name == "command" and options & {"-v", "-V"}:
            return None
        environment += [word for word in words[start:at] if sets(word)]
        sure = sure and name not in _UNSURE_WRAPPERS and not ((runner or name == "env") and options - _PLAIN)
        at += name == "timeout"
        by_runner = by_runner or runner
    given = words[at + 1 :]
    if not name or (given and given[-1].text in _ASKS):
        return None
    tested = _pytest(name, given)
    if tested is not None:
        sure = sure and not any(word.text in _REMEMBERS for word in tested)
        return Command("tests", tuple(tested), tuple(environment), sure)
    if (ran := _runs(words[at].text, name, given, by_runner)) is not None:
        # Whatever names it may run it: ``bash -c 'pytest -q'``.
        return Command("tests") if any(names_tests(word.text) for word in words[at:]) else ran
    hidden = name == "eval" and any(names_tests(word.text) for word in given)
    return Command("unknown") if hidden or (not words[at].sure and ("$" in name or "`" in name)) else None


def _pytest(name: str, given: Sequence[Word]) -> Sequence[Word] | None:
    """What pytest is given, where this is pytest."""
    if name in _PYTEST:
        return given
    if _PYTHON.fullmatch(name):
        module, at = _by_python(given)
        if module == "coverage":
            return _pytest("coverage", given[at:])
    elif name == "coverage" and name_of(given, 0) == "run":
        module, at = _by_coverage(given)
    else:
        return None
    return given[at:] if module in _PYTEST else None


def _by_python(given: Sequence[Word]) -> tuple[str, int]:
    """The module, or the name of the file, that Python runs, and where its arguments begin."""
    at = 0
    while at < len(given) and (text := given[at].text).startswith("-") and text != "-":
        at += 1
        if text.startswith("--"):
            at += text == "--check-hash-based-pycs"
            continue
        letter = next((place for place in range(1, len(text)) if text[place] in "cmWX"), len(text))
        if text[letter : letter + 1] == "c":
            return "", at
        if letter == len(text):
            continue
        value = text[letter + 1 :] or (given[at].text if at < len(given) else "")
        at += letter + 1 == len(text)
        if text[letter] == "m":
            return value, at
    return name_of(given, at), at + 1


def _by_coverage(given: Sequence[Word]) -> tuple[str, int]:
    at = 1
    while at < len(given) and (text := given[at].text).startswith("-"):
        if text in ("-m", "--module"):
            return (given[at + 1].text if at + 1 < len(given) else ""), at + 2
        at += 2 if text in _COVERAGE.split() else 1
    return name_of(given, at), at + 1


def _runs(called: str, name: str, given: Sequence[Word], by_runner: bool) -> Command | None:
    """A program, or a task."""
    texts = [word.text for word in given]
    if called.startswith("./") or (by_runner and name.endswith(".py")):
        return Command("program", names=(called,))
    if name in _ALONE:
        return Command("task", names=_ALONE[name])
    if name == "coverage":
        return (
            Command("program", names=_module_or_file(given, _by_coverage(given)[1])) if texts[:1] == ["run"] else None
        )
    files = tuple(text for text in texts if not text.startswith("-"))
    if name in _SCRIPTS and files and _SCRIPT.fullmatch(files[0]):
        return Command("task", names=(*_SCRIPTS[name], *files[1:]))
    if not given or not _WITH_ARGUMENTS.fullmatch(name):
        return None
    if (code := next((at for at, text in enumerate(texts) if text in _TEXT), None)) is not None and name != "go":
        if name in ("bash", "sh"):
            return Command("task")
        # Code on the line runs nothing of the workspace unless it loads it.
        loading = [text for text in texts[code + 1 :] if _LOADS.search(text)]
        return Command("program", names=tuple(one for text in loading for one in _loaded(text))) if loading else None
    if _PYTHON.fullmatch(name):
        return Command("program", names=_module_or_file(given, _by_python(given)[1]))
    return Command("program", names=files)


def _module_or_file(given: Sequence[Word], end: int) -> tuple[str, ...]:
    """What Python runs, named behind options that end there."""
    if not 0 < end <= len(given):
        return ()
    text, before = given[end - 1].text, given[end - 2].text if end > 1 else ""
    if text.startswith("-m") and not text.startswith("--"):
        return (_as_file(text[2:]),)
    return (_as_file(text) if before.startswith("-") and before.endswith(("m", "--module")) else text,)


def _as_file(module: str) -> str:
    return module.replace(".", "/") if _MODULE.fullmatch(module) else module


def _loaded(code: str) -> Iterator[str]:
    for modules, file in _LOADED.findall(code):
        yield from (_as_file(one.strip()) for one in modules.split(",")) if modules else (file,)


def _behind_options(words: Sequence[Word], at: int, valued: str) -> int:
    """Where the command behind a wrapper's options begins; what is set for it is passed over too."""
    takes = valued.split()
    while at < len(words) and (words[at].text.startswith("-") or sets(words[at])):
        at += 2 if words[at].text in takes else 1
    return min(at, len(words))
