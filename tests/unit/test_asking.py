"""What a prompt makes of the interview's settings: what the assistant sees, may do, may spend, and which model answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assistant.base import Ask, Finished, Part, TextDelta
from interviews import events as e
from interviews.errors import BadInput, Conflict, PlatformFailure
from interviews.log import Draft
from interviews.service import editing
from interviews.service.interview import Interview
from interviews.service.pairing import Pairing
from tests.product import wait
from tests.unit.test_pairing import ended, paired

SONNET = "claude-sonnet-5-5"
SECRET = "nobody attached this"


def asking(usage: e.Usage | None = None, **settings: Any) -> tuple[Interview, Pairing, list[Ask]]:
    """An interview with a second file, whose assistant answers "Yes." and remembers what it was asked."""
    seen: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        seen.append(ask)
        yield TextDelta("Yes.")
        yield Finished("end_turn", usage or e.Usage(), model=ask.model)

    interview, pair = paired(answer, **settings)
    interview.record(Draft("system", editing.snapshot("b.py", 1, f"# {SECRET}\ny = 2\n", "starter")))
    return interview, pair, seen


def said(interview: Interview, pair: Pairing, *mentions: object, **more: Any) -> None:
    pair.ask("what?", [], None, list(mentions), **more)
    wait(lambda: ended(interview))


def test_nothing_is_planted_behind_open_work() -> None:
    interview, pair, seen = asking()
    said(interview, pair)
    opened = e.ReviewOpened(review="r1", title="A change", description="", folder="review", hunks=())
    interview.record(Draft("system", e.PhaseStarted(phase="review", duration_ms=10**9)), Draft("system", opened))
    said(interview, pair)
    assert [ask.closed for ask in seen] == [None, interview.state.review and interview.state.review.seq]


def test_a_prompt_that_is_asked_again_brings_its_files_as_they_were() -> None:
    interview, pair, seen = asking()
    pair.ask("what?", ["a.py"], None)
    wait(lambda: ended(interview))
    (sent,) = [e.understand(one).data for one in interview.log.read(interview.id) if one.type == "prompt.sent"]
    assert isinstance(sent, e.PromptSent)
    update = editing.read_updates([{"clientID": "c1", "changes": [[6, "z = 3"]]}])
    editing.push(interview, "a.py", 1, update, editing.Author("candidate", "c1"), None)
    again = pair.asked(sent)
    assert again.attachments[0].text == seen[0].attachments[0].text == "x = 1\n"
    assert again.files["a.py"] == "z = 3"


def test_the_prompt_records_what_was_attached_and_the_request_carries_it() -> None:
    interview, pair, seen = asking()
    selection = {"kind": "selection", "name": "b.py", "line": 2, "end_line": 2}
    pair.ask("what?", ["a.py"], None, [selection])
    wait(lambda: ended(interview))
    (record,) = [record for record in interview.log.read(interview.id) if record.type == "prompt.sent"]
    assert record.payload is not None and record.payload["attachments"] == ["a.py"]
    assert [(one["kind"], one["name"], one["text"]) for one in record.payload["mentions"]] == [
        ("file", "a.py", ""),
        ("selection", "b.py", "y = 2"),
    ]
    assert [(one.name, one.text, one.kind) for one in seen[0].attachments] == [
        ("a.py", "x = 1\n", "file"),
        ("b.py:2", "y = 2", "selection"),
    ]
    said(interview, pair)
    assert seen[1].history[0].attachments == ("a.py", "b.py:2") and not seen[1].history[0].cut


def test_a_prompt_whose_attachment_does_not_fit_records_nothing() -> None:
    interview, pair, seen = asking()
    with pytest.raises(BadInput):
        pair.ask("what?", [], None, [{"kind": "selection", "name": "b.py", "line": 9}])
    assert interview.state.turns == [] and seen == [] and not pair.answering("a1")


def test_without_the_tree_only_what_was_attached_so_far_is_seen() -> None:
    interview, pair, seen = asking(tree_shared=False)
    said(interview, pair)
    assert seen[0].files == {} and seen[0].versions == {} and not seen[0].tree and seen[0].knows == ("attached",)
    said(interview, pair, {"kind": "selection", "name": "a.py", "line": 1})
    said(interview, pair)
    assert seen[1].files == seen[2].files == {"a.py": "x = 1\n"} and seen[2].versions == {"a.py": 1}
    assert SECRET not in repr(seen)
    said(interview, pair, {"kind": "file", "name": "b.py"})
    assert set(seen[3].files) == {"a.py", "b.py"}


def test_with_the_tree_all_of_it_is_seen() -> None:
    interview, pair, seen = asking()
    said(interview, pair)
    assert set(seen[0].files) == {"a.py", "b.py"} and seen[0].tree


@pytest.mark.parametrize("shared", [True, False])
def test_the_brief_is_known_where_it_is_shared(shared: bool) -> None:
    interview, pair, seen = asking(brief_shared=shared)
    said(interview, pair)
    assert seen[0].brief == (interview.exercise.brief if shared else "")
    assert seen[0].knows == (("brief", "tree") if shared else ("tree",))


@pytest.mark.parametrize("mode", ["chat", "edit", "agent"])
def test_only_an_agent_has_a_bench(mode: str) -> None:
    interview, pair, seen = asking(mode=mode)
    said(interview, pair)
    assert seen[0].mode == mode and (seen[0].bench is not None) == (mode == "agent")


def test_the_candidate_chooses_among_the_interviews_models() -> None:
    interview, pair, seen = asking(models=("one", "two"), model="one")
    said(interview, pair)
    said(interview, pair, model="two")
    assert [ask.model for ask in seen] == ["one", "two"]
    sent = [record.payload for record in interview.log.read(interview.id) if record.type == "prompt.sent"]
    assert [payload["model"] for payload in sent if payload] == ["one", "two"]
    for other in ("three", 7, ["one"]):
        with pytest.raises(BadInput, match="one of the models one, two, got"):
            pair.ask("what?", [], None, [], other)
    assert len(interview.state.turns) == 2


def test_a_model_of_before_is_the_only_one() -> None:
    interview, pair, seen = asking(model="one")
    said(interview, pair)
    assert seen[0].model == "one"
    with pytest.raises(BadInput, match="one of the models one, got 'two'"):
        pair.ask("what?", [], None, [], "two")


def test_a_budget_that_is_used_up_is_told_and_the_work_goes_on() -> None:
    usage = e.Usage(input_tokens=60, output_tokens=20, cache_read_tokens=15, cache_write_tokens=5)
    interview, pair, _ = asking(usage=usage, budget_tokens=200)
    said(interview, pair)
    said(interview, pair)
    assert interview.state.spent_tokens == 200
    with pytest.raises(Conflict, match=r"used up.*interviewer.*your work goes on"):
        pair.ask("what?", [], None)
    assert len(interview.state.turns) == 2 and interview.state.status == "running"
    tab = editing.Author("candidate", "tab")
    editing.create(interview, "c.py", tab, None)
    assert "c.py" in interview.state.files


def test_a_reply_may_go_on_while_tokens_are_left_of_all_that_was_used() -> None:
    interview, pair, seen = asking(usage=e.Usage(input_tokens=60), budget_tokens=100)
    said(interview, pair)
    first, *_ = seen
    assert first.afford(e.Usage(), "m") and first.afford(e.Usage(input_tokens=99), "m")
    assert not first.afford(e.Usage(input_tokens=50, cache_read_tokens=50), "m")
    said(interview, pair)
    assert seen[1].afford(e.Usage(output_tokens=39), "m") and not seen[1].afford(e.Usage(output_tokens=40), "m")


def test_a_reply_may_go_on_while_money_is_left_and_only_where_the_price_is_known() -> None:
    interview, pair, seen = asking(budget_cents=1, model=SONNET)
    said(interview, pair)
    afford = seen[0].afford
    # Ten US dollars for a million tokens: a cent is a thousand of them.
    assert afford(e.Usage(output_tokens=999), SONNET) and not afford(e.Usage(output_tokens=1000), SONNET)
    # Under a name without a price the price is that of the model that was asked for.
    assert afford(e.Usage(output_tokens=999), "gateway/7") and not afford(e.Usage(output_tokens=1000), "gateway/7")
    interview, pair, seen = asking(budget_cents=1, model="unknown")
    said(interview, pair)
    assert seen[0].afford(e.Usage(), "unknown") and not seen[0].afford(e.Usage(output_tokens=1), "unknown")


def test_without_a_budget_there_is_no_end() -> None:
    interview, pair, seen = asking()
    said(interview, pair)
    assert seen[0].afford(e.Usage(output_tokens=10**9), "unknown")


def test_what_a_reply_said_before_it_broke_off_is_part_of_the_conversation() -> None:
    asked: list[Ask] = []

    def answer(ask: Ask) -> Iterator[Part]:
        asked.append(ask)
        if len(asked) == 2:
            yield TextDelta("Half of ")
        if len(asked) <= 2:
            raise PlatformFailure("The service answered: overloaded")
        yield TextDelta("Whole.")
        yield Finished("end_turn")

    interview, pair = paired(answer)
    for _ in range(4):
        said(interview, pair)
    # What failed before a word of it was nothing that was said.
    assert [(turn.reply, turn.cut) for turn in asked[3].history] == [("Half of ", True), ("Whole.", False)]


def test_a_recorded_prompt_makes_the_same_request_again() -> None:
    interview, pair, seen = asking(tree_shared=False)
    said(interview, pair, {"kind": "selection", "name": "a.py", "line": 1})
    (record,) = [record for record in interview.log.read(interview.id) if record.type == "prompt.sent"]
    sent = e.understand(record).data
    assert isinstance(sent, e.PromptSent)
    again = pair.asked(sent)
    assert (again.attachments, again.files, again.history) == (seen[0].attachments, seen[0].files, ())
