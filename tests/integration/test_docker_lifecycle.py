"""Docker's containers beyond one server's life: left, adopted by the next one, reaped when nobody wants them."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker as engine
import pytest

from interviews.errors import PlatformFailure
from sandbox.backends.docker import Docker
from sandbox.base import Limits, Sandbox, SandboxSpec
from sandbox.cgroups import engine_branch
from sandbox.container import AGENT, EXPIRES, HELD_BY, INTERVIEW, OWNER, USER, WARM
from sandbox.hardening import HARDENING
from sandbox.owners import Owners
from sandbox.yielding import PATIENCE_S
from tests.integration.docker_daemons import SHARED, Daemon, Door
from tests.product import ROOT, wait

pytestmark = [
    pytest.mark.sandbox,
    # Connections are cut on purpose here, and docker-py leaves its own socket open when one is refused or cut.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"),
]
SPEC = SandboxSpec("docker-life")


@pytest.fixture(scope="module", autouse=True)
def docker_is_here() -> None:
    probe = Docker(environ={}).probe()
    if not probe.ok:
        pytest.skip(f"docker cannot run here: {probe.reason} {probe.install}")


@pytest.fixture
def shared() -> Iterator[engine.APIClient]:
    with contextlib.closing(engine.APIClient(base_url=f"unix://{SHARED}", version="1.41")) as api:
        yield api


@pytest.fixture
def folder(shared: engine.APIClient) -> Iterator[Path]:
    """An installation's lock files; what is left of its containers goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="pairsight-") as name:
        folder = Path(name, "owners")
        yield folder
        for one in shared.containers(all=True, filters={"label": f"{OWNER}={Owners(folder).installation}"}):
            with contextlib.suppress(engine.errors.APIError):
                shared.remove_container(one["Id"], force=True)


@pytest.fixture
def docker(folder: Path) -> Docker:
    return Docker(environ={}, owners=Owners(folder))


def containers(api: engine.APIClient, folder: Path) -> list[str]:
    """Names of an installation's containers."""
    listed = api.containers(all=True, filters={"label": f"{OWNER}={Owners(folder).installation}"})
    return [name.lstrip("/") for one in listed for name in one["Names"]]


def shell(sandbox: Sandbox, line: str) -> str:
    done = sandbox.exec(["sh", "-c", line], timeout_s=20)
    assert done.exit_code == 0, done
    return (done.stdout + done.stderr).decode()


def states(api: engine.APIClient, place: str) -> list[tuple[str, str]]:
    """State and command line of every process in a container."""
    return [(state, line) for _, state, line in api.top(place, "-eo pid,stat,args")["Processes"]]


def kept(sandbox: Sandbox) -> str:
    """Give it something to keep, and return its place."""
    sandbox.write("kept.txt", b"still here")
    return sandbox.place


def adopted(backend: Docker, place: str, spec: SandboxSpec = SPEC) -> Sandbox:
    """What is at ``place``, with what ``kept`` wrote."""
    sandbox = backend.adopt(spec, place)
    assert sandbox is not None
    assert sandbox.place == place
    assert sandbox.read("kept.txt") == b"still here"
    return sandbox


# --- left and adopted ---


def test_what_was_left_is_adopted_with_its_files_its_user_and_its_programs(
    docker: Docker, folder: Path, shared: engine.APIClient
) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    user = shell(first, "id -u")
    seen = bytearray()
    ended: list[int] = []
    terminal = first.open_terminal(cols=80, rows=24, on_output=seen.extend, on_exit=ended.append)
    terminal.write(b"setsid sleep 86391 </dev/null >/dev/null 2>&1 &\recho be''gun\r")
    wait(lambda: b"begun" in seen)
    first.leave()
    wait(lambda: ended == [-9])
    with pytest.raises(PlatformFailure):
        first.read("kept.txt")

    second = adopted(docker, place)
    assert shell(second, "id -u") == user
    assert shell(second, "pgrep -cx sleep -U $(id -u)").strip() == "1"
    assert shell(second, "pgrep -cf pairsight-agen[t]").strip() == "1"
    # The one that let go has no say any more.
    first.stop()
    assert second.read("kept.txt") == b"still here"
    second.stop()
    assert containers(shared, folder) == []
    assert [path.name for path in folder.iterdir()] == ["installation"]


