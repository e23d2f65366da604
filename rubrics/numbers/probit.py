"""Detection of flaws: a person's sensitivity from verdicts on changes of known quality.

Owns the ordinal probit model. Invariant: whole numbers only; where a person puts "probably" is learnt from their own verdicts, so
that bold or careful wording by itself moves nothing much. Leaves out which verdicts count (``signals.defect_detection``) and the
numbers of the prior (the rubric).

Model: a change leaves an impression of spread 1 around +d'/2 − difficulty where it is flawed, around −d'/2 where it is sound.
Above the criterion c it is called flawed, above c + t surely so; below c it is let pass, below c − t surely so. d' and c have
normal priors, t is one of a few distances, each as likely. Where how sure one was is not known, a verdict has two steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rubrics.numbers.normal import MILLI, ONE, bell, exponentials, log, phi
from rubrics.numbers.posterior import BINS, Weights, normal

_D_STEP, _C_STEP = 50, 200  # thousandths of a probit: well below what so few verdicts could resolve
_STRIDE = _C_STEP * 2 // _D_STEP
_FINE = 5

Counts = tuple[int, int, int, int, int, int]
"""Verdicts: surely flawed, probably flawed, probably sound, surely sound; then flawed and sound where it is not known how sure."""


@dataclass(frozen=True)
class Prior:
    """All in thousandths of a probit; ``steps`` are the distances t, none where every verdict is to have two steps."""

    d_mean: int
    d_sd: int
    c_mean: int
    c_sd: int
    steps: tuple[int, ...] = ()


def counts(verdicts: Iterable[tuple[bool, bool | None]]) -> Counts:
    """Counts of verdicts, each (called flawed, sure of it or None)."""
    out = [0] * 6
    for flawed, sure in verdicts:
        if sure is None:
            out[4 if flawed else 5] += 1
        else:
            out[(0 if sure else 1) if flawed else (3 if sure else 2)] += 1
    return (out[0], out[1], out[2], out[3], out[4], out[5])


def detection(prior: Prior, flawed: Mapping[int, Counts], sound: Counts) -> Weights:
    """Posterior of Φ(d'/2): the share of verdicts that would be right without a leaning to either answer; 0.5 is guessing.

    ``flawed`` are the verdicts on flawed changes, by difficulty in thousandths of a probit.
    """
    if not prior.steps:
        flawed, sound = {at: _two(one) for at, one in flawed.items()}, _two(sound)
    return _detection(prior, tuple(sorted((at, one) for at, one in flawed.items() if any(one))), sound)


def _two(one: Counts) -> Counts:
    return (0, 0, 0, 0, one[0] + one[1] + one[4], one[2] + one[3] + one[5])


@lru_cache(maxsize=512)
def _detection(prior: Prior, flawed: tuple[tuple[int, Counts], ...], sound: Counts) -> Weights:
    ds, cs = bell(prior.d_sd, _D_STEP, 4), bell(prior.c_sd, _C_STEP, 3)
    leaning = [log(max(weight, 1)) for _c, weight in cs]
    # The impression of a flawed change at the lowest d', and the criterion, of the grid's first corner.
    half, first, wide = (prior.d_mean + ds[0][0]) // 2, prior.c_mean + cs[0][0], len(ds)
    rows: list[list[int]] = []
    for step in prior.steps or (MILLI,):
        # Along d' the distance to the criterion grows by half a step, along c it falls by a whole one: each list serves all rows.
        apart = range((len(cs) - 1) * _STRIDE + wide)
        lists = [
            [_likelihood(one, half - first - shift + (k - (len(cs) - 1) * _STRIDE) * _D_STEP // 2, step) for k in apart]
            for shift, one in flawed
        ]
        quiet = [_likelihood(sound, -half - first - k * _D_STEP // 2, step) for k in apart]
        for j, lean in enumerate(leaning):
            up, down = (len(cs) - 1 - j) * _STRIDE, j * _STRIDE
            parts = [*(told[up : up + wide] for told in lists), quiet[down : down + wide]]
            rows.append([lean + sum(cell) for cell in zip(*parts, strict=True)])
    most, falling = max(map(max, rows)), exponentials()
    mass = [
        weight * sum(falling[at] for one in column if (at := (most - one) // 1000) < len(falling)) // ONE
        for (_d, weight), column in zip(ds, zip(*rows, strict=True), strict=True)
    ]
    bins = [0] * BINS
    for i, at, share in _spread(prior.d_mean, prior.d_sd):
        bins[at] += mass[i] * share
    return normal(bins)


@lru_cache(maxsize=1 << 14)
def _likelihood(one: Counts, x: int, step: int) -> int:
    """Log likelihood of verdicts on changes whose impression lies x above the criterion, in millionths."""
    return sum(n * part for n, part in zip(one, _logs(x, step), strict=True) if n)


@cache
def _logs(x: int, step: int) -> Counts:
    """ln of each step's probability, in the order of ``Counts``."""
    sure, doubt, right = phi(x - step), phi(x), phi(x + step)
    parts = (sure, doubt - sure, right - doubt, ONE - right, doubt, ONE - doubt)
    logs = [log(max(part, 1)) for part in parts]
    return (logs[0], logs[1], logs[2], logs[3], logs[4], logs[5])


@cache
def _spread(d_mean: int, d_sd: int) -> tuple[tuple[int, int, int], ...]:
    """How the weight at each point of d' is dealt out to bins of Φ(d'/2): (point, bin, share in ten-millionths or so).

    Between two points the density is taken to run straight; each piece of 0.005 falls into the bins that it covers.
    """
    points = len(bell(d_sd, _D_STEP, 4))
    first = d_mean + bell(d_sd, _D_STEP, 4)[0][0]
    dealt: dict[tuple[int, int], int] = {}
    pieces = _D_STEP // _FINE
    for i in range(points - 1):
        for piece in range(pieces):
            low = first + i * _D_STEP + piece * _FINE
            edges = [
                (phi(low // 2) + phi(-(-low // 2))) // 2,
                (phi((low + _FINE) // 2) + phi(-(-(low + _FINE) // 2))) // 2,
            ]
            middle = 2 * piece + 1
            for at in range(edges[0] * BINS // ONE, min(edges[1] * BINS // ONE, BINS - 1) + 1):
                over = min(edges[1], (at + 1) * ONE // BINS) - max(edges[0], at * ONE // BINS)
                share = max(over, 0) * 10**6 // max(edges[1] - edges[0], 1)
                for point, part in ((i, 2 * pieces - middle), (i + 1, middle)):
                    dealt[point, at] = dealt.get((point, at), 0) + share * part
    return tuple((point, at, share) for (point, at), share in sorted(dealt.items()) if share)
