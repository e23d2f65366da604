"""Explain-back: whether the candidate can explain what they handed in.

Owns the levels that people gave to answers about the submitted code, three short questions. A level of 1 to 5 is none to four
steps, each an opportunity. Invariant: a person judges, never a signal; below three answered questions only counts are told; of
several raters of an answer the middle one counts, the lower of two, and of one rater their last word.
"""

from __future__ import annotations

from statistics import median_low

from rubrics.base import LogView, Opportunity, Share
from rubrics.base import translatable as _

QUESTIONS = 3
STEPS = 4


class ExplainBack:
    """Evidence: the ratings."""

    opens = frozenset({"explanation.rated"})

    def read(self, log: LogView) -> Share:
        """Four opportunities a question that was rated."""
        rated: dict[str, dict[str, tuple[int, int]]] = {}
        for answer in log.facts.answers:
            rated.setdefault(answer.question, {})[answer.rater] = (answer.level, answer.seq)
        known = len(rated) >= QUESTIONS and not log.facts.lost("explanation.rated")
        chances = [
            Opportunity(step < median_low(level for level, _seq in raters.values()) - 1, evidence, known)
            for raters in rated.values()
            for evidence in [tuple(sorted(seq for _level, seq in raters.values()))]
            for step in range(STEPS)
        ]
        return Share(
            tuple(chances),
            _("Steps that answers about the submitted code reached, four for each question: %(hits)d of %(n)d.")
            if chances
            else _("Nobody has rated an explanation of the submitted code."),
            source="human",
        )


signal = ExplainBack()
