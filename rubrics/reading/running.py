"""Which commands typed in a terminal run code, which of those run tests, and which files of the workspace a program loads.

Owns that each line is read once, and the way from a program's name over its imports. Invariant: a command is read as the analysis
of coverage reads it; a program that is not in the workspace loads nothing of it; of one that runs others, or in a language whose
imports are not read here, nobody can say. What earlier lines of a terminal did (aliases, folders) only that analysis knows. Leaves
out the reading of a line (``interviews.commandlines``) and what a run is worth (``signals``).
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from assistant.syntax import parsed
from interviews import commandlines
from interviews.commandlines import Command, Kind
from interviews.shells import NOT_RUN
from rubrics.reading.workspace import File

__all__ = ["Command", "Kind", "loaded", "named", "running"]

_SCRIPT = re.compile(r"\.[cm]?[jt]sx?$")
_ENDINGS = (
    "",
    ".py",
    "/__init__.py",
    "/__main__.py",
    *(f"{way}.{end}" for way in ("", "/index") for end in ("ts", "js", "mjs")),
)
_FROM = re.compile(r"\b(?:from|import|require\s*\()\s*[\"'`]([^\"'`\n]{1,200})[\"'`]")
# What runs or loads by a name that is put together first.
_OTHERS = re.compile(r"\b(?:subprocess|importlib|runpy|__import__|exec|execfile|child_process|os\.system|pytest)\b")
_MOST = 200


def running(line: str, exit_code: int) -> tuple[Command, ...]:
    """The commands of a line that ran code; none where it only asks a program what it is, or the shell found none."""
    found = _commands(line)
    return found[:-1] if exit_code in NOT_RUN and found and found[-1].kind != "unknown" else found


@lru_cache(maxsize=1024)
def _commands(line: str) -> tuple[Command, ...]:
    return commandlines.commands(line)


def named(names: Iterable[str], paths: Collection[str]) -> list[str]:
    """The files of the workspace that go by one of these names, wherever the shell stood."""
    wanted: dict[str, set[str]] = {}
    for name in filter(None, map(_plain, names)):
        for whole in (f"/{name}{ending}" for ending in _ENDINGS):
            wanted.setdefault(whole.rpartition("/")[2], set()).add(whole)
    return [
        path for path in paths
        if any(f"/{path}".endswith(name) or name.endswith(f"/{path}") for name in wanted.get(posixpath.basename(path), ()))
    ]  # fmt: skip


def loaded(names: Iterable[str], files: Mapping[str, File]) -> frozenset[str] | None:
    """The files that a program of that name loads, itself among them: none where it is not there, None where nobody can say."""
    found: set[str] = set()
    left = named(names, files)
    while left:
        if len(found) > _MOST:
            return None
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        text = files[path].text
        if not (path.endswith(".py") or _SCRIPT.search(path)) or _OTHERS.search(text):
            return None
        wanted = _imports(text) if path.endswith(".py") else _from(path, text)
        if wanted is None:
            return None
        left += [one for one in named(wanted, files) if one not in found]
    return frozenset(found)


def _plain(name: str) -> str:
    return posixpath.normpath(name).lstrip("./") if name.strip("./") else ""


@lru_cache(maxsize=512)
def _imports(text: str) -> tuple[str, ...] | None:
    """Modules as files without an ending; None for what is no Python."""
    tree = parsed(text)
    return None if tree is None else tuple(dict.fromkeys(_of_python(tree)))[:_MOST]


def _of_python(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = (node.module or "").replace(".", "/")
            # A name may be a module too.
            yield from filter(None, [module, *(posixpath.join(module, alias.name) for alias in node.names)])


def _from(path: str, text: str) -> tuple[str, ...]:
    folder = posixpath.dirname(path)
    near = (one for one in _FROM.findall(text) if one.startswith("."))
    return tuple(posixpath.normpath(posixpath.join(folder, one)) for one in near)[:_MOST]
