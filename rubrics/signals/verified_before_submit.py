"""Verified before submit: accepted code that was run before it was handed in.

Owns the share of accepted hunks that a test run, or a program or test run from the terminal, exercised after their
acceptance and before submission. Invariant: the button and the terminal count alike; what a run found does not
matter, only that it was made with the hunk's file there. Leaves out whether the run reached the very lines (an
analysis of coverage).
"""

from __future__ import annotations

import re

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts

# What runs code. The word must stand where a command does, so that `cat test.py` and `grep python` are none.
_RUNS = re.compile(
    r"(?:^|[;&|]\s*|\b(?:time|env|sudo|uv run|poetry run|timeout \S+)\s+|\w+=\S*\s+)"
    r"(?:\./\S|(?:\S*/)?(?:python[\d.]*|pytest|py\.test|tox|nox|make|node|npm|npx|deno|bun|go|cargo|java|gradle|mvn|ruby|php|bash|sh)\s+\S"
    r"|(?:\S*/)?(?:pytest|py\.test|tox|nox|make)\s*$)"
)
_RUN_EVENTS = ("run.started", "run.finished", "command.finished")
_ASKS_ONLY = re.compile(r"\s(?:--version|-V|--help|-h)\s*$")


class VerifiedBeforeSubmit:
    """Evidence: the acceptance and the first run after it."""

    def read(self, log: LogView) -> Share:
        """One opportunity an accepted hunk."""
        facts = log.facts
        chances = []
        for hunk in facts.hunks:
            if hunk.accepted is None or hunk.content is None:
                continue
            accepted = hunk.accepted.seq
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


def _first_run(facts: Facts, path: str, after: int) -> int | None:
    end = facts.submitted
    found = [run.seq for run in facts.runs if run.finished is not None and path in run.paths]
    found += [
        command.seq
        for command in facts.commands
        if path in command.paths and _RUNS.search(command.command) and not _ASKS_ONLY.search(command.command)
    ]
    return min((seq for seq in found if seq > after and (end is None or seq < end)), default=None)


signal = VerifiedBeforeSubmit()
