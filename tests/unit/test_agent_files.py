"""The agent's files, against a real folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.agent import MAX_DEPTH, TEMP_PREFIX, Files, Refused


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


def test_descriptors_are_given_back(files: Files) -> None:
    before = len(os.listdir("/proc/self/fd"))
    files.write("a/b", b"x")
    files.list(99)
    for path in ("a", "nope/x", "a/b/c", "../x"):
        with pytest.raises(Refused):
            files.read(path, 99)
    assert len(os.listdir("/proc/self/fd")) == before
