"""A hostile candidate at the server's live side: forged messages, others' names, floods of connections, other origins."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import socketio

from app import invitation
from interviews import exercises
from interviews.settings import Settings
from tests import product as products
from tests.product import Browser, Product, wait
from web.seats import MOST

HANDSHAKE = "EIO=4&transport=polling"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = products.start(tmp_path_factory.mktemp("live") / "data", PAIRSIGHT_PACE="0")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def candidate(product: Product) -> Iterator[Browser]:
    browser = Browser(product, "candidate", name="mine")
    assert browser.consent().status_code == 200
    browser.connect()
    yield browser
    browser.socket.disconnect()


@pytest.fixture(scope="module")
def interviewer(product: Product, candidate: Browser) -> Iterator[Browser]:
    browser = Browser(product, "interviewer", name="theirs")
    browser.connect()
    yield browser
    browser.socket.disconnect()


def handshake(
    browser: Browser | None, product: Product, interview: str, role: str, **headers: str
) -> requests.Response:
    session = browser.http if browser else requests.Session()
    url = f"{product.address}/socket.io/?{HANDSHAKE}&interview={interview}&role={role}&client=x"
    return session.get(url, headers=headers, timeout=10)


def test_a_stranger_gets_no_connection_at_all(product: Product, candidate: Browser) -> None:
    assert handshake(None, product, candidate.interview, "candidate").status_code == 403
    assert handshake(candidate, product, candidate.interview, "interviewer").status_code == 403
    assert handshake(candidate, product, "another", "candidate").status_code == 403
    assert handshake(candidate, product, candidate.interview, "candidate").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_page_of_another_site_gets_no_connection(product: Product, candidate: Browser, origin: str) -> None:
    assert handshake(candidate, product, candidate.interview, "candidate", Origin=origin).status_code == 400


def test_one_candidate_cannot_take_every_connection(product: Product, candidate: Browser) -> None:
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in candidate.http.cookies)
    url = f"{product.address}?interview={candidate.interview}&role=candidate&client=flood"
    opened: list[socketio.Client] = []
    try:
        while (answer := handshake(candidate, product, candidate.interview, "candidate")).status_code == 200:
            assert len(opened) < MOST
            opened.append(socketio.Client(reconnection=False))
            opened[-1].connect(url, headers={"Cookie": cookies}, transports=["websocket"], wait_timeout=10)
        assert answer.status_code == 503 and str(MOST) in answer.json()["error"]
        assert requests.get(product.address, timeout=10).status_code == 200
    finally:
        for client in opened:
            client.disconnect()
    wait(lambda: handshake(candidate, product, candidate.interview, "candidate").status_code == 200)


FRAMES = [
    '42["edit",' + "[" * 100_000 + "]" * 100_000 + "]",
    "42" + "[" * 50_000,
    '42["edit",{"path":"a","version":' + "9" * 5000 + "}]",
    '427["create",{"path":{"__proto__":{"a":1}},"client_seq":NaN}]',
    '427["term.open",{"cols":Infinity,"rows":-Infinity}]',
    '427["term.open",{"cols":80.5,"rows":true}]',
    '427["edit",{"path":"\\ud800","version":1,"updates":[{"clientID":"\\udfff","changes":[[0,"\\ud800"]]}]}]',
    '427["edit",1,2,3]',
    '427["edit"]',
    "427[]",
    "42",
    "42{}",
    '427[{"a":1}]',
    '427["hello",{"since":1180591620717411303424}]',
    '427["hello",{"since":-1}]',
    '427["hello",{"since":999999999}]',
    '427["stop",{"turn":"' + "x" * 100_000 + '"}]',
    '427["note",{"text":"x","about_seq":1}]',
    '427["nothing-like-this",{}]',
    "459999-7[]",
    '451-["edit",{"_placeholder":true,"num":5}]',
    "4/admin,0",
    "9",
    "\0\1\2",
    "4" * 50_000,
]


def test_no_frame_takes_the_server_or_others_down(product: Product, candidate: Browser, interviewer: Browser) -> None:
    told = len(product.output)
    lines = {candidate.socket.eio.ws}
    for frame in FRAMES:
        candidate.socket.eio.ws.send(frame)
        assert interviewer.send("away", away=False)["ok"], frame[:40]
        if not candidate.socket.connected:
            candidate.connect()
            lines.add(candidate.socket.eio.ws)
    candidate.socket.disconnect()
    for line in lines:
        # The client's library leaves a connection open that the server closed.
        line.shutdown()
    candidate.connect()
    assert candidate.send("create", path="after.txt")["ok"]
    assert interviewer.send("note", text="still here", about_seq=1)["ok"]
    assert len("".join(product.output[told:])) < 100_000


def test_the_other_roles_name_and_number_swallow_nothing(candidate: Browser, interviewer: Browser) -> None:
    seen = {event["payload"]["client"] for event in candidate.events if event["type"] == "presence.changed"}
    assert seen
    thief = next(name.split(":")[-1] for name in seen if "theirs" in name)
    cookie = candidate.client
    candidate.socket.disconnect()
    candidate.client = thief
    candidate.connect()
    assert candidate.send("create", path="trap.txt", client_seq=7001)["ok"]
    assert interviewer.send("note", text="not to be lost", about_seq=1, client_seq=7001)["ok"]
    wait(lambda: any(note["text"] == "not to be lost" for note in interviewer.state["notes"]))
    assert any(view["role"] == "interviewer" for view in interviewer.state["presence"].values())
    candidate.socket.disconnect()
    candidate.client = cookie
    candidate.connect()
    assert any(view["role"] == "interviewer" for view in interviewer.state["presence"].values())


def test_a_duplicated_tab_takes_over_though_it_has_the_same_id(product: Product, candidate: Browser) -> None:
    twin = Browser(product, "candidate", name=candidate.client)
    twin.connect()
    wait(lambda: candidate.superseded)
    assert "another tab" in candidate.send("create", path="twin.txt")["error"]
    # Asking for a gap, as a page does that missed something, is no taking over.
    candidate.send("hello", since=0)
    assert "another tab" in candidate.send("create", path="twin.txt")["error"]
    assert twin.send("create", path="twin.txt")["ok"]
    twin.socket.disconnect()
    candidate.socket.disconnect()
    candidate.superseded = False
    candidate.connect()


def test_a_hello_that_was_slow_takes_nothing_from_the_connection_made_since(
    product: Product, candidate: Browser
) -> None:
    slow, since = (Browser(product, "candidate", name="same-tab") for _ in range(2))
    slow.connect(greet=False)
    since.connect()
    assert slow.send("hello", since=0)["ok"]
    assert "another tab" in slow.send("create", path="slow.txt")["error"]
    assert since.send("create", path="since.txt")["ok"] and not since.superseded
    slow.socket.disconnect()
    since.socket.disconnect()
    candidate.socket.disconnect()
    candidate.superseded = False
    candidate.connect()


def test_a_role_elsewhere_opens_nothing_here(product: Product, candidate: Browser) -> None:
    settings = Settings(data=product.data)
    elsewhere = requests.Session()
    link = invitation(settings, product.address, "no-such-interview", "interviewer")
    assert elsewhere.get(link, timeout=10).status_code == 404
    for path in ("watch", "replay", "scorecard", "export.log", "work"):
        assert (
            elsewhere.get(f"{product.address}/interviews/{candidate.interview}/{path}", timeout=10).status_code == 403
        )


def secrets() -> list[str]:
    """What a candidate must not learn while they work: words of planted mistakes and names of hidden tests."""
    exercise = exercises.load("prompted-playlists")
    words = [word for defect in exercise.spec.defects for word in (defect.explanation, defect.fix, defect.title)]
    tests = [test.rpartition("::")[2] for defect in exercise.spec.defects for test in defect.tests]
    tests += [test.rpartition("::")[2] for atom in exercise.spec.requirements for test in atom.tests]
    return [*words, *tests, "suggestion.annotated", "key.recorded", '"defect"', "not to be lost", "note.added"]


def everything(browser: Browser, product: Product) -> str:
    """All that the candidate's session can read."""
    texts = [json.dumps(list(browser.events), ensure_ascii=False)]
    base = f"/interviews/{browser.interview}/"
    last = browser.get("events")["last"]
    paths = [base + name for name in ("work", "consent", "debrief", "watch", "replay", "scorecard", "export.log")]
    paths += [f"/api{base}candidate/events", f"/api{base}interviewer/events", f"/api{base}interviewer/scorecard"]
    paths += [f"/api{base}candidate/state?at={at}" for at in range(0, last + 1, 5)]
    texts += [browser.http.get(product.address + path, timeout=20).text for path in paths]
    return "\n".join(texts)


