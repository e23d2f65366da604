"""The change request of a review: which defects are in it, and its hunks.

Owns the choice by seed, cutting the change into hunks, and the files as they are reviewed. Invariant: pure, the same for the
same exercise and seed on every machine; whatever is chosen, the hunks lie at the same places of ``base``, and each defect in
one of them, alone there. Forms of one pool are equated: of each difficulty the same number is chosen. Leaves out the form of
the files (``exercises``) and proving that a defect is one (``service.exercise_check``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from interviews.anchors import around, lines_of
from interviews.diffs import apply_patch
from interviews.errors import BadInput, NotFound
from interviews.events import Check, Defect, Hunk, HunkNote, Value
from interviews.exercises import Exercise, Review, ReviewDefect

NEAR = 2  # unchanged lines between two changes that are still one hunk


class ChangeRequest(Value):
    """What is reviewed. ``files`` are the program with the change in and its visible tests, by path below ``folder``.

    Paths of ``hunks`` are below ``folder`` too; their base is the program before. ``defects`` are those that are in it.
    """

    review: str
    title: str
    description: str
    folder: str
    hunks: tuple[Hunk, ...]
    notes: tuple[HunkNote, ...]
    defects: tuple[Defect, ...]
    checks: tuple[Check, ...]
    files: dict[str, str]


class Cut(Value):
    """A part of the change: lines ``[start, end)`` of the program before, lines ``[first, last)`` of the sound one. 0-based."""

    path: str
    start: int
    end: int
    first: int
    last: int


def change_request(exercise: Exercise, seed: int, plants: bool) -> ChangeRequest:
    """The change request of an interview with this seed; without ``plants`` the sound one.

    Raises ``NotFound`` where the exercise brings no review, ``BadInput`` for a patch that does not fit.
    """
    review = review_of(exercise)
    return request_with(exercise, chosen(review, seed) if plants else ())


def request_with(exercise: Exercise, defects: Iterable[ReviewDefect]) -> ChangeRequest:
    """The change request with exactly these defects. Raises as ``change_request``, and where two are in one hunk."""
    review = review_of(exercise)
    cuts = cuts_of(review)
    after = {cut: _sound(review, cut) for cut in cuts}
    placed: dict[Cut, ReviewDefect] = {}
    for defect in defects:
        cut, text = place(exercise, defect)
        if cut in placed:
            raise BadInput(
                "%(slug)s: expected one defect a hunk, got %(one)s and %(other)s in the same one",
                slug=exercise.spec.id, one=placed[cut].id, other=defect.id,
            )  # fmt: skip
        placed[cut], after[cut] = defect, text
    hunks, notes = list[Hunk](), list[HunkNote]()
    for number, cut in enumerate(cuts, start=1):
        lines = lines_of(review.base.get(cut.path, ""))
        lead, trail = around(lines, cut.start, cut.end)
        hunk = Hunk(
            hunk=f"v{number}", path=cut.path, base_version=0, line=cut.start + 1,
            before="".join(lines[cut.start : cut.end]), after=after[cut], lead=lead, trail=trail,
        )  # fmt: skip
        hunks.append(hunk)
        own = changed_lines(_sound(review, cut), after[cut]) if cut in placed else ()
        notes.append(HunkNote(hunk=hunk.hunk, defect=placed[cut].id if cut in placed else None, lines=own))
    spec = review.spec
    return ChangeRequest(
        review=spec.id, title=spec.title, description=spec.description, folder=spec.folder, hunks=tuple(hunks),
        notes=tuple(notes), defects=tuple(defect.logged() for defect in placed.values()), checks=spec.checks,
        files=_with(review, hunks),
    )  # fmt: skip


def changed_lines(sound: str, flawed: str) -> tuple[int, ...]:
    """The lines of ``flawed`` that differ, counted from 1; where lines are missing, the one before and the one after."""
    lines = lines_of(flawed)
    found: set[int] = set()
    for tag, _, _, start, end in SequenceMatcher(None, lines_of(sound), lines, autojunk=False).get_opcodes():
        if tag == "delete":
            found |= {start, start + 1}
        elif tag != "equal":
            found |= set(range(start + 1, end + 1))
    return tuple(sorted(line for line in found if 1 <= line <= len(lines)))


def with_repairs(exercise: Exercise, request: ChangeRequest, repairs: Mapping[str, str]) -> dict[str, str]:
    """The files of the reviewed program where each of these hunks puts its repair there instead, by path.

    A repair is whole lines; a newline that its end lacks is added. Raises ``BadInput`` for a hunk that is not in the request.
    """
    known = {hunk.hunk for hunk in request.hunks}
    if unknown := sorted(set(repairs) - known):
        raise BadInput("Expected a hunk of %(review)s, got %(got)s", review=request.review, got=", ".join(unknown))
    hunks = [
        hunk if hunk.hunk not in repairs else hunk.model_copy(update={"after": _whole(repairs[hunk.hunk], hunk)})
        for hunk in request.hunks
    ]
    return _with(review_of(exercise), hunks)


def sound_files(exercise: Exercise) -> dict[str, str]:
    """The program after a good change, with its visible tests, by path."""
    review = review_of(exercise)
    return {**review.base, **review.sound}


def as_exercise(exercise: Exercise) -> Exercise:
    """The reviewed program as an exercise of its own, so that what runs hidden tests runs those of the review."""
    review = review_of(exercise)
    return exercise.model_copy(
        update={
            "starter": review.base, "tests": {}, "hidden_tests": review.hidden_tests, "solution": review.sound, "review": None,
        }
    )  # fmt: skip


def review_of(exercise: Exercise) -> Review:
    """Its review. Raises ``NotFound`` where it brings none."""
    if exercise.review is None:
        raise NotFound("Expected an exercise with a review, got %(got)s without one", got=exercise.spec.id)
    return exercise.review


def chosen(review: Review, seed: int) -> tuple[ReviewDefect, ...]:
    """Of each difficulty as many as ``picks`` says, in the order they are declared."""

    # Not a library's random numbers: what an interview was given must come out again in ten years.
    def drawn(defect: ReviewDefect) -> bytes:
        return hashlib.sha256(f"{review.spec.id}\0{seed}\0{defect.id}".encode()).digest()

    picked: set[str] = set()
    for difficulty, count in review.spec.picks.items():
        pool = sorted((one for one in review.spec.defects if one.difficulty == difficulty), key=drawn)
        picked |= {one.id for one in pool[:count]}
    return tuple(one for one in review.spec.defects if one.id in picked)


def cuts_of(review: Review) -> tuple[Cut, ...]:
    """The change from the program before to the sound one in parts, by path and line."""
    after = {**review.base, **review.sound}
    cuts: list[Cut] = []
    for path in sorted(after):
        old, new = lines_of(review.base.get(path, "")), lines_of(after[path])
        for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag == "equal":
                continue
            if cuts and cuts[-1].path == path and i1 - cuts[-1].end <= NEAR:
                last = cuts.pop()
                i1, j1 = last.start, last.first
            cuts.append(Cut(path=path, start=i1, end=i2, first=j1, last=j2))
    return tuple(cuts)


def place(exercise: Exercise, defect: ReviewDefect) -> tuple[Cut, str]:
    """The hunk that a defect is in, and what it puts there with the defect. Raises ``BadInput`` where it is not in just one."""
    review, sound = review_of(exercise), sound_files(exercise)
    flawed = apply_patch(sound, exercise.patches[defect.patch], defect.patch)
    changed = [path for path in {**sound, **flawed} if sound.get(path) != flawed.get(path)]
    if len(changed) != 1 or changed[0] not in flawed or changed[0] not in sound:
        raise BadInput(
            "%(patch)s: expected a change of one file of the reviewed program, got %(got)s",
            patch=defect.patch, got=", ".join(sorted(changed)) or "none",
        )  # fmt: skip
    [path] = changed
    old, new = lines_of(sound[path]), lines_of(flawed[path])
    blocks = [block for block in SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if block[0] != "equal"]
    first, last = blocks[0][1], blocks[-1][2]
    for cut in cuts_of(review):
        if cut.path == path and cut.first <= first and last <= cut.last:
            return cut, "".join(new[cut.first : cut.last + len(new) - len(old)])
    raise BadInput(
        "%(patch)s: expected it to change lines of one hunk of %(path)s, got lines %(first)s to %(last)s",
        patch=defect.patch, path=path, first=first + 1, last=max(last, first + 1),
    )  # fmt: skip


def _sound(review: Review, cut: Cut) -> str:
    return "".join(lines_of({**review.base, **review.sound}[cut.path])[cut.first : cut.last])


def _with(review: Review, hunks: Iterable[Hunk]) -> dict[str, str]:
    files = dict(review.base)
    for hunk in sorted(hunks, key=lambda one: -one.line):
        lines = lines_of(files.get(hunk.path, ""))
        lines[hunk.line - 1 : hunk.line - 1 + len(lines_of(hunk.before))] = [hunk.after]
        files[hunk.path] = "".join(lines)
    return files


def _whole(repair: str, hunk: Hunk) -> str:
    ends = (hunk.after or hunk.before).endswith("\n")
    return repair + "\n" if ends and repair and not repair.endswith("\n") else repair
