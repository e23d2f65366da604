"""The launcher: the same list of behaviours through it, and nothing beyond starting, adopting and ending sandboxes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from interviews.errors import PlatformFailure
from sandbox import launcher
from sandbox.backends.docker import Docker
from sandbox.base import Limits, SandboxSpec
from sandbox.launched import SETTING
from sandbox.multiplex import MultiplexedStream
from sandbox.owners import Owners, owners_folder
from sandbox.yielding import Branch
from tests import product as products
from tests.product import ROOT, Browser, wait

pytestmark = pytest.mark.sandbox
STRANGER = 1_890_000_003


@pytest.fixture
def folder() -> Iterator[Path]:
    """For a launcher's socket and its lock files; what is left of its containers goes afterwards."""
    probe = Docker(environ={}).probe()
    if not probe.ok:
        pytest.skip(f"docker cannot run here: {probe.reason} {probe.install}")
    with tempfile.TemporaryDirectory(prefix="pairsight-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
        engine(Path(name)).clear([])


def engine(folder: Path) -> Docker:
    """What has the way to the daemon."""
    return Docker(environ={}, owners=Owners(folder / "owners"))


@contextlib.contextmanager
def launching(folder: Path, linger_seconds: float = 600.0, by: Docker | None = None) -> Iterator[Path]:
    """The socket of a running launcher for this user, at most two sandboxes."""
    path = folder / "launcher.sock"
    service = launcher.Launcher(path, os.geteuid(), by or engine(folder), most=2, linger_seconds=linger_seconds)
    service.bind()
    serving = threading.Thread(target=service.serve)
    serving.start()
    try:
        yield path
    finally:
        service.close()
        serving.join(10)


@pytest.fixture
def door(folder: Path) -> Iterator[Path]:
    with launching(folder) as path:
        yield path


def through(door: Path, start_seconds: float = 20.0) -> Docker:
    """The web process's backend: it has no way to the daemon."""
    environ = {SETTING: str(door), "DOCKER_HOST": "unix:///nobody/here.sock"}
    return Docker(environ=environ, start_seconds=start_seconds)


def running(interview: str) -> list[str]:
    listed = ["docker", "ps", "--all", "--quiet", "--filter", f"label=pairsight.interview={interview}"]
    return subprocess.run(listed, capture_output=True, text=True, check=True, timeout=20).stdout.split()


def say(door: Path, data: bytes) -> bytes:
    """What the launcher answers to some bytes."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(door))
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(4096):
            answer += part
        return answer


def test_a_sandbox_through_the_launcher(door: Path) -> None:
    backend = through(door)
    assert backend.probe().ok
    sandbox = backend.start(SandboxSpec("launched"))
    data = os.urandom(3 << 20)
    sandbox.write("big", data)
    assert sandbox.read("big") == data
    assert sandbox.exec(["whoami"]).stdout == b"candidate\n"
    assert len(running("launched")) == 1
    sandbox.stop()
    assert running("launched") == []


WEB = """
import sys, time
from sandbox.backends.docker import Docker
from sandbox.base import SandboxSpec
sandbox = Docker(environ={"PAIRSIGHT_LAUNCHER": sys.argv[1]}).start(SandboxSpec(sys.argv[2]))
sandbox.write("kept.txt", b"still here")
print(sandbox.place, flush=True)
time.sleep(60)
"""


def left_by_a_killed_web_process(door: Path, interview: str) -> str:
    """The place of what it had started."""
    command = [sys.executable, "-c", WEB, str(door), interview]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        place = process.stdout.readline().strip()
        assert len(running(interview)) == 1
        process.kill()
    return place


def test_what_a_killed_web_process_left_is_adopted_by_the_next(door: Path) -> None:
    place = left_by_a_killed_web_process(door, "launched-left")
    backend = through(door)
    assert backend.adopt(SandboxSpec("launched-other"), place) is None
    sandbox = backend.adopt(SandboxSpec("launched-left"), place)
    assert sandbox is not None and sandbox.place == place
    assert sandbox.read("kept.txt") == b"still here"
    assert backend.adopt(SandboxSpec("launched-left"), place) is None, "somebody works with it"
    assert sandbox.read("kept.txt") == b"still here"
    sandbox.stop()
    assert running("launched-left") == []
    assert backend.adopt(SandboxSpec("launched-left"), place) is None


def test_what_nobody_comes_back_for_ends(folder: Path) -> None:
    with launching(folder, linger_seconds=0.4) as door:
        living = through(door).start(SandboxSpec("launched-living"))
        left_by_a_killed_web_process(door, "launched-left")
        wait(lambda: running("launched-left") == [])
        assert living.exec(["true"]).exit_code == 0
        living.stop()


def test_over_a_restart_of_the_launcher(folder: Path) -> None:
    lost: list[str] = []
    with launching(folder) as door:
        first = through(door).start(SandboxSpec("launched-kept"))
        first.write("kept.txt", b"still here")
        first.on_lost(lost.append)
        other = through(door).start(SandboxSpec("launched-gone"))
        other.leave()
    wait(lambda: lost)
    with pytest.raises(PlatformFailure, match="launcher"):
        through(door).adopt(SandboxSpec("launched-kept"), first.place)
    assert through(door).reap([]) == []
    with launching(folder, linger_seconds=2.0) as door:
        second = through(door).adopt(SandboxSpec("launched-kept"), first.place)
        assert second is not None
        assert second.read("kept.txt") == b"still here"
        wait(lambda: running("launched-gone") == [])
        assert second.exec(["true"]).exit_code == 0
        second.stop()
    assert running("launched-kept") == []


def test_left_adopted_and_reaped_through_the_launcher(door: Path) -> None:
    backend = through(door)
    first, second = (backend.start(SandboxSpec(f"launched-{n}")) for n in range(2))
    first.leave()
    second.leave()
    with pytest.raises(PlatformFailure, match="at most 2 sandboxes"):
        backend.start(SandboxSpec("launched-2"))
    assert backend.reap([first.place, second.place]) == []
    assert backend.reap([first.place]) == [second.place]
    third = backend.start(SandboxSpec("launched-2"))
    assert backend.reap([first.place]) == [], "somebody works with the third"
    again = backend.adopt(SandboxSpec("launched-0"), first.place)
    assert again is not None
    again.stop()
    third.stop()
    assert running("launched-0") == running("launched-1") == running("launched-2") == []


def test_a_start_that_nobody_waits_for_any_more_leaves_nothing(folder: Path) -> None:
    ready, gate = threading.Event(), threading.Event()

    class Slow(Docker):
        def launch(self, spec: SandboxSpec, deadline: float, branch: Branch | None = None) -> MultiplexedStream:
            stream = super().launch(spec, deadline, branch)
            ready.set()
            gate.wait(30)
            return stream

    with launching(folder, by=Slow(environ={}, owners=Owners(folder / "owners"))) as door:
        with pytest.raises(PlatformFailure, match="launcher"):
            through(door, start_seconds=1.5).start(SandboxSpec("launched-late"))
        assert ready.wait(20)
        assert len(running("launched-late")) == 1
        gate.set()
        wait(lambda: running("launched-late") == [])


def test_a_loss_leaves_what_is_adopted_or_stopped(door: Path) -> None:
    backend = through(door)
    first = backend.start(SandboxSpec("launched-lost"))
    first.write("kept.txt", b"still here")
    lost: list[str] = []
    first.on_lost(lost.append)
    with contextlib.suppress(PlatformFailure):
        first.exec(["sh", "-c", "kill -9 -1"], timeout_s=5)
    wait(lambda: lost)
    second = backend.adopt(SandboxSpec("launched-lost"), first.place)
    assert second is not None
    first.stop()
    assert second.read("kept.txt") == b"still here"
    with contextlib.suppress(PlatformFailure):
        second.exec(["sh", "-c", "kill -9 -1"], timeout_s=5)
    wait(lambda: not second.alive)
    second.stop()
    assert running("launched-lost") == []


@contextlib.contextmanager
def command(door: Path) -> Iterator[subprocess.Popen[str]]:
    """``pairsight launcher`` as a service would run it."""
    line = [sys.executable, "-c", "from app import main; main()", "launcher", "--socket", str(door)]
    line += ["--user", str(os.geteuid())]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Launcher at")
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_an_interview_goes_on_where_it_was_when_launcher_and_server_are_killed(folder: Path, tmp_path: Path) -> None:
    door, data = folder / "launcher.sock", tmp_path / "data"

    def serving() -> products.Product:
        return products.start(
            data, SANDBOX="docker", PAIRSIGHT_PACE="0", PAIRSIGHT_LAUNCHER=str(door), DOCKER_HOST="unix:///none"
        )

    def there(browser: Browser) -> bool:
        state = browser.state
        return state["sandbox_back"] == "adopted" and state["paused_ms"] is None and not state["sandbox_lost"]

    with contextlib.ExitStack() as services:
        services.callback(Docker(environ={}, owners=Owners(owners_folder(door))).reap, [])
        first_launcher = services.enter_context(command(door))
        first = serving()
        services.callback(first.stop)
        browser = Browser(first, "candidate")
        assert browser.consent().status_code == 200
        browser.connect()
        terminal = browser.send("term.open", cols=80, rows=24)["terminal"]
        browser.send("term.input", terminal=terminal, data="echo still here > /tmp/kept; touch done.txt\r")
        wait(lambda: "done.txt" in browser.state["files"])
        (container,) = running(browser.interview)
        first_launcher.kill()
        wait(lambda: browser.state["paused_ms"] is not None, 30)
        services.enter_context(command(door))
        wait(lambda: there(browser), 60)

        first.kill()
        second = serving()
        services.callback(second.stop)
        again = Browser(second, "candidate", name="after")
        again.connect()
        wait(lambda: there(again) and again.types().count("sandbox.started") == 3, 60)
        terminal = again.send("term.open", cols=80, rows=24)["terminal"]
        again.send("term.input", terminal=terminal, data="tac /tmp/kept\r")
        wait(lambda: "still here" in "".join(again.state["terminals"][terminal]["output"]), 30)
        assert running(browser.interview) == [container]
        again.socket.disconnect()
    assert running(browser.interview) == []


def test_another_installations_container_is_out_of_reach(door: Path, tmp_path: Path) -> None:
    backend = Docker(environ={}, owners=Owners(tmp_path))
    other = backend.start(SandboxSpec("launched-foreign"))
    other.leave()
    assert through(door).adopt(SandboxSpec("launched-foreign"), other.place) is None
    request = json.dumps({"op": "stop", "place": other.place, "id": ""}).encode() + b"\n"
    assert json.loads(say(door, request)) == {"ok": {"words": ""}}
    assert through(door).reap([]) == []
    assert len(running("launched-foreign")) == 1
    assert backend.reap([]) == [other.place]


def test_a_lost_sandbox_is_noticed_through_the_launcher(door: Path) -> None:
    sandbox = through(door).start(SandboxSpec("launched-lost"))
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    subprocess.run(["docker", "rm", "--force", *running("launched-lost")], capture_output=True, check=True, timeout=20)
    wait(lambda: lost)
    sandbox.stop()


def test_there_are_not_sandboxes_without_end(door: Path) -> None:
    backend = through(door)
    made = [backend.start(SandboxSpec(f"launched-{n}")) for n in range(2)]
    with pytest.raises(PlatformFailure, match="at most 2 sandboxes"):
        backend.start(SandboxSpec("launched-3"))
    for sandbox in made:
        sandbox.stop()


LIMITS = json.dumps({"op": "start", "interview": "x", "limits": {"memory_bytes": 1}}).encode()


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /containers/json HTTP/1.1\r\nHost: x\r\n\r\n",
        b'{"op": "exec", "id": "x"}\n',
        b'{"op": "probe", "image": "debian"}\n',
        b'{"op": "stop"}\n',
        b'{"op": "stop", "place": "/var/run", "id": ""}\n',
        b'{"op": "leave", "place": ["pairsight-x-000000000000"], "id": ""}\n',
        b'{"op": "reap"}\n',
        b'{"op": "reap", "wanted": "all"}\n',
        b'{"op": "reap", "wanted": ["*"]}\n',
        b'{"op": "adopt", "place": "pairsight-x-000000000000"}\n',
        b'{"op": "start", "interview": "x", "limits": {}, "binds": ["/:/host"]}\n',
        LIMITS + b"\n",
        b'{"op": "probe"}\n{"op": "probe"}\n',
        b"[]\n",
    ],
)
def test_anything_but_the_one_form_is_refused(door: Path, request_: bytes) -> None:
    answer = json.loads(say(door, request_))
    assert set(answer) == {"error", "params"}
    assert answer["error"].startswith("Expected")
    assert running("x") == []


@pytest.mark.parametrize("data", [b"", b"no line", b"x" * 100_000])
def test_what_is_no_line_gets_no_answer(door: Path, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        assert say(door, data) == b""
    unknown = b'{"op": "stop", "place": "pairsight-x-000000000000", "id": ""}\n'
    assert say(door, unknown) == b'{"ok": {"words": ""}}\n'


def test_another_user_is_refused(door: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("expected root, to be another user for a moment")
    assert oct(door.stat().st_mode & 0o777) == "0o600"
    # Even where the file would let them in.
    door.chmod(0o666)
    asking = (
        "import os, sys; from sandbox.launched import Launched\n"
        f"os.setuid({STRANGER})\nprint(Launched({str(door)!r}).examine().reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "another user" in done.stdout


def test_limits_reach_the_container(door: Path) -> None:
    limits = Limits(memory_bytes=256 << 20, workspace_bytes=8 << 20)
    sandbox = through(door).start(SandboxSpec("launched-limits", limits))
    (name,) = running("launched-limits")
    found = json.loads(subprocess.run(["docker", "inspect", name], capture_output=True, check=True, timeout=20).stdout)
    assert found[0]["HostConfig"]["Memory"] == 256 << 20
    assert sandbox.exec(["sh", "-c", "head -c 9M /dev/zero >x"]).exit_code != 0
    sandbox.stop()
