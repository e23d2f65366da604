"""The launcher: a small process that holds Docker's socket, so that the web process need not.

Owns the wire between the two: one request a connection, a line of JSON on a Unix socket, answered by a line of JSON; a
start is followed by the agent's bytes both ways, and the end of that connection is the end of the sandbox. Invariant:
whoever speaks to it can start and stop hardened sandboxes and nothing else: a request has exactly one form, its numbers
lie below a ceiling, no option of a container can be named, and only one user may connect. Leaves out containers
(handed in as ``Engine``).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Protocol

from interviews.errors import BadInput, PairsightError, PlatformFailure
from sandbox.base import Limits, Probe, SandboxSpec
from sandbox.multiplex import MultiplexedStream

SETTING = "PAIRSIGHT_LAUNCHER"
LINE_BYTES = 4096
REQUEST_SECONDS = 10.0
START_SECONDS = 20.0
PROBE_SECONDS = 20.0
STOP_SECONDS = 15.0
# The most that any interview may be given.
CEILING = Limits(
    memory_bytes=8 << 30,
    workspace_bytes=1 << 30,
    tmp_bytes=1 << 30,
    pids=1024,
    cpu_seconds=24 * 3600,
    file_bytes=1 << 30,
    open_files=65_536,
)
INTERVIEW = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Engine(Protocol):
    """What starts containers."""

    def examine(self) -> Probe: ...

    def launch(self, spec: SandboxSpec, deadline: float) -> MultiplexedStream: ...


# --- the form of a request ---


def spec_of(request: Mapping[str, object]) -> SandboxSpec:
    """The one form in which a sandbox can be asked for. Raises ``BadInput`` for anything more, less or else."""
    limits = request.get("limits")
    names = {field.name for field in fields(Limits)}
    if set(request) != {"op", "interview", "limits"} or not isinstance(limits, dict) or set(limits) != names:
        raise BadInput(
            "Expected op, interview and limits (%(names)s), got something else.", names=", ".join(sorted(names))
        )
    for name, value in limits.items():
        most = getattr(CEILING, name)
        if type(value) is not int or not 1 <= value <= most:
            raise BadInput(
                "Expected %(name)s from 1 to %(most)s, got %(got)s.", name=name, most=most, got=repr(value)[:40]
            )
    interview = request["interview"]
    if not isinstance(interview, str) or not INTERVIEW.fullmatch(interview):
        raise BadInput("Expected an interview's id, got %(got)s.", got=repr(interview)[:80])
    return SandboxSpec(interview, Limits(**limits))


def request_of(line: bytes) -> dict[str, object]:
    """A request's fields. Raises ``BadInput``."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        request = None
    if not isinstance(request, dict):
        raise BadInput("Expected one line with a JSON object, got something else.")
    return request


def line_from(sock: socket.socket) -> tuple[bytes, bytes]:
    """The first line, and what came after it. Raises ``OSError`` when there is none within ``LINE_BYTES``."""
    data = b""
    while b"\n" not in data:
        part = sock.recv(LINE_BYTES)
        data += part
        if not part or (len(data) > LINE_BYTES and b"\n" not in data[:LINE_BYTES]):
            raise OSError(0, f"expected a line of at most {LINE_BYTES} bytes, got none")
    line, _, rest = data.partition(b"\n")
    return line, rest


# --- the launcher's side ---


