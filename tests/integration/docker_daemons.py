"""Docker daemons for tests: a private one that may be killed, and a door to the shared one that may be shut.

Invariant: the daemon of the machine is only ever spoken to; what is started here ends with its test.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
from pathlib import Path

import docker
import requests

from sandbox import image
from tests.product import wait

SHARED = "/var/run/docker.sock"


class Daemon:
    """A dockerd of its own, without network and without a way to any registry.

    With ``live_restore`` its containers outlive it (``end``), and the next ``start`` finds them.
    """

    def __init__(self, folder: Path, *, live_restore: bool = False) -> None:
        self.folder = folder
        self.socket = folder / "docker.sock"
        (folder / "daemon.json").write_text(json.dumps({"live-restore": live_restore}))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"unix://{self.socket}"

    @property
    def environ(self) -> dict[str, str]:
        return {"DOCKER_HOST": self.host}

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [
            "dockerd",
            "--config-file",
            str(self.folder / "daemon.json"),
            "--data-root",
            str(self.folder / "data"),
        ]
        command += ["--exec-root", str(self.folder / "exec")]
        command += ["--host", f"unix://{self.socket}", "--pidfile", str(self.folder / "pid"), "--bridge", "none"]
        command += ["--iptables=false", "--ip6tables=false"]
        (self.folder / "pid").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait(self.answers, 30)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as door:
            if door.connect_ex(str(self.socket)) != 0:
                return False
        with contextlib.closing(self.client()) as api:
            try:
                return bool(api.ping())
            except (docker.errors.DockerException, requests.RequestException):
                return False

    def client(self) -> docker.APIClient:
        return docker.APIClient(base_url=self.host, version="1.41", timeout=60)

    def load(self) -> None:
        """Give it the sandbox's image from the shared daemon."""
        with subprocess.Popen(["docker", "save", image.image_name()], stdout=subprocess.PIPE) as saved:
            load = ["docker", "--host", self.host, "load"]
            subprocess.run(load, stdin=saved.stdout, capture_output=True, check=True, timeout=120)
        assert saved.returncode == 0

    def kill(self) -> None:
        """Without a warning, as a crash."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        # Its own containerd half dies with it, and would keep the next one from starting.
        left = self.folder / "exec" / "containerd" / "containerd.pid"
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(int(left.read_text()), signal.SIGKILL)
        for name in ("containerd.pid", "containerd.sock", "containerd-debug.sock"):
            (left.parent / name).unlink(missing_ok=True)

    def end(self) -> None:
        """As for an upgrade."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def stop(self) -> None:
        """End it and all that it runs."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()
        with contextlib.closing(self.client()) as api:
            for one in api.containers(all=True):
                with contextlib.suppress(docker.errors.APIError):
                    api.remove_container(one["Id"], force=True)
        self.end()
        # One killed leaves its own mounts of its folders behind, one below the other.
        for part in ("data", "exec"):
            for mount in reversed(mounts_below(self.folder / part)):
                subprocess.run(["umount", "--lazy", mount], check=False, timeout=20)


def mounts_below(folder: Path) -> list[str]:
    """Mount points at or below a folder, in the order in which they were made."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in points if Path(point).is_relative_to(folder)]


class Door:
    """A socket that hands on to the shared daemon until it is told not to.

    ``swallow`` is a part of a request after which nothing is handed on any more: the daemon seems to hang.
    """

    def __init__(self, path: Path, swallow: bytes = b"") -> None:
        self.path = path
        self.swallow = swallow
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._shut = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def environ(self) -> dict[str, str]:
        return {"DOCKER_HOST": f"unix://{self.path}"}

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                outer, _ = self._listener.accept()
                inner = socket.socket(socket.AF_UNIX)
                with self._lock:
                    self._open += [outer, inner]
                    if self._shut:
                        outer.close()
                        inner.close()
                        return
                inner.connect(SHARED)
                for source, target, watched in ((outer, inner, True), (inner, outer, False)):
                    threading.Thread(target=self._hand_on, args=(source, target, watched), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, watched: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                if watched and self.swallow and self.swallow in data:
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def shut(self) -> None:
        """Nobody is there any more, and whoever was connected is cut off."""
        self.path.unlink(missing_ok=True)
        with self._lock:
            self._shut = True
            for sock in (self._listener, *self._open):
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
