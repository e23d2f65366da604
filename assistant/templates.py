"""Texts and code that an exercise prepares, filled in for one moment of a conversation.

Owns the template language of ``assistant.yaml`` and the marks in its code: a trailing ``#~ atom:spread defect:stops-early``
says what a line is there for and never reaches the candidate. Invariant: sandboxed, and an unknown name is an error. Leaves
out patches (``patches``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from interviews.errors import BadInput

_MARK = re.compile(r"[ \t]*#~[ \t]*(.*)$")
_BUG = re.compile(r"""\bbug\(\s*(["'])([^"']*)\1\s*\)""")
_environment = SandboxedEnvironment(
    undefined=StrictUndefined,
    line_statement_prefix="%%",
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True)
class Line:
    """A line of a file with its newline; ``atoms`` and ``defect`` are what the exercise's code is there for."""

    text: str
    atoms: frozenset[str] = frozenset()
    defect: str | None = None
    piece: str = ""


def render(template: str, values: Mapping[str, object]) -> str:
    """The template filled in. Raises ``BadInput`` with the template's own complaint."""
    try:
        return _compiled(template).render(values)
    except TemplateError as error:
        raise BadInput("A template of the exercise cannot be filled in: %(why)s", why=str(error)) from None


@cache
def _compiled(template: str) -> Template:
    return _environment.from_string(template)


def render_code(template: str, values: Mapping[str, object], piece: str) -> list[Line]:
    """The template filled in, as lines with their marks taken off. Raises ``BadInput`` as ``render`` does, or for a bad mark."""
    return [_line(text, piece) for text in lines_of(render(template, values).rstrip("\n") + "\n")]


def lines_of(text: str) -> list[str]:
    """Lines with their newlines; only ``\\n`` ends one."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def marks(template: str) -> set[tuple[str, str]]:
    """Kind and name of all marks in a template's code, whatever it would be filled in with. Raises ``BadInput`` for a bad one."""
    found = (_MARK.search(line) for line in template.split("\n"))
    return {mark for one in found if one for mark in _marks(one.group(1))}


def bugs(template: str) -> set[str]:
    """The defects that a template asks ``bug("…")`` for, by a name that stands there."""
    return {found.group(2) for found in _BUG.finditer(template)}


def _marks(said: str) -> list[tuple[str, str]]:
    found = []
    for mark in said.split():
        kind, _, name = mark.partition(":")
        if kind not in ("atom", "defect") or not name:
            raise BadInput("Expected a mark atom:… or defect:…, got %(got)s", got=mark)
        found.append((kind, name))
    return found


def _line(text: str, piece: str) -> Line:
    found = _MARK.search(text)
    if found is None:
        return Line(text, piece=piece)
    said = _marks(found.group(1))
    atoms = frozenset(name for kind, name in said if kind == "atom")
    defect = next((name for kind, name in reversed(said) if kind == "defect"), None)
    return Line(text[: found.start()] + "\n", atoms, defect, piece)
