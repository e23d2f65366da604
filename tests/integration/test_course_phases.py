"""Phases with a real sandbox, and servers that follow each other in the midst of them."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews import events as e
from interviews.log import ClientKey
from interviews.service import editing
from interviews.service.phases import BETWEEN_MS, REVIEW
from interviews.service.room import Room
from interviews.timeline import remaining_ms
from sandbox.base import Backend, Sandbox, SandboxSpec
from tests.integration.test_course_sandbox import WORDS, House, crash, in_terminal, insert, shell
from tests.product import wait
from tests.sandboxes import working
from tests.support import TAB

pytestmark = pytest.mark.sandbox
REVIEW_MS = 600 * 60_000
SETTINGS = e.InterviewSettings(minutes=600, review_minutes=REVIEW_MS / 60_000, grace_s=60)


class Phased(House):
    """A house whose interviews have a review."""

    def consented(self) -> Room:
        server = self.servers[-1]
        room = server.get(server.create("prompted-playlists", "Ada", SETTINGS, 7))
        room.consent(*WORDS)
        return room

    def between(self) -> Room:
        """An interview whose open work is over."""
        room = self.begin()
        room.next_phase(None)
        room.flushed()
        assert room.interview.state.status == "between"
        return room

    def next_server(self, room: Room) -> Room:
        """The server ends without a word, and another follows."""
        crash(room)
        self.open()
        return self.again(room)


@pytest.fixture
def phased() -> Iterator[Phased]:
    found = Phased(working("bubblewrap"))
    yield found
    found.close()


def test_the_review_is_on_the_disk_and_its_tests_run_by_themselves(phased: Phased) -> None:
    room = phased.begin()
    interview = room.interview
    # What is reviewed makes room for what is the candidate's.
    editing.create(interview, "review/mine.py", TAB, None)
    name = in_terminal(room, "printf '# from the shell\\n' >> playlists/builder.py; echo written''now")
    wait(lambda: "writtennow" in "".join(interview.state.terminals[name].output))
    room.next_phase(None)
    # What the shell wrote last belongs to open work.
    ended = next(record.seq for record in interview.log.read(interview.id) if record.type == "phase.ended")
    written = [
        record.seq
        for record in interview.log.read(interview.id)
        if record.type == "file.edited" and record.payload and record.payload["origin"] == "terminal"
    ]
    assert written and max(written) < ended
    room.flushed()
    room.next_phase(None)
    # The terminal of before goes on.
    room.terminals().write(name, "cd review-2 && ls && echo there''now\r")
    wait(lambda: "therenow" in "".join(interview.state.terminals[name].output))
    assert "player" in "".join(interview.state.terminals[name].output)
    insert(interview, "review-2/player/queue.py", "# looked at\n")
    room.run(None)
    wait(lambda: interview.state.runs and interview.state.runs[0].finished_seq is not None, 60)
    run = interview.state.runs[0]
    assert run.tests and all(test["id"].startswith("review-2/tests/") for test in run.tests), run.output
    assert any(test["outcome"] == "passed" for test in run.tests)
    assert shell(room, "head -1 review-2/player/queue.py") == "# looked at\n"


def test_a_server_that_is_started_between_two_phases_leaves_the_time_to_read(phased: Phased) -> None:
    room = phased.between()
    phased.now_ms += BETWEEN_MS - 1000
    again = phased.next_server(room)
    again.tick()
    assert again.interview.state.status == "between"
    again.next_phase(ClientKey("tab", 1))
    state = again.interview.state
    assert (state.status, state.phase) == ("running", REVIEW)
    assert state.paused_ms is None and REVIEW_MS - remaining_ms(state, phased.clock()) < 60_000
    assert "player" in shell(again, "ls review")


def test_nobody_begins_and_it_begins_by_itself_after_a_restart_too(phased: Phased) -> None:
    again = phased.next_server(phased.between())
    phased.now_ms += BETWEEN_MS
    wait(lambda: again.interview.state.phase == REVIEW)
    assert again.interview.state.review is not None
    wait(lambda: again.interview.state.paused_ms is None)


def test_a_server_that_is_started_in_the_grace_of_open_work_goes_on_to_the_review(phased: Phased) -> None:
    room = phased.begin()
    room.next_phase(None)
    assert room.interview.state.status == "grace"
    again = phased.next_server(room)
    again.flushed()
    assert again.interview.state.status == "between"


def test_a_sandbox_rebuilt_in_the_review_holds_what_is_reviewed(phased: Phased) -> None:
    room = phased.between()
    room.next_phase(None)
    insert(room.interview, "review/player/store.py", "# mine\n")
    review = room.interview.state.review
    assert review is not None
    room.reviewing.judge(review.review, "v1", "block", 0, "wrong", None, None)
    again = phased.next_server(room)
    state = again.interview.state
    assert (state.status, state.phase, state.sandbox_back) == ("running", REVIEW, "rebuilt")
    assert shell(again, "head -1 review/player/store.py") == "# mine\n"
    assert state.review is not None and list(state.review.verdicts) == ["v1"]
    again.reviewing.judge(review.review, "v1", "merge", 0, "", None, None)
    assert state.review.verdicts["v1"]["verdict"] == "merge"


class Gated:
    """A backend that starts nothing while its gate is shut."""

    def __init__(self, backend: Backend) -> None:
        self.name, self._backend = backend.name, backend
        self.probe, self.adopt, self.reap = backend.probe, backend.adopt, backend.reap
        self.gate = threading.Event()
        self.gate.set()

    def start(self, spec: SandboxSpec) -> Sandbox:
        self.gate.wait(30)
        return self._backend.start(spec)


def test_a_review_that_begins_without_a_sandbox_waits_for_it() -> None:
    backend = Gated(working("bubblewrap"))
    others = sandboxes()
    house = Phased(backend)
    try:
        room = house.between()
        state = room.interview.state
        backend.gate.clear()
        [process] = sandboxes() - others
        os.kill(process, signal.SIGKILL)
        wait(lambda: state.sandbox_lost)
        room.next_phase(None)
        assert state.phase == REVIEW and state.paused_ms is not None
        house.now_ms += 300_000
        assert REVIEW_MS - remaining_ms(state, house.clock()) < 60_000
        backend.gate.set()
        wait(lambda: room.workspace.there and state.paused_ms is None, 40)
        assert REVIEW_MS - remaining_ms(state, house.clock()) < 60_000
        assert "player" in shell(room, "ls review")
    finally:
        house.close()


def sandboxes() -> set[int]:
    """Those of this process's children that are sandboxes."""
    found = set[int]()
    for task in Path("/proc/self/task").iterdir():
        # One that ends meanwhile is none.
        with contextlib.suppress(OSError):
            for child in (task / "children").read_text().split():
                if Path(f"/proc/{child}/comm").read_text().strip() == "bwrap":
                    found.add(int(child))
    return found


def test_a_server_that_stops_between_two_phases_leaves_the_sandbox_to_the_next() -> None:
    house = Phased(working("docker"))
    try:
        room = house.between()
        place = room.workspace.place
        house.servers[-1].close()
        house.open()
        again = house.again(room)
        assert (again.workspace.place, again.interview.state.sandbox_back) == (place, "adopted")
        again.next_phase(None)
        assert "player" in shell(again, "ls review")
    finally:
        house.close()
