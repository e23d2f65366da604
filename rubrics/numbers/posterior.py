"""Posteriors on a grid, in whole numbers only.

Owns the form of a posterior, the beta-binomial one of a share, and what is read off any: mean and interval. Invariant: no floating
point on the way, so that the same counts give the same digits on every machine. Leaves out detection (``probit``), several
measures together (``joint``), levels and words (``scoring``, ``explain``).

A posterior is a tuple of ``BINS`` weights; weight i stands for the values between i / BINS and (i + 1) / BINS.
Results are in ten-thousandths.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

BINS = 400
UNIT = 10_000
_MASS = 10**15

Weights = tuple[int, ...]


def normal(weights: Sequence[int]) -> Weights:
    """The weights scaled to a sum of 10^15, but for what rounding loses."""
    total = sum(weights)
    return tuple(weight * _MASS // total for weight in weights)


# A posterior takes some ten kilobytes, and a server lives long.
@lru_cache(maxsize=1024)
def share(a: int, b: int, hits: int, misses: int) -> Weights:
    """Posterior of a share with prior Beta(a, b), a and b whole and positive, after that many hits and misses."""
    up, down = a + hits - 1, b + misses - 1
    return normal([(2 * i + 1) ** up * (2 * (BINS - i) - 1) ** down for i in range(BINS)])


def mean(weights: Weights) -> int:
    """The mean in ten-thousandths."""
    return _round(sum((2 * i + 1) * weight for i, weight in enumerate(weights)) * UNIT, sum(weights) * 2 * BINS)


def interval(weights: Weights) -> tuple[int, int]:
    """The central 95 % in ten-thousandths."""
    return _quantile(weights, 25), _quantile(weights, 975)


def _quantile(weights: Weights, per_mille: int) -> int:
    target = sum(weights) * per_mille
    below = 0
    for i, weight in enumerate(weights):
        here = weight * 1000
        if below + here >= target and weight:
            return _round((i * here + target - below) * UNIT, here * BINS)
        below += here
    return UNIT


def _round(over: int, under: int) -> int:
    return (2 * over + under) // (2 * under)
