"""How far people agree, with each other and with the rubric, over many interviews; and whether that drifts.

Owns which levels are compared. Invariant: pure; only blind ratings count, of each rater the first, for what was said with the score
known echoes it; a level that was not told is missing, never a number; a dimension whose value is nothing but people's word is not
compared with people. Leaves out the mathematics (``agreement``) and reading the store (``commands.agreement``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Literal

from interviews.raters import person
from rubrics.base import Scorecard
from rubrics.people import agreement

Between = Literal["people", "rubric"]
# Consecutive interviews of one window, where it is not a month.
WINDOW = 20
# Of fewer, agreement is no figure.
FEWEST = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rated:
    """One interview, made at ``at_ms`` (Unix): by dimension the blind levels in order, and the rubric's where it tells one.

    ``another``: some of the levels were given under another rubric, or another version of this one.
    """

    interview: str
    at_ms: int
    people: dict[str, tuple[int, ...]] = field(default_factory=dict)
    rubric: dict[str, int] = field(default_factory=dict)
    raters: int = 0
    another: bool = False


@dataclass(frozen=True)
class Figure:
    """Agreement on one dimension over ``n`` interviews in which both sides told a level; ``left_out`` are the others.

    ``kappa`` and ``alpha`` with their intervals are None where they are not defined, or too little is known. ``difference`` is the
    mean of people's level minus the rubric's, with its standard error. ``warning``: what to keep in mind, empty for nothing.
    """

    n: int
    left_out: int
    kappa: Fraction | None
    kappa_ci95: tuple[Fraction, Fraction] | None
    alpha: Fraction | None
    alpha_ci95: tuple[Fraction, Fraction] | None
    difference: agreement.Mean | None
    warning: str


@dataclass(frozen=True)
class Window:
    """Agreement in one window: a month, or so many interviews in a row. ``departs``: its differences are not like the others'."""

    name: str
    figure: Figure
    departs: bool


def rated(at_ms: int, card: Scorecard) -> Rated | None:
    """What counts of an interview's scorecard; None where nobody rated it blind."""
    blind: dict[str, dict[str, int | None]] = {}
    for one in card.ratings:
        if one.blind:
            blind.setdefault(person(one.rater), one.levels)
    if not blind:
        return None
    people, rubric = {}, {}
    for score in card.dimensions:
        levels = (given.get(score.id) for given in blind.values())
        people[score.id] = tuple(level for level in levels if level is not None)
        observed = [one.source for one in score.indicators if one.status != "not_observed"]
        if score.level is not None and any(source != "human" for source in observed):
            rubric[score.id] = score.level
    another = any(one.blind and one.rubric_sha256 != card.rubric.sha256 for one in card.ratings)
    return Rated(card.log.interview, at_ms, people, rubric, len(blind), another)


def figure(interviews: Sequence[Rated], dimension: str, between: Between) -> Figure:
    """Agreement on one dimension: of the first two who rated blind (alpha: of all), or of the first with the rubric."""
    units = [unit for one in interviews if len(unit := _unit(one, dimension, between)) > 1]
    pairs = [(unit[0], unit[1]) for unit in units]
    asked = sum(1 for one in interviews if between == "rubric" or one.raters > 1)
    differences = [people - rubric for people, rubric in pairs] if between == "rubric" else []
    enough = len(units) >= FEWEST
    kappa, kappa_ci95 = agreement.kappa(pairs) if enough else None, agreement.interval(pairs, agreement.kappa_of)
    alpha, alpha_ci95 = agreement.alpha(units) if enough else None, agreement.interval(units, agreement.alpha_of)
    both = (("kappa", kappa, kappa_ci95), ("alpha", alpha, alpha_ci95))
    bare = [name for name, one, band in both if one is not None and band is None]
    return Figure(
        n=len(units), left_out=asked - len(units), kappa=kappa, kappa_ci95=kappa_ci95, alpha=alpha, alpha_ci95=alpha_ci95,
        difference=agreement.mean(differences) if between == "rubric" else None, warning=_warning(pairs, kappa, bare),
    )  # fmt: skip


def drift(interviews: Sequence[Rated], dimension: str, between: Between, size: int | None) -> list[Window]:
    """The same by windows of so many interviews in a row, the oldest first; by month (UTC) where ``size`` is None.

    An interview from a time that has no ``month`` is in none.
    """
    out, groups = [], _windows(interviews, size)
    for name, group in groups:
        rest = [one for other, them in groups if other != name for one in them]
        far = agreement.departs(_differences(group, dimension, between), _differences(rest, dimension, between))
        out.append(Window(name, figure(group, dimension, between), far))
    return out


def _unit(one: Rated, dimension: str, between: Between) -> tuple[int, ...]:
    people = one.people.get(dimension, ())
    if between == "people":
        return people
    return (people[0], one.rubric[dimension]) if people and dimension in one.rubric else ()


def _differences(interviews: Iterable[Rated], dimension: str, between: Between) -> list[int]:
    """People's level minus the rubric's; of two people how far they are apart, for neither comes before the other."""
    units = (unit for one in interviews if len(unit := _unit(one, dimension, between)) > 1)
    return [unit[0] - unit[1] if between == "rubric" else abs(unit[0] - unit[1]) for unit in units]


def _windows(interviews: Sequence[Rated], size: int | None) -> list[tuple[str, list[Rated]]]:
    ordered = sorted(interviews, key=lambda one: (one.at_ms, one.interview))
    groups: dict[str, list[Rated]] = {}
    for at, one in enumerate(ordered):
        name = month(one.at_ms) if size is None else _row(at // size * size, size, len(ordered))
        if name is not None:
            groups.setdefault(name, []).append(one)
    return list(groups.items())


def month(at_ms: int) -> str | None:
    """The month (UTC) of a time (Unix); None for one outside of the years 1 to 9999, which a log may hold."""
    try:
        return (_EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m")
    except OverflowError:
        return None


def _row(start: int, size: int, whole: int) -> str:
    return f"{start + 1}-{min(start + size, whole)}"


def _warning(pairs: Sequence[tuple[int, int]], kappa: Fraction | None, bare: Sequence[str]) -> str:
    """``bare`` are the names of the figures that have no interval."""
    n = len(pairs)
    if n == 0:
        return "nothing to compare"
    if n < agreement.LEAST:
        return f"only {n}: no interval, and the figures may be anything"
    said = []
    # Not where they are as high as can be.
    if kappa != 1 and len({level for pair in pairs for level in pair}) < 3:
        said.append("hardly any spread in the levels: kappa and alpha are low however well people agree")
    if bare:
        alike = "all pairs agree" if kappa == 1 else "the interviews are too much alike"
        names = " and ".join(bare)
        said.append(f"no interval for {names}: {alike}, so that resamples do not vary; that makes no figure certain")
    if n < agreement.SMALL and not said:
        said.append(f"only {n}: the interval is rather too narrow")
    elif n < agreement.SMALL and bare:
        said.append(f"only {n}")
    return "; ".join(said)
