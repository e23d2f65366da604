"""New atoms per prompt: how many requirements a prompt states that none before it did.

Owns that count, shown and never scored: few large steps and many small ones are equally good. Invariant: what was attached counts
as said; prompts that the platform failed to answer, and mere courtesies, are left out. Nothing where the assistant was given the
brief.
"""

from __future__ import annotations

from decimal import Decimal

from rubrics.base import Fact, LogView
from rubrics.base import translatable as _
from rubrics.reading.follow_ups import asked, first_stated


class NewAtoms:
    """Evidence: the prompts that state something new."""

    title = _("New requirements per prompt")

    def read(self, log: LogView) -> Fact:
        """The mean over prompts."""
        facts = log.facts
        if facts.key is None:
            return Fact(None, "", (), _("Which requirements the brief holds is not in this log."))
        if facts.key.brief_shared or log.header.settings.brief_shared:
            return Fact(None, "", (), _("The assistant was given the brief, so nothing had to be stated."))
        prompts, new = asked(facts), first_stated(facts)
        if not prompts:
            return Fact(None, "", (), _("The assistant was not asked anything."))
        stating = tuple(prompt.seq for prompt in prompts if new[prompt.seq])
        total = sum(len(new[prompt.seq]) for prompt in prompts)
        return Fact(
            Decimal(total) / len(prompts), _("per prompt"), stating,
            _("Requirements stated for the first time: %(total)d, in %(n)d prompts."), {"total": total, "n": len(prompts)},
        )  # fmt: skip


shown = NewAtoms()
