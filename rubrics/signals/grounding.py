"""Grounding: prompts that name something real.

Owns the share of prompts, tickets among them, that name a file, symbol, test or error of this workspace, as it was at that
moment, or attach a file, a part of one, or a failure or output that names such a thing. Invariant: only names count, so
wording, length and language do not; lists of words point at nothing. Prompts that the platform failed to answer, and mere
courtesies, are no opportunities; the same prompt sent again is the same one, and a standing line names something once.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.follow_ups import distinct
from rubrics.reading.naming import grounded
from rubrics.reading.own_words import new_words
from rubrics.reading.told import Prompt


class Grounding:
    """Evidence: the prompt."""

    opens = frozenset({"prompt.sent", "reply.failed", "reply.finished", "ticket.opened", "ticket.revised"})

    def read(self, log: LogView) -> Share:
        """One opportunity a prompt."""
        prompts = distinct(log.facts)
        return Share(
            tuple(_chance(log.facts, prompt) for prompt in prompts),
            _("Prompts that name a real file, symbol, test or error of this workspace: %(hits)d of %(n)d.")
            if prompts
            else _("The assistant was not asked anything."),
        )


def _chance(facts: Facts, prompt: Prompt) -> Opportunity:
    hit = grounded(prompt, new_words(facts)[prompt.seq])
    gap = facts.unsure(prompt) or facts.lost(
        "file.snapshotted", "file.edited", "suggestion.offered", "run.finished", before=prompt.seq
    )
    return Opportunity(hit, (prompt.seq,), known=hit or not gap)


signal = Grounding()
