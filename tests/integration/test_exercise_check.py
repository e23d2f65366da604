"""``pairsight exercise``: every shipped exercise is what it declares, and a declaration that is none is told in a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

import interviews.exercises
from app import main
from interviews.exercises import Exercise, load, names
from interviews.reviews import review_of
from interviews.service.exercise_check import Checker, Proof
from sandbox.pool import Pool
from tests import sandboxes
from tests.attacks.graded import PYTHON, sums

pytestmark = pytest.mark.sandbox
LISTENING = load("prompted-playlists")
WHAT = [
    (name, proof.what)
    for name in names()
    for proof in Checker(Pool(sandboxes.backend("bubblewrap")), load(name)).proofs()
]


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    made = Pool(sandboxes.working("bubblewrap"))
    yield made
    made.close()


def told(pool: Pool, exercise: Exercise, what: str) -> str:
    """What one proof says, all in one line; empty where it holds."""
    checker = Checker(pool, exercise)
    [proof] = [proof for proof in checker.proofs() if proof.what == what]
    return "; ".join(failure.told for failure in checker.run(proof))


def patched(patches: Mapping[str, str]) -> Exercise:
    assert set(patches) <= set(LISTENING.patches)
    return LISTENING.model_copy(update={"patches": {**LISTENING.patches, **patches}})


def declared(name: str, **fields: object) -> Exercise:
    """The exercise with other words on one defect of its review."""
    review = review_of(LISTENING)
    defects = tuple(one.model_copy(update=fields) if one.id == name else one for one in review.spec.defects)
    assert defects != review.spec.defects
    spec = review.spec.model_copy(update={"defects": defects})
    return LISTENING.model_copy(update={"review": review.model_copy(update={"spec": spec})})


@pytest.mark.parametrize(("name", "what"), WHAT)
def test_it_is_what_it_declares(name: str, what: str, pool: Pool) -> None:
    assert told(pool, load(name), what) == ""


THIRTY = "--- a/player/models.py\n+++ b/player/models.py\n@@ -27 +27 @@\n-        return self.heard < 30\n+        return {}\n"


def test_a_mistake_that_no_test_catches_is_refused(pool: Pool) -> None:
    found = told(
        pool, patched({"review/defects/thirty.patch": THIRTY.format("30 > self.heard")}), "review defect thirty"
    )
    assert found == "expected hidden tests test_skips.py::test_thirty_seconds_are_no_skip to fail, got them passing"


def test_a_mistake_that_a_visible_test_catches_is_refused(pool: Pool) -> None:
    found = told(
        pool, patched({"review/defects/thirty.patch": THIRTY.format("self.heard < 2")}), "review defect thirty"
    )
    assert found.startswith("expected all visible tests to pass, got failing tests/test_queue.py::test_what_was_played")


def test_a_mistake_that_is_in_another_feature_too_is_refused(pool: Pool) -> None:
    found = told(
        pool,
        declared("thirty", tests=("test_skips.py::test_every_play_is_noted_with_its_seconds",)),
        "review defect thirty",
    )
    assert "expected hidden tests test_skips.py::test_every_play_is_noted_with_its_seconds to fail" in found
    assert "expected no other hidden test to fail, got failing test_skips.py::test_thirty_seconds_are_no_skip" in found


def test_a_patch_that_does_not_fit_is_refused(pool: Pool) -> None:
    text = THIRTY.format("True").replace("@@ -27", "@@ -26")
    for what in ("review", "review defect thirty"):
        found = told(pool, patched({"review/defects/thirty.patch": text}), what)
        assert found.startswith("review/defects/thirty.patch, line 3: expected player/models.py to have ")
    found = told(pool, patched({"defects/seed-zero.patch": "nothing"}), "defect seed-zero")
    assert found == "defects/seed-zero.patch, line 1: expected a unified diff, got no line that begins with ---"


def test_a_hidden_test_that_is_not_there_is_told(pool: Pool) -> None:
    found = told(pool, declared("thirty", tests=("test_skips.py::test_gone",)), "review defect thirty")
    assert found.startswith("expected hidden tests named test_skips.py::test_gone, got ")


def test_a_patch_of_another_file_than_declared_is_told(pool: Pool) -> None:
    found = told(pool, declared("thirty", path="player/queue.py"), "review defect thirty")
    assert found == "expected review/defects/thirty.patch to change player/queue.py, got player/models.py"


def test_a_mutant_that_the_sound_test_lets_pass_is_told(pool: Pool) -> None:
    same = THIRTY.format("30 > self.heard")
    found = told(pool, patched({"review/defects/weak-repeat.mutant.patch": same}), "review defect weak-repeat")
    assert found.startswith("expected the sound tests/test_queue.py to fail on the mutant")


def test_a_mutant_that_the_weakened_test_catches_is_told(pool: Pool) -> None:
    caught = THIRTY.format("True")
    found = told(pool, patched({"review/defects/weak-repeat.mutant.patch": caught}), "review defect weak-repeat")
    assert found.startswith(
        "expected the weakened tests to let the mutant review/defects/weak-repeat.mutant.patch pass"
    )


def test_a_review_of_another_size_than_everybodys_is_told(pool: Pool) -> None:
    review = review_of(LISTENING)
    sound = {**review.sound, "player/more.py": "x = 1\n" * 40}
    large = LISTENING.model_copy(update={"review": review.model_copy(update={"sound": sound})})
    found = told(pool, large, "review")
    assert "expected at most 120 changed lines, got 1" in found
    assert "expected hunks of at most 12 lines, got 40 in player/more.py, line 1" in found
    spec = review.spec.model_copy(update={"picks": {"easy": 1}})
    few = LISTENING.model_copy(update={"review": review.model_copy(update={"spec": spec})})
    assert told(pool, few, "review").endswith("expected 5 to 7 defects, got 1")


def proposed(piece: str, old: str, new: str) -> Exercise:
    """The exercise with other code in one of the assistant's pieces."""
    lines = cast(dict[str, Any], LISTENING.assistant_lines)
    code = next(one["code"] for one in lines["pieces"] if one["id"] == piece)
    assert old in code
    pieces = [{**one, "code": code.replace(old, new)} if one["id"] == piece else one for one in lines["pieces"]]
    return LISTENING.model_copy(update={"assistant_lines": {**lines, "pieces": pieces}})


