"""Replies that are streamed to many pages at once, as their sockets see them.

Owns the listeners and what each token took. Invariant: one thread and few objects a message; a token tells itself when it was sent
(``stamped`` in the service), and every reply is read to its last word, so that what is lost is seen.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bench.parts.crowd import Message, Page, Seat
from bench.parts.service import COUNT, FEW, TOKENS

WAIT_S = 30


@dataclass
class Heard:
    """Of one turn: seconds from sending a token to its arrival, and the numbers of tokens that came, in order."""

    lags: list[float] = field(default_factory=list)
    came: list[int] = field(default_factory=list)

    @property
    def whole(self) -> int:
        """How many tokens came in their place."""
        return sum(number == place for place, number in enumerate(self.came))


class Listener:
    """A candidate's page that asks and listens."""

    def __init__(self, address: str, seat: Seat) -> None:
        self.page = Page(address, seat, self._hear)
        self._text, self.heard = "", Heard()
        self._over = asyncio.Event()

    async def ask(self, prompt: str) -> Heard:
        """All of a reply."""
        self._text, self.heard = "", Heard()
        self._over.clear()
        answer, _ = await self.page.call("ask", {"text": prompt})
        assert answer["ok"], answer
        await asyncio.wait_for(self._over.wait(), WAIT_S)
        return self.heard

    def _hear(self, events: list[Message], now: float) -> None:
        for event in events:
            payload = event["payload"]
            match event["type"]:
                case "reply.appended":
                    self._text += payload["text"]
                    for token in payload["text"].split():
                        at, _, number = token.partition("@")
                        self.heard.lags.append(now - float(at))
                        self.heard.came.append(int(number))
                case "reply.finished":
                    assert payload["text"] == self._text, "a reply's pieces are not the reply"
                    self._over.set()
                case "reply.failed":
                    raise AssertionError(f"a reply failed: {payload['reason']}")


@dataclass
class Streamed:
    """Of one go: seconds a token took, and the share of all tokens that came, in percent."""

    lags: list[float]
    came: float


def stream(address: str, seats: list[Seat], runs: int) -> list[tuple[Streamed, Streamed]]:
    """So often one reply by itself, and then one to every seat at once."""
    return asyncio.run(_stream(address, seats, runs))


async def _stream(address: str, seats: list[Seat], runs: int) -> list[tuple[Streamed, Streamed]]:
    listeners = [Listener(address, seat) for seat in seats]
    for one in listeners:
        await one.page.open()
    # What a server does once in its life belongs to nobody's reply.
    await listeners[0].ask(FEW)
    taken = [(await _go(listeners[:1]), await _go(listeners)) for _ in range(runs)]
    await asyncio.gather(*(one.page.close() for one in listeners))
    return taken


async def _go(listeners: list[Listener]) -> Streamed:
    heard = await asyncio.gather(*(one.ask(TOKENS) for one in listeners))
    came = sum(one.whole for one in heard)
    return Streamed([lag for one in heard for lag in one.lags], 100 * came / (COUNT * len(listeners)))
