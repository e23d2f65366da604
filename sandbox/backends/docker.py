"""The sandbox of a machine with Docker: a container held open by one user, the agent in it as another.

Owns the container's options, the one exec stream that the agent speaks over, and the containers that a dead server left
behind. Invariant: every option comes from ``HARDENING`` and the interview's limits, nothing from outside; a start ends
within its time, and what a failed one may have made is removed. Leaves out the protocol (``sandbox.client``), the image
(``sandbox.image``) and the process that holds the daemon's socket for a server that must not (``sandbox.launcher``).
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import LogConfig, Ulimit
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException

from interviews.errors import PairsightError, PlatformFailure
from sandbox import agent, image, launcher
from sandbox.base import WORKSPACE, Limits, Probe, Sandbox, SandboxSpec
from sandbox.client import AgentSandbox
from sandbox.hardening import HARDENING, Hardening
from sandbox.multiplex import MultiplexedStream
from sandbox.owners import Owners
from sandbox.profile import ARCHITECTURES, profile

START_SECONDS = 20.0
PROBE_SECONDS = 18.0
ANSWER_SECONDS = 5.0
REMOVE_SECONDS = 10.0
REMOVE_AGAIN = (1, 2, 5, 10, 30, 60, 120, 300)
HOME = "/home/candidate"
KEPT = "/run/pairsight"
OWNER, INTERVIEW, STARTED = "pairsight.owner", "pairsight.interview", "pairsight.started"
INSTALL = "apt-get install docker.io"
ENVIRONMENT: Mapping[str, str] = {
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "LOGNAME": "candidate",
    "PATH": "/opt/bin:/usr/bin:/bin:/usr/sbin:/sbin",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONPATH": "/opt/toolbox",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
    "TZ": "UTC",
    "USER": "candidate",
}
# Names the candidate's user, whose number is this interview's own, then holds the container open for its bounded life.
KEEPER = f"""umask 022
echo "candidate:x:$1:$1:Candidate:{HOME}:/bin/bash" >{KEPT}/passwd.new
echo "candidate:x:$1:" >{KEPT}/group
mv {KEPT}/passwd.new {KEPT}/passwd
exec sleep "$2"
"""
# The agent's source comes first on its own input: eight digits, then that many bytes. It starts when the keeper is ready.
LOADER = f"""import os, sys, time
def take(count):
    data = b""
    while len(data) < count:
        part = os.read(0, count - len(data))
        if not part:
            sys.exit("the agent's source ended early")
        data += part
    return data
source = take(int(take(8)))
while not os.path.exists("{KEPT}/passwd"):
    time.sleep(0.005)
eval(compile(source, "agent.py", "exec"))
"""


def tmpfs(hardening: Hardening, limits: Limits, uid: int) -> dict[str, str]:
    """The only folders that can be written: mount options by path. Sizes in bytes; inodes are bounded as well."""

    def options(size: int, mode: str, owner: int, inodes: int = hardening.inodes) -> str:
        return f"rw,exec,nosuid,nodev,size={size},nr_inodes={inodes},mode={mode},uid={owner},gid={owner}"

    return {
        WORKSPACE: options(limits.workspace_bytes, "0755", uid),
        HOME: options(hardening.home_bytes, "0755", uid),
        "/tmp": options(limits.tmp_bytes, "1777", 0),
        "/dev/shm": options(hardening.shm_bytes, "1777", 0),
        KEPT: options(hardening.keeper_bytes, "0755", hardening.keeper_uid, 16),
    }


def host_config(api: docker.APIClient, hardening: Hardening, limits: Limits, uid: int, runtime: str = "") -> Any:
    """What the container is held by, in the engine's own words. No mounts, devices, ports or added groups: none are named."""
    ulimits = {
        "core": hardening.core_bytes,
        "fsize": limits.file_bytes,
        "memlock": hardening.locked_bytes,
        "msgqueue": hardening.message_queue_bytes,
        "nofile": limits.open_files,
    }
    security = ["no-new-privileges:true"] if hardening.no_new_privileges else []
    if hardening.seccomp:
        security.append("seccomp=" + json.dumps(profile(platform.machine())))
    return api.create_host_config(
        read_only=hardening.read_only_root,
        tmpfs=tmpfs(hardening, limits, uid),
        cap_drop=["ALL"] if hardening.no_capabilities else None,
        security_opt=security,
        pids_limit=limits.pids + hardening.extra_pids,
        mem_limit=limits.memory_bytes,
        memswap_limit=limits.memory_bytes,
        cpu_period=100_000,
        cpu_quota=int(hardening.cpu_share * 100_000),
        ulimits=[Ulimit(name=name, soft=value, hard=value) for name, value in ulimits.items()],
        oom_score_adj=hardening.oom_score_adj,
        network_mode="none" if hardening.no_network else "bridge",
        ipc_mode="private",
        log_config=LogConfig(type="none") if hardening.no_log else None,
        init=hardening.own_init,
        auto_remove=True,
        runtime=runtime or None,
    )


