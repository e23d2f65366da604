"""Holds three lists of packages to each other: what the code imports, what is asked for, what is explained.

Owns that comparison. Invariant: whatever is imported directly is asked for directly, and every direct dependency has its reason
in ``docs/dependencies.md``. Leaves out versions (``lock``).
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = (
    "app.py",
    "wiring.py",
    "assistant",
    "commands",
    "interviews",
    "rubrics",
    "sandbox",
    "simulator",
    "validation",
    "web",
)
# Runs in a sandbox, on the toolbox (requirements-toolbox.in), and is never imported by the product.
INSIDE = "interviews/service/harness/inside"
TOOLS = ("bench", "scripts", "tests", INSIDE)
# Used by name nowhere: flask-socketio picks the first up when it is there, a database's URL calls for the second.
UNSEEN = {"psycopg", "simple-websocket"}


def asked_for() -> dict[str, str]:
    """Name of each direct dependency, and the place that asks for it: a file, or ``dev`` where it is for tests only."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = json.loads((ROOT / "package.json").read_text())
    places = {
        # A package that is asked for twice belongs to the later place, the one nearer to the product.
        **{path.name: stated_lines(path) for path in ROOT.glob("requirements-*.in")},
        **project["optional-dependencies"],
        "package.json": [*package["dependencies"], *package["devDependencies"]],
        "pyproject.toml": project["dependencies"],
    }
    return {re.split(r"[\[<>=~! ;]", line)[0]: place for place, lines in places.items() for line in lines}


def stated_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def explained() -> set[str]:
    """The names in the tables of ``docs/dependencies.md``."""
    page = (ROOT / "docs" / "dependencies.md").read_text()
    return set(re.findall(r"^\| `([^`]+)` \|", page, flags=re.MULTILINE))


def imported(*places: str) -> dict[str, Path]:
    """Each module from outside that these files import, by its first name, and one file that does."""
    # _typeshed is the type checker's own.
    own = {Path(place).stem for place in (*PRODUCT, *TOOLS)} | sys.stdlib_module_names | {"_typeshed"}
    found: dict[str, Path] = {}
    for place in places:
        path = ROOT / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files if place == INSIDE else (one for one in files if not one.is_relative_to(ROOT / INSIDE)):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                else:
                    continue
                for name in (name.partition(".")[0] for name in names):
                    if name not in own:
                        found.setdefault(name, file.relative_to(ROOT))
    return found


def drift() -> Iterator[str]:
    """A sentence for each place where the lists differ."""
    asked, said = asked_for(), explained()
    for name in sorted(asked.keys() - said):
        yield f"docs/dependencies.md: expected a line for {name} (asked for in {asked[name]}), got none"
    for name in sorted(said - asked.keys()):
        yield f"docs/dependencies.md: names {name}, which nothing asks for"

    packages = importlib.metadata.packages_distributions()
    for places, allowed in ((PRODUCT, {"pyproject.toml"}), (TOOLS, {"pyproject.toml", "dev"})):
        for module, file in imported(*places).items():
            names = {normal(name) for name in packages.get(module, [module])}
            if not any(asked.get(name) in allowed for name in names):
                yield f"{file}: imports {module}, expected pyproject.toml to ask for {' or '.join(sorted(names))}"

    used = {normal(name) for module in imported(*PRODUCT) for name in packages.get(module, [module])}
    for name in sorted(name for name, place in asked.items() if place == "pyproject.toml"):
        if name not in used | UNSEEN:
            yield f"pyproject.toml: asks for {name}, which the product imports nowhere"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    wrong = list(drift())
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
