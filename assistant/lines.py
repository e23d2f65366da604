"""The prepared conversation of an exercise: what is answered to which words.

Owns the form of ``assistant.yaml``, and which line answers a prompt. Invariant: pure; what was said so far (``Talk``) is
folded from the prompts alone, so the same words in the same order get the same answers, after a reload too. Leaves out
patches (``patches``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import Field, ValidationError

from assistant.patches import Rendered, find
from assistant.similar import Index
from assistant.templates import lines_of, render, render_code
from interviews.errors import BadInput
from interviews.events import Requirement, Value
from interviews.exercises import Exercise, expresses

PATTERN_BONUS = 0.3
ATOM_BONUS = 0.35
REPAIR = "repair:"


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
    """An answer. ``patterns`` and newly stated ``atoms`` make it likelier; one of the lines ``after`` must have come before.

    A line that says ``go_on`` gives way to the ``next`` of the line before, where that has one: so "yes" follows an offer.
    ``small`` talk answers a whole prompt, never one sentence of it.
    """

    id: str
    can: str = ""
    examples: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    atoms: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    next: str = ""
    go_on: bool = False
    small: bool = False
    reply: str
    propose: tuple[Change, ...] = ()


class Repair(Value):
    """What is said and proposed when the candidate has named a planted defect."""

    defect: str
    reply: str
    propose: tuple[Change, ...]


class Says(Value):
    """Sentences that stand for themselves."""

    miss: str
    lost_name: str
    lost_file: str
    unseen_file: str = (
        "I have not seen `{{ path }}`. Attach it with @ and ask again, then I can propose the change in it."
    )
    nothing_left: str


class ScriptYaml(Value):
    """The content of ``assistant.yaml``."""

    threshold: float = Field(gt=0, lt=1)
    says: Says
    labels: dict[str, str]
    lines: tuple[Line, ...]
    repairs: tuple[Repair, ...] = ()
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Talk:
    """What was said so far. ``shown``: defects that stood in a proposal; ``settled``: those the candidate named, never again
    planted.
    """

    atoms: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    used: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """How one prompt is answered: ``line`` is its id ("" for a miss). ``new`` are atoms stated now for the first time."""

    line: str
    reply: str
    propose: tuple[Change, ...] = ()
    new: frozenset[str] = frozenset()
    likeness: Mapping[str, float] = field(default_factory=dict)


class Script:
    """The lines of an exercise, ready to answer."""

    def __init__(self, exercise: Exercise) -> None:
        """Raises ``BadInput`` when ``assistant.yaml`` does not fit the form or names something that is not there."""
        try:
            self.spec = ScriptYaml.model_validate(exercise.assistant_lines)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise BadInput(
                "assistant.yaml of %(slug)s: %(where)s: %(why)s", slug=exercise.spec.id, where=where, why=first["msg"]
            ) from None
        self.requirements = exercise.spec.requirements
        self.defects = {defect.id: defect for defect in exercise.spec.defects}
        self.pieces = {piece.id: piece for piece in self.spec.pieces}
        self._starter = exercise.workspace
        self._lines = {line.id: line for line in self.spec.lines}
        self._small = frozenset(line.id for line in self.spec.lines if line.small)
        self._index = Index([(line.id, example) for line in self.spec.lines for example in line.examples])
        self._check(exercise)

    def _check(self, exercise: Exercise) -> None:
        atoms = {requirement.id for requirement in self.requirements}
        used = [line.atoms for line in self.spec.lines] + [piece.when for piece in self.spec.pieces]
        proposed = [*(line.propose for line in self.spec.lines), *(repair.propose for repair in self.spec.repairs)]
        changes = [change for some in proposed for change in some]
        for kind, known, named in (
            ("label", set(self.spec.labels), atoms),
            ("requirement", atoms, {atom for some in used for atom in some}),
            ("defect", set(self.defects), {repair.defect for repair in self.spec.repairs}),
            ("line", set(self._lines), {name for line in self.spec.lines for name in (*line.after, line.next) if name}),
            ("piece", set(self.pieces), {piece for change in changes for piece in change.pieces}),
        ):
            if unknown := sorted(named - known):
                raise BadInput(
                    "assistant.yaml of %(slug)s: expected a known %(kind)s, got %(got)s",
                    slug=exercise.spec.id, kind=kind, got=", ".join(unknown),
                )  # fmt: skip

    def move(self, talk: Talk, prompt: str, shared: Iterable[str] = ()) -> tuple[Move, Talk]:
        """How a prompt is answered after ``talk``, and what has been said then. ``shared``: attached texts, a shared brief."""
        stated = stated_atoms(self.requirements, [prompt, *shared])
        named = {defect.id for defect in self.defects.values() if expresses(defect.patterns, prompt)}
        new = stated - talk.atoms
        after = replace(talk, atoms=talk.atoms | stated, settled=talk.settled | named)
        move = self._repair(talk, after, named, new) or self._answer(talk, after, prompt, new)
        offered = {
            line.defect
            for change in move.propose
            for piece in self.rendered(change, after)
            for line in piece.lines
            if line.defect
        }
        return move, replace(after, shown=after.shown | offered, used=(*talk.used, move.line))

    def _repair(self, talk: Talk, after: Talk, named: set[str], new: frozenset[str]) -> Move | None:
        for repair in self.spec.repairs:
            if repair.defect in named & talk.shown:
                reply = self._fill(repair.reply, after, new, "")
                return Move(REPAIR + repair.defect, reply, repair.propose, new)
        return None

    def _answer(self, talk: Talk, after: Talk, prompt: str, new: frozenset[str]) -> Move:
        scores = self._index.scores(prompt, whole=self._small)
        for line in self.spec.lines:
            if line.after and not set(line.after) & set(talk.used):
                del scores[line.id]
                continue
            if expresses(line.patterns, prompt):
                scores[line.id] = scores.get(line.id, 0.0) + PATTERN_BONUS
            if new & set(line.atoms):
                scores[line.id] = scores.get(line.id, 0.0) + ATOM_BONUS
        best = max(scores, key=lambda name: scores[name], default="")
        if not best or scores[best] < self.spec.threshold:
            return Move("", self._fill(self.spec.says.miss, after, new, ""), (), new, scores)
        line = self._lines[best]
        before = self._lines.get(talk.used[-1]) if talk.used else None
        if line.go_on and before is not None and before.next:
            line = self._lines[before.next]
        return Move(line.id, self._fill(line.reply, after, new, line.id), line.propose, new, scores)

    def _fill(self, template: str, talk: Talk, new: frozenset[str], line: str) -> str:
        """``talk`` ends just before this answer, atoms and settled defects of this prompt included."""
        values = {
            **self._values(talk.atoms, talk.settled),
            "new": sorted(new),
            "times": talk.used.count(line) if line else talk.used.count(""),
            "used": talk.used,
            "shown": talk.shown,
            "labels": self.spec.labels,
            "can": [line.can for line in self.spec.lines if line.can],
        }
        return render(template, values).strip() + "\n"

    def _values(self, atoms: frozenset[str], settled: frozenset[str]) -> dict[str, object]:
        def bug(defect: str) -> bool:
            if defect not in self.defects:
                raise BadInput("Expected a declared defect, got %(got)s", got=defect)
            return defect not in settled

        return {"atoms": atoms, "bug": bug}

    def rendered(self, change: Change, talk: Talk, past: Sequence[Talk] = (), *, full: bool = False) -> list[Rendered]:
        """The pieces of a change as they are at this moment; ``full``: the same pieces with every requirement honoured.

        ``past`` are the moments before, whose versions the candidate may hold.
        """
        atoms = frozenset(requirement.id for requirement in self.requirements) if full else talk.atoms
        pieces = [self.pieces[name] for name in change.pieces]
        return [
            Rendered(
                piece=piece.id, path=piece.path, name=piece.name, after=piece.after, gap=piece.gap, new=piece.new,
                lines=tuple(render_code(piece.code, self._values(atoms, talk.settled), piece.id)),
                imports=tuple(
                    statement for statement, atom in piece.imports.items() if not atom or atom in atoms
                ),
                earlier=self._versions(piece, past),
            )
            for piece in pieces
            if not piece.when or set(piece.when) & talk.atoms
        ]  # fmt: skip

    def _versions(self, piece: Piece, past: Sequence[Talk]) -> tuple[tuple[str, ...], ...]:
        """The starter's version of a piece, then the assistant's own, each once."""
        start = lines_of(self._starter.get(piece.path, ""))
        span = find("".join(start), piece.name) if piece.name else None
        versions = [tuple(start[span[0] : span[1]])] if span else []
        for atoms, settled in dict.fromkeys((talk.atoms, talk.settled) for talk in past):
            if not piece.when or set(piece.when) & atoms:
                lines = render_code(piece.code, self._values(atoms, settled), piece.id)
                versions.append(tuple(line.text for line in lines))
        return tuple(dict.fromkeys(versions))


def stated_atoms(requirements: Iterable[Requirement], texts: Iterable[str]) -> frozenset[str]:
    """Requirements that one of the texts expresses."""
    said = list(texts)
    return frozenset(
        requirement.id for requirement in requirements if any(expresses(requirement.patterns, text) for text in said)
    )