class Launcher:
    """Serves ``path`` for the one user ``uid``; at most ``most`` sandboxes at a time."""

    def __init__(self, path: Path, uid: int, engine: Engine, *, most: int = 200) -> None:
        self._path = path
        self._uid = uid
        self._engine = engine
        self._most = most
        self._lock = threading.Lock()
        self._running: dict[str, MultiplexedStream | None] = {}
        self._listener = socket.socket(socket.AF_UNIX)

    def bind(self) -> None:
        """Take the path. Raises ``BadInput`` when it cannot be had."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
            old = os.umask(0o177)
            try:
                self._listener.bind(str(self._path))
            finally:
                os.umask(old)
            if os.geteuid() == 0:
                os.chown(self._path, self._uid, -1)
            elif self._uid != os.geteuid():
                # The check of the peer's user is what holds then.
                self._path.chmod(0o666)
        except OSError as error:
            raise BadInput(
                "Expected to listen at %(path)s, got: %(why)s", path=str(self._path), why=error.strerror
            ) from error
        self._listener.listen(64)

    def serve(self) -> None:
        """Answer until ``close``."""
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(peer,), name="launcher", daemon=True).start()

    def close(self) -> None:
        """End every sandbox and the service."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            streams = [stream for stream in self._running.values() if stream is not None]
        for stream in streams:
            stream.end()

    def _meet(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            peer.settimeout(REQUEST_SECONDS)
            try:
                line, rest = line_from(peer)
                if peer_uid(peer) != self._uid:
                    raise BadInput("Expected another user at this socket.")
                if rest:
                    raise BadInput("Expected nothing after the request's line, got more.")
                self._do(peer, request_of(line))
            except PairsightError as error:
                answer(peer, {"error": error.message, "params": {name: str(v) for name, v in error.params.items()}})

    def _do(self, peer: socket.socket, request: dict[str, object]) -> None:
        op = request.get("op")
        if op == "probe" and len(request) == 1:
            answer(peer, {"ok": asdict(self._engine.examine())})
        elif op == "stop" and set(request) == {"op", "id"}:
            with self._lock:
                stream = self._running.get(str(request["id"]))
            if stream is not None:
                stream.end()
            answer(peer, {"ok": {}})
        elif op == "start":
            self._start(peer, spec_of(request))
        else:
            raise BadInput("Expected op to be probe, start or stop, got %(got)s.", got=repr(op)[:80])

    def _start(self, peer: socket.socket, spec: SandboxSpec) -> None:
        # Unguessable, because it is what stops a sandbox.
        number = secrets.token_hex(16)
        with self._lock:
            if len(self._running) >= self._most:
                raise PlatformFailure("Expected at most %(most)s sandboxes at a time, got one more.", most=self._most)
            self._running[number] = None
        try:
            stream = self._engine.launch(spec, time.monotonic() + START_SECONDS)
            try:
                with self._lock:
                    self._running[number] = stream
                peer.settimeout(None)
                answer(peer, {"ok": {"id": number}})
                out = threading.Thread(target=self._hand_out, args=(stream, peer), name="launcher-out", daemon=True)
                out.start()
                with contextlib.suppress(OSError):
                    while data := peer.recv(1 << 16):
                        stream.write(data)
                stream.end()
                out.join()
            finally:
                stream.end()
                stream.release()
        finally:
            with self._lock:
                del self._running[number]

    @staticmethod
    def _hand_out(stream: MultiplexedStream, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for data in stream.raw():
                peer.sendall(data)
        with contextlib.suppress(OSError):
            peer.shutdown(socket.SHUT_RDWR)


def peer_uid(peer: socket.socket) -> int:
    """The user at the other end of a Unix socket, as the kernel knows it."""
    data = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    uid: int = struct.unpack("3i", data)[1]
    return uid


def answer(peer: socket.socket, fields_: Mapping[str, object]) -> None:
    peer.sendall(json.dumps(fields_).encode("ascii") + b"\n")


# --- the web process's side ---


def ask(path: str, request: Mapping[str, object], seconds: float) -> tuple[dict[str, Any], socket.socket, bytes]:
    """The answer's fields, the open connection and what came after the answer. Raises ``PlatformFailure``."""
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.settimeout(seconds)
        sock.connect(path)
        answer(sock, request)
        line, rest = line_from(sock)
        reply = json.loads(line)
        sock.settimeout(None)
    except (OSError, ValueError) as error:
        sock.close()
        reason = str(getattr(error, "strerror", None) or error)
        raise PlatformFailure(
            "The sandboxes' launcher at %(path)s does not answer: %(reason)s", path=path, reason=reason
        ) from error
    if "ok" not in reply:
        sock.close()
        raise PlatformFailure(str(reply.get("error", "")), **dict(reply.get("params") or {}))
    return reply["ok"], sock, rest


def probe(path: str) -> Probe:
    """What the launcher found. Never raises ``PlatformFailure``."""
    try:
        found, sock, _ = ask(path, {"op": "probe"}, PROBE_SECONDS)
    except PlatformFailure as failure:
        return Probe(False, str(failure), install="pairsight launcher (see docs/operating.md)")
    sock.close()
    return Probe(bool(found["ok"]), str(found["reason"]), str(found["install"]), tuple(map(str, found["weaker"])))


def start(path: str, spec: SandboxSpec, deadline: float) -> MultiplexedStream:
    """A sandbox's stream by way of the launcher. Raises ``PlatformFailure``."""
    request = {"op": "start", "interview": spec.interview, "limits": asdict(spec.limits)}
    made, sock, first = ask(path, request, max(0.1, deadline - time.monotonic()))
    return MultiplexedStream(sock, first, stopping(path, str(made["id"])))


def stopping(path: str, number: str) -> Callable[[], str]:
    """What ends a sandbox and waits for it; with the launcher gone, its sandboxes have ended with the connection."""

    def stop() -> str:
        try:
            ask(path, {"op": "stop", "id": number}, STOP_SECONDS)[1].close()
        except PlatformFailure as failure:
            return str(failure)
        return ""

    return stop
