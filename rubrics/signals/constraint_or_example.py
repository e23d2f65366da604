"""Constraint or example: prompts that say what must hold, show a case, or name a test that has to pass.

Owns the share of prompts, tickets among them, that do. Invariant: form only, never whether the brief holds it, which is
requirement coverage; wording, length and courtesies do not count. The same prompt sent again is the same opportunity.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.demands import demands
from rubrics.follow_ups import asked


class ConstraintOrExample:
    """Evidence: the prompt."""

    def read(self, log: LogView) -> Share:
        """One opportunity a prompt."""
        facts = log.facts
        chances = []
        for prompt in asked(facts):
            hit = demands(prompt)
            gap = facts.unsure(prompt) or facts.lost(
                "file.snapshotted", "file.edited", "run.finished", before=prompt.seq
            )
            chances.append(Opportunity(hit, (prompt.seq,), known=hit or not gap))
        return Share(
            tuple(chances),
            _("Prompts that state a constraint, an example or a test to pass: %(hits)d of %(n)d.")
            if chances
            else _("The assistant was not asked anything."),
        )


signal = ConstraintOrExample()
