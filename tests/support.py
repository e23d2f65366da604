"""What tests share: clocks and salts that count, a header, and a product served on loopback.

Invariant: deterministic where it can be; real parts everywhere else.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

import assistant.registry
from app import score_records
from assistant.prices import cost_microusd
from interviews import events as e
from interviews import exercises
from interviews.errors import PlatformFailure
from interviews.log import MemoryLog
from interviews.service.editing import Author
from interviews.service.interview import Interview, Tools
from sandbox.base import Backend
from sandbox.pool import Pool

TAB = Author("candidate", "tab")


def ticking_clock(start: int = 1_700_000_000_000, step: int = 10) -> Callable[[], int]:
    """Unix ms that advance by ``step`` at each reading."""
    counter = itertools.count(start, step)
    return lambda: next(counter)


def counting_salt() -> Callable[[], str]:
    """16-byte salts in hex: 1, 2, 3, …"""
    counter = itertools.count(1)
    return lambda: f"{next(counter):032x}"


def header(interview: str, **settings: object) -> e.Header:
    """A header for an interview that needs no exercise."""
    return e.Header(
        id=interview,
        created_at_ms=1_700_000_000_000,
        candidate="Ada",
        exercise=e.ExercisePin(id="none", version=1, sha256="0" * 64, seed=1, title="None"),
        settings=e.InterviewSettings.model_validate(settings),
    )


def bare_interview(**settings: object) -> Interview:
    """An interview over a log in memory, with no exercise files and a clock that ticks 10 ms at each reading."""
    log = MemoryLog(ticking_clock(), counting_salt())
    log.create(header("i1", **settings))
    return Interview(log, log.header("i1"), exercises.load("prompted-playlists"), tools())


def tools(backend: Backend | None = None) -> Tools:
    """Tools with the shipped provider and rubric, deterministic clock and ids, and no pauses."""

    pool = Pool(backend) if backend is not None else None

    def launcher() -> Pool:
        if pool is None:
            raise PlatformFailure("This test has no sandbox")
        return pool

    return Tools(
        clock=ticking_clock(),
        new_id=counting_salt(),
        sleep=lambda seconds: None,
        backend=launcher,
        weaker=lambda: (),
        provider=assistant.registry.get,
        score=lambda head, records: score_records(head, records).model_dump(mode="json"),
        cost=cost_microusd,
    )


def secrets(exercise: exercises.Exercise) -> list[str]:
    """What of an exercise no assistant's service may be sent: brief, hidden tests, solution, planted mistakes and scoring key.

    Less what stands in the workspace anyhow.
    """
    found = [exercise.brief.strip(), "hidden_test", "requirement"]
    for defect in exercise.spec.defects:
        found += [defect.title, defect.explanation, defect.fix, *defect.patterns, *defect.tests]
    for requirement in exercise.spec.requirements:
        found += [requirement.text, *requirement.patterns, *requirement.tests]
    for hidden in (*exercise.hidden_tests.values(), *exercise.solution.values(), exercise.brief):
        found += [line.strip() for line in hidden.splitlines() if len(line.strip()) > 30]
    known = "\n".join(exercise.workspace.values())
    return [secret for secret in found if secret not in known]


def told(secrets: list[str], bodies: object) -> list[str]:
    """Those of the secrets that stand in JSON."""
    text = json.dumps(bodies, ensure_ascii=False)
    return [secret for secret in secrets if json.dumps(secret, ensure_ascii=False)[1:-1] in text]
