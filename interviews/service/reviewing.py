"""The review: a change request that everyone is given, and the verdicts on its hunks.

Owns how it is laid out and who may judge what. Invariant: nothing that the candidate's page is sent differs where a mistake is
planted, nor tells how many are: one event notes them all, and each of them by itself is told of only at the end. Leaves out which
mistakes are chosen (``reviews``) and what became of them (``assistant.defects``).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import get_args

from interviews import events as e
from interviews.anchors import lines_of
from interviews.errors import BadInput, NotAllowed, NotFound
from interviews.log import ClientKey, Draft
from interviews.reviews import change_request
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.phases import REVIEW, Phase
from interviews.service.runs import run_tests
from interviews.state import ReviewView
from sandbox.base import Sandbox

MAX_FAULT = 2_000
MAX_REPAIR = 20_000


class Reviewing:
    """The review of one interview. All methods are thread-safe."""

    def __init__(self, interview: Interview) -> None:
        self._interview = interview

    def opening(self, phase: Phase) -> list[Draft]:
        """What the phase begins with: the program with the change in, and the change request.

        Raises ``BadInput`` where the exercise's own files do not fit together.
        """
        if phase.name != REVIEW:
            return []
        interview = self._interview
        request = change_request(interview.exercise, interview.header.exercise.seed, interview.state.plants)
        folder = free_folder(request.folder, interview.state.files)
        files = [
            editing.snapshot(name, interview.history.next_version(name), text, "starter")
            for name, text in sorted((f"{folder}/{path}", text) for path, text in request.files.items())
        ]
        opened = e.ReviewOpened(
            review=request.review, title=request.title, description=request.description, folder=folder, hunks=request.hunks,
            checks=request.checks,
        )  # fmt: skip
        noted = e.ReviewAnnotated(review=request.review, hunks=request.notes, defects=request.defects)
        return [
            *(Draft("system", file) for file in files),
            Draft("system", opened),
            Draft("system", noted, follows=True),
        ]

    def judge(
        self,
        review: object,
        hunk: object,
        verdict: object,
        line: object,
        fault: object,
        repair: object,
        key: ClientKey | None,
    ) -> None:
        """A verdict on one hunk, in place of one given before.

        ``line`` counts in what the hunk puts there, or in what it takes away where it puts nothing; 0 is the whole hunk.
        ``repair`` is the text to stand there instead, if any. What was given before the review's end and had not reached us is
        taken in its grace, and marked as late. Raises ``BadInput`` and ``NotFound`` for what does not fit, and
        ``NotAllowed`` outside of the review.
        """
        interview = self._interview
        with interview.lock:
            if interview.known(key):
                return
            view = interview.state.review
            in_review = view is not None and interview.state.phase == REVIEW
            late = in_review and interview.state.status == "grace"
            if not late:
                interview.require_running()
            if view is None or not in_review:
                raise NotAllowed("There is nothing to review now")
            interview.require_room()
            judged = read_verdict(view, review, hunk, verdict, line, fault, repair).model_copy(update={"late": late})
            interview.record(Draft("candidate", judged, cause=view.seq), key=key)

    def run_tests(self, sandbox: Sandbox, run: str, before: tuple[str, ...] = ()) -> e.RunFinished:
        """Run the tests of what is worked on now: in the review those of the program that is reviewed, where it lies.

        ``before`` is a program that starts the command that follows it. Raises as ``runs.run_tests``.
        """
        exercise, view = self._interview.exercise, self._interview.state.review
        if view is None or exercise.review is None or self._interview.state.phase != REVIEW:
            given = exercise.spec.run
            return run_tests(sandbox, given.model_copy(update={"argv": (*before, *given.argv)}), run)
        spec = exercise.review.spec
        argv = (*before, *(_moved(word, spec.folder, view.folder) for word in spec.run.argv))
        finished = run_tests(sandbox, spec.run.model_copy(update={"argv": argv}), run)
        # A runner that takes the program's folder for its root names its tests as those of open work are named.
        tests = (test.model_copy(update={"id": _below(view.folder, test.id)}) for test in finished.tests)
        return finished.model_copy(update={"tests": tuple(tests)})


def free_folder(wanted: str, files: Collection[str]) -> str:
    """``wanted``, or ``wanted-2`` and so on where the candidate has something of that name."""
    taken = {path.partition("/")[0] for path in files}
    names = itertools.chain([wanted], (f"{wanted}-{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


def read_verdict(
    view: ReviewView, review: object, hunk: object, verdict: object, line: object, fault: object, repair: object
) -> e.HunkJudged:
    """What a page sent, as an event. Raises as ``Reviewing.judge``."""
    if review != view.review:
        raise NotFound("There is no review %(review)s", review=repr(review)[:80])
    found = next((one for one in view.hunks if one["hunk"] == hunk), None)
    if found is None:
        raise NotFound("There is no hunk %(hunk)s of review %(review)s", hunk=repr(hunk)[:80], review=view.review)
    given = next((one for one in get_args(e.Verdict) if one == verdict), None)
    if given is None:
        raise BadInput(
            "Expected one of the verdicts %(verdicts)s, got %(got)s",
            verdicts=", ".join(get_args(e.Verdict)), got=repr(verdict)[:80],
        )  # fmt: skip
    most = len(lines_of(found["after"] or found["before"]))
    if not isinstance(line, int) or isinstance(line, bool) or not 0 <= line <= most:
        raise BadInput("Expected a line of the hunk, 0 to %(most)d, got %(got)s", most=most, got=repr(line)[:80])
    if not isinstance(fault, str) or len(fault) > MAX_FAULT:
        raise BadInput("Expected a fault of at most %(most)d characters", most=MAX_FAULT)
    if repair is not None and (not isinstance(repair, str) or len(repair) > MAX_REPAIR):
        raise BadInput("Expected a repair of at most %(most)d characters", most=MAX_REPAIR)
    text = None if repair is None else repair.replace("\r\n", "\n")
    return e.HunkJudged(
        review=view.review, hunk=found["hunk"], verdict=given, line=line, fault=fault.strip(), repair=text
    )


def _below(folder: str, name: str) -> str:
    return name if name.startswith(f"{folder}/") else f"{folder}/{name}"


def _moved(word: str, folder: str, to: str) -> str:
    """The word of a command with the folder that it names, by itself or as the beginning of a path, called otherwise."""
    return to + word[len(folder) :] if word == folder or word.startswith(f"{folder}/") else word
