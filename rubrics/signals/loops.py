"""Loops: whether one's own work comes back to a failure that had been left.

Owns the share of test runs, among those that follow a failing one, that are no return to an earlier failing outcome. An outcome
is which tests failed; runs in a row with the same outcome are one, so that running often neither gains nor costs. Invariant: only
the candidate's own work between prompts counts; the runs that decide a follow-up belong to that.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.follow_ups import failing, spoken_for


class Loops:
    """Evidence: the run, and the one it returns to."""

    def read(self, log: LogView) -> Share:
        """One opportunity an outcome after a failing one."""
        facts = log.facts
        taken = spoken_for(facts)
        end = facts.submitted if facts.closed is None else facts.closed
        chances: list[Opportunity] = []
        before: frozenset[str] | None = None
        failed: dict[frozenset[str], int] = {}
        for run in facts.runs:
            if run.finished is None or not run.outcomes or run.run in taken or (end is not None and run.seq > end):
                continue
            now = failing(run)
            if now == before:
                continue
            if now in failed:
                known = not facts.lost("run.finished", before=run.finished)
                chances.append(Opportunity(False, (failed[now], run.finished), known=known))
            elif failed:
                chances.append(Opportunity(True, (run.finished,)))
            before = now
            if now:
                failed[now] = run.finished
        return Share(
            tuple(chances),
            _("Test runs after a failing one that did not fall back to an earlier failure: %(hits)d of %(n)d.")
            if chances
            else _("There was no test run after a failing one that was not an answer to a follow-up."),
        )


signal = Loops()
