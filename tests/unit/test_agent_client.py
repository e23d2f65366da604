"""The client against an agent that says anything: no bytes may hang, crash or bloat the server."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviews.errors import PlatformFailure
from sandbox.agent import VERSION, WINDOW, Decoder, Header, pack
from sandbox.base import Change, Limits
from sandbox.client import AgentSandbox

HELLO = pack({"event": "hello", "version": VERSION, "pid": 1})
Answer = Callable[[Header, bytes], bytes]


class Peer:
    """A byte stream whose other end answers by a function, or just says what it was given."""

    place = ""

    def __init__(self, first: bytes, answer: Answer = lambda header, body: b"") -> None:
        self._down = os.pipe()
        self._up = os.pipe()
        self._answer = answer
        self._lock = threading.Lock()
        self._ended = False
        os.write(self._up[1], first)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        decoder = Decoder()
        while data := os.read(self._down[0], 1 << 16):
            for header, body in decoder.feed(data):
                self.say(self._answer(header, body))

    def say(self, data: bytes) -> None:
        with self._lock:
            if not self._ended:
                os.write(self._up[1], data)

    def read(self) -> bytes:
        return os.read(self._up[0], 1 << 16)

    def write(self, data: bytes) -> None:
        os.write(self._down[1], data)

    def hang_up(self) -> str:
        return self.end()

    def end(self) -> str:
        with self._lock:
            if not self._ended:
                self._ended = True
                os.close(self._up[1])
        return "last words"

    def release(self) -> None:
        os.close(self._down[1])
        self._thread.join(5)
        os.close(self._down[0])
        os.close(self._up[0])


def connect(peer: Peer, hello_seconds: float = 5.0) -> AgentSandbox:
    return AgentSandbox("peer", peer, Limits(), hello_seconds=hello_seconds)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["output", "exit", "changes", "credit"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.builds(
    pack,
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("id", "event", "ok", "error", "more", "term", "code", "n", "version", "detail"), VALUES
        ),
    ),
    st.binary(max_size=50)
    | st.sampled_from([b"written\0a\0", b"written\0../x\0", b"overflow\0\0", b"deleted\0", b"\0\0\0", b"a\xff\0b\0"]),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.lists(MESSAGES, max_size=4).map(b"".join), st.binary(max_size=30))
def test_whatever_an_agent_says_the_server_goes_on(said: bytes, then: bytes) -> None:
    peer = Peer(HELLO + said, lambda header, body: then)
    lost: list[str] = []
    try:
        sandbox = connect(peer)
    except PlatformFailure:
        return
    sandbox.on_lost(lost.append)
    peer.say(b"\0" * 64)
    until = time.monotonic() + 5
    while not lost and time.monotonic() < until:
        time.sleep(0.001)
    assert len(lost) == 1
    assert not sandbox.alive
    with pytest.raises(PlatformFailure):
        sandbox.read("x")
    sandbox.stop()


@pytest.mark.parametrize(
    "said",
    [
        pack({"id": 1 << 39, "ok": {}}),
        pack({"event": "output", "term": 99}, b"x"),
        pack({"event": "exit", "term": "1", "code": 0}),
        pack({"event": "changes"}, b"written\0/etc/passwd\0"),
        pack({"event": "changes"}, b"written\0a/../../b\0"),
        pack({"event": "changes"}, b"renamed\0a\0"),
        pack({"event": "changes"}, b"written\0"),
        pack({"event": "changes"}, b"written\0a"),
        pack({"event": "changes"}, b"written\0\xff\0"),
        pack({"event": "changes"}, b"\0" * 5000),
        pack({"event": "nonsense"}),
        pack({}),
    ],
)
def test_what_breaks_the_protocol_ends_the_sandbox(said: bytes) -> None:
    peer = Peer(HELLO)
    sandbox = connect(peer)
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    sandbox.on_lost(reasons.put)
    peer.say(said)
    reason = reasons.get(timeout=5)
    assert "broke the protocol" in reason
    assert "last words" in reason
    sandbox.stop()


def test_an_agent_without_hello_is_a_failed_start() -> None:
    with pytest.raises(PlatformFailure, match=r"within 0\.2 s"):
        connect(Peer(b""), hello_seconds=0.2)
    with pytest.raises(PlatformFailure, match=f"expected protocol version {VERSION}, got 1"):
        connect(Peer(pack({"event": "hello", "version": 1})))


def test_an_answer_longer_than_asked_for_ends_the_sandbox() -> None:
    def answer(header: Header, body: bytes) -> bytes:
        return pack({"id": header["id"], "more": True}, bytes(1 << 18)) if header["op"] == "exec" else b""

    sandbox = connect(Peer(HELLO, answer))
    with pytest.raises(PlatformFailure):
        sandbox.exec(["yes"], output_cap=1000)
    assert not sandbox.alive
    sandbox.stop()


def test_more_output_than_granted_ends_the_sandbox() -> None:
    def answer(header: Header, body: bytes) -> bytes:
        if header.get("op") != "open":
            return b""
        opened = pack({"id": header["id"], "ok": {"window": WINDOW}})
        return opened + pack({"event": "output", "term": header["term"]}, bytes(1 << 17)) * 3

    sandbox = connect(Peer(HELLO, answer))
    gate, lost = threading.Event(), threading.Event()
    sandbox.on_lost(lambda reason: lost.set())

    def stall(data: bytes) -> None:
        gate.wait(5)

    sandbox.open_terminal(cols=80, rows=24, on_output=stall, on_exit=lambda code: None)
    assert lost.wait(5)
    gate.set()
    sandbox.stop()


def test_a_callback_that_fails_is_its_owners_matter() -> None:
    peer = Peer(HELLO, lambda header, body: pack({"id": header["id"], "ok": {}}))
    sandbox = connect(peer)
    seen: list[Change] = []

    def fail(change: Change) -> None:
        seen.append(change)
        raise ValueError("the listener's own mistake")

    sandbox.watch(fail)
    for name in (b"a", b"b"):
        peer.say(pack({"event": "changes"}, b"written\0%s\0" % name))
    until = time.monotonic() + 5
    while len(seen) < 2 and time.monotonic() < until:
        time.sleep(0.001)
    assert [change.path for change in seen] == ["a", "b"]
    assert sandbox.alive
    sandbox.stop()
