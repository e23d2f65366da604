"""The server's end of one terminal or pipe inside the sandbox.

Owns its window in both directions and the thread that calls back. Invariant: neither side holds more than a window of what the
other has not taken; a callback that waits or fails holds up its own terminal alone. Leaves out the stream that all of them
share (``client``).
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol

from interviews.errors import BadInput
from sandbox.agent import WINDOW, FrameError, Header

MAX_UNSENT_INPUT = 1 << 20
CREDIT_STEP = WINDOW // 8


class Post(Protocol):
    """Sends a frame that has no answer; never waits."""

    def __call__(self, header: Header, body: bytes = b"") -> None: ...


class AgentPipe:
    """The server's end of a terminal or a pipe. Its own thread calls back and gives credit for what was taken."""

    def __init__(
        self, post: Post, number: int, on_output: Callable[[bytes], None], on_exit: Callable[[int], None]
    ) -> None:
        self._post = post
        self.number = number
        self._on_output = on_output
        self._on_exit = on_exit
        self._lock = threading.Lock()
        self._unsent = bytearray()
        self._room = 0
        self._owed = 0
        self._taken = 0
        self._closed = False
        self._arrived: queue.SimpleQueue[bytes | int] = queue.SimpleQueue()

    def write(self, data: bytes) -> None:
        """Queue keys. Raises ``BadInput`` when the program inside has left more than 1 MiB unread."""
        with self._lock:
            if self._closed:
                return
            if len(self._unsent) + len(data) > MAX_UNSENT_INPUT:
                raise BadInput(
                    "Expected at most %(limit)s unread bytes of input, got %(got)s; the program is not reading.",
                    limit=MAX_UNSENT_INPUT,
                    got=len(self._unsent) + len(data),
                )
            self._unsent += data
            self._send()

    def close(self) -> None:
        with self._lock:
            if not self._closed:
                self._closed = True
                self._post({"op": "close", "term": self.number})

    def begin(self, room: int) -> None:
        """The agent has opened it and takes ``room`` bytes."""
        with self._lock:
            self._room += room
            self._send()
        threading.Thread(target=self._call_back, name=f"pipe-{self.number}", daemon=True).start()

    def _send(self) -> None:
        while self._room and self._unsent:
            part = bytes(self._unsent[: min(self._room, 16 << 10)])
            del self._unsent[: len(part)]
            self._room -= len(part)
            self._post({"op": "input", "term": self.number}, part)

    def credit(self, count: int) -> None:
        with self._lock:
            self._room = min(WINDOW, self._room + count)
            self._send()

    def arrived(self, data: bytes) -> None:
        """Called by the reader. Raises ``FrameError`` when more came than was granted, or nothing at all."""
        with self._lock:
            self._owed += len(data)
            if not data or self._owed > WINDOW:
                raise FrameError("output beyond its window, or none")
        self._arrived.put(data)

    def ended(self, code: int) -> None:
        with self._lock:
            self._closed = True
        self._arrived.put(code)

    def _call_back(self) -> None:
        while True:
            item = self._arrived.get()
            if isinstance(item, int):
                with contextlib.suppress(Exception):
                    self._on_exit(item)
                return
            # A callback's failure is its owner's; the terminal goes on.
            with contextlib.suppress(Exception):
                self._on_output(item)
            with self._lock:
                self._taken += len(item)
                if self._taken < CREDIT_STEP:
                    continue
                count, self._taken = self._taken, 0
                self._owed -= count
            self._post({"op": "credit", "term": self.number, "n": count})


class AgentTerminal(AgentPipe):
    """The server's end of a terminal."""

    def resize(self, cols: int, rows: int) -> None:
        """Raises ``BadInput`` outside of 1 to 1000."""
        check_size(cols, rows)
        with self._lock:
            if not self._closed:
                self._post({"op": "resize", "term": self.number, "cols": cols, "rows": rows})


def check_size(cols: int, rows: int) -> None:
    """Raises ``BadInput`` for a terminal size outside of 1 to 1000."""
    if not (1 <= cols <= 1000 and 1 <= rows <= 1000):
        raise BadInput("Expected a terminal size from 1 to 1000, got %(cols)s × %(rows)s.", cols=cols, rows=rows)
