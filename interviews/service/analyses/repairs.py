"""Whether what a candidate wrote in the review as a repair mends the planted mistake.

Owns the program that each repair is tried in. Invariant: everything but the hunk in question is sound there, so that no other
mistake, and no other repair, has a say; it mends when all hidden tests pass, those that catch the mistake among them; a repair for
which there was no time before the debrief is named as such and tried behind it. Leaves out verdicts in words (``rubrics``).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from interviews import events as e
from interviews.diffs import apply_patch
from interviews.errors import BadInput
from interviews.exercises import Exercise, ReviewDefect, RunSpec
from interviews.reviews import as_exercise, request_with, review_of, sound_files, with_repairs
from interviews.service.analyses.asking import Analysis, Work
from interviews.service.grading import hidden_tests
from interviews.service.interview import Interview
from interviews.service.runs import run_tests
from sandbox.base import SandboxSpec
from sandbox.pool import Pool, Turn

KIND = "review_repairs"
MAX_REPAIR = 20_000
AT_ONCE = 2
# Seconds for one repair's program, and until no other is begun, waiting for a place not counted: the candidate waits for what
# comes of it.
REPAIR_S = 30.0
BUDGET_S = 90.0
Asked = tuple[str, ReviewDefect, str]


def collect(interview: Interview) -> Work | None:
    """Nothing to find out where there was no review."""
    events = _events(interview)
    asked = _asked(interview.exercise, events)
    if asked is None:
        return None
    return Work(_content(asked), lambda pool, name: tried(pool, name, interview.exercise, asked, BUDGET_S))


def collect_late(interview: Interview) -> Work | None:
    """Those of which nothing was found out before the debrief, with what was."""
    events = _events(interview)
    known = _known(events)
    left = [one for one in _asked(interview.exercise, events) or () if one[0] not in known]
    if not left:
        return None

    def run(pool: Pool, name: str) -> e.Json:
        found = tried(pool, name, interview.exercise, left, math.inf)
        return {**found, "hunks": {**known, **found["hunks"]}}

    return Work(["late", _content(left)], run)


analysis = Analysis(KIND, collect)
late = Analysis(KIND, collect_late)


def _events(interview: Interview) -> list[e.Event]:
    return [e.understand(record) for record in interview.log.read(interview.id)]


def _asked(exercise: Exercise, events: list[e.Event]) -> list[Asked] | None:
    """Hunk, planted mistake and repair of each that is to be tried; None where there was no review."""
    planted, repaired = of_log(events)
    if exercise.review is None or planted is None:
        return None
    known = {defect.id: defect for defect in exercise.review.spec.defects}
    return [
        (hunk, known[defect], repaired[hunk])
        for hunk, defect in planted.items()
        if hunk in repaired and defect in known and len(repaired[hunk]) <= MAX_REPAIR
    ]


def _content(asked: Sequence[Asked]) -> e.Json:
    return [[hunk, defect.id, text] for hunk, defect, text in asked]


def _known(events: list[e.Event]) -> dict[str, e.Json]:
    """What was found out by hunk; an analysis that could not be made takes nothing back."""
    results = [one.data.result for one in events if isinstance(one.data, e.AnalysisRecorded) and one.data.kind == KIND]
    found = [one["hunks"] for one in results if isinstance(one, dict) and isinstance(one.get("hunks"), dict)]
    return found[-1] if found else {}


def of_log(events: list[e.Event]) -> tuple[dict[str, str] | None, dict[str, str]]:
    """By hunk of the review, its planted mistake (None without a review), and the repair of its last verdict."""
    planted: dict[str, str] | None = None
    repaired: dict[str, str] = {}
    for event in events:
        match event.data:
            case e.InterviewSubmitted():
                break
            case e.ReviewAnnotated(hunks=hunks):
                planted = {note.hunk: note.defect for note in hunks if note.defect is not None}
            case e.HunkJudged(hunk=hunk, repair=repair):
                repaired.pop(hunk, None)
                if repair is not None:
                    repaired[hunk] = repair
            case _:
                pass
    return planted, repaired


class _Time:
    """How long each worker may still begin repairs; what it spends on waiting for a place does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._spent = threading.local()

    def over(self) -> bool:
        return getattr(self._spent, "seconds", 0.0) > self._seconds

    def spend(self, seconds: float) -> None:
        self._spent.seconds = getattr(self._spent, "seconds", 0.0) + seconds


def tried(pool: Pool, name: str, exercise: Exercise, asked: Sequence[Asked], seconds: float) -> dict[str, e.Json]:
    """``{"hunks": {hunk: {"repaired", "tests"}}, "untried": [hunk…]}``: whether each is repaired, the tests that still fail, and
    those for which there was no time.

    Raises ``PlatformFailure``.
    """
    sound, left = request_with(exercise, ()), _Time(seconds)
    reviewed = as_exercise(exercise)
    grading = reviewed.spec.grading
    hurried = grading.model_copy(update={"timeout_s": min(REPAIR_S, grading.timeout_s)})
    reviewed = reviewed.model_copy(update={"spec": reviewed.spec.model_copy(update={"grading": hurried})})

    def one(of: Asked) -> e.Json:
        hunk, defect, text = of
        if left.over():
            return None
        try:
            files = with_repairs(exercise, sound, {hunk: text})
        except BadInput:
            return {"repaired": False, "tests": []}
        if defect.mutant:
            return weakened(pool, f"{name}-{hunk}", exercise, defect, files)
        placed = [time.monotonic()]
        told = hidden_tests(pool, reviewed, files, f"{name}-{hunk}", on_place=lambda: placed.append(time.monotonic()))
        left.spend(time.monotonic() - placed[-1])
        failing = [test["id"] for test in told["tests"] if test["outcome"] != "passed"]
        return {"repaired": not failing, "tests": failing}

    with ThreadPoolExecutor(AT_ONCE) as workers:
        results = {of[0]: result for of, result in zip(asked, workers.map(one, asked), strict=True)}
    return {
        "hunks": {hunk: result for hunk, result in results.items() if result is not None},
        "untried": [hunk for hunk, result in results.items() if result is None],
    }


def weakened(pool: Pool, name: str, exercise: Exercise, defect: ReviewDefect, files: Mapping[str, str]) -> e.Json:
    """A weakened test is repaired when the visible tests let the sound program pass again and not the one that it let slip."""
    spec = review_of(exercise).spec
    patch = exercise.patches[defect.mutant]
    sound = sound_files(exercise)
    try:
        mutant = apply_patch(files, patch, defect.mutant)
    except BadInput:
        # The repair changed what the patch stands on: the program without it, the tests with it.
        mutant = {
            **apply_patch(sound, patch, defect.mutant),
            **{path: files[path] for path in files if path == defect.path},
        }
    passes = _visible(pool, f"{name}-sound", spec.run, {**files}, spec.folder)
    caught = not _visible(pool, f"{name}-mutant", spec.run, mutant, spec.folder)
    return {"repaired": passes and caught, "tests": [] if passes and caught else [defect.path]}


def _visible(pool: Pool, name: str, run: RunSpec, files: Mapping[str, str], folder: str) -> bool:
    sandbox = pool.start(SandboxSpec(interview=name), turn=Turn.BESIDE)
    try:
        for path, text in files.items():
            sandbox.write(f"{folder}/{path}", text.encode("utf-8", "surrogatepass"))
        finished = run_tests(sandbox, run, "repair")
    finally:
        sandbox.stop()
    return bool(finished.tests) and finished.exit_code == 0 and all(one.outcome == "passed" for one in finished.tests)
