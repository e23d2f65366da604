"""The assistant's workbench: a scratch copy of the workspace, made when the assistant first runs something.

Owns that sandbox from start to stop. Invariant: the candidate's own sandbox is never touched; what a command changed comes
back as texts for the assistant to propose, so that it is always known who wrote a line. What a test run leaves behind is not
a change. Leaves out proposals (``assistant.tools``).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Mapping

from assistant.base import Outcome
from interviews.errors import BadInput, NotFound, PlatformFailure
from interviews.service.background import begin
from interviews.service.editing import MAX_FILE_UNITS, ignored
from interviews.service.interview import Interview
from interviews.service.reviewing import Reviewing
from interviews.text import length
from sandbox.base import ExecResult, Sandbox, SandboxSpec
from sandbox.pool import Turn

COMMAND_S = 30.0
OUTPUT = 8_000  # characters of a command's output that the assistant reads
MAX_CHANGED = 20
GLANCE_S = 0.1
# Has a program give way to whatever else wants the processor: within its control group, and, where the kernel shares it out by
# session instead, beside other sessions. What of it cannot be said is left unsaid.
YIELDING = (
    "python3",
    "-c",
    """import os, sys
os.nice(19)
try:
    with open("/proc/self/autogroup", "w") as group:
        group.write("19")
except OSError:
    pass
os.execvp(sys.argv[1], sys.argv[1:])""",
)
# What nobody waits for leaves half of the machine to those who type: so many things of tickets run at once in this process.
SEATS = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


class Workbench:
    """The scratch copy of one reply: one thing at a time in it. ``close`` may be called from any thread, at any time.

    Where it is ``patient``, what runs in it waits for its turn among those of all interviews.
    """

    def __init__(self, interview: Interview, turn: str, *, patient: bool = False) -> None:
        self._interview, self._turn, self._patient = interview, turn, patient
        self._before = YIELDING if patient else ()
        self._lock = threading.Lock()
        self._ended = threading.Condition()
        self._sandbox: Sandbox | None = None
        self._closed = False
        self._written: dict[str, str] = {}

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        """Run the visible tests. Raises ``PlatformFailure`` when there is no sandbox, or as soon as this is closed."""
        return self._until_closed(lambda: self._run_tests(files))

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        """Run a command line in bash. Raises as ``run_tests``."""
        return self._until_closed(lambda: self._run_command(command, files))

    def close(self) -> None:
        """Stop the sandbox; whatever runs in it ends at once, and nobody who has called for it waits any longer."""
        with self._ended:
            self._closed = True
            self._ended.notify_all()
            sandbox = self._sandbox
        if sandbox is not None:
            sandbox.stop()

    def _until_closed(self, work: Callable[[], Outcome]) -> Outcome:
        """What ``work`` gives. It is done elsewhere, so that the caller is free when it is stopped, whatever it waits for."""
        self._require_open()
        done: list[Outcome | Exception] = []

        def run() -> None:
            try:
                told: Outcome | Exception = self._in_turn(work) if self._patient else work()
            except Exception as error:
                told = error
            with self._ended:
                done.append(told)
                self._ended.notify_all()

        begin(f"bench-{self._turn}", run)
        with self._ended:
            self._ended.wait_for(lambda: done or self._closed)
            self._require_open()
        if isinstance(outcome := done[0], Exception):
            raise outcome
        return outcome

    def _in_turn(self, work: Callable[[], Outcome]) -> Outcome:
        while not SEATS.acquire(timeout=GLANCE_S):
            self._require_open()
        try:
            return work()
        finally:
            SEATS.release()

    def _run_tests(self, files: Mapping[str, str]) -> Outcome:
        sandbox = self._laid_out(files)
        finished = Reviewing(self._interview).run_tests(sandbox, self._turn, self._before)
        self._reset(sandbox, files)
        counts: dict[str, int] = {}
        for test in finished.tests:
            counts[test.outcome] = counts.get(test.outcome, 0) + 1
        summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "no tests were found"
        if finished.timed_out:
            summary = f"stopped at the time limit; {summary}"
        output, left_out = cut(finished.output)
        return Outcome(f"{summary}\n\n{output}".strip(), finished.exit_code == 0, cut=left_out, counts=counts)

    def _run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        sandbox = self._laid_out(files)
        before = {entry.path: entry.sha256 for entry in sandbox.list()}
        done = sandbox.exec([*self._before, "bash", "-c", command], timeout_s=COMMAND_S, output_cap=8 * OUTPUT)
        after = {entry.path: entry.sha256 for entry in sandbox.list()}
        text, left_out = cut((done.stdout + done.stderr).decode("utf-8", "replace"))
        told, changed = [_told(done, text)], dict[str, str]()
        for path in sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)):
            if ignored(path):
                continue
            now = self._text(sandbox, path) if path in after else ""
            if now is None or len(changed) == MAX_CHANGED:
                told.append(f"[{path} changed too, but is no text file that could be proposed, or one too many]")
            elif path in files or path in after:
                changed[path] = now
                self._written[path] = now
        deleted = tuple(path for path in changed if path not in after)
        if changed:
            names = ", ".join(f"{path} (deleted)" if path in deleted else path for path in changed)
            told.append(f"[Changed in the scratch copy, and proposed to the candidate: {names}]")
        return Outcome("\n".join(told), done.exit_code == 0 and not done.timed_out, changed, left_out, deleted=deleted)

    def _laid_out(self, files: Mapping[str, str]) -> Sandbox:
        sandbox = self._started()
        for path in [path for path in self._written if path not in files]:
            _delete(sandbox, path)
            del self._written[path]
        for path, text in files.items():
            if self._written.get(path) != text:
                with contextlib.suppress(BadInput):  # a folder may stand in its place, or the copy be full
                    sandbox.write(path, text.encode("utf-8", "surrogatepass"))
                self._written[path] = text
        return sandbox

    def _started(self) -> Sandbox:
        with self._lock:
            if self._sandbox is None:
                spec = SandboxSpec(interview=f"{self._interview.id}-{self._turn}", yields=self._patient)
                started = self._interview.tools.backend().start(spec, turn=Turn.BESIDE)
                with self._ended:
                    # Closed meanwhile, or not: whoever comes second stops it.
                    self._sandbox, late = started, self._closed
                if late:
                    started.stop()
            self._require_open()
            return self._sandbox

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


def cut(text: str, budget: int = OUTPUT) -> tuple[str, int]:
    """The text, or its beginning and end around a note of what was left out; and how many characters that were."""
    if len(text) <= budget:
        return text, 0
    half = budget // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[… {left_out} characters left out …]\n{text[-half:]}", left_out


def _told(done: ExecResult, output: str) -> str:
    how = f"stopped after {COMMAND_S:.0f} s" if done.timed_out else f"exit code {done.exit_code}"
    more = " [output was cut at its source]" if done.truncated else ""
    return f"{output}{more}\n[{how}]".strip()


def _delete(sandbox: Sandbox, path: str) -> None:
    try:
        sandbox.delete(path)
    except (NotFound, BadInput):
        pass
