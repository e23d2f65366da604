"""The parts of the Docker backend that need no daemon: frames, the filter's patterns, the launcher's one form."""

from __future__ import annotations

import json
import os
import socket
import struct
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.errors import BadInput, PlatformFailure
from sandbox import image, launcher
from sandbox.base import Limits
from sandbox.multiplex import Demultiplexer, MultiplexedStream
from sandbox.owners import Owners
from sandbox.profile import ALL_BITS, exactly, others, profile
from sandbox.syscalls import ALLOWED


def frame(kind: int, payload: bytes) -> bytes:
    return struct.pack(">B3xI", kind, len(payload)) + payload


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=8), st.integers(1, 30))
def test_frames_come_apart_wherever_they_are_cut(frames: list[tuple[int, bytes]], cut: int) -> None:
    wire = b"".join(frame(kind, payload) for kind, payload in frames)
    demultiplexer = Demultiplexer()
    found = [pair for at in range(0, len(wire), cut) for pair in demultiplexer.feed(wire[at : at + cut])]
    for kind in (1, 2):
        assert b"".join(p for k, p in found if k == kind) == b"".join(p for k, p in frames if k == kind)


@pytest.mark.parametrize("data", [frame(3, b"x"), b"HTTP/1.1 200 OK\r\n", b"\x01\x00\x01\x00\x00\x00\x00\x00"])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(OSError, match="output frame"):
        Demultiplexer().feed(data)


def test_a_stream_keeps_what_came_early_and_the_last_words() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        stream = MultiplexedStream(ours, frame(1, b"early ")[:5], lambda: "")
        theirs.sendall(frame(1, b"early ")[5:] + frame(2, b"some words\n"))
        assert stream.read() == b"early "
        theirs.shutdown(socket.SHUT_WR)
        assert stream.read() == b""
        stream.write(b"input")
        assert theirs.recv(10) == b"input"
        assert stream.end() == stream.end() == "some words"
        stream.release()


@given(
    st.lists(st.integers(0, ALL_BITS), min_size=1, max_size=4, unique=True), st.integers(0, ALL_BITS), st.integers(0, 3)
)
def test_patterns_match_all_numbers_but_the_named(values: list[int], number: int, flip: int) -> None:
    for candidate in (number, values[0], values[-1] ^ 1 << flip):
        matching = [mask for mask, value in others(values) if candidate & mask == value]
        assert len(matching) == (candidate not in values)
        assert any(candidate & mask == value for mask, value in exactly(values)) == (candidate in values)


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 1), ("aarch64", 2)])
def test_the_profile_allows_the_list_and_nothing_else(machine: str, column: int) -> None:
    made = profile(machine)
    listed = {row.split(":")[0] for row in ALLOWED.split() if row.split(":")[column]}
    plain = [rule for rule in made["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" and not rule["args"]]
    assert [set(rule["names"]) for rule in plain] == [listed | {"prctl"}]
    judged = {name for rule in made["syscalls"] if rule["args"] for name in rule["names"]}
    assert judged == {"socket", "socketpair", "ioctl", "personality", "clone"}
    assert made["defaultAction"] == "SCMP_ACT_ERRNO"
    assert not listed & {"ptrace", "mount", "bpf", "io_uring_setup", "keyctl", "unshare", "clone3", "setns"}
    # High bits that the kernel does not look at must not get a call past its rule.
    assert all(arg["value"] <= ALL_BITS for rule in made["syscalls"] for arg in rule["args"])


REQUEST = {"op": "start", "interview": "i-1", "limits": asdict(Limits())}


def test_the_launcher_takes_one_form() -> None:
    spec = launcher.spec_of(REQUEST)
    assert (spec.interview, spec.limits) == ("i-1", Limits())


@pytest.mark.parametrize(
    "change",
    [
        {"image": "debian"},
        {"privileged": True},
        {"limits": {}},
        {"limits": None},
        {"limits": asdict(Limits()) | {"binds": 1}},
        {"limits": asdict(Limits()) | {"pids": 0}},
        {"limits": asdict(Limits()) | {"pids": True}},
        {"limits": asdict(Limits()) | {"pids": 1025}},
        {"limits": asdict(Limits()) | {"memory_bytes": 1 << 50}},
        {"limits": asdict(Limits()) | {"memory_bytes": "1g"}},
        {"interview": ""},
        {"interview": "../../x"},
        {"interview": "a b"},
        {"interview": "a" * 65},
        {"interview": 7},
    ],
)
def test_the_launcher_takes_no_other(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="Expected"):
        launcher.spec_of(REQUEST | change)
    short = {name: value for name, value in REQUEST.items() if name != next(iter(change))}
    with pytest.raises(BadInput, match="Expected"):
        launcher.spec_of(short | {"else": 1})


@pytest.mark.parametrize("line", [b"", b"[]", b"null", b"\xff", b"[" * 4000, b'"start"'])
def test_a_request_is_an_object(line: bytes) -> None:
    with pytest.raises(BadInput, match="JSON object"):
        launcher.request_of(line)


def test_a_launcher_that_is_not_there(tmp_path: Path) -> None:
    probe = launcher.probe(str(tmp_path / "none.sock"))
    assert not probe.ok
    assert "launcher" in probe.reason and "none.sock" in probe.reason
    with pytest.raises(PlatformFailure, match="does not answer"):
        launcher.ask(str(tmp_path / "none.sock"), {"op": "probe"}, 1)


def test_an_images_name_follows_what_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = image.image_name()
    assert name == image.image_name()
    assert name.startswith("pairsight-sandbox:")
    (tmp_path / "Dockerfile").write_text((image.FOLDER / "Dockerfile").read_text() + "RUN true\n")
    monkeypatch.setattr(image, "FOLDER", tmp_path)
    assert image.image_name() != name


def test_a_mark_is_abandoned_when_its_process_has_ended(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        Owners(tmp_path).mine()
        os._exit(0)
    os.waitpid(child, 0)
    (left,) = (path.name for path in tmp_path.iterdir())
    mine = Owners(tmp_path)
    assert mine.mine() != left
    assert mine.abandoned(left)
    assert not mine.abandoned(mine.mine())
    assert not Owners(tmp_path).abandoned(mine.mine())
    for strange in ("unknown", "", "../x", "."):
        assert not mine.abandoned(strange)
    everyone = {left, mine.mine()}
    mine.forget(everyone, 1000.0, 60)
    mine.forget(everyone, 1059.0, 60)
    assert mine.known() == everyone, "a container it asked for last may still be about to appear"
    mine.forget(everyone, 1061.0, 60)
    assert mine.known() == {mine.mine()}


def test_the_profile_is_json() -> None:
    assert json.loads(json.dumps(profile("x86_64"))) == profile("x86_64")


def test_the_security_archive_is_taken_from_the_same_mirror() -> None:
    wrote = "deb http://mirror.example/debian bookworm main\n"
    assert image.with_security(wrote) == wrote + "deb http://mirror.example/debian-security bookworm-security main\n"
    assert image.with_security("deb file:///elsewhere bookworm main\n") == "deb file:///elsewhere bookworm main\n"
