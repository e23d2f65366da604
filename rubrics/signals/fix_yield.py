"""Fix yield: follow-ups after a failure that bring the failures down.

Owns the share of follow-ups that add or correct a requirement while tests fail, after which a run shows a known failure passed
and every test that passed before passing still. Invariant: the run that decides is the first one once the answer's changes were
taken over; what the candidate mends after it, or where nothing was taken over, is their own work. What did not run counts for
nothing: a failing test that was deleted is not mended, and where a module can no longer be read, the tests that passed in it are
broken. A test that was not there before breaks nothing, so whoever writes a failing test first loses nothing; a round without such
a run is no opportunity. What only names a failing test, or says nothing definite, has been counted as productive follow-up or as
none.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import Round, failing, passes, rounds, unread
from rubrics.reading.told import Run

# What was withheld of these may have been the run, another prompt before it, or what makes this one a follow-up.
_TOLD_BY = (
    "run.started", "run.finished", "prompt.sent", "ticket.opened", "ticket.revised", "reply.finished", "reply.failed",
    "suggestion.offered", "suggestion.annotated", "suggestion.decided", "key.recorded",
)  # fmt: skip


class FixYield:
    """Evidence: the run before, the follow-up, the run that decides."""

    opens = frozenset(
        {
            "prompt.sent",
            "reply.failed",
            "reply.finished",
            "ticket.opened",
            "ticket.revised",
            "run.started",
            "run.finished",
        }
    )

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
    return Opportunity(mended and not _broken(one.before, one.run), evidence, known=not facts.lost(*_TOLD_BY))


def _broken(before: Run, run: Run) -> bool:
    passed = [test for test, outcome in before.outcomes.items() if outcome == "passed"]
    if any(run.outcomes.get(test, "passed") != "passed" for test in passed):
        return True
    return bool(unread(run) - before.outcomes.keys()) and any(test not in run.outcomes for test in passed)


signal = FixYield()