def test_a_candidate_learns_nothing_before_the_end_and_no_notes_or_scores_after(
    product: Product, candidate: Browser, interviewer: Browser
) -> None:
    candidate.send(
        "ask", text="Please build the whole playlist feature: length, clean, without an artist.", attachments=[]
    )
    wait(lambda: candidate.state["turns"][-1]["status"] == "finished", 30)
    assert candidate.state["suggestions"]
    interviewer.send("note", text="not to be lost", about_seq=1)
    seen = everything(candidate, product)
    assert [secret for secret in secrets() if secret in seen] == []

    assert candidate.send("submit")["ok"]
    wait(lambda: interviewer.types().count("score.recorded") == 1, 60)
    after = everything(candidate, product)
    told_now = [
        "not to be lost",
        "note.added",
        "score.recorded",
        "analysis.recorded",
        "hidden_tests",
        "ci95",
        "head_hash",
    ]
    assert [secret for secret in told_now if secret in after] == []

    # A log that is over stays as it is, whoever comes and goes.
    last = interviewer.get("events")["last"]
    candidate.socket.disconnect()
    candidate.connect()
    candidate.send("away", away=True)
    for name in ("submit", "run", "flushed", "term.open", "create"):
        candidate.send(name, path="late.txt", cols=80, rows=24)
    assert interviewer.get("events")["last"] == last


def test_the_link_survives_only_whole(product: Product, tmp_path: Path) -> None:
    link = product.links["candidate"]
    for wrong in (link[:-1], link + "x", link.swapcase().replace("HTTP", "http").replace("/JOIN/", "/join/")):
        assert requests.get(wrong, timeout=10).status_code == 403
