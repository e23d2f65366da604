"""What a log in a database does beside the list: several processes, kills, and databases that fail."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from interviews import events as e
from interviews.chain import genesis, verify
from interviews.errors import BadInput, LeaseHeld, LeaseLost, NotFound, PairsightError, PlatformFailure
from interviews.log import ClientKey, Draft, seal_all
from interviews.store import SqlLog, open_engine
from interviews.store.engine import _engine, migrate
from interviews.store.group import Group
from interviews.store.tables import metadata
from tests import log_process
from tests.conformance.conftest import Store
from tests.conformance.test_log import SECRET, STARTED, prompt, together
from tests.postgres import Cluster
from tests.support import counting_salt, header, ticking_clock

LOST = "could not be written"


def until(true: Callable[[], bool]) -> None:
    """Wait for a condition, a minute at most."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def whole(store: Store) -> list[e.Record]:
    """What another process reads, its chain verified."""
    log = store.open()
    records = log.read("i1")
    verify(log.header("i1"), records)
    return records


# Opening


def test_a_store_keeps_what_was_committed_when_it_is_opened_again(database: Store) -> None:
    appended = database.make().append("i1", [STARTED])
    assert database.open().read("i1") == appended


def test_every_commit_is_durable(database: Store) -> None:
    with database.engine().connect() as connection:
        if database.kind == "sqlite":
            assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2
        else:
            assert connection.execute(sa.text("SHOW synchronous_commit")).scalar() == "on"


def test_the_migrations_make_the_tables_that_the_store_uses(database: Store) -> None:
    with database.engine().connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_processes_that_start_at_once_bring_the_schema_up_to_date_once(database: Store) -> None:
    works = [f"from interviews.store import open_engine; open_engine({database.url!r})"] * 4
    running = [subprocess.Popen([sys.executable, "-c", work], stderr=subprocess.PIPE) for work in works]
    for process in running:
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told.decode()


def test_a_database_of_the_first_revision_is_upgraded(database: Store) -> None:
    engine = _engine(sa.engine.make_url(database.url), 10)
    migrate(engine, "0001")
    # As that revision wrote it: every field, and none thought of later.
    old = header("i1").model_dump_json(exclude={"settings": {"co_edit"}})
    head, salt = e.Header.model_validate_json(old), counting_salt()
    kept = [record for record, _ in seal_all(genesis(head), 0, 1_000, [STARTED] * 2 + [prompt("größer 😀")] * 3, salt)]
    keys = [None, ("tab-1", 4), ("tab-1", 4), None, ("tab-2", 0)]
    with engine.begin() as connection:
        run = connection.execute
        run(sa.text("INSERT INTO interviews VALUES ('i1', 1, :header)"), {"header": old})
        for key in [("tab-1", 4), ("tab-2", 0), ("tab-3", 9)]:
            run(
                sa.text("INSERT INTO client_keys VALUES ('i1', :name, :number)"),
                dict(zip(("name", "number"), key, strict=True)),
            )
        for record, sender in zip(kept, keys, strict=True):
            row = {
                **record.model_dump(), "payload": json.dumps(record.payload), "interview": "i1",
                "client_id": sender and sender[0], "client_seq": sender and sender[1],
            }  # fmt: skip
            run(sa.text(f"INSERT INTO events ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})"), row)
    engine.dispose()
    log = database.open()
    assert log.read("i1") == kept
    assert verify(log.header("i1"), log.read("i1"))[0] == 5
    assert log.find("i1", ClientKey("tab-1", 4)) == kept[1:3]
    assert log.append("i1", [STARTED], ClientKey("tab-2", 0)) == kept[4:]
    assert log.append("i1", [STARTED], ClientKey("tab-3", 9)) == []
    assert log.append("i1", [STARTED], log_key := ClientKey("tab-4", 1)) == log.find("i1", log_key)
    assert verify(log.header("i1"), log.read("i1"))[0] == 6


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////no/such/folder/log.db",
        "postgresql://nobody@/none?host=/no/such/folder",
        "mysql://x@localhost/log",
        "what",
    ],
)
def test_a_database_that_cannot_be_opened_is_told(url: str) -> None:
    with pytest.raises(PlatformFailure, match="database"):
        open_engine(url)