def test_a_branch_that_plants_no_mistake_is_told(pool: Pool) -> None:
    same = proposed("build", "            break  #~ defect", "            continue  #~ defect")
    assert told(pool, same, "defect stops-early") == ""
    found = told(pool, same, "assistant's stops-early")
    assert found == "expected bug('stops-early') to change playlists/builder.py, got no change"
    mild = proposed("build", "            break  #~ defect", "            continue  # No room.  #~ defect")
    found = told(pool, mild, "assistant's stops-early")
    assert found == (
        "expected hidden tests test_promises.py::test_short_only_when_nothing_more_fits to fail, got them passing"
    )


def test_a_branch_that_breaks_more_than_declared_is_told(pool: Pool) -> None:
    found = told(pool, proposed("main", "args.seed or random.randrange(10_000)", "0"), "assistant's seed-zero")
    assert "got failing" in found


def test_sound_code_of_the_assistant_that_is_none_is_told(pool: Pool) -> None:
    found = told(pool, proposed("build", "wish.seconds + TOLERANCE", "wish.seconds"), "assistant")
    assert "got failing" in found


def test_a_mark_that_is_none_is_told(pool: Pool) -> None:
    found = told(pool, proposed("build", "defect:stops-early", "defect:stops-erly"), "assistant")
    assert found == (
        "assistant.yaml of prompted-playlists: piece build: expected the mark of a known defect, got defect:stops-erly"
    )


# The command


