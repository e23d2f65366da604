"""Test runs: the exercise's command, its JUnit report, per-test results.

Owns reading a report that candidate code may have forged. Invariant: it is shown as the workspace's own word and
never scored as truth; hidden tests run elsewhere (``grading``). A run that cannot be read is a result, not an error.
"""

from __future__ import annotations

import contextlib
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from interviews import events as e
from interviews.errors import BadInput, NotFound
from interviews.exercises import RunSpec
from sandbox.base import WORKSPACE, Sandbox

MAX_TESTS = 500
MAX_MESSAGE = 4000
MAX_OUTPUT = 60_000
# Read into memory some thirty times its size.
MAX_REPORT = 2_000_000
MAX_DURATION_MS = 86_400_000


def run_tests(sandbox: Sandbox, spec: RunSpec, run: str) -> e.RunFinished:
    """Run the command and read its report. Raises ``PlatformFailure`` when the sandbox is gone."""
    # An empty report: nothing of an earlier run is read, and the folder is there for runners that do not make it.
    with contextlib.suppress(BadInput):
        sandbox.write(spec.report, b"")
    result = sandbox.exec(list(spec.argv), timeout_s=spec.timeout_s, output_cap=MAX_OUTPUT)
    try:
        tests = read_report(sandbox.read(spec.report))
    except (NotFound, BadInput):
        tests = ()
    output = (result.stdout + result.stderr).decode("utf-8", "replace")[-MAX_OUTPUT:]
    return e.RunFinished(
        run=run, exit_code=result.exit_code, tests=tests, output=output, timed_out=result.timed_out,
        duration_ms=result.duration_ms,
    )  # fmt: skip


def read_report(data: bytes) -> tuple[e.TestResult, ...]:
    """Test results of a JUnit report of pytest or Node.js; an unreadable one, or one of more than 2 MB, has none."""
    if len(data) > MAX_REPORT:
        return ()
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return ()
    return tuple(_result(case) for case in list(root.iter("testcase"))[:MAX_TESTS])


def _result(case: Element) -> e.TestResult:
    # Node.js names the file, pytest the module.
    module = case.get("classname", "").replace(".", "/")
    place = case.get("file", "").removeprefix(f"{WORKSPACE}/") or (f"{module}.py" if module else "")
    name = f"{place}::{case.get('name', '')}" if place else case.get("name", "")
    outcome, message = "passed", ""
    for tag, meaning in (("failure", "failed"), ("error", "error"), ("skipped", "skipped")):
        found = case.find(tag)
        if found is not None:
            outcome = meaning
            message = "\n".join(part for part in (found.get("message", ""), found.text or "") if part)
    try:
        duration = int(min(float(case.get("time", "0")) * 1000, MAX_DURATION_MS))
    except (ValueError, OverflowError):
        duration = 0
    return e.TestResult.model_validate(
        {"id": name[:300], "outcome": outcome, "message": message[:MAX_MESSAGE], "duration_ms": max(0, duration)}
    )
