"""The parts of the Docker backend that need no daemon: frames, the filter's patterns, the launcher's one form."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.errors import BadInput, PlatformFailure
from sandbox import container, image, launcher
from sandbox.base import Limits, SandboxSpec
from sandbox.hardening import HARDENING, LINES, Hardening
from sandbox.launched import Launched
from sandbox.multiplex import Demultiplexer, MultiplexedStream
from sandbox.owners import PLACE, Owners, place_for
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
        stream = MultiplexedStream(ours, frame(1, b"early ")[:5], "place", lambda: "", lambda: "")
        theirs.sendall(frame(1, b"early ")[5:] + frame(2, b"some words\n"))
        assert stream.read() == b"early "
        theirs.shutdown(socket.SHUT_WR)
        assert stream.read() == b""
        stream.write(b"input")
        assert theirs.recv(10) == b"input"
        assert stream.end() == stream.end() == "some words"
        stream.release()


def test_a_stream_is_left_once_and_ended_once_also_after_its_release() -> None:
    done: list[str] = []

    def note(what: str) -> str:
        done.append(what)
        return f"{what}: trouble"

    ours, theirs = socket.socketpair()
    with theirs:
        stream = MultiplexedStream(ours, b"", "place", lambda: note("leave"), lambda: note("finish"))
        assert stream.place == "place"
        assert stream.hang_up() == stream.hang_up() == "leave: trouble"
        assert stream.read() == theirs.recv(10) == b"", "both sides see the end"
        stream.release()
        assert stream.end() == stream.end() == stream.hang_up() == "finish: trouble"
    assert done == ["leave", "finish"]


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


REQUEST = {"interview": "i-1", "limits": asdict(Limits())}


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
    probe = Launched(str(tmp_path / "none.sock")).examine()
    assert not probe.ok
    assert "launcher" in probe.reason and "none.sock" in probe.reason
    with pytest.raises(PlatformFailure, match="does not answer"):
        Launched(str(tmp_path / "none.sock")).ask({"op": "probe"}, 1)


def test_an_images_name_follows_what_goes_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = image.image_name()
    assert name == image.image_name()
    assert name.startswith("pairsight-sandbox:")
    (tmp_path / "Dockerfile").write_text((image.FOLDER / "Dockerfile").read_text() + "RUN true\n")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(image, "FOLDER", tmp_path)
        assert image.image_name() != name
    monkeypatch.setattr(image, "LAYOUT", "something else")
    assert image.image_name() != name


def test_a_container_has_one_holder_at_a_time(tmp_path: Path) -> None:
    place = place_for("i-1")
    one, other = Owners(tmp_path), Owners(tmp_path)
    hold = one.hold(place)
    assert hold is not None and hold.held
    assert one.hold(place) is None and other.hold(place) is None
    hold.release()
    hold.release()
    again = other.hold(place)
    assert again is not None and one.known() == {place}
    again.forget()
    assert one.known() == set()


def test_a_hold_ends_with_its_process(tmp_path: Path) -> None:
    place = place_for("i-1")
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        Owners(tmp_path).hold(place)
        os.write(writing, b"x")
        signal.pause()
    os.read(reading, 1)
    owners = Owners(tmp_path)
    assert owners.hold(place) is None
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    hold = owners.hold(place, seconds=5)
    assert hold is not None
    hold.forget()
    for fd in (reading, writing):
        os.close(fd)


def test_a_lock_on_a_file_that_has_gone_is_none(tmp_path: Path) -> None:
    place = place_for("i-1")
    first = Owners(tmp_path).hold(place)
    assert first is not None
    (tmp_path / place).unlink()
    second = Owners(tmp_path).hold(place)
    assert second is not None, "a new container of that name is not the old one"
    first.release()
    assert Owners(tmp_path).hold(place) is None
    second.forget()


@pytest.mark.parametrize("strange", ["", ".", "../x", "installation", "pairsight-x-123", "pairsight-a/b-000000000000"])
def test_no_other_name_is_held(tmp_path: Path, strange: str) -> None:
    assert Owners(tmp_path).hold(strange) is None
    assert list(tmp_path.iterdir()) == []


def test_an_installation_has_a_name_of_its_own(tmp_path: Path) -> None:
    names = {Owners(tmp_path / folder).installation for folder in "aab"}
    assert len(names) == 2
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["installation"]
    (tmp_path / "file").write_text("")
    for ask in (lambda: Owners(tmp_path / "file").installation, lambda: Owners(tmp_path / "file").hold(place_for("x"))):
        with pytest.raises(PlatformFailure, match="lock files"):
            ask()


@given(st.text(max_size=80))
def test_a_place_is_a_name_that_the_engine_takes(interview: str) -> None:
    assert PLACE.fullmatch(place_for(interview))


@pytest.mark.parametrize("line", [line.name for line in LINES if "docker" in line.backends])
def test_a_line_that_is_taken_away_changes_the_container_and_its_digest(line: str) -> None:
    without = HARDENING.without(line)

    def made(hardening: Hardening) -> dict[str, object]:
        return {
            "options": container.host_config(hardening, Limits(), 7),
            "agent": container.agent_command(hardening, Limits()),
            "keeper": container.keeper_command(hardening, 7),
            "user": container.keeper_user(hardening, 7),
            "labels": sorted(container.labels("o", SandboxSpec("i"), hardening, "", 7, 0.0)),
            # Whose user it is, is picked by the backend.
            "own": hardening.own_user,
        }

    assert made(without) != made(HARDENING)
    spec, labels = SandboxSpec("i"), container.labels("o", SandboxSpec("i"), without, "", 7, 0.0)
    assert container.fits(labels, "o", spec, without, "")
    assert not container.fits(labels, "o", spec, HARDENING, "")


def test_whoever_yields_weighs_little_and_is_held_as_all_are() -> None:
    plain, yields = (container.host_config(HARDENING, Limits(), 7, yields=said) for said in (False, True))
    assert yields.pop("CpuShares") == 128 and yields == plain
    assert launcher.spec_of(REQUEST | {"yields": True}) == replace(launcher.spec_of(REQUEST), yields=True)
    with pytest.raises(BadInput, match="as true or false, got 1"):
        launcher.spec_of(REQUEST | {"yields": 1})


def test_the_profile_is_json() -> None:
    assert json.loads(json.dumps(profile("x86_64"))) == profile("x86_64")


def test_the_security_archive_is_taken_from_the_same_mirror() -> None:
    wrote = "deb http://mirror.example/debian bookworm main\n"
    assert image.with_security(wrote) == wrote + "deb http://mirror.example/debian-security bookworm-security main\n"
    assert image.with_security("deb file:///elsewhere bookworm main\n") == "deb file:///elsewhere bookworm main\n"
