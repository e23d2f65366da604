"""The database full, held by another, or gone for a while: acts are refused in words, none is lost, work goes on."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from interviews import events as e
from interviews.log import Draft
from interviews.store import SqlLog, open_engine
from interviews.store.engine import WAIT_S
from tests import postgres
from tests.faults.load import Load
from tests.faults.pages import Follower, Page
from tests.product import Message, Product, another_interview, start, wait, with_candidate
from tests.support import counting_salt, header, ticking_clock

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(300)]
SIZE = "24m"
PASTED = "x" * 100_000
Lockable = tuple[Product, Callable[[Product], contextlib.AbstractContextManager[None]]]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("expected root, to mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextlib.contextmanager
def at_work(product: Product) -> Iterator[tuple[Load, Page]]:
    """A load, and a candidate beside it with an empty file a.txt, which is at version 1."""
    load = Load(product, [another_interview(product) for _ in range(2)], seed=7)
    page = Page(with_candidate(product, another_interview(product)), "candidate", "page")
    try:
        assert page.consent().status_code == 200
        assert page.act("create", path="a.txt")["ok"]
        load.start()
        load.more(20)
        yield load, page
    finally:
        load.close()
        page.close()


def paste(page: Page, version: int) -> Message:
    """Replace the file's text by a long one; the first answer."""
    changes = [[0 if version == 1 else len(PASTED), PASTED]]
    message = {"client_seq": 10_000 + version, "path": "a.txt", "version": version}
    return page.once("edit", **message, updates=[{"clientID": page.client, "changes": changes}])


def went_on(product: Product, load: Load, page: Page, version: int) -> None:
    """The same message is taken now, once; all others' work goes on and is whole."""
    page.until(lambda: paste(page, version)["ok"])
    assert paste(page, version) == {"ok": True, "version": version + 1}
    view = Follower(page)
    page.until(lambda: view.file("a.txt") == (version + 1, PASTED))
    load.more(20)
    load.stop()
    told = load.check(product)
    assert told["word"] and told["note"]


def refused(page: Page, version: int, seconds: float = 60) -> tuple[int, str]:
    """Paste until that is refused; the version at which it was, and what was said."""
    until = time.monotonic() + seconds
    while (answer := paste(page, version))["ok"]:
        assert time.monotonic() < until
        version += 1
    assert answer["code"] == "failed", answer
    return version, answer["error"]


def test_a_full_disk_refuses_in_words_and_with_room_again_work_goes_on(small_disk: Path) -> None:
    product = start(small_disk / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0.2")
    try:
        with at_work(product) as (load, page):
            filler = small_disk / "filler"
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as full:
                while True:
                    full.write(b"x" * 4096)
            version, said = refused(page, 1)
            assert "full" in said and "Nothing was recorded; try again" in said
            # Pages can still be read, and those who work are told, not thrown out.
            assert page.get("events")["last"] >= version
            wait(lambda: all(any(not a["ok"] for a in worker.page.answers) for worker in load.workers), 30)
            filler.unlink()
            went_on(product, load, page, version)
    finally:
        product.stop()


@contextlib.contextmanager
def sqlite_locked(product: Product) -> Iterator[None]:
    with contextlib.closing(sqlite3.connect(product.data / "pairsight.db", isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def postgresql_locked(product: Product) -> Iterator[None]:
    with psycopg.connect(product.settings.database) as other:
        other.execute("LOCK TABLE interviews, events IN EXCLUSIVE MODE")
        yield


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    if postgres.programs() is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def lockable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lockable]:
    environ, lock = {"PAIRSIGHT_PACE": "0.2"}, sqlite_locked
    if request.param == "postgresql":
        environ["PAIRSIGHT_DATABASE"], lock = request.getfixturevalue("cluster").database(), postgresql_locked
    product = start(tmp_path / "data", "--sandbox", "bubblewrap", **environ)  # type: ignore[arg-type]  # no option is among them
    yield product, lock
    product.stop()


def test_a_database_held_for_a_moment_only_delays(lockable: Lockable) -> None:
    product, lock = lockable
    with at_work(product) as (load, page):
        answer: list[Message] = []
        pasting = threading.Thread(target=lambda: answer.append(paste(page, 1)))
        with lock(product):
            pasting.start()
            pasting.join(WAIT_S / 4)
            assert pasting.is_alive()
        pasting.join(30)
        assert answer == [{"ok": True, "version": 2}]
        assert not any(a.get("code") == "failed" for worker in load.workers for a in worker.page.answers)
        went_on(product, load, page, 2)


def test_a_database_held_for_long_refuses_in_words_and_then_work_goes_on(lockable: Lockable) -> None:
    product, lock = lockable
    with at_work(product) as (load, page):
        with lock(product):
            _, said = refused(page, 1)
            assert "could not be written" in said and "Nothing was recorded; try again" in said
        went_on(product, load, page, 1)


def test_one_that_falls_silent_in_the_middle_of_a_commit_keeps_nobody_waiting(cluster: postgres.Cluster) -> None:
    url = cluster.database()
    silent, engine = open_engine(url), open_engine(url)
    log = SqlLog(engine, ticking_clock(), counting_salt())
    log.create(header("i1"))
    with contextlib.suppress(sa.exc.SQLAlchemyError), silent.connect() as connection:
        connection.execute(sa.text("SELECT * FROM interviews FOR UPDATE"))
        # It neither goes on nor ends: its process is frozen, or its machine is gone.
        recorded = log.append("i1", [Draft("system", e.InterviewStarted())])
    silent.dispose()
    engine.dispose()
    assert [record.seq for record in recorded] == [1]


def test_a_database_server_that_crashes_is_missed_and_found_again(cluster: postgres.Cluster, tmp_path: Path) -> None:
    product = start(
        tmp_path / "data", "--sandbox", "bubblewrap", PAIRSIGHT_PACE="0.2", PAIRSIGHT_DATABASE=cluster.database()
    )
    try:
        with at_work(product) as (load, page):
            for _ in range(3):
                load.more(15)
                cluster.crash()
                _, said = refused(page, 1)
                assert "try again" in said
                cluster.start()
            went_on(product, load, page, 1)
    finally:
        product.stop()
