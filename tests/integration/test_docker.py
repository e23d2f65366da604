"""The Docker backend where things are not as they should be, and what holds its containers."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import docker as engine
import pytest

from interviews.errors import PlatformFailure
from sandbox import container, image
from sandbox.backends.docker import Docker
from sandbox.base import SandboxSpec
from sandbox.container import INTERVIEW, MASKED, READ_ONLY
from tests import product as products
from tests.integration.docker_daemons import SHARED, Daemon, Door
from tests.product import ROOT, Browser, wait

pytestmark = [
    pytest.mark.sandbox,
    # Connections are cut on purpose here, and docker-py leaves its own socket open when one is refused or cut.
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def docker_is_here() -> None:
    probe = Docker(environ={}).probe()
    if not probe.ok:
        pytest.skip(f"docker cannot run here: {probe.reason} {probe.install}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's path, and open to other users."""
    with tempfile.TemporaryDirectory(prefix="pairsight-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def shared() -> Iterator[engine.APIClient]:
    with contextlib.closing(engine.APIClient(base_url=f"unix://{SHARED}", version="1.41")) as api:
        yield api


def containers(api: engine.APIClient, interview: str) -> list[str]:
    return [one["Id"] for one in api.containers(all=True, filters={"label": f"{INTERVIEW}={interview}"})]


# --- the probe ---


def test_without_a_socket(folder: Path) -> None:
    probe = Docker(environ={"DOCKER_HOST": f"unix://{folder}/none.sock"}).probe()
    assert not probe.ok
    assert "no Docker daemon" in probe.reason and f"{folder}/none.sock" in probe.reason
    assert probe.install == "apt-get install docker.io"


def test_without_a_daemon_behind_the_socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(folder / "left.sock"))
    probe = Docker(environ={"DOCKER_HOST": f"unix://{folder}/left.sock"}).probe()
    assert not probe.ok
    assert "does not run" in probe.reason
    assert probe.install == "systemctl start docker"


def test_without_permission(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "closed.sock"))
        listener.listen()
        (folder / "closed.sock").chmod(0o000)
        code = (
            "import os, json; from sandbox.backends.docker import Docker; from dataclasses import asdict\n"
            "if os.geteuid() == 0: os.setuid(1_890_000_002)\n"
            f"print(json.dumps(asdict(Docker(environ={{'DOCKER_HOST': 'unix://{folder}/closed.sock'}}).probe())))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
        )
    probe = json.loads(done.stdout)
    assert not probe["ok"]
    assert "may not be opened by this user" in probe["reason"]
    assert "pairsight launcher" in probe["install"]


def test_with_a_daemon_that_says_nothing(folder: Path) -> None:
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "mute.sock"))
        listener.listen()
        probe = Docker(environ={"DOCKER_HOST": f"unix://{folder}/mute.sock"}).probe()
    assert not probe.ok
    assert "did not answer" in probe.reason or "refused" in probe.reason, probe
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("swallow", [b"/containers/create", b"/start HTTP", b"/exec HTTP", b"/exec/"])
def test_with_a_start_that_hangs(folder: Path, shared: engine.APIClient, swallow: bytes) -> None:
    door = Door(folder / "door.sock", swallow)
    began = time.monotonic()
    with pytest.raises(PlatformFailure, match="The sandbox did not start"):
        Docker(environ=door.environ, start_seconds=3).start(SandboxSpec("docker-hangs"))
    assert time.monotonic() - began < 9
    # What it may have left is removed as soon as the daemon answers again.
    door.swallow = b""
    wait(lambda: not containers(shared, "docker-hangs"), 20)
    door.shut()


def test_the_probe_of_a_start_that_hangs_ends_in_time(folder: Path) -> None:
    door = Door(folder / "door.sock", b"/start HTTP")
    began = time.monotonic()
    probe = Docker(environ=door.environ).probe()
    assert not probe.ok
    assert "did not start" in probe.reason
    assert time.monotonic() - began <= 20
    door.shut()


# --- a daemon of its own ---


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """Without an image until a test loads it."""
    if os.geteuid() != 0:
        pytest.skip("expected root, to start a Docker daemon that may be killed")
    with tempfile.TemporaryDirectory(prefix="pairsight-dockerd-", dir="/var/tmp") as name:
        made = Daemon(Path(name))
        made.start()
        yield made
        made.stop()


