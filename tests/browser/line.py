"""The network between a browser and the product, which a test can cut, mend and lead elsewhere.

Owns one listening port and the connections through it. Invariant: a cut ends every connection and lets none through until it is
mended; ``refusing`` answers each with 503, as a router that finds no server.
"""

from __future__ import annotations

import contextlib
import socket
import threading

UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Line:
    """Forwards bytes between its port and another one of this machine."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._open = True
        self._refusing = False
        self._ends: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Nothing gets through any more."""
        with self._lock:
            self._open, self._refusing = False, False
            for end in self._ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Every request is answered with 503."""
        self.cut()
        self._refusing = True

    def mend(self, port: int = 0) -> None:
        """Everything gets through again, to ``port`` from now on where one is given."""
        self._to = port or self._to
        self._open, self._refusing = True, False

    def close(self) -> None:
        """End for good."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with near:
            if self._refusing:
                with contextlib.suppress(OSError):
                    near.recv(65536)
                    near.sendall(UNAVAILABLE)
                return
            if not self._open:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to), 5)
            except OSError:
                return
            far.settimeout(None)
            with far:
                with self._lock:
                    self._ends |= {near, far}
                back = threading.Thread(target=_copy, args=(far, near), daemon=True)
                back.start()
                _copy(near, far)
                back.join()
                with self._lock:
                    self._ends -= {near, far}


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
