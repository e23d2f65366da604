"""Explain-back: whether the candidate can explain what they handed in.

Owns the levels that people gave to answers about the submitted code, three short questions. A level of 1 to 5 is none to four
steps, each an opportunity. Invariant: a person judges, never a signal; below three answered questions only counts are told. Of one
rater, in whatever letters their name stands, the last word counts; of several raters of an answer the middle, halfway between two,
so that a second one raises as easily as they lower, and how many people rated changes no number of opportunities. The steps of all
questions are summed before a half is rounded, to the even number: twice as many opportunities would pass for twice the evidence,
which two opinions of one answer are not, and a half rounded for each question would add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor
from statistics import median

from interviews.raters import person
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
            rated.setdefault(answer.question, {})[person(answer.rater)] = (answer.level, answer.seq)
        known = len(rated) >= QUESTIONS and not log.facts.lost("explanation.rated")
        middles = [median(Fraction(level - 1) for level, _seq in raters.values()) for raters in rated.values()]
        chances = [
            Opportunity(step < reached, evidence, known)
            for raters, reached in zip(rated.values(), _whole(middles), strict=True)
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


def _whole(middles: Sequence[Fraction]) -> list[int]:
    """The same steps in whole numbers: their sum is the sum of all, a half of it rounded to the even number."""
    whole = [floor(one) for one in middles]
    # Which questions with a half are rounded up changes nothing: opportunities are alike, and the sum alone counts.
    up = round(sum(middles)) - sum(whole)
    for at, one in enumerate(middles):
        if up and one > whole[at]:
            whole[at], up = whole[at] + 1, up - 1
    return whole


signal = ExplainBack()
