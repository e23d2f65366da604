"""Fix yield: follow-ups after a failure that bring the failures down.

Owns the share of follow-ups sent while tests failed after which, before the next prompt, a run shows fewer of the known
failures and none of the tests that passed failing. Invariant: a test that was not there before breaks nothing, so whoever writes a
failing test first loses nothing; a round without a run, and one in which nothing was taken over and nothing changed, is no
opportunity. What names a failing test belongs to productive follow-up.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.facts import Facts
from rubrics.follow_ups import Round, failing, rounds

# What was withheld of these may have been the run, another prompt before it, or what makes this one a follow-up.
_TOLD_BY = (
    "run.finished",
    "prompt.sent",
    "ticket.opened",
    "ticket.revised",
    "reply.finished",
    "reply.failed",
    "key.recorded",
)


class FixYield:
    """Evidence: the run before, the follow-up, the run that shows it (or the last of the round)."""

    def read(self, log: LogView) -> Share:
        """One opportunity a follow-up with a run before the next prompt."""
        facts = log.facts
        chances = [chance for one in rounds(facts) if (chance := _chance(facts, one)) is not None]
        return Share(
            tuple(chances),
            _("Follow-ups after a failure that brought failures down and broke nothing: %(hits)d of %(n)d.")
            if chances
            else _("There was no follow-up after a failure with a run to show what came of it."),
        )


def _chance(facts: Facts, one: Round) -> Opportunity | None:
    begun = (one.before.finished or one.before.seq, one.prompt.seq)
    was = failing(one.before)
    known = {test for test, outcome in one.before.outcomes.items() if outcome != "skipped"}
    for run in one.runs:
        now = failing(run) & known
        if now < was and run.finished is not None:
            return Opportunity(True, (*begun, run.finished))
    last = one.runs[-1]
    until = last.finished or last.seq
    taken = any(hunk.accepted and one.prompt.seq < hunk.accepted.seq < until for hunk in facts.hunks)
    if not taken and all(failing(run) == was for run in one.runs):
        return None
    gap = facts.lost(*_TOLD_BY)
    return Opportunity(False, (*begun, until), known=not gap)


signal = FixYield()