def test_an_image_is_missing_and_then_outdated(daemon: Daemon) -> None:
    backend = Docker(environ=daemon.environ)
    probe = backend.probe()
    assert not probe.ok
    assert "is not built" in probe.reason
    assert probe.install == "pairsight image build"
    with pytest.raises(PlatformFailure, match="pairsight image build"):
        backend.start(SandboxSpec("no-image"))

    nothing = io.BytesIO()
    tarfile.open(fileobj=nothing, mode="w").close()
    with contextlib.closing(daemon.client()) as api:
        api.import_image_from_data(nothing.getvalue(), repository=image.REPOSITORY, tag="000000000000")
        probe = backend.probe()
        api.remove_image(f"{image.REPOSITORY}:000000000000")
    assert not probe.ok
    assert "is older than this version" in probe.reason
    assert probe.install == "pairsight image build"


def test_a_base_that_cannot_be_had(daemon: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    with contextlib.closing(daemon.client()) as api:
        with pytest.raises(
            PlatformFailure, match=r"debian:bookworm-slim could be had; from the registry: .*; by debootstrap"
        ) as caught:
            image.build("auto", said.append, client=api)
        with pytest.raises(PlatformFailure, match="from the registry"):
            image.build("registry", said.append, client=api)
        with pytest.raises(PlatformFailure, match="apt-get install debootstrap"):
            image.build("debootstrap", said.append, client=api)
    assert "127.0.0.1:9" in str(caught.value)
    assert any("registry" in line for line in said)


@pytest.mark.slow
def test_a_daemon_that_dies_in_mid_interview(daemon: Daemon, tmp_path: Path) -> None:
    daemon.load()
    product = products.start(tmp_path / "data", SANDBOX="docker", PAIRSIGHT_PACE="0.2", DOCKER_HOST=daemon.host)
    try:
        browser = Browser(product, "candidate")
        assert browser.consent().status_code == 200
        browser.connect()
        path = next(path for path in browser.state["files"] if path.endswith(".py"))
        edit = {"clientID": "c", "changes": [[0, "# kept", ""], len(browser.state["files"][path]["text"])]}
        version = browser.state["files"][path]["version"]
        assert browser.send("edit", path=path, version=version, updates=[{**edit, "origin": "typed"}])["ok"]

        daemon.kill()
        wait(lambda: browser.state["paused_ms"] is not None, 30)
        wait(lambda: "Docker daemon does not answer" in str(browser.state["sandbox_lost"]), 12)
        version = browser.state["files"][path]["version"]
        more = {"clientID": "c", "changes": [[0, "# typed meanwhile", ""], len(browser.state["files"][path]["text"])]}
        assert browser.send("edit", path=path, version=version, updates=[{**more, "origin": "typed"}])["ok"]

        daemon.start()
        wait(lambda: browser.state["paused_ms"] is None and not browser.state["sandbox_lost"], 60)
        assert browser.state["lost_ms"] > 0
        terminal = browser.send("term.open", cols=80, rows=24)["terminal"]
        browser.send("term.input", terminal=terminal, data=f"head -2 {path} | tac\r")
        wait(lambda: "# kept\r\n# typed meanwhile" in "".join(browser.state["terminals"][terminal]["output"]), 30)
        browser.socket.disconnect()
    finally:
        product.stop()


# --- what holds a container ---


def test_a_cut_stream_is_a_lost_sandbox(folder: Path, shared: engine.APIClient) -> None:
    door = Door(folder / "door.sock")
    sandbox = Docker(environ=door.environ).start(SandboxSpec("docker-cut"))
    lost: list[str] = []
    sandbox.on_lost(lost.append)
    door.shut()
    wait(lambda: lost)
    assert "the Docker daemon does not answer" in lost[0]
    with pytest.raises(PlatformFailure, match="is gone"):
        sandbox.read("x")
    sandbox.stop()
    for left in containers(shared, "docker-cut"):
        shared.remove_container(left, force=True)


def test_a_container_is_what_the_hardening_says(shared: engine.APIClient) -> None:
    sandbox = Docker(environ={}).start(SandboxSpec("docker-hardening"))
    try:
        (container,) = containers(shared, "docker-hardening")
        found = shared.inspect_container(container)
    finally:
        sandbox.stop()
    host, config = found["HostConfig"], found["Config"]
    assert host["ReadonlyRootfs"] and host["Init"] and not host["Privileged"]
    assert set(host["MaskedPaths"]) == set(MASKED) and set(host["ReadonlyPaths"]) == set(READ_ONLY)
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
    assert host["NetworkMode"] == "none" and config["NetworkDisabled"]
    assert not host["Binds"] and not host["Devices"] and not host["VolumesFrom"] and not host["PortBindings"]
    assert found["Mounts"] == []
    assert host["LogConfig"]["Type"] == "none"
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
    assert host["PidsLimit"] == 128 + 24
    assert host["CpuQuota"] == host["CpuPeriod"]
    assert host["IpcMode"] == "private" and host["PidMode"] == "" and host["UTSMode"] == ""
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert any(option.startswith("seccomp={") for option in host["SecurityOpt"])
    limits = {limit["Name"]: limit["Hard"] for limit in host["Ulimits"]}
    assert limits | {"core": 0, "msgqueue": 0, "nofile": 1024, "fsize": 32 << 20} == limits
    assert set(host["Tmpfs"]) == {"/workspace", "/home/candidate", "/tmp", "/dev/shm", "/run/pairsight"}
    assert all(
        "size=" in options and "nr_inodes=" in options and "nosuid" in options for options in host["Tmpfs"].values()
    )
    assert not [one for one in config["Env"] or () if not one.startswith("PATH=")]
    assert containers(shared, "docker-hardening") == []


def test_nobody_inside_can_end_the_container(shared: engine.APIClient) -> None:
    first = Docker(environ={}, randbelow=lambda count: 7).start(SandboxSpec("docker-uid-a"))
    second = Docker(environ={}).start(SandboxSpec("docker-uid-b"))
    try:
        users = {one.exec(["id", "-u"]).stdout for one in (first, second)}
        assert len(users) == 2 and b"1900000007\n" in users
        seen = first.exec(["stat", "-c", "%u", "/proc/1"]).stdout
        assert seen == b"1899999999\n"
        assert first.exec(["sh", "-c", "kill -9 1 || kill -9 7 || echo refused"]).stdout == b"refused\n"
        lost: list[str] = []
        second.on_lost(lost.append)
        # The agent is the candidate's own process; losing it loses this sandbox and no other.
        with contextlib.suppress(PlatformFailure):
            second.exec(["sh", "-c", "kill -9 -1"], timeout_s=5)
        wait(lambda: lost)
        assert first.exec(["true"]).exit_code == 0
    finally:
        first.stop()
        second.stop()


def test_inodes_and_queues_are_bounded(shared: engine.APIClient) -> None:
    sandbox = Docker(environ={}).start(SandboxSpec("docker-inodes"))
    try:
        flood = (
            "n = 0\ntry:\n    while n < 40000:\n        open(f'f{n}', 'w').close()\n        n += 1\n"
            "except OSError as error:\n    print(n, error.errno)"
        )
        count, number = sandbox.exec(["python3", "-c", flood]).stdout.split()
        assert int(count) < 32_768 and number == b"28"
        assert sandbox.exec(["touch", "/dev/mqueue/x"]).exit_code != 0
    finally:
        sandbox.stop()


def test_the_image_has_its_tools_and_nothing_that_lends_rights() -> None:
    sandbox = Docker(environ={}).start(SandboxSpec("docker-image"))
    try:
        assert sandbox.exec(["node", "-e", "console.log(6 * 7)"]).stdout == b"42\n"
        assert sandbox.exec(["python3", "-m", "pytest", "--version"]).exit_code == 0
        assert b"Permission denied" in sandbox.exec(["cat", container.UNREADABLE]).stderr
        assert sandbox.exec(["find", "/", "-xdev", "-perm", "/6000", "-type", "f"]).stdout == b""
    finally:
        sandbox.stop()


def test_many_start_side_by_side() -> None:
    made = []
    backend = Docker(environ={})
    threads = [
        threading.Thread(target=lambda n=n: made.append(backend.start(SandboxSpec(f"docker-many-{n}"))))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 6
    assert len({sandbox.exec(["id", "-u"]).stdout for sandbox in made}) == 6
    for sandbox in made:
        sandbox.stop()
