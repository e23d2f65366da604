"""The form of ``assistant.yaml``, and what people say to every such assistant.

Owns the value types that an exercise's prepared conversation is read into, and ``phrases.yaml``. Invariant: what is read names
nothing that is not there, marks in its code among it, and code with a defect's flaw in it carries that defect's mark, by which
alone it is known to hold one. Leaves out which line answers (``lines``), and whether a flaw is one
(``interviews.service.exercise_check``).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BeforeValidator, Field, ValidationError

from assistant.templates import bugs, marks, render_code
from interviews.errors import BadInput
from interviews.events import Value
from interviews.exercises import Exercise

PHRASES = Path(__file__).with_name("phrases.yaml")


def _split(value: object) -> object:
    """One phrase on a line."""
    return phrases(value) if isinstance(value, str) else value


def phrases(text: str) -> tuple[str, ...]:
    """The phrases of a text that holds one on a line."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


Phrases = Annotated[tuple[str, ...], BeforeValidator(_split, json_schema_input_type=str | tuple[str, ...])]


class Piece(Value):
    """Code for one definition (``name``) or a whole file (no name), as a template.

    ``when``: offered only where one of these atoms was stated. The rest as in ``patches.Rendered``.
    """

    id: str
    path: str
    code: str
    name: str = ""
    after: str = ""
    gap: int = 2
    new: bool = False
    imports: dict[str, str] = Field(default_factory=dict)
    when: tuple[str, ...] = ()


class Change(Value):
    """A proposal: its title and the pieces it changes."""

    title: str
    pieces: tuple[str, ...]


class Line(Value):
    """An answer to what is like its ``examples``; one of the lines ``after`` must have come before.

    A line that says ``go_on`` gives way to the ``next`` of the line before, where that has one: so "yes" follows an offer.
    ``options`` are lines that "the second one" chooses among. ``small`` talk answers a whole prompt, never one sentence of it; a
    line that ``insists`` ends a defence. ``files`` are those it speaks of: it looks at them where it has tools, and asks for them
    where none of them was shown. ``run``: it runs the tests where it can.
    """

    id: str
    can: str = ""
    examples: Phrases = ()
    after: tuple[str, ...] = ()
    next: str = ""
    options: tuple[str, ...] = ()
    go_on: bool = False
    small: bool = False
    insists: bool = False
    files: tuple[str, ...] = ()
    run: bool = False
    reply: str
    propose: tuple[Change, ...] = ()


class Repair(Value):
    """What is said and proposed when the candidate has named a planted defect; ``defends``, where it is there, once before that."""

    defect: str
    examples: Phrases = ()
    defends: str = ""
    reply: str
    propose: tuple[Change, ...]


class Says(Value):
    """Sentences that stand for themselves."""

    miss: str
    unrun: str
    ran: str
    no_place: str
    unseen: str
    cannot_change: str
    lost_name: str
    lost_file: str
    nothing_left: str


class ScriptYaml(Value):
    """The content of ``assistant.yaml``. ``elsewhere``: what no line answers, however near its words come."""

    threshold: float = Field(gt=0, lt=1)
    says: Says
    labels: dict[str, str]
    lines: tuple[Line, ...]
    elsewhere: Phrases = ()
    repairs: tuple[Repair, ...] = ()
    pieces: tuple[Piece, ...] = ()


@cache
def _phrases() -> dict[str, tuple[str, ...]]:
    return {label: phrases(text) for label, text in yaml.safe_load(PHRASES.read_text("utf-8")).items()}


def everywhere(line: str) -> tuple[str, ...]:
    """What people say, in whatever exercise, to be answered by the line of that id; ``elsewhere``: by none."""
    return _phrases().get(line, ())


