"""From handing work over, or asking, to the first step of the work, as a candidate's socket sees it."""

from __future__ import annotations

import asyncio
import time

from bench.parts.crowd import Message, Page, Seat

TIMES = 20
WAIT_S = 30


class Worker:
    """A candidate's page that hears when the first step comes, and when the work is over."""

    def __init__(self, address: str, seat: Seat) -> None:
        self.page = Page(address, seat, self._hear)
        self._first: asyncio.Future[float] | None = None
        self._over = asyncio.Event()

    async def first(self, act: str, message: Message) -> float:
        """Seconds until the first step of what that act asks for; returns when all of it is over."""
        self._first, began = asyncio.get_running_loop().create_future(), time.perf_counter()
        self._over.clear()
        answer, _ = await self.page.call(act, message)
        assert answer["ok"], answer
        came = await asyncio.wait_for(self._first, WAIT_S)
        await asyncio.wait_for(self._over.wait(), WAIT_S)
        return came - began

    def _hear(self, events: list[Message], now: float) -> None:
        for event in events:
            match event["type"]:
                case "tool.started" if self._first is not None and not self._first.done():
                    self._first.set_result(now)
                case "reply.finished":
                    self._over.set()
                case "reply.failed":
                    raise AssertionError(f"a reply failed: {event['payload']['reason']}")


async def first_steps(address: str, seat: Seat, text: str) -> tuple[list[float], list[float]]:
    """Of tickets and of prompts with the same words, in turn."""
    worker = Worker(address, seat)
    await worker.page.open()
    ticket, prompt = ("ticket.open", {"title": text, "text": text}), ("ask", {"text": text})
    # What a server does once in its life belongs to neither.
    await worker.first(*prompt)
    await worker.first(*ticket)
    taken = [(await worker.first(*ticket), await worker.first(*prompt)) for _ in range(TIMES)]
    await worker.page.close()
    return [one for one, _ in taken], [one for _, one in taken]
