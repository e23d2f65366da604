"""Who gets a sandbox, and when: the line, what is kept ready, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from interviews.errors import NotAllowed, PlatformFailure
from sandbox import pool as pools
from sandbox.backends.bubblewrap import backend
from sandbox.base import Limits, Probe, Sandbox, SandboxSpec
from sandbox.pool import Pool, Turn
from tests.product import wait
from tests.sandboxes import working

pytestmark = pytest.mark.sandbox
AT_ONCE = 10


class Line:
    """People who come one after the other, what each was told, and the sandboxes they got."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.told: dict[str, list[int]] = {}
        self.came: list[str] = []
        self.started: list[Sandbox] = []
        self.threads = ThreadPoolExecutor(20)

    def comes(self, name: str, turn: Turn = Turn.CANDIDATE) -> Future[Sandbox]:
        """One more; returns once it stands in line or has its sandbox."""
        told = self.told[name] = []

        def start() -> Sandbox:
            sandbox = self.pool.start(SandboxSpec(name), turn=turn, on_waiting=told.append)
            self.came.append(name)
            self.started.append(sandbox)
            return sandbox

        future = self.threads.submit(start)
        wait(lambda: told or future.done())
        return future

    def close(self) -> None:
        self.pool.close()
        self.threads.shutdown()
        for sandbox in self.started:
            sandbox.stop()


@pytest.fixture
def line() -> Iterator[Line]:
    found = Line(Pool(backend, most=1, queue=3))
    yield found
    found.close()


def test_candidates_come_in_their_order_and_are_told_how_many_are_ahead(line: Line) -> None:
    first = line.comes("first").result(20)
    rest = {name: line.comes(name) for name in ("second", "third", "fourth")}
    assert line.told == {"first": [], "second": [0], "third": [1], "fourth": [2]}
    first.stop()
    rest["second"].result(20).stop()
    rest["third"].result(20).stop()
    rest["fourth"].result(20)
    assert line.came == ["first", "second", "third", "fourth"]
    assert line.told == {"first": [], "second": [0], "third": [1, 0], "fourth": [2, 1, 0]}


def test_beyond_the_queue_one_is_refused_in_words_and_nobody_loses_a_place(line: Line) -> None:
    first = line.comes("first").result(20)
    waiting = [line.comes(name) for name in ("second", "third", "fourth")]
    with pytest.raises(PlatformFailure, match=r"All 1 places are taken and 3 people.*try again"):
        line.pool.start(SandboxSpec("fifth"), turn=Turn.CANDIDATE)
    first.stop()
    waiting[0].result(20)
    assert line.pool.load().waiting == 2


def test_candidates_go_before_graders_and_a_scratch_copy_needs_no_candidates_place(line: Line) -> None:
    held = line.comes("candidate").result(20)
    grader = line.comes("grader", Turn.LATER).result(20)
    later = line.comes("second grader", Turn.LATER)
    candidate = line.comes("second candidate")
    assert line.told["second candidate"] == [0]
    held.stop()
    candidate.result(20)
    assert not later.done()
    grader.stop()
    later.result(20)
    assert line.came == ["candidate", "grader", "second candidate", "second grader"]


def test_many_graders_at_once_leave_the_candidates_places_free(line: Line) -> None:
    line.comes("grader", Turn.LATER).result(20)
    second = line.comes("second grader", Turn.LATER)
    line.comes("subject", Turn.BESIDE).result(20)
    line.comes("candidate").result(20)
    assert not second.done()
    assert line.told["candidate"] == line.told["subject"] == []


def test_an_interview_under_way_waits_for_nobody(line: Line) -> None:
    line.comes("candidate").result(20)
    waiting = line.comes("next")
    line.comes("comes back", Turn.UNDER_WAY).result(20)
    assert not waiting.done() and line.told["comes back"] == []


def test_who_leaves_the_line_holds_up_nobody(line: Line) -> None:
    first = line.comes("first").result(20)

    def goes(ahead: int) -> None:
        raise NotAllowed("gone")

    with pytest.raises(NotAllowed):
        line.pool.start(SandboxSpec("gone"), turn=Turn.CANDIDATE, on_waiting=goes)
    second = line.comes("second")
    first.stop()
    second.result(20)


def test_a_lost_sandbox_gives_its_place_back(line: Line) -> None:
    lost = line.comes("lost").result(20)
    second = line.comes("second")
    lost.exec(["true"])
    # What its process was stopped by does not matter: nobody called stop on this side.
    lost._stream.end()  # type: ignore[attr-defined]  # the crash of the process behind it
    second.result(20)
    assert not lost.alive


