"""The agent's own process: no input hangs or breaks it, and a stalled reader costs no memory."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from interviews.errors import PlatformFailure
from sandbox import client
from sandbox.agent import MAX_BODY, MAX_HEADER, VERSION, WINDOW, Decoder, Header, pack
from tests.unit.agent_process import connected, running

PREFIX = b"PS"
SLOW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def eventually(happened: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, f"it did not happen within {seconds} s"
        time.sleep(0.01)


def head_only(head: bytes, body: int = 0) -> bytes:
    return PREFIX + len(head).to_bytes(2, "big") + body.to_bytes(4, "big") + head


@SLOW
@given(st.binary(max_size=300), st.booleans())
@example(b"", False)
@example(b"\xff\xff\xff\xff\xff\xff", True)
@example(head_only(b"[" * 9000)[2:], True)
@example(head_only(b'{"id":' + b"9" * 9000 + b"}")[2:], True)
@example(head_only(b'{"id":NaN}')[2:], True)
@example(head_only(b'{"id":1', 50)[2:], True)
@example((MAX_HEADER + 1).to_bytes(2, "big") + bytes(4), True)
@example(bytes(2) + (MAX_BODY + 1).to_bytes(4, "big"), True)
def test_any_bytes_end_the_agent_plainly(tmp_path: Path, data: bytes, framed: bool) -> None:
    with running(tmp_path) as agent:
        code, said, errors = agent.say_last(PREFIX + data if framed else data)
    assert (code, errors) == (0, b"")
    assert said[0] == {"event": "hello", "version": VERSION, "pid": said[0]["pid"]}
    # Unfinished is no failure: the end of the input is the end of the agent. Anything else is named.
    assert [header for header in said[1:] if header.get("event") != "broken" and "id" not in header] == []


@SLOW
@given(st.integers(0, 200))
def test_a_stream_may_end_anywhere(tmp_path: Path, cut: int) -> None:
    whole = pack({"id": 1, "op": "write", "path": "file", "size": 100}, bytes(100)) + pack({"id": 2, "op": "list"})
    with running(tmp_path) as agent:
        code, said, errors = agent.say_last(whole[:cut])
    assert (code, errors) == (0, b"")
    assert all("event" in header or "ok" in header for header in said)


SMALL = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["../x", "/", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
# What comes near to a real request; nothing here names a program that could do harm.
REQUESTS = st.fixed_dictionaries(
    {"op": st.sampled_from(["read", "write", "delete", "list", "open", "pipe", "exec", "input", "credit", "resize"])},
    optional={
        "path": st.sampled_from(["a", "a/b", "..", "", "/etc/passwd"]) | SMALL,
        "expected": SMALL,
        "term": st.integers(-1, 3) | SMALL,
        "cols": st.integers(-1, 2000) | SMALL,
        "rows": st.integers(-1, 2000) | SMALL,
        "n": st.integers(-1, 1 << 40) | SMALL,
        "credit": st.integers(-1, WINDOW + 1) | SMALL,
        "argv": st.sampled_from([["true"], ["no-such-program"], [], ["a\0b"]])
        | SMALL.filter(lambda v: type(v) is not list),
        "size": st.integers(0, 20) | SMALL,
        "head": st.integers(-1, 60) | SMALL,
        "cap": st.integers(-1, 100) | SMALL,
        "timeout_ms": st.integers(-1, 500) | SMALL,
        "more": st.booleans() | SMALL,
        "id": st.integers(0, 4) | SMALL,
    },
)
BODIES = st.sampled_from([b"", b"{}", b'{"argv": ["true"], "env": {}}', b'{"argv": [], "env": {"": "="}}', b"[" * 99])


@SLOW
@given(st.lists(st.tuples(REQUESTS, BODIES), max_size=8))
def test_no_request_stops_the_agent_from_answering(tmp_path: Path, requests: list[tuple[Header, bytes]]) -> None:
    with running(tmp_path) as agent:
        for header, body in requests:
            agent.write(pack(header, body))
        assert agent.ask({"op": "ping"}) == ({"id": 1 << 20, "ok": {}}, b"")
        assert "ok" in agent.ask({"op": "list"})[0]


def test_every_request_is_answered_once(tmp_path: Path) -> None:
    asked = b"".join(
        pack({"id": n, "op": op}) for n, op in enumerate(["list", "ping", "nonsense", "read", "exec"] * 20, 1)
    )
    with running(tmp_path) as agent:
        agent.write(asked)
        replies: list[int] = []
        decoder = Decoder()
        while len(replies) < 100:
            replies += [header["id"] for header, _ in decoder.feed(agent.read()) if "id" in header]
    assert sorted(replies) == list(range(1, 101))


def resident(pid: int) -> int:
    """Bytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("piped", [False, True])