def test_a_password_is_not_told() -> None:
    with pytest.raises(PlatformFailure) as told:
        open_engine("postgresql://me:swordfish@/none?host=/no/such/folder")
    assert "swordfish" not in str(told.value)


def test_a_database_that_cannot_hold_unicode_is_told(cluster: Cluster) -> None:
    with pytest.raises(PlatformFailure, match="UTF8, got one in SQL_ASCII"):
        open_engine(cluster.database("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0"))


# Several processes


class Other:
    """Another process at the same store (``tests/log_process.py``)."""

    def __init__(self, store: Store) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", log_process.__name__, store.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, do: str, **asked: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **asked}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def do(self, do: str, **asked: object) -> str:
        self.ask(do, **asked)
        return self.answer()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


@pytest.fixture
def others(database: Store) -> Iterator[Callable[[], Other]]:
    made: list[Other] = []

    def start() -> Other:
        made.append(Other(database))
        return made[-1]

    database.make()
    yield start
    for other in made:
        other.end()


def test_two_processes_without_a_lease_still_leave_one_chain(database: Store, others: Callable[[], Other]) -> None:
    pair = [others(), others()]
    for other in pair:
        other.ask("append", times=40)
    assert {other.answer().partition(" ")[0] for other in pair} == {"ok"}
    assert len(whole(database)) == 160


def test_a_former_owner_that_wakes_up_writes_nothing(database: Store, others: Callable[[], Other]) -> None:
    former, heir = others(), others()
    assert former.do("acquire", owner="former", term_s=0.5) == "ok 1"
    assert former.do("append", times=1) == "ok 2"
    assert heir.do("acquire", owner="heir", term_s=60) == "LeaseHeld"
    former.signal(signal.SIGSTOP)
    former.ask("append", times=1)
    until(lambda: heir.do("acquire", owner="heir", term_s=60) == "ok 2")
    assert heir.do("append", times=1) == "ok 4"
    former.signal(signal.SIGCONT)
    assert former.answer() == "LeaseLost"
    assert former.do("renew") == "ok 1"
    assert heir.do("renew") == "ok 0"
    assert len(whole(database)) == 4


def test_a_renewed_lease_is_not_taken_and_a_released_one_is_at_once(
    database: Store, others: Callable[[], Other]
) -> None:
    owner, other = others(), others()
    assert owner.do("acquire", owner="owner", term_s=0.3) == "ok 1"
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        # Whatever delays this process: the other has seen a renewal since it last asked.
        assert owner.do("renew") == "ok 0"
        assert other.do("acquire", owner="other", term_s=60) == "LeaseHeld"
    assert owner.do("release") == "ok 0"
    assert other.do("acquire", owner="other", term_s=60) == "ok 2"


def test_the_lease_of_a_killed_process_is_taken_over(database: Store, others: Callable[[], Other]) -> None:
    owner, heir = others(), others()
    owner.do("acquire", owner="owner", term_s=0.3)
    owner.end()
    until(lambda: heir.do("acquire", owner="heir", term_s=60) == "ok 2")
    assert heir.do("append", times=1) == "ok 2"


