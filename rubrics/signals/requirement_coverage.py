"""Requirement coverage: what was stated, or mended, of what the assistant wrote.

Owns the share of the brief's requirement atoms, among those whose code was taken over from the assistant, that the
candidate expressed in some channel (prompt, ticket, attached file, typed test or comment) before accepting that code, or
corrected before submitting. Invariant: atoms that the candidate wrote without the assistant leave the denominator,
and so do those that the assistant honoured unasked: nothing was left to say. Hidden tests that a shown planted defect
fails on belong to defect detection and do not count here.
"""

from __future__ import annotations

from interviews.events import Requirement
from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.atoms import accepted_for, expressed_at, honoured, mended, tests_of
from rubrics.reading.facts import Facts

# Events in which an atom can have been stated.
_CHANNELS = (
    "prompt.sent", "ticket.opened", "ticket.revised", "comment.added", "file.edited", "file.snapshotted", "file.deleted",
)  # fmt: skip


class RequirementCoverage:
    """Evidence: the acceptance, and what expressed or corrected the atom."""

    opens = frozenset(
        {
            "suggestion.offered",
            "suggestion.annotated",
            "suggestion.decided",
            "prompt.sent",
            "ticket.opened",
            "ticket.revised",
        }
    )

    def read(self, log: LogView) -> Share:
        """One opportunity an atom."""
        facts = log.facts
        if facts.key is None:
            return Share((), _("Which requirements the brief holds is not in this log."))
        if facts.key.brief_shared or log.header.settings.brief_shared:
            return Share((), _("The assistant was given the brief, so nothing had to be stated."))
        chances = [chance for atom in facts.key.requirements if (chance := _chance(facts, atom)) is not None]
        return Share(
            tuple(chances),
            _("Requirements with accepted code that were stated before or mended after: %(hits)d of %(n)d.")
            if chances
            else _("No code of the assistant that touches a requirement was accepted."),
        )


def _chance(facts: Facts, atom: Requirement) -> Opportunity | None:
    accepted = accepted_for(facts, atom)
    if not accepted:
        return None
    first = min(hunk.accepted.seq for hunk in accepted if hunk.accepted)
    end = mended(facts, atom, accepted)
    if found := expressed_at(facts, atom, accepted) or ((facts.hidden_seq,) if end else ()):
        return Opportunity(True, (*found, first))
    unread = facts.lost(*_CHANNELS, before=first)
    if unread:
        return Opportunity(False, (first,), known=False)
    if honoured(atom, accepted):
        return None
    if end is None:
        return Opportunity(False, (first,), known=not tests_of(facts, atom))
    return Opportunity(False, (first, facts.hidden_seq))


signal = RequirementCoverage()
