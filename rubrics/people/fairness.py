"""Adverse impact: how often groups of people come out well, beside the group for which it is most often.

Owns the arithmetic: rates, impact ratios (a group's rate over the highest group's; New York City's Local Law 144, 6 RCNY
§ 5-301) and Fisher's exact test. Invariant: pure, whole numbers and fractions until a figure is told; nobody is counted as low
who was not observed; dimensions are never added up. No module that scores may import this one, so what people are cannot reach a
score (an import contract holds it). Leaves out who belongs to which group (``commands.adverse``) and what follows from it, which
is for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

FOUR_FIFTHS = Fraction(4, 5)
"""29 CFR 1607.4(D): a ratio below it is generally taken as evidence of adverse impact. It proves nothing, nor does one above."""
SMALL = 30
"""A group of fewer people, or one beside it, says little: one more or less that comes out well may move the ratio across 4/5."""
TWO_PERCENT = Fraction(1, 50)
"""Groups of less than this share of all may be left out of the ratios (6 RCNY § 5-301(d)); their numbers are told all the same."""

Group = tuple[str, ...]


@dataclass(frozen=True)
class Person:
    """One interview: the group in each column ("" where it is not known), and whether it came out well; None: not observed."""

    groups: Mapping[str, str]
    well: bool | None


@dataclass(frozen=True)
class Tally:
    """Of ``n`` that were observed ``well`` came out well; ``unobserved`` more were not observed and are in no rate."""

    n: int = 0
    well: int = 0
    unobserved: int = 0

    @property
    def people(self) -> int:
        """All of them."""
        return self.n + self.unobserved

    @property
    def rate(self) -> Fraction | None:
        """None where nobody was observed."""
        return Fraction(self.well, self.n) if self.n else None


@dataclass(frozen=True)
class Impact:
    """One group beside the one with the highest rate (``reference``).

    ``ratio`` and ``p`` (Fisher's exact test, two-sided, against the reference) are None for a group that is left out, where nobody
    was observed or where nobody at all came out well; ``p_adjusted`` is Holm's, over all groups of the breakdown. ``small``: too
    few people for the ratio to be relied upon. ``one_more``: one more of the group coming out well would lift its ratio to 4/5.
    """

    group: Group
    tally: Tally
    reference: bool
    ratio: Fraction | None
    p: Fraction | None
    p_adjusted: Fraction | None
    small: bool
    under_two_percent: bool
    left_out: bool
    one_more: bool

    @property
    def below(self) -> bool:
        """Whether the ratio is below four fifths."""
        return self.ratio is not None and self.ratio < FOUR_FIFTHS


@dataclass(frozen=True)
class Breakdown:
    """All groups by one column or by several together; ``unknown`` are those of whom one of them is not known."""

    by: tuple[str, ...]
    groups: tuple[Impact, ...]
    unknown: Tally


def median(values: Sequence[Fraction]) -> Fraction:
    """The median of at least one value."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(values) % 2 else (ordered[half - 1] + ordered[half]) / 2


def above_median(scores: Mapping[str, Fraction | None]) -> tuple[Fraction | None, dict[str, bool | None]]:
    """The median of all scores, and who scored above it (``None``: not observed), by interview."""
    known = [score for score in scores.values() if score is not None]
    middle = median(known) if known else None
    return middle, {id_: None if score is None or middle is None else score > middle for id_, score in scores.items()}


def at_least(cut: Fraction, scores: Mapping[str, Fraction | None]) -> dict[str, bool | None]:
    """Who reached ``cut`` (``None``: not observed), by interview."""
    return {id_: None if score is None else score >= cut for id_, score in scores.items()}


def fisher(a: int, b: int, c: int, d: int) -> Fraction:
    """The two-sided p of Fisher's exact test of the table [[a, b], [c, d]]: the probability, given its margins, of all tables that
    are no likelier than this one. Exact; 1 where a margin is zero."""
    row, other, column = a + b, c + d, a + c
    low, high = max(0, column - other), min(row, column)
    # How many ways each table can come about; from one to the next without a rest.
    ways = comb(row, low) * comb(other, column - low)
    every: list[int] = []
    for x in range(low, high + 1):
        every.append(ways)
        ways = ways * (row - x) * (column - x) // ((x + 1) * (other - column + x + 1))
    observed = every[a - low]
    return Fraction(sum(one for one in every if one <= observed), sum(every))


def breakdown(people: Iterable[Person], by: tuple[str, ...], *, leave_out_small: bool = False) -> Breakdown:
    """Every group by the columns ``by``, in alphabetical order. ``leave_out_small``: those under two in a hundred have no ratio."""
    tallies: dict[Group, Tally] = {}
    unknown = Tally()
    for person in people:
        group = tuple(person.groups[column] for column in by)
        if all(group):
            tallies[group] = _with(tallies.get(group, Tally()), person.well)
        else:
            unknown = _with(unknown, person.well)
    total = sum(tally.people for tally in tallies.values())
    tiny = {group for group, tally in tallies.items() if tally.people < TWO_PERCENT * total}
    compared = {group: tally for group, tally in tallies.items() if tally.n and not (leave_out_small and group in tiny)}
    # Of several with the highest rate, the largest: beside it the others are best known.
    best = max(compared, key=lambda group: (compared[group].rate or 0, compared[group].n, group), default=None)
    against = compared[best] if best is not None and len(compared) > 1 and compared[best].well else None
    p = {
        group: fisher(tally.well, tally.n - tally.well, against.well, against.n - against.well)
        for group, tally in compared.items()
        if against is not None and group != best
    }
    adjusted = holm(p)
    return Breakdown(
        by,
        tuple(
            _impact(group, tally, against, best, p, adjusted, tiny, left_out=bool(tally.n) and group not in compared)
            for group, tally in sorted(tallies.items())
        ),
        unknown,
    )


def _with(tally: Tally, well: bool | None) -> Tally:
    if well is None:
        return Tally(tally.n, tally.well, tally.unobserved + 1)
    return Tally(tally.n + 1, tally.well + well, tally.unobserved)


def _impact(
    group: Group, tally: Tally, against: Tally | None, best: Group | None, p: Mapping[Group, Fraction],
    adjusted: Mapping[Group, Fraction], tiny: set[Group], *, left_out: bool,
) -> Impact:  # fmt: skip
    rate, top = tally.rate, against.rate if against else None
    ratio = None if left_out or rate is None or not top else rate / top
    one_more = (
        ratio is not None and ratio < FOUR_FIFTHS and top is not None
        and Fraction(tally.well + 1, tally.n) / top >= FOUR_FIFTHS
    )  # fmt: skip
    return Impact(
        group=group, tally=tally, reference=against is not None and group == best, ratio=ratio, p=p.get(group),
        p_adjusted=adjusted.get(group), small=tally.n < SMALL or (against is not None and against.n < SMALL),
        under_two_percent=group in tiny, left_out=left_out, one_more=one_more,
    )  # fmt: skip


def holm(p: Mapping[Group, Fraction]) -> dict[Group, Fraction]:
    """Each p as if it were the only one: the more groups are compared, the likelier one of them differs by chance (Holm 1979)."""
    adjusted: dict[Group, Fraction] = {}
    least = Fraction(0)
    for rank, (group, value) in enumerate(sorted(p.items(), key=lambda item: (item[1], item[0]))):
        least = max(least, min(Fraction(1), value * (len(p) - rank)))
        adjusted[group] = least
    return adjusted
