"""What every event log does, in memory or in a database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from interviews import events as e
from interviews.chain import verify
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.log import ClientKey, Draft, EventLog, MemoryLog
from interviews.store import SqlLog, open_engine
from tests.support import counting_salt, header, ticking_clock

Make = Callable[[], EventLog]
STARTED = Draft("system", e.InterviewStarted())


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> EventLog:
    made: EventLog
    if request.param == "memory":
        made = MemoryLog(ticking_clock(), counting_salt())
    else:
        made = SqlLog(open_engine(f"sqlite:///{tmp_path / 'log.db'}"), ticking_clock(), counting_salt())
    made.create(header("i1"))
    return made


def test_records_come_back_as_they_were_appended(log: EventLog) -> None:
    text = "emoji 😀, combining é, control \x00"
    drafts = [STARTED, Draft("candidate", e.PromptSent(turn="a1", text=text), follows=True)]
    appended = log.append("i1", drafts)
    assert log.read("i1") == appended
    assert [record.seq for record in appended] == [1, 2]
    assert appended[1].cause == 1
    assert e.understand(appended[1]).data == e.PromptSent(turn="a1", text=text)


def test_half_a_character_is_refused_and_nothing_recorded(log: EventLog) -> None:
    with pytest.raises(BadInput, match="whole Unicode"):
        log.append("i1", [STARTED, Draft("candidate", e.PromptSent(turn="a1", text="half \ud83d"))])
    assert log.read("i1") == []


def test_reading_after_a_seq_gives_the_rest(log: EventLog) -> None:
    log.append("i1", [STARTED] * 5)
    assert [record.seq for record in log.read("i1", after=3)] == [4, 5]
    assert log.read("i1", after=5) == []


def test_a_repeated_client_key_appends_nothing(log: EventLog) -> None:
    key = ClientKey("tab-1", 7)
    first = log.append("i1", [STARTED, STARTED], key)
    assert log.append("i1", [STARTED], key) == first
    assert log.find("i1", key) == first
    assert log.find("i1", ClientKey("tab-2", 7)) == []
    assert len(log.read("i1")) == 2


def test_time_never_runs_backwards_in_a_log(tmp_path: Path) -> None:
    times = iter([2_000, 1_000, 3_000])
    log = SqlLog(open_engine(f"sqlite:///{tmp_path / 'log.db'}"), lambda: next(times), counting_salt())
    log.create(header("i1"))
    for _ in range(3):
        log.append("i1", [STARTED])
    assert [record.at_ms for record in log.read("i1")] == [2_000, 2_000, 3_000]


def test_writers_at_once_leave_one_gapless_chain(log: EventLog) -> None:
    def write() -> None:
        for _ in range(20):
            log.append("i1", [STARTED])

    writers = [threading.Thread(target=write) for _ in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(30)
    assert verify(log.header("i1"), log.read("i1"))[0] == 100


def test_unknown_and_doubled_interviews_are_told(log: EventLog) -> None:
    with pytest.raises(NotFound, match="nobody"):
        log.read("nobody")
    with pytest.raises(NotFound):
        log.append("nobody", [STARTED])
    with pytest.raises(BadInput, match="i1"):
        log.create(header("i1"))


def test_interviews_are_listed_newest_first(log: EventLog) -> None:
    log.create(header("i2").model_copy(update={"created_at_ms": 1_800_000_000_000}))
    assert [found.id for found in log.interviews()] == ["i2", "i1"]


def test_a_store_keeps_what_was_committed_when_it_is_opened_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.db'}"
    log = SqlLog(open_engine(url), ticking_clock(), counting_salt())
    log.create(header("i1"))
    appended = log.append("i1", [STARTED])
    assert SqlLog(open_engine(url), ticking_clock(), counting_salt()).read("i1") == appended


def test_sqlite_runs_in_wal_mode_and_fully_synchronous(tmp_path: Path) -> None:
    with open_engine(f"sqlite:///{tmp_path / 'log.db'}").connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 2


def test_the_migrations_make_the_tables_that_the_store_uses(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from interviews.store.tables import metadata

    with open_engine(f"sqlite:///{tmp_path / 'log.db'}").connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(PlatformFailure, match="cannot be opened"):
        open_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder' / 'log.db'}")
