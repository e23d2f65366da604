"""Posteriors on a grid, in whole numbers only.

Owns the arithmetic of uncertainty: the beta-binomial posterior of a share, the probit (signal detection) posterior of
sensitivity, and the weighted mean of independent posteriors. Invariant: no floating point and no libm on the way
(integers, and ``Decimal``, whose results are defined to the last digit), so that the same counts give the same digits
on every machine. Leaves out levels and words (``scoring``, ``explain``).

A posterior is a tuple of ``BINS`` weights; weight i stands for the values between i / BINS and (i + 1) / BINS.
Results are in ten-thousandths.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from functools import cache, lru_cache

BINS = 400
UNIT = 10_000
_MASS = 10**15
_P = 10**6  # probabilities of the detection model are counted in millionths

Weights = tuple[int, ...]


def _normal(weights: list[int]) -> Weights:
    total = sum(weights)
    return tuple(weight * _MASS // total for weight in weights)


@lru_cache(maxsize=1024)
def share(a: int, b: int, hits: int, misses: int) -> Weights:
    """Posterior of a share with prior Beta(a, b), a and b whole and positive, after that many hits and misses."""
    up, down = a + hits - 1, b + misses - 1
    return _normal([(2 * i + 1) ** up * (2 * (BINS - i) - 1) ** down for i in range(BINS)])


@lru_cache(maxsize=256)
def detection(
    d_mean: Decimal, d_sd: Decimal, c_mean: Decimal, c_sd: Decimal, hits: int, misses: int, alarms: int, passes: int
) -> Weights:
    """Posterior of Φ(d′/2): the share of verdicts that would be right without a leaning to either answer; 0.5 is guessing.

    Model: a defective hunk is called out with probability Φ(d′/2 − c), a good one with Φ(−d′/2 − c); d′ and c have
    independent normal priors. ``alarms`` and ``passes`` are the good hunks called out and let pass.
    """
    weights = [0] * BINS
    criteria = _normal_prior(c_mean, c_sd, Decimal("0.1"))
    for d, d_weight in _normal_prior(d_mean, d_sd, Decimal("0.02")):
        half = d / 2
        mass = 0
        for c, c_weight in criteria:
            hit, alarm = phi(half - c), phi(-half - c)
            mass += c_weight * hit**hits * (_P - hit) ** misses * alarm**alarms * (_P - alarm) ** passes
        weights[min(phi(half) * BINS // _P, BINS - 1)] += d_weight * mass
    return _normal(weights)


@cache
def _normal_prior(mean: Decimal, sd: Decimal, step: Decimal) -> tuple[tuple[Decimal, int], ...]:
    """Points ``step`` apart within four (d′) or three (c) standard deviations and their weights."""
    reach = (sd * 4).quantize(step, rounding=ROUND_HALF_EVEN)
    points = range(-int(reach / step), int(reach / step) + 1)
    with localcontext(Context(prec=40)):
        density = [(-((step * i / sd) ** 2) / 2).exp() for i in points]
        return tuple((mean + step * i, int(weight * 10**9)) for i, weight in zip(points, density, strict=True))


@cache
def phi(x: Decimal) -> int:
    """The normal distribution function in millionths, never 0 or 1 itself."""
    if x < 0:
        return _P - phi(-x)
    with localcontext(Context(prec=40)):
        term = total = x
        k = 1
        while term > Decimal("1e-20"):
            k += 2
            term = term * x * x / k
            total += term
        root = (2 * Decimal("3.141592653589793238462643383279502884197")).sqrt()
        value = Decimal("0.5") + total * (-x * x / 2).exp() / root
        return min(int(value * _P + Decimal("0.5")), _P - 1)


def mix(parts: list[tuple[int, Weights]]) -> Weights:
    """Posterior of the weighted mean of independent values; each part is (whole positive weight, posterior).

    A convolution: every part keeps its own uncertainty, so that a vague indicator widens the result instead of being taken at its
    mean.
    """
    scale = sum(weight for weight, _ in parts)
    sums = {0: 1}
    for weight, posterior in parts:
        grown: dict[int, int] = {}
        for i, mass in enumerate(posterior):
            if mass:
                shift = (2 * i + 1) * weight
                for at, before in sums.items():
                    grown[at + shift] = grown.get(at + shift, 0) + before * mass
        total = sum(grown.values())
        sums = {at: kept for at, mass in grown.items() if (kept := mass * _MASS // total)}
    weights = [0] * BINS
    for at, mass in sums.items():
        weights[at // (2 * scale)] += mass
    return _normal(weights)


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