def test_a_stalled_reader_costs_neither_side_memory(tmp_path: Path, piped: bool) -> None:
    gate = threading.Event()
    codes: list[int] = []
    passed = 0

    def output(data: bytes) -> None:
        nonlocal passed
        passed += len(data)
        if passed > 8 << 20:
            gate.wait(60)

    with connected(tmp_path) as (sandbox, agent):
        line = ["sh", "-c", "echo $$ > pid; yes | head -c 300000000; touch done"]
        before = resident(os.getpid()), resident(agent.process.pid)
        if piped:
            sandbox.open_pipe(line, on_output=output, on_exit=codes.append)
        else:
            sandbox.open_terminal(cols=80, rows=24, on_output=output, on_exit=codes.append, argv=line)
        eventually(lambda: passed > 8 << 20)
        # The producer has had all the time of a second command and is no further.
        at = passed
        assert sandbox.exec(["sh", "-c", "sleep 0.5; test -e done"]).exit_code == 1
        assert passed == at
        grown = resident(os.getpid()) - before[0], resident(agent.process.pid) - before[1]
        gate.set()
        sandbox.stop()
    assert max(grown) < 16 << 20
    eventually(lambda: len(codes) == 1)


def test_a_stopped_agent_is_noticed_without_being_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(client, "PING_SECONDS", 1.0)
    with connected(tmp_path) as (sandbox, agent):
        lost: list[str] = []
        sandbox.on_lost(lost.append)
        assert sandbox.list() == []
        os.kill(agent.process.pid, signal.SIGSTOP)
        eventually(lambda: lost)
        assert lost == ["its agent does not answer"]
        with pytest.raises(PlatformFailure, match="does not answer"):
            sandbox.list()


def alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_with_the_stream_end_the_commands_and_not_what_a_terminal_began(tmp_path: Path) -> None:
    with running(tmp_path) as agent:
        for op, line in (
            ("exec", "echo $$ > run; sleep 86388"),
            ("pipe", "echo $$ > pipe; sleep 86387"),
            ("open", "setsid -f sh -c 'echo $$ > term; exec sleep 86386'; sleep 86385"),
        ):
            command = json.dumps({"argv": ["sh", "-c", line], "env": {}}).encode()
            fields = (
                {"head": len(command), "timeout_ms": 60_000, "cap": 0} if op == "exec" else {"term": 1, "credit": 9}
            )
            if op == "open":
                fields |= {"term": 2, "cols": 80, "rows": 24}
            agent.write(pack({"id": 1, "op": op, "argv": ["sh", "-c", line], **fields}, command))
        said = [tmp_path / name for name in ("run", "pipe", "term")]
        eventually(lambda: all(path.exists() and path.read_text() for path in said))
        pids = [int(path.read_text()) for path in said]
        try:
            assert agent.say_last(b"")[0] == 0
            assert [alive(pid) for pid in pids] == [False, False, True]
        finally:
            os.kill(pids[2], signal.SIGKILL)


def test_what_is_no_file_is_refused_without_a_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(tmp_path / "socket"))
    os.symlink("/dev/tty", tmp_path / "link")
    if os.geteuid() == 0:
        os.mknod(tmp_path / "device", 0o20666, os.makedev(5, 0))
    names = [path.name for path in tmp_path.iterdir()]
    with running(tmp_path) as agent:
        for name in names:
            for op in ("read", "write"):
                assert agent.ask({"op": op, "path": name, "size": 0})[0]["error"] == "not_regular"
        assert agent.ask({"op": "list"})[1] == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
