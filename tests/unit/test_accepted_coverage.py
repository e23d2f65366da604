"""Which runs of a log stand for which trees: what is run again, how, and what of it cannot be said."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.service.analyses.coverage import MOST_MOMENTS, Found, _alike, gather
from interviews.shells import Run
from tests.golden.make import HEADER
from tests.golden.story import Story, hunk, note
from tests.unit.test_signals import share

GIVEN = ("-q", "tests")


def begin(*, accept: bool = True) -> Story:
    story = Story(HEADER)
    story.file("system", "play.py", "A = 1\n", "starter")
    story.file("system", "tests/test_play.py", "", "starter")
    story.file("system", "review/tests/test_play.py", "", "starter")
    story.tell("candidate", e.TerminalOpened(terminal="t1", cols=80, rows=24))
    if accept:
        take(story)
    return story


def take(story: Story) -> None:
    content = hunk("h1", "play.py", 1, "A = 1\n", "A = 1\nB = 2\n")
    cause = story.offer("a1", "s1", "", (content, note("h1")))
    story.accept("s1", content, cause)


def typed(story: Story, command: str, exit_code: int = 0, terminal: str = "t1") -> str:
    return f"@{story.tell('candidate', e.CommandFinished(terminal=terminal, command=command, exit_code=exit_code))}"


def found(story: Story) -> Found:
    return gather((e.understand(record) for record in story.records()), GIVEN)


def runs(story: Story) -> list[tuple[str, Run]]:
    return [
        (one.run, Run(tree.arguments, tree.folder, tree.environment, one.exit_code))
        for tree in found(story).trees
        for one in tree.runs
    ]


def test_a_typed_run_is_run_again_as_it_was_typed() -> None:
    story = begin()
    first = typed(story, "cd review && X=1 python3 -m pytest tests 2>&1 | tail -5")
    second = typed(story, "pytest tests > out.txt # again", 1)
    assert runs(story) == [
        (first, Run(("tests",), "review", (("X", "1"),), None)),
        # A pipe's shell is one of its own, and ``cd`` stood before it.
        (second, Run(("tests",), "review", (), 1)),
    ]
    assert found(story).unread == []


def test_a_run_of_the_button_has_what_it_returned() -> None:
    story = begin()
    story.run("r1", exit_code=2)
    story.tell("candidate", e.RunStarted(run="r2", files={}))
    assert runs(story) == [("r1", Run(GIVEN, exit_code=2)), ("r2", Run(GIVEN))]


def test_equal_trees_run_once_unless_they_were_run_otherwise() -> None:
    story = begin()
    said = "pytest -q tests"
    for command in (said, f"{said} | cat", f"timeout 9 {said}", f"X=1 {said}", f"cd review; {said}"):
        typed(story, command)
    story.run("r1")
    assert [len(tree.runs) for tree in found(story).trees] == [1, 1, 4]


def test_what_cannot_be_read_is_unread_and_not_run() -> None:
    story = begin()
    names = [typed(story, command) for command in ("pytest $X", "cd $X", "pytest tests", "pytest &")]
    assert runs(story) == []
    assert found(story).unread == [names[0], *names[2:]]
    # In another terminal it is known where one stands.
    other = typed(story, "pytest tests", terminal="t2")
    assert runs(story) == [(other, Run(("tests",), exit_code=0))]


def test_before_anything_was_accepted_nothing_is_unread() -> None:
    story = begin(accept=False)
    typed(story, "pytest $X")
    take(story)
    assert found(story).unread == []


def test_where_a_line_was_withheld_nobody_knows_where_the_shell_stands() -> None:
    story = begin()
    hidden = typed(story, "cd review")
    typed(story, "pytest tests")
    events = [
        e.Event(event.seq, event.at_ms, event.actor, event.type, event.cause, None)
        if f"@{event.seq}" == hidden
        else event
        for event in map(e.understand, story.records())
    ]
    assert gather(events, GIVEN).trees == []
    assert len(gather(events, GIVEN).unread) == 1


@pytest.mark.parametrize("command", ["pytest", "pytest tests", "pytest $X", "cd review && python3 -m pytest tests"])
def test_what_runs_once_open_work_is_over_counts_nothing(command: str) -> None:
    story = begin()
    story.tell("system", e.PhaseOffered(phase="review", duration_ms=900_000))
    typed(story, command)
    story.tell("system", e.PhaseStarted(phase="review", duration_ms=900_000))
    typed(story, command)
    story.run("r1")
    assert (runs(story), found(story).unread, found(story).left_out) == ([], [], 0)
    assert len(found(story).brought) == 1


def test_a_line_of_many_runs_is_bounded_as_many_lines_are() -> None:
    story = begin()
    typed(story, "; ".join(["pytest"] * (MOST_MOMENTS + 20)))
    assert len(runs(story)) == MOST_MOMENTS
    assert found(story).left_out == 20


@pytest.mark.parametrize(
    ("theirs", "ours", "alike"),
    [
        (0, 0, True), (1, 0, True), (0, 1, True), (None, 0, True), (None, 1, True),
        (2, 2, True), (4, 4, True), (5, 5, True),
        (None, 2, False), (None, 3, False), (None, 4, False), (None, 5, False),
        (0, 2, False), (1, 4, False), (2, 0, False), (130, 0, False), (124, 1, False), (2, 4, False),
        (0, None, True), (None, None, True),
    ],
)  # fmt: skip
def test_a_run_that_ended_otherwise_when_repeated_tells_nothing(
    theirs: int | None, ours: int | None, alike: bool
) -> None:
    assert _alike(theirs, ours) == alike


@pytest.mark.parametrize(
    ("command", "known"),
    [("pytest tests", (1, 1)), ("$RUN tests", (0, 0)), ("ls", (0, 1)), ("cat pytest # pytest", (0, 1))],
)
def test_what_may_have_been_a_run_is_held_against_nobody(command: str, known: tuple[int, int]) -> None:
    story = begin()
    typed(story, command)
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert share(story, "verified_before_submit") == known


def test_what_may_have_been_a_run_before_the_change_or_in_the_review_is_none_of_it() -> None:
    story = begin(accept=False)
    typed(story, "$RUN tests")
    take(story)
    story.tell("system", e.PhaseOffered(phase="review", duration_ms=900_000))
    typed(story, "$RUN tests")
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert share(story, "verified_before_submit") == (0, 1)
