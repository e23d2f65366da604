"""What is told of planted mistakes, from hand-made events."""

from __future__ import annotations

import pytest

from assistant.defects import debrief_items, name_of_test
from interviews import events as e

DEFECTS = tuple(
    e.Defect(
        id=name, kind="logic", title=f"Title {name}", explanation="Why", fix="How", path="a.py", patterns=("x",),
        tests=(f"test_a.py::test_{name}",),
    )
    for name in ("one", "two")
)  # fmt: skip


def event(seq: int, data: e.AnyPayload | None) -> e.Event:
    return e.Event(seq=seq, at_ms=seq, actor="system", type=data.type if data else "gone", cause=None, data=data)


def noted(suggestion: str, hunk: str, defect: str | None) -> e.SuggestionAnnotated:
    return e.SuggestionAnnotated(suggestion=suggestion, hunks=(e.HunkNote(hunk=hunk, defect=defect),))


def decided(suggestion: str, hunk: str, accepted: bool) -> e.SuggestionDecided:
    return e.SuggestionDecided(suggestion=suggestion, hunk=hunk, decision="accepted" if accepted else "rejected")


def graded(**outcomes: str) -> e.AnalysisRecorded:
    tests = [{"id": f"hidden_tests/test_a.py::test_{name}", "outcome": outcome} for name, outcome in outcomes.items()]
    return e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests})


def told(*data: e.AnyPayload | None) -> dict[str, e.DebriefItem]:
    items = debrief_items(DEFECTS, [event(seq, item) for seq, item in enumerate(data)])
    assert [item.defect for item in items] == ["one", "two"]
    return {item.defect: item for item in items}


def test_not_shown() -> None:
    item = told(noted("s1", "h1", None), decided("s1", "h1", True), None, graded(one="failed", two="failed"))["one"]
    assert (item.outcome, item.suggestion, item.hunk) == ("not shown", None, None)
    assert (item.title, item.explanation, item.fix) == ("Title one", "Why", "How")


def test_rejected_or_left_undecided() -> None:
    items = told(noted("s1", "h1", "one"), noted("s2", "h2", "two"), decided("s1", "h1", False), graded(one="passed"))
    assert (items["one"].outcome, items["one"].hunk) == ("rejected", "h1")
    assert (items["two"].outcome, items["two"].suggestion) == ("rejected", "s2")


def test_submitted() -> None:
    items = told(noted("s1", "h1", "one"), decided("s1", "h1", True), graded(one="failed", two="passed"))
    assert (items["one"].outcome, items["one"].hunk) == ("submitted", "h1")


def test_repaired() -> None:
    items = told(noted("s1", "h1", "one"), decided("s1", "h1", True), graded(one="passed"))
    assert items["one"].outcome == "repaired"


def test_one_accepted_carrier_is_enough() -> None:
    first, second = noted("s1", "h1", "one"), noted("s2", "h1", "one")
    items = told(first, decided("s1", "h1", True), second, decided("s2", "h1", False), graded(one="error"))
    assert (items["one"].outcome, items["one"].suggestion) == ("submitted", "s1")


@pytest.mark.parametrize("result", [{"tests": [], "failed": "no sandbox"}, {}, None])
def test_hidden_tests_that_did_not_run_prove_nothing(result: e.Json) -> None:
    items = told(
        noted("s1", "h1", "one"), decided("s1", "h1", True), e.AnalysisRecorded(kind="hidden_tests", result=result)
    )
    assert items["one"].outcome == "submitted"


def test_the_last_analysis_counts_and_other_kinds_do_not() -> None:
    mutants = e.AnalysisRecorded(kind="mutants", result={"tests": [{"id": "test_a.py::test_one", "outcome": "passed"}]})
    shown = (noted("s1", "h1", "one"), decided("s1", "h1", True))
    assert told(*shown, graded(one="failed"), mutants)["one"].outcome == "submitted"
    assert told(*shown, graded(one="failed"), graded(one="passed"))["one"].outcome == "repaired"


def test_a_test_with_parameters_passes_when_all_do() -> None:
    tests = [
        {"id": f"test_a::test_one[{n}]", "outcome": outcome} for n, outcome in enumerate(("passed", "failed", "passed"))
    ]
    shown = (noted("s1", "h1", "one"), decided("s1", "h1", True))
    assert told(*shown, e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))["one"].outcome == "submitted"


@pytest.mark.parametrize(
    "spelled",
    [
        "test_a.py::test_x",
        "hidden_tests/test_a.py::test_x",
        "hidden_tests.test_a::test_x",
        "hidden_tests/test_a.py::test_x[1-a]",
    ],
)
def test_names_of_tests(spelled: str) -> None:
    assert name_of_test(spelled) == "test_a.py::test_x"
