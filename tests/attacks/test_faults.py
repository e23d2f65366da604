"""Faults: what a candidate or the world breaks is noticed, said in plain words, and over with the next sandbox."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import pytest

from interviews.errors import PairsightError, PlatformFailure
from sandbox import client
from sandbox.base import SandboxSpec
from tests.attacks.hostile import LIMITS, Place, Screen, agent_outside, ends_plainly, eventually, goes_on, shell, text

pytestmark = pytest.mark.sandbox


def test_killing_everything(place: Place) -> None:
    sandbox = place.start()
    sandbox.write("kept.txt", b"precious")
    where = sandbox.place
    with contextlib.suppress(PlatformFailure):
        shell(sandbox, "kill -9 -1; kill -9 1; kill -9 $PPID", timeout_s=3)
    if not where:
        # Here the agent is process 1, which nobody inside can end.
        goes_on(sandbox)
        return
    eventually(lambda: not sandbox.alive)
    sandbox.leave()
    again = place.backend.adopt(SandboxSpec("attack", LIMITS), where)
    assert again is not None
    place.more.append(again)
    assert again.read("kept.txt") == b"precious"
    goes_on(again)


def test_stopping_the_agent(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # The same waits as ever, only shorter.
    monkeypatch.setattr(client, "EXEC_GRACE_SECONDS", 2.0)
    monkeypatch.setattr(client, "PING_SECONDS", 1.0)
    sandbox = place.start()
    began = time.monotonic()
    with contextlib.suppress(PairsightError):
        shell(sandbox, "kill -STOP $PPID; sleep 0.2; kill -STOP 1 $PPID", timeout_s=2)
    if sandbox.alive:
        with contextlib.suppress(PairsightError):
            sandbox.exec(["true"], timeout_s=1)
    assert time.monotonic() - began < 15
    if sandbox.alive:
        goes_on(sandbox)
    else:
        ends_plainly(place, sandbox)


def test_an_agent_starved_of_descriptors(place: Place) -> None:
    """Whatever inside holds every process and file that it may, the agent's own are not among them."""
    screen = Screen(
        place.sandbox,
        "python3",
        "-c",
        "import os, time\nfor _ in range(10):\n  if os.fork() == 0: break\nheld = []\ntry:\n  while True: held.append(os.dup(0))\n"
        "except OSError: print('held', flush=True)\ntime.sleep(60)",
    )
    eventually(lambda: screen.seen.count(b"held") >= 8)
    place.sandbox.write("beside.txt", b"x")
    assert place.sandbox.read("beside.txt") == b"x"
    assert shell(place.sandbox, "echo beside").stdout == b"beside\n"
    screen.close()


def test_the_sandbox_ended_from_outside(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "EXEC_GRACE_SECONDS", 2.0)
    monkeypatch.setattr(client, "PING_SECONDS", 1.0)
    sandbox = place.start()
    if sandbox.place:
        import docker

        with contextlib.closing(docker.from_env()) as engine:
            engine.containers.get(sandbox.place).kill()
    else:
        os.kill(agent_outside(sandbox), signal.SIGKILL)
    if not place.held:
        with pytest.raises(PlatformFailure):
            sandbox.exec(["true"], timeout_s=1)
    ends_plainly(place, sandbox)


def test_a_full_memory_and_a_full_disk(place: Place) -> None:
    sandbox = place.start()
    sandbox.write("kept.txt", b"precious")
    screen = Screen(
        sandbox,
        "sh",
        "-c",
        "for d in /workspace /tmp /dev/shm ~; do for n in 1 2 3 4; do "
        "head -c 7M /dev/zero >$d/full$n 2>/dev/null; done; done; echo filled;"
        f"python3 -c \"x = b'x' * {LIMITS.memory_bytes - (32 << 20)}; print('had it')\"; sleep 60",
    )
    screen.shows(b"filled")
    eventually(
        lambda: not sandbox.alive or b"Killed" in screen.seen or b"Error" in screen.seen or b"had it" in screen.seen
    )
    if not sandbox.alive:
        ends_plainly(place, sandbox)
        return
    assert b"had it" not in screen.seen
    assert sandbox.read("kept.txt") == b"precious"
    screen.close()
    text(sandbox, "find /workspace /tmp /dev/shm ~ -name 'full*' -delete")
    goes_on(sandbox)


def test_a_command_that_leaves_itself_running(place: Place) -> None:
    hiding = (
        "import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
        "    os.execve('/bin/sleep', ['sleep', '98768'], {})\n  os._exit(0)"
    )
    done = shell(
        place.sandbox, f'trap "" TERM HUP; setsid sleep 98768 & python3 -c "{hiding}"; sleep 98768', timeout_s=1
    )
    assert done.timed_out and done.exit_code == 124
    assert "98768" not in text(place.sandbox, "ps -eo args")


def test_a_command_under_a_made_up_mark(place: Place) -> None:
    """Whose a process is stands in its environment, which it may write itself."""
    hiding = (
        "import os\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0:\n"
        "    os.execve('/bin/sleep', ['sleep', '98770'], {'PAIRSIGHT_JOB': '00000000.term1'})\n  os._exit(0)"
    )
    assert place.sandbox.exec(["python3", "-c", hiding]).exit_code == 0
    assert "98770" not in text(place.sandbox, "ps -eo args")
