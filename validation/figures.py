"""The statistics of the report.

Owns correlations, intervals and one regression. Invariant: what is drawn again is drawn from a seed. Leaves out what figures say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from random import Random
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()
_Z = 1.959964
AGAIN = 400


def correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Pearson's; 0 where one of them does not vary."""
    n = len(xs)
    if n < 2:
        return 0.0
    mx, my = sum(xs) / n, sum(ys) / n
    both = sum((x - mx) * (y - my) for x, y in zip(xs, ys, strict=True))
    spread = sum((x - mx) ** 2 for x in xs) * sum((y - my) ** 2 for y in ys)
    return both / sqrt(spread) if spread > 0 else 0.0


def again(n: int, figure: Callable[[Sequence[int]], float], seed: int = 1) -> tuple[float, float]:
    """The 95 % interval of a figure over who happened to be drawn, by drawing them again."""
    dice = Random(f"{seed}/again")
    found = sorted(figure([dice.randrange(n) for _ in range(n)]) for _ in range(AGAIN))
    return found[int(0.025 * AGAIN)], found[int(0.975 * AGAIN) - 1]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    p, z2 = hits / n, _Z * _Z
    middle, half = p + z2 / (2 * n), _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z2 / n)), min(1.0, (middle + half) / (1 + z2 / n))


def about(values: Sequence[float]) -> tuple[float, tuple[float, float]]:
    """A mean and its 95 % interval."""
    n = len(values)
    middle = sum(values) / n
    sd = sqrt(sum((value - middle) ** 2 for value in values) / (n - 1)) if n > 1 else 0.0
    half = _Z * sd / sqrt(n)
    return middle, (middle - half, middle + half)


def probit_regression(rows: Sequence[Sequence[float]], hits: Sequence[int], trials: Sequence[int]) -> list[float]:
    """Coefficients of a binomial probit regression with a constant first, by Fisher scoring."""
    x = np.column_stack([np.ones(len(rows)), np.asarray(rows, dtype=float)])
    k, n = np.asarray(hits, dtype=float), np.asarray(trials, dtype=float)
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        eta = x @ beta
        p = np.clip([_NORMAL.cdf(value) for value in eta], 1e-6, 1 - 1e-6)
        density = np.array([_NORMAL.pdf(value) for value in eta])
        weight = n * density**2 / (p * (1 - p))
        score = x.T @ (density * (k - n * p) / (p * (1 - p)))
        step = np.linalg.solve(x.T @ (x * weight[:, None]) + 1e-6 * np.eye(x.shape[1]), score)
        beta += step
        if float(np.abs(step).max()) < 1e-9:
            break
    return [float(one) for one in beta]


def expected_share(beta: Sequence[float], row: Sequence[float]) -> float:
    """What such a regression expects."""
    return _NORMAL.cdf(beta[0] + sum(b * x for b, x in zip(beta[1:], row, strict=True)))
