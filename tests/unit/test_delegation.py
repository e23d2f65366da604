"""Tickets: who may hand over what, what comes back, and what the next round is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from assistant.base import Ask, Delayed, Finished, Part, Proposal, Spent, TextDelta, ToolCall, Working
from interviews import events as e
from interviews.errors import BadInput, Conflict, NotAllowed, NotFound, PlatformFailure
from interviews.fold import fold
from interviews.log import ClientKey, Draft
from interviews.service import delegating, editing, proposals, resuming
from interviews.service.delegation import AT_ONCE, Delegation
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from interviews.state import State, TicketView
from tests.product import wait
from tests.support import bare_interview
from tests.unit.test_pairing import Answer, Answering

TEXT = "a = 1\nb = 2\nc = 3\nd = 4\ne = 5\nf = 6\ng = 7\nh = 8\n"


def handing(answer: Answer, **settings: object) -> tuple[Interview, Delegation]:
    """A running interview that allows tickets, whose assistant answers by ``answer``."""
    interview = bare_interview(**{"delegation": True, **settings})
    interview.tools = replace(interview.tools, provider=lambda name: Answering(answer))
    interview.record(
        Draft("system", editing.snapshot("a.py", 1, TEXT, "starter")),
        Draft("system", editing.snapshot("b.py", 1, "x = 1\n", "starter")),
        Draft("system", e.InterviewStarted()),
        Draft("system", e.PhaseStarted(phase="open", duration_ms=10**9)),
    )
    return interview, Delegation(interview)


def change(ask: Ask, path: str, line: int, after: str, name: str = "s1", before: int = 1) -> Proposal:
    """A proposal of one hunk: ``before`` lines from ``line`` on become ``after``."""
    old = "".join(ask.files[path].splitlines(keepends=True)[line - 1 : line - 1 + before])
    hunk = e.Hunk(hunk=f"{name}-h1", path=path, base_version=ask.versions[path], line=line, before=old, after=after)
    return Proposal(f"{ask.turn}-{name}", f"Change {name}", (hunk,), (e.HunkNote(hunk=hunk.hunk, touches=(name,)),))


def working(*parts: Callable[[Ask], Part]) -> tuple[list[Ask], Answer]:
    """An answer of these parts, and what it was asked."""
    seen: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        seen.append(ask)
        for part in parts:
            yield part(ask)

    return seen, answer


def simple() -> tuple[list[Ask], Answer]:
    return working(
        lambda ask: TextDelta("I look first."),
        lambda ask: Working("list_files", "c1", {}),
        lambda ask: ToolCall("list_files", "c1", {}, "a.py", True),
        lambda ask: change(ask, "a.py", 2, "b = 20\n"),
        lambda ask: TextDelta("b is 20 now."),
        lambda ask: Finished("end_turn", e.Usage(input_tokens=3)),
    )


def back(interview: Interview, delegation: Delegation, ticket: str = "t1", seconds: float = 60) -> TicketView:
    """The ticket, once nothing of it is under way."""
    wait(lambda: not delegation.working(ticket) and interview.state.tickets[ticket].status != "working", seconds)
    return interview.state.tickets[ticket]


def ready(view: TicketView) -> dict[str, e.Json]:
    """Its change request."""
    assert view.change is not None
    return view.change


def kinds(interview: Interview, after: int = 0) -> list[str]:
    return [record.type for record in interview.log.read(interview.id, after)]


def open_one(
    delegation: Delegation, title: str = "Make b 20", text: str = "Please.", key: ClientKey | None = None
) -> str:
    return delegation.open(title, text, (), None, key)


def typed_above(interview: Interview, line: str) -> None:
    """The candidate puts a line at the top of ``a.py``."""
    edited = e.FileEdited(path="a.py", version=2, changes=[[0, line, ""], len(TEXT)], origin="typed", client="tab")
    interview.record(Draft("candidate", edited))


def begun(interview: Interview, ticket: str = "t1") -> None:
    """Wait until something was said in its newest round."""
    wait(lambda: interview.state.tickets[ticket].rounds[-1].reply)


def test_a_ticket_comes_back_as_one_change_request_recorded_with_its_end() -> None:
    seen, answer = simple()
    interview, delegation = handing(answer)
    key = ClientKey("tab", 1)
    assert delegation.open("Make  b 20", "As the team said.", [{"kind": "file", "name": "b.py"}], None, key) == "t1"
    assert delegation.open("Make  b 20", "As the team said.", [{"kind": "file", "name": "b.py"}], None, key) == "t1"
    ticket = back(interview, delegation)
    opened = next(r.payload for r in interview.log.read(interview.id) if r.type == "ticket.opened")
    assert (
        opened
        and opened["files"] == {"a.py": 1, "b.py": 1}
        and opened["title"] == "Make b 20"
        and opened["turn"] == "t1.1"
    )
    assert [tool["tool"] for tool in ticket.rounds[0].tools][:1] == ["list_files"]
    assert kinds(interview)[-4:] == ["reply.finished", "suggestion.offered", "suggestion.annotated", "ticket.returned"]
    asked = seen[0]
    assert asked.mode == "agent" and asked.delegated and asked.prompt == "Make b 20\n\nAs the team said."
    assert [one.name for one in asked.attachments] == ["b.py"] and asked.history == ()
    view = ready(ticket)
    # The words behind the last step, and not what was said on the way; no check was made, so none is claimed.
    assert (
        view["description"].startswith("b is 20 now.")
        and "could not be run" in view["description"]
        and view["checks"] == []
    )
    suggestion = interview.state.suggestions[view["suggestion"]]
    assert [hunk["hunk"] for hunk in suggestion.hunks] == ["t1.1-s1-h1"] and interview.state.turns == []
    proposals.Proposals(interview).decide("t1.1-s1", "t1.1-s1-h1", "accepted", "", None)
    assert (interview.state.files["a.py"].text or "").startswith("a = 1\nb = 20\n")


def test_no_note_is_made_up_where_none_was_given() -> None:
    def unnoted(ask: Ask, line: int, after: str, name: str) -> Proposal:
        return replace(change(ask, "a.py", line, after, name), notes=())

    _, answer = working(
        # Alone; beside one that is noted, which makes one hunk of both; noted, alone.
        lambda ask: unnoted(ask, 1, "a = 10\n", "n1"),
        lambda ask: unnoted(ask, 4, "d = 40\n", "n2"),
        lambda ask: change(ask, "a.py", 5, "e = 50\n", "n3"),
        lambda ask: change(ask, "a.py", 8, "h = 80\n", "n4"),
        lambda ask: Finished("end_turn", e.Usage()),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    assert kinds(interview)[-3:] == ["suggestion.offered", "suggestion.annotated", "ticket.returned"]
    offered, annotated = (record.payload or {} for record in interview.log.read(interview.id)[-3:-1])
    assert [hunk["hunk"] for hunk in offered["hunks"]] == ["t1.1-s1-h1", "t1.1-s1-h2", "t1.1-s1-h3"]
    assert [(note["hunk"], note["touches"]) for note in annotated["hunks"]] == [("t1.1-s1-h3", ["n4"])]


def test_the_check_is_a_step_that_is_ours() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)
    open_one(delegation)
    ticket = back(interview, delegation)
    steps = [r for r in interview.log.read(interview.id) if r.type == "tool.called"]
    assert [step.actor for step in steps] == ["assistant", "system"]
    assert ticket.rounds[0].tools[-1]["tool"] == "run_tests" and ticket.rounds[0].tools[-1]["ok"] is False


def test_proposals_of_one_round_are_one_with_a_hunk_for_each_place() -> None:
    _, answer = working(
        lambda ask: change(ask, "a.py", 2, "b = 20\n", "s1"),
        lambda ask: change(ask, "b.py", 1, "x = 10\n", "s2"),
        lambda ask: change(ask, "a.py", 7, "g = 70\n", "s3"),
        lambda ask: change(ask, "a.py", 3, "c = 30\n", "s4"),
        lambda ask: Finished("end_turn"),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    view = ready(back(interview, delegation))
    hunks = interview.state.suggestions[view["suggestion"]].hunks
    assert [(hunk["hunk"][-2:], hunk["path"], hunk["line"], hunk["after"]) for hunk in hunks] == [
        ("h1", "a.py", 2, "b = 20\nc = 30\n"),
        ("h2", "a.py", 7, "g = 70\n"),
        ("h3", "b.py", 1, "x = 10\n"),
    ]
    noted = next(r.payload for r in interview.log.read(interview.id) if r.type == "suggestion.annotated")
    assert noted and [note["touches"] for note in noted["hunks"]] == [["s1", "s4"], ["s3"], ["s2"]]
    assert proposals.Proposals(interview).decide_all("t1.1-s1", "accepted", "", None) == []
    expected = TEXT.replace("b = 2\nc = 3", "b = 20\nc = 30").replace("g = 7", "g = 70")
    assert interview.state.files["a.py"].text == expected and interview.state.files["b.py"].text == "x = 10\n"


def test_where_two_proposals_want_the_same_line_the_later_stands() -> None:
    _, answer = working(
        lambda ask: change(ask, "a.py", 2, "b = 20\n", "s1"),
        lambda ask: change(ask, "a.py", 2, "b = 21\n", "s2"),
        lambda ask: Finished("end_turn"),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    view = ready(back(interview, delegation))
    assert [hunk["after"] for hunk in interview.state.suggestions[view["suggestion"]].hunks] == ["b = 21\n"]


def flawed(ask: Ask, line: int, after: str, name: str, defect: str | None) -> Proposal:
    """A proposal of one hunk in ``a.py`` that carries a planted mistake."""
    made = change(ask, "a.py", line, after, name)
    return replace(made, notes=tuple(note.model_copy(update={"defect": defect}) for note in made.notes))


@pytest.mark.parametrize(
    ("first", "second", "noted"),
    [
        ((2, "b = 21\n", "off"), (2, "b = 20\n", None), (["s2"], None)),
        ((2, "b = 20\n", None), (2, "b = 21\n", "off"), (["s2"], "off")),
        ((2, "b = 21\n", "off"), (3, "c = 30\n", None), (["s1", "s2"], "off")),
        ((3, "c = 31\n", "off"), (2, "b = 21\n", "other"), (["s1", "s2"], "other")),
    ],
    ids=["mended", "brought", "kept beside", "two"],
)
def test_a_mistake_is_noted_of_a_hunk_only_where_it_still_stands(
    first: tuple[int, str, str | None], second: tuple[int, str, str | None], noted: tuple[list[str], str | None]
) -> None:
    _, answer = working(
        lambda ask: flawed(ask, first[0], first[1], "s1", first[2]),
        lambda ask: flawed(ask, second[0], second[1], "s2", second[2]),
        lambda ask: Finished("end_turn"),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    (payload,) = [r.payload or {} for r in interview.log.read(interview.id) if r.type == "suggestion.annotated"]
    assert [(note["touches"], note["defect"]) for note in payload["hunks"]] == [noted]


def test_merging_survives_edits_made_since() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    typed_above(interview, "# above")
    proposals.Proposals(interview).decide("t1.1-s1", "t1.1-s1-h1", "accepted", "", None)
    assert (interview.state.files["a.py"].text or "").startswith("# above\na = 1\nb = 20\nc = 3\n")


def test_two_tickets_of_one_file_are_both_merged_and_one_that_lost_its_lines_is_stale() -> None:
    go = threading.Event()

    def answer(ask: Ask) -> Iterator[Part]:
        go.wait(20)
        line = {"t1.1": 2, "t2.1": 7, "t3.1": 2}[ask.turn]
        yield change(ask, "a.py", line, f"# {ask.turn}\n")
        yield Finished("end_turn")

    interview, delegation = handing(answer)
    assert [open_one(delegation) for _ in range(3)] == ["t1", "t2", "t3"]
    assert all(view.status == "working" for view in interview.state.tickets.values())
    go.set()
    for name in ("t1", "t2", "t3"):
        back(interview, delegation, name)
    decide = proposals.Proposals(interview).decide_all
    assert decide("t1.1-s1", "accepted", "", None) == [] and decide("t2.1-s1", "accepted", "", None) == []
    assert interview.state.files["a.py"].text == TEXT.replace("b = 2", "# t1.1").replace("g = 7", "# t2.1")
    assert decide("t3.1-s1", "accepted", "", None) == ["t3.1-s1-h1"]


def test_only_so_many_are_worked_on_at_once_and_the_conversation_goes_on_beside_them() -> None:
    go = threading.Event()

    def answer(ask: Ask) -> Iterator[Part]:
        if ask.delegated:
            go.wait(20)
        yield TextDelta("Done.")
        yield Finished("end_turn")

    interview, delegation = handing(answer)
    for _ in range(AT_ONCE):
        open_one(delegation)
    with pytest.raises(Conflict, match="works on 4 tickets"):
        open_one(delegation)
    pairing = Pairing(interview)
    pairing.ask("And you?", [], None)
    wait(lambda: interview.state.turns[0].status == "finished")
    go.set()
    for name in interview.state.tickets:
        ticket = back(interview, delegation, name)
        assert ticket.change is None and ticket.answer is not None
        assert (
            ticket.answer["suggestion"] is None
            and ticket.answer["title"] == "Make b 20"
            and ticket.answer["checks"] == []
        )
    assert open_one(delegation) == "t5"


def test_a_second_round_is_told_the_first_and_what_became_of_it() -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        yield change(ask, "a.py", 2 if len(asked) == 1 else 4, f"# {ask.turn}\n")
        if len(asked) == 1:
            yield change(ask, "a.py", 7, "# too much\n", "s2")
        yield TextDelta(f"Round {len(asked)}.")
        yield Finished("end_turn")

    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    decide = proposals.Proposals(interview)
    decide.decide("t1.1-s1", "t1.1-s1-h1", "accepted", "", None)
    first = delegation.comment("t1.1-s1", "t1.1-s1-h2", 1, " Leave g alone. ", None)
    delegation.revise("t1", "And mark d.", None, None, None)
    ticket = back(interview, delegation)
    (turn,) = asked[1].history
    assert turn.prompt == "Make b 20\n\nPlease." and turn.reply == "Round 1."
    assert [hunk.after for hunk in turn.accepted] == ["# t1.1\n"] and [hunk.after for hunk in turn.undecided] == [
        "# too much\n"
    ]
    assert asked[1].prompt == "And mark d.\n\nOn a.py line 7 as proposed: Leave g alone."
    assert [(one.name, one.text) for one in asked[1].attachments] == [("a.py line 7 as proposed", "# too much")]
    assert asked[1].files["a.py"] == TEXT.replace("b = 2", "# t1.1") and ticket.rounds[1].comments == [first]
    # What was left open of the first has made way for the second.
    for act in (
        lambda: decide.decide("t1.1-s1", "t1.1-s1-h2", "accepted", "", None),
        lambda: decide.decide_all("t1.1-s1", "accepted", "", None),
        lambda: decide.refresh("t1.1-s1", "t1.1-s1-h2", None),
    ):
        with pytest.raises(Conflict, match="asked for changes"):
            act()
    assert decide.decide_all("t1.2-s1", "accepted", "", None) == []
    # A third is told both, in order, and a comment of the first change is no default of it.
    delegation.revise("t1", "Thanks, one more.", None, None, None)
    back(interview, delegation)
    assert [turn.reply for turn in asked[2].history] == ["Round 1.", "Round 2."] and asked[
        2
    ].prompt == "Thanks, one more."


def test_a_round_that_failed_ends_in_words_and_what_it_was_asked_for_still_holds() -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        if len(asked) == 2:
            yield Spent(e.Usage(input_tokens=7))
            raise PlatformFailure("The service is away")
        yield change(ask, "a.py", 2, f"# {ask.turn}\n")
        yield Finished("end_turn")

    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    delegation.comment("t1.1-s1", "t1.1-s1-h1", 0, "Hm.", None)
    delegation.revise("t1", "Again, please.", None, None, None)
    ticket = back(interview, delegation)
    assert (ticket.status, ticket.rounds[1].error) == ("failed", "The service is away")
    assert interview.state.spent_tokens == 7
    # Nothing came in its place, so what there is may be decided about.
    assert proposals.Proposals(interview).decide_all("t1.1-s1", "rejected", "", None) == []
    delegation.revise("t1", "Once more.", None, None, None)
    assert back(interview, delegation).status == "returned"
    told = "Again, please.\n\nOn a.py line 2 as proposed: Hm.\n\nOnce more."
    assert asked[2].prompt == told and len(asked[2].history) == 1


def in_turn(*answers: Answer) -> Answer:
    """Each round of a ticket by the answer of its number."""

    def answer(ask: Ask) -> Iterator[Part]:
        return answers[int(ask.turn.partition(".")[2]) - 1](ask)

    return answer


def test_a_round_that_only_answers_in_words_leaves_the_change_before_to_be_decided() -> None:
    go = threading.Event()

    def words(ask: Ask) -> Iterator[Part]:
        yield TextDelta("It is.")
        go.wait(20)
        yield Finished("end_turn")

    interview, delegation = handing(in_turn(simple()[1], words, simple()[1]))
    decide = proposals.Proposals(interview)
    open_one(delegation)
    back(interview, delegation)
    delegation.comment("t1.1-s1", "t1.1-s1-h1", 1, "Why?", None)
    delegation.revise("t1", "Is b right?", None, None, None)
    with pytest.raises(Conflict, match="asked for changes"):
        decide.decide_all("t1.1-s1", "rejected", "", None)
    go.set()
    ticket = back(interview, delegation)
    assert (ticket.status, ready(ticket)["suggestion"], ready(ticket)["turn"]) == ("returned", "t1.1-s1", "t1.1")
    assert ticket.answer and (ticket.answer["suggestion"], ticket.answer["description"]) == (None, "It is.")
    assert decide.decide_all("t1.1-s1", "accepted", "", None) == []
    assert "b = 20\n" in (interview.state.files["a.py"].text or "")
    # Its comments were told; what is said of it now goes with the next.
    second = delegation.comment("t1.1-s1", "t1.1-s1-h1", 1, "I see.", None)
    delegation.revise("t1", "", None, None, None)
    ticket = back(interview, delegation)
    assert ticket.rounds[2].comments == [second] and ticket.answer is None


def test_a_round_that_brings_a_change_takes_the_place_of_all_before_it() -> None:
    _, words = working(lambda ask: TextDelta("It is."), lambda ask: Finished("end_turn"))
    interview, delegation = handing(in_turn(simple()[1], words, simple()[1]))
    open_one(delegation)
    for wanted in ("Is b right?", "Once more."):
        back(interview, delegation)
        delegation.revise("t1", wanted, None, None, None)
    assert ready(back(interview, delegation))["suggestion"] == "t1.3-s1"
    decide = proposals.Proposals(interview)
    with pytest.raises(Conflict, match="asked for changes"):
        decide.decide("t1.1-s1", "t1.1-s1-h1", "accepted", "", None)
    assert decide.decide_all("t1.3-s1", "accepted", "", None) == []


def test_a_round_that_was_stopped_before_it_changed_anything_leaves_the_change_before() -> None:
    def idle(ask: Ask) -> Iterator[Part]:
        wait(ask.cancelled)
        yield Finished("stopped")

    interview, delegation = handing(in_turn(simple()[1], idle))
    open_one(delegation)
    back(interview, delegation)
    delegation.revise("t1", "Hm, no.", None, None, None)
    delegation.stop("t1")
    ticket = back(interview, delegation)
    assert ticket.answer and "Stopped before it was done." in str(ticket.answer["description"])
    assert proposals.Proposals(interview).decide_all(ready(ticket)["suggestion"], "accepted", "", None) == []


def breaking(*parts: Callable[[Ask], Part], error: Exception | None = None) -> Answer:
    """An answer whose service fails behind these parts."""
    _, begun = working(*parts)

    def answer(ask: Ask) -> Iterator[Part]:
        yield from begun(ask)
        raise error or PlatformFailure("The service is away")

    return answer


@pytest.mark.parametrize(
    ("error", "why"), [(None, "The service is away"), (RuntimeError(), "The assistant failed (RuntimeError)")]
)
def test_what_was_changed_before_a_service_failed_comes_back(error: Exception | None, why: str) -> None:
    interview, delegation = handing(
        breaking(
            lambda ask: TextDelta("I begin."),
            lambda ask: change(ask, "a.py", 2, "b = 20\n"),
            lambda ask: Spent(e.Usage(input_tokens=7)),
            error=error,
        )
    )
    open_one(delegation)
    ticket = back(interview, delegation)
    view = ready(ticket)
    assert ticket.status == "returned" and view["suggestion"] == "t1.1-s1"
    assert view["description"].startswith(f"I begin.\n\nThe work broke off before it was done. {why}")
    assert (ticket.rounds[0].stop_reason, ticket.rounds[0].tokens, interview.state.spent_tokens) == ("cut off", 7, 7)
    assert kinds(interview)[-4:] == ["reply.finished", "suggestion.offered", "suggestion.annotated", "ticket.returned"]
    assert proposals.Proposals(interview).decide_all("t1.1-s1", "accepted", "", None) == []


def test_a_round_whose_proposals_cannot_be_brought_back_still_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(delegating, "collected", broken)
    interview, delegation = handing(simple()[1])
    open_one(delegation)
    ticket = back(interview, delegation)
    assert (ticket.status, ticket.rounds[0].error) == ("failed", "The assistant failed (RuntimeError)")


def test_nothing_comes_back_of_a_failure_once_the_time_is_up() -> None:
    go = threading.Event()

    def late(ask: Ask) -> Iterator[Part]:
        yield TextDelta("I begin.")
        yield change(ask, "a.py", 2, "b = 20\n")
        go.wait(20)
        raise PlatformFailure("The service is away")

    interview, delegation = handing(late)
    open_one(delegation)
    begun(interview)
    interview.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
    go.set()
    ticket = back(interview, delegation)
    assert (ticket.status, ticket.rounds[0].error) == ("failed", "The service is away")


def test_a_slow_or_failing_service_holds_no_clock() -> None:
    def answer(ask: Ask) -> Iterator[Part]:
        yield Delayed("The service is overloaded", 1)
        yield TextDelta("Late.")
        raise PlatformFailure("and away")

    interview, delegation = handing(answer)
    open_one(delegation)
    assert back(interview, delegation).status == "failed"
    assert not [kind for kind in kinds(interview) if kind.startswith("clock.")] and interview.state.lost_ms == 0
    assert "reply.delayed" in kinds(interview)


def until_stopped(asked: list[Ask]) -> Answer:
    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        yield TextDelta("I begin.")
        yield change(ask, "a.py", 2, "b = 20\n")
        wait(ask.cancelled)
        yield Finished("stopped", e.Usage(input_tokens=5))

    return answer


def test_stopping_brings_back_what_there_is() -> None:
    interview, delegation = handing(until_stopped([]))
    open_one(delegation)
    begun(interview)
    delegation.stop("t1")
    view = ready(back(interview, delegation))
    assert view["suggestion"] == "t1.1-s1" and view["description"] == "I begin.\n\nStopped before it was done."
    assert interview.state.tickets["t1"].rounds[0].stop_reason == "stopped" and interview.state.spent_tokens == 5
    # No test is begun for somebody who has pressed stop.
    assert "tool.started" not in kinds(interview)
    delegation.stop("t1")
    delegation.stop("t9")


def test_closing_ends_the_work_and_nothing_comes_back() -> None:
    interview, delegation = handing(until_stopped([]))
    open_one(delegation)
    begun(interview)
    delegation.close("t1", None)
    ticket = back(interview, delegation)
    assert ticket.status == "closed" and ticket.change is None and ticket.rounds[0].status == "finished"
    assert interview.state.suggestions == {}
    delegation.close("t1", None)
    with pytest.raises(Conflict, match="closed"):
        delegation.revise("t1", "More", None, None, None)
    assert kinds(interview).count("ticket.closed") == 1


def test_the_end_of_a_phase_ends_the_work() -> None:
    interview, delegation = handing(until_stopped([]))
    open_one(delegation)
    begun(interview)
    interview.record(Draft("system", e.PhaseEnded(phase="open", by="clock")))
    delegation.shut()
    ticket = back(interview, delegation)
    assert ticket.status == "failed" and ticket.change is None and "time was up" in ticket.rounds[0].error
    with pytest.raises(NotAllowed):
        open_one(delegation)
    # In the next phase it may be asked for again.
    interview.record(Draft("system", e.PhaseStarted(phase="review", duration_ms=10**9)))
    delegation.revise("t1", "Now", None, None, None)
    begun(interview)
    delegation.stop("t1")
    assert back(interview, delegation).status == "returned"


def next_process(interview: Interview, answer: Answer) -> tuple[Interview, Delegation]:
    """The same interview in a process of its own."""
    after = Interview(interview.log, interview.header, interview.exercise, interview.tools)
    after.tools = replace(after.tools, provider=lambda name: Answering(answer))
    return after, Delegation(after)


def test_the_next_process_works_on_it_anew_with_the_files_of_then() -> None:
    interview, delegation = handing(until_stopped([]))
    open_one(delegation)
    begun(interview)
    typed_above(interview, "# meanwhile")
    delegation.leave()
    assert interview.state.tickets["t1"].status == "working" and "reply.finished" not in kinds(interview)
    seen, answer = simple()
    after, anew = next_process(interview, answer)
    anew.recover(after.log.read(after.id))
    ticket = back(after, anew)
    assert ticket.status == "returned" and ticket.rounds[0].attempt == 2 and seen[0].files["a.py"] == TEXT
    assert seen[0].prompt == "Make b 20\n\nPlease." and ticket.rounds[0].reply == "I look first.b is 20 now."
    assert proposals.Proposals(after).decide_all("t1.1-s1", "accepted", "", None) == []
    assert (after.state.files["a.py"].text or "").startswith("# meanwhile\na = 1\nb = 20\n")


def test_it_is_begun_anew_only_so_often_and_not_once_the_time_is_up() -> None:
    interview, delegation = handing(until_stopped([]))
    open_one(delegation)
    for _ in range(resuming.ATTEMPTS - 1):
        begun(interview)
        delegation.leave()
        interview, delegation = next_process(interview, until_stopped([]))
        delegation.recover(interview.log.read(interview.id))
    begun(interview)
    delegation.leave()
    late = fold(map(e.understand, interview.log.read(interview.id)))
    late.status = "between"
    (left,) = resuming.tickets_left_open(late, interview.log.read(interview.id))
    assert left.handed is None and left.ended == resuming.NOT_BACK
    interview, delegation = next_process(interview, until_stopped([]))
    delegation.recover(interview.log.read(interview.id))
    ticket = interview.state.tickets["t1"]
    assert (
        ticket.status == "failed"
        and ticket.rounds[0].error == resuming.AGAIN
        and ticket.rounds[0].attempt == resuming.ATTEMPTS
    )


def test_nothing_is_left_open_where_nothing_is_under_way() -> None:
    assert resuming.tickets_left_open(State(), []) == []


def test_what_is_under_way_counts_for_the_budget_of_all() -> None:
    affords: dict[str, bool] = {}
    first, second = threading.Event(), threading.Event()

    def answer(ask: Ask) -> Iterator[Part]:
        yield TextDelta("I begin.")
        if ask.turn == "t1.1":
            affords["t1.1"] = ask.afford(e.Usage(input_tokens=60), "m")
            first.set()
            second.wait(20)
        else:
            first.wait(20)
            affords["less"] = ask.afford(e.Usage(input_tokens=39), "m")
            affords["more"] = ask.afford(e.Usage(input_tokens=40), "m")
            second.set()
        yield Finished("end_turn", e.Usage(input_tokens=60), "m")

    interview, delegation = handing(answer, budget_tokens=100)
    open_one(delegation)
    open_one(delegation)
    back(interview, delegation, "t1")
    back(interview, delegation, "t2")
    assert affords == {"t1.1": True, "less": True, "more": False}
    with pytest.raises(Conflict, match="budget"):
        open_one(delegation)
    with pytest.raises(Conflict, match="budget"):
        delegation.revise("t1", "More", None, None, None)


def test_what_does_not_fit_is_refused_in_words_and_nothing_is_recorded() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)
    before = interview.state.seq
    for act, error in (
        (lambda: delegation.open("", "text", (), None, None), BadInput),
        (lambda: delegation.open("x" * 201, "text", (), None, None), BadInput),
        (lambda: delegation.open("Title", " ", (), None, None), BadInput),
        (lambda: delegation.open("Title", "text", [{"kind": "file", "name": "no.py"}], None, None), NotFound),
        (lambda: delegation.open("Title", "text", (), "gpt", None), BadInput),
        (lambda: delegation.revise("t1", "x", None, None, None), NotFound),
        (lambda: delegation.close("t1", None), NotFound),
        (lambda: delegation.comment("s", "h", 1, "x", None), NotFound),
    ):
        with pytest.raises(error):
            act()
    assert interview.state.seq == before
    open_one(delegation)
    back(interview, delegation)
    for act, error in (
        (lambda: delegation.revise("t1", "", None, None, None), BadInput),
        (lambda: delegation.revise("t1", "x", ["c9"], None, None), NotFound),
        (lambda: delegation.revise("t1", "x", "c9", None, None), BadInput),
        (lambda: delegation.comment("t1.1-s1", "t1.1-s1-h1", 9, "x", None), BadInput),
        (lambda: delegation.comment("t1.1-s1", "t1.1-s1-h1", True, "x", None), BadInput),
        (lambda: delegation.comment("t1.1-s1", "t1.1-s1-h1", 1, "", None), BadInput),
    ):
        with pytest.raises(error):
            act()
    key = ClientKey("tab", 7)
    assert (
        delegation.comment("t1.1-s1", "t1.1-s1-h1", 0, "x", key)
        == "c1"
        == delegation.comment("t1.1-s1", "t1.1-s1-h1", 0, "x", key)
    )
    # A comment alone says enough.
    delegation.revise("t1", "", None, None, None)
    back(interview, delegation)
    closed, other = handing(answer, delegation=False)
    with pytest.raises(NotAllowed, match="handed over"):
        open_one(other)
    assert closed.state.tickets == {}


def test_nothing_of_a_closed_ticket_is_decided() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)
    open_one(delegation)
    name = ready(back(interview, delegation))["suggestion"]
    delegation.close("t1", None)
    with pytest.raises(Conflict, match="closed"):
        proposals.Proposals(interview).decide(name, f"{name}-h1", "accepted", "", None)


def test_a_comment_is_on_a_line_that_the_hunk_has() -> None:
    _, answer = working(
        lambda ask: change(ask, "a.py", 1, "a = 10\n", before=3),
        lambda ask: change(ask, "a.py", 6, "", "s2", before=2),
        lambda ask: Finished("end_turn"),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    # One line in place of three, and two that go away.
    for hunk, last in (("t1.1-s1-h1", 1), ("t1.1-s1-h2", 2)):
        for line in range(last + 1):
            delegation.comment("t1.1-s1", hunk, line, "Hm.", None)
        with pytest.raises(BadInput, match=f"1 to {last},"):
            delegation.comment("t1.1-s1", hunk, last + 1, "Hm.", None)


def test_a_comment_names_the_line_as_it_is_in_the_whole_change() -> None:
    asked, answer = working(
        lambda ask: change(ask, "a.py", 1, "a = 1\n# one\n# two\n# three\n"),
        lambda ask: change(ask, "b.py", 1, "x = 10\n", "s2"),
        lambda ask: change(ask, "a.py", 5, "e = 50\n# and\n", "s3"),
        lambda ask: change(ask, "a.py", 8, "", "s4"),
        lambda ask: Finished("end_turn"),
    )
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    for hunk, line, text in (("h2", 1, "Fifty?"), ("h2", 2, "And?"), ("h4", 1, "Ten?"), ("h3", 1, "Gone?")):
        delegation.comment("t1.1-s1", f"t1.1-s1-{hunk}", line, text, None)
    delegation.revise("t1", "", None, None, None)
    back(interview, delegation)
    assert asked[1].prompt.split("\n\n") == [
        "On a.py line 8 as proposed: Fifty?",
        "On a.py line 9 as proposed: And?",
        "On b.py line 1 as proposed: Ten?",
        "On a.py line 8 as it was: Gone?",
    ]
    assert [one.text for one in asked[1].attachments] == ["e = 50", "# and", "x = 10", "h = 8"]


def test_a_comment_on_what_was_erased_since_keeps_its_words() -> None:
    seen, answer = simple()
    interview, delegation = handing(answer)
    open_one(delegation)
    name = ready(back(interview, delegation))["suggestion"]
    delegation.comment(name, f"{name}-h1", 1, "Why twenty?", None)
    delegation.revise("t1", "", None, None, None)
    back(interview, delegation)
    first = next(r.seq for r in interview.log.read(interview.id) if r.type == "suggestion.offered")
    interview.erase([first], "interviewer:interviewer", "a secret", [])
    delegation.revise("t1", "Once more, please.", [], None, None)
    assert back(interview, delegation).status == "returned"
    assert "Why twenty?" in seen[2].history[-1].prompt and seen[2].prompt == "Once more, please."


def test_a_round_that_was_erased_takes_no_id_with_it() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)
    open_one(delegation)
    back(interview, delegation)
    delegation.revise("t1", "A secret.", None, None, None)
    back(interview, delegation)
    (seq,) = [record.seq for record in interview.log.read(interview.id) if record.type == "ticket.revised"]
    interview.erase([seq], "interviewer:bo", "A secret", ())
    delegation.revise("t1", "Once more.", None, None, None)
    assert back(interview, delegation).rounds[-1].turn == "t1.3" and list(interview.state.suggestions) == [
        "t1.1-s1", "t1.2-s1", "t1.3-s1",
    ]  # fmt: skip


def test_a_ticket_that_cannot_be_asked_fails_and_does_not_stay_under_way() -> None:
    _, answer = simple()
    interview, delegation = handing(answer)

    def broken(mention: object) -> None:
        raise RuntimeError

    interview.history.text_at = broken  # type: ignore[method-assign, assignment] # as a fault of ours would
    delegation.open("Make b 20", "Please.", [{"kind": "file", "name": "a.py"}], None, None)
    ticket = back(interview, delegation)
    assert ticket.status == "failed" and "our fault" in ticket.rounds[0].error


def test_only_what_was_attached_is_seen_where_the_tree_is_not_shared() -> None:
    seen, answer = working(lambda ask: TextDelta("Hm."), lambda ask: Finished("end_turn"))
    interview, delegation = handing(answer, tree_shared=False, mode="chat")
    delegation.open("Look", "at b", [{"kind": "file", "name": "b.py"}], None, None)
    back(interview, delegation)
    assert list(seen[0].files) == ["b.py"] and seen[0].mode == "agent" and seen[0].knows == ("attached",)
