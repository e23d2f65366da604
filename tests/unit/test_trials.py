"""When a mutant that takes too long counts as killed: by the clock of the same sandbox, which a busy machine slows down."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from interviews.service.analyses.trials import Trial
from sandbox.base import ExecResult, FileEntry, SandboxSpec
from sandbox.pool import Pool

OWN = ["tests/test_own.py::test_own"]
FOR_EVER = 1e9


@dataclass
class Machine:
    """Its sandboxes say that tests pass, after as long as the program takes: ``seconds`` by its text, ``load`` times that.

    ``load`` has one number for each run, the last one for all that follow. ``fails`` are the runs, counted in each sandbox from
    one, in which the tests fail whatever the program, ``broken`` the programs on which they always do.
    """

    seconds: dict[str, float]
    load: list[float]
    runs: list[tuple[str, bool]] = field(default_factory=list)
    fails: frozenset[int] = frozenset()
    broken: frozenset[str] = frozenset()
    stopped: int = 0
    started: int = 0

    def start(self, spec: SandboxSpec, turn: object) -> Place:
        self.started += 1
        return Place(self)


@dataclass
class Place:
    """One of its sandboxes."""

    machine: Machine
    files: dict[str, bytes] = field(default_factory=dict)
    runs: int = 0

    def list(self) -> list[FileEntry]:
        return [FileEntry(path, len(data), hashlib.sha256(data).hexdigest()) for path, data in self.files.items()]

    def write(self, path: str, data: bytes) -> None:
        self.files[path] = data

    def exec(self, argv: Any, *, stdin: bytes, timeout_s: float, output_cap: int) -> ExecResult:
        text = self.files["program.py"].decode()
        load = self.machine.load.pop(0) if len(self.machine.load) > 1 else self.machine.load[0]
        took = load * self.machine.seconds[text]
        late = took > timeout_s
        self.machine.runs.append((text, late))
        self.runs += 1
        outcome = "failed" if self.runs in self.machine.fails or text in self.machine.broken else "passed"
        nonce, code = json.loads(stdin)["nonce"], int(outcome == "failed")
        said = {"nonce": nonce, "exit_code": code, "outcomes": dict.fromkeys(OWN, outcome), "lines": {}}
        out = b"" if late else json.dumps(said).encode()
        return ExecResult(124 if late else 0, out, b"", late, False, round(1000 * min(took, timeout_s)))

    def stop(self) -> None:
        self.machine.stopped += 1


def tried(machine: Machine) -> bool | None:
    """Whether the one mutant was killed."""
    trial = Trial(cast(Pool, machine), "i1", {"program.py": "sound"}, OWN)
    ((_, killed),) = trial.run([{"path": "program.py", "text": "mutant"}])
    assert machine.stopped == machine.started
    return killed


@pytest.mark.parametrize(
    ("mutant_s", "load", "expected", "runs"),
    [
        # It takes no longer than it should, and its tests pass.
        (0.5, [1], False, 2),
        (FOR_EVER, [1], True, 3),
        # Busy while the mutant ran, and after: by itself it is done in time, or never.
        (0.5, [1, 20, 20, 1], False, 5),
        (FOR_EVER, [1, 20, 20, 1], True, 6),
        # Busy before, or too slow to be timed at all.
        (FOR_EVER, [20, 20, 1], True, 6),
        (FOR_EVER, [100, 100, 1], True, 6),
        # Busy for as long as it was looked at.
        (0.5, [1, 20], False, 5),
        (0.5, [1, 60], None, 6),
        (FOR_EVER, [1, 20], None, 6),
    ],
)
def test_taking_too_long_kills_only_where_the_unchanged_program_did_not(
    mutant_s: float, load: list[float], expected: bool | None, runs: int
) -> None:
    machine = Machine({"sound": 0.4, "mutant": mutant_s}, list(load))
    assert tried(machine) is expected
    assert len(machine.runs) == runs and machine.runs[0][0] == "sound"


@pytest.mark.parametrize(
    ("broken", "fails", "expected"),
    [
        ("mutant", [], True),
        # The tests fail on the program as submitted too: from the start, from the second run on, now and then.
        ("mutant", [1], None),
        ("", [1, 2, 3], None),
        ("", [2, 3], None),
        ("", [1], False),
    ],
)
def test_tests_that_fail_on_the_unchanged_program_kill_nothing(
    broken: str, fails: list[int], expected: bool | None
) -> None:
    machine = Machine({"sound": 0.4, "mutant": 0.4}, [1], fails=frozenset(fails), broken=frozenset({broken}))
    assert tried(machine) is expected
