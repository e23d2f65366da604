"""Verified before submit: accepted code that was run before it was handed in.

Owns the share of accepted hunks that a test run, or a program or test run from the terminal, exercised after their
acceptance and before submission. Where the analysis of coverage tells of a hunk, a test run or a test command counts only where
it reached more than half of the hunk's lines that can run: a `def` runs when its file is read. Where it does not (no analysis,
no line of it that can run), and for programs run from the terminal, which cannot be run again, what counts is that it was made with
the hunk's file there. Invariant: the button and the terminal count alike; what a run found does not matter.
"""

from __future__ import annotations

import re

from rubrics.analysed import Coverage, Covered
from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts

# What runs code. The word must stand where a command does, so that `cat test.py` and `grep python` are none.
_RUNS = re.compile(
    r"(?:^|[;&|]\s*|\b(?:time|env|sudo|uv run|poetry run|timeout \S+)\s+|\w+=\S*\s+)"
    r"(?:\./\S|(?:\S*/)?(?:python[\d.]*|pytest|py\.test|tox|nox|make|node|npm|npx|deno|bun|go|cargo|java|gradle|mvn|ruby|php|bash|sh)\s+\S"
    r"|(?:\S*/)?(?:pytest|py\.test|tox|nox|make)\s*$)"
)
# What runs tests and is run again for the analysis of coverage.
_TESTS = re.compile(r"\b(?:pytest|py\.test)\b")
_RUN_EVENTS = ("run.started", "run.finished", "command.finished")
_ASKS_ONLY = re.compile(r"\s(?:--version|-V|--help|-h)\s*$")


class VerifiedBeforeSubmit:
    """Evidence: the acceptance and the first run after it."""

    opens = frozenset({"suggestion.offered", "suggestion.decided"})

    def read(self, log: LogView) -> Share:
        """One opportunity an accepted hunk."""
        facts = log.facts
        chances = []
        for hunk in facts.hunks:
            if hunk.accepted is None or hunk.content is None:
                continue
            accepted = hunk.accepted.seq
            covered = facts.coverage.hunks.get((hunk.suggestion, hunk.hunk)) if facts.coverage else None
            if facts.coverage is not None and covered is not None and covered.lines:
                chances.append(_measured(facts, facts.coverage, covered, hunk.content.path, accepted))
                continue
            run = _first_run(facts, hunk.content.path, accepted)
            if run is not None:
                chances.append(Opportunity(True, (accepted, run)))
            else:
                gap = facts.lost(*_RUN_EVENTS, after=accepted) or facts.lost("file.snapshotted", "file.edited")
                chances.append(Opportunity(False, (accepted,), known=facts.submitted is not None and not gap))
        return Share(
            tuple(chances),
            _("Accepted changes that were run before submitting: %(hits)d of %(n)d.")
            if chances
            else _("No change of the assistant was accepted."),
        )


def _measured(facts: Facts, coverage: Coverage, covered: Covered, path: str, accepted: int) -> Opportunity:
    """What the analysis says; a program run from the terminal counts beside it."""
    if 2 * covered.run > covered.lines:
        return Opportunity(True, (accepted, *covered.seqs[:1], coverage.seq))
    if (program := _first_run(facts, path, accepted, measured=True)) is not None:
        return Opportunity(True, (accepted, program))
    gap = facts.lost(*_RUN_EVENTS, after=accepted)
    return Opportunity(False, (accepted, coverage.seq), known=coverage.whole and not gap)


def _first_run(facts: Facts, path: str, after: int, *, measured: bool = False) -> int | None:
    """The first run after an event with the file there; where test runs are ``measured``, the first of a program."""
    end = facts.submitted if facts.closed is None else facts.closed
    found = [run.seq for run in facts.runs if run.finished is not None and path in run.paths and not measured]
    found += [
        command.seq
        for command in facts.commands
        if path in command.paths
        and _RUNS.search(command.command)
        and not _ASKS_ONLY.search(command.command)
        and not (measured and _TESTS.search(command.command))
    ]
    return min((seq for seq in found if seq > after and (end is None or seq < end)), default=None)


signal = VerifiedBeforeSubmit()
