"""The machine's clock stepped by an hour, back and forth, in the middle of an interview and while the server is down.

The server's own time of day is read from a file here, by standing in for Python's; everything else is the product as it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews.timeline import remaining_ms
from tests.faults.pages import Follower, Page
from tests.product import Product, start

pytestmark = pytest.mark.sandbox
HOUR_S = 3600
# What the test itself may take between two readings, on a machine that is shared.
TOLERANCE_MS = 20_000
# What the answer that tells the server's time may be under way.
READING_MS = 1000
STEPPED = """
import time
real_s, real_ns = time.time, time.time_ns
def step():
    return int(open({path!r}).read() or 0)
time.time = lambda: real_s() + step()
time.time_ns = lambda: real_ns() + step() * 10**9
"""


class Machine:
    """A machine with a clock that can be set, and the product on it."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._step = folder, folder / "step"
        self.set(0)
        self.product = self._start(0)
        self.page = Page(self.product, "candidate", "c")
        assert self.page.consent().status_code == 200
        self.page.online()
        self._view = Follower(self.page)

    def _start(self, port: int) -> Product:
        first = STEPPED.format(path=str(self._step))
        return start(self._folder / "data", "--sandbox", "bubblewrap", "--minutes", "50", port=port, first=first)

    def set(self, seconds: int) -> None:
        """Let the clock be so far from the true time from now on."""
        self._step.write_text(str(seconds))

    def restart(self, seconds: int) -> None:
        """Kill the server, set the clock, start the next one."""
        self.product.kill()
        self.set(seconds)
        self.product = self._start(int(self.product.address.rpartition(":")[2]))

    def remaining(self) -> int:
        """Working time left as the page shows it, in ms."""
        self.page.cut()
        self.page.online()
        # While there is no sandbox the clock stands.
        self.page.until(lambda: self._view.state.paused_ms is None)
        assert self._view.state.status == "running"
        return remaining_ms(self._view.state, self.page.now())

    def work(self, seconds: float) -> None:
        """Do something again and again for so long: several ticks of the interview's clock."""
        until, number = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            number += 1
            assert self.page.act("create", path=f"{time.monotonic()}.txt")["ok"]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.page.close()
    made.product.stop()


def times_only_go_on(page: Page) -> None:
    times = [event["at_ms"] for event in page.events]
    assert times == sorted(times)
    assert times[-1] - times[0] < HOUR_S * 1000 // 2


def test_a_step_changes_nothing_while_the_server_runs(machine: Machine) -> None:
    left = machine.remaining()
    for step in (-HOUR_S, 0, HOUR_S, 0):
        machine.set(step)
        machine.work(1.2)
        now = machine.remaining()
        assert left - TOLERANCE_MS < now < left, step
        left = now
    times_only_go_on(machine.page)


@pytest.mark.parametrize("step", [-HOUR_S, HOUR_S])
def test_a_step_between_two_servers_gives_and_takes_no_time(machine: Machine, step: int) -> None:
    machine.work(1)
    left = machine.remaining()
    machine.restart(step)
    machine.page.online()
    began, before = time.monotonic(), len(machine.page.events)
    machine.work(1.5)
    # Time goes on from where it was, and at its own pace.
    at = [event["at_ms"] for event in machine.page.events[before:]]
    assert 1000 < at[-1] - at[0] < (time.monotonic() - began) * 1000 + 1000
    now = machine.remaining()
    # Until there is a sandbox again the clock stands, which may be all the time that was worked.
    assert left - TOLERANCE_MS < now < left + READING_MS
    if step < 0:
        times_only_go_on(machine.page)