@pytest.mark.parametrize("runtime", ["", "runsc"])
def test_after_the_candidate_has_ended_everything(folder: Path, shared: engine.APIClient, runtime: str) -> None:
    if runtime and runtime not in shared.info()["Runtimes"]:
        pytest.skip(f"this daemon knows no runtime {runtime}")
    docker = Docker(environ={}, owners=Owners(folder), runtime=runtime)
    first = docker.start(SPEC)
    place = kept(first)
    lost: list[str] = []
    first.on_lost(lost.append)
    with contextlib.suppress(PlatformFailure):
        first.exec(["sh", "-c", "kill -9 -1"], timeout_s=5)
    wait(lambda: lost)
    second = adopted(docker, place)
    assert shell(second, "whoami") == "candidate\n"
    second.stop()
    first.stop()
    assert containers(shared, folder) == []


def test_an_agent_that_was_stopped_is_ended_when_it_is_started_anew(docker: Docker, shared: engine.APIClient) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    stop = ["sh", "-c", "read line; kill -STOP $PPID"]
    ignored: list[object] = []
    terminal = first.open_terminal(cols=80, rows=24, on_output=ignored.append, on_exit=ignored.append, argv=stop)
    terminal.write(b"\r")
    wait(lambda: [line for line in states(shared, place) if line[0].startswith("T") and AGENT in line[1]])
    first.leave()
    second = adopted(docker, place)
    wait(lambda: shell(second, "pgrep -cf pairsight-agen[t]").strip() == "1")
    second.stop()


HUNT = """
import os
open("hunting", "w").close()
caught = set()
while not os.path.exists("enough"):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if not file.read().endswith(b"\\0pairsight-agent\\0"):
                    continue
            os.close(os.open(f"/proc/{pid}/fd/0", os.O_RDWR))
            caught.add("caught")
        except OSError as error:
            caught.add(type(error).__name__)
with open("found", "w") as file:
    file.write(" ".join(sorted(caught)))
"""


def hunted(docker: Docker) -> bytes:
    """What a program that was there before the agent found when it reached for that one's stream as it came, thrice."""
    sandbox = docker.start(SPEC)
    sandbox.write("hunt.py", HUNT.encode())
    terminal = sandbox.open_terminal(cols=80, rows=24, on_output=lambda data: None, on_exit=lambda code: None)
    terminal.write(b"setsid python3 hunt.py </dev/null >/dev/null 2>&1 &\r")
    wait(lambda: "hunting" in [entry.path for entry in sandbox.list()])
    for _ in range(3):
        place = sandbox.place
        sandbox.leave()
        again = docker.adopt(SPEC, place)
        assert again is not None
        sandbox = again
    sandbox.write("enough", b"")
    wait(lambda: [entry for entry in sandbox.list() if entry.path == "found" and entry.size])
    found = sandbox.read("found")
    sandbox.stop()
    return found


def test_no_program_that_was_there_before_gets_hold_of_a_new_agents_stream(docker: Docker, folder: Path) -> None:
    found = hunted(docker)
    assert b"PermissionError" in found and b"caught" not in found
    bare = Docker(HARDENING.without("agent_hidden"), environ={}, owners=Owners(folder))
    assert b"caught" in hunted(bare), "the hunter must be one that could"


SERVER = """
import sys, time
from pathlib import Path
from sandbox.backends.docker import Docker
from sandbox.base import SandboxSpec
from sandbox.owners import Owners
backend = Docker(environ={}, owners=Owners(Path(sys.argv[1])))
sandbox = backend.start(SandboxSpec(sys.argv[2]))
sandbox.write("kept.txt", b"still here")
print(sandbox.place, flush=True)
time.sleep(60)
"""


@contextlib.contextmanager
def server(folder: Path, interview: str = SPEC.interview) -> Iterator[tuple[str, Callable[[], None]]]:
    """Another process that has started a sandbox: its place, and how it is killed."""
    command = [sys.executable, "-c", SERVER, str(folder), interview]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:

        def kill() -> None:
            process.kill()
            process.wait(10)

        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip(), kill
        finally:
            kill()


def test_after_the_server_was_killed(docker: Docker, folder: Path) -> None:
    with server(folder) as (place, kill):
        assert docker.adopt(SPEC, place) is None, "it is another's as long as that one lives"
        assert docker.reap([]) == []
        kill()
        second = adopted(docker, place)
        other = Docker(environ={}, owners=Owners(folder))
        assert other.reap([]) == [], "what has been adopted is its adopter's"
        wait(lambda: shell(second, "pgrep -cf pairsight-agen[t]").strip() == "1")
        second.stop()


def test_started_ahead_of_time_it_is_anybodys(docker: Docker) -> None:
    warm = docker.start(SandboxSpec(WARM))
    place = kept(warm)
    warm.leave()
    sandbox = adopted(docker, place)
    sandbox.stop()


