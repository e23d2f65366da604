"""Agreement between raters on levels from 1 to 5.

Owns quadratic weighted kappa, Krippendorff's alpha, their intervals and mean differences. Invariant: pure and exact: whole numbers
and fractions, and a bootstrap from its own seeded generator, so that the same ratings give the same figures everywhere. Where there
is no disagreement to be expected, since everybody gave everything the same level, neither says anything: None. Leaves out who rated
what (``concord``).

Sources: J. Cohen, Weighted kappa, Psychological Bulletin 70 (1968); K. Krippendorff, Computing Krippendorff's alpha-reliability
(2011).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Literal, TypeVar

T = TypeVar("T", bound=Hashable)
Metric = Literal["nominal", "ordinal", "interval"]
Unit = tuple[int, ...]
"""The levels that one thing was given, by however many raters; with fewer than two it says nothing."""

RESAMPLES = 999
# Below this an interval by resampling would be narrower than what is known.
LEAST = 8
# Below this it is still to be taken with care.
SMALL = 30


def kappa(pairs: Iterable[tuple[int, int]]) -> Fraction | None:
    """Cohen's kappa with quadratic weights: 1 is agreement, 0 what chance would bring; None where it is not defined."""
    return kappa_of(Counter(pairs))


def kappa_of(pairs: Mapping[tuple[int, int], int]) -> Fraction | None:
    """The same, of pairs with how often there is each."""
    n = sum(pairs.values())
    seen = sum((a - b) ** 2 * times for (a, b), times in pairs.items())
    first, second = Counter[int](), Counter[int]()
    for (a, b), times in pairs.items():
        first[a] += times
        second[b] += times
    expected = sum((a - b) ** 2 * times * others for a, times in first.items() for b, others in second.items())
    return None if expected == 0 else 1 - Fraction(seen * n, expected)


def alpha(units: Iterable[Sequence[int]], metric: Metric = "ordinal") -> Fraction | None:
    """Krippendorff's alpha; missing levels are simply not there. None where it is not defined."""
    return alpha_of(Counter(map(tuple, units)), metric)


def alpha_of(units: Mapping[Unit, int], metric: Metric = "ordinal") -> Fraction | None:
    """The same, of units with how often there is each: of few different ones there are many in a resample."""
    pairable = {unit: times for unit, times in units.items() if len(unit) > 1}
    counts = Counter[int]()
    for unit, times in pairable.items():
        for level in unit:
            counts[level] += times
    n, apart = sum(counts.values()), _distances(counts, metric)
    seen: dict[int, int] = {}
    for unit, times in pairable.items():
        others = len(unit) - 1
        seen[others] = seen.get(others, 0) + times * _among(unit, apart)
    expected = sum(times * counts[high] * apart[low, high] for low, times in counts.items() for high in counts)
    if expected == 0:
        return None
    return 1 - sum((Fraction(sum_, others) for others, sum_ in seen.items()), Fraction(0)) * (n - 1) / expected


def _among(unit: Iterable[int], apart: Mapping[tuple[int, int], int]) -> int:
    """The distances of all ordered pairs of these levels."""
    return 2 * sum(apart[pair] for pair in combinations(unit, 2))


def _distances(counts: Mapping[int, int], metric: Metric) -> dict[tuple[int, int], int]:
    """How far any two levels are apart, squared; four times that for ordinal ones, which stays a whole number and cancels out."""
    levels, below, at = sorted(counts), dict[int, int](), 0
    for level in levels:
        below[level] = at
        at += counts[level]
    apart: dict[tuple[int, int], int] = {}
    for low in levels:
        for high in levels:
            between = 2 * (below[high] - below[low]) + counts[high] - counts[low]
            steps = {"nominal": int(low != high), "interval": high - low, "ordinal": between}[metric]
            apart[low, high] = steps**2
    return apart


class Generator:
    """A linear congruential generator (D. Knuth's MMIX), its upper half: the same everywhere, unlike a library's."""

    def __init__(self, seed: int = 1) -> None:
        self._state = seed

    def below(self, n: int) -> int:
        """A whole number from 0 to ``n`` - 1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self._state >> 32) * n >> 32


@lru_cache(maxsize=64)
def _draws(n: int) -> tuple[array[int], ...]:
    """Which of ``n`` things each resample holds."""
    generator = Generator()
    return tuple(array("L", (generator.below(n) for _ in range(n))) for _ in range(RESAMPLES))


def interval(things: Sequence[T], figure: Callable[[Counter[T]], Fraction | None]) -> tuple[Fraction, Fraction] | None:
    """The central 95 % of the figure over 999 resamples of these things, each with how often it is there.

    None below ``LEAST`` things; where more than one resample in twenty gives no figure, for then they are too alike; and where the
    resamples do not vary, as with eight pairs in perfect agreement: an interval of no width would say that the figure is certain.
    """
    if len(things) < LEAST:
        return None
    resamples = (Counter(map(things.__getitem__, drawn)) for drawn in _draws(len(things)))
    found = sorted((one for resample in resamples if (one := figure(resample)) is not None), key=float)
    if len(found) * 20 < RESAMPLES * 19:
        return None
    low, high = found[len(found) * 25 // 1000], found[len(found) * 975 // 1000]
    return None if low == high else (low, high)


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
