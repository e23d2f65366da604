"""Planted mistakes, told to the candidate at the end.

Owns what became of each of them, in open work and in the review, read from the log alone. Invariant: pure; every defect that was
shown in open work and every one in the review gets one item, in their order; one that was not shown was not planted, and is kept
for whoever meets it. A hunk carries a defect only where a note of the exercise says so. Leaves out how well the candidate noticed
them (``rubrics``).
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from assistant.syntax import parsed
from interviews import events as e
from interviews.exercises import expresses
from interviews.faults import names_fault
from interviews.lineage import Lineage
from interviews.sentback import Rounds

Outcome = Literal["rejected", "named", "doubted", "repaired", "submitted", "removed", "taken", "not judged"]
Reviewed = Literal["named", "doubted", "let through", "not judged", "repaired", "not tried"]
DOUBTS: tuple[e.Verdict, ...] = ("block", "probably wrong")


class Carrier(NamedTuple):
    """A hunk that held a defect's line, by its proposal."""

    suggestion: str
    hunk: str


class Proofs(NamedTuple):
    """Where the proofs are: hidden tests of open work and of the review by path, and the review's hunks as they should be."""

    hidden_tests: Mapping[str, str] = {}
    review_tests: Mapping[str, str] = {}
    sound: Mapping[str, str] = {}


@dataclass
class _Past:
    """What the log says: of open work by carrier, of the review by hunk. Numbers are of the events that say so."""

    closed: bool = False
    lineage: Lineage = field(default_factory=Lineage)
    rounds: Rounds = field(default_factory=Rounds)
    offered: dict[str, int] = field(default_factory=dict)
    carriers: dict[str, list[Carrier]] = field(default_factory=dict)
    decided: dict[Carrier, tuple[int, bool]] = field(default_factory=dict)
    outcomes: dict[str, str] = field(default_factory=dict)
    graded: int = 0
    review: e.ReviewOpened | None = None
    opened: int = 0
    planted: dict[str, str] = field(default_factory=dict)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict)
    comments: dict[str, list[str]] = field(default_factory=dict)
    defects: tuple[e.Defect, ...] = ()
    verdicts: dict[str, tuple[int, e.HunkJudged]] = field(default_factory=dict)
    repairs: Mapping[str, bool] = field(default_factory=dict)
    tried: int = 0

    def take(self, event: e.Event) -> None:
        if not self.closed:
            self.lineage.take(event)
            self.rounds.take(event)
        match event.data:
            case e.PhaseOffered() | e.InterviewSubmitted():
                # What is handed in of open work is what stands there now.
                self.closed = True
            case e.SuggestionOffered() | e.SuggestionAnnotated() | e.SuggestionDecided() if self.closed:
                pass
            case e.SuggestionOffered(suggestion=suggestion):
                self.offered[suggestion] = event.seq
            case e.SuggestionAnnotated(suggestion=suggestion, hunks=notes):
                for note in notes:
                    if note.defect is not None:
                        self.carriers.setdefault(note.defect, []).append(Carrier(suggestion, note.hunk))
            case e.SuggestionDecided(suggestion=suggestion, hunk=hunk, decision=decision):
                self.decided[Carrier(suggestion, hunk)] = event.seq, decision == "accepted"
            case e.ReviewOpened():
                self.review, self.opened = event.data, event.seq
            case e.ReviewAnnotated(hunks=notes, defects=defects):
                self.planted = {note.defect: note.hunk for note in notes if note.defect is not None}
                self.lines = {note.hunk: note.lines for note in notes}
                self.defects = defects
            case e.CommentAdded(suggestion=of, hunk=hunk, text=text) if self.review and of == self.review.review:
                self.comments.setdefault(hunk, []).append(text)
            case e.HunkJudged(hunk=hunk):
                self.verdicts[hunk] = event.seq, event.data
            case e.AnalysisRecorded(kind="hidden_tests", result=result):
                self.outcomes, self.graded = _outcomes(result), event.seq
            case e.AnalysisRecorded(kind="review_repairs", result=result) if (
                isinstance(result, dict) and "hunks" in result
            ):
                # One that could not be made takes nothing back.
                self.repairs, self.tried = _repairs(result), event.seq
            case _:
                pass

    def accepted(self, carrier: Carrier) -> bool:
        return self.decided.get(carrier, (0, False))[1]

    def passes(self, defect: e.Defect) -> bool:
        """Whether all its hidden tests passed on the submitted files."""
        return bool(defect.tests) and all(self.outcomes.get(name_of_test(test)) == "passed" for test in defect.tests)

    def reviewed(self, defect: e.Defect) -> Reviewed:
        hunk = self.planted[defect.id]
        if hunk not in self.verdicts:
            return "not judged"
        judged = self.verdicts[hunk][1]
        if judged.verdict not in DOUBTS:
            return "let through"
        if self.repairs.get(hunk):
            return "repaired"
        if names_fault(defect.patterns, judged.fault, placed=judged.line in self.lines.get(hunk, ())):
            return "named"
        if any(expresses(defect.patterns, said) for said in self.comments.get(hunk, ())):
            return "named"
        return "doubted" if judged.repair is None or hunk in self.repairs else "not tried"

    def handed_over(self, defect: e.Defect) -> tuple[Outcome, Carrier]:
        """What became of one that was shown in open work, and the hunk to show it by."""
        carriers = self.carriers[defect.id]
        decided = [carrier for carrier in carriers if carrier in self.decided]
        taken = [carrier for carrier in decided if self.accepted(carrier)]
        if not taken:
            return ("rejected", decided[-1]) if decided else self._undecided(defect, carriers)
        if self.passes(defect):
            return "repaired", taken[-1]
        if self.lineage.gone().issuperset(taken):
            return "removed", taken[-1]
        return ("submitted" if self.outcomes else "taken"), taken[-1]

    def _undecided(self, defect: e.Defect, carriers: Sequence[Carrier]) -> tuple[Outcome, Carrier]:
        """Of one that nobody decided about: whether it was sent back, with what is wrong with it or without."""
        sent = self.rounds.found
        doubted = [carrier for carrier in carriers if carrier in sent]
        for carrier in doubted:
            if any(expresses(defect.patterns, said) for said in sent[carrier].said):
                return "named", carrier
        return ("doubted", doubted[-1]) if doubted else ("not judged", carriers[-1])


