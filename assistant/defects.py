"""Planted mistakes, told to the candidate at the end.

Owns what became of each declared defect, read from the log alone. Invariant: pure; every declared defect gets one item, in
the declared order, and a hunk carries a defect only where a note of the exercise says so. Leaves out whether the candidate
noticed it (``rubrics``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from interviews import events as e

Outcome = Literal["not shown", "rejected", "repaired", "submitted"]


class Carrier(NamedTuple):
    """A hunk that held a defect's line, by its proposal."""

    suggestion: str
    hunk: str


def debrief_items(defects: Sequence[e.Defect], events: Iterable[e.Event]) -> list[e.DebriefItem]:
    """One item for each defect. "repaired": its hunk was accepted, yet all its hidden tests passed on the submitted files.

    An item names the accepted hunk that carried the defect, else the last one offered. Where the hidden tests could not run, an
    accepted defect counts as submitted.
    """
    carriers: dict[str, list[Carrier]] = {}
    accepted: set[Carrier] = set()
    outcomes: dict[str, str] = {}
    for event in events:
        match event.data:
            case e.SuggestionAnnotated(suggestion=suggestion, hunks=notes):
                for note in notes:
                    if note.defect is not None:
                        carriers.setdefault(note.defect, []).append(Carrier(suggestion, note.hunk))
            case e.SuggestionDecided(suggestion=suggestion, hunk=hunk, decision="accepted"):
                accepted.add(Carrier(suggestion, hunk))
            case e.AnalysisRecorded(kind="hidden_tests", result=result):
                outcomes = _outcomes(result)
            case _:
                pass
    return [_item(defect, carriers.get(defect.id, []), accepted, outcomes) for defect in defects]


def _item(defect: e.Defect, carriers: list[Carrier], accepted: set[Carrier], outcomes: dict[str, str]) -> e.DebriefItem:
    taken = [carrier for carrier in carriers if carrier in accepted]
    shown: Carrier | None = None
    outcome: Outcome
    if taken or carriers:
        shown = (taken or carriers)[-1]
    if not carriers:
        outcome = "not shown"
    elif not taken:
        outcome = "rejected"
    elif defect.tests and all(outcomes.get(name_of_test(test)) == "passed" for test in defect.tests):
        outcome = "repaired"
    else:
        outcome = "submitted"
    return e.DebriefItem(
        defect=defect.id, title=defect.title, explanation=defect.explanation, fix=defect.fix, outcome=outcome,
        suggestion=shown.suggestion if shown else None, hunk=shown.hunk if shown else None,
    )  # fmt: skip


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
