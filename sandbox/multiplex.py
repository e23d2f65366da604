"""A container's two outputs in one stream, as container engines send them, and our input the other way.

Owns the frames (kind u8, three zero bytes, length u32 big endian, payload) and the socket under them. Invariant: only
what the agent writes to its standard output becomes the agent's bytes; its error output is kept as its last words.
Leaves out who opened the socket, and what becomes of the container (handed in).
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

PREFIX = struct.Struct(">B3xI")
OUTPUT, ERRORS = 1, 2
KEPT_WORDS = 4096


class Demultiplexer:
    """Cuts what arrives into payloads; holds at most an unfinished prefix."""

    def __init__(self) -> None:
        self._prefix = b""
        self._kind = 0
        self._left = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """(kind, payload) pairs; a payload may be part of a frame. Raises ``OSError`` when these are no such frames."""
        found = []
        while data:
            if self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                found.append((self._kind, part))
                continue
            need = PREFIX.size - len(self._prefix)
            self._prefix, data = self._prefix + data[:need], data[need:]
            if len(self._prefix) == PREFIX.size:
                self._kind, self._left = PREFIX.unpack(self._prefix)
                if self._kind > ERRORS or any(self._prefix[1:4]):
                    raise OSError(0, "expected an output frame of the container engine, got something else")
                self._prefix = b""
        return found


class MultiplexedStream:
    """A running agent's bytes (``sandbox.stream.Stream``) over a socket; its container stays at ``place`` without them.

    ``leave`` waits until the agent is gone, once the socket is shut; ``finish`` ends the container and waits for it. Both
    return what could not be done, in words, or "".
    """

    def __init__(
        self, sock: socket.socket, first: bytes, place: str, leave: Callable[[], str], finish: Callable[[], str]
    ) -> None:
        self.place = place
        self.ended = False
        self._sock = sock
        self._first = first
        self._leave = leave
        self._finish = finish
        self._frames = Demultiplexer()
        self._lock = threading.Lock()
        self._hung_up = False
        self._words = b""
        self._trouble = ""

    def read(self) -> bytes:
        while True:
            data, self._first = self._first, b""
            if not data and not (data := self._sock.recv(1 << 16)):
                return b""
            out = []
            for kind, payload in self._frames.feed(data):
                if kind == OUTPUT:
                    out.append(payload)
                elif kind == ERRORS:
                    self._words = (self._words + payload)[-KEPT_WORDS:]
            if out:
                return b"".join(out)

    def raw(self) -> Iterator[bytes]:
        """What arrives as it arrives, for handing on; instead of ``read``."""
        data, self._first = self._first, b""
        while data or (data := self._sock.recv(1 << 16)):
            yield data
            data = b""

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def hang_up(self) -> str:
        with self._lock:
            if not self._hung_up:
                self._hung_up = True
                self._shut()
                self._trouble = self._leave()
        return self._said()

    def end(self) -> str:
        with self._lock:
            if not self.ended:
                self.ended = self._hung_up = True
                try:
                    self._trouble = self._finish()
                finally:
                    # Whoever still waits on the socket is woken, also when the engine no longer answers.
                    self._shut()
        return self._said()

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _said(self) -> str:
        return self._trouble or self._words.decode("utf-8", "replace").strip()[-500:]

    def release(self) -> None:
        self._sock.close()
