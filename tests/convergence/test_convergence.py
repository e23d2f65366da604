"""Candidate, interviewer, assistant and shell at work on the same files, messages late, lost and out of order, pages and the
server begun again: in the end everybody has the same, and every character is there once.

``PAIRSIGHT_CONVERGENCE`` says how many courses are tried (250 in a few minutes); CI tries the same few each time.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from interviews.service import editing
from sandbox.base import Sandbox
from tests.convergence.course import PATHS, Course
from tests.convergence.replicas import Replicas

pytestmark = pytest.mark.sandbox
LONG = int(os.environ.get("PAIRSIGHT_CONVERGENCE", "0"))

PEOPLE = st.sampled_from(["candidate", "interviewer"])
# What keeps others' lines comes more often: a course in which everything is thrown away shows little.
SHELL = st.sampled_from(
    [
        *("append", "begin", "replace", "rewrite", "move") * 3,
        "delete line", "empty", "move and change", "remove", "remove and make", "checkout", "stash", "pop",
    ]
)  # fmt: skip
SELDOM = st.integers(0, 3).map(lambda number: number == 3)
MOMENTS = st.sampled_from(["after read", "before write", "after write", "before delete", "after list"])
# Near the start, so that everybody is soon at the same places.
PLACES = st.sampled_from([0.0, 0.2, 0.5, 0.9, 0.999])
NUMBERS = st.integers(0, 4)
PATH = st.sampled_from(PATHS)


class Everybody(RuleBasedStateMachine):
    """What anybody may do, at any moment."""

    sandbox: Sandbox
    replicas: Replicas

    def __init__(self) -> None:
        super().__init__()
        self.course = Course(self.sandbox, self.replicas)

    def text_of(self, name: str, number: int) -> str | None:
        """One of the text files that the page shows."""
        paths = [path for path, text in self.course.shown(name)["texts"].items() if text is not None]
        return sorted(paths)[number % len(paths)] if paths else None

    def file(self, number: int) -> str | None:
        files = [path for path, view in self.course.interview.state.files.items() if view.text is not None]
        return sorted(files)[number % len(files)] if files else None

    @rule(name=PEOPLE, number=NUMBERS, at=PLACES, cut=SELDOM, paste=st.booleans(), line=st.booleans())
    def edit(self, name: str, number: int, at: float, cut: bool, paste: bool, line: bool) -> None:
        if (path := self.text_of(name, number)) is not None:
            self.course.edit(name, path, at, 2 if cut else 0, "paste" if paste else "typed", line)

    @rule(number=NUMBERS, at=PLACES, both=st.booleans())
    def type_on(self, number: int, at: float, both: bool) -> None:
        """One or both type at one place and send it off."""
        for name in ("candidate", "interviewer") if both else ("candidate",):
            if (path := self.text_of(name, number)) is not None:
                self.course.edit(name, path, at, 0, "typed", False)
                self.course.edit(name, path, at, 0, "typed", True)
                self.course.ask("tick", name)

    @rule(name=PEOPLE, number=NUMBERS, op=st.sampled_from(["undo", "redo"]))
    def undo(self, name: str, number: int, op: str) -> None:
        if (path := self.text_of(name, number)) is not None:
            self.course.undo(name, path, op)

    @rule(name=PEOPLE)
    def tick(self, name: str) -> None:
        self.course.ask("tick", name)

    @rule(name=PEOPLE, stray=st.booleans())
    def message(self, name: str, stray: bool) -> None:
        self.course.message(name, stray)

    @rule(name=PEOPLE)
    def ack(self, name: str) -> None:
        self.course.ack(name)

    @rule(name=PEOPLE)
    def answered(self, name: str) -> None:
        """A whole round: a message goes, its events and its answer come."""
        self.course.ask("tick", name)
        self.course.message(name)
        self.events(name, 100)
        self.course.ack(name)

    @rule(name=PEOPLE, most=st.sampled_from([1, 2, 100]))
    def events(self, name: str, most: int) -> None:
        if self.course.wires[name].online:
            self.course.events(name, most)

    @rule(name=PEOPLE)
    def lose(self, name: str) -> None:
        self.course.lose(name)

    @rule(name=PEOPLE)
    def connect(self, name: str) -> None:
        if not self.course.wires[name].online:
            self.course.connect(name)

    @rule(name=PEOPLE)
    def reload(self, name: str) -> None:
        self.course.open(name)

    @rule(number=NUMBERS, line=st.integers(0, 6), keep=st.booleans())
    def offer(self, number: int, line: int, keep: bool) -> None:
        if (path := self.file(number)) is not None:
            self.course.offer(path, line, keep)

    @precondition(lambda self: self.course.offered)
    @rule(number=NUMBERS)
    def accept(self, number: int) -> None:
        self.course.accept(number)

    @rule(kind=SHELL, number=NUMBERS, to=PATH)
    def shell(self, kind: str, number: int, to: str) -> None:
        self.course.shell(kind, self.file(number) or to, to)

    @rule(moment=MOMENTS, kind=SHELL, number=NUMBERS, to=PATH)
    def meddle(self, moment: str, kind: str, number: int, to: str) -> None:
        self.course.meddled.plans.append((moment, lambda: self.course.shell(kind, self.file(number) or to, to)))

    @rule(moment=MOMENTS, name=PEOPLE)
    def meet(self, moment: str, name: str) -> None:
        self.course.meddled.plans.append((moment, lambda: self.course.message(name)))

    @rule(name=PEOPLE, path=PATH, again=st.booleans())
    def create(self, name: str, path: str, again: bool) -> None:
        self.course.act(name, lambda *them: editing.create(them[0], path, *them[1:]), again)

    @rule(name=PEOPLE, number=NUMBERS, to=PATH, again=st.booleans())
    def rename(self, name: str, number: int, to: str, again: bool) -> None:
        if (path := self.file(number)) is not None:
            self.course.act(name, lambda *them: editing.rename(them[0], path, to, *them[1:]), again)

    @rule(name=PEOPLE, number=NUMBERS, again=st.booleans(), really=SELDOM)
    def delete(self, name: str, number: int, again: bool, really: bool) -> None:
        if really and (path := self.file(number)) is not None:
            self.course.delete(name, path, again)

    @rule()
    def sync(self) -> None:
        self.course.mirror.sync()

    @rule()
    def rescan(self) -> None:
        self.course.mirror.rescan()

    @rule(paths=st.lists(PATH, max_size=3), over=st.booleans())
    def look(self, paths: list[str], over: bool) -> None:
        self.course.mirror.look(paths, paths if over else ())

    @rule()
    def in_step(self) -> None:
        """Log and disk are the same, and stay so for a while."""
        self.course.meddled.plans.clear()
        self.course.mirror.rescan()
        if self.course.mirror.sync():
            self.course.now += 60_000

    @rule(number=NUMBERS)
    def keyframe(self, number: int) -> None:
        if (path := self.file(number)) is not None:
            self.course.keyframe(path)

    @rule(remembered=st.booleans())
    def restart(self, remembered: bool) -> None:
        self.course.restart(remembered)

    def teardown(self) -> None:
        self.course.settle()
        self.course.check()


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 240)
def test_everybody_converges(sandbox: Sandbox, replicas: Replicas) -> None:
    Everybody.sandbox, Everybody.replicas = sandbox, replicas
    run_state_machine_as_test(
        Everybody,
        settings=settings(
            max_examples=LONG or 100,
            stateful_step_count=40,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )
