"""What was found out after an interview, read from ``analysis.recorded``.

Owns the reading of results. Invariant: never raises; an analysis that could not be made says nothing of the candidate. Leaves out
how they are made (``interviews.service.analyses``) and what they are worth (``signals``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from interviews import events as e

# A log has fewer events than such a number could tell, and no analysis tries more mutants.
_DIGITS, _MOST_MUTANTS = 18, 10_000


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
    # One that was skipped has no result.
    found = {
        test["id"]: test["outcome"]
        for test in tests
        if isinstance(test, dict) and isinstance(test.get("id"), str) and isinstance(test.get("outcome"), str)
        and test["outcome"] != "skipped"
    }  # fmt: skip
    return found or None


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
        runs = one.get("runs")
        at = [_seq(str(run), seqs) for run in (runs if isinstance(runs, list) else ())]
        found[suggestion, hunk] = Covered(one["lines"], one["run"], tuple(sorted(filter(None, at))))
    return Coverage(seq, found, whole=not result.get("unanswered") and not result.get("left_out"))


def _seq(run: str, seqs: Mapping[str, int]) -> int:
    """0 where there is none."""
    told = run[1:]
    if run[:1] != "@" or not told.isdecimal():
        return seqs.get(run, 0)
    return int(told) if len(told) <= _DIGITS else 0


def own_tests(seq: int, result: e.Json) -> OwnTests | None:
    """None where the analysis could not be made."""
    mutants = result.get("mutants") if isinstance(result, dict) else None
    killed = result.get("killed") if isinstance(result, dict) else None
    if not isinstance(mutants, int) or not isinstance(killed, int) or not 0 <= mutants <= _MOST_MUTANTS:
        return None
    return OwnTests(seq, mutants, max(0, min(killed, mutants)))
