"""What stands between Socket.IO and the wire: bounds on what may wait in either direction.

Owns each connection's line and its backlog. The libraries beneath read and queue without end, and wait for ever. Invariant:
one connection, whatever its peer sends, leaves unread or never says, holds a bounded number of bytes and ends in bounded time;
its page then connects again and asks for what it missed. Leaves out what the messages mean (``sockets``).
"""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import simple_websocket
from werkzeug.wrappers import Request

from web.buckets import SIZE, Buckets

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Characters that wait to be sent, before the connection is given up; the one message that is more by itself still goes out.
MOST_WAITING = 4 << 20
# What a waiting message costs beside its characters.
PACKET = 500
# Messages that were read and wait to be dealt with.
MOST_READ = 32
STALLED_S = 20
POLICY = 1008
OnCut = Callable[[str], None]
"""Hears that a connection is ended, and why: ``unread`` (its page reads too slowly), ``stalled`` (not at all) or ``flood``."""


class Backlog(queue.Queue[Any]):
    """What waits to be sent over one connection. One that grows too long is dropped, with its connection."""

    def __init__(self, engine: Any, on_cut: OnCut) -> None:
        self._engine, self._on_cut, self._size, self._over = engine, on_cut, 0, False
        self.line: Line | None = None
        super().__init__()

    def _put(self, item: Any) -> None:
        self._size += _size(item)
        super()._put(item)

    def _get(self) -> Any:
        item = super()._get()
        self._size -= _size(item)
        return item

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        """Never blocks: whoever sends may hold an interview's lock."""
        if item is not None and self._over:
            return
        if item is not None and self._size > MOST_WAITING:
            self._over = True
            self._give_up()
            return
        super().put(item, block, timeout)

    def _give_up(self) -> None:
        self._on_cut("unread")
        with self.mutex:
            # Nobody will send it any more, and nobody shall wait for that.
            self.unfinished_tasks -= len(self.queue)
            self.queue.clear()
            self._size = 0
            self.all_tasks_done.notify_all()
        if self.line is not None:
            self.line.cut()
            return
        for one in list(self._engine.sockets.values()):
            if one.queue is self:
                threading.Thread(target=one.close, kwargs={"wait": False, "abort": True}, daemon=True).start()


class Line:
    """A WebSocket, as Engine.IO asks for one: read no faster than its messages are dealt with, written while its peer reads."""

    def __init__(self, buckets: Buckets, on_cut: OnCut, handler: Any, server: Any) -> None:
        self._handler, self._longest = handler, server.max_http_buffer_size
        self._buckets, self.on_cut = buckets, on_cut
        self._read = threading.Condition()
        self._wire: _Wire | None = None
        self._over = False
        self.ws: Any = None
        handler.__self__.queue.line = self

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        self._bucket = self._buckets.of(request.args.get("interview", ""), request.args.get("role", ""))
        for name in ("gunicorn.socket", "werkzeug.socket"):
            if name in environ:
                self._wire = environ[name] = _Wire(environ[name], self)
        self.ws = simple_websocket.Server(environ, max_message_size=self._longest)
        self._handler(self)
        # What was a request's socket is the server's no more: this is how gunicorn and werkzeug are told to answer nothing.
        raise StopIteration if self.ws.mode == "gunicorn" else ConnectionError

    def room(self) -> None:
        """Wait until a part of what was read has been dealt with."""
        with self._read:
            self._read.wait_for(lambda: self._over or len(self.ws.input_buffer) < MOST_READ)

    def send(self, message: str | bytes) -> None:
        """Raises ``OSError`` once the connection has ended."""
        try:
            self.ws.send(message)
        except simple_websocket.ConnectionClosed:
            raise OSError("the connection has ended") from None

    def wait(self) -> str | bytes | None:
        """The next message, or None once the connection has ended."""
        message: str | bytes | None = None
        with contextlib.suppress(simple_websocket.ConnectionClosed):
            message = self.ws.receive()
        with self._read:
            self._read.notify_all()
        if message is not None and not self._bucket.charge(1 + len(message) / SIZE):
            self.on_cut("flood")
            with contextlib.suppress(Exception):
                self.ws.close(POLICY, "more messages than this server can take")
            # Whoever floods does not read, so would never answer the goodbye.
            self.cut()
            return None
        return message

    def close(self) -> None:
        """Say goodbye and hang up: a peer that is gone will not answer."""
        try:
            if self.ws.connected:
                self.ws.close()
        finally:
            self.cut()

    def cut(self) -> None:
        """Hang up. Whoever waits to read or write here wakes up."""
        with self._read:
            self._over = True
            self._read.notify_all()
        if self._wire is not None:
            self._wire.cut()


class _Wire:
    """The TCP socket under a line, as simple-websocket uses one."""

    def __init__(self, tcp: socket.socket, line: Line) -> None:
        self._tcp, self._line, self._writing = tcp, line, threading.Lock()
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", STALLED_S, 0))

    def recv(self, size: int) -> bytes:
        if self._line.ws is not None:
            self._line.room()
        return self._tcp.recv(size)

    def send(self, data: bytes) -> int:
        with self._writing:
            try:
                self._tcp.sendall(data)
            except BlockingIOError:
                # Not a byte was taken for that long.
                self._line.on_cut("stalled")
                self.cut()
                raise
        return len(data)

    def close(self) -> None:
        self._tcp.close()

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._tcp.shutdown(socket.SHUT_RDWR)


def _size(packet: Any) -> int:
    data = getattr(packet, "data", None)
    return PACKET + (len(data) if isinstance(data, str | bytes) else 0)


def bound(engine: Any, buckets: Buckets, on_cut: OnCut = lambda _: None) -> None:
    """Give every connection of an Engine.IO server its bounds. ``on_cut`` hears why one was ended."""
    engine.create_queue = lambda: Backlog(engine, on_cut)
    engine._async = {**engine._async, "websocket": lambda handler, server: Line(buckets, on_cut, handler, server)}
