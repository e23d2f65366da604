"""The client against an agent that says anything: no bytes may hang, crash or bloat the server."""

from __future__ import annotations

import os
import queue
import threading
import time
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviews.errors import PlatformFailure
from sandbox.agent import MAX_FILES, VERSION, WINDOW, Decoder, Header, pack
from sandbox.base import Change, Limits
from sandbox.client import MAX_UNSENT_POSTS, AgentSandbox

HELLO = pack({"event": "hello", "version": VERSION, "pid": 1})
Answer = Callable[[Header, bytes], bytes]


class Peer:
    """A byte stream whose other end answers by a function, or just says what it was given."""

    place = ""

    def __init__(self, first: bytes, answer: Answer = lambda header, body: b"", *, deaf: bool = False) -> None:
        self._deaf = threading.Event()
        if not deaf:
            self._deaf.set()
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
        self._deaf.wait()
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
                self._deaf.set()
        return "last words"

    def release(self) -> None:
        os.close(self._down[1])
        self._thread.join(5)
        os.close(self._down[0])
        os.close(self._up[0])


def eventually(happened: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.001)


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


def lost_by(sandbox: AgentSandbox, peer: Peer, said: bytes) -> str:
    """The reason for which a sandbox is gone after its agent has said this."""
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    sandbox.on_lost(reasons.put)
    peer.say(said)
    return reasons.get(timeout=10)


def framed(head: bytes, body: int = 0) -> bytes:
    return b"PS" + len(head).to_bytes(2, "big") + body.to_bytes(4, "big") + head


@pytest.mark.parametrize(
    "said",
    [
        framed(b"{}", 0xFFFFFFFF),
        framed(b'{"event":' + b"[" * 8000),
        framed(b'{"event":"output","term":' + b"9" * 8000 + b"}"),
        framed(b'{"event":"credit","term":NaN,"n":1}'),
        framed(b'{"event":"exit","term":-1,"code":0}'),
        framed(b'{"id":-5,"ok":{}}'),
        framed(b'{"id":1e3,"ok":{}}'),
        framed(b'{"id":true,"ok":{}}'),
        framed(b'{"event":{"hello":[]}}'),
        framed(b"[1]"),
        pack({"event": "changes"}, b"written\0a\0" * 31),
    ],
)
def test_a_hostile_frame_ends_the_sandbox_and_its_threads(said: bytes) -> None:
    before = threading.active_count()
    peer = Peer(HELLO)
    sandbox = connect(peer)
    assert "broke the protocol" in lost_by(sandbox, peer, said)
    sandbox.stop()
    eventually(lambda: threading.active_count() <= before)


@pytest.mark.parametrize(
    "ok", [{"stdout": -1}, {"stdout": 1}, {"stdout": 0, "exit": 300}, {"stdout": 0, "exit": 0, "ms": -1}, {}]
)
def test_a_result_out_of_bounds_ends_the_sandbox(ok: Header) -> None:
    sandbox = connect(Peer(HELLO, lambda header, body: pack({"id": header["id"], "ok": ok})))
    with pytest.raises(PlatformFailure, match="broke the protocol"):
        sandbox.exec(["true"])
    assert not sandbox.alive
    sandbox.stop()


HASH = b"0" * 64


@pytest.mark.parametrize(
    "table",
    [
        b"a\x001\0" + HASH,
        b"a\x001\0",
        b"a\0-1\0" + HASH + b"\0",
        b"a\0\xd9\xa1\0" + HASH + b"\0",
        b"a\x001\0" + HASH[:-1] + b"\0",
        b"../a\x001\0" + HASH + b"\0",
        b"/a\x001\0" + HASH + b"\0",
        b"\x001\0" + HASH + b"\0",
        b"b\x001\0" + HASH + b"\0" + b"a\x001\0" + HASH + b"\0",
        (b"a\x001\0" + HASH + b"\0") * 2,
        b"\0" * 3 * (MAX_FILES + 1),
        b"a\xff\x001\0" + HASH + b"\0",
    ],
)
def test_a_list_that_is_none_ends_the_sandbox(table: bytes) -> None:
    sandbox = connect(Peer(HELLO, lambda header, body: pack({"id": header["id"], "ok": {}}, table)))
    with pytest.raises(PlatformFailure, match="broke the protocol"):
        sandbox.list()
    assert not sandbox.alive
    sandbox.stop()


def test_a_flood_of_changes_is_bounded_and_told() -> None:
    peer = Peer(HELLO, lambda header, body: pack({"id": header["id"], "ok": {}}))
    sandbox = connect(peer)
    gate = threading.Event()
    seen: list[Change] = []

    def slow(change: Change) -> None:
        gate.wait(20)
        seen.append(change)

    sandbox.watch(slow)
    name = b"d/" * 20 + b"n" * 200
    frame = pack({"event": "changes"}, b"written\0%s\0" % name * 30)
    tracemalloc.start()
    try:
        for _ in range(3000):
            peer.say(frame)
        peer.say(pack({"event": "changes"}, b"deleted\0last\0"))
        # The reader has taken all: what it had no room for is in no buffer of the pipe's.
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
    gate.set()
    eventually(lambda: Change("deleted", "last") in seen)
    assert Change("overflow", "") in seen
    assert len(seen) < 3000
    sandbox.stop()


def test_empty_output_is_beyond_any_window() -> None:
    """It would cost the agent nothing and the server a place in a queue."""

    def answer(header: Header, body: bytes) -> bytes:
        return pack({"id": header["id"], "ok": {"window": WINDOW}}) if header.get("op") == "open" else b""

    peer = Peer(HELLO, answer)
    sandbox = connect(peer)
    sandbox.open_terminal(cols=80, rows=24, on_output=lambda data: None, on_exit=lambda code: None)
    assert "broke the protocol" in lost_by(sandbox, peer, pack({"event": "output", "term": 1}, b""))
    sandbox.stop()


def test_an_agent_that_never_listens_is_lost() -> None:
    peer = Peer(HELLO, deaf=True)
    sandbox = connect(peer)
    reasons: queue.SimpleQueue[str] = queue.SimpleQueue()
    sandbox.on_lost(reasons.put)
    tracemalloc.start()
    try:
        for _ in range(MAX_UNSENT_POSTS // 1000 + 1000):
            sandbox.post({"op": "resize", "term": 1, "cols": 1, "rows": 1}, bytes(1000))
        assert "does not listen" in reasons.get(timeout=10)
        assert tracemalloc.get_traced_memory()[0] < 2 << 20
    finally:
        tracemalloc.stop()
    sandbox.stop()


def test_keys_do_not_wait_behind_a_big_file() -> None:
    """What has no answer goes ahead of requests."""
    gate = threading.Event()
    heard: list[str] = []

    def answer(header: Header, body: bytes) -> bytes:
        gate.wait(20)
        heard.append(str(header.get("op", "more")))
        return b"" if "id" not in header or header.get("more") else pack({"id": header["id"], "ok": {}})

    sandbox = connect(Peer(HELLO, answer))
    writing = threading.Thread(target=sandbox.write, args=("big", bytes(8 << 20)))
    writing.start()
    eventually(lambda: sandbox._outbox_bytes > 6 << 20)
    sandbox.post({"op": "close", "term": 1})
    gate.set()
    writing.join(20)
    assert heard.index("close") < 6
    assert heard[-1] == "write"
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
