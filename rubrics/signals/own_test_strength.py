"""Own-test strength: whether the candidate's own tests would notice a mistake.

Owns the share of small mutations of what was worked on that the candidate's own tests, those added or changed, notice.
Invariant: only what the analysis after submission found counts, never the workspace's own report; without own tests, where they
reach less than half of it, and where the analysis could not be made, nothing is observed. Leaves out how many tests there are,
and which mutations survived.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _


class OwnTestStrength:
    """Evidence: the analysis of own tests."""

    opens = frozenset[str]()

    def read(self, log: LogView) -> Share:
        """One opportunity a mutant."""
        own = log.facts.own_tests
        if own is None:
            return Share((), _("What the candidate's own tests notice was not found out."))
        return Share(
            tuple(Opportunity(at < own.killed, (own.seq,)) for at in range(own.mutants)),
            _("Small mistakes put into the program that the candidate's own tests notice: %(hits)d of %(n)d.")
            if own.mutants
            else _("There were no tests of the candidate's own that could notice a mistake."),
        )


signal = OwnTestStrength()
