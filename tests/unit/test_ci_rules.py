"""The rules of ``tests/conftest.py``, tried on a pytest of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"

KINDS = {
    "marked": "@pytest.mark.skip(reason='no engine here')\ndef test_it(): pass",
    "conditional": "@pytest.mark.skipif(True, reason='no engine here')\ndef test_it(): pass",
    "inside": "def test_it(): pytest.skip('no engine here')",
    "fixture": "@pytest.fixture\ndef engine(): pytest.skip('no engine here')\ndef test_it(engine): pass",
    "module": "pytest.skip('no engine here', allow_module_level=True)",
}


def run(folder: Path, body: str, **environment: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "test_it.py").write_text(f"import pytest\n\n{body}\n")
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)],
        cwd=folder, env={**kept, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_skip_fails_under_ci_and_says_why(kind: str, tmp_path: Path) -> None:
    result = run(tmp_path, KINDS[kind], CI="true")
    assert result.returncode != 0
    assert "Expected every test to run under CI, got one skipped: no engine here" in result.stdout


@pytest.mark.parametrize("kind", ["marked", "module"])
def test_a_skip_is_only_a_skip_elsewhere(kind: str, tmp_path: Path) -> None:
    result = run(tmp_path, KINDS[kind])
    assert "1 skipped" in result.stdout
    assert "Expected every test" not in result.stdout


def test_an_expected_failure_stays_one_under_ci(tmp_path: Path) -> None:
    result = run(tmp_path, "@pytest.mark.xfail(strict=True)\ndef test_it(): assert False", CI="true")
    assert result.returncode == 0, result.stdout
    assert "1 xfailed" in result.stdout
