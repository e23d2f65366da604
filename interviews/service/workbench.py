"""The assistant's workbench: a scratch copy of the workspace, made when the assistant first runs something.

Owns that sandbox from start to stop. Invariant: the candidate's own sandbox is never touched; what a command changed comes
back as texts for the assistant to propose, so that it is always known who wrote a line. What a test run leaves behind is not
a change. Leaves out proposals (``assistant.tools``).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping

from assistant.base import Outcome
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.service.editing import MAX_FILE_UNITS, ignored
from interviews.service.interview import Interview
from interviews.service.runs import run_tests
from interviews.text import length
from sandbox.base import ExecResult, Sandbox, SandboxSpec

COMMAND_S = 30.0
OUTPUT = 8_000  # characters of a command's output that the assistant reads
MAX_CHANGED = 20


class Workbench:
    """The scratch copy of one reply. ``close`` may be called from any thread, at any time."""

    def __init__(self, interview: Interview, turn: str) -> None:
        self._interview, self._turn = interview, turn
        self._lock = threading.Lock()
        self._sandbox: Sandbox | None = None
        self._closed = False
        self._written: dict[str, str] = {}

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        """Run the visible tests. Raises ``PlatformFailure`` when there is no sandbox."""
        sandbox = self._laid_out(files)
        finished = run_tests(sandbox, self._interview.exercise.spec.run, self._turn)
        self._reset(sandbox, files)
        counts: dict[str, int] = {}
        for test in finished.tests:
            counts[test.outcome] = counts.get(test.outcome, 0) + 1
        summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "no tests were found"
        if finished.timed_out:
            summary = f"stopped at the time limit; {summary}"
        return Outcome(f"{summary}\n\n{cut(finished.output)}".strip(), finished.exit_code == 0)

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        """Run a command line in bash. Raises ``PlatformFailure`` when there is no sandbox."""
        sandbox = self._laid_out(files)
        before = {entry.path: entry.sha256 for entry in sandbox.list()}
        done = sandbox.exec(["bash", "-c", command], timeout_s=COMMAND_S, output_cap=8 * OUTPUT)
        after = {entry.path: entry.sha256 for entry in sandbox.list()}
        changed: dict[str, str] = {}
        told = [_told(done)]
        for path in sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)):
            if ignored(path):
                continue
            text = self._text(sandbox, path) if path in after else ""
            if text is None or len(changed) == MAX_CHANGED:
                told.append(f"[{path} changed too, but is no text file that could be proposed, or one too many]")
            elif path in files or path in after:
                changed[path] = text
                self._written[path] = text
        if changed:
            told.append("[Changed in the scratch copy, and proposed to the candidate: " + ", ".join(changed) + "]")
        return Outcome("\n".join(told), done.exit_code == 0 and not done.timed_out, changed)

    def close(self) -> None:
        """Stop the sandbox; whatever runs in it ends at once."""
        self._closed = True
        sandbox = self._sandbox
        if sandbox is not None:
            sandbox.stop()

    def _laid_out(self, files: Mapping[str, str]) -> Sandbox:
        with self._lock:
            self._require_open()
            if self._sandbox is None:
                name = f"{self._interview.id}-{self._turn}"
                self._sandbox = self._interview.tools.backend().start(SandboxSpec(interview=name))
            sandbox = self._sandbox
        try:
            self._require_open()  # it may have been stopped while its sandbox was being started
        except PlatformFailure:
            sandbox.stop()
            raise
        for path in [path for path in self._written if path not in files]:
            _delete(sandbox, path)
            del self._written[path]
        for path, text in files.items():
            if self._written.get(path) != text:
                with contextlib.suppress(BadInput):  # a folder may stand in its place, or the copy be full
                    sandbox.write(path, text.encode("utf-8", "surrogatepass"))
                self._written[path] = text
        return sandbox

    def _require_open(self) -> None:
        if self._closed:
            raise PlatformFailure("The reply was stopped")

    def _reset(self, sandbox: Sandbox, files: Mapping[str, str]) -> None:
        """Put back what running the tests changed or made."""
        for entry in sandbox.list():
            if entry.path not in files and not ignored(entry.path):
                _delete(sandbox, entry.path)
        self._written = {path: text for path, text in files.items() if self._text(sandbox, path) == text}

    @staticmethod
    def _text(sandbox: Sandbox, path: str) -> str | None:
        try:
            text = sandbox.read(path).decode("utf-8", "surrogatepass")
        except (UnicodeDecodeError, NotFound, BadInput):
            return None
        return None if "\0" in text or length(text) > MAX_FILE_UNITS else text


def cut(text: str, budget: int = OUTPUT) -> str:
    """The text, or its beginning and end around a note of what was left out."""
    if len(text) <= budget:
        return text
    half = budget // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"


def _told(done: ExecResult) -> str:
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    how = f"stopped after {COMMAND_S:.0f} s" if done.timed_out else f"exit code {done.exit_code}"
    more = " [output was cut at its source]" if done.truncated else ""
    return f"{cut(output)}{more}\n[{how}]".strip()


def _delete(sandbox: Sandbox, path: str) -> None:
    try:
        sandbox.delete(path)
    except (NotFound, BadInput):
        pass
