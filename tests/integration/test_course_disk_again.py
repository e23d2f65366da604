"""A disk that went on without us, whatever was typed, written and in step before: no line is lost, none comes twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviews import events as e
from interviews.log import Draft
from interviews.service import editing
from interviews.service.disk import Disk
from interviews.service.interview import Interview
from interviews.service.synced import SETTLED_MS, settled_until
from interviews.text import replace
from sandbox.backends.bubblewrap import backend
from sandbox.base import Sandbox, SandboxSpec
from tests.support import TAB, bare_interview

pytestmark = pytest.mark.sandbox
PATHS = ("a.py", "b.py")
Act = tuple[str, str, int]
START = "".join(f"line {n}\n" for n in range(12))


def acts(*who: str) -> st.SearchStrategy[list[Act]]:
    """Who acts, on which file, at which line."""
    return st.lists(st.tuples(st.sampled_from(who), st.sampled_from(PATHS), st.integers(0, 12)), max_size=8)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    started = backend.start(SandboxSpec("again"))
    yield started
    started.stop()


class Course:
    """One interview on a disk whose server goes and comes back."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox, self.interview, self.count = sandbox, bare_interview(), 0
        for entry in sandbox.list():
            sandbox.delete(entry.path)
        self.interview.record(
            *(Draft("system", editing.snapshot(path, 1, START, "starter")) for path in PATHS),
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=10**12)),
        )
        self.disk = Disk(self.interview, sandbox)
        self.disk.begin()

    def act(self, who: str, path: str, line: int) -> None:
        """One line more, each unlike all others."""
        self.count += 1
        words = f"{who} {self.count}\n"
        if who == "type":
            insert(self.interview, path, line, words)
        elif who == "shell":
            lines = self.sandbox.read(path).decode().splitlines(keepends=True)
            self.sandbox.write(path, "".join([*lines[:line], words, *lines[line:]]).encode())
        elif who == "keyframe":
            view = self.interview.state.files[path]
            whole = editing.snapshot(path, view.version, view.text or "", "keyframe")
            self.interview.record(Draft("system", whole))
        elif who == "import":
            self.disk.rescan()
        elif self.disk_has_the_logs_past(path):
            # Written, and then the answer was lost.
            self.sandbox.write(path, (self.interview.state.files[path].text or "").encode())

    def disk_has_the_logs_past(self, path: str) -> bool:
        """Whether no program has written there yet that the log does not know of."""
        text = self.interview.state.files[path].text or ""
        return all(line in text for line in self.sandbox.read(path).decode().splitlines())

    def lines(self) -> list[str]:
        return [line for view in self.interview.state.files.values() for line in (view.text or "").splitlines()]


def insert(interview: Interview, path: str, line: int, words: str) -> None:
    view = interview.state.files[path]
    text = view.text or ""
    at = len("".join(text.splitlines(keepends=True)[:line]))
    update = editing.Update.model_validate({"clientID": "tab", "changes": replace(text, at, at, words)})
    editing.push(interview, path, view.version, [update], TAB, None)


@given(
    before=acts("type", "shell"),
    late=acts("type", "shell", "import", "keyframe"),
    away=acts("type", "type", "shell", "lost write", "keyframe"),
    remembered=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_no_line_is_lost_and_none_comes_twice(
    sandbox: Sandbox, before: list[Act], late: list[Act], away: list[Act], remembered: bool
) -> None:
    course = Course(sandbox)
    for act in before:
        course.act(*act)
    course.disk.rescan()
    course.disk.flush()
    # All of the past is settled. What follows may be imported, and is not written any more.
    until = settled_until(course.interview.log.read(course.interview.id)) + SETTLED_MS
    for act in late:
        course.act(*act)
    known = course.disk.end()
    for act in away:
        course.act(*act)
    disk = Disk(course.interview, sandbox)
    disk.resume(known if remembered else None, until)
    disk.rescan()
    disk.flush()
    disk.close()
    for path in PATHS:
        assert sandbox.read(path).decode() == course.interview.state.files[path].text
    done = [who for who, _path, _line in (*before, *late, *away)]
    expected = [f"{who} {n}" for n, who in enumerate(done, start=1) if who in ("type", "shell")]
    assert sorted(line for line in course.lines() if not line.startswith("line ")) == sorted(expected)
    assert [line for line in course.lines() if line.startswith("line ")] == (START * 2).splitlines()
