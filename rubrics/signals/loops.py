"""Loops: whether one's own work comes back to a failure that had been left.

Owns the share of test runs, among those made when a failing outcome had been left behind, that are no return to such a one. An
outcome is which tests failed, of those that the first run had, so that writing tests changes none; runs in a row with the same
outcome are one, so that running often neither gains nor costs.
Invariant: only the candidate's own work between prompts counts; the runs that decide a follow-up belong to that.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.follow_ups import failing, spoken_for

# What was withheld of these may have been the run between, or what leaves a run to a follow-up.
_TOLD_BY = (
    "run.started",
    "run.finished",
    "prompt.sent",
    "ticket.opened",
    "ticket.revised",
    "suggestion.decided",
    "key.recorded",
)


class Loops:
    """Evidence: the run, and the one it returns to."""

    opens = frozenset({"run.started", "run.finished"})

    def read(self, log: LogView) -> Share:
        """One opportunity an outcome that could have been a return."""
        facts = log.facts
        taken, gap = spoken_for(facts), facts.lost(*_TOLD_BY)
        end = facts.submitted if facts.closed is None else facts.closed
        chances: list[Opportunity] = []
        there: frozenset[str] | None = None
        before: frozenset[str] | None = None
        failed: dict[frozenset[str], int] = {}
        for run in facts.runs:
            if run.finished is None or not run.outcomes:
                continue
            there = frozenset(run.outcomes) if there is None else there
            if run.run in taken or (end is not None and run.seq > end):
                continue
            now = failing(run) & there
            if now == before:
                continue
            if now in failed:
                chances.append(Opportunity(False, (failed[now], run.finished), known=not gap))
            elif len(failed) > (before in failed):
                chances.append(Opportunity(True, (run.finished,)))
            before = now
            if now:
                failed[now] = run.finished
        return Share(
            tuple(chances),
            _("Test runs that did not fall back to a failure that had been left: %(hits)d of %(n)d.")
            if chances
            else _(
                "No failure had been left behind to which a test run of the candidate's own work could have fallen back."
            ),
        )


signal = Loops()
