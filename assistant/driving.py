"""Driving a service's asynchronous SDK from the thread of a reply, and asking again what may pass.

Owns the one event loop that all replies share, reading ahead of a stream, and the patience with a failing service. Invariant: a
piece is handed over the moment it comes; a stop or a deadline ends whatever is under way, be it connecting, a pause or a silent
stream, and hangs up. Leaves out what a failure means (``assistant.outages``) and what is said (each provider).
"""

from __future__ import annotations

import asyncio
import atexit
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from email.utils import parsedate_to_datetime
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

GLANCE_S = 0.05  # how often the stop button is looked at while nothing comes
TRIES = 8  # requests for one message at most
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
CLOSING_S = 1.0
T = TypeVar("T")


class Stopped(Exception):
    """The candidate pressed stop."""


class Late(Exception):
    """Nothing came within the deadline."""


class _End:
    """Nothing more will come; ``error`` is why, where it is no good end."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error


class Feed(Generic[T]):
    """What a source yields, in the thread that iterates. ``deadline`` (``time.monotonic()``) holds for the next piece."""

    def __init__(self, cancelled: Callable[[], bool], deadline: float | None) -> None:
        self.deadline = deadline
        self._cancelled = cancelled
        self._queue: SimpleQueue[T | _End] = SimpleQueue()

    def __iter__(self) -> Iterator[T]:
        """Raises ``Stopped``, ``Late`` and whatever the source raised."""
        while not isinstance(item := self._next(), _End):
            yield item
        if item.error is not None:
            raise item.error

    def _next(self) -> T | _End:
        while True:
            if self._cancelled():
                raise Stopped
            try:
                return self._queue.get(timeout=GLANCE_S)
            except Empty:
                if self.deadline is not None and time.monotonic() > self.deadline:
                    raise Late from None

    async def fill(self, source: Callable[[], AsyncGenerator[T, None]]) -> None:
        """Read the source to its end; in the loop."""
        end = _End()
        try:
            async with aclosing(source()) as pieces:
                async for piece in pieces:
                    self._queue.put(piece)
        except Exception as error:
            end = _End(error)
        self._queue.put(end)


@contextmanager
def reading(
    source: Callable[[], AsyncGenerator[T, None]], cancelled: Callable[[], bool], deadline: float | None
) -> Iterator[Feed[T]]:
    """The pieces of an asynchronous generator, which is closed at the end of the block, however that comes about.

    The generator opens its connection itself and closes it in its ``finally``, as it may be cancelled at any ``await``.
    """
    feed: Feed[T] = Feed(cancelled, deadline)
    under_way = asyncio.run_coroutine_threadsafe(feed.fill(source), loop())
    try:
        yield feed
    finally:
        under_way.cancel()


def pause(seconds: float, cancelled: Callable[[], bool]) -> None:
    """Wait. Raises ``Stopped`` as soon as stop is pressed."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if cancelled():
            raise Stopped
        time.sleep(min(left, GLANCE_S))


class Patience:
    """How long, and how often, a service is asked until there is a first sign of its answer.

    The pauses double from half a second to eight, each up to a quarter shorter; by how much follows from ``seed``, so that
    replies that failed together do not return together, and the same reply waits the same time.
    """

    def __init__(self, seconds: float, seed: str) -> None:
        self.deadline = time.monotonic() + seconds
        self._seed = seed
        self._tries = 0

    def pause_s(self, after_s: float | None) -> float | None:
        """Seconds until the next request, ``after_s`` where the service said so; None where time or tries are used up."""
        self._tries += 1
        wait_s = self._backoff_s() if after_s is None else after_s
        if self._tries >= TRIES or time.monotonic() + wait_s >= self.deadline:
            return None
        return wait_s

    @property
    def left_s(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    def _backoff_s(self) -> float:
        digest = sha256(f"{self._seed} {self._tries}".encode()).digest()
        longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (self._tries - 1))
        return longest * (1 - digest[0] / 255 / 4)


def after_s(headers: Mapping[str, str], now: float) -> float | None:
    """When a service wants to be asked again, in seconds from ``now`` (Unix time); None where its answer does not say."""
    try:
        return max(0.0, float(headers["retry-after-ms"]) / 1000)
    except (KeyError, ValueError):
        told = headers.get("retry-after", "")
    try:
        return max(0.0, float(told))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(told).timestamp() - now)
    except ValueError:
        return None


class _Loop:
    """The event loop, in a thread of its own from when it is first needed until the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closing: list[Callable[[], Awaitable[None]]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="assistant", daemon=True)
                self._thread.start()
                atexit.register(self._close)
            return self._loop

    def at_end(self, close: Callable[[], Awaitable[None]]) -> None:
        self._closing.append(close)

    def _close(self) -> None:
        loop = self.get()
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end(), loop).result(CLOSING_S)
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(CLOSING_S)
        if not self._thread.is_alive():
            loop.close()

    async def _end(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for one in left:
            one.cancel()
        await asyncio.gather(*left, *(close() for close in self._closing), return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()


_shared = _Loop()


def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all replies. Connections that are kept between replies belong to it."""
    return _shared.get()


def at_end(close: Callable[[], Awaitable[None]]) -> None:
    """Have something that is kept between replies closed when the process ends."""
    _shared.at_end(close)
