"""Part 2: whether people of equal skill who work in another style get an equal score.

Owns the comparison of styles. Invariant: the same people with the same luck in each style. Leaves out what a style is
(``simulator.work``).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from simulator.chance import SKILLS, SPREAD, Skills
from simulator.course import Request
from simulator.work import STYLES
from validation.claims import Claim, rounded
from validation.figures import about
from validation.trying import Asked, How, Marks

PEOPLE = 60
AT = (-1, 0, 1)
MOST = 0.25
ABOUT = "five styles at equal skill: by how much of a level the mean scores of any two differ"


def claims(how: How) -> list[Claim]:
    """One claim a dimension and skill: the largest difference between two styles."""
    seeds = range(how.seed * 20_000, how.seed * 20_000 + how.many(PEOPLE))
    people = {at: Skills(**{name: at * SPREAD[name] for name in SKILLS}) for at in AT}
    wanted = [(at, style, seed) for at in AT for style in STYLES for seed in seeds]
    marks = how.marks([Asked(Request(seed, people[at], style)) for at, style, seed in wanted])
    by = dict(zip(wanted, marks, strict=True))
    found = []
    for name in SKILLS:
        for at in AT:
            of: dict[str, list[Marks]] = {style: [by[at, style, seed] for seed in seeds] for style in STYLES}
            found.append(_apart(name, at, of))
    return found


def _apart(name: str, at: int, of: Mapping[str, list[Marks]]) -> Claim:
    skill = {-1: "weak", 0: "middling", 1: "strong"}[at]
    what = f"{name}, {skill}: largest difference between two styles"
    target = f"at most {MOST} level, or not observed"
    levels = {style: [one.dimensions[name].level for one in marks] for style, marks in of.items()}
    observed = [style for style, these in levels.items() if sum(one is not None for one in these) >= 2]
    if len(observed) < 2:
        return Claim(what, None, target=target, holds=True, note="not observed in more than one style")
    worst, pair, band = 0.0, ("", ""), (0.0, 0.0)
    for one, other in combinations(observed, 2):
        apart = [a - b for a, b in zip(levels[one], levels[other], strict=True) if a is not None and b is not None]
        if len(apart) < 2:
            continue
        middle, interval = about(apart)
        if abs(middle) >= abs(worst):
            worst, pair, band = middle, (one, other), interval
    means = ", ".join(
        f"{style} {about(kept)[0]:.2f}"
        for style in observed
        if (kept := [one for one in levels[style] if one is not None])
    )
    ends = sorted(map(abs, band))
    # Which of two styles comes first is chance: an interval about zero begins there.
    shown = [0.0, ends[1]] if band[0] < 0 < band[1] else ends
    return Claim(
        what, round(abs(worst), 3), "levels", interval=rounded(shown), target=target, holds=abs(worst) <= MOST,
        n=len(next(iter(of.values()))), note=f"{pair[0]} and {pair[1]}; mean levels: {means}",
    )  # fmt: skip
