"""Grading when our side fails, and who can see what hidden tests expect."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.exercises import Exercise
from interviews.log import Draft, MemoryLog
from interviews.service import editing
from interviews.service.grading import GIVE_UP_S, grade, waits_for
from interviews.service.harness.relay import converse, lay_out
from interviews.service.harness.subject import Subject
from interviews.service.interview import Interview
from interviews.service.room import Room
from interviews.visibility import wire, withhold
from sandbox.backends import bubblewrap
from sandbox.backends.docker import Docker
from sandbox.base import Backend, Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn
from tests.attacks.graded import CANARY, NO_PYTHON, PYTHON, PYTHON_TESTS, exercise, sums
from tests.integration.docker_daemons import Door
from tests.product import wait
from tests.support import counting_salt, header, ticking_clock, tools

pytestmark = pytest.mark.sandbox

PASSED = {"passed": 6, "total": 6}


class Hindered(bubblewrap.Bubblewrap):
    """The real backend; ``hinder`` may refuse a start, or do something to what has been started."""

    def __init__(self, hinder: Callable[[str, list[Sandbox]], None]) -> None:
        super().__init__()
        self.started: list[Sandbox] = []
        self._hinder = hinder

    def start(self, spec: SandboxSpec) -> Sandbox:
        self._hinder(spec.interview, self.started)
        self.started.append(super().start(spec))
        return self.started[-1]


def refusing(times: int) -> Callable[[str, list[Sandbox]], None]:
    """Refuse so many starts."""
    left = [times]

    def hinder(name: str, started: list[Sandbox]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise PlatformFailure("The sandboxes are away")

    return hinder


def interview_of(
    worked_on: Exercise,
    files: Mapping[str, str],
    backend: Backend,
    sleep: Callable[[float], None] = lambda seconds: None,
) -> Interview:
    """An interview that was submitted with these files."""
    log = MemoryLog(ticking_clock(), counting_salt())
    log.create(header("i1"))
    found = Interview(log, log.header("i1"), worked_on, dataclasses.replace(tools(backend), sleep=sleep))
    found.record(
        *(Draft("system", editing.snapshot(path, 1, text, "starter")) for path, text in files.items()),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
        Draft("candidate", e.InterviewSubmitted(by="candidate", late=False)),
    )
    return found


def waiting(interview: Interview) -> list[e.Json]:
    return [
        record.payload["result"]
        for record in interview.log.read(interview.id)
        if record.payload and record.payload.get("kind") == "grading"
    ]


def totals(result: dict[str, e.Json]) -> dict[str, e.Json]:
    assert "failed" not in result
    return {name: result[name] for name in ("passed", "total")}


def test_grading_waits_until_there_is_a_place() -> None:
    slept: list[float] = []
    interview = interview_of(sums(), PYTHON, Hindered(refusing(3)), slept.append)
    assert totals(grade(interview)) == PASSED
    assert slept == [1, 2, 4]
    assert waiting(interview) == [{"waiting": "The sandboxes are away"}]
    assert waits_for(interview.log.read(interview.id)) == "The sandboxes are away"


def test_grading_that_never_finds_a_place_says_so_and_is_no_zero() -> None:
    slept: list[float] = []
    interview = interview_of(sums(), PYTHON, Hindered(refusing(1 << 30)), slept.append)
    assert grade(interview) == {"failed": "The sandboxes are away", "tests": [], "passed": 0, "total": 0}
    assert GIVE_UP_S <= sum(slept) < GIVE_UP_S + 600
    assert len(waiting(interview)) == 1


def test_a_grader_whose_sandbox_is_lost_is_tried_again() -> None:
    lost: list[str] = []

    def hinder(name: str, started: list[Sandbox]) -> None:
        if name.endswith("-subject") and not lost:
            lost.append(name)
            started[-1].stop()

    interview = interview_of(sums(), PYTHON, Hindered(hinder))
    assert totals(grade(interview)) == PASSED
    assert [one["waiting"] for one in waiting(interview)] == ["The grader's sandbox was lost"]


def test_a_program_whose_sandbox_was_lost_once_gets_another() -> None:
    backend = Hindered(lambda name, started: None)
    subject = Subject(lambda: backend.start(SandboxSpec("subject")), PYTHON, 60)
    grader = backend.start(SandboxSpec("grader"))
    lay_out(grader, sums().hidden_tests)
    first = backend.start(SandboxSpec("subject"))
    subject._sandbox = first
    first.stop()
    config = {"language": "python", "driver": sums().driver, "call_s": 10}
    try:
        verdicts = converse(grader, config, subject, 60)
    finally:
        subject.stop()
        grader.stop()
    assert {verdict.outcome for verdict in verdicts} == {"passed"}


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        ("def test_x(candidate:\n", "hidden_tests/test_x.py: "),
        ("import nothing_of_that_name\n", "nothing_of_that_name"),
        ("x = 1\n", "exit code 5"),
        ("import os\ndef test_x(): os._exit(0)\n", "exit code 0 before its last word"),
        ("def test_x(candidate): candidate._relay.say({'run': {'argv': []}})\n", "message of the grader's"),
        ("def test_x(candidate): candidate._relay.say({})\n", "one thing at a time"),
        ("def test_x(candidate): candidate._relay.say({'end': 7})\n", "as many verdicts as tests"),
        ("def test_x(candidate): candidate._relay._out.write('x' * (9 << 20)); candidate._relay._out.flush()\n", "8388608"),
        ("def test_x(candidate):\n    for _ in range(6000): candidate.fresh()\n", "5000"),
    ],
)  # fmt: skip
def test_a_grader_at_fault_is_tried_three_times_and_named(hidden: str, why: str) -> None:
    slept: list[float] = []
    broken = exercise("python", {"test_x.py": hidden})
    result = grade(interview_of(broken, PYTHON, bubblewrap.backend, slept.append))
    assert why in str(result.pop("failed"))
    assert result == {"tests": [], "passed": 0, "total": 0}
    assert slept == [1, 2]


def test_grading_goes_on_after_a_restart_of_the_server() -> None:
    interview = interview_of(sums(), PYTHON, Hindered(refusing(1)))
    changed = sums().model_copy(update={"sha256": "c0" * 32})
    again = Interview(interview.log, interview.header, changed, interview.tools)
    room = Room(again)
    room.recover()
    wait(lambda: again.state.status == "finished", 60)
    [result] = [
        record.payload["result"]
        for record in again.log.read(again.id)
        if record.payload and record.payload.get("kind") == "hidden_tests"
    ]
    assert totals(result) == PASSED
    assert len(waiting(again)) == 1
    assert isinstance(result, dict) and result["exercise_sha256"] == changed.sha256


def test_what_was_graded_before_the_server_ended_is_not_graded_again() -> None:
    interview = interview_of(sums(), PYTHON, Hindered(lambda name, started: None))
    result: e.Json = {"tests": [{"id": "test_sums.py::test_adds", "outcome": "passed"}], "passed": 1, "total": 1}
    interview.record(Draft("system", e.AnalysisRecorded(kind="hidden_tests", result=result)))
    Room(interview).recover()
    wait(lambda: interview.state.status == "finished", 60)
    recorded = [record.payload for record in interview.log.read(interview.id) if record.type == "analysis.recorded"]
    assert [payload and payload["kind"] for payload in recorded].count("hidden_tests") == 1


def test_grading_waits_in_line_and_begins_again_after_the_server_was_stopped() -> None:
    backend = Hindered(lambda name, started: None)
    pool = Pool(backend, most=1)
    taken = [pool.start(SandboxSpec("candidate"), turn=turn) for turn in (Turn.CANDIDATE, Turn.LATER)]
    interview = interview_of(sums(), PYTHON, backend)
    interview.tools = dataclasses.replace(interview.tools, backend=lambda: pool)
    room = Room(interview)
    room.recover()
    wait(lambda: waiting(interview), 30)
    assert waiting(interview) == [{"waiting": "All places are taken; it is in line"}]
    pool.close()
    wait(lambda: not room._grading.locked(), 30)
    for sandbox in taken:
        sandbox.stop()
    assert interview.state.status == "submitted"
    interview.tools = tools(backend)
    Room(interview).recover()
    wait(lambda: interview.state.status == "finished", 60)


def test_grading_waits_for_a_docker_daemon_that_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "door"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
    doors: list[Door] = []

    def sleep(seconds: float) -> None:
        if not doors:
            doors.append(Door(path))

    try:
        interview = interview_of(sums(), PYTHON, Docker(), sleep)
        assert totals(grade(interview)) == PASSED
        assert len(waiting(interview)) == 1
    finally:
        for door in doors:
            door.shut()


SEARCH = [
    "sh",
    "-c",
    f"grep -rsl {CANARY[:-1]}[{CANARY[-1]}] / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr --exclude-dir=dev; "
    f"cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -v grep | grep {CANARY[:-1]}[{CANARY[-1]}]",
]  # fmt: skip


def test_what_hidden_tests_expect_is_nowhere_near_the_program() -> None:
    """Looked for while the grader runs; the same search finds it in the grader's place."""
    found: dict[str, str] = {}
    started: list[Sandbox] = []

    def start() -> Sandbox:
        started.append(bubblewrap.backend.start(SandboxSpec("subject")))
        return started[-1]

    class Searched(Subject):
        def run(self, program: object) -> object:  # type: ignore[override]
            done = super().run(program)  # type: ignore[arg-type]
            for name, place in (("subject", started[-1]), ("grader", grader)):
                found[name] = found.get(name, "") + place.exec(SEARCH).stdout.decode()
            return done

    hidden = {"test_sums.py": PYTHON_TESTS, "drive.py": sums().hidden_tests["drive.py"]}
    grader = bubblewrap.backend.start(SandboxSpec("grader"))
    subject = Searched(start, NO_PYTHON, 60)
    try:
        lay_out(grader, hidden)
        verdicts = converse(grader, {"language": "python", "driver": hidden["drive.py"], "call_s": 10}, subject, 60)
    finally:
        subject.stop()
        grader.stop()
    assert len(verdicts) == 6
    assert found["subject"] == ""
    assert "hidden_tests/test_sums.py" in found["grader"]


def test_what_hidden_tests_expect_never_reaches_a_candidate() -> None:
    interview = interview_of(sums(), NO_PYTHON, bubblewrap.backend)
    room = Room(interview)
    room.recover()
    wait(lambda: interview.state.status == "finished", 60)
    records = interview.log.read(interview.id)
    assert "hidden_tests" in {
        record.payload["kind"] for record in records if record.payload and "kind" in record.payload
    }
    for record in records:
        shown = json.dumps(wire("candidate", record)) + withhold("candidate", record).model_dump_json()
        assert "test_sums" not in shown
    # Not even for those who may read everything else.
    assert CANARY not in json.dumps([record.model_dump() for record in records])