def test_what_does_not_fit_is_not_adopted(docker: Docker, folder: Path, shared: engine.APIClient) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    assert docker.adopt(SPEC, place) is None, "somebody works with it"
    first.leave()
    assert docker.adopt(SandboxSpec("docker-life-2"), place) is None
    assert docker.adopt(dataclasses.replace(SPEC, limits=Limits(pids=99)), place) is None
    owners = Owners(folder)
    assert Docker(HARDENING.without("seccomp"), environ={}, owners=owners).adopt(SPEC, place) is None
    assert Docker(environ={}, owners=owners, runtime="runsc").adopt(SPEC, place) is None
    with tempfile.TemporaryDirectory() as elsewhere:
        assert Docker(environ={}, owners=Owners(Path(elsewhere))).adopt(SPEC, place) is None
    for strange in ("", "x", "../x", "pairsight-x-000000000000", place[:-1], place + "0"):
        assert docker.adopt(SPEC, strange) is None
    shared.pause(place)
    assert docker.adopt(SPEC, place) is None
    shared.unpause(place)
    assert containers(shared, folder) == [place]
    adopted(docker, place).stop()
    assert docker.adopt(SPEC, place) is None


CROWD = """
import os, time
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            if os.fork() == 0:
                time.sleep(86391)
        except OSError:
            time.sleep(0.001)
"""


def test_where_nothing_can_be_started_any_more_is_no_place(
    docker: Docker, folder: Path, shared: engine.APIClient
) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    first.write("crowd.py", CROWD.encode())
    argv = ["sh", "-c", "python3 crowd.py; sleep 60"]
    first.open_terminal(cols=80, rows=24, on_output=lambda data: None, on_exit=lambda code: None, argv=argv)
    most = int(shared.inspect_container(place)["HostConfig"]["PidsLimit"])

    def crowded() -> bool:
        return int(shared.stats(place, stream=False, one_shot=True)["pids_stats"]["current"]) >= most

    wait(crowded, 30)
    first.leave()
    # The agent's own places are taken too, as soon as it is gone.
    wait(crowded, 30)
    assert docker.adopt(SPEC, place) is None
    assert containers(shared, folder) == []


def test_what_has_ended_is_no_place(docker: Docker, folder: Path, shared: engine.APIClient) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    first.leave()
    shared.kill(place)
    wait(lambda: shared.inspect_container(place)["State"]["Status"] == "exited")
    assert docker.adopt(SPEC, place) is None
    assert containers(shared, folder) == []


def test_while_the_daemon_does_not_answer_it_is_not_known(docker: Docker, folder: Path) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    first.leave()
    door = Door(folder.parent / "door.sock", b"/json HTTP")
    begun = time.monotonic()
    with pytest.raises(PlatformFailure, match="does not answer"):
        Docker(environ=door.environ, owners=Owners(folder), start_seconds=2).adopt(SPEC, place)
    assert time.monotonic() - begun < 8
    door.shut()
    with pytest.raises(PlatformFailure, match="does not answer"):
        Docker(environ=door.environ, owners=Owners(folder)).adopt(SPEC, place)
    adopted(docker, place).stop()


@pytest.mark.parametrize("swallow", [b"/exec HTTP", b"/start HTTP"])
def test_an_adoption_that_hangs_ends_in_time(docker: Docker, folder: Path, swallow: bytes) -> None:
    first = docker.start(SPEC)
    place = kept(first)
    first.leave()
    door = Door(folder.parent / "door.sock", swallow)
    begun = time.monotonic()
    with pytest.raises(PlatformFailure):
        Docker(environ=door.environ, owners=Owners(folder), start_seconds=3).adopt(SPEC, place)
    assert time.monotonic() - begun < 9
    door.shut()
    adopted(docker, place).stop()


def test_over_a_restart_of_a_daemon_that_keeps_its_containers() -> None:
    with tempfile.TemporaryDirectory(prefix="pairsight-dockerd-", dir="/var/tmp") as name:
        daemon = Daemon(Path(name), live_restore=True)
        daemon.start()
        try:
            daemon.load()
            docker = Docker(environ=daemon.environ, owners=Owners(Path(name, "owners")))
            first = docker.start(SPEC)
            place = kept(first)
            lost: list[str] = []
            first.on_lost(lost.append)
            daemon.end()
            wait(lambda: lost, 30)
            with pytest.raises(PlatformFailure):
                docker.adopt(SPEC, place)
            daemon.start()
            second = adopted(docker, place)
            assert shell(second, "pgrep -cf pairsight-agen[t]").strip() == "1"
            second.stop()
            with contextlib.closing(daemon.client()) as api:
                assert api.containers(all=True) == []
        finally:
            daemon.stop()


# --- the labels and the reaper ---


