"""How a figure is taken and told.

Owns the row and the report. Invariant: ours and the baseline are timed in turn within one run, and the median of at least three
turns is told, so that a machine's noise meets both alike. Leaves out what is measured.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

RUNS = 3


@dataclass(frozen=True)
class Row:
    """One figure. ``ratio`` is value / baseline; ``target`` is a bound on the ratio, or null where none is promised."""

    what: str
    value: float
    unit: str
    baseline: float
    ratio: float
    target: float | None
    better: Literal["lower", "higher"]
    runs: int


def compare(
    what: str,
    ours: Callable[[], object],
    bare: Callable[[], object],
    *,
    each: int,
    target: float | None = None,
    runs: int = RUNS,
) -> Row:
    """Time two functions, each doing the work ``each`` times over; the unit is microseconds apiece."""

    def apiece(work: Callable[[], object]) -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / each

    return in_turn(what, lambda: apiece(ours), lambda: apiece(bare), each=1, target=target, runs=runs)


def in_turn(
    what: str,
    ours: Callable[[], float],
    bare: Callable[[], float],
    *,
    each: int,
    target: float | None = None,
    runs: int = RUNS,
) -> Row:
    """Compare the medians of ``each`` single goes; a function does one and returns the seconds that count of it."""
    values, baselines = [], []
    for _ in range(runs):
        baselines.append(statistics.median(bare() for _ in range(each)))
        values.append(statistics.median(ours() for _ in range(each)))
    value, baseline = statistics.median(values) * 1e6, statistics.median(baselines) * 1e6
    return Row(what, round(value, 2), "µs", round(baseline, 2), round(value / baseline, 2), target, "lower", runs)


def report(name: str, rows: list[Row]) -> dict[str, Any]:
    """The published form."""
    machine = {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}
    return {
        "name": name,
        "machine": {**machine, "python": platform.python_version()},
        "rows": [asdict(row) for row in rows],
    }


def missed(row: Row) -> bool:
    """Whether a promised bound does not hold."""
    if row.target is None:
        return False
    return row.ratio > row.target if row.better == "lower" else row.ratio < row.target
