"""The change request of a review: chosen by seed, cut into hunks, with one mistake a hunk."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

import pytest

from interviews.anchors import lines_of
from interviews.errors import BadInput, NotFound
from interviews.events import Hunk
from interviews.exercises import ROOT, Kind, ReviewDefect, expresses, load
from interviews.reviews import as_exercise, change_request, chosen, request_with, review_of, sound_files, with_repairs

EXERCISE = load("prompted-playlists")
REVIEW = review_of(EXERCISE)
POOL = {defect.id: defect for defect in REVIEW.spec.defects}
SEEDS = range(200)


def applied(base: Mapping[str, str], hunks: Iterable[Hunk]) -> dict[str, str]:
    """Hunks put in from the end of each file on, each where it says."""
    files = dict(base)
    for hunk in sorted(hunks, key=lambda one: one.line, reverse=True):
        lines = lines_of(files[hunk.path])
        end = hunk.line - 1 + len(lines_of(hunk.before))
        assert "".join(lines[hunk.line - 1 : end]) == hunk.before
        assert "".join(lines[: hunk.line - 1]).endswith(hunk.lead)
        assert "".join(lines[end:]).startswith(hunk.trail)
        lines[hunk.line - 1 : end] = [hunk.after]
        files[hunk.path] = "".join(lines)
    return files


def test_a_seed_gives_the_same_change_again() -> None:
    assert change_request(EXERCISE, 5, True) == change_request(EXERCISE, 5, True)


def test_what_a_seed_chooses_is_pinned() -> None:
    """A log of years ago says a seed only."""
    assert [defect.id for defect in change_request(EXERCISE, 7, True).defects] == PINNED


PINNED = ["tidied", "lost-history", "one-short", "any-name", "skips-leave", "narrow-window"]


def test_every_form_has_as_many_of_each_difficulty_and_all_forms_come_up() -> None:
    forms = {tuple(defect.id for defect in chosen(REVIEW, seed)) for seed in SEEDS}
    assert len(forms) == 27
    assert set().union(*forms) == set(POOL)
    for form in forms:
        assert Counter(POOL[name].difficulty for name in form) == {"easy": 2, "middle": 2, "hard": 2}


def test_the_pool_has_every_kind() -> None:
    assert {defect.kind for defect in POOL.values()} == set(get_args(Kind))


def test_all_forms_have_the_same_hunks_but_for_the_mistakes() -> None:
    sound = change_request(EXERCISE, 0, False)
    assert 14 <= len(sound.hunks) <= 18
    for seed in range(20):
        request = change_request(EXERCISE, seed, True)
        held = {note.hunk: note.defect for note in request.notes}
        assert [note.hunk for note in request.notes] == [hunk.hunk for hunk in request.hunks]
        assert sorted(filter(None, held.values())) == sorted(defect.id for defect in request.defects)
        for hunk, good in zip(request.hunks, sound.hunks, strict=True):
            assert (hunk.after != good.after) is (held[hunk.hunk] is not None)
            assert hunk.model_copy(update={"after": good.after}) == good


def test_hunks_make_the_files_out_of_the_program_before() -> None:
    for seed in range(20):
        request = change_request(EXERCISE, seed, True)
        assert applied(REVIEW.base, request.hunks) == request.files
        assert {hunk.base_version for hunk in request.hunks} == {0}
        assert [hunk.hunk for hunk in request.hunks] == [f"v{number}" for number in range(1, len(request.hunks) + 1)]


def test_without_plants_it_is_the_sound_change() -> None:
    request = change_request(EXERCISE, 3, False)
    assert request.files == sound_files(EXERCISE)
    assert request.defects == ()
    assert {note.defect for note in request.notes} == {None}


def test_a_defect_is_kept_in_the_log_without_its_difficulty() -> None:
    assert all(not isinstance(defect, ReviewDefect) for defect in change_request(EXERCISE, 1, True).defects)


def test_repairs_stand_where_the_hunks_did() -> None:
    request, sound = change_request(EXERCISE, 1, True), change_request(EXERCISE, 1, False)
    held = {note.hunk for note in request.notes if note.defect}
    good = {hunk.hunk: hunk.after for hunk in sound.hunks if hunk.hunk in held}
    assert with_repairs(EXERCISE, request, {}) == request.files
    assert with_repairs(EXERCISE, request, good) == sound_files(EXERCISE)
    bare = {name: text.removesuffix("\n") if text[-2:] != "\n\n" else text for name, text in good.items()}
    assert bare != good
    assert with_repairs(EXERCISE, request, bare) == sound_files(EXERCISE)


def test_a_repair_that_takes_everything_away_leaves_no_line() -> None:
    request = change_request(EXERCISE, 1, False)
    [hunk] = [hunk for hunk in request.hunks if hunk.path == "player/models.py"]
    assert with_repairs(EXERCISE, request, {hunk.hunk: ""})[hunk.path] == REVIEW.base[hunk.path]


def test_a_repair_of_an_unknown_hunk_is_refused() -> None:
    with pytest.raises(BadInput, match=r"a hunk of history, got v99"):
        with_repairs(EXERCISE, change_request(EXERCISE, 1, True), {"v99": "x"})


def test_the_reviewed_program_is_graded_by_its_own_tests() -> None:
    reviewed = as_exercise(EXERCISE)
    assert reviewed.hidden_tests == REVIEW.hidden_tests
    assert reviewed.driver == REVIEW.hidden_tests["drive.py"]


def test_an_exercise_without_a_review_says_so() -> None:
    with pytest.raises(NotFound, match="with a review, got prompted-playlists"):
        change_request(EXERCISE.model_copy(update={"review": None}), 1, True)


ELSEWHERE = """\
--- a/player/queue.py
+++ b/player/queue.py
@@ -25 +25 @@
-        self.waiting.insert(1 if soon else len(self.waiting), track)
+        self.waiting.insert(2 if soon else len(self.waiting), track)
"""
NEW_FILE = "--- /dev/null\n+++ b/player/extra.py\n@@ -0,0 +1 @@\n+x = 1\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ELSEWHERE, r"one\.patch: expected it to change lines of one hunk of player/queue\.py, got lines 25 to 25"),
        (NEW_FILE, r"one\.patch: expected a change of one file of the reviewed program, got player/extra\.py"),
        (ELSEWHERE.replace("(2 if", "(1 if"), "expected a change of one file of the reviewed program, got none"),
        (ELSEWHERE.replace("@@ -25", "@@ -24"), r"one\.patch, line 3: expected player/queue\.py to have .* in line 24"),
        ("", r"one\.patch, line 1: expected a unified diff"),
    ],
)
def test_a_patch_that_is_no_defect_of_one_hunk_is_refused(text: str, told: str) -> None:
    defect = POOL["tidied"].model_copy(update={"patch": "one.patch"})
    exercise = EXERCISE.model_copy(update={"patches": {**EXERCISE.patches, "one.patch": text}})
    with pytest.raises(BadInput, match=told):
        request_with(exercise, [defect])


def test_two_defects_in_one_hunk_are_refused() -> None:
    other = POOL["thirty"].model_copy(update={"id": "other"})
    with pytest.raises(BadInput, match="one defect a hunk, got thirty and other"):
        request_with(EXERCISE, [POOL["thirty"], other])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "picks: {easy: 2,",
            "picks: {easy: 4,",
            r"review\.yaml of copied.*expected at least 4 defects that are easy, got 3",
        ),
        ("kind: scope creep", "kind: mischief", r"review\.yaml of copied, line \d+: defects\.1\.kind: "),
        ("difficulty: easy", "difficulty: none", r"line \d+: defects\.0\.difficulty: "),
        ("    patch: review/defects/thirty.patch\n", "", "expected a patch for each defect, got none for thirty"),
        (
            "review/defects/thirty.patch",
            "review/defects/gone.patch",
            r"the patch of thirty at review/defects/gone\.patch",
        ),
        ("weak-repeat.mutant.patch", "gone.patch", r"the patch of weak-repeat at review/defects/gone\.patch"),
    ],
)
def test_a_review_out_of_form_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    shutil.copytree(ROOT / "prompted-playlists", tmp_path / "copied")
    path = tmp_path / "copied" / "review" / "review.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BadInput, match=told):
        load("copied", tmp_path)


def test_the_checks_it_shows_are_true_of_every_form() -> None:
    [check] = REVIEW.spec.checks
    for seed in range(20):
        files = change_request(EXERCISE, seed, True).files
        count = sum(
            len(re.findall(r"^def test_", text, re.MULTILINE))
            for path, text in files.items()
            if path.startswith("tests/")
        )
        assert (check.ok, check.output) == (True, f"{count} passed")


SAID = {
    "thirty": [
        "<= should be <",
        "exactly 30 seconds counts as skipped but was played",
        "boundary: 30 is not a skip",
        "should be strictly less than 30",
    ],
    "tidied": [
        "drops duplicates from the queue",
        "the same track may wait twice",
        "fromkeys removes tracks that are in there more than once and wait",
        "this is unrelated to the change: scope creep",
        "dedupes the queue, nobody asked for it",
    ],
    "lost-history": [
        "swallows the error of a damaged file",
        "a corrupt history is silently ignored",
        "should raise instead of an empty history",
        "the history would be lost at the next save",
        "remove the inner try/except",
    ],
    "one-short": [
        "keeps only 99",
        "off by one",
        "should be > not >=",
        "deletes already at 100 plays",
        "only keeps 99 plays instead of 100",
    ],
    "any-name": [
        "path traversal",
        "absolute paths are accepted",
        "/etc/passwd passes",
        "a slash in the name is allowed",
        "upper case is accepted",
        "does not check that only letters, digits and dashes are used",
        "use fullmatch",
        "you can write outside of the folder with this",
    ],
    "no-such-call": [
        "csv writer has no writelines",
        "should be writerows",
        "AttributeError",
        "--csv crashes",
        "no such method",
    ],
    "skips-leave": [
        "with repeat a skipped track is lost",
        "skipped tracks do not come again",
        "repeat should apply to skips too",
        "every track must come again, not just those played",
    ],
    "narrow-window": [
        "cuts before it filters out skips",
        "gives fewer than ten tracks",
        "slice after dedup, not before",
        "only looks at the last 10 plays",
        "older plays are never considered",
    ],
    "weak-repeat": [
        "the test is weaker than before",
        "the assertion no longer checks the order",
        "should compare with 'bca'",
        "this passes if the track is in any position, test is too loose",
        "only checks that it is somewhere in the queue",
    ],
}


@pytest.mark.parametrize("name", sorted(POOL))
def test_wordings_of_its_faults(name: str) -> None:
    missed = [said for said in SAID[name] if not expresses(POOL[name].patterns, said)]
    assert missed == []


@pytest.mark.parametrize(
    "said",
    [
        "this is wrong",
        "I don't like it",
        "looks odd",
        "are you sure?",
        "there is a bug here",
        "badly named",
        "please simplify",
        "needs a docstring",
    ],
)
def test_vague_words_name_no_fault(said: str) -> None:
    assert [name for name, defect in POOL.items() if expresses(defect.patterns, said)] == []
