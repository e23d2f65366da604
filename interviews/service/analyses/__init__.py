"""What is found out after an interview was handed in, beside the hidden tests: repairs, coverage, own tests.

Owns what runs when, and that nothing runs twice. Invariant: each analysis runs in fresh sandboxes, never in the candidate's; it is
recorded once under a key that names all it depends on, and what is in the log under that key is not run again, whoever asks, also
after a restart in the middle; one that cannot be made is recorded as failed and why, never as a zero, and never holds up the end of
an interview for long. Leaves out hidden tests (``service.grading``) and what results are worth (``rubrics``).
"""

from __future__ import annotations

import logging

from interviews import events as e
from interviews.chain import canonical, sha256_hex
from interviews.errors import PairsightError
from interviews.log import Draft
from interviews.service.analyses import coverage, mutants, repairs
from interviews.service.analyses.asking import Analysis, tools_hash
from interviews.service.grading import submitted_files
from interviews.service.interview import Interview
from sandbox.pool import Closed

VERSION = 1
TRIES = 3
BEFORE: tuple[Analysis, ...] = (repairs.analysis,)
AFTER: tuple[Analysis, ...] = (repairs.late, coverage.analysis, mutants.analysis)
logger = logging.getLogger("pairsight")


def analyse(interview: Interview, before_debrief: bool) -> None:
    """Record the analyses that the debrief tells of, or those that may come after it.

    Raises ``Closed`` when the server stops meanwhile: the next one goes on with what is not recorded yet.
    """
    for analysis in BEFORE if before_debrief else AFTER:
        _record(interview, analysis)


def key_of(kind: str, exercise_sha256: str, content: e.Json) -> str:
    """What a result depends on: its kind, how it is found out and with which tools, the exercise, and what is looked at."""
    return sha256_hex(canonical([kind, VERSION, tools_hash(), exercise_sha256, content]))


def recorded(interview: Interview, key: str) -> bool:
    """Whether the log holds a result under that key."""
    return any(
        record.type == "analysis.recorded" and (record.payload or {}).get("key") == key
        for record in interview.log.read(interview.id)
    )


def _record(interview: Interview, analysis: Analysis) -> None:
    content: e.Json = "unread"
    result: e.Json = {}
    key = ""
    for attempt in range(TRIES):
        try:
            work = analysis.collect(interview)
            if work is None:
                return
            content = work.content
            key = key_of(analysis.kind, interview.exercise.sha256, content)
            if recorded(interview, key):
                return
            result = work.run(interview.tools.backend(), f"{interview.id}-{analysis.kind.replace('_', '-')}")
            break
        except Closed:
            raise
        except PairsightError as error:
            result = {"failed": str(error)}
            logger.warning("%s has to be tried again: %s", analysis.kind, error, extra={"interview": interview.id})
        except Exception as error:
            result = {"failed": f"{type(error).__name__}: {error}"}
            logger.exception("%s failed", analysis.kind, extra={"interview": interview.id})
        key = key_of(analysis.kind, interview.exercise.sha256, content)
        if attempt < TRIES - 1:
            interview.tools.sleep(2.0**attempt)
    interview.record(Draft("system", e.AnalysisRecorded(kind=analysis.kind, result=result, key=key)))


def grading_key(interview: Interview) -> str:
    """The key of what the hidden tests say of what was submitted."""
    return key_of("hidden_tests", interview.exercise.sha256, sorted(submitted_files(interview).items()))
