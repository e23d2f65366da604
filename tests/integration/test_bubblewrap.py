"""What bubblewrap alone owes: the user it runs as, what it inherits, how it ends, and an agent that survives anything."""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import itertools
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviews.errors import PlatformFailure
from sandbox.agent import Decoder, Header, pack
from sandbox.backends.bubblewrap import Bubblewrap, backend
from sandbox.base import Limits, SandboxSpec
from sandbox.bwrap import STAGE
from sandbox.cgroups import Group, homes, yielding
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING
from sandbox.spawn import SPAWNER, BubblewrapStream

pytestmark = pytest.mark.sandbox


def launch() -> BubblewrapStream:
    return backend.launch(SandboxSpec("test", Limits()))[0]


@pytest.fixture
def stream() -> Iterator[BubblewrapStream]:
    made = launch()
    yield made
    made.end()
    made.release()


def status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def ask(stream: BubblewrapStream, number: int, seconds: float = 10.0) -> Header:
    """Ping and wait for this answer, past all others."""
    stream.write(pack({"id": number, "op": "ping"}))
    decoder, until = Decoder(), time.monotonic() + seconds
    while time.monotonic() < until:
        for header, _ in decoder.feed(stream.read()):
            if header.get("id") == number:
                return header
    raise AssertionError("no answer")


def test_neither_bwrap_nor_the_agent_is_root(stream: BubblewrapStream) -> None:
    for pid in (stream.agent_pid, int(status(stream.agent_pid)["PPid"])):
        uids = set(map(int, status(pid)["Uid"].split()))
        if os.geteuid() == 0:
            assert len(uids) == 1
            assert HARDENING.first_uid <= uids.pop()
            assert status(pid)["Groups"] == ""
        else:
            assert uids == {os.geteuid()}
        assert Path(f"/proc/{pid}/oom_score_adj").read_text().strip() == str(HARDENING.oom_score_adj)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give each sandbox a user of its own")
def test_every_sandbox_has_a_user_of_its_own(stream: BubblewrapStream) -> None:
    other = launch()
    try:
        assert status(stream.agent_pid)["Uid"] != status(other.agent_pid)["Uid"]
    finally:
        other.end()
        other.release()


def test_a_user_at_work_is_not_given_again(stream: BubblewrapStream) -> None:
    if os.geteuid() != 0:
        return
    taken = int(status(stream.agent_pid)["Uid"].split()[0]) - HARDENING.first_uid
    picks = itertools.chain([taken, taken], itertools.count(12345))
    second = Bubblewrap(randbelow=lambda count: next(picks)).launch(SandboxSpec("test"))[0]
    assert int(status(second.agent_pid)["Uid"].split()[0]) >= HARDENING.first_uid + 12345
    second.end()
    second.release()
    stuck = Bubblewrap(randbelow=lambda count: taken)
    with pytest.raises(PlatformFailure, match="no free user number"):
        stuck.launch(SandboxSpec("test"))


