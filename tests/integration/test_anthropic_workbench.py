"""The assistant's scratch copy, in a real sandbox."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest

import sandbox.registry
from assistant.base import Ask
from assistant.tools import Toolbox
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


def test_a_stop_waits_for_no_sandbox_that_is_still_being_started(backend: Counting) -> None:
    interview, entered, go = bare_interview(), threading.Event(), threading.Event()

    class Slow(Counting):
        def start(self, spec: SandboxSpec) -> Sandbox:
            entered.set()
            go.wait(20)
            return super().start(spec)

    slow = Slow(backend.backend)
    pool = Pool(slow)
    interview.tools = replace(interview.tools, backend=lambda: pool)
    slow_bench = Workbench(interview, "a1")
    failed: list[str] = []

    def run() -> None:
        try:
            slow_bench.run_command("true", FILES)
        except PlatformFailure as error:
            failed.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    assert entered.wait(10)
    slow_bench.close()
    thread.join(1)
    assert failed and not thread.is_alive()
    go.set()
    wait(lambda: slow.started and not slow.started[0].alive)


def test_it_waits_for_no_candidates_place(backend: Counting) -> None:
    interview, pool = bare_interview(), Pool(backend, most=1)
    interview.tools = replace(interview.tools, backend=lambda: pool)
    benches = [Workbench(interview, f"a{number}") for number in range(3)]
    try:
        assert all(bench.run_command("true", FILES).ok for bench in benches)
    finally:
        for bench in benches:
            bench.close()


def test_nothing_of_the_servers_is_in_it_and_no_network(
    bench: Workbench, chosen: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    theirs = chosen.start(SandboxSpec("candidate"))
    try:
        theirs.write("marker", b"theirs")
        found = bench.run_command("env; cat /proc/*/environ; ls -R /workspace; rm -rf /workspace/* /tmp/*", FILES)
        assert "sk-very-secret" not in found.output and "marker" not in found.output
        assert set(found.changed) == set(FILES) == set(found.deleted)
        assert theirs.read("marker") == b"theirs" and [entry.path for entry in theirs.list()] == ["marker"]
        reach = "import socket; socket.create_connection(('1.1.1.1', 53), 3)"
        assert not bench.run_command(f'python3 -c "{reach}"', FILES).ok
        only = bench.run_command("cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '", FILES)
        assert only.output.split() == ["lo", "[exit", "code", "0]"]
    finally:
        theirs.stop()


def test_counts_and_what_was_left_out_are_told(bench: Workbench) -> None:
    noisy = "def test_ok():\n    pass\n\ndef test_bad():\n    print('x' * 20000)\n    assert False\n"
    files = {**load("prompted-playlists").workspace, "tests/test_noise.py": noisy}
    outcome = bench.run_tests(files)
    assert outcome.counts["failed"] >= 1 and outcome.counts["passed"] >= 1 and outcome.cut > 10_000
    printed = bench.run_command("head -c 10000 /dev/zero | tr '\\0' a", FILES)
    assert printed.cut == 10_000 - OUTPUT and f"{printed.cut} characters left out" in printed.output


def test_a_proposal_says_which_files_a_command_took_away(bench: Workbench) -> None:
    interview = bare_interview()
    ask = Ask(
        turn="a1", prompt="p", attachments=(), history=(), files=FILES, versions=dict.fromkeys(FILES, 1),
        exercise=interview.exercise, brief="", model="", seed=1, bench=bench, mode="agent",
    )  # fmt: skip
    box = Toolbox(ask)
    assert box.use("run_command", {"command": "mv a.py z.py; rm gone.txt"}).ok
    proposal = box.proposal()
    assert proposal is not None
    assert proposal.title == "Changes made by: mv a.py z.py; rm gone.txt (renames a.py to z.py, deletes gone.txt)"
    assert {hunk.path: hunk.after for hunk in proposal.hunks} == {"a.py": "", "gone.txt": "", "z.py": "x = 1\n"}


def test_cutting_keeps_both_ends() -> None:
    assert cut("short") == ("short", 0)
    told, left_out = cut("a" * 6_000 + "b" * 6_000, 100)
    assert told.startswith("a" * 50 + "\n[… 11900 characters") and told.endswith("b" * 50) and left_out == 11_900
