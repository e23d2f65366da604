"""What every exercise keeps to, found by folder."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.lines import Script
from interviews.errors import BadInput, NotFound
from interviews.events import Defect, Requirement
from interviews.exercises import Exercise, ReviewDefect, expresses, load, names


@pytest.fixture(params=names())
def exercise(request: pytest.FixtureRequest) -> Exercise:
    return load(request.param)


def keyed(exercise: Exercise) -> tuple[Requirement | Defect, ...]:
    return (*exercise.spec.requirements, *exercise.spec.defects)


def pool(exercise: Exercise) -> tuple[ReviewDefect, ...]:
    return exercise.review.spec.defects if exercise.review else ()


def hidden_names(files: Mapping[str, str]) -> set[str]:
    return {
        f"{path}::{name}" for path, text in files.items() for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    }


def test_its_folder_is_its_id_and_its_files_are_there(exercise: Exercise) -> None:
    assert exercise.spec.id in names()
    assert set(exercise.spec.open_first) <= set(exercise.workspace)
    assert exercise.tests
    assert exercise.hidden_tests
    assert exercise.solution
    assert len(exercise.spec.defects) >= 3


def test_ids_are_unique(exercise: Exercise) -> None:
    ids = [item.id for item in (*keyed(exercise), *pool(exercise))]
    assert len(ids) == len(set(ids))


def test_python_files_parse(exercise: Exercise) -> None:
    files = {**exercise.workspace, **exercise.hidden_tests, **exercise.solution}
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text, path)


def test_the_solution_replaces_files_of_the_starter(exercise: Exercise) -> None:
    assert set(exercise.solution) <= set(exercise.starter)


def test_every_atom_and_defect_names_hidden_tests_that_exist(exercise: Exercise) -> None:
    found = hidden_names(exercise.hidden_tests)
    for item in keyed(exercise):
        assert item.tests, item.id
        assert set(item.tests) <= found, item.id


def test_every_defect_is_made_by_a_patch(exercise: Exercise) -> None:
    for defect in (*exercise.spec.defects, *pool(exercise)):
        assert f"+++ b/{defect.path}\n" in exercise.patches[defect.patch], defect.id


def test_a_reviews_mistakes_are_caught_by_its_own_tests(exercise: Exercise) -> None:
    if exercise.review is None:
        assert exercise.spec.id != "prompted-playlists"
        return
    review = exercise.review
    found = hidden_names(review.hidden_tests)
    assert review.spec.folder not in {path.partition("/")[0] for path in exercise.workspace}
    assert set(review.sound) - {"pyproject.toml"}
    for defect in review.spec.defects:
        assert bool(defect.tests) is not bool(defect.mutant), defect.id
        assert set(defect.tests) <= found, defect.id
        assert not expresses(defect.patterns, review.spec.title), defect.id
    for texts in (review.base, review.sound, review.hidden_tests):
        for path, text in texts.items():
            if path.endswith(".py"):
                ast.parse(text, path)


def test_no_hidden_test_stands_for_two_things(exercise: Exercise) -> None:
    """Planted-defect tests are left out of the outcome, so an atom must not lose all of its own to a defect."""
    planted = {test for defect in exercise.spec.defects for test in defect.tests}
    for requirement in exercise.spec.requirements:
        assert set(requirement.tests) - planted, requirement.id


def test_the_brief_states_every_atom_and_names_no_defect(exercise: Exercise) -> None:
    for requirement in exercise.spec.requirements:
        assert expresses(requirement.patterns, exercise.brief), requirement.id
    for defect in exercise.spec.defects:
        assert not expresses(defect.patterns, exercise.brief), defect.id


def test_the_code_to_begin_with_states_no_atom(exercise: Exercise) -> None:
    """Attaching a file of the starter must not tell the assistant what the brief asks for."""
    for path, text in exercise.starter.items():
        stated = [requirement.id for requirement in exercise.spec.requirements if expresses(requirement.patterns, text)]
        assert stated == [], path


def test_its_lines_are_ready_and_every_defect_can_be_repaired(exercise: Exercise) -> None:
    script = Script(exercise)
    assert {repair.defect for repair in script.spec.repairs} == {defect.id for defect in exercise.spec.defects}
    codes = [piece.code for piece in script.spec.pieces]
    for defect in exercise.spec.defects:
        assert sum(f"defect:{defect.id}" in code for code in codes) == 1, defect.id


def test_an_unknown_exercise_is_named() -> None:
    with pytest.raises(NotFound, match=r"prompted-playlists.*got nothing-here"):
        load("nothing-here")


HEAD = """\
id: broken
version: 1
title: Broken
summary: Broken
language: python
minutes: 5
open_first: []
run: {argv: [python3], report: report.xml}
requirements: []
defects: []
"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id: [", "cannot be read"),
        ("id: Bad Id\n", "line 1: id: "),
        ("id: broken\n", "version: "),
        (HEAD + "grading:\n  timeout_s: soon\n", r"line 12: grading\.timeout_s: "),
        (HEAD + "grading: {call_s: -1}\n", r"line 11: grading\.call_s: "),
        (HEAD + "hidden_run: {argv: [pytest]}\n", "line 11: hidden_run: "),
        (HEAD.replace("language: python", "language: cobol"), "line 5: language: "),
        (HEAD.replace("defects: []", "defects: [{id: 1}]"), r"line 10: defects\.0\."),
    ],
)
def test_a_broken_exercise_is_named(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "exercise.yaml").write_text(text)
    (tmp_path / "broken" / "assistant.yaml").write_text("lines: []\n")
    with pytest.raises(BadInput, match=told):
        load("broken", tmp_path)


def test_a_driver_in_another_language_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    (folder / "hidden_tests").mkdir(parents=True)
    (folder / "exercise.yaml").write_text(HEAD)
    (folder / "assistant.yaml").write_text("lines: []\n")
    (folder / "brief.md").write_text("")
    (folder / "hidden_tests" / "drive.ts").write_text("")
    with pytest.raises(BadInput, match=r"expected hidden_tests/drive\.py .* got drive\.ts"):
        load("broken", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [("No Artist twice", True), ("test_no_artist_twice", True), ("noartisttwice", False), ("", False)],
)
def test_what_a_text_expresses(text: str, said: bool) -> None:
    assert expresses((r"\bno artist twice\b",), text) is said
