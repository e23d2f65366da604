"""A page that forgets nothing, for tests that break things under it.

Owns what a page of the product does about its connection: acts are kept until answered and sent again as they were,
what was missed is asked for, events are taken once and in order. Invariant: ``events`` is gapless from 1; an act ends with the
server's own answer, however often the server went away meanwhile. Leaves out what is done with it (``load``).
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable

import requests
import socketio

from interviews import events as e
from interviews.fold import fold
from interviews.state import State
from tests.product import Browser, Message, Product, understand

AGAIN_S = 0.05
BUSY_S = 0.5
FAILURES = 3
ANSWER_S = 60.0
UNANSWERED = ("busy", "moved", "failed")


class Stopped(Exception):
    """The page was closed while it waited."""


class Page(Browser):
    """One page. An act may be under way in one thread at a time."""

    def __init__(self, product: Product, role: str, name: str) -> None:
        super().__init__(product, role, name)
        self.stopped = threading.Event()
        self.answers: list[Message] = []
        """Every answer that came, also those that only said to try again."""
        self.connections = 0
        self.silence_s = ANSWER_S
        """How long an answer may take before the connection is taken for dead."""
        self._refused, self._skew = "", 0.0
        self._keys = itertools.count(1)
        self._changed = threading.Condition()
        self._line: socketio.Client | None = None

    # The connection

    def online(self) -> None:
        """Return once connected and with nothing missed. Raises ``Stopped``, and ``AssertionError`` after a minute."""
        until = time.monotonic() + ANSWER_S
        while self._line is None:
            assert time.monotonic() < until, f"no connection in a minute: {self._refused}"
            if not self._try():
                self._pause()

    def _try(self) -> bool:
        line = _Line(reconnection=False)
        line.on("events", lambda message: self._take(line, message["events"]))
        line.on("disconnect", lambda *_: self._lost(line))
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies)
        query = f"interview={self.interview}&role={self.role}&client={self.client}"
        try:
            line.connect(
                f"{self.address}?{query}", headers={"Cookie": cookies}, transports=["websocket"], wait_timeout=5
            )
        except (socketio.exceptions.ConnectionError, requests.RequestException) as error:
            self._refused = str(error)
            _hang_up(line)
            return False
        self._line = line
        self.connections += 1
        more = True
        while more:
            said = self._ask(line, "hello", {"since": len(self.events)})
            if said is None or not said["ok"]:
                self._refused = f"hello: {said}"
                self._lost(line)
                return False
            self._skew = said["now"] - time.monotonic() * 1000
            more = bool(said.get("more"))
        return True

    def now(self) -> int:
        """The server's time as it was said at the last hello, and as it went on since. Unix ms."""
        return int(time.monotonic() * 1000 + self._skew)

    def _take(self, line: socketio.Client, events: list[Message]) -> None:
        fresh = [event for event in events if event["seq"] > len(self.events)]
        if not fresh or line is not self._line:
            return
        with self._changed:
            if fresh[0]["seq"] != len(self.events) + 1:
                # As a page does: what is missing is asked for anew.
                self._line = None
            else:
                self.events.extend(fresh)
            self._changed.notify_all()
        if self._line is not line:
            _hang_up(line)

    def _lost(self, line: socketio.Client) -> None:
        with self._changed:
            if self._line is line:
                self._line = None
            self._changed.notify_all()
        _hang_up(line)

    def cut(self) -> None:
        """Lose the connection, without a word to the server."""
        if (line := self._line) is not None:
            self._lost(line)

    def close(self) -> None:
        """Close the page."""
        self.stopped.set()
        self.cut()

    def _pause(self, seconds: float = AGAIN_S) -> None:
        if self.stopped.wait(seconds):
            raise Stopped

    # Acts

    def _ask(self, line: socketio.Client, name: str, message: Message) -> Message | None:
        """The answer, or None where the connection was lost before it."""
        box: list[Message] = []

        def answered(ack: Message | None = None) -> None:
            with self._changed:
                box.append(ack or {})
                self._changed.notify_all()

        try:
            line.emit(name, message, callback=answered)
        except socketio.exceptions.SocketIOError:
            return None
        with self._changed:
            self._changed.wait_for(lambda: box or self._line is not line, self.silence_s)
            if box:
                return box[0]
        if self._line is line:
            assert self.silence_s < ANSWER_S, f"{name} was not answered in a minute"
            self._lost(line)
        return None

    def act(self, name: str, **message: object) -> Message:
        """Do it, and return the server's word on it: sent again, the same, until that comes.

        Where the server fails at it again and again, that is its word; an edit is kept for as long as it takes.
        """
        kept = {"client_seq": next(self._keys), **message}
        until, failures = time.monotonic() + ANSWER_S, 0
        while True:
            self.online()
            answer = None if self._line is None else self._ask(self._line, name, kept)
            if answer is not None:
                self.answers.append(answer)
                failures += answer.get("code") == "failed"
                if failures > FAILURES and name != "edit":
                    return answer
                if answer["ok"] or answer["code"] not in UNANSWERED:
                    return answer
            assert time.monotonic() < until, f"{name} had no word in a minute, last {answer}"
            self._pause(BUSY_S if answer is not None else AGAIN_S)

    def once(self, name: str, **message: object) -> Message:
        """Do it, and return the first answer, whatever it is."""
        self.online()
        assert self._line is not None
        answer = self._ask(self._line, name, {"client_seq": next(self._keys), **message})
        assert answer is not None, "the connection was lost"
        return answer

    def until(self, true: Callable[[], object], seconds: float = 60) -> None:
        """Wait for what events bring about, connected again wherever the connection is lost."""
        end = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < end, f"waited {seconds} s in vain; last answers: {self.answers[-3:]}"
            self.online()
            with self._changed:
                self._changed.wait(0.05)


class Follower:
    """The state as a page's events leave it, folded as they come."""

    def __init__(self, page: Page) -> None:
        self._page, self._state = page, State()

    @property
    def state(self) -> State:
        """Now."""
        return fold(map(understand, self._page.events[self._state.seq :]), self._state)

    def file(self, path: str) -> tuple[int, str] | None:
        """Version and text, or None while there is no such file."""
        found = self.state.files.get(path)
        return None if found is None or found.text is None else (found.version, found.text)


class _Line(socketio.Client):  # type: ignore[misc]  # the library has no types
    """Takes one message after the other. The library begins a thread for each, and on a busy machine a later one overtakes."""

    def _engineio_client_class(self) -> type:
        class InOrder(super()._engineio_client_class()):  # type: ignore[misc]  # the library has no types
            def _trigger_event(self, event: str, *args: object, **kwargs: object) -> object:
                return super()._trigger_event(event, *args, **{**kwargs, "run_async": False})

        return InOrder


def _hang_up(line: socketio.Client) -> None:
    """The client's library leaves a connection open that the server closed, and closes none that is being read."""
    wire = getattr(line.eio, "ws", None)
    if wire is not None and wire.sock is not None:
        with contextlib.suppress(OSError):
            wire.sock.shutdown(socket.SHUT_RDWR)
        wire.shutdown()


def payloads(events: list[e.Record], type_: str) -> list[dict[str, e.Json]]:
    """The payloads of one type that were not erased."""
    return [record.payload for record in events if record.type == type_ and record.payload is not None]
