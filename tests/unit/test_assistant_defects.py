"""What is told of planted mistakes, from hand-made events."""

from __future__ import annotations

import pytest

from assistant.defects import Proofs, debrief_items, name_of_test, source_of, traces
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
    names = [item.defect for item in items]
    assert names == [one.id for one in DEFECTS if one.id in names]
    return {item.defect: item for item in items}


def test_one_that_was_not_shown_is_kept_for_whoever_meets_it() -> None:
    assert told(noted("s1", "h1", None), decided("s1", "h1", True), None, graded(one="failed", two="failed")) == {}


def test_rejected_or_left_undecided() -> None:
    items = told(noted("s1", "h1", "one"), noted("s2", "h2", "two"), decided("s1", "h1", False), graded(one="passed"))
    assert (items["one"].outcome, items["one"].hunk) == ("rejected", "h1")
    assert (items["one"].title, items["one"].explanation, items["one"].fix) == ("Title one", "Why", "How")
    assert (items["two"].outcome, items["two"].suggestion) == ("not judged", "s2")


def test_one_made_anew_that_nobody_decided_about_is_told_by_the_one_before() -> None:
    items = told(noted("s1", "h1", "one"), decided("s1", "h1", False), noted("s2", "h1", "one"))
    assert (items["one"].outcome, items["one"].suggestion) == ("rejected", "s1")


FILE = e.FileSnapshotted(path="a.py", version=1, text="first\n", size=6, sha256="0" * 64, origin="starter")
FLAWED = e.SuggestionOffered(
    suggestion="s1", turn="a1", title="One",
    hunks=(e.Hunk(hunk="h1", path="a.py", base_version=1, line=2, before="", after="flawed()\nmore()\n"),),
)  # fmt: skip


def edited(at: int, size: int, text: str, of: int) -> e.FileEdited:
    lines: list[e.Json] = [size, *text.split("\n")] if text else [size]
    changes: list[e.Json] = [*([at] if at else []), lines, *([of - at - size] if of - at - size else [])]
    return e.FileEdited(path="a.py", version=2, changes=changes, origin="typed", client="c")


def taken(*later: e.AnyPayload) -> tuple[str, list[e.Stage]]:
    """The outcome of an accepted mistake whose test fails, and its last steps; its lines came in behind the first one."""
    data: list[e.AnyPayload] = [
        FILE,
        FLAWED,
        noted("s1", "h1", "one"),
        decided("s1", "h1", True),
        edited(6, 0, "flawed()\nmore()\n", 6),
    ]
    events = [event(seq, one) for seq, one in enumerate([*data, *later, graded(one="failed")], start=1)]
    events[4] = events[4]._replace(cause=4)
    (item,) = debrief_items(DEFECTS, events)
    return item.outcome, [step.stage for step in traces(DEFECTS, events)][3:]


def test_removed() -> None:
    assert taken() == ("submitted", ["escaped"])
    assert taken(edited(6, 16, "", 22)) == ("removed", [])
    assert taken(e.FileDeleted(path="a.py", origin="terminal")) == ("removed", [])
    # In part, in place, or cut and put back, it is there.
    assert taken(edited(6, 9, "", 22))[0] == "submitted"
    assert taken(edited(6, 6, "renamed", 22))[0] == "submitted"
    assert taken(edited(6, 16, "", 22), edited(6, 0, "flawed()\n", 6))[0] == "submitted"
    assert taken(edited(6, 16, "", 22), edited(6, 0, "  flawed( 1 )\n", 6))[0] == "submitted"
    unseen = e.FileSnapshotted(path="a.py", version=3, text=None, size=2_000_000, sha256="0" * 64, origin="terminal")
    assert taken(unseen)[0] == "submitted"
    # What is done in the review comes too late.
    assert taken(e.PhaseOffered(phase="review", duration_ms=1), edited(6, 16, "", 22))[0] == "submitted"


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
    assert items["one"].outcome == "taken"


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


TESTS = {
    "test_a.py": (
        "import pytest\n\n\n@pytest.mark.parametrize('n', [1])\ndef test_one(n):\n    assert n\n\n\n"
        "class TestMore:\n    def test_two(self):\n        # Why.\n        assert True\n"
    ),
    "support.py": "def test_one():\n    pass\n",
    "test_b.py": "def test_one(:\n",
}


def test_a_proof_is_the_source_of_the_test() -> None:
    assert source_of("hidden_tests/test_a.py::test_one[1]", TESTS) == (
        "@pytest.mark.parametrize('n', [1])\ndef test_one(n):\n    assert n"
    )
    assert source_of("test_a.py::test_two", TESTS) == "def test_two(self):\n    # Why.\n    assert True"
    assert (
        source_of("test_b.py::test_one", TESTS)
        == source_of("test_c.py::test_one", TESTS)
        == source_of("test_one", TESTS)
        == ""
    )
    shown = [event(seq, noted("s1", f"h{seq}", name)) for seq, name in enumerate(("one", "two"))]
    (item, _) = debrief_items(DEFECTS, shown, Proofs(hidden_tests=TESTS))
    assert item.proof.startswith("@pytest") and (item.phase, item.path) == ("open", "a.py")


