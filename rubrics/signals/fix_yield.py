"""Fix yield: follow-ups after a failure that bring the failures down.

Owns the share of follow-ups that add or correct a requirement while tests fail, after which a run shows a known failure passed
and every test that passed before passing still. Invariant: the run that decides is the first one once the answer's changes were
taken over; what the candidate mends after it, or where nothing was taken over, is their own work. Where one of the two runs tells
whether a failure that another follow-up named is resolved, the round is no opportunity. What did not run counts for
nothing: a failing test that was deleted is not mended, and where a module can no longer be read, the tests that passed in it are
broken. A test that was not there before breaks nothing, so whoever writes a failing test first loses nothing; a round without such
a run is no opportunity. What only names a failing test, or says nothing definite, has been counted as productive follow-up or as
none.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import TOLD_BY, Round, failing, passes, rounds, unheard, unread
from rubrics.reading.told import Run


class FixYield:
    """Evidence: the run before, the follow-up, the run that decides."""

    opens = frozenset(TOLD_BY)

    def read(self, log: LogView) -> Share:
        """One opportunity a follow-up with a run before the next prompt."""
        facts = log.facts
        chances = [_chance(facts, one) for one in rounds(facts)]
        return Share(
            tuple(chances),
            _("Follow-ups after a failure that brought failures down and broke nothing: %(hits)d of %(n)d.")
            if chances
            else _("There was no follow-up after a failure with a run to show what came of it."),
        )


def _chance(facts: Facts, one: Round) -> Opportunity:
    evidence = (one.before.finished or one.before.seq, one.prompt.seq, one.run.finished or one.run.seq)
    mended = any(passes(one.run, test) for test in failing(one.before))
    return Opportunity(mended and not _broken(one.before, one.run), evidence, known=not unheard(facts))


def _broken(before: Run, run: Run) -> bool:
    passed = [test for test, outcome in before.outcomes.items() if outcome == "passed"]
    if any(run.outcomes.get(test, "passed") != "passed" for test in passed):
        return True
    return bool(unread(run) - before.outcomes.keys()) and any(test not in run.outcomes for test in passed)


signal = FixYield()
