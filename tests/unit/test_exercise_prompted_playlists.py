"""Prompted Playlists, run: what fails at the start, that the solution passes, that each planted mistake is one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.defects import name_of_test
from assistant.registry import get
from interviews.exercises import expresses, load
from interviews.service.runs import read_report
from tests.grading import outcomes as graded
from tests.sandboxes import working
from tests.unit.assistant_talk import EVERYTHING, Conversation

EXERCISE = load("prompted-playlists")
DEFECTS = {defect.id: defect for defect in EXERCISE.spec.defects}
FIX = "fix the bug: 80s is read as 80 seconds"
CRITIQUES = {
    "lost-compound": "wished_seconds uses only the first match now: 1 hour 30 minutes has become 60 minutes",
    "stops-early": "the loop stops at the first track that does not fit, although shorter tracks could still fit",
    "title-only": "two different artists can have a song with the same title, the key must include the artist: got 1 of 2 tracks",
    "seed-zero": "--seed 0 is falsy, so a random seed is drawn; compare with None instead",
}
VISIBLE_FAILURES = {
    "test_request.py::test_a_decade_is_not_a_length",
    "test_request.py::test_a_decade_alone_leaves_the_length_open",
    "test_builder.py::test_a_last_long_song_does_not_blow_the_length",
    "test_builder.py::test_no_artist_twice_in_a_row",
    "test_builder.py::test_no_explicit_songs_when_asked",
    "test_builder.py::test_without_an_artist",
    "test_builder.py::test_a_remaster_is_the_same_song",
    "test_cli.py::test_a_seed_repeats_a_mix",
    "test_cli.py::test_nothing_fits",
}


def outcomes(folder: Path, files: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Visible and hidden test outcomes by name: the exercise's own command in a fresh folder, and the grader."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    program, *arguments = EXERCISE.spec.run.argv
    assert program == "python3"
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=EXERCISE.spec.run.timeout_s,
        check=False, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = read_report((folder / EXERCISE.spec.run.report).read_bytes())
    return {name_of_test(test.id): test.outcome for test in report}, graded(working("bubblewrap"), EXERCISE, files)


def failing(results: Mapping[str, str]) -> set[str]:
    assert results
    return {name for name, outcome in results.items() if outcome != "passed"}


def defective(*kept: str) -> Conversation:
    """The workspace after the assistant wrote everything, with only these planted mistakes left in it."""
    talk = Conversation(get("scripted"), EXERCISE)
    for prompt in (FIX, EVERYTHING, *(said for name, said in CRITIQUES.items() if name not in kept)):
        talk.say(prompt)
    return talk


def test_the_starter_fails_where_there_is_work_to_do(tmp_path: Path) -> None:
    visible, hidden = outcomes(tmp_path, EXERCISE.workspace)
    assert failing(visible) == VISIBLE_FAILURES
    assert len(visible) == 20
    failed = failing(hidden)
    for requirement in EXERCISE.spec.requirements:
        assert failed & set(requirement.tests), requirement.id


def test_the_brief_counts_its_tests_right() -> None:
    assert len(VISIBLE_FAILURES) == 9
    assert "Nine of the twenty tests" in EXERCISE.brief


def test_no_program_passes_nothing() -> None:
    hidden = graded(working("bubblewrap"), EXERCISE, {})
    assert set(hidden.values()) == {"failed"}


def test_a_program_that_answers_with_nothing_keeps_no_promise() -> None:
    empty = {"playlists/builder.py": "def make_playlist(text, tracks, seed=0):\n    return []\n"}
    hidden = graded(working("bubblewrap"), EXERCISE, {**EXERCISE.workspace, **empty})
    assert {name.partition("::")[0] for name, outcome in hidden.items() if outcome == "passed"} <= {"test_words.py"}


def test_a_program_that_empties_the_list_it_was_given_does_not_leave_it_untouched() -> None:
    source = EXERCISE.solution["playlists/builder.py"]
    last = "    return build(tracks, parse_request(text), seed)"
    assert last in source
    eager = source.replace(last, last.replace("return", "found =") + "\n    tracks.clear()\n    return found")
    hidden = graded(
        working("bubblewrap"), EXERCISE, {**EXERCISE.workspace, **EXERCISE.solution, "playlists/builder.py": eager}
    )
    assert failing(hidden) == {"test_promises.py::test_the_catalogue_stays_as_it_is"}


def test_the_solution_passes_everything(tmp_path: Path) -> None:
    visible, hidden = outcomes(tmp_path, {**EXERCISE.workspace, **EXERCISE.solution})
    assert (failing(visible), failing(hidden)) == (set(), set())


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_a_planted_mistake_passes_visible_tests_and_is_caught_by_its_hidden_test(name: str, tmp_path: Path) -> None:
    visible, hidden = outcomes(tmp_path, defective(name).files)
    assert failing(visible) == set()
    assert failing(hidden) == set(DEFECTS[name].tests)


def test_all_planted_mistakes_together_are_caught_one_by_one(tmp_path: Path) -> None:
    talk = defective(*DEFECTS)
    visible, hidden = outcomes(tmp_path, talk.files)
    assert failing(visible) == set()
    assert failing(hidden) == {test for defect in DEFECTS.values() for test in defect.tests}


def test_the_repaired_proposals_and_the_assistants_own_tests_pass_everything(tmp_path: Path) -> None:
    talk = defective()
    talk.say("write tests for all of that")
    visible, hidden = outcomes(tmp_path, talk.files)
    assert (failing(visible), failing(hidden)) == (set(), set())
    assert "test_rules.py::test_versions_of_a_song" in visible


@pytest.mark.parametrize(
    ("atom", "said"),
    [
        ("decade", "It reads '80s' as 80 seconds."),
        ("decade", "A decade must not count as a duration"),
        ("decade", "the s in 1980s is parsed as a unit, which changes the length"),
        ("length", "stay within 2 minutes of the requested time"),
        ("length", "the total may exceed the wish by at most 120 seconds"),
        ("length", "keep the duration to the target ±2 min"),
        ("length", "Playlist length should not overshoot"),
        ("spread", "never put two tracks of the same artist back-to-back"),
        ("spread", "no consecutive songs by one artist"),
        ("spread", "an artist must not play twice in a row"),
        ("spread", "avoid adjacent tracks with the same artist"),
        ("clean", "filter out explicit tracks if the listener wants it"),
        ("clean", "'no explicit' / 'clean' / 'for kids' in the request"),
        ("clean", "explicit songs should be skipped when asked"),
        ("without", "support excluding artists"),
        ("without", 'handle "without Mira Vale", guests included'),
        ("without", "keep unwanted artists out"),
        ("without", "parse without <artist> from the request"),
        ("versions", "treat (Live) and remastered versions as the same song"),
        ("versions", "no duplicates of a song"),
        ("versions", "each song only once, ignoring remasters"),
        ("seed", "the seed should make it reproducible"),
        ("seed", "add --seed to the command line"),
        ("seed", "same seed, same playlist"),
        ("untouched", "don't mutate the tracks list"),
        ("untouched", "the catalogue must not be modified"),
        ("untouched", "do not sort the input in place"),
        ("untouched", "leave the list of tracks unchanged; the list must be unchanged"),
        ("nothing", "if no track matches, print an error to stderr and exit with 1"),
        ("nothing", "return an empty list when nothing fits"),
        ("nothing", "main should return a non-zero exit code if the playlist is empty, with a message"),
    ],
)
def test_wordings_of_requirements(atom: str, said: str) -> None:
    patterns = {requirement.id: requirement.patterns for requirement in EXERCISE.spec.requirements}
    assert expresses(patterns[atom], said)


@pytest.mark.parametrize(
    "said",
    [
        "explain the code",
        "I typed upbeat 80s for running, 45 minutes",
        "run the tests please",
        "What does build do with the tracks?",
        "Looks good, thanks. Next step?",
        "Make it clean and readable",
        "can you do this without breaking the tests",
        "rename total to length",
        "what is an artist",
        "refactor the catalogue loader to return a list",
    ],
)
def test_small_talk_states_no_requirement(said: str) -> None:
    assert [requirement.id for requirement in EXERCISE.spec.requirements if expresses(requirement.patterns, said)] == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        *CRITIQUES.items(),
        ("lost-compound", "this no longer adds up hours and minutes"),
        ("lost-compound", "2h 15m is now two hours"),
        ("lost-compound", "keep findall and the sum"),
        ("stops-early", "break should be continue"),
        ("stops-early", "it gives up too early when a song is too long"),
        ("stops-early", "a smaller song could still fit"),
        ("title-only", "song_key ignores the artist"),
        ("title-only", "covers: same title by another artist is dropped"),
        ("title-only", "you dedupe by title only"),
        ("seed-zero", "seed 0 does not work"),
        ("seed-zero", "0 is falsy"),
        ("seed-zero", "use `is None` for the seed"),
    ],
)
def test_wordings_of_critique(name: str, said: str) -> None:
    assert [defect.id for defect in DEFECTS.values() if expresses(defect.patterns, said)] == [name]


@pytest.mark.parametrize(
    "said",
    [
        "this is wrong", "I don't trust the loop", "the key looks odd", "are you sure?", "the seed code is odd", EVERYTHING, FIX,
        "you forgot the type hints", "there is a bug in wished_seconds", "song_key is badly named", "45 minutes and 1 hour work",
    ],
)  # fmt: skip
def test_vague_words_name_no_planted_mistake(said: str) -> None:
    assert [defect.id for defect in DEFECTS.values() if expresses(defect.patterns, said)] == []
