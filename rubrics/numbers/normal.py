"""The normal distribution in whole numbers.

Owns Φ and its inverse, logarithm and exponential as tables of integers, and what makes integers of a rubric's decimals. Invariant:
no floating point and no libm on the way; ``Decimal`` under a context of its own, whose results are defined to the last digit, so
that every machine, and every setting of ``Decimal`` around it, gives the same digits. Leaves out what they are good for
(``probit``, ``joint``).

Probits are counted in thousandths (``MILLI``), probabilities in 10^-12 (``ONE``), logarithms in millionths of a nat (``NAT``).
"""

from __future__ import annotations

from bisect import bisect_right
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from fractions import Fraction
from functools import cache

MILLI = 1000
ONE = 10**12
NAT = 10**6
_STEP = 5  # thousandths of a probit between the points of the table
_REACH = 8 * MILLI
_DEEP = 10**30  # fixed point of the series
# Below e^-40 a weight is nothing beside the others.
_NATS = 40


def context() -> Context:
    """What decimals are computed under, whatever was set around it."""
    # Named in full: what is left out would come from the default context, which anyone may have changed.
    return Context(40, ROUND_HALF_EVEN, -999_999, 999_999, 1, 0, [], [InvalidOperation, DivisionByZero, Overflow])


def whole(value: Decimal, unit: int) -> int:
    """The value in units of 1 / ``unit``, cut towards zero; exact, whatever the ambient decimal context."""
    return int(Fraction(value) * unit)


@cache
def _table() -> list[int]:
    """Φ at 0, 5, 10 … thousandths of a probit."""
    out = []
    with localcontext(context()):
        root = (2 * Decimal("3.141592653589793238462643383279502884197")).sqrt()
        for x in range(0, _REACH + _STEP, _STEP):
            at = Decimal(x) / MILLI
            density = int((-at * at / 2).exp() / root * _DEEP)
            term = total = x * _DEEP // MILLI
            k = 1
            while term > 10**6:
                k += 2
                term = term * x * x // (k * MILLI * MILLI)
                total += term
            out.append(min(ONE // 2 + total * density // (_DEEP * _DEEP // ONE), ONE - 1))
    return out


def phi(x: int) -> int:
    """Φ(x) in 10^-12, never 0 or 1 itself; x in thousandths of a probit."""
    if x < 0:
        return ONE - phi(-x)
    if x >= _REACH:
        return ONE - 1
    table = _table()
    at, rest = divmod(x, _STEP)
    return table[at] + (table[at + 1] - table[at]) * rest // _STEP


def quantile(p: int) -> int:
    """The x, in thousandths of a probit, at which Φ reaches p (in 10^-12)."""
    if p < ONE // 2:
        return -quantile(ONE - p)
    table = _table()
    at = bisect_right(table, p) - 1
    if at >= len(table) - 1:
        return _REACH
    gap = table[at + 1] - table[at]
    return at * _STEP + (p - table[at]) * _STEP // gap


@cache
def log(p: int) -> int:
    """ln(p), for p in 10^-12, in millionths."""
    under = context()
    return int(under.multiply(under.ln(under.divide(Decimal(p), Decimal(ONE))), Decimal(NAT)))


@cache
def exponentials() -> list[int]:
    """e^-k/1000 in 10^-12 for k = 0, 1, 2 …"""
    step = int(context().multiply(context().exp(Decimal("-0.001")), Decimal(_DEEP)))
    out, now = [], _DEEP
    for _ in range(_NATS * 1000 + 1):
        out.append(now // (_DEEP // ONE))
        now = now * step // _DEEP
    return out


def exp(x: int) -> int:
    """e^x in 10^-12 for x ≤ 0 in millionths; 0 below e^-40."""
    at, rest = divmod(-x, 1000)
    return exponentials()[at] * (NAT - rest) // NAT if at < _NATS * 1000 else 0


@cache
def bell(sd: int, step: int, reach: int) -> tuple[tuple[int, int], ...]:
    """Points ``step`` apart within ``reach`` standard deviations of 0, in thousandths, and their normal weights (10^-12 at 0)."""
    most = sd * reach // step
    return tuple((at * step, exp(-((at * step) ** 2) * NAT // (2 * sd * sd))) for at in range(-most, most + 1))
