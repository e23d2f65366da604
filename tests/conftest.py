"""What holds for every test.

Owns two rules: under CI nothing is skipped (a skip there is a failure that repeats its reason), and property tests are
bounded so that a run on two cores stays short. Leaves out fixtures of one kind of test: they stand in its own folder.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

# Node may be the environment's own, and tests may be started without `make`.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
# The node inside Playwright's package wants a library that a small Debian lacks; the one that builds the front end does not.
if (node := shutil.which("node")) is not None:
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", node)

# No deadline: a shared machine's pauses are not the code's slowness.
hypothesis.settings.register_profile("default", deadline=None, max_examples=60)
hypothesis.settings.register_profile("ci", deadline=None, max_examples=100, derandomize=True)
hypothesis.settings.register_profile("deep", deadline=None, max_examples=2000)


def under_ci() -> bool:
    """Whether the environment says CI, the way common CI systems do."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if under_ci() else "default"))


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure; an expected failure (``xfail``) is not a skip."""
    if not under_ci() or report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    report.outcome = "failed"
    report.longrepr = f"Expected every test to run under CI, got one skipped: {reason.removeprefix('Skipped: ')}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    refuse_skip(report)
    return report