def test_a_stopped_server_keeps_nobody_waiting(line: Line) -> None:
    line.comes("first").result(20)
    second = line.comes("second")
    line.pool.close()
    with pytest.raises(PlatformFailure, match="stopped"):
        second.result(20)


@pytest.fixture
def warm() -> Iterator[Pool]:
    pool = Pool(backend, warm=1, most=3)
    wait(lambda: pool.warm == 1)
    yield pool
    pool.close()


class Counted:
    """A real backend that counts what it is asked for, and refuses where told to."""

    def __init__(self) -> None:
        self.name, self.asked, self.refuses = backend.name, list[str](), False

    def probe(self) -> Probe:
        return backend.probe()

    def start(self, spec: SandboxSpec) -> Sandbox:
        self.asked.append(spec.interview)
        if self.refuses:
            raise PlatformFailure("refused")
        return backend.start(spec)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        return backend.adopt(spec, place)

    def reap(self, wanted: object) -> list[str]:
        return []


def test_one_started_ahead_is_taken_at_once_and_replaced() -> None:
    counted = Counted()
    pool = Pool(counted, warm=1)
    try:
        wait(lambda: pool.warm == 1)
        taken = pool.start(SandboxSpec("first"), turn=Turn.CANDIDATE)
        assert taken.exec(["echo", "ready"]).stdout == b"ready\n"
        wait(lambda: pool.warm == 1)
        assert counted.asked == [pools.WARM, pools.WARM]
        small = pool.start(SandboxSpec("small", Limits(pids=32)))
        assert counted.asked[-1] == "small" and pool.warm == 1
        yields = pool.start(SandboxSpec("yields", yields=True))
        assert counted.asked[-1] == "yields" and pool.warm == 1
        for one in (taken, small, yields):
            one.stop()
    finally:
        pool.close()
    assert pool.warm == 0


def test_a_warm_one_that_died_is_replaced_and_never_handed_out(warm: Pool) -> None:
    (_, dead) = warm._warm[0]
    dead._stream.end()  # type: ignore[attr-defined]  # the crash of the process behind it
    wait(lambda: warm.warm == 1 and warm._warm[0][1] is not dead)
    taken = warm.start(SandboxSpec("first"))
    assert taken is not dead and taken.alive
    taken.stop()


def test_warm_ones_make_way_for_people() -> None:
    pool = Pool(backend, warm=2, most=1)
    try:
        wait(lambda: pool.warm == 2)
        # One place for a candidate, one for a grader: then there is no room for a third.
        started = [
            pool.start(SandboxSpec("small", Limits(pids=40)), turn=turn) for turn in (Turn.CANDIDATE, Turn.LATER)
        ]
        wait(lambda: pool.warm == 0)
        for sandbox in started:
            sandbox.stop()
        pool.renew()
        wait(lambda: pool.warm == 2)
    finally:
        pool.close()


def test_a_refusing_backend_is_told_and_takes_no_place() -> None:
    counted = Counted()
    counted.refuses = True
    pool = Pool(counted, warm=1, most=1)
    for _ in range(3):
        with pytest.raises(PlatformFailure, match="refused"):
            pool.start(SandboxSpec("x"), turn=Turn.CANDIDATE)
    wait(lambda: counted.asked.count(pools.WARM) >= 1)
    assert (pool.warm, pool.load().running, pool.load().starting) == (0, 0, 0)
    counted.refuses = False

    def kept() -> bool:
        # The last refusal may still be on its way.
        pool.renew()
        return pool.warm == 1

    wait(kept)
    pool.close()


@pytest.mark.parametrize("name", ["bubblewrap", "docker"])
def test_ten_interviews_begun_at_once_all_get_their_sandbox(name: str) -> None:
    pool = Pool(working(name))
    together = threading.Barrier(AT_ONCE)

    def one(number: int) -> Sandbox:
        together.wait(10)
        return pool.start(SandboxSpec(f"i{number}"), turn=Turn.CANDIDATE)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        started = list(threads.map(one, range(AT_ONCE)))
        assert [sandbox.exec(["echo", "ready"]).stdout for sandbox in started] == [b"ready\n"] * AT_ONCE
        list(threads.map(partial(Sandbox.stop), started))
    pool.close()
