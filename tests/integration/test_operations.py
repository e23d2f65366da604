"""What operators read: health, figures and logs of the real product. Each figure is seen to change."""

from __future__ import annotations

import io
import json
import logging
import re
import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from app import create_app, invitation
from interviews import events as e
from interviews.errors import PlatformFailure
from interviews.log import Draft
from interviews.service.registry import Interviews
from interviews.settings import Settings
from interviews.store import SqlLog, open_engine
from tests.product import ROOT, Browser, Message, Product, another_interview, lose_sandbox, start, wait, with_candidate
from tests.support import counting_salt, header, ticking_clock
from web import logs
from web.health import Asked
from web.metrics import Metrics

BUBBLEWRAP = ("--sandbox", "bubblewrap")
LOCAL = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One place for candidates and one sandbox ahead."""
    running = start(
        tmp_path_factory.mktemp("operated") / "data", *BUBBLEWRAP,
        PAIRSIGHT_WARM="1", PAIRSIGHT_SANDBOXES="1", PAIRSIGHT_PACE="0",
    )  # fmt: skip
    yield running
    running.stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", sandbox="bubblewrap")


def read(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as ``name{label=value}``."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {
        one.name + "".join(f"{{{name}={value}}}" for name, value in sorted(one.labels.items())): one.value
        for one in samples
    }


def scrape(product: Product) -> dict[str, float]:
    return read(requests.get(f"{product.address}/metrics", timeout=10).text)


# Health


@pytest.mark.sandbox
def test_a_server_that_can_hold_interviews_says_so_and_nothing_more(product: Product) -> None:
    wait(lambda: requests.get(f"{product.address}/healthz", timeout=5).status_code == 200, 30)
    told = requests.get(f"{product.address}/healthz", timeout=5).json()
    assert told.pop("clock")["late_seconds"] < 10
    assert told == {"status": "ok", "database": {"ok": True}, "sandbox": {"ok": True, "backend": "bubblewrap"}}
    assert requests.get(f"{product.address}/healthz/live", timeout=5).json() == {"status": "ok"}


@pytest.mark.sandbox
def test_a_database_that_nobody_can_write_to_is_told_in_time_and_passes(product: Product) -> None:
    answers: list[Message] = []
    with sqlite3.connect(product.data / "pairsight.db", isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        wait(lambda: requests.get(f"{product.address}/healthz", timeout=5).status_code == 503)
        answers += [requests.get(f"{product.address}/healthz", timeout=5).json()]
        assert requests.get(f"{product.address}/healthz/live", timeout=5).status_code == 200
        connection.execute("ROLLBACK")
    connection.close()
    assert answers[0]["status"] == "failing" and answers[0]["database"] == {"ok": False}
    wait(lambda: requests.get(f"{product.address}/healthz", timeout=5).status_code == 200)


def test_a_server_without_a_sandbox_or_with_clocks_that_stand_is_not_ready(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings)
    told = app.test_client().get("/healthz")
    assert told.status_code == 503 and told.json and told.json["sandbox"] == {"ok": False, "backend": None}
    assert told.json["clock"]["ok"]
    monkeypatch.setattr("web.health.LATE_S", -1.0)
    told = app.test_client().get("/healthz")
    assert told.json and not told.json["clock"]["ok"]


def test_a_server_that_stops_is_not_ready(settings: Settings) -> None:
    app = create_app(settings)
    found: Interviews = app.extensions["interviews"]
    found.close()
    told = app.test_client().get("/healthz")
    assert told.status_code == 503 and told.json and told.json["status"] == "stopping"


def test_a_question_without_an_answer_is_asked_once_and_nobody_waits_for_it_long() -> None:
    asked, answer = [0], threading.Event()

    def ask() -> None:
        asked[0] += 1
        assert answer.wait(20)

    question = Asked(ask, within_s=0.05, fresh_s=0)
    assert not any(question.well() for _ in range(20))
    assert asked[0] == 1
    answer.set()
    wait(question.well)


def test_an_answer_is_fresh_for_a_while() -> None:
    asked = [0]

    def ask() -> None:
        asked[0] += 1

    question = Asked(ask, fresh_s=1000)
    assert all(question.well() for _ in range(20)) and asked[0] == 1


# Figures


@pytest.mark.sandbox
def test_figures_follow_what_happens(product: Product) -> None:
    wait(lambda: scrape(product).get("pairsight_sandboxes{state=warm}") == 1, 30)
    before = scrape(product)
    candidate, watcher = Browser(product, "candidate"), Browser(product, "interviewer")
    assert candidate.consent().status_code == 200
    candidate.connect()
    watcher.connect()
    assert candidate.send("create", path="a.txt")["ok"]
    update = {"clientID": "test-candidate", "changes": [[0, "one"]]}
    assert candidate.send("edit", path="a.txt", version=1, updates=[update])["ok"]
    assert candidate.send("edit", path="a.txt", version=1, updates=[update])["code"] == "stale"
    waiting = Browser(with_candidate(product, another_interview(product)), "candidate")
    assert waiting.consent().status_code == 200
    wait(lambda: scrape(product)["pairsight_sandboxes{state=waiting}"] == 1)
    after = scrape(product)

    def grown(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert grown("pairsight_interviews{status=running}") == 1
    assert grown("pairsight_leases") == 2
    assert grown("pairsight_sockets{role=candidate}") == 1
    assert grown("pairsight_sockets{role=interviewer}") == 1
    assert grown("pairsight_sandboxes{state=running}") == 1
    assert grown("pairsight_sandboxes{state=warm}") <= 0
    assert grown("pairsight_ack_seconds_count{message=edit}") == 2
    assert grown("pairsight_ack_seconds_sum{message=edit}") > 0
    assert grown("pairsight_messages_total{code=ok}{message=edit}") == 1
    assert grown("pairsight_messages_total{code=stale}{message=edit}") == 1
    assert grown("pairsight_events_appended_total{type=file.edited}") == 1
    assert grown("pairsight_commit_appends_count") >= 4
    assert grown("pairsight_commit_seconds_sum") > 0
    assert after["pairsight_clock_late_seconds"] < 10
    assert sum(name.startswith("pairsight_build_info{") for name in after) == 1
    assert after["process_resident_memory_bytes"] > 1e7

    for _ in range(300):
        # Refused at once, and dear: faster than the bucket is filled, however slow the machine.
        candidate.socket.emit("term.open", {"cols": "none", "rows": 24})
    wait(lambda: scrape(product).get("pairsight_messages_total{code=busy}{message=term.open}", 0) > 0, 30)
    for page in (candidate, watcher):
        page.socket.disconnect()
    wait(lambda: scrape(product)["pairsight_sockets{role=candidate}"] == 0)


def test_the_log_tells_of_commits_groups_failures_and_what_was_cut(tmp_path: Path) -> None:
    metrics, path = Metrics(), tmp_path / "log.db"
    engine = open_engine(f"sqlite:///{path}", wait_s=0.2)
    log = SqlLog(engine, ticking_clock(), counting_salt(), on_commit=metrics.committed)
    log.create(header("i1"))

    def figure(name: str) -> float:
        return metrics.registry.get_sample_value(name) or 0

    def append() -> None:
        log.append("i1", [Draft("system", e.TerminalOutput(terminal="t1", data="…", cut=7))])

    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(PlatformFailure):
            append()
        connection.execute("ROLLBACK")
    connection.close()
    assert figure("pairsight_append_failures_total") == 1
    assert figure("pairsight_terminal_cut_bytes_total") == 0
    append()
    assert figure("pairsight_terminal_cut_bytes_total") == 7
    count, appends = figure("pairsight_commit_appends_count"), figure("pairsight_commit_appends_sum")
    writers = [threading.Thread(target=append) for _ in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(20)
    assert figure("pairsight_commit_appends_sum") - appends == 8
    assert 1 <= figure("pairsight_commit_appends_count") - count <= 8
    assert figure("pairsight_append_failures_total") == 1
    engine.dispose()


def test_a_page_that_does_not_read_is_counted_when_it_is_cut(settings: Settings) -> None:
    app = create_app(settings)
    client = app.test_client()
    engine = app.extensions["socketio"].server.eio
    backlog = engine.create_queue()
    before = read(client.get("/metrics", environ_base=LOCAL).text)
    for _ in range(6):
        backlog.put(_Packet("x" * (1 << 20)))
    after = read(client.get("/metrics", environ_base=LOCAL).text)
    assert after["pairsight_sockets_cut_total{why=unread}"] - before["pairsight_sockets_cut_total{why=unread}"] == 1


class _Packet:
    def __init__(self, data: str) -> None:
        self.data = data


def test_two_apps_have_figures_of_their_own(tmp_path: Path) -> None:
    apps = [create_app(Settings(data=tmp_path / name)) for name in ("one", "two")]
    found: Interviews = apps[0].extensions["interviews"]
    room = found.get(found.create("prompted-playlists", "Ada", e.InterviewSettings(), 1))
    room.consent("0" * 64, "en")
    one, two = (read(app.test_client().get("/metrics", environ_base=LOCAL).text) for app in apps)
    assert one["pairsight_leases"] == 1 and two["pairsight_leases"] == 0
    assert "pairsight_events_appended_total{type=consent.given}" not in two
    found.close()


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "Via"])
def test_figures_are_for_this_machine_alone_and_not_for_what_a_proxy_passes_on(settings: Settings, name: str) -> None:
    client = create_app(settings).test_client()
    assert client.get("/metrics", environ_base=LOCAL).status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code == 403
    assert client.get("/metrics", environ_base=LOCAL, headers={name: "192.0.2.7"}).status_code == 403


def test_with_a_token_figures_are_for_who_bears_it(settings: Settings) -> None:
    client = create_app(settings.model_copy(update={"metrics_token": "open sesame"})).test_client()
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    for refused in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "open sesame"},
        {"Authorization": "Bearer ü"},
    ):
        assert client.get("/metrics", environ_base=LOCAL, headers=refused).status_code == 403
    bearing = {"Authorization": "Bearer open sesame"}
    assert client.get("/metrics", environ_base=elsewhere, headers=bearing).status_code == 200


@pytest.mark.sandbox
def test_every_setting_and_figure_is_documented(product: Product) -> None:
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    assert {f"PAIRSIGHT_{name.upper()}" for name in Settings.model_fields} - set(
        re.findall(r"PAIRSIGHT_[A-Z_]+", text)
    ) == set()
    wait(lambda: "pairsight_sandboxes{state=warm}" in scrape(product), 30)
    families = text_string_to_metric_families(requests.get(f"{product.address}/metrics", timeout=10).text)
    there = {family.name for family in families if family.name.startswith("pairsight_")}
    named = {re.sub("_(total|bucket)$", "", name) for name in re.findall(r"pairsight_[a-z_]+", text)}
    assert there == named


# Logs

SECRETS = {
    "edit": "violet-armadillo", "prompt": "crimson-walrus", "note": "amber-pelican", "terminal": "indigo-otter",
    "name": "scarlet-heron",
}  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.parametrize("level", ["info", "debug"])
def test_a_service_says_what_happens_as_json_and_nothing_that_people_wrote(tmp_path: Path, level: str) -> None:
    product = start(tmp_path / "data", *BUBBLEWRAP, PAIRSIGHT_LOG="json", PAIRSIGHT_LOG_LEVEL=level, PAIRSIGHT_PACE="0")
    announced = len(product.output)
    candidate, watcher = Browser(product, "candidate"), Browser(product, "interviewer")
    try:
        assert candidate.consent().status_code == 200
        candidate.connect()
        watcher.connect()
        path = f"{SECRETS['name']}.txt"
        assert candidate.send("create", path=path)["ok"]
        update = {"clientID": "c", "changes": [[0, SECRETS["edit"]]]}
        assert candidate.send("edit", path=path, version=1, updates=[update])["ok"]
        assert not candidate.send(
            "edit", path=path, version=2, updates=[{**update, "changes": [[9, SECRETS["edit"]]]}]
        )["ok"]
        assert candidate.send("ask", text=SECRETS["prompt"], attachments=[])["ok"]
        assert watcher.send("note", text=SECRETS["note"], about_seq=1)["ok"]
        terminal = candidate.send("term.open", cols=80, rows=24)["terminal"]
        assert candidate.send("term.input", terminal=terminal, data=f"echo {SECRETS['terminal']}\r")["ok"]
        wait(
            lambda: any(
                SECRETS["terminal"] in json.dumps(event) for event in watcher.events if "output" in event["type"]
            )
        )
        wait(lambda: "reply.finished" in watcher.types(), 30)
        requests.get(product.links["candidate"] + "x", timeout=5)
        malformed(product)
        lose_sandbox(product, candidate.interview)
        wait(lambda: "sandbox.lost" in watcher.types(), 30)
    finally:
        assert product.stop() == 0
    told = "".join(product.output[announced:])
    records = [json.loads(line) for line in told.splitlines()]
    for record in records:
        assert {"time", "level", "logger", "message"} <= set(record)
    assert any(record["logger"].startswith("gunicorn") for record in records)
    assert any(record["message"] == "stopping" for record in records)
    kept = [*SECRETS.values(), *(link.rpartition("/")[2] for link in product.links.values())]
    kept += [(product.data / "secret_key").read_text().strip()]
    assert not [word for word in kept if word in told]


def malformed(product: Product) -> None:
    """What only gunicorn sees, and speaks of."""
    host, port = product.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
        assert line.recv(100)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the service said, as JSON."""
    out, root = io.StringIO(), logging.getLogger()
    before, level, hook = list(root.handlers), root.level, threading.excepthook
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("json", "debug")
    yield out
    root.handlers[:], threading.excepthook = before, hook
    root.setLevel(level)