def test_what_was_acknowledged_before_a_kill_is_there_and_nothing_is_half_there(
    database: Store, others: Callable[[], Other]
) -> None:
    chance, acknowledged = random.Random(5), 0
    for _ in range(5):
        other = others()
        other.ask("flood")
        for _ in range(chance.randrange(1, 40)):
            acknowledged = int(other.answer().split()[1])
        other.signal(signal.SIGKILL)
        out, _ = other.process.communicate(timeout=60)
        lines = [line for line in out.splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = max([acknowledged, *(int(line.split()[1]) for line in lines)])
        count = len(whole(database))
        # At most one append was under way, of two events.
        assert count in (acknowledged, acknowledged + 2)


# Groups


class Counted:
    """Work for a group that only remembers it was settled."""

    def __init__(self) -> None:
        self.settled = False
        self.lost = False

    def interrupted(self) -> None:
        self.settled = self.lost = True


def test_who_comes_while_a_commit_goes_on_shares_the_next() -> None:
    groups: list[int] = []
    go_on = threading.Event()

    def commit(group: list[Counted]) -> None:
        groups.append(len(group))
        assert go_on.wait(60)
        for one in group:
            one.settled = True

    shared = Group(commit)
    works = [Counted() for _ in range(9)]
    threads = [threading.Thread(target=shared.submit, args=[work]) for work in works]
    threads[0].start()
    until(lambda: groups == [1])
    for thread in threads[1:]:
        thread.start()
    until(lambda: shared.waiting == 8)
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert groups == [1, 8]
    assert all(work.settled and not work.lost for work in works)


def test_whoever_waits_hears_when_its_leader_is_interrupted() -> None:
    def commit(group: list[Counted]) -> None:
        raise KeyboardInterrupt

    work = Counted()
    with pytest.raises(KeyboardInterrupt):
        Group(commit).submit(work)
    assert work.lost


def test_whoever_leads_next_waits_for_a_commit_and_for_nobody_else() -> None:
    """Also behind one that was interrupted."""
    came = threading.Semaphore(0)
    groups: list[list[Counted]] = []
    stopped: list[BaseException] = []

    def commit(group: list[Counted]) -> None:
        groups.append(group)
        assert came.acquire(timeout=60)
        if len(groups) == 1:
            raise SystemExit("the first")
        for one in group:
            one.settled = True

    def submit(work: Counted) -> None:
        try:
            shared.submit(work)
        except SystemExit as error:
            stopped.append(error)

    shared = Group(commit)
    works = [Counted() for _ in range(4)]
    threads = [threading.Thread(target=submit, args=[work]) for work in works]
    threads[0].start()
    until(lambda: len(groups) == 1)
    for thread in threads[1:3]:
        thread.start()
    until(lambda: shared.waiting == 2)
    came.release()
    until(lambda: len(groups) == 2)
    threads[3].start()
    until(lambda: shared.waiting == 1)
    came.release(2)
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert [len(group) for group in groups] == [1, 2, 1]
    assert len(stopped) == 1 and [work.lost for work in works] == [True, False, False, False]


@contextlib.contextmanager
def held_back(log: SqlLog, count: int, works: Sequence[Callable[[], object]]) -> Iterator[list[threading.Thread]]:
    """Start all works and let them go on in one group once ``count`` of them wait."""
    threads = [threading.Thread(target=work) for work in works]
    with log._group.alone():
        for thread in threads:
            thread.start()
        until(lambda: log._group.waiting == count)
    yield threads
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


def test_of_a_group_each_fails_alone(database: Store) -> None:
    log = database.open()
    log.create(header("i1"))
    log.create(header("i2"))
    with log._engine.connect() as connection:
        # The database itself refuses one of them, and so the whole transaction.
        if database.kind == "sqlite":
            connection.exec_driver_sql(
                "CREATE TRIGGER picky BEFORE INSERT ON events WHEN NEW.actor = 'poison' BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        else:
            connection.exec_driver_sql("ALTER TABLE events ADD CHECK (actor <> 'poison')")
        connection.commit()
    former = log.acquire("i1", "here", 10)
    log.acquire("i1", "here", 10)
    said: dict[str, object] = {}

    def say(name: str, act: Callable[[], list[e.Record]]) -> Callable[[], None]:
        def work() -> None:
            try:
                said[name] = len(act())
            except PairsightError as error:
                said[name] = type(error)

        return work

    works = [
        say("good", lambda: log.append("i1", [STARTED] * 2)),
        say("keyed", lambda: log.append("i1", [STARTED] * 3, ClientKey("tab-1", 1))),
        say("again", lambda: log.append("i1", [STARTED] * 3, ClientKey("tab-1", 1))),
        say("poison", lambda: log.append("i1", [STARTED, Draft("poison", e.InterviewStarted())])),
        say("half", lambda: log.append("i1", [STARTED, prompt("\ud83d")])),
        say("former", lambda: log.append("i1", [STARTED], lease=former)),
        say("unknown", lambda: log.append("nobody", [STARTED])),
        say("elsewhere", lambda: log.append("i2", [STARTED])),
    ]
    with held_back(log, len(works), works):
        pass
    assert said["good"] == 2 and said["keyed"] == said["again"] == 3 and said["elsewhere"] == 1
    assert said["poison"] is PlatformFailure
    assert said["former"] is LeaseLost
    assert said["unknown"] is NotFound
    assert said["half"] is BadInput
    assert len(whole(database)) == 5


def test_a_group_is_one_transaction(database: Store) -> None:
    log = database.open()
    log.create(header("i1"))
    commits: list[object] = []
    sa.event.listen(log._engine, "commit", commits.append)
    with held_back(log, 10, [lambda: log.append("i1", [STARTED])] * 10):
        pass
    assert len(commits) == 1
    assert len(whole(database)) == 10


# Databases that fail


def test_a_database_that_another_process_holds_is_told_and_later_appends_work(database: Store) -> None:
    database.make()
    log = database.open(wait_s=0.3)
    log.append("i1", [STARTED])
    with contextlib.ExitStack() as held:
        connection: Any
        if database.kind == "sqlite":
            connection = held.enter_context(
                contextlib.closing(sqlite3.connect(database.url.removeprefix("sqlite:///")))
            )
            connection.execute("BEGIN EXCLUSIVE")
        else:
            connection = held.enter_context(psycopg.connect(database.url))
            connection.execute("SELECT * FROM interviews FOR UPDATE")
        with pytest.raises(PlatformFailure, match=LOST):
            log.append("i1", [STARTED], ClientKey("tab-1", 1))
        with pytest.raises(PlatformFailure, match=LOST):
            log.acquire("i1", "here", 10)
        connection.rollback()
    assert log.find("i1", ClientKey("tab-1", 1)) == []
    assert [record.seq for record in log.append("i1", [STARTED], ClientKey("tab-1", 1))] == [2]
    assert len(whole(database)) == 2


def test_of_a_group_that_a_held_database_fails_none_waits_for_each_of_the_others(remote: Store) -> None:
    log = remote.open(wait_s=3)
    for name in ("i1", "i2"):
        log.create(header(name))
    told: list[str] = []

    def try_it() -> None:
        with pytest.raises(PlatformFailure, match=LOST) as failure:
            log.append("i1", [STARTED])
        told.append(str(failure.value))

    with contextlib.closing(psycopg.connect(remote.url)) as other:
        other.execute("SELECT * FROM interviews WHERE id = 'i1' FOR UPDATE")
        began = time.monotonic()
        # Only those are failed that another process holds.
        with held_back(log, 9, [try_it] * 8 + [lambda: log.append("i2", [STARTED])]):
            pass
        took = time.monotonic() - began
    assert len(told) == 8 and len(log.read("i2")) == 1
    # Each of them waiting as long again would be another eight times three seconds.
    assert took < 8 * 3


def test_a_full_database_is_told_and_later_appends_work(tmp_path: Path) -> None:
    store = Store("sqlite", f"sqlite:///{tmp_path / 'log.db'}")
    engine = store.engine()
    log = SqlLog(engine, ticking_clock(), counting_salt())
    log.create(header("i1"))
    most = [0]
    # The pool hands this one out to each transaction.
    sa.event.listen(engine, "checkout", lambda connection, *_: connection.execute(f"PRAGMA max_page_count={most[0]}"))
    most[0] = 60

    def fill() -> None:
        for _ in range(1_000):
            log.append("i1", [prompt("x" * 5_000)] * 3)

    with pytest.raises(PlatformFailure, match=r"full.*Nothing was recorded"):
        fill()
    kept = whole(store)
    assert kept and len(kept) % 3 == 0
    most[0] = 10_000
    assert log.append("i1", [STARTED])[0].seq == len(kept) + 1
    assert len(whole(store)) == len(kept) + 1
    store.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of two megabytes is mounted, for which this must run as root")
def test_a_full_disk_is_told_and_later_appends_work(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    store = Store("sqlite", f"sqlite:///{disk / 'log.db'}")
    try:
        log = store.open()
        log.create(header("i1"))
        ballast = disk / "ballast"
        ballast.write_bytes(b"\0" * 900_000)
        said: list[object] = []

        def write(number: int) -> Callable[[], None]:
            def work() -> None:
                try:
                    for count in itertools.count():
                        log.append("i1", [prompt("x" * 5_000)] * 2, ClientKey(f"tab-{number}", count))
                        said.append((number, count))
                except PlatformFailure as error:
                    said.append(str(error))

            return work

        together(*map(write, range(4)))
        told = [one for one in said if isinstance(one, str)]
        assert len(told) == 4 and all("Nothing was recorded" in one for one in told)
        ballast.unlink()
        kept = whole(store)
        assert len(kept) == 2 * (len(said) - 4)
        assert log.append("i1", [STARTED])[0].seq == len(kept) + 1
    finally:
        store.close()
        subprocess.run(["umount", disk], check=True)


def test_what_is_erased_leaves_no_byte_in_the_files(tmp_path: Path) -> None:
    store = Store("sqlite", f"sqlite:///{tmp_path / 'log.db'}")
    log = store.make()
    log.append("i1", [prompt("before"), prompt(SECRET + "x" * 20_000), prompt(SECRET), prompt("after")])

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    assert files().count(SECRET.encode()) >= 2
    log.erase("i1", [2, 3], "interviewer:ada", "A password")
    assert SECRET.encode() not in files()
    assert len(whole(store)) == 5
    store.close()


def test_what_is_erased_while_another_reads_is_gone_once_that_one_has_read(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    store = Store("sqlite", f"sqlite:///{path}")
    log = store.make()
    lease = log.acquire("i1", "here", 60)
    log.append("i1", [prompt("before"), prompt(SECRET)], ClientKey("tab-1", 1))

    def files() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.iterdir())

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert len(reader.execute("SELECT * FROM events").fetchall()) == 2
        log.erase("i1", [2], "interviewer:ada", "A password", lease=lease)
        # Nobody waits for the reader, and what it reads is still what it was.
        log.append("i1", [prompt("after")], lease=lease)
        assert len(reader.execute("SELECT * FROM events").fetchall()) == 2
        assert SECRET.encode() in files()
        assert log.renew([lease]) == []
        reader.execute("COMMIT")
    assert log.renew([lease]) == []
    assert SECRET.encode() not in files()
    assert len(whole(store)) == 4
    store.close()


# PostgreSQL that goes away


@pytest.fixture
def remote(cluster: Cluster) -> Iterator[Store]:
    store = Store("postgresql", cluster.database())
    yield store
    store.close()


def test_connections_cut_between_appends_cost_none(remote: Store, cluster: Cluster) -> None:
    log = remote.make()
    log.append("i1", [STARTED])
    cluster.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'log%'")
    assert log.append("i1", [STARTED])[0].seq == 2


def test_a_connection_cut_within_an_append_is_told_and_records_nothing(remote: Store, cluster: Cluster) -> None:
    log = remote.make()
    said: list[str] = []

    def write() -> None:
        with pytest.raises(PlatformFailure) as told:
            log.append("i1", [STARTED], ClientKey("tab-1", 1))
        said.append(str(told.value))

    with psycopg.connect(remote.url) as holding, psycopg.connect(remote.url, autocommit=True) as watching:
        holding.execute("SELECT * FROM interviews FOR UPDATE")
        writer = threading.Thread(target=write)
        writer.start()
        blocked = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        until(lambda: watching.execute(f"SELECT count(*) {blocked}").fetchone() == (1,))
        watching.execute(f"SELECT pg_terminate_backend(pid) {blocked}")
        writer.join(60)
    assert len(said) == 1 and "Nothing was recorded" in said[0]
    assert whole(remote) == []
    assert log.append("i1", [STARTED], ClientKey("tab-1", 1))[0].seq == 1


def test_a_server_that_is_down_is_told_and_what_it_acknowledged_is_there_afterwards(
    remote: Store, cluster: Cluster
) -> None:
    log = remote.make()
    kept = log.append("i1", [STARTED] * 3)
    cluster.crash()
    try:
        with pytest.raises(PlatformFailure, match=LOST):
            log.append("i1", [STARTED])
        with pytest.raises(PlatformFailure, match="could not be read"):
            log.read("i1")
    finally:
        cluster.start()
    assert log.read("i1") == kept
    assert log.append("i1", [STARTED])[0].seq == 4


class Severed:
    """A way to the server that breaks off where it carries a commit: before it, or after it and before its answer."""

    def __init__(self, folder: str, server: str, arrives: bool) -> None:
        self.armed, self._arrives, self._server = False, arrives, server
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(f"{folder}/.s.PGSQL.5432")
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._carry, args=[self._listening.accept()[0]], daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(f"{self._server}/.s.PGSQL.5432")
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    if not (data := ready.recv(65536)):
                        return
                    cut = self.armed and ready is client and b"COMMIT" in data
                    if not cut or self._arrives:
                        (server if ready is client else client).sendall(data)
                    if cut:
                        self.armed = False
                        if self._arrives:
                            server.recv(65536)
                        return

    def close(self) -> None:
        self._listening.close()


@pytest.mark.parametrize("arrives", [True, False], ids=["its answer is lost", "it never arrives"])
def test_a_commit_that_is_cut_off_is_neither_lost_nor_made_twice(remote: Store, arrives: bool) -> None:
    remote.make()
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        way = Severed(folder, remote.url.partition("host=")[2], arrives)
        through = Store("postgresql", f"{remote.url.partition('host=')[0]}host={folder}")
        log = through.open()
        log.append("i1", [STARTED], ClientKey("tab-1", 0))
        way.armed = True
        if arrives:
            assert [record.seq for record in log.append("i1", [STARTED] * 2)] == [2, 3]
        else:
            said: list[object] = []

            def write(key: ClientKey) -> Callable[[], None]:
                def work() -> None:
                    try:
                        said.append(log.append("i1", [STARTED] * 2, key)[0].seq)
                    except PlatformFailure as error:
                        said.append("Nothing was recorded" in str(error))

                return work

            # One of the group was recorded before: that does not make the others recorded.
            with held_back(log, 3, [write(ClientKey("tab-1", number)) for number in range(3)]):
                pass
            assert said == [True] * 3
        assert not way.armed
        count = 3 if arrives else 1
        assert len(whole(remote)) == count
        assert log.append("i1", [STARTED])[0].seq == count + 1
        through.close()
        way.close()


def test_leases_hold_between_logs_over_one_database(database: Store) -> None:
    here = database.make()
    there = database.open()
    lease = here.acquire("i1", "here", 60)
    with pytest.raises(LeaseHeld, match="here"):
        there.acquire("i1", "there", 60)
    here.release(lease)
    heir = there.acquire("i1", "there", 60)
    with pytest.raises(LeaseLost):
        here.append("i1", [STARTED], lease=lease)
    there.append("i1", [STARTED], lease=heir)
    assert len(whole(database)) == 1
