"""A connection without manners: it sends whatever it likes, and reads only when told to.

Owns one raw WebSocket to the product, spoken to in frames of Engine.IO and Socket.IO. Invariant: nothing is read, answered or
retried behind the test's back.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
from types import TracebackType

import websocket

from tests.product import Browser, Message

CLOSE = 8


class Wire:
    """One open line of ``browser``'s role under the client id ``name``; an ``AssertionError`` where it is not let in.

    ``buffer``: bytes that its side keeps unread.
    """

    def __init__(self, browser: Browser, name: str, buffer: int = 0) -> None:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.http.cookies)
        query = f"EIO=4&transport=websocket&interview={browser.interview}&role={browser.role}&client={name}"
        address = browser.address.replace("http", "ws", 1)
        options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)] if buffer else []
        self.line = websocket.create_connection(
            f"{address}/socket.io/?{query}", header={"Cookie": cookies}, timeout=30, sockopt=options
        )
        self._numbers = itertools.count(1)
        self.closed: tuple[int, str] | None = None
        """Code and reason that the server closed the line with; (0, "") where it only hung up."""
        try:
            assert (self.read() or "").startswith("0{")
            assert self.frame("40")
            assert (self.read() or "").startswith("40{")
        except BaseException:
            self.line.shutdown()  # type: ignore[no-untyped-call]  # the library types only a part
            raise

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError, AttributeError):
            # Closing alone ends nothing while another thread reads; an ended line has none.
            self.line.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]  # None once it has ended, and then there is nothing to end
        self.line.shutdown()  # type: ignore[no-untyped-call]  # the library types only a part

    def send(self, name: str, **message: object) -> int:
        """Send a message that asks to be acknowledged; returns the number of its acknowledgement."""
        number = next(self._numbers)
        self.frame(f"42{number}{json.dumps([name, message])}")
        return number

    def frame(self, text: str) -> bool:
        """Send any frame; whether the line still took it."""
        try:
            self.line.send(text)
        except (OSError, websocket.WebSocketException):
            return False
        return True

    def read(self) -> str | None:
        """The next frame, or None once the line has ended. Raises where none comes within 30 s."""
        try:
            code, data = self.line.recv_data()
        except websocket.WebSocketTimeoutException:
            raise
        except (OSError, websocket.WebSocketException):
            self.closed = self.closed or (0, "")
            return None
        if code == CLOSE:
            self.closed = (int.from_bytes(data[:2], "big"), data[2:].decode())
            return None
        return str(data, "utf-8")

    def answers(self, last: int = 0) -> dict[int, Message]:
        """Read until the acknowledgement with the number ``last`` has come, or the line has ended; all that came, by number."""
        found: dict[int, Message] = {}
        while last not in found and (frame := self.read()) is not None:
            if frame.startswith("43"):
                number, _, rest = frame[2:].partition("[")
                found[int(number)] = json.loads("[" + rest)[0]
            elif frame == "2":
                self.frame("3")
        return found

    def both(self, last: int) -> tuple[Message, list[Message]]:
        """Read until the acknowledgement ``last``: it, and the events that came before it."""
        events: list[Message] = []
        while (frame := self.read()) is not None:
            if frame.startswith('42["events"'):
                events += json.loads(frame[2:])[1]["events"]
            elif frame.startswith(f"43{last}["):
                answer: Message = json.loads(frame[2 + len(str(last)) :])[0]
                return answer, events
            elif frame == "2":
                self.frame("3")
        raise AssertionError(f"the line ended with {self.closed}")

    def events(self, upto: int) -> list[Message]:
        """Read events until the one with the number ``upto`` has come, or the line has ended."""
        found: list[Message] = []
        while not (found and found[-1]["seq"] >= upto) and (frame := self.read()) is not None:
            if frame.startswith('42["events"'):
                found += json.loads(frame[2:])[1]["events"]
            elif frame == "2":
                self.frame("3")
        return found
