"""Who may edit, a retry that counts once, and files that get another path."""

from __future__ import annotations

import pytest

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.errors import BadInput, NotAllowed, NotFound
from interviews.log import ClientKey, Draft
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.proposals import Proposals
from sandbox.agent import SKIPPED_DIRS
from tests.support import TAB, bare_interview

LOOKING_ON = editing.Author("interviewer:interviewer", "interviewer:tab")
KEY = ClientKey("tab", 1)


def started(**settings: object) -> Interview:
    found = bare_interview(**settings)
    found.record(
        Draft("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en")),
        Draft("system", editing.snapshot("a.py", 1, "one\n", "starter")),
        Draft("system", editing.snapshot("logo.png", 1, b"\0\xff", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=60_000)),
    )
    return found


@pytest.fixture
def interview() -> Interview:
    return started(co_edit=True)


def update(*changes: object) -> list[editing.Update]:
    return editing.read_updates([{"clientID": "tab", "changes": list(changes), "origin": "paste"}])


def test_a_repeated_edit_counts_once_and_is_answered_as_the_first_time(interview: Interview) -> None:
    assert editing.push(interview, "a.py", 1, update([0, "x"], 4), TAB, KEY) == 2
    assert editing.push(interview, "a.py", 2, update([0, "y"], 5), TAB, ClientKey("tab", 2)) == 3
    assert editing.push(interview, "a.py", 1, update([0, "x"], 4), TAB, KEY) == 2
    interview.record(Draft("system", e.InterviewSubmitted(by="clock", late=False)))
    assert editing.push(interview, "a.py", 1, update([0, "x"], 4), TAB, KEY) == 2
    with pytest.raises(NotAllowed):
        editing.push(interview, "a.py", 3, update([0, "z"], 6), TAB, ClientKey("tab", 3))
    assert interview.state.files["a.py"].text == "yxone\n"


def test_an_interviewer_edits_where_that_was_agreed(interview: Interview) -> None:
    editing.push(interview, "a.py", 1, update([0, "x"], 4), LOOKING_ON, None)
    editing.create(interview, "b.py", LOOKING_ON, None)
    editing.rename(interview, "b.py", "c.py", LOOKING_ON, None)
    editing.delete(interview, "c.py", LOOKING_ON, None)
    records = interview.log.read(interview.id)[5:]
    assert {record.actor for record in records} == {"interviewer:interviewer"}
    assert [record.payload["origin"] for record in records if record.payload] == ["co-edit"] * 5
    assert records[0].payload and records[0].payload["client"] == "interviewer:tab"


def test_an_interviewer_changes_nothing_where_it_was_not_agreed_or_time_is_up(interview: Interview) -> None:
    for other in (started(), interview):
        if other is interview:
            interview.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
        before = other.state.to_json()
        with pytest.raises(NotAllowed):
            editing.push(other, "a.py", 1, update([0, "x"], 4), LOOKING_ON, None)
        with pytest.raises(NotAllowed):
            editing.create(other, "b.py", LOOKING_ON, None)
        with pytest.raises(NotAllowed):
            editing.rename(other, "a.py", "b.py", LOOKING_ON, None)
        with pytest.raises(NotAllowed):
            editing.delete(other, "a.py", LOOKING_ON, None)
        assert other.state.to_json() == before


def test_nobody_edits_under_the_name_of_another_page(interview: Interview) -> None:
    forged = editing.read_updates([{"clientID": "somebody else", "changes": [[0, "x"], 4]}])
    editing.push(interview, "a.py", 1, forged, TAB, None)
    payload = interview.log.read(interview.id)[-1].payload
    assert payload and payload["client"] == "tab"


def test_a_rename_takes_text_and_number_along_and_is_done_once(interview: Interview) -> None:
    editing.push(interview, "a.py", 1, update([0, "x"], 4), TAB, None)
    editing.rename(interview, "a.py", "src/b.py", TAB, KEY)
    editing.rename(interview, "a.py", "src/b.py", TAB, KEY)
    assert "a.py" not in interview.state.files
    assert interview.state.files["src/b.py"].text == "xone\n"
    whole, gone = interview.log.read(interview.id)[-2:]
    assert whole.payload and gone.payload
    assert (whole.payload["renamed_from"], whole.payload["origin"], gone.payload["path"]) == ("a.py", "typed", "a.py")
    assert gone.cause == whole.seq
    editing.push(interview, "src/b.py", 1, update([0, "y"], 5), TAB, None)
    editing.rename(interview, "src/b.py", "a.py", TAB, None)
    # It was at 2 when it left: a version of a path never means two texts.
    assert interview.state.files["a.py"].version == 3


def test_a_file_that_is_no_text_is_renamed_by_its_hash(interview: Interview) -> None:
    editing.rename(interview, "logo.png", "img/logo.png", TAB, None)
    payload = interview.log.read(interview.id)[-2].payload
    assert payload and (payload["text"], payload["size"], payload["sha256"]) == (None, 2, sha256_hex(b"\0\xff"))


@pytest.mark.parametrize("to", ["logo.png", "logo.png/x", "../a.py", "", ".git/config", 7])
def test_a_rename_to_where_there_is_no_place_changes_nothing(interview: Interview, to: object) -> None:
    before = interview.state.to_json()
    with pytest.raises(BadInput):
        editing.rename(interview, "a.py", to, TAB, None)
    with pytest.raises(NotFound):
        editing.rename(interview, "nowhere.py", "b.py", TAB, None)
    assert interview.state.to_json() == before


def test_a_file_may_move_below_its_own_name(interview: Interview) -> None:
    editing.rename(interview, "a.py", "a.py/b.py", TAB, None)
    assert list(interview.state.files) == ["logo.png", "a.py/b.py"]


def test_a_hunk_finds_its_place_behind_a_keyframe(interview: Interview) -> None:
    hunk = e.Hunk(hunk="h1", path="a.py", base_version=1, line=1, before="one\n", after="1\n")
    interview.record(
        Draft("candidate", e.PromptSent(turn="a1", text="please")),
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="a1", title="A change", hunks=(hunk,))),
    )
    editing.push(interview, "a.py", 1, update([0, "x", ""], 4), TAB, None)
    interview.record(Draft("system", editing.snapshot("a.py", 2, "x\none\n", "keyframe")))
    Proposals(interview).decide("s1", "h1", "accepted", "", None)
    assert interview.state.files["a.py"].text == "x\n1\n"


def test_what_a_sandbox_does_not_list_is_no_file_of_the_work() -> None:
    assert SKIPPED_DIRS < editing.TOOLS


@pytest.mark.parametrize("text", ["x" * (editing.MAX_FILE_UNITS + 1), "a\0b"])
def test_a_text_that_a_program_would_not_have_made_one_stays_one(interview: Interview, text: str) -> None:
    # The editor may hold it; recorded whole again it must not turn into something that nobody can open.
    assert editing.snapshot("a.py", 2, text, "keyframe").text == text
    assert editing.snapshot("a.py", 2, text.encode(), "terminal").text is None
