"""docs/editing.md names tests; they are there."""

from __future__ import annotations

import re

from tests.product import ROOT


def test_every_row_has_a_test() -> None:
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
    rows = [
        line for line in (ROOT / "docs/editing.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")
    ]
    for row in rows[1:]:
        shown = row.rsplit("|", 2)[1]
        named = re.findall(r"`(test_\w+)`", shown)
        assert (
            named or "the same" in shown or all((ROOT / path).is_file() for path in re.findall(r"`(tests/.+?)`", shown))
        )
        assert all(f"def {name}(" in tests for name in named), named
