"""Deciding about proposals: by hunk, with changes, all at once, and made anew once stale."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.defects import debrief_items
from assistant.hunks import difference
from interviews import events as e
from interviews.errors import BadInput, Conflict, NotFound
from interviews.log import ClientKey, Draft
from interviews.service import accepting, editing, proposals
from interviews.service.interview import Interview
from interviews.service.proposals import Proposals
from interviews.text import length, replace
from rubrics.reading.workspace import Workspace
from tests.support import TAB, bare_interview

BASE = "".join(f"line {number}\n" for number in range(30))


@pytest.fixture
def interview() -> Interview:
    found = bare_interview()
    found.record(
        Draft("system", editing.snapshot("a.py", 1, BASE, "starter")),
        Draft("system", editing.snapshot("b.py", 1, "one\ntwo\n", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return found


def offer(interview: Interview, **texts: str) -> list[str]:
    """Propose these texts for ``a`` and ``b``; returns the hunks' ids."""
    ids = (f"h{number}" for number in range(1, 99))
    hunks: list[e.Hunk] = []
    for name, text in texts.items():
        view = interview.state.files.get(f"{name}.py")
        old, version = (view.text or "", view.version) if view else ("", 0)
        hunks += difference(f"{name}.py", version, old, text, ids)
    interview.record(
        Draft("candidate", e.PromptSent(turn="a1", text="please")),
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="a1", title="Changes", hunks=tuple(hunks))),
        Draft("system", e.SuggestionAnnotated(suggestion="s1", hunks=(e.HunkNote(hunk="h1", defect="D1"),))),
    )
    return [hunk.hunk for hunk in hunks]


def text(interview: Interview, path: str = "a.py") -> str:
    return interview.state.files[path].text or ""


def write(interview: Interview, new: str, old: str = "", path: str = "a.py") -> None:
    """Type ``new`` in the place of the first ``old``; at the start where that is empty."""
    now = text(interview, path)
    at = length(now[: now.index(old)])
    update = editing.Update(clientID="tab", changes=replace(now, at, at + length(old), new))
    editing.push(interview, path, interview.state.files[path].version, [update], TAB, None)


def changed(*lines: int, of: str = BASE) -> str:
    for line in lines:
        of = of.replace(f"line {line}\n", f"LINE {line}\n")
    return of


def test_all_hunks_are_taken_in_one_record_that_a_repeat_does_not_add_to(interview: Interview) -> None:
    names = offer(interview, a=changed(2, 12, 22), b="one\nTWO\n", c="new\n")
    assert len(names) == 5
    before, key, heard = interview.state.seq, ClientKey("tab", 1), list[int]()
    interview.subscribe(lambda records: heard.append(len(records)))
    assert Proposals(interview).decide_all("s1", "accepted", "", key) == []
    assert heard == [10] and interview.state.seq == before + 10
    assert (text(interview), text(interview, "b.py")) == (changed(2, 12, 22), "one\nTWO\n")
    assert text(interview, "c.py") == "new\n"
    assert Proposals(interview).decide_all("s1", "accepted", "", key) == [] and interview.state.seq == before + 10
    records = interview.log.read(interview.id, before)
    assert [record.type for record in records[:2]] == ["suggestion.decided", "file.edited"]
    assert all(edit.cause == decided.seq for decided, edit in zip(records[::2], records[1::2], strict=True))


LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "c 😀\n", "d\n", "e\n", "f\n"]), max_size=30).map("".join)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(LINES, LINES, st.randoms(use_true_random=False), st.booleans())
def test_taken_one_by_one_in_any_order_or_all_at_once_hunks_give_the_text_proposed(
    old: str, new: str, chance: Random, at_once: bool
) -> None:
    interview = bare_interview()
    interview.record(
        Draft("system", editing.snapshot("a.py", 1, old, "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    names = offer(interview, a=new)
    if at_once:
        assert Proposals(interview).decide_all("s1", "accepted", "", None) == []
    else:
        for name in chance.sample(names, len(names)):
            Proposals(interview).decide("s1", name, "accepted", "", None)
    assert text(interview) == new


def test_of_all_hunks_the_stale_ones_stay_open(interview: Interview) -> None:
    offer(interview, a=changed(2, 12, 22))
    write(interview, "mine\n", "line 12\n")
    write(interview, "# above\n")
    assert Proposals(interview).decide_all("s1", "accepted", "", None) == ["h2"]
    assert text(interview) == "# above\n" + changed(2, 22).replace("line 12\n", "mine\n")
    assert Proposals(interview).decide_all("s1", "rejected", "no", None) == []
    assert interview.state.suggestions["s1"].decisions == {"h1": "accepted", "h2": "rejected", "h3": "accepted"}


def test_later_hunks_stand_below_what_earlier_ones_put_in(interview: Interview) -> None:
    new = BASE.replace("line 3\n", "a\nb\nc\n").replace("line 10\n", "").replace("line 20\n", "line 20\n😀\n")
    offer(interview, a=new)
    assert Proposals(interview).decide_all("s1", "accepted", "", None) == []
    assert text(interview) == new


def test_hunks_stand_below_all_that_was_typed_since(interview: Interview) -> None:
    new = changed(*range(0, 30, 4))
    offer(interview, a=new)
    for number in range(40):
        write(interview, f"# {number}\n")
    assert Proposals(interview).decide_all("s1", "accepted", "", None) == []
    assert text(interview).endswith(new)


def test_what_was_changed_before_it_went_in_is_kept_and_is_the_candidates(interview: Interview) -> None:
    offer(interview, a=BASE.replace("line 5\n", "first\nsecond\n"))
    Proposals(interview).decide("s1", "h1", "accepted", "", None, "first\nby hand")
    assert text(interview) == BASE.replace("line 5\n", "first\nby hand\n")
    assert interview.state.suggestions["s1"].kept == {"h1": "first\nby hand\n"}
    workspace = Workspace()
    for record in interview.log.read(interview.id):
        workspace.take(e.understand(record))
    assert workspace.files()["a.py"].own_lines() == "by hand"


def test_kept_as_proposed_is_no_change(interview: Interview) -> None:
    offer(interview, a=BASE.replace("line 5\n", "first\n"))
    Proposals(interview).decide("s1", "h1", "accepted", "", None, "first")
    assert interview.state.suggestions["s1"].kept == {} and interview.log.read(interview.id)[-2].payload is not None
    assert [record.type for record in interview.log.read(interview.id)[-2:]] == ["suggestion.decided", "file.edited"]


def test_a_new_file_may_be_changed_before_it_goes_in(interview: Interview) -> None:
    offer(interview, c="one\n")
    Proposals(interview).decide("s1", "h1", "accepted", "", None, "one\ntwo\n")
    assert text(interview, "c.py") == "one\ntwo\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("s1", "h1", "accepted", "", None, "x" * (proposals.MAX_KEPT + 1)), "200000"),
        (("s1", "h1", "accepted", "", None, 7), "200000"),
        (("s1", "h1", "rejected", "", None, "x"), "only where it is accepted"),
    ],
)
def test_changes_that_do_not_fit_are_told(
    interview: Interview, arguments: tuple[str, str, str, str, None, object], told: str
) -> None:
    offer(interview, a=changed(1))
    before = interview.state.seq
    with pytest.raises(BadInput, match=told):
        Proposals(interview).decide(*arguments)
    assert interview.state.seq == before


def test_a_file_that_would_grow_too_long_is_told(interview: Interview, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(interview, a=changed(1) + "more\n" * 10)
    monkeypatch.setattr(accepting, "MAX_FILE_UNITS", len(BASE) + 20)
    assert Proposals(interview).decide_all("s1", "accepted", "", None) == ["h2"]
    with pytest.raises(BadInput, match="at most"):
        Proposals(interview).decide("s1", "h2", "accepted", "", None)


def test_a_hunk_follows_its_file_to_another_name(interview: Interview) -> None:
    offer(interview, a=changed(2, 12))
    write(interview, "# before\n")
    editing.rename(interview, "a.py", "src/z.py", TAB, None)
    write(interview, "# after\n", path="src/z.py")
    assert Proposals(interview).decide_all("s1", "accepted", "", None) == []
    assert text(interview, "src/z.py") == "# after\n# before\n" + changed(2, 12)


def test_a_hunk_never_lands_inside_a_line(interview: Interview) -> None:
    offer(interview, a=changed(3))
    # The line is a part of another now.
    write(interview, "x line 3\n", "line 3\n")
    with pytest.raises(Conflict, match="changed there"):
        Proposals(interview).decide("s1", "h1", "accepted", "", None)


def test_a_stale_hunk_is_made_anew_and_decided_then(interview: Interview) -> None:
    # Two changes near each other are one hunk, with lines between them that the candidate changes.
    proposed = BASE.replace("line 3\n", "THREE\n").replace("line 6\n", "SIX\n")
    assert offer(interview, a=proposed) == ["h1"]
    write(interview, "# above\n")
    write(interview, "mine 4\nmine 5\n", "line 4\nline 5\n")
    with pytest.raises(Conflict):
        Proposals(interview).decide("s1", "h1", "accepted", "", None)
    Proposals(interview).refresh("s1", "h1", None)
    Proposals(interview).decide("s1", "h1", "accepted", "", None)
    assert text(interview) == "# above\n" + proposed.replace("line 4\nline 5\n", "mine 4\nmine 5\n")


def test_where_both_changed_a_line_nothing_is_made_anew(interview: Interview) -> None:
    offer(interview, a=changed(3))
    write(interview, "mine\n", "line 3\n")
    seq, before = interview.state.seq, text(interview)
    with pytest.raises(Conflict, match="ask again"):
        Proposals(interview).refresh("s1", "h1", None)
    assert interview.state.seq == seq and text(interview) == before


def test_a_stale_hunk_goes_together_with_changes_of_other_lines_in_it(interview: Interview) -> None:
    hunk = e.Hunk(
        hunk="h1", path="a.py", base_version=1, line=4, before="".join(f"line {n}\n" for n in range(3, 10)),
        after="THREE\n" + "".join(f"line {n}\n" for n in range(4, 9)) + "NINE\n",
    )  # fmt: skip
    interview.record(
        Draft("candidate", e.PromptSent(turn="a1", text="please")),
        Draft("assistant", e.SuggestionOffered(suggestion="s1", turn="a1", title="Changes", hunks=(hunk,))),
    )
    defect = e.Defect(id="D1", kind="k", title="t", explanation="e", fix="f", path="a.py", patterns=(), tests=())
    interview.record(
        Draft("system", e.SuggestionAnnotated(suggestion="s1", hunks=(e.HunkNote(hunk="h1", defect="D1"),)))
    )
    write(interview, "# above\n")
    write(interview, "mine\n", "line 6\n")
    key = ClientKey("tab", 9)
    Proposals(interview).refresh("s1", "h1", key)
    seq = interview.state.seq
    Proposals(interview).refresh("s1", "h1", key)
    view = interview.state.suggestions["s1"]
    assert interview.state.seq == seq and view.refreshed == {"h1": seq} and view.decisions == {}
    fresh = e.Hunk.model_validate(view.hunks[0])
    assert (fresh.base_version, fresh.line, fresh.before.count("\n")) == (3, 5, 7) and "mine\n" in fresh.before
    assert fresh.lead == "line 0\nline 1\nline 2\n"[-len(fresh.lead) :] and fresh.trail.startswith("line 10\n")
    Proposals(interview).decide("s1", "h1", "accepted", "", None)
    want = BASE.replace("line 3\n", "THREE\n").replace("line 9\n", "NINE\n").replace("line 6\n", "mine\n")
    assert text(interview) == "# above\n" + want
    # What the exercise knows of it holds on.
    (item,) = debrief_items([defect], map(e.understand, interview.log.read(interview.id)))
    assert (item.outcome, item.hunk) == ("taken", "h1")


def test_what_the_text_has_already_is_not_made_anew(interview: Interview) -> None:
    offer(interview, a=changed(3))
    write(interview, "LINE 3\n", "line 3\n")
    with pytest.raises(Conflict, match="already"):
        Proposals(interview).refresh("s1", "h1", None)


def test_a_hunk_that_still_fits_may_be_made_anew_too(interview: Interview) -> None:
    offer(interview, a=changed(3))
    seq = interview.state.seq
    Proposals(interview).refresh("s1", "h1", None)
    assert interview.state.seq == seq
    write(interview, "# above\n")
    Proposals(interview).refresh("s1", "h1", None)
    assert interview.state.suggestions["s1"].hunks[0]["line"] == 5
    with pytest.raises(NotFound):
        Proposals(interview).refresh("s1", "h9", None)
    Proposals(interview).decide("s1", "h1", "rejected", "", None)
    with pytest.raises(Conflict, match="rejected already"):
        Proposals(interview).refresh("s1", "h1", None)
