"""An interview that was handed in with everything that is analysed, and how long that takes.

Owns its making: proposals that lead to the exercise's solution, taken one by one, a run behind each; tests of the candidate's own;
a review with a repair for every planted mistake. Invariant: in memory, and the same each time but for the clock. Leaves out what
the analyses find.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

from assistant.hunks import difference
from bench.measure import seconds
from interviews import events as e
from interviews import exercises
from interviews.exercises import Exercise
from interviews.log import Draft, MemoryLog, random_salts
from interviews.service import editing
from interviews.service.analyses import analyse
from interviews.service.grading import grade
from interviews.service.interview import Interview, Tools
from interviews.service.phases import REVIEW, Phase
from interviews.service.proposals import Proposals
from interviews.service.reviewing import Reviewing
from interviews.settings import Settings
from wiring import make_interviews

MS = 10**9
TESTS = """\
from playlists.request import parse_request


def test_minutes():
    assert parse_request("upbeat, 30 minutes").seconds == 30 * 60


def test_hours_and_minutes():
    assert parse_request("1 hour 15 minutes").seconds == 75 * 60


def test_no_length():
    assert parse_request("anything").seconds == 45 * 60


def test_decades():
    assert parse_request("something from the 80s").decades == (1980,)
"""


def taken(folder: Path, runs: int) -> list[tuple[float, float]]:
    """Seconds of all analyses of such an interview, and of its hidden tests alone."""
    found = make_interviews(Settings(data=folder, warm=0))
    exercise = exercises.load(Settings().exercise)
    times = []
    for seed in range(runs):
        interview = handed_in(exercise, seed, found.tools)
        hidden = seconds(lambda interview=interview: grade(interview))  # type: ignore[misc] # mypy does not infer a bound lambda
        times.append((seconds(lambda interview=interview: _both(interview)), hidden))  # type: ignore[misc] # likewise
    return times


def _both(interview: Interview) -> None:
    for before_debrief in (True, False):
        analyse(interview, before_debrief)
    recorded = [r.payload or {} for r in interview.log.read(interview.id) if r.type == "analysis.recorded"]
    failed = [one for one in recorded if "failed" in one["result"]]
    assert len(recorded) >= 3 and not failed, (recorded, failed)


def handed_in(exercise: Exercise, seed: int, tools: Tools) -> Interview:
    """The interview, submitted."""
    log = MemoryLog(tools.clock, random_salts())
    agreed = e.InterviewSettings(minutes=28, review_minutes=15)
    log.create(
        e.Header(
            id=f"bench{seed}",
            created_at_ms=tools.clock(),
            candidate="Ada",
            exercise=exercise.pin(seed),
            settings=agreed,
        )
    )
    interview = Interview(log, log.header(f"bench{seed}"), exercise, tools)
    key = e.KeyRecorded(requirements=exercise.spec.requirements, defects=exercise.spec.defects, brief_shared=False)
    starter = [editing.snapshot(path, 1, text, "starter") for path, text in sorted(exercise.workspace.items())]
    begun: tuple[e.AnyPayload, ...] = (
        key,
        *starter,
        e.InterviewStarted(),
        e.PhaseStarted(phase="open", duration_ms=MS),
    )
    interview.record(*(Draft("system", event) for event in begun))
    for number, (path, text) in enumerate(sorted(exercise.solution.items()), 1):
        _accepted(interview, f"a{number}", path, text)
        _run(interview, number)
    own = editing.snapshot("tests/test_mine.py", 1, TESTS, "typed")
    interview.record(Draft("candidate", own), Draft("candidate", e.PhaseEnded(phase="open", by="candidate")))
    _reviewed(interview)
    interview.record(
        Draft("candidate", e.PhaseEnded(phase=REVIEW, by="candidate")),
        Draft("candidate", e.InterviewSubmitted(by="candidate", late=False)),
    )
    return interview


def _accepted(interview: Interview, turn: str, path: str, text: str) -> None:
    """The assistant's proposal of the file as it shall be, taken whole."""
    view = interview.state.files.get(path)
    name, old = f"{turn}-s1", (view.text or "") if view else ""
    hunks = difference(path, view.version if view else 0, old, text, (f"{name}-h{number}" for number in count(1)))
    offered = e.SuggestionOffered(suggestion=name, turn=turn, title=path, hunks=tuple(hunks))
    noted = e.SuggestionAnnotated(suggestion=name, hunks=tuple(e.HunkNote(hunk=hunk.hunk) for hunk in hunks))
    interview.record(
        Draft("candidate", e.PromptSent(turn=turn, text=path)), Draft("assistant", offered), Draft("assistant", noted)
    )
    assert Proposals(interview).decide_all(name, "accepted", "", None) == []


def _run(interview: Interview, number: int) -> None:
    files = {path: view.version for path, view in interview.state.files.items()}
    done = e.RunFinished(run=f"r{number}", exit_code=0, tests=(), output="", timed_out=False, duration_ms=1)
    interview.record(Draft("candidate", e.RunStarted(run=f"r{number}", files=files)), Draft("system", done))


def _reviewed(interview: Interview) -> None:
    """Every planted mistake is repaired, as far as that goes: what stands there stays, which takes as long to find out."""
    started = Draft("system", e.PhaseStarted(phase=REVIEW, duration_ms=MS))
    interview.record(started, *Reviewing(interview).opening(Phase(REVIEW, MS)))
    noted = next(r.payload or {} for r in interview.log.read(interview.id) if r.type == "review.annotated")
    planted = {note["hunk"] for note in noted["hunks"] if note["defect"]}
    review = interview.state.review
    assert review is not None and planted
    judged = [
        e.HunkJudged(
            review=review.review, hunk=hunk["hunk"], verdict="block", line=1, fault="wrong", repair=hunk["after"]
        )
        for hunk in review.hunks
        if hunk["hunk"] in planted
    ]
    interview.record(*(Draft("candidate", one) for one in judged))
