"""The Docker daemon: where it listens, whether it can be used, and what it does not hold.

Owns the connection's making and the checks before the first container, in the order in which a person would mend what they find.
Invariant: every call is bounded in time. Leaves out containers (``sandbox.backends.docker``) and the image (``sandbox.image``).
"""

from __future__ import annotations

import contextlib
import platform
import socket
from collections.abc import Iterable, Mapping
from typing import Any

import docker
from docker.errors import DockerException
from docker.utils import kwargs_from_env
from requests.exceptions import RequestException

from sandbox import image
from sandbox.base import Probe
from sandbox.profile import ARCHITECTURES

ANSWER_SECONDS = 5.0
INSTALL = "apt-get install docker.io"
Client = docker.APIClient


class Daemon:
    """The daemon that ``environ`` names (``DOCKER_HOST``, ``DOCKER_TLS_VERIFY``, ``DOCKER_CERT_PATH``)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._version = ""

    def client(self, seconds: float) -> Client:
        """A client of its own: its time-out is this caller's. Raises ``DockerException``, ``RequestException``, ``OSError``."""
        knock(self._socket_path())
        known: dict[str, Any] = {**kwargs_from_env(dict(self._environ))}
        known["timeout"] = max(1, round(seconds))
        if not self._version:
            self._version = image.spoken_version(known)
        return Client(version=self._version, **known)

    def lacking(self) -> Probe | tuple[str, ...]:
        """What keeps Docker from being used here, or what it does not hold."""
        if platform.system() != "Linux" or platform.machine() not in ARCHITECTURES:
            return Probe(False, f"expected Linux on x86_64 or aarch64, got {platform.system()} {platform.machine()}")
        if (closed := self._closed_door()) is not None:
            return closed
        try:
            with contextlib.closing(self.client(ANSWER_SECONDS)) as api:
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

    def sets_groups_here(self, api: Client) -> bool:
        """Whether it is one of this machine and sets control groups by itself: another has them set, and takes other names.

        Raises as ``client``.
        """
        return bool(self._socket_path()) and api.info().get("CgroupDriver") == "cgroupfs"

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
