"""Set-up's own rules: what it repeats, what it does not, and what it says when it cannot go on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup
from scripts.setup import SetupFailed, Stamps, Step, fingerprint

SCRIPT = Path(setup.__file__)


def programs(folder: Path, **texts: str) -> str:
    """A folder of shell scripts, to stand as the whole ``PATH``."""
    for name, text in texts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return str(folder)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Step:
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "LOG", tmp_path / "setup.log")
    return Step("A step", 1, 2)


def test_a_stamp_holds_until_its_conditions_change(tmp_path: Path) -> None:
    stamps = Stamps(tmp_path / "stamps")
    assert not stamps.fresh("packages", "a")
    stamps.set("packages", "a")
    assert stamps.fresh("packages", "a")
    assert not stamps.fresh("packages", "b")


def test_a_step_that_fails_leaves_no_stamp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(setup, "WORK", tmp_path)
    whole = setup.Setup(dev=False)
    whole.once("packages", "a", lambda: None)

    def fail() -> None:
        raise SetupFailed("no network")

    with pytest.raises(SetupFailed):
        whole.once("packages", "b", fail)
    assert whole.once("packages", "a", lambda: None) == "made"
    assert whole.once("packages", "a", fail) == "as before"


def test_a_fingerprint_sees_names_and_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"ab")
    two.write_bytes(b"c")
    before = fingerprint("x", files=[one, two])
    assert fingerprint("x", files=[two, one]) == before
    assert fingerprint("y", files=[one, two]) != before
    one.write_bytes(b"a")
    two.write_bytes(b"bc")
    assert fingerprint("x", files=[one, two]) != before


@pytest.mark.parametrize(
    ("said", "missing"), [("bubblewrap 0.7.9", True), ("bubblewrap 0.8.0", False), ("bubblewrap 0.11.0", False)]
)
def test_an_old_bubblewrap_counts_as_missing(
    said: str, missing: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, bwrap=f"echo {said}"))
    assert ("bubblewrap" in setup.missing_system_packages()) is missing


def test_an_ordinary_user_is_told_the_one_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: Step) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, **{"apt-get": "exit 9"}))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupFailed, match="sudo apt-get install -y python3-venv bubblewrap"):
        setup.install_system_packages(["python3-venv", "bubblewrap"], step)


def test_a_system_without_apt_is_told_the_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, step: Step) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path))
    with pytest.raises(SetupFailed, match=r"bubblewrap\. It has no apt-get"):
        setup.install_system_packages(["bubblewrap"], step)


@pytest.mark.parametrize(
    ("said", "taken"), [("v18.20.4", False), ("v20.0.0", True), ("v24.1.0", True), ("nonsense", False)]
)
def test_node_is_taken_from_the_system_when_new_enough(
    said: str, taken: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, node=f"echo {said}", npm="exit 0"))
    assert (setup.system_node() is not None) is taken


def test_node_without_npm_is_not_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, node="echo v22.0.0"))
    assert setup.system_node() is None


def test_a_failing_program_ends_with_its_last_words(step: Step, tmp_path: Path) -> None:
    with pytest.raises(SetupFailed, match=r"disk is full(.|\n)*exit code 3.*setup\.log"):
        step.run(["sh", "-c", "echo fetching; echo disk is full >&2; exit 3"])
    assert "fetching\ndisk is full\n" in (tmp_path / "setup.log").read_text()


def test_an_old_python_is_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    assert setup.main() == 1
    assert "Expected Python 3.11 or newer" in capsys.readouterr().err


def test_it_needs_nothing_but_the_standard_library() -> None:
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-S", str(SCRIPT), "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "--dev" in done.stdout
