"""The end of an interview, whoever is late: the clock, the candidate, the server after a restart, a sandbox that is gone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from interviews import events as e
from interviews import exercises
from interviews.errors import PlatformFailure
from interviews.log import Draft, MemoryLog
from interviews.service.interview import Interview
from interviews.service.room import Room
from interviews.service.runs import read_report
from interviews.service.terminals import Terminals
from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests.product import wait
from tests.support import bare_interview, counting_salt, header, tools


def begun(interview: Interview, duration_ms: int) -> Interview:
    interview.record(
        Draft("system", e.InterviewStarted()), Draft("system", e.PhaseStarted(phase="open", duration_ms=duration_ms))
    )
    return interview


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    started = backend.start(SandboxSpec("time"))
    yield started
    started.stop()


def test_a_submission_at_the_last_moment_is_not_undone_by_the_clock() -> None:
    interview = begun(bare_interview(), 0)
    room = Room(interview)
    clock = threading.Thread(target=room.tick)
    with interview.lock:
        clock.start()
        clock.join(0.3)
        interview.record(
            Draft("candidate", e.PhaseEnded(phase="open", by="candidate")),
            Draft("candidate", e.InterviewSubmitted(by="candidate", late=False)),
        )
    clock.join(10)
    assert interview.state.status == "submitted"
    assert interview.log.read(interview.id)[-1].type == "interview.submitted"


def test_after_a_restart_there_is_a_whole_grace_for_edits_that_could_not_arrive() -> None:
    now = [1_700_000_000_000]
    log = MemoryLog(lambda: now[0], counting_salt())
    log.create(header("i1", grace_s=60))
    timed = replace(tools(), clock=lambda: now[0])
    first = begun(Interview(log, log.header("i1"), exercises.load("prompted-playlists"), timed), 0)
    first.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
    now[0] += 300_000
    again = Interview(log, log.header("i1"), exercises.load("prompted-playlists"), timed)
    room = Room(again)
    now[0] += 59_000
    room.tick()
    assert not any(thread.name == "go-on" for thread in threading.enumerate())
    assert again.state.status == "grace"
    now[0] += 2_000
    room.tick()
    wait(lambda: again.state.status in ("submitted", "finished"))


def test_a_terminal_that_could_not_be_opened_takes_no_place(sandbox: Sandbox) -> None:
    interview = begun(bare_interview(), 10**9)
    terminals = Terminals(interview, sandbox, lambda: None)
    sandbox.stop()
    for _ in range(6):
        with pytest.raises(PlatformFailure):
            terminals.open(80, 24)
        assert not any(view.open for view in interview.state.terminals.values())


@pytest.mark.parametrize("code", ["²", "--5", "9" * 5000, "9" * 400, "", "0x1"])
def test_a_terminal_outlives_marks_that_are_none(sandbox: Sandbox, code: str) -> None:
    interview = begun(bare_interview(), 10**9)
    terminals = Terminals(interview, sandbox, lambda: None)
    name = terminals.open(80, 24)
    # Before its prompt the shell does not read yet, and the line discipline keeps no more than 4,095 characters of a line.
    wait(lambda: "$ " in "".join(interview.state.terminals[name].output))
    mark = f"printf '\\033]133;C;cmdline_url=x\\a\\033]133;D;%s\\a' '{code}'; echo still''here\r"
    terminals.write(name, mark)
    wait(lambda: "stillhere" in "".join(interview.state.terminals[name].output))
    wait(lambda: len(interview.state.commands) >= 1)
    assert all(-(10**9) < command["exit_code"] < 10**9 for command in interview.state.commands)


@pytest.mark.parametrize("time", ["1e300", "-1e300", "inf", "-inf", "nan", "1e17", "x"])
def test_a_forged_time_in_a_report_does_not_leave_a_run_unfinished(time: str) -> None:
    report = f'<testsuite><testcase classname="a" name="b" time="{time}"/></testsuite>'.encode()
    interview = begun(bare_interview(), 10**9)
    interview.record(Draft("candidate", e.RunStarted(run="r1", files={})))
    tests = read_report(report)
    assert len(tests) == 1
    finished = e.RunFinished(run="r1", exit_code=0, tests=tests, output="", timed_out=False, duration_ms=1)
    interview.record(Draft("system", finished))
    assert interview.state.runs[0].finished_seq is not None


def test_a_report_made_to_fill_the_memory_is_not_read() -> None:
    assert read_report(b"<a>" + b"<testcase/>" * 2_000_000 + b"</a>") == ()
