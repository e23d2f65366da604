"""Spec-gap follow-ups: what had to be said after a proposal had shown that it was missing.

Owns that count, shown and never scored: whoever works step by step has more of them. Invariant: a follow-up counts once, where it
states for the first time a requirement that a proposal before it touched and did not honour.
"""

from __future__ import annotations

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _
from rubrics.reading.follow_ups import first_stated, follow_ups, missed


class SpecGapFollowUps:
    """Evidence: these follow-ups."""

    title = _("Follow-ups that fill a gap")

    def read(self, log: LogView) -> Fact:
        """How many there were."""
        facts = log.facts
        if facts.key is None:
            return Fact(None, "", (), _("Which requirements the brief holds is not in this log."))
        if facts.key.brief_shared or log.header.settings.brief_shared:
            return Fact(None, "", (), _("The assistant was given the brief, so nothing had to be stated."))
        asked = follow_ups(facts)
        if not asked:
            return Fact(None, "", (), _("There was no follow-up."))
        new = first_stated(facts)
        gaps = tuple(prompt.seq for prompt in asked if new[prompt.seq] & missed(facts, prompt).keys())
        return Fact(
            len(gaps), _("follow-ups"), gaps,
            _("Follow-ups that state what a proposal had shown to be missing: %(value)s of %(n)d."), {"n": len(asked)},
        )  # fmt: skip


shown = SpecGapFollowUps()
