"""Specificity: remarks on changes that say where, what is wrong, and what should be.

Owns the share of push-backs and review notes that name place, fault and expected behaviour. Invariant: rules, not length; a
verdict without words is no opportunity, the same words again are the same one, and whether a remark is right is defect
detection's alone.
"""

from __future__ import annotations

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _
from rubrics.reading.facts import Facts
from rubrics.reading.remarks import Remark, remarks, specific


class Specificity:
    """Evidence: the rejection, the verdict or the comment."""

    opens = frozenset({"suggestion.decided", "hunk.judged", "comment.added"})

    def read(self, log: LogView) -> Share:
        """One opportunity a remark."""
        chances = [_chance(log.facts, one) for one in remarks(log.facts)]
        return Share(
            tuple(chances),
            _("Remarks on changes that name the place, the fault and what is expected: %(hits)d of %(n)d.")
            if chances
            else _("Nothing was remarked on a change."),
        )


def _chance(facts: Facts, remark: Remark) -> Opportunity:
    hit = specific(remark)
    return Opportunity(hit, remark.seqs, known=hit or remark.change is not None)


signal = Specificity()
