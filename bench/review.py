"""What it costs to hand work over, and to find out what becomes of work that was handed in.

Owns those figures. A ticket's first step stands beside that of the same prompt in open work; editors' acknowledgements while ten
tickets are worked on, each with its own sandbox in which tests run, beside the same editors' with none. The service is the loopback
Messages API, in a process of its own. All analyses of one interview stand beside its hidden tests alone.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.measure import RUNS, Row, p95, row
from bench.parts.analysed import taken as analysed
from bench.parts.crowd import Seat, crowd, sit_down
from bench.parts.firststep import first_steps
from bench.parts.serve import Served, served
from bench.parts.service import LOOK, WORK, service

TICKETS = 10
WARM_S = 3.0
LOAD_S = 10.0
BACK_S = 300.0
# A p95 of some 250 moves by a third from time to time.
TIMES = 5
PROVIDER = "anthropic"
Environ = Mapping[str, str]


@contextmanager
def seats(product: Served) -> Iterator[list[tuple[Seat, Seat]]]:
    """Those who sit down; when they leave, their sandboxes are ended, which would wait for the server's successor."""
    taken = sit_down(product)
    try:
        yield taken
    finally:
        for candidate, _ in taken:
            requests.delete(f"{product.address}/bench/{candidate.interview}", timeout=BACK_S)


def handed_over(folder: Path, environ: Environ) -> Row:
    with (
        served("sandboxed", folder / "first", RUNS, provider=PROVIDER, environ=environ) as product,
        seats(product) as taken,
    ):
        times = [asyncio.run(first_steps(product.address, seat, LOOK)) for seat, _ in taken]
    what = "p95 from handing a ticket over to its first step on the page's socket, beside the same prompt in open work"
    return row(
        what, "ms", [p95(ticket) * 1000 for ticket, _ in times], [p95(asked) * 1000 for _, asked in times], target=1.5
    )


def beside(folder: Path, environ: Environ) -> Row:
    """In one crowd by turns: without, with, without, …"""
    alone, busy = list[float](), list[float]()
    with (
        served("sandboxed", folder / "many", TICKETS, provider=PROVIDER, environ=environ) as product,
        seats(product) as taken,
        crowd(product.address, taken) as people,
    ):
        time.sleep(WARM_S)
        for _ in range(TIMES):
            people.forget()
            time.sleep(LOAD_S)
            alone.append(p95(people.taken.acks) * 1000)
            people.forget()
            back, began = people.hand_over(WORK), time.monotonic()
            while not back():
                assert time.monotonic() - began < BACK_S, "the tickets did not come back"
                time.sleep(0.1)
            busy.append(p95(people.taken.acks) * 1000)
    what = f"p95 of an editor's acknowledgement while {TICKETS} tickets are worked on at once, beside the same editors with none"
    return row(what, "ms", busy, alone, target=1.5)


def analyses(folder: Path) -> Row:
    """Seconds that somebody waits, so the bound is no ratio."""
    times = analysed(folder / "analysed", RUNS)
    what = "all analyses of one interview, handed in with a review and tests of its own, beside its hidden tests alone"
    return row(what, "s", [ours for ours, _ in times], [hidden for _, hidden in times], target=120.0, bound="value")


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name, service(Path(name)) as environ:
        folder = Path(name)
        return [handed_over(folder, environ), beside(folder, environ), analyses(folder)]
