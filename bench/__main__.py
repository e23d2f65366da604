"""Runs benchmarks and tells their figures: ``make bench ARGS="log --json"``."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Sequence

import bench
from bench.measure import Row, missed, report


def names() -> list[str]:
    """Benchmarks found in this folder, sorted."""
    files = (module.name for module in pkgutil.iter_modules(bench.__path__) if not module.ispkg)
    return sorted(name for name in files if name not in {"__main__", "measure"})


def line(row: Row) -> str:
    told = f"  {row.what}: {row.value} {row.unit}, bare {row.baseline} {row.unit}, ×{row.ratio}"
    if row.target is None:
        return told
    bound = "at most" if row.better == "lower" else "at least"
    target = f"×{row.target}" if row.bound == "ratio" else f"{row.target} {row.unit}"
    return f"{told}, promised {bound} {target}{'; MISSED' if missed(row) else ''}"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Measure, each figure beside a bare baseline of the same run."
    )
    parser.add_argument("name", nargs="*", help=f"among {', '.join(names())} (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for machines")
    arguments = parser.parse_args(argv)
    if unknown := sorted(set(arguments.name) - set(names())):
        parser.error(f"expected names among {', '.join(names())}, got {', '.join(unknown)}")
    bad = False
    for name in arguments.name or names():
        rows: list[Row] = importlib.import_module(f"bench.{name}").rows()
        bad = bad or any(missed(row) for row in rows)
        if arguments.json:
            print(json.dumps(report(name, rows), ensure_ascii=False), flush=True)
        else:
            print("\n".join([name, *(line(row) for row in rows)]), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
