"""Everything `make check` looks at, in one go.

Owns the list of checks. Invariant: each one is run even when an earlier one failed, so that one round shows all there
is to mend, and the exit code is 0 only when all passed. Leaves out tests, which need more than the source text.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
TYPED = [
    "app.py",
    "wiring.py",
    "commands",
    "interviews",
    "sandbox",
    "assistant",
    "rubrics",
    "simulator",
    "validation",
    "web",
    "tests",
    "bench",
    "scripts",
]


@dataclass(frozen=True)
class Check:
    """A program that ends with 0 when all is well; ``mend`` is what a person types when it is not."""

    name: str
    command: Sequence[str]
    mend: str = ""


CHECKS = [
    Check("ruff", ["ruff", "check", "."], "ruff check --fix ."),
    Check("format", ["ruff", "format", "--check", "."], "ruff format ."),
    Check("types", ["mypy", *TYPED]),
    Check("layers", ["lint-imports"]),
    Check("front-end types", ["node_modules/.bin/tsc", "--noEmit"]),
    Check("front-end lint", ["node_modules/.bin/biome", "lint", "--error-on-warnings"]),
    Check("messages", [sys.executable, "-m", "scripts.messages", "--check"], "make messages"),
    Check("dependencies", [sys.executable, "-m", "scripts.dependencies"]),
    Check("generated docs", [sys.executable, "-m", "scripts.gendocs", "--check"], "make docs"),
]


def run(check: Check) -> bool:
    """Run one; what it said is shown only when it failed."""
    began = time.monotonic()
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    result = subprocess.run(
        check.command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = result.returncode == 0
    print(f"{'✓' if passed else '✗'} {check.name}, {time.monotonic() - began:.1f} s", flush=True)
    if not passed:
        print(f"  $ {shlex.join(check.command)}\n{result.stdout.rstrip()}")
        if check.mend:
            print(f"  to mend: {check.mend}")
    return passed


def main() -> int:
    names = [check.name for check in CHECKS]
    parser = argparse.ArgumentParser(prog="make check", description=__doc__.partition("\n")[0])
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"one or more of: {', '.join(names)} (default: all)")
    only = parser.parse_args().only
    if unknown := sorted(set(only) - set(names)):
        parser.error(f"expected names among {', '.join(names)}, got {', '.join(unknown)}")
    failed = [check.name for check in CHECKS if (not only or check.name in only) and not run(check)]
    if failed:
        print(f"\n{len(failed)} of {len(only or names)} checks failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