def pairsight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str) -> Result:
    monkeypatch.setenv("PAIRSIGHT_SANDBOX", "bubblewrap")
    monkeypatch.setenv("PAIRSIGHT_DATA", str(tmp_path))
    return CliRunner().invoke(main, ["exercise", *arguments])


def small(**fields: object) -> Exercise:
    run = {"argv": ["python3", "-m", "pytest", "-q", "--junitxml=report.xml", "tests"], "report": "report.xml"}
    made = sums()
    spec = made.spec.model_validate({**made.spec.model_dump(), "run": run, **fields})
    seen = {"test_seen.py": "from sums import total\n\n\ndef test_total():\n    assert total([1]) == 1\n"}
    return made.model_copy(
        update={
            "spec": spec,
            "solution": PYTHON,
            "tests": seen,
            "starter": {"pytest.ini": "[pytest]\npythonpath = .\n"},
        }
    )


def test_a_listed_exercise_says_what_it_takes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = pairsight(monkeypatch, tmp_path, "list")
    assert "open work 28 minutes, review 15 minutes with 9 mistakes" in done.output
    rows = json.loads(pairsight(monkeypatch, tmp_path, "list", "--json").output)
    assert [row["id"] for row in rows] == names()


def test_an_exercise_that_holds_ends_with_0(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(interviews.exercises, "load", lambda name: small())
    done = pairsight(monkeypatch, tmp_path, "check", "sums")
    assert (done.exit_code, done.stdout) == (0, "sums: 1 proofs hold\n")
    done = pairsight(monkeypatch, tmp_path, "check", "sums", "--json")
    assert json.loads(done.stdout) == {
        "ok": True, "exercises": [{"exercise": "sums", "version": 1, "ok": True, "proofs": 1, "failures": []}]
    }  # fmt: skip


def test_an_exercise_that_does_not_ends_with_1_and_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = small().model_copy(
        update={"solution": {**PYTHON, "sums/__init__.py": "def total(numbers):\n    return 1\n"}}
    )
    monkeypatch.setattr(interviews.exercises, "load", lambda name: wrong)
    done = pairsight(monkeypatch, tmp_path, "check", "sums")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith(
        "sums: solution: expected no hidden test to fail, got failing test_sums.py::test_call"
    )
    done = pairsight(monkeypatch, tmp_path, "check", "sums", "--json")
    assert done.exit_code == 1
    [result] = json.loads(done.stdout)["exercises"]
    assert [failure["what"] for failure in result["failures"]] == ["solution"]


def test_an_unknown_exercise_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = pairsight(monkeypatch, tmp_path, "check", "nothing-here")
    assert done.exit_code == 1
    assert "got nothing-here" in done.stderr


def test_a_defect_without_a_patch_is_told(pool: Pool) -> None:
    defect = {**LISTENING.spec.defects[0].model_dump(), "patch": ""}
    assert (
        told(pool, small(defects=[defect]), f"defect {defect['id']}")
        == "expected the patch that makes the mistake, got none"
    )


def test_visible_tests_that_cannot_run_are_told(pool: Pool) -> None:
    broken = small().model_copy(update={"tests": {}})
    assert told(pool, broken, "solution").startswith("expected all visible tests to pass, got failing no test at all (")


def test_hidden_tests_that_cannot_run_are_told(pool: Pool) -> None:
    broken = small().model_copy(update={"hidden_tests": {"test_sums.py": "import nothing_like_it\n"}})
    assert told(pool, broken, "solution").startswith("The hidden tests cannot be run: ")


def test_a_proof_is_named_and_run_once(pool: Pool) -> None:
    seen = [proof.what for proof in Checker(pool, LISTENING).proofs()]
    assert len(seen) == len(set(seen))
    assert Checker(pool, small()).run(Proof("x", lambda: iter(["expected a, got b"])))[0].model_dump() == {
        "what": "x", "told": "expected a, got b",
    }  # fmt: skip
