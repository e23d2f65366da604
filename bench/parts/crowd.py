"""People at their pages, as a server sees them: candidates who type, and one interviewer watching each.

Owns the load and what each message took. Invariant: one thread and few objects a message, so that many people cost less than the
server that is measured; a message's time counts from when it was due, also where the one before it was late. Speaks Socket.IO over
WebSocket and nothing more of it than this needs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests
from simple_websocket import AioClient

from bench.parts.serve import Served
from interviews.text import length

Message = dict[str, Any]
BATCH = 3
EVERY_S = 0.5
PATH = "playlists/request.py"
WAIT_S = 30


@dataclass(frozen=True)
class Seat:
    """One page's way in: the interview's id and the cookie that opens it, "" where nobody asks for one."""

    interview: str
    role: str
    cookie: str = ""


def sit_down(served: Served) -> list[tuple[Seat, Seat]]:
    """Every interview's candidate, consented and begun, and its interviewer."""

    def one(links: dict[str, str]) -> tuple[Seat, Seat]:
        candidate, interviewer = _join(links["candidate"], "candidate"), _join(links["interviewer"], "interviewer")
        url = f"{served.address}/interviews/{candidate.interview}/consent"
        answer = requests.post(
            url,
            data={"agreed": "yes", "plants": "yes"},
            headers={"Cookie": candidate.cookie},
            timeout=WAIT_S,
            allow_redirects=False,
        )
        assert answer.status_code == 302, answer.text
        return candidate, interviewer

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, served.links))


def _join(link: str, role: str) -> Seat:
    with requests.Session() as http:
        landed = http.get(link, timeout=WAIT_S)
        cookie = "; ".join(f"{one.name}={one.value}" for one in http.cookies)
    return Seat(landed.url.split("/interviews/")[1].split("/")[0], role, cookie)


