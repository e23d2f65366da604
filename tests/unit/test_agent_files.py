"""The agent's files, against a real folder."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.agent import MAX_DEPTH, MAX_FILES, TEMP_PREFIX, Files, Refused


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "outside").write_text("secret")
    return Files(str(tmp_path / "workspace"))


def code(refused: pytest.ExceptionInfo[Refused]) -> str:
    return refused.value.code


def test_a_folder_swapped_for_a_link_leads_nowhere(files: Files, tmp_path: Path) -> None:
    files.write("folder/file", b"mine")
    os.rename(tmp_path / "workspace/folder", tmp_path / "workspace/was")
    os.symlink(tmp_path, tmp_path / "workspace/folder")
    for act in (lambda: files.read("folder/outside", 99), lambda: files.write("folder/outside", b"x")):
        with pytest.raises(Refused) as refused:
            act()
        assert code(refused) == "not_regular"
    with pytest.raises(Refused):
        files.delete("folder/outside")
    assert (tmp_path / "outside").read_text() == "secret"


def test_deleting_a_link_takes_the_link_only(files: Files, tmp_path: Path) -> None:
    os.symlink(tmp_path / "outside", tmp_path / "workspace/link")
    files.delete("link")
    assert (tmp_path / "outside").read_text() == "secret"
    assert not (tmp_path / "workspace/link").is_symlink()


def test_a_file_over_the_cap_is_refused_on_reading_and_left_out_of_the_list(files: Files) -> None:
    files.write("big", bytes(100))
    with pytest.raises(Refused) as refused:
        files.read("big", 99)
    assert code(refused) == "too_big"
    assert files.list(99) == []
    assert [row[:2] for row in files.list(100)] == [("big", 100)]


def test_a_failed_write_leaves_no_trace(files: Files, tmp_path: Path) -> None:
    (tmp_path / "workspace/folder").mkdir()
    with pytest.raises(Refused):
        files.write("folder", b"x")
    assert os.listdir(tmp_path / "workspace") == ["folder"]


def test_unfinished_writes_are_not_listed(files: Files, tmp_path: Path) -> None:
    (tmp_path / "workspace" / (TEMP_PREFIX + "abc")).write_text("half")
    assert files.list(99) == []


def test_the_deepest_path_can_be_written_and_listed(files: Files) -> None:
    path = "/".join(["d"] * (MAX_DEPTH - 1) + ["file"])
    files.write(path, b"x")
    assert [row[0] for row in files.list(99)] == [path]
    with pytest.raises(Refused):
        files.write("d/" + path, b"x")
    # Deeper ones can be made by hand; the list does not follow.
    deep = Path(os.readlink(f"/proc/self/fd/{files.root}"), *["d"] * (MAX_DEPTH - 1), "e")
    deep.mkdir()
    (deep / "file").write_text("x")
    assert [row[0] for row in files.list(99)] == [path]


@contextlib.contextmanager
def swapping(real: Path, decoy: Path) -> Iterator[None]:
    """Meanwhile two paths change places, as fast as can be."""
    exchange = ctypes.CDLL(None, use_errno=True).renameat2
    here, one, other = -100, os.fsencode(real), os.fsencode(decoy)
    over = threading.Event()
    failed: list[int] = []

    def swap() -> None:
        while not over.is_set():
            failed.extend(filter(None, [exchange(here, one, here, other, 2) for _ in range(2)]))

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        assert failed == []


def outcomes(act: Callable[[], object], wanted: int = 2, most: int = 200_000) -> set[object]:
    """What an act comes to, repeated until it has come to ``wanted`` different things and some hundred times more."""
    found: set[object] = set()
    enough = 0
    for _ in range(most):
        try:
            found.add(act())
        except Refused as refused:
            found.add(refused.code)
        if len(found) >= wanted:
            enough += 1
        if enough > 500:
            return found
    raise AssertionError(f"it only came to {found}")


@pytest.mark.parametrize("place", ["folder", "folder/below"])
def test_no_race_between_a_folder_and_a_link_leads_out(files: Files, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "elsewhere"
    (outside / "below").mkdir(parents=True)
    (outside / "file").write_text("secret")
    (outside / "below/file").write_text("secret")
    files.write(f"{place}/file", b"mine")
    root = tmp_path / "workspace"
    os.symlink(outside, root / "link")
    secret = hashlib.sha256(b"secret").hexdigest()

    def delete() -> None:
        with contextlib.suppress(Refused):
            files.write(f"{place}/gone", b"")
        files.delete(f"{place}/gone")

    with swapping(root / "folder", root / "link"):
        assert outcomes(lambda: files.read(f"{place}/file", 99)) <= {b"mine", "not_regular"}
        assert outcomes(lambda: files.write(f"{place}/new", b"mine")) <= {None, "not_regular"}
        assert outcomes(delete) <= {None, "not_regular", "not_found"}
        listed = outcomes(lambda: tuple(files.list(99)))
    assert hashlib.sha256(b"mine").hexdigest() in str(listed)
    assert secret not in str(listed)
    kept = {str(path.relative_to(outside)) for path in outside.rglob("*")}
    assert kept == {"file", "below", "below/file"}
    assert (outside / "file").read_text() == (outside / "below/file").read_text() == "secret"


def test_no_race_between_a_file_and_a_pipe_or_link_waits_or_leads_out(files: Files, tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    files.write("file", b"mine")
    os.mkfifo(root / "pipe")
    with swapping(root / "file", root / "pipe"):
        assert outcomes(lambda: files.read("file", 99)) <= {b"mine", "not_regular"}
        outcomes(lambda: tuple(files.list(99)))
    os.unlink(root / "pipe")
    os.symlink(tmp_path / "outside", root / "link")
    with swapping(root / "file", root / "link"):
        assert outcomes(lambda: files.read("file", 99)) <= {b"mine", "not_regular"}
        secret = hashlib.sha256(b"secret").hexdigest()
        assert secret not in str(outcomes(lambda: tuple(files.list(99))))
    assert (tmp_path / "outside").read_text() == "secret"


@pytest.mark.parametrize("decoy", ["link", "pipe"])
def test_what_a_file_becomes_between_look_and_open_is_refused(
    files: Files, tmp_path: Path, decoy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "workspace"
    plainly = os.open

    def late(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "file":
            os.unlink(root / "file")
            os.symlink(tmp_path / "outside", root / "file") if decoy == "link" else os.mkfifo(root / "file")
        return plainly(path, flags, mode, dir_fd=dir_fd)

    came_to: list[object] = []
    for act in (lambda: files.read("file", 99), lambda: files.list(99), lambda: files.write("file", b"x", "0")):
        (root / "file").unlink(missing_ok=True)
        files.write("file", b"mine")
        monkeypatch.setattr(os, "open", late)
        try:
            came_to.append(act())
        except Refused as refused:
            came_to.append(refused.code)
        monkeypatch.undo()
    assert came_to == ["not_regular", [], "not_regular"]
    assert (tmp_path / "outside").read_text() == "secret"


def test_a_changed_file_is_not_written_over(files: Files, tmp_path: Path) -> None:
    files.write("file", b"one", "")
    one = hashlib.sha256(b"one").hexdigest()
    files.write("file", b"two", one)
    for path, expected in (("file", one), ("file", ""), ("gone", one), ("no/folder", one), ("file", 7)):
        with pytest.raises(Refused) as refused:
            files.write(path, b"three", expected)
        assert code(refused) == "changed"
    assert files.read("file", 99) == b"two"
    assert os.listdir(tmp_path / "workspace") == ["file"]


def test_a_crowd_of_folders_is_cut_off(files: Files, tmp_path: Path) -> None:
    for number in range(MAX_FILES + 50):
        (tmp_path / "workspace" / f"{number:05}").mkdir()
    assert len(list(files.walk())) <= MAX_FILES
    files.write("file", b"x")
    assert [row[0] for row in files.list(99)] == ["file"]


def test_descriptors_are_given_back(files: Files) -> None:
    before = len(os.listdir("/proc/self/fd"))
    files.write("a/b", b"x")
    files.list(99)
    for path in ("a", "nope/x", "a/b/c", "../x", "a/b/c/d"):
        with pytest.raises(Refused):
            files.read(path, 99)
    assert len(os.listdir("/proc/self/fd")) == before