def environ_and_descriptors(pid: int) -> tuple[bytes, list[str]] | None:
    """What a process was given, or None where that may not be seen."""
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        return environ, [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except PermissionError:
        return None


def test_nothing_is_inherited(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAIRSIGHT_SECRET", "hunter2")
    (tmp_path / "open").write_text("x")
    with (tmp_path / "open").open() as file:
        os.set_inheritable(file.fileno(), True)
        stream = launch()
        try:
            ask(stream, 1)
            for pid in (stream.agent_pid, int(status(stream.agent_pid)["PPid"])):
                seen = environ_and_descriptors(pid)
                if seen is None:
                    # Not even its own user may look at the agent.
                    assert pid == stream.agent_pid
                    assert os.geteuid() != 0
                    continue
                environ, targets = seen
                assert b"hunter2" not in environ
                assert str(tmp_path / "open") not in targets
                if pid == stream.agent_pid:
                    expected = ("pipe:", "anon_inode:", "/dev/null", "/workspace")
                    assert [target for target in targets if not target.startswith(expected)] == []
        finally:
            stream.end()
            stream.release()


@contextlib.contextmanager
def bwrap_that(script: str) -> Iterator[str]:
    """A search path with a bwrap in front that does something else; everybody may enter its folder."""
    folder = Path(tempfile.mkdtemp(prefix="pairsight-bwrap-"))
    try:
        folder.chmod(0o755)
        (folder / "bwrap").write_text(f"#!/bin/bash\n{script}\n")
        (folder / "bwrap").chmod(0o755)
        yield f"{folder}:/usr/bin:/bin"
    finally:
        shutil.rmtree(folder)


def left(name: str, marker: str) -> list[str]:
    """Control groups of sandboxes of that name, and processes with the marker on their command line."""
    groups = [str(group) for home in homes().values() for group in home.glob(f"*-{name}-*")]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if marker.encode() in Path("/proc", pid, "cmdline").read_bytes():
                groups.append(pid)
        except OSError:
            continue
    return groups


def staged_here() -> list[str]:
    """What is mounted where sandboxes make their folders, as this process sees it."""
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [point for point in points if point == STAGE or point.startswith(f"{STAGE}/")]


BROKEN = {
    "refused": ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "uid map: Permission denied"),
    "silent": ("exit 0", "did not start"),
    "hung": ("sleep MARKER & exec sleep MARKER", "did not start within its time"),
    "nonsense": ('all="$*"; all=${all##*--info-fd }; echo nonsense >&"${all%% *}"', "Expecting value"),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", BROKEN)
def test_a_failed_start_says_why_in_time_and_leaves_nothing(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, marker = f"broken-{os.getpid()}", f"86392.{os.getpid()}"
    script, words = BROKEN[how]
    failing = Bubblewrap(start_seconds=1.5)
    # What is made once and kept is made: the one thread.
    failing.start(SandboxSpec(name)).stop()
    before = len(os.listdir("/proc/self/fd"))
    mounts = staged_here()
    with bwrap_that(script.replace("MARKER", marker)) as path:
        monkeypatch.setenv("PATH", path)
        for _ in range(3):
            begun = time.monotonic()
            with pytest.raises(PlatformFailure, match=words):
                failing.start(SandboxSpec(name))
            assert time.monotonic() - begun < 10
        if how == "refused":
            probe = backend.probe()
            assert not probe.ok
            assert probe.reason == "expected bubblewrap 0.8 or newer, got nothing"
    assert left(name, marker) == []
    assert len(os.listdir("/proc/self/fd")) == before
    assert staged_here() == mounts


@contextlib.contextmanager
def few_descriptors() -> Iterator[Callable[[int], None]]:
    """A way to leave this process only so many more descriptors. What the tests before still held is given back first."""
    gc.collect()
    before: list[str] = []
    while (now := sorted(os.listdir("/proc/self/fd"))) != before:
        before = now
        time.sleep(0.2)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as held:
        while (gap := os.open("/", os.O_RDONLY)) < highest:
            held.callback(os.close, gap)
        os.close(gap)
        held.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        yield lambda room: resource.setrlimit(resource.RLIMIT_NOFILE, (gap + room, hard))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make control groups")
def test_a_limit_is_not_left_out_for_a_bad_moment() -> None:
    name = f"moment-{os.getpid()}-x"
    with few_descriptors() as leave:
        leave(1)
        with pytest.raises(OSError, match="Too many open files"):
            Group(name, Limits(), HARDENING)
    assert left(name.removesuffix("-x"), "no process") == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make control groups")
def test_whoever_yields_has_a_branch_that_comes_last() -> None:
    """Version 1 says the weight in one file, version 2 in another."""
    home = homes().get("cpu") or homes()["unified"]
    name, little, usual = ("cpu.shares", "128", "1024") if "cpu" in homes() else ("cpu.weight", "12", "100")
    for yields, above, weight in ((True, yielding(home), little), (False, home, usual)):
        sandbox = backend.start(SandboxSpec(f"yields-{os.getpid()}", yields=yields))
        try:
            (group,) = above.glob(f"*-yields-{os.getpid()}-*")
            assert (group / name).read_text().strip() == weight
            # Before Linux 5.15 there is no such file, and the weight is all.
            idle = above / "cpu.idle"
            assert not idle.exists() or idle.read_text().strip() == ("1" if yields else "0")
            assert (group / "cgroup.procs").read_text().split()
        finally:
            sandbox.stop()
        assert not group.exists()


@pytest.mark.timeout(120)
def test_a_start_without_enough_descriptors_gives_back_those_it_had() -> None:
    name = f"few-{os.getpid()}"
    backend.start(SandboxSpec(name)).stop()
    with few_descriptors() as leave:
        before = set(os.listdir("/proc/self/fd"))
        failures = 0
        for room in range(2, 60, 3):
            leave(room)
            try:
                backend.start(SandboxSpec(name)).stop()
            except PlatformFailure:
                failures += 1
            assert set(os.listdir("/proc/self/fd")) == before, room
    assert 0 < failures < 20
    assert left(name, f"no process of {name}") == []


@pytest.mark.timeout(120)
def test_ten_start_at_once() -> None:
    name = f"ten-{os.getpid()}"
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda number: backend.start(SandboxSpec(f"{name}-{number}")), range(10)))
        for number, sandbox in enumerate(made):
            sandbox.write("mine", str(number).encode())
        assert [sandbox.read("mine") for sandbox in made] == [str(number).encode() for number in range(10)]
        list(pool.map(lambda sandbox: sandbox.stop(), made))
    assert left(name, name) == []


def test_a_start_whose_turn_never_comes_ends_in_time() -> None:
    """One thread starts all; while it is held up, the others give up, and what they had handed over is closed."""
    backend.start(SandboxSpec("turn")).stop()
    before = len(os.listdir("/proc/self/fd"))
    gate = threading.Event()
    busy = SPAWNER.thread().submit(gate.wait, 30)
    try:
        with pytest.raises(PlatformFailure, match="did not start"):
            Bubblewrap(start_seconds=0.3).start(SandboxSpec("turn"))
    finally:
        gate.set()
        busy.result(10)
    assert len(os.listdir("/proc/self/fd")) == before


def test_descriptors_threads_and_groups_are_given_back() -> None:
    def held() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))

    name = f"held-{os.getpid()}"
    backend.start(SandboxSpec(name)).stop()
    before = held()
    for _ in range(3):
        sandbox = backend.start(SandboxSpec(name))
        sandbox.exec(["true"])
        sandbox.stop()
        sandbox = backend.start(SandboxSpec(name))
        os.kill(sandbox._stream.agent_pid, 9)  # type: ignore[attr-defined]  # the port has no process number
    until = time.monotonic() + 5
    while (after := held()) > before and time.monotonic() < until:
        time.sleep(0.01)
    assert after <= before
    assert left(name, f"no process of {name}") == []


