"""A server that is told to stop: nothing acknowledged is lost, what is under way is answered, and it is over in time."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from socketio.exceptions import SocketIOError

from tests.faults.load import Load
from tests.product import Browser, Message, Product, another_interview, start, wait, with_candidate

pytestmark = pytest.mark.sandbox
BUBBLEWRAP = ("--sandbox", "bubblewrap")
# Beyond what the server allows itself, for a machine that does much else.
OVER_S = 40
WATCHERS = 50


@contextlib.contextmanager
def database_held(data: Path) -> Iterator[sqlite3.Connection]:
    """Whoever would write waits."""
    with contextlib.closing(sqlite3.connect(data / "pairsight.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection


def leaders(data: Path) -> list[str]:
    """Who holds a lease in this database."""
    with contextlib.closing(sqlite3.connect(data / "pairsight.db")) as connection:
        return [owner for (owner,) in connection.execute("SELECT lease_owner FROM interviews") if owner is not None]


def watch(product: Product, interviews: list[str]) -> list[Browser]:
    """That many more pages, spread over the interviews."""
    pages = []
    for number in range(WATCHERS):
        interview = interviews[number % len(interviews)]
        page = Browser(with_candidate(product, interview), "interviewer", f"w{number}")
        assert page.connect()["ok"]
        pages.append(page)
    return pages


def answer_in_background(page: Browser, name: str, **message: object) -> list[Message]:
    """Sends a message; its answer will be in the list, where one comes."""
    answers: list[Message] = []

    def ask() -> None:
        with contextlib.suppress(SocketIOError):
            answers.append(page.send(name, **message))

    threading.Thread(target=ask, daemon=True).start()
    return answers


def refuses(page: Browser) -> bool:
    """Whether the server takes no more acts. What is asked for is nothing that it would do otherwise."""
    code: str = page.send("term.close", terminal="none")["code"]
    return code == "busy"


def works_on(product: Product, count: int) -> bool:
    """Whether so many messages are being answered."""
    return f"pairsight_messages_under_way {count}.0\n" in requests.get(f"{product.address}/metrics", timeout=5).text


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = start(tmp_path / "data", *BUBBLEWRAP, PAIRSIGHT_PACE="0.2")
    yield running
    running.stop()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_with_fifty_more_pages_connected_and_the_successor_goes_on_at_once(product: Product) -> None:
    interviews = [another_interview(product) for _ in range(3)]
    load = Load(product, interviews, seed=7)
    load.start()
    watchers = watch(product, interviews)
    port = int(product.address.rpartition(":")[2])
    again = None
    try:
        load.more(40)
        product.process.send_signal(signal.SIGTERM)
        assert product.process.wait(OVER_S) == 0
        assert leaders(product.data) == []
        wait(lambda: not any(page.socket.connected for page in watchers))
        again = start(product.data, *BUBBLEWRAP, port=port, PAIRSIGHT_PACE="0.2")
        load.more(40)
        load.stop()
        assert load.check(again)["word"]
    finally:
        load.close()
        if again is not None:
            again.stop()


def test_what_is_under_way_is_acknowledged_and_what_comes_later_is_refused_plainly(product: Product) -> None:
    candidate, watcher = Browser(product, "candidate"), Browser(product, "interviewer")
    assert candidate.consent().status_code == 200
    candidate.connect()
    watcher.connect()
    with database_held(product.data) as holding:
        under_way = answer_in_background(watcher, "note", text="said in the last moment", about_seq=1)
        wait(lambda: works_on(product, 1))
        product.process.send_signal(signal.SIGTERM)
        wait(lambda: refuses(candidate))
        assert "kept on this page" in candidate.send("create", path="late.txt")["error"]
        assert not under_way
        holding.execute("ROLLBACK")
    wait(lambda: under_way, OVER_S)
    assert under_way[0]["ok"]
    assert product.process.wait(OVER_S) == 0
    again = start(product.data, *BUBBLEWRAP)
    try:
        page = Browser(again, "interviewer")
        page.connect()
        wait(lambda: page.state["notes"])
        assert [note["text"] for note in page.state["notes"]] == ["said in the last moment"]
        assert "late.txt" not in page.state["files"]
    finally:
        again.stop()


def test_a_second_signal_ends_it_at_once(product: Product) -> None:
    candidate, watcher = Browser(product, "candidate"), Browser(product, "interviewer")
    assert candidate.consent().status_code == 200
    candidate.connect()
    watcher.connect()
    with database_held(product.data):
        answer_in_background(watcher, "note", text="never said", about_seq=1)
        wait(lambda: works_on(product, 1))
        product.process.send_signal(signal.SIGTERM)
        wait(lambda: refuses(candidate))
        product.process.send_signal(signal.SIGTERM)
        # Held as the database is, the first signal alone would take longer.
        assert product.process.wait(3) == 1
        product.reader.join(10)
        assert not product.reader.is_alive(), "a process of the server is left"
    with pytest.raises(requests.ConnectionError):
        requests.get(product.address, timeout=5)


def test_a_key_in_the_terminal_reaches_every_process_and_counts_once(product: Product) -> None:
    candidate = Browser(product, "candidate")
    assert candidate.consent().status_code == 200
    candidate.connect()
    os.killpg(product.process.pid, signal.SIGINT)
    assert product.process.wait(OVER_S) == 0
    assert leaders(product.data) == []
