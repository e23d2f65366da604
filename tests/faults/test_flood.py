"""Clients that send garbage, floods and old messages: they are held back, others hardly notice, nothing is done twice."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from functools import partial
from pathlib import Path

import pytest
import websocket

from tests.faults.conftest import MakePages
from tests.faults.pages import Follower, Page
from tests.faults.wire import Wire
from tests.product import Message, Product
from web.lines import POLICY

pytestmark = pytest.mark.sandbox
FRAMES = 30_000
# Far above what anybody waits, far below what they would wait behind the flood.
PATIENCE_S = 5.0
TOO_LONG = 1009


def memory(product: Product) -> int:
    """Resident bytes of the server's processes."""
    pids = [product.process.pid, *map(int, _children(product.process.pid))]
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * 4096


def _children(pid: int) -> list[str]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [child for child in found if "python" in Path(f"/proc/{child}/cmdline").read_text()]


def works(page: Page) -> None:
    """Its candidate can still do something."""
    assert page.act("create", path=f"{time.monotonic()}.txt")["ok"]


def write(page: Page, path: str, text: str, version: int) -> Message:
    return page.act("edit", path=path, version=version, updates=[{"clientID": page.client, "changes": [[0, text]]}])


@pytest.mark.parametrize(
    "frame",
    [
        '42{number}["away",{{"away":true}}]',
        '42{number}["edit",{{"path":"nothing.txt","version":1,"updates":[]}}]',
        '42["nobody-listens",{{"x":"' + "x" * 300_000 + '"}}]',
        "4x{number}",
    ],
)
def test_a_flood_is_told_to_wait_and_then_cut_off_and_others_go_on(people: MakePages, frame: str) -> None:
    (flooder, watcher), (_, other) = people(), people()
    busy: list[Message] = []
    slowest, done = 0.0, threading.Event()

    def flood() -> None:
        with Wire(flooder, flooder.client) as wire:
            hello = wire.send("hello", since=0)
            assert wire.answers(hello)[hello]["ok"]
            reader = threading.Thread(target=lambda: busy.extend(wire.answers(-1).values()))
            reader.start()
            for number in range(100, FRAMES):
                if not wire.frame(frame.format(number=number)):
                    break
            reader.join(30)
            closed.append(wire.closed)
        done.set()

    closed: list[tuple[int, str] | None] = []
    flooder.cut()
    thread = threading.Thread(target=flood)
    thread.start()
    try:
        while not done.is_set():
            began = time.monotonic()
            assert other.act("note", text="still heard", about_seq=1)["ok"]
            slowest = max(slowest, time.monotonic() - began)
    finally:
        thread.join(60)
    assert slowest < PATIENCE_S
    assert closed and closed[0] is not None and closed[0][0] in (POLICY, 0), closed
    told = [answer for answer in busy if not answer["ok"] and answer["code"] == "busy"]
    if "number" in frame and frame.startswith("42{"):
        assert told and "goes on in a moment" in told[0]["error"]
    # It was the flood, not the page, that was sent away.
    assert flooder.act("create", path="after.txt")["ok"]
    watcher.until(lambda: "after.txt" in Follower(watcher).state.files)


def test_connecting_anew_is_no_way_around(people: MakePages) -> None:
    flooder, _ = people()
    flooder.cut()
    with Wire(flooder, "one") as wire:
        while wire.frame('42["nobody-listens"]'):
            pass
        wire.answers(-1)
        assert wire.closed is not None
    answer: Message | None = None
    while answer is None:
        # Until a little has come in again, even this is cut off.
        with (
            contextlib.suppress(AssertionError, OSError, websocket.WebSocketException),
            Wire(flooder, "another") as wire,
        ):
            hello = wire.send("hello", since=0)
            answer = wire.answers(hello).get(hello)
    assert answer["code"] == "busy"


def test_a_message_without_end_is_refused_while_it_comes(product: Product, people: MakePages) -> None:
    candidate, _ = people()
    before = memory(product)
    with Wire(candidate, candidate.client) as wire:
        piece, sent = b"x" * 65_536, 0
        try:
            wire.line.send_frame(_frame(b"42", first=True))
            while sent < 200_000_000:
                wire.line.send_frame(_frame(piece))
                sent += len(piece)
        except OSError:
            pass
        assert wire.answers(-1) == {}
        assert wire.closed in ((TOO_LONG, "Message is too big"), (0, ""))
    assert sent < 100_000_000
    assert memory(product) - before < 50_000_000
    works(candidate)