def debrief_items(
    defects: Sequence[e.Defect], events: Iterable[e.Event], proofs: Proofs | None = None
) -> list[e.DebriefItem]:
    """One item for each defect of open work, ``defects``, that was shown, then one for each in the review, where there was one.

    Of open work, "repaired": its hunk was accepted, yet all its hidden tests passed on the submitted files; "removed": they did
    not, but nothing of what was accepted was left; "taken": the hidden tests could not run; "named" or "doubted": it was sent back
    in its ticket, with a comment that says what is wrong or with another. Such an item names the accepted hunk that carried the
    defect, else the last one decided, sent back or offered. Of the review, "repaired": its hunk was doubted, and the repair that
    came with that was tried and is one; "not tried": there was no time for it.
    """
    past, known = _read(events), proofs or Proofs()
    items = [_item(defect, past, known) for defect in defects if defect.id in past.carriers]
    return [*items, *(_reviewed(defect, past, known) for defect in past.defects if defect.id in past.planted)]


def traces(defects: Sequence[e.Defect], events: Iterable[e.Event]) -> list[e.DefectTraced]:
    """What became of each planted mistake that was shown, step by step; but for what the log tells already.

    Repaired or escaped is only what was found out: by the hidden tests, by trying the repair, or by a verdict that lets it through.
    """
    past, known = _Past(), set[tuple[str, str, str, str]]()
    for event in events:
        past.take(event)
        if isinstance(event.data, e.DefectTraced):
            known.add(_step(event.data))
    found = [step for defect in defects for step in _open_steps(defect, past)]
    found += [step for defect in past.defects if defect.id in past.planted for step in _review_steps(defect, past)]
    return [step for step in found if _step(step) not in known]


def source_of(test: str, files: Mapping[str, str]) -> str:
    """The source of a test function, such as ``test_words.py::test_x``, in the files; "" where it is not there."""
    place, _, name = name_of_test(test).rpartition("::")
    for path, text in files.items():
        if place and path.rpartition("/")[2] == place:
            module = parsed(text)
            for node in ast.walk(module) if module is not None else ():
                if isinstance(node, ast.FunctionDef) and node.name == name:
                    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))
    return ""


def _read(events: Iterable[e.Event]) -> _Past:
    past = _Past()
    for event in events:
        past.take(event)
    return past


def _item(defect: e.Defect, past: _Past, proofs: Proofs) -> e.DebriefItem:
    outcome, shown = past.handed_over(defect)
    return e.DebriefItem(
        defect=defect.id, title=defect.title, explanation=defect.explanation, fix=defect.fix, outcome=outcome,
        suggestion=shown.suggestion, hunk=shown.hunk, path=defect.path,
        proof=_proof(defect, proofs.hidden_tests),
    )  # fmt: skip


