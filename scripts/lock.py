"""Resolves the direct dependencies into the lock files.

Owns how ``requirements*.lock`` and ``package-lock.json`` come to be. Invariant: a lock names versions and hashes of
publicly published files and nothing else: no address, no path, no artefact of a private index. Leaves out installing
(``setup``) and choosing versions by hand: delete a line from a lock to let that package move, or pass ``--upgrade``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Later files are constrained by the first, so that running and testing see the same versions.
LOCKS: dict[str, list[str]] = {
    "requirements.lock": ["--extra=build", "pyproject.toml"],
    "requirements-dev.lock": ["--extra=build", "--extra=dev", "--constraint=requirements.lock", "pyproject.toml"],
    "requirements-toolbox.lock": ["--constraint=requirements-dev.lock", "requirements-toolbox.in"],
    "requirements-node.lock": ["requirements-node.in"],
    "requirements-analyses.lock": ["--constraint=requirements-dev.lock", "requirements-analyses.in"],
}
OPTIONS = [
    "--quiet",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-emit-options",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
]
ADDRESSES = ("http://", "https://", "file://", "--index", "--extra-index", "--find-links")


def public_environment() -> dict[str, str]:
    """This process's environment without anybody's private package indexes."""
    private = {"PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in private}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "CUSTOM_COMPILE_COMMAND": "make lock"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="make lock", description=__doc__.partition("\n")[0])
    parser.add_argument("--upgrade", action="store_true", help="move every package to its newest allowed version")
    upgrade = ["--upgrade"] if parser.parse_args().upgrade else []

    for name, sources in LOCKS.items():
        print(f"{name} …", flush=True)
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *upgrade, f"--output-file={name}", *sources]
        subprocess.run(command, cwd=ROOT, env=public_environment(), check=True)
    print("package-lock.json …", flush=True)
    subprocess.run(["npm", "update" if upgrade else "install", "--package-lock-only"], cwd=ROOT, check=True)
    # A platform's package that the registry does not have is left out silently, and then nobody can install the lock.
    subprocess.run(["npm", "ci", "--dry-run", "--silent"], cwd=ROOT, check=True)

    for name in LOCKS:
        for number, line in enumerate((ROOT / name).read_text().splitlines(), start=1):
            if any(address in line for address in ADDRESSES):
                print(f"{name}:{number}: expected names, versions and hashes only, got {line!r}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
