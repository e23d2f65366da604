"""After submission: hidden tests against a copy of the submitted files, and the debrief.

Owns when and how often is graded. Invariant: hidden tests never enter a place that holds candidate's code; a grader that
cannot run is a platform failure that is tried again and says so, never a zero. Leaves out how tests and program speak
(``service.harness``) and scoring (``rubrics``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

from assistant.defects import Proofs, debrief_items, traces
from interviews import events as e
from interviews.errors import N_, PairsightError, PlatformFailure
from interviews.exercises import Exercise
from interviews.fold import fold
from interviews.log import Draft
from interviews.reviews import request_with
from interviews.service.harness.relay import GraderFailed, converse, lay_out
from interviews.service.harness.subject import Subject
from interviews.service.interview import Interview
from sandbox.base import SandboxSpec
from sandbox.pool import Closed, Pool, Turn

# A grader that is itself at fault will be at fault again.
TRIES = 3
# A place to run it comes back: waits double up to the longest, until they add up to a working day.
LONGEST_WAIT_S = 300.0
GIVE_UP_S = 8 * 3600.0
# Beside what the candidate's program may take: starting places, pytest, hidden tests that think for themselves.
OWN_S = 180.0
IN_LINE = N_("All places are taken; it is in line")
logger = logging.getLogger("pairsight")


def grade(interview: Interview) -> dict[str, e.Json]:
    """``{"tests": [{"id", "outcome", "message"}], "passed": n, "total": n}``; takes as long as it takes to find a place.

    With ``"failed": why`` and no tests after eight hours without a place to run, or three tries that were the grader's own
    fault: the candidate's work then counts as not observed. The log says once that grading waits, and for what.
    Raises ``Closed`` when the server stops meanwhile.
    """
    files = submitted_files(interview)
    faults, waited, wait = 0, 0.0, 1.0
    told: list[str] = []

    def tell(why: str) -> None:
        if not told:
            told.append(why)
            interview.record(Draft("system", e.AnalysisRecorded(kind="grading", result={"waiting": why})))

    while True:
        try:
            pool = interview.tools.backend()
            return hidden_tests(pool, interview.exercise, files, interview.id, lambda ahead: tell(IN_LINE))
        except Closed:
            raise
        except PairsightError as error:
            reason = str(error)
            faults += not isinstance(error, PlatformFailure) or isinstance(error, GraderFailed)
            logger.warning("grading has to wait: %s", reason, extra={"interview": interview.id})
        except Exception as error:
            # An interview must come to its end whatever is wrong with us.
            reason = f"{type(error).__name__}: {error}"
            faults += 1
            logger.exception("grading failed", extra={"interview": interview.id})
        if faults >= TRIES or waited >= GIVE_UP_S:
            return {"failed": reason, "tests": [], "passed": 0, "total": 0}
        tell(reason)
        interview.tools.sleep(wait)
        waited, wait = waited + wait, min(2 * wait, LONGEST_WAIT_S)


def waits_for(records: Iterable[e.Record]) -> str:
    """Why grading of a submitted interview has to wait; "" where nothing is known to be in its way."""
    payloads = [record.payload for record in records if record.type == "analysis.recorded" and record.payload]
    return next((str(one["result"]["waiting"]) for one in reversed(payloads) if one["kind"] == "grading"), "")


def submitted_files(interview: Interview) -> dict[str, str]:
    """Paths and texts of what was worked on, those of the exercise first: they have their room whatever else there is.

    Where a review followed, as they were at the end of open work: its minutes are the same for everyone.
    """
    given, review = interview.exercise.workspace, interview.state.review
    files = {path: view.text for path, view in interview.state.files.items()}
    if review is not None:
        files = _at_the_end_of_open_work(interview.log.read(interview.id), review.folder)
    ordered = sorted(files.items(), key=lambda item: item[0] not in given)
    return {path: text for path, text in ordered if text is not None}


def _at_the_end_of_open_work(records: Sequence[e.Record], review: str) -> dict[str, str | None]:
    """Texts by path when the next phase was offered; those of which something was erased since, as they were put back then."""
    end = next((at for at, record in enumerate(records) if record.type == "phase.offered"), len(records))
    files = {path: view.text for path, view in fold(map(e.understand, records[:end])).files.items()}
    if any(record.payload is None and record.type.startswith("file.") for record in records[:end]):
        for record in records[end:]:
            put_back = record.payload if record.type == "file.snapshotted" else None
            if put_back and put_back["origin"] == "redacted" and not put_back["path"].startswith(f"{review}/"):
                files[put_back["path"]] = put_back["text"]
    return files


def hidden_tests(
    pool: Pool,
    exercise: Exercise,
    files: Mapping[str, str],
    name: str,
    on_waiting: Callable[[int], None] | None = None,
    on_place: Callable[[], None] | None = None,
) -> dict[str, e.Json]:
    """One run of an exercise's hidden tests against these files, once there is room. ``on_waiting`` as for ``Pool.start``;
    ``on_place`` is called when there is room.

    Raises ``PlatformFailure``, ``GraderFailed`` among them.
    """
    spec = exercise.spec
    grader = pool.start(SandboxSpec(interview=f"{name}-grader"), on_waiting=on_waiting)
    if on_place is not None:
        on_place()
    # Whoever holds one of two places must not wait for the other.
    subject = Subject(
        lambda: pool.start(SandboxSpec(interview=f"{name}-subject"), turn=Turn.BESIDE), files, spec.grading.timeout_s
    )
    try:
        lay_out(grader, exercise.hidden_tests)
        config = {"language": spec.language, "driver": exercise.driver, "call_s": spec.grading.call_s}
        verdicts = converse(grader, config, subject, 2 * spec.grading.timeout_s + OWN_S)
    finally:
        subject.stop()
        grader.stop()
    passed = sum(verdict.outcome == "passed" for verdict in verdicts)
    return {"tests": [verdict.model_dump() for verdict in verdicts], "passed": passed, "total": len(verdicts)}


def debrief(interview: Interview) -> list[Draft]:
    """The events of telling the candidate of each planted mistake, and of what became of it.

    Of those in open work it is told here for the first time: recorded when they were shown, or decided about, their mere number
    would have told the candidate's page which proposals hold them.
    """
    exercise = interview.exercise
    events = [e.understand(record) for record in interview.log.read(interview.id)]
    proofs, review = Proofs(exercise.hidden_tests), interview.state.review
    if review is not None and exercise.review is not None:
        sound = {hunk.hunk: hunk.after for hunk in request_with(exercise, ()).hunks}
        proofs = Proofs(exercise.hidden_tests, exercise.review.hidden_tests, sound)
    shown = e.DebriefShown(items=tuple(debrief_items(exercise.spec.defects, events, proofs)))
    return [*(Draft("system", one) for one in traces(exercise.spec.defects, events)), Draft("system", shown)]