def test_labels_say_whose_it_is_for_whom_and_until_when(folder: Path, shared: engine.APIClient) -> None:
    owners = Owners(folder)
    sandbox = Docker(environ={}, owners=owners, now=lambda: 1_700_000_000.9).start(SPEC)
    try:
        labels = shared.inspect_container(sandbox.place)["Config"]["Labels"]
        user = shell(sandbox, "id -u").strip()
    finally:
        sandbox.stop()
    assert labels.pop(HELD_BY)
    assert labels == {OWNER: owners.installation, INTERVIEW: SPEC.interview, USER: user, EXPIRES: "1700086400"}
    assert sandbox.place.startswith("pairsight-docker-life-")


def test_reaping_what_dead_servers_left(docker: Docker, folder: Path, shared: engine.APIClient) -> None:
    with server(folder) as (wanted, kill_one), server(folder, "docker-life-2") as (unwanted, kill_other):
        living = docker.start(SPEC)
        assert docker.reap([]) == [], "both servers live"
        kill_one()
        kill_other()
        with tempfile.TemporaryDirectory() as name:
            elsewhere = Docker(environ={}, owners=Owners(Path(name)))
            assert elsewhere.reap([]) == [], "another installation's"
        door = Door(folder.parent / "door.sock", b"/containers/json")
        assert Docker(environ=door.environ, owners=Owners(folder)).reap([]) == [], "without a list nothing is removed"
        door.shut()
        assert Docker(environ=door.environ, owners=Owners(folder)).reap([]) == []
        assert sorted(containers(shared, folder)) == sorted([wanted, unwanted, living.place])
        assert docker.reap([wanted]) == [unwanted]
        assert sorted(containers(shared, folder)) == sorted([wanted, living.place])
        assert docker.reap([wanted]) == []
        assert docker.reap([]) == [wanted]
        assert living.exec(["true"]).exit_code == 0
        living.stop()
    assert [path.name for path in folder.iterdir()] == ["installation"]


def test_what_has_outlived_its_time_is_removed_though_wanted(folder: Path, shared: engine.APIClient) -> None:
    now = [1_700_000_000.0]
    docker = Docker(environ={}, owners=Owners(folder), now=lambda: now[0])
    sandbox = docker.start(SPEC)
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    now[0] += HARDENING.keeper_seconds
    assert docker.reap([sandbox.place]) == []
    now[0] += 1
    assert docker.reap([sandbox.place]) == [sandbox.place]
    wait(lambda: lost)
    assert containers(shared, folder) == []


def test_the_file_of_a_container_that_is_gone_goes_too(docker: Docker, folder: Path, shared: engine.APIClient) -> None:
    with server(folder) as (place, kill):
        kill()
        shared.remove_container(place, force=True)
        assert (folder / place).exists()
        assert docker.reap([place]) == []
        assert not (folder / place).exists()


def test_a_start_that_failed_leaves_no_container_and_no_file(folder: Path, shared: engine.APIClient) -> None:
    door = Door(folder.parent / "door.sock", b"/exec/")
    with pytest.raises(PlatformFailure, match="did not start"):
        Docker(environ=door.environ, owners=Owners(folder), start_seconds=3).start(SPEC)
    assert Docker(environ={}, owners=Owners(folder)).reap([]) == [], "it is still being removed by who started it"
    door.swallow = b""
    wait(lambda: not containers(shared, folder), 20)
    wait(lambda: [path.name for path in folder.iterdir()] == ["installation"], 20)
    door.shut()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make control groups")
def test_whoever_yields_comes_last_where_this_server_may_say_so(
    shared: engine.APIClient, folder: Path, docker: Docker
) -> None:
    if shared.info()["CgroupDriver"] != "cgroupfs":
        pytest.skip("this engine has its control groups set by another")
    branch = engine_branch()
    if branch is None or not branch.make():
        pytest.skip("this kernel knows no idle control groups, or they are not to be written")
    yields, plain = docker.start(dataclasses.replace(SPEC, yields=True)), docker.start(SPEC)
    try:
        ids = [shared.inspect_container(sandbox.place)["Id"] for sandbox in (yields, plain)]
        assert [(branch.folder / one).is_dir() for one in ids] == [True, False]
        assert (branch.folder / "cpu.idle").read_text().strip() == "1"
        # Somebody waits: it comes to an end where everything else is busy, too.
        waiting = threading.Thread(target=shell, args=(yields, f"sleep {PATIENCE_S + 3}"))
        waiting.start()
        time.sleep(PATIENCE_S + 1.5)
        assert (branch.folder / "cpu.idle").read_text().strip() == "0"
        waiting.join()
        time.sleep(1.5)
        assert (branch.folder / "cpu.idle").read_text().strip() == "1"
    finally:
        yields.stop()
        plain.stop()
