"""The assistant's scratch copy, in a real sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest

import sandbox.registry
from interviews.errors import PlatformFailure
from interviews.exercises import load
from interviews.service.workbench import OUTPUT, Workbench, cut
from sandbox.base import Backend, Probe, Sandbox, SandboxSpec
from sandbox.pool import Pool
from tests.product import wait
from tests.support import bare_interview

FILES = {"a.py": "x = 1\n", "b/c.txt": "é😀\n", "gone.txt": "soon\n"}


@dataclass
class Counting:
    """A backend that remembers what it has started."""

    backend: Backend
    name: str = "counting"
    started: list[Sandbox] = field(default_factory=list)

    def probe(self) -> Probe:
        return self.backend.probe()

    def start(self, spec: SandboxSpec) -> Sandbox:
        self.started.append(self.backend.start(spec))
        return self.started[-1]

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        return self.backend.adopt(spec, place)

    def reap(self, wanted: Collection[str]) -> list[str]:
        return self.backend.reap(wanted)


@pytest.fixture(scope="module")
def chosen() -> Backend:
    return sandbox.registry.choose("auto")[0]


@pytest.fixture
def backend(chosen: Backend) -> Counting:
    return Counting(chosen)


@pytest.fixture
def bench(backend: Counting) -> Iterator[Workbench]:
    interview, pool = bare_interview(), Pool(backend)
    interview.tools = replace(interview.tools, backend=lambda: pool)
    found = Workbench(interview, "a1")
    yield found
    found.close()
    assert not any(started.alive for started in backend.started)


def test_it_starts_when_it_is_first_needed(bench: Workbench, backend: Counting) -> None:
    assert backend.started == []
    assert bench.run_command("cat a.py b/c.txt", FILES).output.startswith("x = 1\né😀\n")
    assert bench.run_command("cat a.py", {"a.py": "x = 2\n"}).output.startswith("x = 2\n")
    assert len(backend.started) == 1


def test_what_a_command_changed_comes_back_as_texts(bench: Workbench) -> None:
    outcome = bench.run_command(
        "echo y = 2 >> a.py; mkdir d; echo new > d/e; rm gone.txt; head -c 100 /dev/urandom > bin; mkdir __pycache__; "
        "touch __pycache__/x; exit 3", FILES,
    )  # fmt: skip
    assert not outcome.ok and "[exit code 3]" in outcome.output and "bin changed too" in outcome.output
    assert outcome.changed == {"a.py": "x = 1\ny = 2\n", "d/e": "new\n", "gone.txt": ""}
    # As proposals they are the workspace of the next command, which changes nothing of them again.
    later = bench.run_command("cat a.py", {**FILES, **outcome.changed})
    assert later.ok and later.output.startswith("x = 1\ny = 2\n") and later.changed == {}


def test_files_that_are_proposed_no_more_are_gone(bench: Workbench) -> None:
    bench.run_command("true", {**FILES, "extra": "1\n"})
    assert bench.run_command("ls", FILES).output.split()[:3] == ["a.py", "b", "gone.txt"]


def test_what_tests_leave_behind_is_nobodys_change(bench: Workbench) -> None:
    files = {
        **load("prompted-playlists").workspace,
        "tests/test_litter.py": "def test_litter():\n    open('litter', 'w').write('x')\n    open('README', 'a').write('y')\n",
        "README": "read me\n",
    }
    outcome = bench.run_tests(files)
    assert not outcome.ok and outcome.changed == {}
    assert "failed" in outcome.output.splitlines()[0] and "passed" in outcome.output.splitlines()[0]
    after = bench.run_command("cat README; ls litter", files)
    assert after.output.startswith("read me\n") and "No such file" in after.output and after.changed == {}


def test_hidden_tests_are_not_in_it(bench: Workbench) -> None:
    bench.run_command("true", FILES)
    found = bench.run_command(
        "find / -name '*hidden*' -not -path '/proc/*' -not -path '/sys/*' -not -path '/usr/*'", FILES
    )
    assert "hidden_tests" not in found.output


def test_long_output_is_cut_and_a_program_that_never_ends_is_ended(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from interviews.service import workbench

    flood = bench.run_command("yes | head -c 5000000", FILES)
    assert len(flood.output) < OUTPUT + 500 and "left out" in flood.output
    monkeypatch.setattr(workbench, "COMMAND_S", 0.5)
    late = bench.run_command("sleep 60", FILES)
    assert not late.ok and "[stopped after" in late.output


def test_closing_it_ends_what_runs(bench: Workbench) -> None:
    failed: list[str] = []

    def run() -> None:
        try:
            bench.run_command("sleep 25", FILES)
        except PlatformFailure as error:
            failed.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(1)
    start = time.monotonic()
    bench.close()
    wait(lambda: not thread.is_alive(), 10)
    assert failed and time.monotonic() - start < 5
    with pytest.raises(PlatformFailure, match="stopped"):
        bench.run_command("true", FILES)


def test_cutting_keeps_both_ends() -> None:
    assert cut("short") == "short"
    told = cut("a" * 6_000 + "b" * 6_000, 100)
    assert told.startswith("a" * 50 + "\n[… 11900 characters") and told.endswith("b" * 50)
