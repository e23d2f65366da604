"""Loops: whether one's own work comes back to a failure that had been left.

Owns the share of test runs, among those that could have been a return, that are none. In a spell of failing runs, a run could be
one where the step before traded one failure for another: something that had failed passed, and something else failed. It is one
where a test fails again that had failed in the spell and passed in the run before. Whoever clears several failures one by one was
never where one goes round in circles, and gains nothing by it. Runs in a row with the same failures are one, and the same failures
behind the same ones left count once, so that running often, or back and forth, neither gains nor costs; tests that the first run
did not have are left out, so that writing tests changes nothing; a run in which some of those could not be read tells nothing. Of
many the first four count.
Invariant: only the candidate's own work counts. A run that belongs to a follow-up, because it decides it or was what it met, is
passed over, and the first run behind it, behind a prompt or behind a change that was taken over decides nothing, as it may show
what the assistant did. Where something was withheld that may have made a run such a one, there are counts and no number.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import TOLD_BY, asked, failing, spoken_for, unheard, unread, worked

# Few people have more, and whoever stages them could have as many as they like.
MOST = 4


class Loops:
    """Evidence: the run, and the one in which what comes back had failed."""

    opens = frozenset(TOLD_BY)

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
    taken, known = spoken_for(facts), not unheard(facts)
    # Where something else than own work came in between.
    others = [prompt.seq for prompt in asked(facts)]
    others += [hunk.accepted.seq for hunk in facts.hunks if hunk.accepted]
    there = _there_at_first(facts)
    since: dict[str, int] = {}  # tests that failed in this spell, and where at first
    before: frozenset[str] = frozenset()
    traded, counted = False, set()
    at = 0
    chances = []
    for run in worked(facts):
        if run.run in taken:
            others.append(run.seq)
            continue
        ran = run.outcomes.keys() - unread(run)
        if run.finished is None or not ran & there or (ran != run.outcomes.keys() and there - ran):
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
            chances.append(Opportunity(not back, evidence, known=known))
        if now != before:
            traded = bool(before - now) and bool(now - before)
        since |= {test: run.finished for test in now if test not in since}
        before = now
    return chances[:MOST]


def _there_at_first(facts: Facts) -> frozenset[str]:
    """The tests of the first run that had any, whosever it is; a module that could not be read is told by its name."""
    tests = (frozenset(test for test in run.outcomes if "::" in test) for run in worked(facts))
    return next(filter(None, tests), None) or next((frozenset(run.outcomes) for run in worked(facts)), frozenset())


signal = Loops()