WEAK = DEFECTS[1].model_copy(update={"id": "weak", "tests": (), "mutant": "weak.patch"})
CHANGES = tuple(
    e.Hunk(hunk=f"v{n}", path="b.py", base_version=0, line=n, before="a\n", after="b\n") for n in range(1, 6)
)
NOTES = (
    e.HunkNote(hunk="v1", defect="one"), e.HunkNote(hunk="v2", defect="two", lines=(1,)), e.HunkNote(hunk="v3", defect="weak"),
    e.HunkNote(hunk="v4"),
)  # fmt: skip
OPENED: tuple[e.AnyPayload, ...] = (
    e.ReviewOpened(review="r1", title="A change", description="", folder="review-2", hunks=CHANGES),
    e.ReviewAnnotated(review="r1", hunks=NOTES, defects=(*DEFECTS, WEAK)),
)


def judged(hunk: str, verdict: e.Verdict, fault: str = "", repair: str | None = None) -> e.HunkJudged:
    return e.HunkJudged(review="r1", hunk=hunk, verdict=verdict, fault=fault, repair=repair)


def reviewed(*data: e.AnyPayload) -> dict[str, e.DebriefItem]:
    events = [event(seq, item) for seq, item in enumerate((*OPENED, *data))]
    items = debrief_items((), events, Proofs(review_tests=TESTS, sound={"v3": "assert x == 3\n"}))
    assert [item.defect for item in items] == ["one", "two", "weak"]
    return {item.defect: item for item in items}


def test_what_became_of_mistakes_in_the_review() -> None:
    repairs = e.AnalysisRecorded(
        kind="review_repairs", result={"hunks": {"v1": {"repaired": False}, "v3": {"repaired": True}}}
    )
    items = reviewed(
        judged("v1", "merge"), judged("v1", "probably wrong", "there is an X in it"), judged("v2", "block", "no good"),
        judged("v3", "block", repair="assert x == 3"), judged("v4", "block", "x"), repairs,
    )  # fmt: skip
    assert {name: item.outcome for name, item in items.items()} == {
        "one": "named",
        "two": "doubted",
        "weak": "repaired",
    }
    assert all((item.phase, item.path, item.suggestion) == ("review", "review-2/b.py", "r1") for item in items.values())
    assert items["one"].proof.startswith("@pytest") and items["weak"].proof == "assert x == 3\n"
    # Told as it is scored: a comment at the hunk names it too, and so does its place with the claim that something is wrong there.
    commented = e.CommentAdded(comment="c1", suggestion="r1", hunk="v1", line=0, text="there is an X in it")
    assert reviewed(judged("v1", "block"), commented)["one"].outcome == "named"
    placed = judged("v2", "block", "this is wrong").model_copy(update={"line": 1})
    assert reviewed(placed)["two"].outcome == "named"
    assert reviewed(placed.model_copy(update={"line": 2}))["two"].outcome == "doubted"
    items = reviewed(judged("v1", "probably right", "x"), judged("v2", "block", "x"), judged("v2", "merge"), repairs)
    assert [item.outcome for item in items.values()] == ["let through", "let through", "not judged"]


@pytest.mark.parametrize("result", [None, {}, {"hunks": {"v1": None}}, {"failed": "no sandbox"}])
def test_a_repair_that_was_not_tried_is_none_yet(result: e.Json) -> None:
    tried = e.AnalysisRecorded(kind="review_repairs", result=result)
    assert reviewed(judged("v1", "block", repair="b"), tried)["one"].outcome == "not tried"
    assert reviewed(judged("v1", "block"), tried)["one"].outcome == "doubted"


def test_an_analysis_that_could_not_be_made_takes_no_repair_back() -> None:
    results: tuple[e.Json, ...] = ({"hunks": {"v1": {"repaired": True}}, "untried": []}, {"failed": "no sandbox"})
    tried = [e.AnalysisRecorded(kind="review_repairs", result=result) for result in results]
    assert reviewed(judged("v1", "block", repair="b"), *tried)["one"].outcome == "repaired"


def test_without_planted_mistakes_there_are_none_to_tell_of() -> None:
    consented = e.ConsentGiven(text_sha256="0" * 64, locale="en", plants=False)
    opened = e.ReviewOpened(review="r1", title="A change", description="", folder="review", hunks=CHANGES)
    sound = e.ReviewAnnotated(review="r1", hunks=(e.HunkNote(hunk="v1"),), defects=())
    data: tuple[e.AnyPayload, ...] = (consented, opened, sound, judged("v1", "block", "x"))
    events = [event(seq, item) for seq, item in enumerate(data)]
    assert debrief_items(DEFECTS, events) == [] and traces(DEFECTS, events) == []


def test_steps_are_traced_once_and_name_what_they_are_about() -> None:
    offered = e.SuggestionOffered(suggestion="s1", turn="a1", title="One", hunks=CHANGES[:1])
    data: tuple[e.AnyPayload, ...] = (
        offered,
        noted("s1", "v1", "one"),
        decided("s1", "v1", True),
        graded(one="passed"),
    )
    events = [event(seq, item) for seq, item in enumerate(data)]
    found = traces(DEFECTS, events)
    assert [(one.stage, one.about_seq) for one in found] == [
        ("planted", 0),
        ("exposed", 0),
        ("judged", 2),
        ("repaired", 3),
    ]
    assert traces(DEFECTS, [*events, event(9, found[0])]) == found[1:]
    # Where nobody could find out, nothing is said of it.
    assert [one.stage for one in traces(DEFECTS, events[:3])] == ["planted", "exposed", "judged"]
