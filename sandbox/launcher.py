"""The launcher: a small process that holds Docker's socket, so that the web process need not.

Owns the wire between the two: one request a connection, a line of JSON on a Unix socket, answered by a line of JSON; where a
sandbox is started or adopted, the agent's bytes follow both ways. The end of that connection ends the agent; its container stays
for a while, to be adopted. Invariant: whoever speaks to it can start, adopt and end hardened sandboxes and nothing else: a
request has exactly one form, its numbers lie below a ceiling, no option of a container can be named, and only one user may
connect; what nobody comes back for ends. Leaves out containers (handed in as ``Engine``) and whoever asks (``sandbox.launched``).
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
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Protocol

from interviews.errors import BadInput, PairsightError, PlatformFailure
from sandbox.base import Limits, Probe, SandboxSpec
from sandbox.multiplex import MultiplexedStream
from sandbox.owners import PLACE

LINE_BYTES = 64 << 10
MOST_WANTED = 1000
REQUEST_SECONDS = 10.0
START_SECONDS = 20.0
# How long a web process may take to come back for what it left.
LINGER_SECONDS = 900.0
LOOK_SECONDS = 30.0
# A connection's end is noticed at once, and its agent's end soon after.
HANG_UP_SECONDS = 5.0
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
    """What starts containers; see ``sandbox.backends.docker``."""

    def examine(self) -> Probe: ...

    def launch(self, spec: SandboxSpec, deadline: float) -> MultiplexedStream: ...

    def take_over(self, spec: SandboxSpec, place: str, deadline: float) -> MultiplexedStream | None: ...

    def discard(self, place: str) -> str: ...

    def clear(self, wanted: Collection[str]) -> list[str]: ...

    def remains(self) -> list[str] | None: ...


def spec_of(request: Mapping[str, object]) -> SandboxSpec:
    """The one form in which a sandbox can be asked for. Raises ``BadInput`` for anything more, less or else."""
    limits = request.get("limits")
    names = {field.name for field in fields(Limits)}
    if set(request) - {"yields"} != {"interview", "limits"} or not isinstance(limits, dict) or set(limits) != names:
        raise BadInput(
            "Expected an interview and limits (%(names)s), got something else.", names=", ".join(sorted(names))
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
    yields = request.get("yields", False)
    if not isinstance(yields, bool):
        raise BadInput("Expected whether it yields as true or false, got %(got)s.", got=repr(yields)[:40])
    return SandboxSpec(interview, Limits(**limits), yields)


def place_of(value: object) -> str:
    """A sandbox's place. Raises ``BadInput``."""
    if not isinstance(value, str) or not PLACE.fullmatch(value):
        raise BadInput("Expected a sandbox's place, got %(got)s.", got=repr(value)[:80])
    return value


def places_of(value: object) -> list[str]:
    """A list of places. Raises ``BadInput``."""
    if not isinstance(value, list) or len(value) > MOST_WANTED:
        raise BadInput("Expected a list of at most %(most)s places, got something else.", most=MOST_WANTED)
    return [place_of(one) for one in value]


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


@dataclass(frozen=True)
class Running:
    """One connection's sandbox. ``number`` is what tells it from a later one at the same place."""

    number: str
    stream: MultiplexedStream
    peer: socket.socket


@dataclass(frozen=True)
class Left:
    """A container that waits to be adopted: since when (``time.monotonic``), and its agent's last words."""

    since: float
    words: str = ""


