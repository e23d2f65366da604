"""Backup and restore, as docs/operating.md says: of the real product while people work, in SQLite and in PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interviews import events as e
from interviews.chain import verify
from interviews.errors import BadInput, LogCorrupt, NotFound, PlatformFailure
from interviews.fold import fold
from interviews.log import Draft
from interviews.settings import Settings
from interviews.store import SqlLog, backup, open_engine
from tests import postgres
from tests.faults.load import Load
from tests.integration.test_command import pairsight, refused
from tests.product import ROOT, Browser, Product, another_interview, link, start, wait
from tests.support import counting_salt, header, ticking_clock

BUBBLEWRAP = ("--sandbox", "bubblewrap")


@contextlib.contextmanager
def opened(url: str) -> Iterator[SqlLog]:
    """The log there, and no connection to it afterwards."""
    engine = open_engine(url)
    try:
        yield SqlLog(engine, ticking_clock(), counting_salt())
    finally:
        engine.dispose()


def texts(settings: Settings, interview: str) -> str:
    """Everything that the interview's files hold, after its chain was verified."""
    with opened(settings.database_url) as log:
        records = log.read(interview)
        verify(log.header(interview), records)
    return "\n".join(view.text or "" for view in fold(map(e.understand, records)).files.values())


def words_in(text: str) -> set[str]:
    """What a load's candidates wrote: a word a line."""
    return {line.removesuffix(" 😀") for line in text.splitlines()}


def goes_on(product: Product, settings: Settings, interview: str) -> None:
    """The candidate opens the link that they were given, and works on."""
    path = link(product, interview, "candidate").removeprefix(product.address)
    product.links["candidate"] = product.address + path
    candidate = Browser(product, "candidate", "again")
    candidate.connect()
    made = candidate.send("create", path="again.txt")
    update = {"clientID": "again", "changes": [[0, "written after the disaster"]]}
    written = candidate.send("edit", path="again.txt", version=1, updates=[update])
    assert made["ok"] and written["ok"], (made, written)
    assert "written after the disaster" in texts(settings, interview)


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_backup_under_load_holds_all_that_was_acknowledged_before_it_and_candidates_go_on(tmp_path: Path) -> None:
    kept, data, new = tmp_path / "kept", tmp_path / "data", tmp_path / "new"
    product = start(data, *BUBBLEWRAP, PAIRSIGHT_PACE="0.2")
    interviews = [another_interview(product) for _ in range(2)]
    load = Load(product, interviews, seed=3)
    load.start()
    try:
        load.more(60)
        before = {worker.page.interview: list(worker.said.get("word", [])) for worker in load.workers[::2]}
        done = pairsight("backup", str(kept), data=data)
        assert done.returncode == 0, done.stderr
        load.more(5)
        load.stop()
    finally:
        load.close()
        product.kill()
        product.stop()
    shutil.rmtree(data)

    done = pairsight("restore", str(kept), "--data", str(new), data=data)
    assert done.returncode == 0, done.stderr
    manifest = backup.read_manifest(kept)
    assert {one.id for one in manifest.interviews} >= set(interviews)
    for one in manifest.interviews:
        assert f"{one.id}: {one.events} events, head {one.head}" in done.stdout
        assert pairsight("verify", one.id, data=new).returncode == 0
    for interview, words in before.items():
        assert words and not set(words) - words_in(texts(Settings(data=new), interview))

    again = start(new, *BUBBLEWRAP)
    try:
        goes_on(again, Settings(data=new), interviews[0])
    finally:
        again.stop()