ABANDON = """
import os, sys
from sandbox.base import Limits
from sandbox.cgroups import Group
from sandbox.hardening import HARDENING
Group(sys.argv[1], Limits(), HARDENING)
print("made", flush=True)
sys.stdin.read()
os._exit(0)
"""


def test_groups_of_dead_servers_are_reaped_and_those_of_living_ones_are_not() -> None:
    name = f"reap-{os.getpid()}-x"
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", ABANDON, name], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"made\n"
        made = {Path(group).name for group in left(name.removesuffix("-x"), "no process")}
        assert len(made) == (1 if os.geteuid() == 0 else 0)
        assert made.isdisjoint(backend.reap([]))
        assert len(left(name.removesuffix("-x"), "no process")) >= len(made)
    assert made <= set(backend.reap([]))
    assert left(name.removesuffix("-x"), "no process") == []


SERVER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from sandbox.backends.bubblewrap import backend
from sandbox.base import SandboxSpec
sandbox = backend.start(SandboxSpec("orphan"))
print(sandbox._stream.agent_pid, flush=True)
sandbox.exec(["sh", "-c", "setsid sleep 86390 & sleep 86390"])
"""


def test_a_killed_server_takes_its_sandboxes_along() -> None:
    root = str(Path(__file__).resolve().parents[2])
    with subprocess.Popen([sys.executable, "-c", SERVER, root], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        agent = os.pidfd_open(pid)
        server.kill()
    assert select.select([agent], [], [], 5)[0], "the agent outlived its server"
    os.close(agent)


STUCK = """
import os, subprocess, sys
from sandbox.bwrap import PROGRAM
from sandbox.marks import mark
words = [*PROGRAM, "{}", mark(os.getpid())]
child = subprocess.Popen(["/bin/bash", "-c", "while :; do sleep 1; done", "bash", *words], start_new_session=True)
print(child.pid, flush=True)
sys.stdin.read()
os._exit(0)
"""


def test_a_start_that_is_stuck_without_its_server_is_reaped() -> None:
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        stuck = os.pidfd_open(pid)
        assert f"process {pid}" not in backend.reap([])
    assert f"process {pid}" in backend.reap([])
    assert select.select([stuck], [], [], 10)[0]
    os.close(stuck)


STARTER = """
import sys
from sandbox.backends.bubblewrap import backend
from sandbox.base import SandboxSpec
sys.stdin.read(1)
backend.start(SandboxSpec(sys.argv[1]))
"""


@pytest.mark.timeout(90)
@pytest.mark.skipif(os.geteuid() != 0, reason="it is by their control groups that processes are found again")
def test_a_server_killed_in_the_middle_of_a_start_leaves_nothing() -> None:
    """Wherever it is hit: in the steps before bwrap nothing ties the process to its parent but the end of its input."""
    name = f"middle-{os.getpid()}"
    root = Path(__file__).resolve().parents[2]
    for after in range(0, 60, 4):
        with subprocess.Popen([sys.executable, "-c", STARTER, name], cwd=root, stdin=subprocess.PIPE) as server:
            assert server.stdin is not None
            server.stdin.write(b"x")
            server.stdin.flush()
            until = time.monotonic() + 20
            while not left(name, "no process") and time.monotonic() < until:
                time.sleep(0.001)
            # No condition to wait for: this is where in the start it is hit.
            time.sleep(after / 1000)
            server.kill()
    until = time.monotonic() + 20
    while left(name, "no process") and time.monotonic() < until:
        backend.reap([])
        time.sleep(0.05)
    assert left(name, "no process") == []


def test_the_end_of_its_input_ends_the_agent(stream: BubblewrapStream) -> None:
    agent = os.pidfd_open(stream.agent_pid)
    ask(stream, 1)
    os.close(stream._stdin)
    assert select.select([agent], [], [], 5)[0]
    os.close(agent)
    stream._stdin = os.open("/dev/null", os.O_WRONLY)


def test_whoever_kills_everything_kills_only_their_own() -> None:
    sandbox = backend.start(SandboxSpec("test"))
    codes: list[int] = []
    sandbox.open_terminal(cols=80, rows=24, on_output=lambda data: None, on_exit=codes.append)
    assert sandbox.exec(["sh", "-c", "kill -9 -1; kill -9 1; kill -INT 1; kill -TERM 1; kill -STOP 1"]).exit_code in (
        0,
        -9,
    )
    assert sandbox.exec(["echo", "still here"]).stdout == b"still here\n"
    until = time.monotonic() + 5
    while not codes and time.monotonic() < until:
        time.sleep(0.01)
    assert codes == [-9]
    sandbox.stop()


SMALL = (
    st.none() | st.booleans() | st.integers(-3, 1 << 40) | st.text(max_size=12) | st.lists(st.integers(), max_size=2)
)
KEYS = ("path", "argv", "term", "cols", "rows", "credit", "n", "head", "size", "timeout_ms", "cap", "more")
OPS = (
    "read",
    "write",
    "delete",
    "list",
    "exec",
    "open",
    "watch",
    "ping",
    "input",
    "resize",
    "close",
    "credit",
    "nonsense",
)
REQUESTS = st.tuples(
    st.fixed_dictionaries({"op": st.sampled_from(OPS)}, optional=dict.fromkeys(KEYS, SMALL)),
    st.booleans(),
    st.binary(max_size=60) | st.just(json.dumps({"argv": ["true"], "env": {}}).encode()),
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(REQUESTS, max_size=6))
def test_no_request_harms_the_agent(stream: BubblewrapStream, requests: list[tuple[Header, bool, bytes]]) -> None:
    for at, (header, numbered, body) in enumerate(requests):
        stream.write(pack({**({"id": at + 1} if numbered else {}), **header}, body))
    assert ask(stream, 99)["ok"] == {}


@settings(max_examples=12)
@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_bytes_that_are_no_frames_end_the_agent_or_wait(data: bytes, framed: bool) -> None:
    stream = launch()
    sandbox = AgentSandbox("bubblewrap", stream, Limits())
    agent = os.pidfd_open(stream.agent_pid)
    try:
        stream.write((b"PS" if framed else b"") + data + bytes(1 << 20))
    except OSError:
        # It ended while it was written to: its pipe is broken, or closed already by whoever noticed first.
        pass
    finally:
        assert select.select([agent], [], [], 10)[0], "a mebibyte of zeros is no frame"
        os.close(agent)
        sandbox.stop()