def read(exercise: Exercise) -> ScriptYaml:
    """The exercise's prepared conversation. Raises ``BadInput`` where it does not fit the form."""
    try:
        spec = ScriptYaml.model_validate(exercise.assistant_lines)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            "assistant.yaml of %(slug)s: %(where)s: %(why)s", slug=exercise.spec.id, where=where, why=first["msg"]
        ) from None
    _check(exercise, spec)
    return spec


def _check(exercise: Exercise, spec: ScriptYaml) -> None:
    atoms = {requirement.id for requirement in exercise.spec.requirements}
    defects = {defect.id for defect in exercise.spec.defects}
    used = [piece.when for piece in spec.pieces]
    proposed = [*(line.propose for line in spec.lines), *(repair.propose for repair in spec.repairs)]
    changes = [change for some in proposed for change in some]
    followed = {name for line in spec.lines for name in (*line.after, line.next, *line.options) if name}
    for kind, known, named in (
        ("label", set(spec.labels), atoms),
        ("requirement", atoms, {atom for some in used for atom in some}),
        ("requirement in imports", atoms, {atom for piece in spec.pieces for atom in piece.imports.values() if atom}),
        ("defect", defects, {repair.defect for repair in spec.repairs}),
        ("defect in bug(…)", defects, {defect for text in _templates(spec) for defect in bugs(text)}),
        ("line", {line.id for line in spec.lines}, followed),
        ("piece", {piece.id for piece in spec.pieces}, {piece for change in changes for piece in change.pieces}),
        ("file", set(exercise.workspace), {path for line in spec.lines for path in line.files}),
    ):
        if unknown := sorted(named - known):
            raise BadInput(
                "assistant.yaml of %(slug)s: expected a known %(kind)s, got %(got)s",
                slug=exercise.spec.id, kind=kind, got=", ".join(unknown),
            )  # fmt: skip
    for piece in spec.pieces:
        for kind, name in sorted(marks(piece.code)):
            if name not in (atoms if kind == "atom" else defects):
                raise BadInput(
                    "assistant.yaml of %(slug)s: piece %(piece)s: expected the mark of a known %(kind)s, got %(got)s",
                    slug=exercise.spec.id, piece=piece.id, kind="requirement" if kind == "atom" else "defect",
                    got=f"{kind}:{name}",
                )  # fmt: skip
        for defect in sorted(bugs(piece.code)):
            _check_marked(exercise.spec.id, piece, defect, atoms)


def _templates(spec: ScriptYaml) -> Iterator[str]:
    for line in spec.lines:
        yield line.reply
    for repair in spec.repairs:
        yield repair.defends
        yield repair.reply
    for piece in spec.pieces:
        yield piece.code


def _check_marked(slug: str, piece: Piece, defect: str, atoms: set[str]) -> None:
    """With a flaw in it, and it alone, the piece carries its mark; without it, it does not.

    Looked at with all requirements stated, with none, with each alone and with all but each: a branch may stand in another.
    """
    stated = [atoms, set[str](), *({atom} for atom in sorted(atoms)), *(atoms - {atom} for atom in sorted(atoms))]
    for some in stated:
        if piece.when and not some & set(piece.when):
            continue
        sound = render_code(piece.code, {"atoms": frozenset(some), "bug": lambda name: False}, piece.id)
        flawed = render_code(piece.code, {"atoms": frozenset(some), "bug": lambda name: name == defect}, piece.id)
        differs = [line.text for line in sound] != [line.text for line in flawed]
        if differs and all(line.defect != defect for line in flawed):
            raise BadInput(
                "assistant.yaml of %(slug)s: piece %(piece)s: expected a line marked defect:%(defect)s where its bug is, got none",
                slug=slug, piece=piece.id, defect=defect,
            )  # fmt: skip
        if any(line.defect == defect for line in sound):
            raise BadInput(
                "assistant.yaml of %(slug)s: piece %(piece)s: expected defect:%(defect)s only where its bug is, got it without",
                slug=slug, piece=piece.id, defect=defect,
            )  # fmt: skip
