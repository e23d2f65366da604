"""The acts on an interview that need no sandbox: edits, hunks, the clock, who may see what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interviews import events as e
from interviews.errors import BadInput, Conflict, NotAllowed, NotFound
from interviews.log import ClientKey, Draft
from interviews.service import editing
from interviews.service.clock import pause, resume
from interviews.service.interview import Interview
from interviews.service.proposals import Proposals
from interviews.service.runs import read_report
from interviews.timeline import elapsed_ms, remaining_ms
from interviews.visibility import NEVER_FOR_CANDIDATE, wire, withhold
from tests.support import TAB, bare_interview

START = "def f():\n    return 1\n"


@pytest.fixture
def interview() -> Interview:
    found = bare_interview()
    found.record(
        Draft("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en")),
        Draft("system", editing.snapshot("a.py", 1, START, "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=60_000)),
    )
    return found


def update(*changes: object, origin: str = "typed") -> editing.Update:
    return editing.Update.model_validate({"clientID": "tab", "changes": list(changes), "origin": origin})


def test_an_edit_is_committed_and_counted(interview: Interview) -> None:
    assert (
        editing.push(
            interview, "a.py", 1, [update([0, "# 😀", ""], len(START)), update([0, "x"], len(START) + 5)], TAB, None
        )
        == 3
    )
    assert interview.state.files["a.py"].text == "x# 😀\n" + START
    assert interview.log.read(interview.id)[-1].type == "file.edited"


def test_an_edit_of_an_older_version_changes_nothing(interview: Interview) -> None:
    editing.push(interview, "a.py", 1, [update([0, "x"], len(START))], TAB, None)
    before = interview.state.seq
    with pytest.raises(Conflict, match="version 2, got version 1"):
        editing.push(interview, "a.py", 1, [update([0, "y"], len(START))], TAB, None)
    assert interview.state.seq == before


@pytest.mark.parametrize("changes", [[3], [[1, 2]], ["x"], [-1], [[0, "x"], 999], [True], {}, None])
def test_an_edit_that_does_not_fit_is_told_and_not_recorded(interview: Interview, changes: object) -> None:
    before = interview.state.seq
    with pytest.raises(BadInput):
        editing.push(interview, "a.py", 1, editing.read_updates([{"clientID": "tab", "changes": changes}]), TAB, None)
    assert interview.state.seq == before


def test_a_file_that_grows_too_long_is_refused(interview: Interview) -> None:
    with pytest.raises(BadInput, match="1000000"):
        editing.push(interview, "a.py", 1, [update([0, "x" * 1_000_000], len(START))], TAB, None)


def test_edits_after_the_end_are_late_and_other_acts_refused(interview: Interview) -> None:
    interview.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
    editing.push(interview, "a.py", 1, [update([0, "x"], len(START))], TAB, None)
    last = e.understand(interview.log.read(interview.id)[-1]).data
    assert isinstance(last, e.FileEdited) and last.late
    with pytest.raises(NotAllowed, match="Time is up"):
        editing.create(interview, "b.py", TAB, None)
    interview.record(Draft("system", e.InterviewSubmitted(by="clock", late=True)))
    with pytest.raises(NotAllowed, match="submitted"):
        editing.push(interview, "a.py", 2, [update([0, "x"], len(START) + 1)], TAB, None)


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", ".git/config", " a", "a\n", "x" * 201, 7, "a\\b"]
)
def test_a_path_outside_the_workspace_is_refused(interview: Interview, path: object) -> None:
    with pytest.raises(BadInput):
        editing.create(interview, path, TAB, None)


def test_a_file_is_created_once_and_deleted(interview: Interview) -> None:
    key = ClientKey("tab", 1)
    editing.create(interview, "src/b.py", TAB, key)
    editing.create(interview, "src/b.py", TAB, key)
    with pytest.raises(BadInput, match="already"):
        editing.create(interview, "src/b.py", TAB, ClientKey("tab", 2))
    with pytest.raises(BadInput, match="both a file and a folder"):
        editing.create(interview, "src", TAB, ClientKey("tab", 3))
    editing.delete(interview, "src/b.py", TAB, None)
    assert "src/b.py" not in interview.state.files
    with pytest.raises(NotFound):
        editing.delete(interview, "src/b.py", TAB, None)


def offer(interview: Interview, *hunks: e.Hunk) -> None:
    interview.record(
        Draft("candidate", e.PromptSent(turn="a1", text="please")),
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="a1", title="A change", hunks=hunks)),
    )


def hunk(before: str, after: str, line: int, version: int = 1) -> e.Hunk:
    return e.Hunk(hunk="h1", path="a.py", base_version=version, line=line, before=before, after=after)


def test_a_hunk_is_placed_where_its_lines_moved_to(interview: Interview) -> None:
    offer(interview, hunk("    return 1\n", "    return 2\n", 2))
    editing.push(interview, "a.py", 1, [update([0, "# 😀 new first line", ""], len(START))], TAB, None)
    Proposals(interview).decide("s1", "h1", "accepted", "", ClientKey("tab", 1))
    assert interview.state.files["a.py"].text == "# 😀 new first line\ndef f():\n    return 2\n"
    decided, edited = interview.log.read(interview.id)[-2:]
    assert (decided.type, edited.type, edited.cause) == ("suggestion.decided", "file.edited", decided.seq)


def test_a_hunk_whose_lines_changed_is_stale_and_stays_undecided(interview: Interview) -> None:
    offer(interview, hunk("    return 1\n", "    return 2\n", 2))
    editing.push(interview, "a.py", 1, [update(9 + 11, [1, "7"], 1)], TAB, None)
    with pytest.raises(Conflict, match="changed there"):
        Proposals(interview).decide("s1", "h1", "accepted", "", None)
    assert interview.state.suggestions["s1"].decisions == {}


def test_two_hunks_of_one_proposal_can_both_be_taken(interview: Interview) -> None:
    offer(
        interview,
        hunk("def f():\n", "def f() -> int:\n", 1),
        e.Hunk(hunk="h2", path="a.py", base_version=1, line=3, before="", after="\n\ndef g():\n    return 2\n"),
    )
    proposals = Proposals(interview)
    proposals.decide("s1", "h1", "accepted", "", None)
    proposals.decide("s1", "h2", "accepted", "", None)
    assert interview.state.files["a.py"].text == "def f() -> int:\n    return 1\n\n\ndef g():\n    return 2\n"


def test_a_hunk_is_decided_once_and_a_retry_changes_nothing(interview: Interview) -> None:
    offer(interview, hunk("", "import os\n", 1))
    proposals, key = Proposals(interview), ClientKey("tab", 4)
    proposals.decide("s1", "h1", "accepted", "", key)
    proposals.decide("s1", "h1", "accepted", "", key)
    with pytest.raises(Conflict, match="accepted already"):
        proposals.decide("s1", "h1", "rejected", "", ClientKey("tab", 5))
    assert interview.state.files["a.py"].text == "import os\n" + START


def test_a_new_file_comes_as_a_hunk(interview: Interview) -> None:
    new = e.Hunk(hunk="h1", path="new.py", base_version=0, line=1, before="", after="x = 1\n")
    offer(interview, new)
    Proposals(interview).decide("s1", "h1", "accepted", "", None)
    assert interview.state.files["new.py"].text == "x = 1\n"


def test_lines_for_a_file_that_is_gone_make_no_new_one(interview: Interview) -> None:
    offer(interview, hunk("", "import os\n", 1))
    editing.delete(interview, "a.py", TAB, None)
    with pytest.raises(Conflict, match="changed there"):
        Proposals(interview).decide("s1", "h1", "accepted", "", None)
    assert "a.py" not in interview.state.files


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("s9", "h1", "accepted", ""), "no proposal"),
        (("s1", "h1", "maybe", ""), "maybe"),
        (("s1", "h1", "rejected", "x" * 2001), "2,000"),
    ],
)
def test_a_decision_that_does_not_fit_is_told(
    interview: Interview, arguments: tuple[str, str, str, str], told: str
) -> None:
    offer(interview, hunk("", "import os\n", 1))
    with pytest.raises((BadInput, NotFound), match=told):
        Proposals(interview).decide(*arguments, None)


def paused(interview: Interview) -> bool:
    return interview.state.paused_ms is not None


def test_paused_time_never_counts(interview: Interview) -> None:
    start = interview.state.phase_started_ms
    assert elapsed_ms(interview.state, start + 5_000) == 5_000
    pause(interview, "sandbox", "why")
    paused_at = interview.state.at_ms
    assert remaining_ms(interview.state, paused_at + 500_000) == 60_000 - (paused_at - start)
    pause(interview, "assistant", "why")
    resume(interview, "sandbox")
    assert paused(interview)
    resume(interview, "assistant")
    assert not paused(interview)
    lost = interview.state.lost_ms
    assert lost > 0
    assert elapsed_ms(interview.state, start + 30_000) == 30_000 - lost


def test_time_lost_before_the_pause_was_noticed_is_given_back_too(interview: Interview) -> None:
    interview.tools = replace(interview.tools, clock=lambda: interview.state.phase_started_ms + 20_000)
    since = interview.now() - 8_000
    pause(interview, "assistant", "why", since)
    resume(interview, "assistant")
    assert interview.state.lost_ms >= 8_000


def test_the_candidate_sees_places_but_no_secrets(interview: Interview) -> None:
    interview.record(Draft("interviewer:ada", e.NoteAdded(text="secret", about_seq=1)))
    record = interview.log.read(interview.id)[-1]
    shown = wire("candidate", record)
    assert shown["type"] == "withheld" and shown["payload"] is None and shown["seq"] == record.seq
    assert wire("interviewer", record)["payload"] == {"text": "secret", "about_seq": 1}
    assert withhold("candidate", record).salt is None
    assert set(e.event_types()) > NEVER_FOR_CANDIDATE


@pytest.mark.parametrize(
    "data", [b"", b"not xml", b"<a>" * 10, b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', b"\xff\xfe"]
)
def test_a_report_that_cannot_be_read_has_no_tests(data: bytes) -> None:
    assert read_report(data) == ()


def test_a_report_gives_each_test_its_outcome_and_message() -> None:
    report = b"""<testsuites><testsuite><testcase classname="tests.test_a" name="test_ok" time="0.012"/>
    <testcase classname="tests.test_a" name="test_bad" time="x"><failure message="assert 1 == 2">trace</failure></testcase>
    <testcase classname="tests.test_a" name="test_skip"><skipped message="why"/></testcase></testsuite></testsuites>"""
    ok, bad, skipped = read_report(report)
    assert (ok.id, ok.outcome, ok.duration_ms) == ("tests/test_a.py::test_ok", "passed", 12)
    assert (bad.outcome, bad.message) == ("failed", "assert 1 == 2\ntrace")
    assert skipped.outcome == "skipped"
