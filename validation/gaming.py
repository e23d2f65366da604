"""Part 3: whether going for the score instead of the work pays.

Owns the comparison of tricks with an honest person of middling skill, by signals and by a judge that believes everything.
Invariant: whoever plays a trick is weak where something is promised; what it brings somebody of middling skill is printed beside
it, whatever it is; a dimension that is not observed ranks nobody. Leaves out the tricks
(``simulator.tricks``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simulator.chance import Skills
from simulator.course import Request
from simulator.tricks import TRICKS
from validation.claims import Claim, rounded
from validation.figures import about
from validation.judge import swayed
from validation.trying import Asked, How, Marks

PEOPLE = 60
ABOUT = (
    "fourteen tricks of weak people beside honest work of middling skill: margins in levels, honest minus trick; "
    "and what each brings at equal skill"
)


def claims(how: How) -> list[Claim]:
    """One claim a trick and dimension."""
    seeds = range(how.seed * 30_000, how.seed * 30_000 + how.many(PEOPLE))
    asked = [Asked(Request(seed, Skills())) for seed in seeds]
    for weak in (True, False):
        asked += [Asked(Request(seed, Skills()), trick, weak) for trick in TRICKS for seed in seeds]
    marks = how.marks(asked)
    honest, *theirs = [marks[at : at + len(seeds)] for at in range(0, len(marks), len(seeds))]
    found = []
    for trick, by_weak, by_equal in zip(TRICKS, theirs[: len(TRICKS)], theirs[len(TRICKS) :], strict=True):
        for dimension in honest[0].dimensions:
            found += _margin(trick, dimension, honest, by_weak)
            found += _gain(trick, dimension, honest, by_equal)
    return [*found, *_judged(replace(how, scorer=swayed), seeds)]


def _gain(trick: str, dimension: str, honest: Sequence[Marks], theirs: Sequence[Marks]) -> list[Claim]:
    """What the trick brings somebody of the same skill, person by person."""
    moved = [
        got - ours
        for one, other in zip(honest, theirs, strict=True)
        if (ours := one.dimensions[dimension].level) is not None
        and (got := other.dimensions[dimension].level) is not None
    ]
    if not moved:
        return []
    middle, ends = about(moved)
    what = f"{trick}, {dimension}: what it brings at equal skill"
    return [Claim(what, round(middle, 3), "levels", interval=rounded(ends), n=len(moved))]


def _judged(how: How, seeds: range) -> list[Claim]:
    """The same of orders to whoever reads them, where a judge obeys whatever it reads, in all that it is asked about."""
    asked = [Asked(Request(seed, Skills())) for seed in seeds]
    asked += [Asked(Request(seed, Skills()), "prompt-injector") for seed in seeds]
    marks = how.marks(asked)
    honest, theirs = marks[: len(seeds)], marks[len(seeds) :]
    names = [one.id for one in how.rubric.dimensions if one.judge is not None]
    told = "prompt-injector before a judge that obeys"
    return [claim for name in names for claim in _margin(told, name, honest, theirs)]


def _margin(trick: str, dimension: str, honest: Sequence[Marks], theirs: Sequence[Marks]) -> list[Claim]:
    ours = [level for one in honest if (level := one.dimensions[dimension].level) is not None]
    got = [level for one in theirs if (level := one.dimensions[dimension].level) is not None]
    what, target = f"{trick}, {dimension}: margin of honest work", "at least 0"
    if not ours:
        return []
    if not got:
        return [Claim(what, None, target=target, holds=True, note="not observed with the trick")]
    middle, (low, high) = about(ours)
    other, (low_, high_) = about(got)
    half = (((high - low) / 2) ** 2 + ((high_ - low_) / 2) ** 2) ** 0.5
    margin = middle - other
    seldom = f", observed in {len(got)} of {len(theirs)}" if len(got) < len(theirs) else ""
    return [
        Claim(
            what, round(margin, 3), "levels", interval=rounded((margin - half, margin + half)), target=target,
            holds=margin >= 0, n=len(theirs), note=f"honest {middle:.2f}, trick {other:.2f}{seldom}",
        )
    ]  # fmt: skip