def test_an_exception_is_one_field_with_its_place_and_without_its_words(said: io.StringIO) -> None:
    try:
        try:
            int(SECRETS["prompt"])
        except ValueError as error:
            raise PlatformFailure("The disk is full") from error
    except PlatformFailure:
        logging.getLogger("pairsight").exception("it failed", extra={"interview": "i1"})
    record = json.loads(said.getvalue())
    assert record["message"] == "it failed" and record["interview"] == "i1"
    assert "test_operations.py" in record["exception"] and "ValueError" in record["exception"]
    assert "PlatformFailure: The disk is full" in record["exception"]
    assert SECRETS["prompt"] not in said.getvalue()


def test_what_ends_a_thread_is_told_in_the_same_form(said: io.StringIO) -> None:
    def fail() -> None:
        raise KeyError(SECRETS["edit"])

    thread = threading.Thread(target=fail, name="doomed")
    thread.start()
    thread.join(10)
    record = json.loads(said.getvalue())
    assert "doomed" in record["message"] and "KeyError" in record["exception"]
    assert SECRETS["edit"] not in said.getvalue()


def test_libraries_speak_from_warnings_on_whatever_the_level(said: io.StringIO) -> None:
    for name in ("sqlalchemy.engine", "anthropic", "socketio", "engineio"):
        logging.getLogger(name).info(SECRETS["edit"])
    logging.getLogger("sqlalchemy.pool").warning("a connection was lost")
    logging.getLogger("pairsight").debug("a detail")
    assert [json.loads(line)["message"] for line in said.getvalue().splitlines()] == [
        "a connection was lost",
        "a detail",
    ]