def _reviewed(defect: e.Defect, past: _Past, proofs: Proofs) -> e.DebriefItem:
    hunk, review = past.planted[defect.id], past.review
    path = next((one.path for one in review.hunks if one.hunk == hunk), defect.path) if review else defect.path
    return e.DebriefItem(
        defect=defect.id, title=defect.title, explanation=defect.explanation, fix=defect.fix, outcome=past.reviewed(defect),
        suggestion=review.review if review else None, hunk=hunk, phase="review",
        path=f"{review.folder}/{path}" if review else path,
        # No hidden test finds that another test is weak: what proves it is the test as it should be.
        proof=_proof(defect, proofs.review_tests) if defect.tests else proofs.sound.get(hunk, ""),
    )  # fmt: skip


def _proof(defect: e.Defect, files: Mapping[str, str]) -> str:
    return next(filter(None, (source_of(test, files) for test in defect.tests)), "")


def _open_steps(defect: e.Defect, past: _Past) -> list[e.DefectTraced]:
    found: list[e.DefectTraced] = []
    gone, sent = past.lineage.gone(), past.rounds.found
    for carrier in past.carriers.get(defect.id, []):
        stages: list[tuple[e.Stage, int]] = [(stage, past.offered.get(carrier.suggestion, 0)) for stage in _SHOWN]
        if carrier in past.decided:
            stages.append(("judged", past.decided[carrier][0]))
        elif carrier in sent:
            stages.append(("judged", sent[carrier].seq))
        if past.accepted(carrier) and past.passes(defect):
            stages.append(("repaired", past.graded))
        elif past.accepted(carrier) and past.outcomes and carrier not in gone:
            stages.append(("escaped", past.graded))
        found += [_traced(defect, stage, carrier, seq) for stage, seq in stages]
    return found


def _review_steps(defect: e.Defect, past: _Past) -> list[e.DefectTraced]:
    hunk = past.planted[defect.id]
    if past.review is None:
        return []
    stages: list[tuple[e.Stage, int]] = [(stage, past.opened) for stage in _SHOWN]
    if hunk in past.verdicts:
        judged, outcome = past.verdicts[hunk][0], past.reviewed(defect)
        stages.append(("judged", judged))
        if outcome == "repaired":
            stages.append(("repaired", past.tried))
        elif outcome == "let through":
            stages.append(("escaped", judged))
    carrier = Carrier(past.review.review, hunk)
    return [_traced(defect, stage, carrier, seq) for stage, seq in stages]


_SHOWN: tuple[e.Stage, ...] = ("planted", "exposed")


def _traced(defect: e.Defect, stage: e.Stage, carrier: Carrier, about: int) -> e.DefectTraced:
    return e.DefectTraced(
        defect=defect.id, stage=stage, suggestion=carrier.suggestion, hunk=carrier.hunk, about_seq=about
    )


def _step(traced: e.DefectTraced) -> tuple[str, str, str, str]:
    return traced.defect, traced.stage, traced.suggestion, traced.hunk


def _repairs(result: e.Json) -> dict[str, bool]:
    """The hunks whose repairs were tried, and whether each is one."""
    hunks = result.get("hunks", {}) if isinstance(result, dict) else {}
    return {hunk: said.get("repaired") is True for hunk, said in hunks.items() if isinstance(said, dict)}


def name_of_test(test: str) -> str:
    """``file.py::name`` of a test, however a runner spells it: no folders, no parameters, no ``.py`` needed.

    ``hidden_tests/test_words.py::test_x[1]`` and ``hidden_tests.test_words::test_x`` are both ``test_words.py::test_x``.
    """
    place, _, name = test.rpartition("::")
    stem = place.removesuffix(".py").replace("/", ".").rpartition(".")[2]
    return f"{stem}.py::{name.partition('[')[0]}" if stem else name.partition("[")[0]


def _outcomes(result: e.Json) -> dict[str, str]:
    """By name; a test with parameters has passed when all of them have."""
    found: dict[str, str] = {}
    tests = result.get("tests", ()) if isinstance(result, dict) else ()
    for test in tests:
        name, outcome = name_of_test(str(test["id"])), str(test["outcome"])
        found[name] = outcome if found.get(name, "passed") == "passed" else found[name]
    return found
