"""A process's name tells others on its machine whether it has ended, and nothing where they cannot know."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from interviews.processes import has_ended, process_name
from tests.product import ROOT, wait

NAMED = (
    "import sys; from interviews.processes import process_name; print(process_name('a1'), flush=True); sys.stdin.read()"
)


def named() -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", NAMED], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_one_that_lives_has_not_ended_and_one_that_was_killed_has() -> None:
    process, name = named()
    with process:
        assert not has_ended(name)
        process.send_signal(signal.SIGSTOP)
        assert not has_ended(name)
        process.kill()
        # Also while its exit code waits to be asked for.
        wait(lambda: has_ended(name))
    assert has_ended(name)


def test_another_one_under_its_number_is_not_it() -> None:
    parts = process_name("a1").split("/")
    assert parts[2] == str(os.getpid())
    assert not has_ended("/".join(parts))
    parts[3] = str(int(parts[3]) - 1)
    assert has_ended("/".join(parts))


@pytest.mark.parametrize("place", [0, 1])
def test_nothing_is_known_of_another_boot_or_namespace(place: int) -> None:
    process, name = named()
    with process:
        process.kill()
    parts = name.split("/")
    parts[place] = "1" * len(parts[place])
    assert not has_ended("/".join(parts))


@pytest.mark.parametrize("name", ["", "here", "a/b", "../../etc/passwd/1/2/3/x"])
def test_nor_of_other_names(name: str) -> None:
    assert not has_ended(name)
