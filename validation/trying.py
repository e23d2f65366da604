"""Simulated interviews, scored.

Owns how a score is taken for the report, and doing it on several processors. Invariant: what is tried is the product's own scoring
of whole logs; the figures do not depend on how many processors there are. Leaves out what is asked of the scores (the parts).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from rubrics import registry
from rubrics.base import LogView, Scorecard, Share
from rubrics.rubric import Dimension, Rubric, load
from rubrics.scoring import score
from simulator.chance import Truth
from simulator.course import Request, Simulated, simulate
from simulator.tricks import Trick, play

Scorer = Callable[[Simulated], Scorecard]
In = TypeVar("In")
Out = TypeVar("Out")
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True)
class How:
    """How the report is made. ``scale`` is how many interviews there are of those that a whole report takes."""

    scorer: Scorer
    rubric: Rubric
    pool: ProcessPoolExecutor | None = None
    scale: float = 1.0
    seed: int = 1

    def many(self, whole: int, least: int = 3) -> int:
        """That many, or fewer in a quick report."""
        return max(least, round(whole * self.scale))

    def each(self, work: Callable[[In], Out], items: Sequence[In]) -> list[Out]:
        """The work done to each item, in order."""
        if self.pool is None:
            return [work(item) for item in items]
        return list(self.pool.map(work, items, chunksize=max(1, min(20, len(items) // 8))))

    def marks(self, asked: Sequence[Asked]) -> list[Marks]:
        """Interviews simulated and scored."""
        return self.each(partial(mark, self.scorer), asked)


@dataclass(frozen=True)
class Asked:
    """An interview to simulate, by somebody who plays a trick, as a rule a ``weak`` one, or by somebody who does not."""

    request: Request
    trick: Trick | None = None
    weak: bool = True


@dataclass(frozen=True)
class Mark:
    """What a scorecard says of one dimension: its continuous level in [1, 6], and its share with the interval."""

    level: float | None
    score: float | None
    ci95: tuple[float, float] | None
    n: int


@dataclass(frozen=True)
class Marks:
    """One interview's dimensions, what is known of it, and of each share how many opportunities were hits."""

    dimensions: Mapping[str, Mark]
    truth: Truth
    shares: Mapping[str, tuple[int, int]]


def standard(made: Simulated) -> Scorecard:
    """The product's own score."""
    return score(LogView.of(made.header, made.records), load("standard"))


def mark(scorer: Scorer, asked: Asked) -> Marks:
    """Simulate one and score it."""
    made = play(asked.trick, asked.request.seed, weak=asked.weak) if asked.trick else simulate(asked.request)
    rubric = load("standard")
    return Marks(marked(scorer(made), rubric), made.truth, shares(made, rubric))


def marked(card: Scorecard, rubric: Rubric) -> dict[str, Mark]:
    """The dimensions of a scorecard."""
    found = {}
    for one in card.dimensions:
        dimension = rubric.dimension(one.id)
        level = None if one.score is None or dimension is None else level_of(dimension, one.score)
        found[one.id] = Mark(level, one.score, one.ci95, one.n)
    return found


def level_of(dimension: Dimension, value: float) -> float:
    """Where a value stands between the levels' limits: 3.5 is halfway through the third."""
    edges = [float(level.from_) for level in dimension.levels] if dimension.levels else list(FIFTHS)
    at = sum(edge <= value for edge in edges)
    low, high = edges[at - 1], (edges[at] if at < len(edges) else 1.0)
    return at + (value - low) / (high - low)


def shares(made: Simulated, rubric: Rubric) -> dict[str, tuple[int, int]]:
    """Hits and opportunities of each indicator that is a share."""
    view, found = LogView.of(made.header, made.records), {}
    for dimension in rubric.dimensions:
        for indicator in dimension.indicators:
            reading = registry.signal(indicator.signal).read(view)
            if isinstance(reading, Share):
                found[indicator.id] = (sum(one.hit for one in reading.opportunities), len(reading.opportunities))
    return found


def pool(most: int = 2) -> ProcessPoolExecutor | None:
    """Processes that score, or None where there is one processor; not forked, for whoever asks may have threads."""
    workers = min(most, len(os.sched_getaffinity(0)))
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) if workers > 1 else None


def with_skills(request: Request, **skills: float) -> Request:
    """The same with other skills."""
    return replace(request, skills=replace(request.skills, **skills))


def mean(values: Iterable[float]) -> float:
    """Of at least one value."""
    kept = list(values)
    return sum(kept) / len(kept)