class Launcher:
    """Serves ``path`` for the one user ``uid``; at most ``most`` sandboxes at a time, those that were left counted in."""

    def __init__(
        self, path: Path, uid: int, engine: Engine, *, most: int = 200, linger_seconds: float = LINGER_SECONDS
    ) -> None:
        self._path = path
        self._uid = uid
        self._engine = engine
        self._most = most
        self._linger = linger_seconds
        self._changed = threading.Condition()
        self._starting = 0
        self._running: dict[str, Running] = {}
        self._left: dict[str, Left] = {}
        self._closed = False
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
        threading.Thread(target=self._look_after, name="launcher-linger", daemon=True).start()
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._meet, args=(peer,), name="launcher", daemon=True).start()

    def close(self) -> None:
        """End the service. Every sandbox is left to be adopted through the next one."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for running in self._running.values():
                with contextlib.suppress(OSError):
                    running.peer.shutdown(socket.SHUT_RDWR)
            self._changed.wait_for(lambda: not self._running, HANG_UP_SECONDS)

    def _look_after(self) -> None:
        """End what nobody has come back for. What an earlier launcher left counts from when it is first seen."""
        while not self._closed:
            here = self._engine.remains()
            now = time.monotonic()
            overdue: list[str] = []
            if here is not None:
                with self._changed:
                    free = set(here) - set(self._running)
                    self._left = {place: self._left.get(place, Left(now)) for place in free}
                    overdue = [place for place, left in self._left.items() if now - left.since >= self._linger]
            for place in overdue:
                with contextlib.suppress(PairsightError):
                    self._engine.discard(place)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, min(LOOK_SECONDS, self._linger / 2))

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
        op, names = request.pop("op", None), set(request)
        if op == "probe" and not names:
            answer(peer, {"ok": asdict(self._engine.examine())})
        elif op == "leave" and names == {"place", "id"}:
            answer(peer, {"ok": {"words": self._leave(place_of(request["place"]), request["id"])}})
        elif op == "stop" and names == {"place", "id"}:
            answer(peer, {"ok": {"words": self._stop(place_of(request["place"]), request["id"])}})
        elif op == "reap" and names == {"wanted"}:
            answer(peer, {"ok": {"removed": self._clear(places_of(request["wanted"]))}})
        elif op == "start":
            spec = spec_of(request)
            self._serve(peer, lambda deadline: self._engine.launch(spec, deadline))
        elif op == "adopt" and "place" in names:
            place, spec = place_of(request.pop("place")), spec_of(request)
            with self._changed:
                # Its last connection may have ended just now.
                self._changed.wait_for(lambda: place not in self._running, HANG_UP_SECONDS)
                self._left.pop(place, None)
            self._serve(peer, lambda deadline: self._engine.take_over(spec, place, deadline))
        else:
            raise BadInput(
                "Expected op to be probe, start, adopt, leave, stop or reap in its one form, got %(got)s.",
                got=repr(op)[:80],
            )

    def _leave(self, place: str, number: object) -> str:
        with self._changed:
            running, left = self._running.get(place), self._left.get(place)
        if running is not None:
            return running.stream.hang_up() if running.number == number else ""
        return "" if left is None else left.words

    def _stop(self, place: str, number: object) -> str:
        """End what this connection had, unless another has adopted it since."""
        with self._changed:
            running = self._running.get(place)
            self._left.pop(place, None)
        if running is None:
            return self._engine.discard(place)
        return running.stream.end() if running.number == number else ""

    def _clear(self, wanted: list[str]) -> list[str]:
        removed = self._engine.clear(wanted)
        with self._changed:
            for place in removed:
                self._left.pop(place, None)
        return removed

    def _serve(self, peer: socket.socket, begin: Callable[[float], MultiplexedStream | None]) -> None:
        """Start or adopt, and hand bytes on until either side ends."""
        with self._changed:
            if self._starting + len(self._running) + len(self._left) >= self._most:
                raise PlatformFailure("Expected at most %(most)s sandboxes at a time, got one more.", most=self._most)
            self._starting += 1
        running: Running | None = None
        try:
            if (stream := begin(time.monotonic() + START_SECONDS)) is not None:
                running = Running(secrets.token_hex(16), stream, peer)
        finally:
            with self._changed:
                self._starting -= 1
                if running is not None:
                    self._running[running.stream.place] = running
        if running is None:
            answer(peer, {"ok": {}})
            return
        try:
            self._hand_on(running)
        finally:
            words = running.stream.hang_up()
            running.stream.release()
            with self._changed:
                if self._running.get(running.stream.place) is running:
                    del self._running[running.stream.place]
                if not running.stream.ended:
                    self._left[running.stream.place] = Left(time.monotonic(), words)
                self._changed.notify_all()

    def _hand_on(self, running: Running) -> None:
        peer, stream = running.peer, running.stream
        try:
            peer.settimeout(None)
            answer(peer, {"ok": {"place": stream.place, "id": running.number}})
        except OSError:
            # Nobody waited for it: nobody knows of it.
            stream.end()
            return
        out = threading.Thread(target=self._hand_out, args=(stream, peer), name="launcher-out", daemon=True)
        out.start()
        with contextlib.suppress(OSError):
            while data := peer.recv(1 << 16):
                stream.write(data)
        stream.hang_up()
        out.join()

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
