"""Agreement between raters on levels from 1 to 5.

Owns quadratic weighted kappa, Krippendorff's alpha, their intervals and mean differences. Invariant: pure and exact: whole numbers
and fractions, and a bootstrap from its own seeded generator, so that the same ratings give the same figures everywhere. Where there
is no disagreement to be expected, since everybody gave everything the same level, neither says anything: None. Leaves out who rated
what (``concord``).

Sources: J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968); K. Krippendorff, Computing Krippendorff's alpha-reliability
(2011).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeVar

T = TypeVar("T")
Metric = Literal["nominal", "ordinal", "interval"]
Unit = Sequence[int]
"""The levels that one thing was given, by however many raters; with fewer than two it says nothing."""

RESAMPLES = 999
# Below this an interval by resampling would be narrower than what is known.
LEAST = 8
# Below this it is still to be taken with care.
SMALL = 30


def kappa(pairs: Sequence[tuple[int, int]]) -> Fraction | None:
    """Cohen's kappa with quadratic weights: 1 is agreement, 0 what chance would bring; None where it is not defined."""
    n = len(pairs)
    seen = sum((a - b) ** 2 for a, b in pairs)
    first, second = Counter(a for a, _b in pairs), Counter(b for _a, b in pairs)
    expected = sum((a - b) ** 2 * times * others for a, times in first.items() for b, others in second.items())
    return None if expected == 0 else 1 - Fraction(seen * n, expected)


def alpha(units: Sequence[Unit], metric: Metric = "ordinal") -> Fraction | None:
    """Krippendorff's alpha; missing levels are simply not there. None where it is not defined."""
    # Units of the same levels are looked at once: there are few of these, and a resample holds each many times.
    pairable = Counter(tuple(sorted(unit)) for unit in units if len(unit) > 1)
    counts = Counter[int]()
    for unit, times in pairable.items():
        for level in unit:
            counts[level] += times
    n, distance = sum(counts.values()), _distance(counts, metric)
    seen: dict[int, int] = {}
    for unit, times in pairable.items():
        others = len(unit) - 1
        seen[others] = seen.get(others, 0) + times * _among(Counter(unit), distance)
    expected = _among(counts, distance)
    if expected == 0:
        return None
    return 1 - sum((Fraction(apart, others) for others, apart in seen.items()), Fraction(0)) * (n - 1) / expected


def _among(counts: Counter[int], distance: Callable[[int, int], int]) -> int:
    """The distances of all ordered pairs of these levels."""
    return sum(
        times * others * distance(low, high)
        for low, times in counts.items()
        for high, others in counts.items()
        if low != high
    )


def _distance(counts: Counter[int], metric: Metric) -> Callable[[int, int], int]:
    """How far two levels are apart, squared; four times that for ordinal ones, which stays a whole number and cancels out."""
    match metric:
        case "nominal":
            return lambda a, b: int(a != b)
        case "interval":
            return lambda a, b: (a - b) ** 2

    def ordinal(a: int, b: int) -> int:
        low, high = min(a, b), max(a, b)
        between = sum(times for level, times in counts.items() if low <= level <= high)
        return (2 * between - counts[low] - counts[high]) ** 2

    return ordinal


class Generator:
    """A linear congruential generator (D. Knuth's MMIX), its upper half: the same everywhere, unlike a library's."""

    def __init__(self, seed: int = 1) -> None:
        self._state = seed

    def below(self, n: int) -> int:
        """A whole number from 0 to ``n`` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 32) * n >> 32


def interval(things: Sequence[T], figure: Callable[[Sequence[T]], Fraction | None]) -> tuple[Fraction, Fraction] | None:
    """The central 95 % of the figure over 999 resamples of these things.

    None below ``LEAST`` things, and where more than one resample in twenty gives no figure, for then they are too alike.
    """
    n = len(things)
    if n < LEAST:
        return None
    generator, found = Generator(), list[Fraction]()
    for _ in range(RESAMPLES):
        one = figure([things[generator.below(n)] for _ in range(n)])
        if one is not None:
            found.append(one)
    if len(found) * 20 < RESAMPLES * 19:
        return None
    found.sort()
    return found[len(found) * 25 // 1000], found[len(found) * 975 // 1000]


@dataclass(frozen=True)
class Mean:
    """The mean of differences, and its standard error; None where fewer than two."""

    n: int
    mean: Fraction | None
    error: Decimal | None


def mean(values: Sequence[int]) -> Mean:
    """Mean and standard error of whole numbers."""
    n = len(values)
    if n == 0:
        return Mean(0, None, None)
    middle = Fraction(sum(values), n)
    if n == 1:
        return Mean(1, middle, None)
    variance = sum(((value - middle) ** 2 for value in values), Fraction(0)) / (n - 1)
    square = variance / n
    return Mean(n, middle, (Decimal(square.numerator) / Decimal(square.denominator)).sqrt())


def departs(window: Sequence[int], rest: Sequence[int]) -> bool:
    """Whether the mean of a window is further from that of the rest than chance explains: more than 2.6 standard errors.

    Of a hundred windows that differ by chance alone, one would. Both have to have ``LEAST`` values.
    """
    here, there = mean(window), mean(rest)
    if here.n < LEAST or there.n < LEAST:
        return False
    if here.mean is None or there.mean is None or here.error is None or there.error is None:
        return False
    apart = here.mean - there.mean
    square = Decimal(apart.numerator) ** 2 / Decimal(apart.denominator) ** 2
    return square > Decimal("6.76") * (here.error**2 + there.error**2)