def test_a_failing_page_names_its_request_and_interview_and_no_link(settings: Settings, said: io.StringIO) -> None:
    app = create_app(settings)
    found: Interviews = app.extensions["interviews"]
    interview = found.create("prompted-playlists", "Ada", e.InterviewSettings(), 1)
    link = invitation(settings, "", interview, "candidate")
    client = app.test_client()

    def broken(**_: object) -> str:
        raise RuntimeError(SECRETS["note"])

    assert client.get(link).status_code == 302
    for endpoint in ("pages.join", "pages.work"):
        broken.opened_to = getattr(app.view_functions[endpoint], "opened_to")  # type: ignore[attr-defined]  # noqa: B009  # the mark
        app.view_functions[endpoint] = broken
        path = link if endpoint == "pages.join" else f"/interviews/{interview}/work"
        said.truncate(0)
        answer = client.get(path)
        assert answer.status_code == 500
        record = json.loads(said.getvalue().lstrip("\0"))
        assert record["level"] == "ERROR" and "RuntimeError" in record["exception"]
        assert record["request"] == answer.headers["X-Request-Id"]
        assert SECRETS["note"] not in said.getvalue() and link.rpartition("/")[2] not in said.getvalue()
        if endpoint == "pages.work":
            assert record["interview"] == interview
    found.close()


def test_a_request_has_an_id_and_a_believed_proxys_is_kept(settings: Settings) -> None:
    given = {"X-Request-Id": "from-the-proxy"}
    client = create_app(settings).test_client()
    first, second = (client.get("/", headers=given).headers["X-Request-Id"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{16}", first) and first != second
    behind = create_app(settings.model_copy(update={"proxies": 1})).test_client()
    assert behind.get("/", headers=given).headers["X-Request-Id"] == "from-the-proxy"
    odd = behind.get("/", headers={"X-Request-Id": 'a b"<script>'}).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{16}", odd)
