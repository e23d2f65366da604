"""Those whose programs come last, and for how long. The group is a folder here; real ones are in the sandboxes' tests."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sandbox import yielding
from sandbox.yielding import Branch

WAIT_S = 10.0


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    monkeypatch.setattr(yielding, "LOOK_S", 0.01)
    for name in ("cpu.idle", "cpu.shares"):
        (tmp_path / name).write_text("")
    return Branch(tmp_path)


def idle(branch: Branch) -> str:
    return (branch.folder / "cpu.idle").read_text()


def comes(branch: Branch, said: str, file: str = "cpu.idle") -> bool:
    until = time.monotonic() + WAIT_S
    while (branch.folder / file).read_text() != said:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def looking() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "yielding"]


def test_a_call_that_takes_long_is_pressed_until_it_ends(branch: Branch) -> None:
    assert branch.make() and idle(branch) == "1"
    (branch.folder / "cpu.shares").write_text("")
    with branch.called(0.1):
        with branch.called(0.1):
            pass
        assert comes(branch, "0")
        assert comes(branch, "128", "cpu.shares")
        # One that starts meanwhile does not take it back, and may use the branch as well.
        assert branch.make() and idle(branch) == "0"
    assert comes(branch, "1")
    for thread in looking():
        thread.join(WAIT_S)
    assert not looking()


def test_quick_calls_are_not_pressed(branch: Branch) -> None:
    assert branch.make()
    (branch.folder / "cpu.shares").write_text("untouched")
    for _ in range(3):
        with branch.called(60.0):
            time.sleep(0.05)
    assert idle(branch) == "1" and (branch.folder / "cpu.shares").read_text() == "untouched"


def test_where_it_cannot_be_set_nobody_yields_by_it(tmp_path: Path) -> None:
    assert not Branch(tmp_path / "nowhere" / "at all").make()
    # A kernel without that file.
    bare = Branch(tmp_path / "bare")
    bare.folder.mkdir()
    (bare.folder / "cpu.idle").mkdir()
    assert not bare.make()
    with bare.called(0.0):
        pass


def test_a_look_that_could_not_begin_begins_with_the_next_call(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    assert branch.make()
    with monkeypatch.context() as none_left:
        none_left.setattr(threading.Thread, "start", refused)
        with branch.called(0.0):
            pass
    assert idle(branch) == "1"
    with branch.called(0.0):
        assert comes(branch, "0")
    assert comes(branch, "1")
