"""What courses at random have found, each as short as it was found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from interviews.log import Draft
from interviews.service import editing
from sandbox.base import Sandbox
from tests.convergence.course import Course
from tests.convergence.replicas import Replicas

pytestmark = pytest.mark.sandbox


@pytest.fixture
def course(sandbox: Sandbox, replicas: Replicas) -> Iterator[Course]:
    found = Course(sandbox, replicas)
    yield found
    found.settle()
    found.check()


def rename(course: Course, name: str, path: str, to: str) -> None:
    assert course.act(name, lambda *them: editing.rename(them[0], path, to, *them[1:]), False)


def test_a_file_made_in_the_shell_where_another_is_moved_to_keeps_its_lines(course: Course) -> None:
    rename(course, "candidate", "a.py", "n.md")
    course.shell("append", "a.py", "")
    course.shell("append", "n.md", "")


def test_two_files_that_went_away_under_one_name_are_both_offered_back(course: Course) -> None:
    course.delete("interviewer", "b.txt", False)
    course.edit("candidate", "a.py", 0, 0, "typed", False)
    course.edit("candidate", "b.txt", 0, 0, "typed", False)
    rename(course, "candidate", "a.py", "b.txt")
    course.delete("interviewer", "b.txt", False)
    course.settle()
    assert len(course.shown("candidate")["orphans"]) == 2


def test_a_character_is_never_cut_in_half(course: Course) -> None:
    course.edit("candidate", "d/c.py", 0, 0, "typed", False)
    course.shell("append", "d/c.py", "")
    course.settle()
    view = course.interview.state.files["d/c.py"]
    assert view.text
    # The other character has the same first half.
    changed = view.text.translate({ord(one): ord(one) + 1 for one in view.text if ord(one) > 0xFFFF})
    assert changed != view.text
    course.edit("candidate", "d/c.py", 0, 9, "typed", False)
    whole = editing.snapshot("d/c.py", view.version + 1, changed, "redacted")
    course.interview.record(Draft("system", whole))
    course.lost(view.text + changed)
    course.settle()
    assert not any(0xD800 <= ord(one) < 0xE000 for one in course.text("d/c.py"))


def test_after_a_crash_a_file_written_over_keeps_what_was_accepted_just_before(course: Course) -> None:
    course.offer("a.py", 0, False)
    course.accept(0)
    course.shell("move", "a.py", "b.txt")
    course.mirror.rescan()
    course.shell("append", "a.py", "")
    course.restart(remembered=False)


def test_removed_in_the_shell_after_it_was_made_on_both_sides(course: Course) -> None:
    course.shell("remove", "a.py", "")
    course.mirror.rescan()
    course.shell("move", "b.txt", "a.py")
    assert course.act("interviewer", lambda *them: editing.create(them[0], "a.py", *them[1:]), False)
    course.mirror.rescan()
    course.shell("remove", "a.py", "")
    course.settle()
    assert "a.py" not in course.interview.state.files


def test_after_a_crash_an_accepted_line_stays_beside_the_shells_at_one_place(course: Course) -> None:
    course.shell("append", "b.txt", "")
    course.offer("b.txt", 2, False)
    course.accept(0)
    course.restart(remembered=False)


def test_after_a_restart_a_file_moved_to_where_the_log_has_another_takes_nothing_of_it(course: Course) -> None:
    course.offer("a.py", 1, False)
    course.accept(0)
    rename(course, "interviewer", "a.py", "n.md")
    course.shell("move", "b.txt", "n.md")
    course.restart(remembered=True)


@pytest.mark.parametrize("moment", ["after read", "before write", "after write"])
def test_what_a_program_writes_just_before_or_after_us_stays(course: Course, moment: str) -> None:
    course.edit("candidate", "a.py", 0, 0, "typed", False)
    course.ask("tick", "candidate")
    course.message("candidate")
    course.meddled.plans.append((moment, lambda: course.shell("append", "a.py", "")))
    course.mirror.sync()
    assert not course.meddled.plans


def test_a_file_moved_over_one_that_a_rename_has_just_brought_there(course: Course) -> None:
    course.meddled.plans.append(("after write", lambda: course.shell("move and change", "a.py", "n.md")))
    course.shell("append", "d/c.py", "")
    rename(course, "candidate", "d/c.py", "n.md")
    course.mirror.rescan()
    course.mirror.sync()
    assert not course.meddled.plans
    course.settle()
    assert "def one" in course.text("n.md")


def test_what_a_program_writes_just_before_we_delete_stays(course: Course) -> None:
    course.delete("candidate", "a.py", False)
    course.meddled.plans.append(("before delete", lambda: course.shell("append", "a.py", "")))
    course.mirror.sync()
    assert not course.meddled.plans