@pytest.mark.sandbox
def test_a_page_that_shows_more_than_was_restored_is_asked_to_reload(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    product = start(tmp_path / "data", *BUBBLEWRAP)
    candidate = Browser(product, "candidate")
    try:
        assert candidate.consent().status_code == 200
        candidate.connect()
        assert pairsight("backup", str(kept), data=product.data).returncode == 0
        assert candidate.send("create", path="lost.txt")["ok"]
        candidate.socket.disconnect()
        seen = len(candidate.events)
    finally:
        product.kill()
        product.stop()
    assert pairsight("restore", str(kept), "--data", str(new), data=product.data).returncode == 0
    again = start(new, *BUBBLEWRAP, port=int(product.address.rpartition(":")[2]))
    try:
        refused_ = candidate.connect(since=seen + 40)
        assert refused_["code"] == "stale" and "reload" in refused_["error"]
        watcher = Browser(again, "interviewer")
        watcher.connect()
        for number in range(60):
            assert watcher.send("note", text=f"time passes {number}", about_seq=1)["ok"]
        # Now there are as many events as the page has seen, and not the same.
        assert candidate.send("hello", since=seen + 40)["code"] == "stale"
        candidate.socket.disconnect()
        reloaded = Browser(again, "candidate")
        assert reloaded.connect()["ok"]
        wait(lambda: reloaded.state["files"])
        assert "lost.txt" not in reloaded.state["files"]
    finally:
        again.stop()


def documented_commands(first_word: str) -> str:
    """The commands of the block in docs/operating.md that begins so."""
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    return next(block for part in text.split("```sh\n")[1:] if (block := part.split("```")[0]).startswith(first_word))


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_postgresql_is_backed_up_by_its_own_tools_under_load(tmp_path: Path) -> None:
    if (programs := postgres.programs()) is None:
        pytest.skip(postgres.HOW)
    with postgres.cluster() as cluster:
        url, new = cluster.database(), cluster.database()
        settings = Settings(data=tmp_path / "data", database=url)
        restored = Settings(data=tmp_path / "new", database=new)
        product = start(settings.data, *BUBBLEWRAP, PAIRSIGHT_DATABASE=url)
        interview = Browser(product, "candidate").interview
        load = Load(product, [interview], seed=5)
        load.start()
        environ = {
            "PATH": f"{programs}:/usr/bin:/bin", "URL": url, "NEW_URL": new, "BACKUP": str(tmp_path / "kept"),
            "DATA": str(settings.data), "NEW_DATA": str(restored.data),
        }  # fmt: skip
        try:
            load.more(40)
            before = list(load.workers[0].said["word"])
            run_as_documented("mkdir", environ)
            load.more(5)
            load.stop()
        finally:
            load.close()
            product.kill()
            product.stop()
        run_as_documented("pg_restore", environ)
        assert before and not set(before) - words_in(texts(restored, interview))
        again = start(restored.data, *BUBBLEWRAP, PAIRSIGHT_DATABASE=new)
        try:
            goes_on(again, restored, interview)
        finally:
            again.stop()


def run_as_documented(first_word: str, environ: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-ec", documented_commands(first_word)], env=environ, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


# What is refused


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a key and two interviews, one of them empty."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / backup.KEY).write_text("a key")
    with opened(f"sqlite:///{folder / backup.DATABASE}") as log:
        for name in ("i1", "i2"):
            log.create(header(name))
        log.append("i1", [Draft("system", e.InterviewStarted())] * 3, lease=log.acquire("i1", "somebody", 600))
    return folder


def kept_of(data: Path) -> Path:
    folder = data.parent / "kept"
    backup.back_up(f"sqlite:///{data / backup.DATABASE}", data / backup.KEY, folder, 1)
    return folder


def test_a_backup_can_be_restored_and_says_what_it_holds(data: Path, tmp_path: Path) -> None:
    kept, new = kept_of(data), tmp_path / "new"
    assert sorted(path.name for path in kept.iterdir()) == sorted([backup.DATABASE, backup.KEY, backup.MANIFEST])
    assert all(path.stat().st_mode & 0o077 == 0 for path in [kept, *kept.iterdir()])
    assert [(one.id, one.events, one.broken) for one in backup.restore(kept, new).interviews] == [
        ("i1", 3, ""),
        ("i2", 0, ""),
    ]
    assert sorted(path.name for path in new.iterdir()) == sorted([backup.DATABASE, backup.KEY])
    assert (new / backup.KEY).read_text() == "a key"


def test_whoever_led_an_interview_leads_its_copy_no_more(data: Path, tmp_path: Path) -> None:
    kept, new = kept_of(data), tmp_path / "new"
    backup.restore(kept, new)
    with opened(f"sqlite:///{new / backup.DATABASE}") as log:
        assert log.acquire("i1", "another", 600).epoch == 2


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def forget(path: Path) -> None:
    path.unlink()


def name_another(path: Path) -> None:
    manifest = json.loads(path.read_text())
    manifest["interviews"][0]["head"] = "0" * 64
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        (backup.DATABASE, flip),
        (backup.KEY, flip),
        (backup.KEY, forget),
        (backup.MANIFEST, forget),
        (backup.MANIFEST, name_another),
    ],
)
def test_a_backup_that_is_not_what_it_was_is_refused_and_nothing_is_left(
    data: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    kept, new = kept_of(data), tmp_path / "new"
    harm(kept / name)
    with pytest.raises(BadInput):
        backup.restore(kept, new)
    assert not new.exists() or not any(new.iterdir())


@pytest.mark.parametrize("name", [backup.DATABASE, backup.DATABASE + "-wal", backup.KEY])
def test_nothing_is_overwritten(data: Path, tmp_path: Path, name: str) -> None:
    kept, new = kept_of(data), tmp_path / "new"
    new.mkdir()
    (new / name).write_text("precious")
    refused(pairsight("restore", str(kept), "--data", str(new), data=data), name)
    assert [(path.name, path.read_text()) for path in new.iterdir()] == [(name, "precious")]
    refused(pairsight("backup", str(kept), data=data), "new folder", str(kept))


def test_a_log_that_was_broken_before_is_kept_as_it_is_and_named(data: Path, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{data / backup.DATABASE}")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE events SET at_ms = 1 WHERE seq = 2")
    engine.dispose()
    kept, new = tmp_path / "kept", tmp_path / "new"
    refused(pairsight("backup", str(kept), data=data), "i1", "Event 2")
    refused(pairsight("restore", str(kept), "--data", str(new), data=data), "i1", "Event 2")
    with opened(f"sqlite:///{new / backup.DATABASE}") as log, pytest.raises(LogCorrupt):
        verify(log.header("i1"), log.read("i1"))


def test_where_there_is_nothing_to_back_up_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        backup.back_up(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "key", tmp_path / "kept", 1)
    assert not any(tmp_path.iterdir())


def test_a_database_that_is_damaged_is_told_and_no_backup_is_left(data: Path, tmp_path: Path) -> None:
    path = data / backup.DATABASE
    shutil.copy(path, tmp_path / "damaged.db")
    content = bytearray((tmp_path / "damaged.db").read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    (tmp_path / "damaged.db").write_bytes(content)
    with pytest.raises(PlatformFailure):
        backup.back_up(f"sqlite:///{tmp_path / 'damaged.db'}", data / backup.KEY, tmp_path / "kept", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.db", "data"]


def test_for_postgresql_it_names_the_tool_and_no_password(data: Path, tmp_path: Path) -> None:
    url = "postgresql://ada:hunter2@db.example/interviews"
    done = pairsight("backup", str(tmp_path / "kept"), data=data, PAIRSIGHT_DATABASE=url)
    refused(done, "pg_dump", "ada@db.example/interviews", str(tmp_path / "kept"))
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_help_shows_an_example(name: str, tmp_path: Path) -> None:
    done = pairsight(name, "--help", data=tmp_path)
    assert done.returncode == 0 and f"Example: pairsight {name}" in done.stdout