def _frame(data: bytes, first: bool = False) -> websocket.ABNF:
    code = websocket.ABNF.OPCODE_TEXT if first else websocket.ABNF.OPCODE_CONT
    return websocket.ABNF(0, 0, 0, 0, code, 1, data)


def test_what_is_sent_faster_than_it_is_dealt_with_waits_at_its_sender(product: Product, people: MakePages) -> None:
    candidate, _ = people()
    before, most = memory(product), 0
    message = '42["nobody-listens",' + json.dumps(["x" * 900] * 1000) + "]"
    with Wire(candidate, candidate.client) as wire:
        for _ in range(200):
            if not wire.frame(message):
                break
            most = max(most, memory(product))
    assert most - before < 80_000_000
    works(candidate)


def test_old_messages_sent_again_change_nothing(people: MakePages) -> None:
    candidate, interviewer = people()
    name = candidate.client
    messages: list[tuple[str, Message]] = [
        ("create", {"path": "a.txt"}),
        ("edit", {"path": "a.txt", "version": 1, "updates": [{"clientID": name, "changes": [[0, "one"]]}]}),
        ("edit", {"path": "a.txt", "version": 2, "updates": [{"clientID": name, "changes": [3, [0, " two"]]}]}),
        ("create", {"path": "b.txt"}),
        ("delete", {"path": "b.txt"}),
        ("run", {}),
        ("ask", {"text": "Please build the whole playlist feature: length, clean, without an artist.", "attachments": []}),
    ]  # fmt: skip
    first: list[Message] = []
    kept = [(act, {"client_seq": 5000 + number, **message}) for number, (act, message) in enumerate(messages)]
    for act, message in kept:
        first.append(candidate.act(act, **message))
    assert all(answer["ok"] for answer in first), first
    view = Follower(interviewer)
    interviewer.until(lambda: view.state.turns and view.state.turns[-1].status == "finished" and view.state.suggestions)
    interviewer.until(lambda: view.state.runs[-1].finished_seq is not None)
    suggestion = next(iter(view.state.suggestions.values()))
    hunk = {"suggestion": suggestion.suggestion, "hunk": suggestion.hunks[0]["hunk"], "decision": "rejected"}
    kept.append(("decide", {"client_seq": 5100, **hunk}))
    assert candidate.act(*kept[-1][:1], **kept[-1][1])["ok"]
    before = settled(candidate)

    # The same numbers: the first time's answers.
    for (act, message), answer in zip(kept[:-1], first, strict=True):
        assert candidate.act(act, **message) == answer
    assert candidate.act("decide", **kept[-1][1])["ok"]
    # New numbers, old content: too late for what it was made for.
    for act, message in kept:
        if (act, message.get("path")) in {("edit", "a.txt"), ("create", "a.txt"), ("decide", None)}:
            fresh = {field: value for field, value in message.items() if field != "client_seq"}
            assert not candidate.act(act, **fresh)["ok"], act
    # The same numbers after the page was opened again, and from behind another connection.
    candidate.cut()
    for act, message in reversed(kept):
        candidate.act(act, **message)
    after = settled(candidate)
    assert [event for event in after[len(before) :] if event["actor"] != "system"] == []

    assert candidate.act("submit", client_seq=6000)["ok"]
    assert candidate.act("submit", client_seq=6000)["ok"]
    interviewer.until(lambda: view.state.status == "finished")
    for act, message in kept:
        candidate.act(act, **message)
        candidate.act(act, **{**message, "client_seq": message["client_seq"] + 1000})
    types = [event["type"] for event in interviewer.events]
    assert types.count("interview.submitted") == types.count("run.started") == types.count("prompt.sent") == 1
    assert view.state.files["a.txt"].text == "one two"


def settled(page: Page) -> list[Message]:
    """All events of the page once nothing more comes."""
    last = -1
    while last != len(page.events):
        last = page.get(f"events?since={len(page.events)}")["last"]
        page.until(partial(has, page, last))
    return list(page.events)


def has(page: Page, last: int) -> bool:
    """Whether the page has that many events."""
    return len(page.events) >= last
