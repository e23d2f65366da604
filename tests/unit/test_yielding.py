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
    monkeypatch.setattr(yielding, "PATIENCE_S", 0.1)
    monkeypatch.setattr(yielding, "LOOK_S", 0.01)
    for name in ("cpu.idle", "cpu.shares"):
        (tmp_path / name).write_text("")
    return Branch(tmp_path)


def idle(branch: Branch) -> str:
    return (branch.folder / "cpu.idle").read_text()


def comes(branch: Branch, said: str) -> bool:
    until = time.monotonic() + WAIT_S
    while idle(branch) != said:
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def looking() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "yielding"]


def test_a_call_that_takes_long_is_pressed_until_it_ends(branch: Branch) -> None:
    assert branch.made() and idle(branch) == "1"
    with branch.called():
        with branch.called():
            pass
        assert comes(branch, "0")
        assert (branch.folder / "cpu.shares").read_text() == "128"
        # One that starts meanwhile does not take it back, and may use the branch as well.
        assert branch.made() and idle(branch) == "0"
    assert comes(branch, "1")
    for thread in looking():
        thread.join(WAIT_S)
    assert not looking()


def test_quick_calls_are_not_pressed(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yielding, "PATIENCE_S", 60.0)
    assert branch.made()
    (branch.folder / "cpu.shares").write_text("untouched")
    for _ in range(3):
        with branch.called():
            time.sleep(0.05)
    assert idle(branch) == "1" and (branch.folder / "cpu.shares").read_text() == "untouched"


def test_where_it_cannot_be_set_nobody_yields_by_it(tmp_path: Path) -> None:
    assert not Branch(tmp_path / "nowhere" / "at all").made()
    # A kernel without that file.
    bare = Branch(tmp_path / "bare")
    bare.folder.mkdir()
    (bare.folder / "cpu.idle").mkdir()
    assert not bare.made()
    with bare.called():
        pass
