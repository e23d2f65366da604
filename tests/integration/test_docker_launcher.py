"""The launcher: the same list of behaviours through it, and nothing beyond starting and stopping."""

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
from tests.product import ROOT, wait

pytestmark = pytest.mark.sandbox
STRANGER = 1_890_000_003


@pytest.fixture
def door() -> Iterator[Path]:
    """The socket of a running launcher for this user, at most two sandboxes."""
    probe = Docker(environ={}).probe()
    if not probe.ok:
        pytest.skip(f"docker cannot run here: {probe.reason} {probe.install}")
    with tempfile.TemporaryDirectory(prefix="pairsight-") as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "launcher.sock")
        service = launcher.Launcher(path, os.geteuid(), Docker(environ={}), most=2)
        service.bind()
        serving = threading.Thread(target=service.serve)
        serving.start()
        yield path
        service.close()
        serving.join(10)


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
    backend = Docker(environ={launcher.SETTING: str(door), "DOCKER_HOST": "unix:///nobody/here.sock"})
    assert backend.probe().ok
    sandbox = backend.start(SandboxSpec("launched"))
    data = os.urandom(3 << 20)
    sandbox.write("big", data)
    assert sandbox.read("big") == data
    assert sandbox.exec(["whoami"]).stdout == b"candidate\n"
    assert len(running("launched")) == 1
    sandbox.stop()
    assert running("launched") == []


def test_the_end_of_the_web_process_is_the_end_of_its_sandboxes(door: Path) -> None:
    start = (
        "import sys, time; from sandbox.backends.docker import Docker; from sandbox.base import SandboxSpec\n"
        f"kept = Docker(environ={{'{launcher.SETTING}': {str(door)!r}}}).start(SandboxSpec('launched-left'))\n"
        "print('started', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", start], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        assert len(running("launched-left")) == 1
        process.kill()
    wait(lambda: running("launched-left") == [])


def test_a_lost_sandbox_is_noticed_through_the_launcher(door: Path) -> None:
    sandbox = Docker(environ={launcher.SETTING: str(door)}).start(SandboxSpec("launched-lost"))
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    subprocess.run(["docker", "rm", "--force", *running("launched-lost")], capture_output=True, check=True, timeout=20)
    wait(lambda: lost)
    sandbox.stop()


def test_there_are_not_sandboxes_without_end(door: Path) -> None:
    backend = Docker(environ={launcher.SETTING: str(door)})
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
    assert say(door, b'{"op": "stop", "id": "unknown"}\n') == b'{"ok": {}}\n'


def test_another_user_is_refused(door: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("expected root, to be another user for a moment")
    assert oct(door.stat().st_mode & 0o777) == "0o600"
    # Even where the file would let them in.
    door.chmod(0o666)
    asking = (
        "import os, sys; from sandbox import launcher\n"
        f"os.setuid({STRANGER})\nprint(launcher.probe({str(door)!r}).reason)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "another user" in done.stdout


def test_limits_reach_the_container(door: Path) -> None:
    limits = Limits(memory_bytes=256 << 20, workspace_bytes=8 << 20)
    sandbox = Docker(environ={launcher.SETTING: str(door)}).start(SandboxSpec("launched-limits", limits))
    (name,) = running("launched-limits")
    found = json.loads(subprocess.run(["docker", "inspect", name], capture_output=True, check=True, timeout=20).stdout)
    assert found[0]["HostConfig"]["Memory"] == 256 << 20
    assert sandbox.exec(["sh", "-c", "head -c 9M /dev/zero >x"]).exit_code != 0
    sandbox.stop()
