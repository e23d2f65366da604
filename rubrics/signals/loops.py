"""Loops: whether one's own work comes back to a failure that had been left.

Owns the share of test runs, among those that could have been a return, that are none. In a spell of failing runs, a run could be
one where the step before traded one failure for another: something that had failed passed, and something else failed. It is one
where a test fails again that had failed in the spell and passed in the run before. Whoever clears several failures one by one was
never where one goes round in circles, and gains nothing by it. Runs in a row with the same failures are one, and the same failures
behind the same ones left count once, so that running often, or back and forth, neither gains nor costs; tests that the first run
did not have are left out, so that writing tests changes nothing; a run in which some of those could not be read tells nothing.
Invariant: only the candidate's own work counts. A run that decides a follow-up is passed over, and the first run behind it, behind
a prompt or behind a change that was taken over decides nothing, as it may show what the assistant did.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import asked, failing, spoken_for, unread, worked

# What was withheld of these may have been the run between, or what leaves a run to a follow-up.
_TOLD_BY = (
    "run.started", "run.finished", "prompt.sent", "ticket.opened", "ticket.revised", "reply.finished", "reply.failed",
    "suggestion.offered", "suggestion.annotated", "suggestion.decided", "key.recorded",
)  # fmt: skip


class Loops:
    """Evidence: the run, and the one in which what comes back had failed."""

    opens = frozenset({"run.started", "run.finished"})

    def read(self, log: LogView) -> Share:
        """One opportunity a run that could have been a return."""
        chances = _chances(log.facts)
        return Share(
            tuple(chances),
            _("Test runs that did not fall back to a failure that had been left: %(hits)d of %(n)d.")
            if chances
            else _("No step led from one failure into another, so there was no way back to take."),
        )


def _chances(facts: Facts) -> list[Opportunity]:
    taken, known = spoken_for(facts), not facts.lost(*_TOLD_BY)
    # Where something else than own work came in between.
    others = [prompt.seq for prompt in asked(facts)]
    others += [hunk.accepted.seq for hunk in facts.hunks if hunk.accepted]
    there: frozenset[str] = frozenset()
    since: dict[str, int] = {}  # tests that failed in this spell, and where at first
    before: frozenset[str] = frozenset()
    traded, counted = False, set()
    at = 0
    chances = []
    for run in worked(facts):
        ran = run.outcomes.keys() - unread(run)
        there = there or frozenset(ran)
        if run.finished is None or not ran & there or (ran != run.outcomes.keys() and there - ran):
            continue
        if run.run in taken:
            others.append(run.seq)
            continue
        now, own = failing(run) & there, not any(at < seq < run.seq for seq in others)
        at = run.seq
        if not before:
            since = {}
        left = frozenset(since.keys() - before)
        if left and traded and own and now != before and (left, now) not in counted:
            counted.add((left, now))
            back = sorted(now & left)
            evidence = (since[back[0]], run.finished) if back else (run.finished,)
            chances.append(Opportunity(not back, evidence, known=known or not back))
        if now != before:
            traded = bool(before - now) and bool(now - before)
        since |= {test: run.finished for test in now if test not in since}
        before = now
    return chances


signal = Loops()
