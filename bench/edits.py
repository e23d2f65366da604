"""What it costs that edits are durable, shared and folded.

Owns those figures. Fifty candidates type two messages of three edits a second, each with an interviewer watching: how long until
a message is acknowledged, which means committed, beside a bare Flask-SocketIO echo under the same load; and, with one more
candidate and interviewer in real browsers among them, from a key to the letter on the other's screen. Applying and folding edits
stands beside slicing the text.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

from bench.measure import RUNS, Row, compare, p95, row
from bench.parts.chromium import chromium, keys_to_screen, watched_pair
from bench.parts.crowd import Seat, Taken, crowd, sit_down
from bench.parts.serve import served
from interviews import events as e
from interviews.fold import fold
from interviews.text import Changes, apply_changes

EDITS = 3000
FOLDED = 100_000
UNITS = 25_000
INTERVIEWS = 50
WARM_S = 3.0
LOAD_S = 10.0


def script(units: int, edits: int) -> list[tuple[int, int, str]]:
    """A reproducible list of (start, end, insert) that keeps the text near its size."""
    chance = random.Random(1)
    steps = []
    for number in range(edits):
        start = chance.randrange(units - 10)
        steps.append((start, start + (number % 2), "x"))
    return steps


def change_sets(units: int, steps: list[tuple[int, int, str]]) -> list[Changes]:
    """The steps as recorded, for a text of so many units."""
    out: list[Changes] = []
    for start, end, insert in steps:
        out.append([*([start] if start else []), [end - start, insert], *([units - end] if units > end else [])])
        units += len(insert) - (end - start)
    return out


def events(text: str, changes: list[Changes]) -> list[e.Event]:
    """A log of one file and its edits."""
    start: e.AnyPayload = e.FileSnapshotted(
        path="a.py", version=0, text=text, size=len(text), sha256="0" * 64, origin="starter"
    )
    typed: list[e.AnyPayload] = [
        e.FileEdited(path="a.py", version=version, changes=change, origin="typed", client="c1")
        for version, change in enumerate(changes, start=1)
    ]
    return [
        e.Event(seq=seq, at_ms=seq, actor="candidate", type=data.type, cause=None, data=data)
        for seq, data in enumerate([start, *typed], start=1)
    ]


def folding(text: str) -> Row:
    steps = script(UNITS, FOLDED)
    log = events(text, change_sets(UNITS, steps))

    def bare() -> str:
        now = text
        for start, end, insert in steps:
            now = now[:start] + insert + now[end:]
        return now

    assert fold(log).files["a.py"].text == bare()
    return compare(f"fold {FOLDED} edits of 25 KB", lambda: fold(log), bare, each=FOLDED, target=3.0)


def echoed(folder: Path) -> Taken:
    """What the bare echo's messages took."""
    seats = [(Seat(str(number), "candidate"), Seat(str(number), "interviewer")) for number in range(INTERVIEWS)]
    with served("echo", folder) as echo, crowd(echo.address, seats) as people:
        time.sleep(WARM_S)
        people.forget()
        time.sleep(LOAD_S)
        return people.taken


def recorded(folder: Path, browser: Browser, chance: random.Random) -> tuple[Taken, list[float]]:
    """What the product's messages took, and, behind that, what each key took to the screen."""
    with served("product", folder, INTERVIEWS + 1) as product:
        *links, real = product.links
        with crowd(product.address, sit_down(replace(product, links=links))) as people:
            time.sleep(WARM_S)
            people.forget()
            time.sleep(LOAD_S)
            taken = people.taken
            with watched_pair(browser, real) as pages:
                return taken, keys_to_screen(pages, LOAD_S, chance)


def live() -> Iterator[Row]:
    chance, names = random.Random(1), itertools.count()
    echoes: list[Taken] = []
    ours: list[tuple[Taken, list[float]]] = []
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        for _ in range(RUNS):
            echoes.append(echoed(Path(folder, str(next(names)))))
            ours.append(recorded(Path(folder, str(next(names))), browser, chance))
    acks, bare_acks = [p95(one.acks) * 1000 for one, _ in ours], [p95(one.acks) * 1000 for one in echoes]
    screens, bare_views = [p95(keys) * 1000 for _, keys in ours], [p95(one.views) * 1000 for one in echoes]
    load = f"{INTERVIEWS} interviews × 2 messages a second, one process, beside a bare Flask-SocketIO echo"
    yield row(f"p95 of a durable acknowledgement, {load}", "ms", acks, bare_acks, target=5.0)
    what = "p95 from the candidate's key to the letter on the interviewer's screen, the page's 250 ms of gathering included"
    yield row(f"{what}, {load}", "ms", screens, bare_views, target=500.0, bound="value")


def rows() -> list[Row]:
    text = ("def pick(tracks, wish):\n" * (UNITS // 24 + 1))[:UNITS]
    steps = script(UNITS, EDITS)

    def bare(begin: str) -> str:
        for start, end, insert in steps:
            begin = begin[:start] + insert + begin[end:]
        return begin

    changes = change_sets(UNITS, steps)

    def ours(begin: str) -> str:
        for change in changes:
            begin = apply_changes(begin, change)
        return begin

    assert ours(text) == bare(text)
    wide = text[:-1] + "é"
    assert ours(wide) == bare(wide)
    return [
        *live(),
        folding(text),
        compare("apply an edit, ASCII, 25 KB", lambda: ours(text), lambda: bare(text), each=EDITS),
        compare("apply an edit, other letters, 25 KB", lambda: ours(wide), lambda: bare(wide), each=EDITS),
    ]
