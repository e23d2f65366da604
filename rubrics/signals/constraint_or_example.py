"""Constraint or example: prompts that say what must hold, or show a case.

Owns the share of prompts, tickets among them, that state a constraint or an example of the candidate's own. Invariant: what
states a requirement of the brief is requirement coverage's and is neither a hit nor a lack here; wording, length and courtesies
do not count. Prompts that hand over tests of one's own are left out: those are worth what they notice (``own_test_strength``).
The same prompt sent again is the same opportunity, and a standing line states something once.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.demands import demands, hands_over_own_tests
from rubrics.reading.follow_ups import distinct
from rubrics.reading.own_words import new_words

_GAPS = ("file.snapshotted", "file.edited", "suggestion.offered", "comment.added", "key.recorded")


class ConstraintOrExample:
    """Evidence: the prompt."""

    opens = frozenset({"prompt.sent", "reply.failed", "reply.finished", "ticket.opened", "ticket.revised"})

    def read(self, log: LogView) -> Share:
        """One opportunity a prompt."""
        facts = log.facts
        atoms = facts.key.requirements if facts.key else ()
        chances = []
        for prompt in distinct(facts):
            text = new_words(facts)[prompt.seq]
            if hands_over_own_tests(prompt, text):
                continue
            hit = facts.key is not None and demands(prompt, text, atoms)
            known = hit or not (facts.unsure(prompt) or facts.key is None or facts.lost(*_GAPS, before=prompt.seq))
            chances.append(Opportunity(hit, (prompt.seq,), known=known))
        return Share(
            tuple(chances),
            _("Prompts that state a constraint or an example beyond the brief's requirements: %(hits)d of %(n)d.")
            if chances
            else _("The assistant was not asked anything."),
        )


signal = ConstraintOrExample()
