"""What became of accepted hunks is read off the log: which of their lines stand in the end."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.log import Draft
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.proposals import Proposals
from interviews.text import diff
from rubrics.reading.fates import Fate, fates
from tests.support import TAB, bare_interview

BASE = "def f():\n    return 1\n\n\ndef g():\n    return 2\n"
PROPOSED = "    total = 0\n    total += 1\n    return total\n"


@pytest.fixture
def interview() -> Interview:
    """A hunk of three lines was offered for the second line of ``a.py``."""
    found = bare_interview()
    hunk = e.Hunk(hunk="h1", path="a.py", base_version=1, line=2, before="    return 1\n", after=PROPOSED)
    found.record(
        Draft("system", editing.snapshot("a.py", 1, BASE, "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
        Draft("candidate", e.PromptSent(turn="a1", text="please")),
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="a1", title="A change", hunks=(hunk,))),
    )
    return found


def accept(interview: Interview, kept: str | None = None) -> None:
    Proposals(interview).decide("s1", "h1", "accepted", "", None, kept)


def retype(interview: Interview, old: str, new: str, path: str = "a.py") -> None:
    view = interview.state.files[path]
    now = view.text or ""
    assert old in now
    update = editing.Update(clientID="tab", changes=diff(now, now.replace(old, new, 1)))
    editing.push(interview, path, view.version, [update], TAB, None)


def read(interview: Interview, *erased: int) -> list[Fate]:
    records = interview.log.read(interview.id)
    return fates(
        e.understand(r.model_copy(update={"payload": None, "salt": None}) if r.seq in erased else r) for r in records
    )


def standing(interview: Interview) -> tuple[int, int]:
    (fate,) = read(interview)
    return fate.standing, fate.lines


def test_lines_that_nobody_touched_stand(interview: Interview) -> None:
    assert read(interview) == []
    accept(interview)
    retype(interview, "def f", "# above 😀\ndef f")
    retype(interview, "return 2", "return 3")
    assert read(interview) == [Fate("s1", "h1", 3, 3, False)]


@pytest.mark.parametrize(
    ("old", "new", "left"),
    [
        ("+= 1", "+= 2", 2),
        ("    total = 0\n", "", 2),
        ("    total = 0\n", "#    total = 0\n", 2),
        ("total += 1\n", "total += 1  # why\n", 2),
        ("    total += 1\n", "    log()\n    total += 1\n", 3),
        (PROPOSED, PROPOSED.upper(), 0),
    ],
)
def test_a_line_that_was_changed_or_taken_out_does_not_stand(
    interview: Interview, old: str, new: str, left: int
) -> None:
    accept(interview)
    retype(interview, old, new)
    assert standing(interview) == (left, 3)


def test_what_was_changed_before_it_went_in_was_not_kept(interview: Interview) -> None:
    accept(interview, PROPOSED.replace("+= 1", "+= 5"))
    assert read(interview) == [Fate("s1", "h1", 3, 2, True)]


def test_lines_go_along_with_their_file_and_what_comes_after_the_end_does_not_count(interview: Interview) -> None:
    accept(interview)
    editing.rename(interview, "a.py", "b.py", TAB, None)
    interview.record(Draft("system", editing.snapshot("b.py", 2, interview.state.files["b.py"].text or "", "keyframe")))
    retype(interview, "+= 1", "+= 2", "b.py")
    assert standing(interview) == (2, 3)
    interview.record(Draft("candidate", e.InterviewSubmitted(by="candidate", late=False)))
    interview.record(Draft("system", e.FileDeleted(path="b.py", origin="terminal")))
    assert standing(interview) == (2, 3)


def test_of_a_deleted_file_no_line_stands(interview: Interview) -> None:
    accept(interview)
    editing.delete(interview, "a.py", TAB, None)
    assert standing(interview) == (0, 3)


def test_where_an_edit_was_erased_the_fate_is_unknown(interview: Interview) -> None:
    accept(interview)
    retype(interview, "+= 1", "+= 2")
    assert read(interview, interview.state.seq) == []
