"""What was found out after an interview, read from ``analysis.recorded``.

Owns the reading of results. Invariant: never raises; an analysis that could not be made says nothing of the candidate. Leaves out
how they are made (``interviews.service.analyses``) and what they are worth (``signals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interviews import events as e


@dataclass(frozen=True)
class Covered:
    """Of the ``lines`` of an accepted hunk that can run, ``run`` did, in the test runs and commands at ``seqs``."""

    lines: int
    run: int
    seqs: tuple[int, ...]


@dataclass(frozen=True)
class Coverage:
    """What the analysis at ``seq`` says of accepted hunks. Not ``whole``: some runs were left out or gave no answer."""

    seq: int
    hunks: Mapping[tuple[str, str], Covered]
    whole: bool


@dataclass(frozen=True)
class OwnTests:
    """Of so many ``mutants`` of the submitted program the candidate's own tests ``killed`` some; the analysis stands at ``seq``."""

    seq: int
    mutants: int
    killed: int


def outcomes(result: e.Json) -> dict[str, str] | None:
    tests = result.get("tests") if isinstance(result, dict) else None
    if not isinstance(tests, list) or not tests:
        return None  # a grader that could not run says nothing about the candidate
    return {
        test["id"]: test["outcome"]
        for test in tests
        if isinstance(test, dict) and isinstance(test.get("id"), str) and isinstance(test.get("outcome"), str)
    }


def repaired(result: e.Json) -> dict[str, bool]:
    hunks = result.get("hunks") if isinstance(result, dict) else None
    return {
        str(name): bool(one["repaired"])
        for name, one in (hunks.items() if isinstance(hunks, dict) else ())
        if isinstance(one, dict) and "repaired" in one
    }


def coverage(seq: int, result: e.Json, seqs: Mapping[str, int]) -> Coverage | None:
    """None where the analysis could not be made. A run is told by its id, a command by ``@`` and its event's number."""
    hunks = result.get("hunks") if isinstance(result, dict) else None
    if not isinstance(hunks, dict):
        return None
    found: dict[tuple[str, str], Covered] = {}
    for name, one in hunks.items():
        if not isinstance(one, dict) or not all(isinstance(one.get(key), int) for key in ("lines", "run")):
            continue
        suggestion, _, hunk = str(name).rpartition("/")
        told = [str(run) for run in one.get("runs") or ()]
        at = [int(run[1:]) if run[:1] == "@" and run[1:].isdecimal() else seqs.get(run, 0) for run in told]
        found[suggestion, hunk] = Covered(one["lines"], one["run"], tuple(sorted(filter(None, at))))
    return Coverage(seq, found, whole=not result.get("unanswered") and not result.get("left_out"))


def own_tests(seq: int, result: e.Json) -> OwnTests | None:
    """None where the analysis could not be made."""
    mutants = result.get("mutants") if isinstance(result, dict) else None
    killed = result.get("killed") if isinstance(result, dict) else None
    if not isinstance(mutants, int) or not isinstance(killed, int):
        return None
    return OwnTests(seq, mutants, max(0, min(killed, mutants)))
