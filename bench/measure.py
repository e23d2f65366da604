"""How a figure is taken and told.

Owns the row and the report. Invariant: ours and the baseline are timed in turn within one run, and the median of at least three
turns is told, so that a machine's noise meets both alike. Leaves out what is measured.
"""

from __future__ import annotations

import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

RUNS = 3


@dataclass(frozen=True)
class Row:
    """One figure beside a bare one, medians of ``runs``. ``ratio`` is value / baseline.

    ``target`` is what is promised, or null: a bound on ``ratio``, or, where ``bound`` says so, on ``value`` in its ``unit``.
    It is a ceiling where lower is better, else a floor.
    """

    what: str
    value: float
    unit: str
    baseline: float
    ratio: float
    target: float | None
    better: Literal["lower", "higher"]
    runs: int
    bound: Literal["ratio", "value"] = "ratio"


def row(
    what: str,
    unit: str,
    values: Sequence[float],
    baselines: Sequence[float],
    *,
    target: float | None = None,
    better: Literal["lower", "higher"] = "lower",
    bound: Literal["ratio", "value"] = "ratio",
) -> Row:
    """A row of what each run gave, ours and the bare one's."""
    value, baseline = statistics.median(values), statistics.median(baselines)
    ratio = round(value / baseline, 2)
    return Row(what, round(value, 2), unit, round(baseline, 2), ratio, target, better, len(values), bound)


def p95(values: Sequence[float]) -> float:
    """What 19 of 20 values do not exceed."""
    return sorted(values)[math.ceil(len(values) * 0.95) - 1]


def seconds(work: Callable[[], object]) -> float:
    """How long that takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


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
    return in_turn(what, lambda: seconds(ours) / each, lambda: seconds(bare) / each, each=1, target=target, runs=runs)


def compare_rates(
    what: str,
    ours: Callable[[], object],
    bare: Callable[[], object],
    *,
    each: int,
    target: float | None = None,
    runs: int = RUNS,
) -> Row:
    """As ``compare``; the unit is how many of them a second."""
    taken = [(each / seconds(bare), each / seconds(ours)) for _ in range(runs)]
    return row(what, "/s", [ours for _, ours in taken], [bare for bare, _ in taken], target=target, better="higher")


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
        baselines.append(statistics.median(bare() for _ in range(each)) * 1e6)
        values.append(statistics.median(ours() for _ in range(each)) * 1e6)
    return row(what, "µs", values, baselines, target=target)


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
    got = row.value if row.bound == "value" else row.ratio
    return got > row.target if row.better == "lower" else got < row.target
