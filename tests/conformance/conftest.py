"""The stores that every event log's list runs on, each empty."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from interviews.leases import Ended
from interviews.log import EventLog, MemoryLog
from interviews.store import SqlLog, open_engine
from tests import postgres
from tests.support import counting_salt, header, ticking_clock


@dataclass
class Store:
    """Where a log is kept. ``open`` gives another log over the same events, as another process would."""

    kind: str
    url: str = ""
    engines: list[sa.Engine] = field(default_factory=list)
    salts: Callable[[], str] = field(default_factory=counting_salt)

    def engine(self, wait_s: float = 10) -> sa.Engine:
        self.engines.append(open_engine(self.url, wait_s))
        return self.engines[-1]

    def open(
        self,
        clock: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wait_s: float = 10,
        ended: Ended = lambda _: False,
    ) -> SqlLog:
        return SqlLog(self.engine(wait_s), clock or ticking_clock(), self.salts, monotonic, ended)

    def make(
        self,
        clock: Callable[[], int] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        ended: Ended = lambda _: False,
    ) -> EventLog:
        """A log with one interview, ``i1``."""
        made: EventLog
        if self.kind == "memory":
            made = MemoryLog(clock or ticking_clock(), self.salts, monotonic, ended)
        else:
            made = self.open(clock, monotonic, ended=ended)
        made.create(header("i1"))
        return made

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Cluster]:
    """A real PostgreSQL."""
    if postgres.programs() is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as made:
        yield made


def _store(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Store]:
    url = ""
    if kind == "sqlite":
        url = f"sqlite:///{folder / 'log.db'}"
    elif kind == "postgresql":
        url = request.getfixturevalue("cluster").database()
    store = Store(kind, url)
    yield store
    store.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind of store."""
    yield from _store(request.param, request, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each kind that outlives its process."""
    yield from _store(request.param, request, tmp_path)