class Docker:
    """The backend. ``randbelow`` picks the user of a sandbox, ``now`` (Unix seconds) dates its label."""

    name = "docker"

    def __init__(
        self,
        hardening: Hardening = HARDENING,
        *,
        runtime: str | None = None,
        owners: Owners | None = None,
        randbelow: Callable[[int], int] = secrets.randbelow,
        now: Callable[[], float] = time.time,
        environ: Mapping[str, str] = os.environ,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._hardening = hardening
        self._runtime = environ.get("PAIRSIGHT_DOCKER_RUNTIME", "") if runtime is None else runtime
        self._owners = owners or Owners()
        self._randbelow = randbelow
        self._now = now
        self._environ = environ
        self._start_seconds = start_seconds
        self._version = ""

    # --- the port ---

    def probe(self) -> Probe:
        """See ``sandbox.base``. What it needs is checked in the order in which a person would mend it."""
        try:
            door = self._environ.get(launcher.SETTING)
            return launcher.probe(door) if door else self.examine()
        except Exception as error:
            return Probe(
                False, f"Docker could not be examined: {image.in_words(error)}", install="See docs/operating.md."
            )

    def start(self, spec: SandboxSpec) -> Sandbox:
        """See ``sandbox.base``."""
        deadline = time.monotonic() + self._start_seconds
        door = self._environ.get(launcher.SETTING)
        stream = launcher.start(door, spec, deadline) if door else self.launch(spec, deadline)
        return AgentSandbox(self.name, stream, spec.limits, hello_seconds=max(0.1, deadline - time.monotonic()))

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        """See ``sandbox.base``."""
        return None

    def reap(self, wanted: Collection[str]) -> list[str]:
        """See ``sandbox.base``."""
        return []

    # --- where the daemon's socket is ---

    def examine(self) -> Probe:
        """``probe`` against the daemon itself."""
        deadline = time.monotonic() + PROBE_SECONDS
        lacking = self._lacking()
        if isinstance(lacking, Probe):
            return lacking
        with contextlib.closing(self._client(ANSWER_SECONDS)) as api:
            self.remove_abandoned(api)
        sandbox: Sandbox | None = None
        try:
            spec = SandboxSpec("probe")
            stream = self.launch(spec, deadline - 4)
            left = max(0.1, deadline - 2 - time.monotonic())
            sandbox = AgentSandbox(self.name, stream, spec.limits, hello_seconds=left)
            left = max(0.1, deadline - time.monotonic())
            done = sandbox.exec(["python3", "-c", "print(6 * 7)"], timeout_s=left)
            if done.stdout.strip() != b"42":
                return Probe(
                    False, f"python3 inside answered {(done.stdout + done.stderr)[-200:]!r}", install=image.HOW
                )
        except PairsightError as error:
            return Probe(False, str(error), install="Look at the daemon's own log; see docs/operating.md.")
        finally:
            if sandbox is not None:
                sandbox.stop()
        return Probe(True, "Docker works", weaker=lacking)

    def _lacking(self) -> Probe | tuple[str, ...]:
        """What keeps Docker from being used here, or what it does not hold."""
        if platform.system() != "Linux" or platform.machine() not in ARCHITECTURES:
            return Probe(False, f"expected Linux on x86_64 or aarch64, got {platform.system()} {platform.machine()}")
        if (closed := self._closed_door()) is not None:
            return closed
        try:
            with contextlib.closing(self._client(ANSWER_SECONDS)) as api:
                info: dict[str, Any] = api.info()
                name = image.image_name()
                found = {tag for one in api.images(name=image.REPOSITORY) for tag in one.get("RepoTags") or ()}
                spoken = str(api.api_version)
        except RequestException as error:
            return Probe(
                False,
                f"the Docker daemon did not answer within {ANSWER_SECONDS:g} s ({type(error).__name__})",
                install="systemctl restart docker",
            )
        except DockerException as error:
            return Probe(
                False, f"the Docker daemon refused: {image.in_words(error)}", install="systemctl status docker"
            )
        if numbers(spoken) < numbers(image.OLDEST_API):
            return Probe(False, f"expected Docker Engine 20.10 or newer, got API {spoken}", install=INSTALL)
        options = [str(one) for one in info.get("SecurityOptions") or ()]
        if info.get("OSType") != "linux" or not any("name=seccomp" in one for one in options):
            return Probe(False, "expected a Docker daemon on Linux with seccomp, this one has none", install=INSTALL)
        if name not in found:
            what = "is older than this version" if found else "is not built"
            return Probe(False, f"Docker runs, but the sandbox's image {what} (expected {name})", install=image.HOW)
        return tuple(weaker(info, options))

    def _closed_door(self) -> Probe | None:
        """What is wrong with the daemon's socket, when it is one on this machine."""
        path = self._socket_path()
        try:
            knock(path)
        except FileNotFoundError:
            return Probe(False, f"no Docker daemon: there is no socket at {path}", install=INSTALL)
        except PermissionError:
            return Probe(
                False,
                f"the Docker socket {path} may not be opened by this user",
                install="pairsight launcher, run by a user that may (see docs/operating.md)",
            )
        except OSError as error:
            return Probe(
                False,
                f"the Docker daemon does not run: nobody listens at {path} ({error.strerror or error})",
                install="systemctl start docker",
            )
        return None

    def _socket_path(self) -> str:
        """The daemon's socket; "" when it listens elsewhere than on this machine."""
        url = self._environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
        return url.removeprefix("unix://") if url.startswith("unix://") else ""

    def _client(self, seconds: float) -> docker.APIClient:
        """A client of its own: its time-out is this caller's. Raises ``DockerException``, ``RequestException``, ``OSError``."""
        knock(self._socket_path())
        known: dict[str, Any] = {**kwargs_from_env(dict(self._environ))}
        known["timeout"] = max(1, round(seconds))
        if not self._version:
            self._version = image.spoken_version(known)
        return docker.APIClient(version=self._version, **known)

    def launch(self, spec: SandboxSpec, deadline: float) -> MultiplexedStream:
        """Start container and agent; its hello is not awaited. Raises ``PlatformFailure`` at the deadline at the latest.

        ``deadline`` is a time of ``time.monotonic``.
        """
        tag = re.sub(r"[^A-Za-z0-9]", "-", spec.interview)[:32]
        name = f"pairsight-{tag}-{secrets.token_hex(6)}"
        uid = self._hardening.first_uid + self._randbelow(self._hardening.uid_count)

        def left() -> float:
            if (seconds := deadline - time.monotonic()) < 0.5:
                raise PlatformFailure("The sandbox did not start: the Docker daemon took too long.")
            return seconds

        tried = False
        sock: socket.socket | None = None
        try:
            api = self._client(left())
            try:
                labels = {
                    OWNER: self._owners.mine(),
                    INTERVIEW: spec.interview,
                    STARTED: datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds"),
                }
                tried = True
                self._create(api, name, uid, spec, labels)
                api.timeout = max(1, round(left()))
                api.start(name)
                api.timeout = max(1, round(left()))
                sock, first = self._agent(api, name, uid, spec.limits)
            finally:
                # The hijacked socket lives on: it is no longer the client's.
                api.close()
            source = Path(agent.__file__).read_bytes()
            sock.settimeout(left())
            sock.sendall(b"%08d" % len(source) + source)
            sock.settimeout(None)
        except (DockerException, RequestException, OSError, PairsightError) as error:
            if sock is not None:
                sock.close()
            if tried:
                self._remove_later(name)
            raise told(error) from error
        return MultiplexedStream(sock, first, lambda: self._remove(name))

    def _create(self, api: docker.APIClient, name: str, uid: int, spec: SandboxSpec, labels: Mapping[str, str]) -> None:
        hardening = self._hardening
        keeper = ["/bin/sh", "-c", KEEPER, "keeper", str(uid), str(hardening.keeper_seconds)]
        api.create_container(
            image.image_name(),
            keeper,
            name=name,
            hostname="sandbox",
            user=f"{hardening.keeper_uid}:{hardening.keeper_uid}",
            working_dir="/",
            labels=dict(labels),
            network_disabled=hardening.no_network,
            host_config=host_config(api, hardening, spec.limits, uid, self._runtime),
        )

    def _agent(self, api: docker.APIClient, name: str, uid: int, limits: Limits) -> tuple[socket.socket, bytes]:
        """The agent's stream and what of it has been read already."""
        config = {
            "root": WORKSPACE,
            "file_bytes": limits.file_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "rlimits": {"CORE": self._hardening.core_bytes, "FSIZE": limits.file_bytes, "NOFILE": limits.open_files},
        }
        made = api.exec_create(
            name,
            ["/usr/bin/python3", "-I", "-S", "-B", "-c", LOADER, json.dumps(config)],
            stdin=True,
            environment=dict(ENVIRONMENT),
            user=f"{uid}:{uid}",
            workdir=WORKSPACE,
        )
        return taken_over(api.exec_start(made["Id"], socket=True))

    # --- the end ---

    def _remove(self, name: str) -> str:
        """End a container and wait for it; if the daemon does not answer, say so and go on trying in the background."""
        try:
            with contextlib.closing(self._client(REMOVE_SECONDS)) as api:
                remove(api, name)
        except (DockerException, RequestException, OSError):
            self._remove_later(name)
            return "the Docker daemon does not answer"
        return ""

    def _remove_later(self, name: str) -> None:
        """After a failed start the daemon may still be about to make the container, so "not there" is no answer yet."""

        def insist() -> None:
            for pause in REMOVE_AGAIN:
                try:
                    with contextlib.closing(self._client(REMOVE_SECONDS)) as api:
                        if remove(api, name):
                            return
                except (DockerException, RequestException, OSError):
                    pass
                time.sleep(pause)

        threading.Thread(target=insist, name=f"remove-{name}", daemon=True).start()

    def remove_abandoned(self, api: docker.APIClient) -> list[str]:
        """Remove containers whose server is gone; nothing at all unless the daemon's list is whole. Returns names."""
        try:
            marks = self._owners.known()
            listed = [
                (str(one["Id"]), str(one["Labels"][OWNER]))
                for one in api.containers(all=True, filters={"label": OWNER})
            ]
        except (DockerException, RequestException, KeyError, TypeError):
            return []
        removed = []
        for container, mark in listed:
            if self._owners.abandoned(mark):
                with contextlib.suppress(DockerException, RequestException):
                    remove(api, container)
                    removed.append(container)
        self._owners.forget(marks - {mark for _, mark in listed}, self._now(), self._hardening.keeper_seconds)
        return removed


def knock(path: str) -> None:
    """Raise ``OSError`` when nobody listens at a local socket: docker-py would leave its own socket open then."""
    if path:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(ANSWER_SECONDS)
            door.connect(path)


def numbers(version: str) -> tuple[int, ...]:
    """A version as something to compare."""
    return tuple(int(part) for part in version.split("."))


def weaker(info: Mapping[str, Any], options: Iterable[str]) -> Iterable[str]:
    """What this daemon does not hold, in words."""
    if not info.get("MemoryLimit"):
        yield "memory is not limited"
    elif not info.get("SwapLimit"):
        yield "memory is limited, swap is not"
    if not info.get("PidsLimit"):
        yield "the number of processes is not limited"
    if not info.get("CpuCfsQuota"):
        yield "processor time is not shared out"
    if any("name=rootless" in one for one in options):
        yield "users inside are a range of the daemon's own user"


def taken_over(raw: Any) -> tuple[socket.socket, bytes]:
    """The plain socket of an exec's stream, and the bytes that the HTTP reader had taken from it already.

    docker-py hands out the raw reader under a buffered one; what came in one packet with the response's head lies in
    that buffer and would be lost.
    """
    response = raw._response
    sock: socket.socket = raw._sock if hasattr(raw, "_sock") else raw
    sock.setblocking(False)
    first = b""
    with contextlib.suppress(BlockingIOError):
        first = response.raw._fp.fp.read1(1 << 16) or b""
    sock.setblocking(True)
    if type(sock) is not socket.socket:
        # Encrypted: the connection lives in this object and in no other, and closes with it.
        return sock, first
    own = sock.dup()
    response.close()
    sock.close()
    return own, first


def remove(api: docker.APIClient, container: str) -> bool:
    """Kill and remove; False when there is no such container. Raises ``DockerException``, ``RequestException``."""
    try:
        api.remove_container(container, force=True, v=True)
    except NotFound:
        return False
    except APIError as error:
        # Its keep-alive process ended on its own: the daemon is at it already.
        if error.response is None or error.response.status_code != 409:
            raise
    return True


def told(error: Exception) -> PlatformFailure:
    """A failed start in plain words."""
    if isinstance(error, PlatformFailure):
        return error
    if isinstance(error, ImageNotFound):
        return PlatformFailure("The sandbox's image is not there; build it with: %(how)s", how=image.HOW)
    if isinstance(error, RequestException):
        return PlatformFailure(
            "The sandbox did not start: the Docker daemon does not answer (%(reason)s).", reason=type(error).__name__
        )
    if isinstance(error, OSError):
        return PlatformFailure(
            "The sandbox did not start: the Docker daemon does not answer (%(reason)s).",
            reason=error.strerror or str(error),
        )
    return PlatformFailure("The sandbox did not start: %(reason)s", reason=image.in_words(error))


backend = Docker()
