"""A ticket in the review: what it comes back with is checked by the tests of the program that is reviewed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

import pytest

import sandbox.registry
from assistant.base import Ask, Finished, Part, TextDelta
from interviews import events as e
from interviews.log import Draft
from interviews.service.phases import REVIEW, Phase
from interviews.service.reviewing import Reviewing
from sandbox.base import Backend, Probe, Sandbox, SandboxSpec
from sandbox.pool import Pool
from tests.unit.test_delegation import back, change, handing, open_one, ready

pytestmark = pytest.mark.sandbox


@dataclass
class Asked:
    """A backend that remembers what it was asked for."""

    backend: Backend
    name: str = "asked"
    asked: list[SandboxSpec] = field(default_factory=list)

    def probe(self) -> Probe:
        return self.backend.probe()

    def start(self, spec: SandboxSpec) -> Sandbox:
        self.asked.append(spec)
        return self.backend.start(spec)

    def adopt(self, spec: SandboxSpec, place: str) -> Sandbox | None:
        return self.backend.adopt(spec, place)

    def reap(self, wanted: Collection[str]) -> list[str]:
        return self.backend.reap(wanted)


def test_the_check_is_of_the_program_that_is_reviewed() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        path = next(
            path
            for path in sorted(ask.files)
            if path.startswith("review/") and path.endswith(".py") and ask.files[path]
        )
        yield change(ask, path, 1, "# looked at\n", before=0)
        yield TextDelta("A comment.")
        yield Finished("end_turn")

    interview, delegation = handing(answer)
    backend = Asked(sandbox.registry.choose("auto")[0])
    pool = Pool(backend)
    interview.tools = replace(interview.tools, backend=lambda: pool)
    started = Draft("system", e.PhaseStarted(phase=REVIEW, duration_ms=10**9))
    interview.record(started, *Reviewing(interview).opening(Phase(REVIEW, 10**9)))
    open_one(delegation)
    (check,) = ready(back(interview, delegation))["checks"]
    assert check["ok"] and "passed" in check["output"].splitlines()[0]
    # Those who type come first.
    assert backend.asked == [SandboxSpec("i1-t1.1", yields=True)]
