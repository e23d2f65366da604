"""The prepared conversation of an exercise: what is answered to which words.

Owns which line answers a prompt, and what has been said so far. Invariant: pure; a ``Talk`` is folded from the prompts, what
they brought and when their proposals came, so the same words in the same order get the same answers, after a reload and in another
process too. Leaves out several conversations at once (``together``), the form of ``assistant.yaml`` (``sayings``), what is nearest
(``similar``) and patches (``patches``).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from assistant.base import Attachment, Mode
from assistant.patches import Rendered, find
from assistant.sayings import Change, Line, Piece, everywhere, read
from assistant.templates import lines_of, render, render_code
from interviews.errors import BadInput
from interviews.events import Requirement
from interviews.exercises import Exercise, expresses

REPAIR = "repair:"
DEFENCE = "defence:"
SURE = 0.45  # likeness from which on words count as naming a planted defect that no pattern knows
ELSEWHERE = ""
PASTED = 2_000  # characters of a failure or of terminal output that are read as if they had been typed
# A case that can be looked at: a failure, or an input with what comes of it.
CONCRETE = re.compile(
    r"FAILED |Error\b|\bassert\b|Traceback|```|\b(?:expected|got|gives?|returns?|returned|printed|outputs?)\b.*\d|->|=>"
)
ORDINALS = {"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "last": -1}
_NTH = re.compile(
    rf"\b(?:the|your)\s+({'|'.join(ORDINALS)})\b|^\W*(?:number|point|part|no\.?|#)?\s*([1-9])\W*$", re.IGNORECASE
)


@dataclass(frozen=True)
class Scene:
    """What the assistant can do here: its ``mode``, whether it can ``run`` tests, and the files it ``sees`` (None: all)."""

    mode: Mode = "edit"
    run: bool = False
    sees: frozenset[str] | None = None


PLAIN = Scene()


@dataclass(frozen=True)
class Talk:
    """What was said so far. ``shown``: defects that stood in a proposal; ``defended``: those that it stood up for, once;
    ``settled``: those the candidate named and it gave in to, never again planted; ``coming``: those that stand in proposals of
    other conversations, said by now and not come back: to name one of them is no critique yet, and no warning any more.

    ``used`` are the lines of this conversation alone; ``plants``: whether a defect may stand in what it proposes.
    """

    atoms: frozenset[str] = frozenset()
    shown: frozenset[str] = frozenset()
    defended: frozenset[str] = frozenset()
    settled: frozenset[str] = frozenset()
    used: tuple[str, ...] = ()
    coming: frozenset[str] = frozenset()
    plants: bool = True


@dataclass(frozen=True)
class Move:
    """How one prompt is answered: ``line`` is its id ("" for a miss), ``template`` what is said, once ``Script.told`` fills it in.

    ``new`` are atoms stated now for the first time, ``files`` those it speaks of, ``run`` whether it runs the tests where it can;
    ``plants`` are the defects that stand in what it proposes.
    """

    line: str
    template: str
    propose: tuple[Change, ...] = ()
    new: frozenset[str] = frozenset()
    files: tuple[str, ...] = ()
    run: bool = False
    likeness: Mapping[str, float] = field(default_factory=dict)
    plants: frozenset[str] = frozenset()


class Script:
    """The lines of an exercise, ready to answer."""

    def __init__(self, exercise: Exercise) -> None:
        """Raises ``BadInput`` when ``assistant.yaml`` does not fit the form or names something that is not there."""
        self.spec = read(exercise)
        self.requirements = exercise.spec.requirements
        self.defects = {defect.id: defect for defect in exercise.spec.defects}
        self.pieces = {piece.id: piece for piece in self.spec.pieces}
        self._starter = exercise.workspace
        self._lines = {line.id: line for line in self.spec.lines}
        self._repairs = {repair.defect: repair for repair in self.spec.repairs}
        self._small = frozenset(line.id for line in self.spec.lines if line.small)
        self._learning = threading.Lock()
        self._learned: Callable[[str], dict[str, float]] | None = None

    def prepare(self) -> None:
        """Learn the examples, which takes a second or two, if that was not done yet."""
        with self._learning:
            if self._learned is None:
                # Whoever makes an interview or asks nothing does not wait for the library to be loaded.
                from assistant.similar import Index

                index = Index(
                    [
                        *(
                            (line.id, said)
                            for line in self.spec.lines
                            for said in (*line.examples, *everywhere(line.id))
                        ),
                        *((REPAIR + one.defect, said) for one in self.spec.repairs for said in one.examples),
                        *((ELSEWHERE, said) for said in (*self.spec.elsewhere, *everywhere("elsewhere"))),
                    ]
                )
                # Every reply is folded from all prompts so far: each is compared once.
                self._learned = lru_cache(2048)(lambda said: index.scores(said, whole=self._small))

    def _scores(self, said: str) -> dict[str, float]:
        self.prepare()
        assert self._learned is not None  # just now, if not before
        return self._learned(said)

    def move(self, talk: Talk, prompt: str, brought: Iterable[Attachment] = (), brief: str = "") -> tuple[Move, Talk]:
        """How a prompt is answered after ``talk``, and what has been said then."""
        attached = list(brought)
        pasted = [one.text[-PASTED:] for one in attached if one.kind in ("failure", "terminal")]
        said = "\n".join([prompt, *pasted])
        stated = stated_atoms(
            self.requirements, [prompt, brief, *(text for one in attached for text in (one.name, one.text))]
        )
        new = stated - talk.atoms
        after = replace(talk, atoms=talk.atoms | stated)
        scores = self._likeness(talk, said)
        line = self._nearest(talk, prompt, scores)
        fault = self._fault(talk, prompt, line, scores)
        named = {
            defect.id
            for defect in self.defects.values()
            if defect.id not in talk.coming - talk.shown and expresses(defect.patterns, prompt)
        }
        if fault and self._stands_up(talk, fault, said):
            after = replace(after, defended=talk.defended | {fault}, settled=talk.settled | named - {fault})
            move = Move(DEFENCE + fault, self._repairs[fault].defends, (), new)
        elif fault:
            after = replace(after, settled=talk.settled | named | {fault})
            move = Move(REPAIR + fault, self._repairs[fault].reply, self._repairs[fault].propose, new)
        else:
            after = replace(after, settled=talk.settled | named)
            move = Move("", self.spec.says.miss, (), new)
            if line is not None:
                move = Move(line.id, line.reply, line.propose, new, line.files, line.run)
        offered = frozenset(
            mark.defect
            for change in move.propose
            for piece in self.rendered(change, after)
            for mark in piece.lines
            if mark.defect
        )
        move = replace(move, likeness=scores, plants=offered)
        return move, replace(after, shown=after.shown | offered, used=(*talk.used, move.line))

    def _likeness(self, talk: Talk, said: str) -> dict[str, float]:
        """What the words are like, of what can be said at this moment."""
        scores = dict(self._scores(said))
        for line in self.spec.lines:
            if line.after and not set(line.after) & set(talk.used):
                scores.pop(line.id, None)
        for defect in self._repairs:
            if defect not in talk.shown or scores.get(REPAIR + defect, 0.0) < SURE:
                scores.pop(REPAIR + defect, None)
        return scores

    def _nearest(self, talk: Talk, prompt: str, scores: Mapping[str, float]) -> Line | None:
        """The line that answers; None for a miss and where a repair is nearer."""
        before = self._lines.get(talk.used[-1]) if talk.used else None
        if before is not None and before.options and (found := _NTH.search(prompt)):
            at = ORDINALS[found.group(1).lower()] if found.group(1) else int(found.group(2)) - 1
            if -len(before.options) <= at < len(before.options):
                return self._lines[before.options[at]]
        best = max(scores, key=lambda name: scores[name], default="")
        line = self._lines.get(best) if scores.get(best, 0.0) >= self.spec.threshold else None
        if line is not None and line.go_on and before is not None and before.next:
            return self._lines[before.next]
        return line

    def _fault(self, talk: Talk, prompt: str, line: Line | None, scores: Mapping[str, float]) -> str:
        """The planted defect that the words are about, of those that were shown."""
        for defect in self._repairs:
            if defect in talk.shown and expresses(self.defects[defect].patterns, prompt):
                return defect
        best = max(scores, key=lambda name: scores[name], default="")
        if best.startswith(REPAIR):
            return best.removeprefix(REPAIR)
        before = talk.used[-1] if talk.used else ""
        insists = line is not None and line.insists
        return before.removeprefix(DEFENCE) if insists and before.startswith(DEFENCE) else ""

    def _stands_up(self, talk: Talk, fault: str, said: str) -> bool:
        return (
            bool(self._repairs[fault].defends)
            and fault not in talk.defended | talk.settled
            and CONCRETE.search(said) is None
        )

    def told(
        self, move: Move, talk: Talk, scene: Scene = PLAIN, unseen: Sequence[str] = (), *, will_run: bool = False
    ) -> str:
        """What is said; ``talk`` is that after the move. Files that it was not shown are asked for instead."""
        template, used = move.template, talk.used[:-1]
        hidden = [path for path in move.files if scene.sees is not None and path not in scene.sees]
        if hidden and len(hidden) == len(move.files):
            template = self.spec.says.unseen
        values = {
            **self._values(talk.atoms, self._sound(talk)),
            "new": sorted(move.new),
            "times": used.count(move.line),
            "used": used,
            "shown": talk.shown,
            "labels": self.spec.labels,
            "can": [line.can for line in self.spec.lines if line.can],
            "mode": scene.mode,
            "run": scene.run,
            "paths": list(unseen or hidden),
            "unrun": "" if will_run else self.spec.says.unrun,
        }
        return render(template, values).strip() + "\n"

    def _sound(self, talk: Talk) -> frozenset[str]:
        """The defects that nothing proposed now may hold."""
        return talk.settled if talk.plants else frozenset(self.defects)

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
                lines=tuple(render_code(piece.code, self._values(atoms, self._sound(talk)), piece.id)),
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
        for atoms, settled in dict.fromkeys((talk.atoms, self._sound(talk)) for talk in past):
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