class Page:
    """One WebSocket. ``on_events`` hears the events of each message, with the time they came."""

    def __init__(self, address: str, seat: Seat, on_events: Callable[[list[Message], float], None]) -> None:
        self._address, self._seat, self._on_events = address, seat, on_events
        self._numbers = itertools.count()
        self._answers: dict[int, asyncio.Future[tuple[Message, float]]] = {}
        self._open = asyncio.Event()

    async def open(self) -> None:
        """Connect and say hello."""
        query = {"EIO": 4, "transport": "websocket", "interview": self._seat.interview, "role": self._seat.role}
        url = f"{self._address.replace('http', 'ws', 1)}/socket.io/?{urlencode({**query, 'client': 'bench'})}"
        headers = {"Cookie": self._seat.cookie} if self._seat.cookie else {}
        self._socket = await AioClient.connect(url, headers=headers)
        self._reading = asyncio.create_task(self._read())
        # Not only when the server has opened its side: what came along with the handshake is read with what comes next.
        await self._socket.send("40")
        await asyncio.wait_for(self._open.wait(), WAIT_S)
        answer, _ = await self.call("hello", {"since": 0})
        assert answer["ok"], answer

    async def call(self, name: str, message: Message) -> tuple[Message, float]:
        """Send; the answer and the time it came."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        body = json.dumps([name, {"client_seq": number, **message}], separators=(",", ":"))
        await self._socket.send(f"42{number}{body}")
        return await asyncio.wait_for(answer, WAIT_S)

    async def close(self) -> None:
        self._reading.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        while True:
            packet = await self._socket.receive()
            now = time.perf_counter()
            match packet[:2]:
                case "2":
                    await self._socket.send("3")
                case "40":
                    self._open.set()
                case "42":
                    name, message = json.loads(packet[2:])
                    if name == "events":
                        self._on_events(message["events"], now)
                case "43":
                    at = packet.index("[")
                    self._answers.pop(int(packet[2:at])).set_result((json.loads(packet[at:])[0], now))


@dataclass
class Taken:
    """Seconds from when a message was due: until its answer, and until the viewer had its events."""

    acks: list[float] = field(default_factory=list)
    views: list[float] = field(default_factory=list)


class Pair:
    """A candidate who types into one file, and who watches."""

    def __init__(self, address: str, seats: tuple[Seat, Seat], chance: random.Random) -> None:
        self.taken = Taken()
        self._chance = chance
        self._version, self._units, self._at = 0, 4_000, 100
        self._due: dict[int, float] = {}
        self.came_back: list[str] = []
        self.candidate = Page(address, seats[0], self._learn)
        self.viewer = Page(address, seats[1], self._see)

    def _learn(self, events: list[Message], _now: float) -> None:
        for event in events:
            payload = event["payload"]
            # A text that is recorded whole once more is known here, and by now typed on: it may come while edits are on their way.
            whole = event["type"] == "file.snapshotted" and payload["origin"] != "keyframe"
            if whole and payload["path"] == PATH:
                self._version, self._units = payload["version"], length(payload["text"])
            elif event["type"] == "ticket.returned":
                self.came_back.append(payload["ticket"])
            elif event["type"] == "reply.failed":
                raise AssertionError(f"a reply failed: {payload['reason']}")

    def _see(self, events: list[Message], now: float) -> None:
        for event in events:
            if event["type"] == "file.edited" and (due := self._due.pop(event["payload"]["version"], None)):
                self.taken.views.append(now - due)

    async def open(self) -> None:
        await self.viewer.open()
        await self.candidate.open()

    async def type(self, until: Callable[[], bool]) -> None:
        """A batch at each due time."""
        due = time.perf_counter() + self._chance.random() * EVERY_S
        while not until():
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            updates = []
            for _ in range(BATCH):
                changes = [self._at, [0, self._chance.choice("etaoin(): ")], self._units - self._at]
                updates.append({"clientID": "bench", "changes": changes, "origin": "typed"})
                self._at, self._units = self._at + 1, self._units + 1
            self._due[self._version + BATCH] = due
            message = {"path": PATH, "version": self._version, "updates": updates}
            answer, now = await self.candidate.call("edit", message)
            assert answer["ok"], answer
            self._version = answer["version"]
            self.taken.acks.append(now - due)
            due += EVERY_S

    async def hand_over(self, text: str) -> str:
        """Open a ticket beside the typing; returns its id."""
        answer, _ = await self.candidate.call("ticket.open", {"title": "Bench", "text": text})
        assert answer["ok"], answer
        return str(answer["ticket"])

    async def close(self) -> None:
        await asyncio.gather(self.candidate.close(), self.viewer.close())


class Crowd:
    """All of them, on a thread of their own."""

    def __init__(self, address: str, seats: list[tuple[Seat, Seat]]) -> None:
        self._pairs = [Pair(address, both, random.Random(number)) for number, both in enumerate(seats)]

    def forget(self) -> None:
        """Count from now on."""
        for pair in self._pairs:
            pair.taken = Taken()

    @property
    def taken(self) -> Taken:
        all_ = [pair.taken for pair in self._pairs]
        return Taken([s for one in all_ for s in one.acks], [s for one in all_ for s in one.views])

    def hand_over(self, text: str) -> Callable[[], bool]:
        """A ticket from every candidate at once; returns whether all of them have come back."""
        work = [asyncio.run_coroutine_threadsafe(pair.hand_over(text), self._loop) for pair in self._pairs]
        tickets = [one.result(WAIT_S) for one in work]
        return lambda: all(one in pair.came_back for one, pair in zip(tickets, self._pairs, strict=True))

    async def run(self, began: threading.Event, ended: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        for first in range(0, len(self._pairs), 10):
            await _all(pair.open() for pair in self._pairs[first : first + 10])
        began.set()
        await _all(pair.type(ended.is_set) for pair in self._pairs)
        await _all(pair.close() for pair in self._pairs)


async def _all(work: Iterator[Awaitable[None]]) -> None:
    await asyncio.gather(*work)


@contextmanager
def crowd(address: str, seats: list[tuple[Seat, Seat]]) -> Iterator[Crowd]:
    """The load, from the first batch to the end of the block."""
    people, began, ended = Crowd(address, seats), threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(asyncio.run, people.run(began, ended))
        running.add_done_callback(lambda _: began.set())
        try:
            began.wait(WAIT_S)
            yield people
        finally:
            ended.set()
            # Whatever else failed, failed because of this.
            running.result(WAIT_S)
