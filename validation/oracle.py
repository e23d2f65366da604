"""Who knows how the simulator draws, and estimates skills from that.

Owns the best that anybody could do. Invariant: it is given the simulator's own population and likelihood and nothing of a rubric.
Leaves out scores.
"""

from __future__ import annotations

from math import exp

from simulator.chance import CRITERION_SD, D_MEAN, SPREAD, Name, Truth, phi, step_chance

POINTS, WIDE = 41, 3.2
_CRITERIA = 17


def skill(truth: Truth, name: Name) -> float:
    """The posterior mean of a skill, in probits above the middle, by quadrature."""
    grid = _grid(SPREAD[name], POINTS)
    above = below = 0.0
    for at, prior in grid:
        weight = (
            prior * truth.likelihood(name, at) if name != "critique" else prior * _acts(truth, at) * _seen(truth, at)
        )
        above += weight * at
        below += weight
    return above / below if below else 0.0


def _acts(truth: Truth, at: float) -> float:
    made = 1.0
    for one in truth.chances:
        if one.skill == "critique":
            chance = phi(at - one.difficulty)
            made *= chance if one.done else 1 - chance
    return made


def _seen(truth: Truth, at: float) -> float:
    """Likelihood of the verdicts, whatever the criterion."""
    whole = 0.0
    for criterion, prior in _grid(CRITERION_SD, _CRITERIA):
        made = prior
        for seen in truth.sights:
            made *= step_chance(seen, D_MEAN + at, criterion)
        whole += made
    return whole


def _grid(sd: float, points: int) -> list[tuple[float, float]]:
    step = 2 * WIDE * sd / (points - 1)
    return [(at, exp(-((at / sd) ** 2) / 2)) for at in (step * i - WIDE * sd for i in range(points))]
