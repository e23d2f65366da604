"""What of a judge's answers counts, what several come to, and that what they move is bounded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given as having
from hypothesis import strategies as st

from interviews import events as e
from interviews.chain import verify
from interviews.ndjson import read_log
from interviews.service import redaction
from rubrics.base import JudgeScore, LogView
from rubrics.judging.answers import Answer, check, plain
from rubrics.judging.material import words
from rubrics.judging.record import Bill, Heard, judged, known, recorded
from rubrics.judging.verdict import FIFTHS, moved, verdict
from rubrics.numbers import posterior
from rubrics.numbers.posterior import UNIT
from rubrics.rubric import parse
from tests.golden.story import Story
from tests.judged import PLAIN, asked, given, prompts_of, rubric, told, view_with

GOLDEN = Path(__file__).parent.parent / "golden"
LEVELS = {"K": 1, "B": 2, "X": 3, "D": 4, "M": 5}
SAID = {
    7: "Please   make fee_cents\ncount every started hour.",
    9: "thanks!",
    12: "caf\u00e9 opens at nine, says the test",
}
HELD = [{"event": 7, "quote": "make fee_cents count every"}]


def answer(**changes: object) -> e.Json:
    return {"choice": "D", "quotes": HELD, "reason": "So it is."} | changes


@pytest.mark.parametrize(
    "quote",
    [
        {"event": 7, "quote": "make fee_cents count every"},
        {"event": 7, "quote": "  fee_cents \n count\tevery "},
        {"event": 9, "quote": "thanks!"},
        {"event": 12, "quote": "cafe\u0301 opens at nine"},
    ],
)
def test_a_quote_holds_whatever_its_white_space(quote: e.Json) -> None:
    found = check(answer(quotes=[quote, {"event": 7, "quote": "never said this"}]), LEVELS, SAID, SAID)
    assert (found.level, found.evidence) == (4, (quote["event"],))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "form"),
        ("D", "form"),
        ([answer()], "form"),
        (answer(choice="A"), "none of the options"),
        (answer(choice="d"), "none of the options"),
        (answer(choice="5"), "none of the options"),
        (answer(choice=5), "none of the options"),
        (answer(choice=["D"]), "none of the options"),
        (answer(choice=None), "none of the options"),
        (answer(quotes=[]), "quoted nothing"),
        (answer(quotes="make fee_cents count every"), "quoted nothing"),
        (answer(quotes=None), "quoted nothing"),
        (answer(quotes=["make fee_cents count every"]), "None of its quotes"),
        (answer(quotes=[{"event": 7, "quote": "I always verify everything"}]), "None of its quotes"),
        (answer(quotes=[{"event": 7, "quote": "MAKE FEE_CENTS COUNT EVERY"}]), "None of its quotes"),
        (answer(quotes=[{"event": 9, "quote": "make fee_cents count every"}]), "None of its quotes"),
        (answer(quotes=[{"event": 8, "quote": "make fee_cents count every"}]), "None of its quotes"),
        (answer(quotes=[{"event": "7", "quote": "make fee_cents count every"}]), "None of its quotes"),
        (answer(quotes=[{"event": True, "quote": "make fee_cents count every"}]), "None of its quotes"),
        (answer(quotes=[{"event": 7, "quote": "e"}]), "None of its quotes"),
        (answer(quotes=[{"event": 7, "quote": ""}]), "None of its quotes"),
        (answer(quotes=[{"event": 7, "quote": None}]), "None of its quotes"),
        (answer(quotes=[{"event": 7}]), "None of its quotes"),
        (answer(quotes=[{}] * 5 + HELD), "None of its quotes"),
    ],
)
def test_what_is_no_answer_says_why_and_is_never_a_grade(given: e.Json, why: str) -> None:
    found = check(given, LEVELS, SAID, SAID)
    assert found.level is None and found.evidence == () and why in found.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["D", *SAID.values()]),
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.dictionaries(st.sampled_from(["choice", "quotes", "event", "quote", "reason", "x"]), inner)
    ),
    max_leaves=20,
)


@having(JSON, st.dictionaries(st.sampled_from("KBXDM"), JSON))
def test_whatever_comes_there_is_no_level_without_a_quote_that_holds(given: e.Json, levels: dict[str, e.Json]) -> None:
    for by in (LEVELS, levels):
        found = check(given, by, SAID, SAID)
        if found.level is None:
            assert found.reason and found.evidence == ()
        else:
            assert found.level in range(1, 6) and found.evidence
            quoted = [plain(one["quote"]) for one in given["quotes"] if isinstance(one, dict) and "quote" in one]
            assert any(text and text in plain(SAID[seq]) for text in quoted for seq in found.evidence)


def test_an_event_that_was_not_shown_cannot_be_quoted() -> None:
    assert check(answer(), LEVELS, SAID, {9, 12}).level is None


def answers(*levels: int | None) -> list[Answer]:
    return [Answer(level, () if level is None else (7,), "It timed out." if level is None else "") for level in levels]


@pytest.mark.parametrize(
    ("levels", "level", "spread"),
    [
        ((3, 3, 3), 3, 0),
        ((2, 3, 4, 3, 4), 3, 2),
        ((4, 4, 4, 4, 4, 4, 4, 4, 4, 5, 1), 4, 4),
        ((4, 4, 4, None, 5), 4, 1),
        ((5, 5, 5, 4), 5, 1),
    ],
)
def test_the_answer_in_the_middle(levels: Sequence[int | None], level: int, spread: int) -> None:
    found = verdict(answers(*levels), Decimal("0.8"))
    assert (found.level, found.spread, found.evidence) == (level, spread, (7,))


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ((1, 5, 1, 5, 1), "lie within one level"),
        ((1, 2, 3, 4, 5), "lie within one level"),
        ((4, 4, 4, 1, 1), "lie within one level"),
        ((None, None, None), "cannot be used"),
        ((4, 4, 4, None, None), "cannot be used"),
        ((), "cannot be used"),
    ],
)
def test_it_abstains_where_too_few_agree_or_answer(levels: Sequence[int | None], why: str) -> None:
    found = verdict(answers(*levels), Decimal("0.8"))
    assert found.level is None and why in found.notes[0].text
    if None in levels:
        assert found.notes[1].text == "It timed out."


def test_a_third_of_nothing_is_borne() -> None:
    assert verdict(answers(4, 4, None), Decimal("0.6")).level == 4
    # What gave no answer does not agree either.
    assert verdict(answers(4, 4, None), Decimal("0.8")).level is None


@having(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 5), st.decimals("0", "0.15", places=4), st.integers(0, 40)
)
def test_what_it_moves_is_bounded_by_the_cap(a: int, b: int, level: int, cap: Decimal, hits: int) -> None:
    weights = posterior.share(a, b, hits, 3)
    mean = posterior.mean(weights)
    after, effect = moved(weights, level, cap)
    assert abs(effect) <= cap * UNIT and posterior.mean(after) == mean + effect and sum(after) == sum(weights)
    low, high = FIFTHS[level - 1], (FIFTHS[level] if level < 5 else UNIT)
    if low <= mean < high:
        assert effect == 0
    elif mean < low:
        assert 0 <= effect <= low - mean + 1
    else:
        assert high - mean - 1 <= effect <= 0


def test_it_moves_as_far_as_it_may_and_no_level_moves_nothing() -> None:
    weights = posterior.share(5, 5, 1, 20)
    after, effect = moved(weights, 5, Decimal("0.1"))
    assert 950 <= effect <= 1000 and after != weights
    assert moved(weights, None, Decimal("0.15")) == (weights, 0)
    assert moved(weights, 5, Decimal(0)) == (weights, 0)


def test_a_score_replays_what_was_recorded_to_the_byte() -> None:
    story, by = told(), rubric()
    plan = asked(story, by)
    seq, text = next(iter(prompts_of(story).items()))
    heard = {(one.dimension, one.number): Heard(given(one, 5, (seq, text))) for one in plan.requests()}
    log = view_with(story, recorded(plan, heard, "anthropic", Bill(5, e.Usage(input_tokens=10), 30)))
    weights = posterior.share(5, 5, 0, 9)
    results = [judged(log, by, by.dimensions[0], weights) for _ in range(2)]
    assert results[0] == results[1]
    after, score = results[0]
    assert score is not None and after != weights
    assert (score.level, score.levels, score.spread, score.evidence) == (5, (5,) * 5, 0, (seq,))
    assert 0.09 < score.effect <= 0.1 and score.key == plan.key and score.model == plan.model
    # No number from the signals: none from a judge either.
    assert judged(log, by, by.dimensions[0], None)[0] is None
    # Nothing that comes behind it changes that.
    story.tell("interviewer:Mo", e.NoteAdded(text="later", about_seq=1))
    assert judged(story.view(), by, by.dimensions[0], weights) == results[0]


def recorded_story() -> tuple[Story, e.AnalysisRecorded]:
    story = told()
    plan = asked(story)
    (one, first), (other, second) = prompts_of(story).items()
    heard = {
        (r.dimension, r.number): Heard(given(r, 4, (one, first) if r.number % 2 else (other, second)))
        for r in plan.requests()
    }
    return story, recorded(plan, heard, "anthropic")


def level_of(story: Story, data: e.AnalysisRecorded | None = None) -> int | None:
    by = rubric()
    log = story.view() if data is None else view_with(story, data)
    score = judged(log, by, by.dimensions[0], None)[1]
    return score.level if score else None


def test_answers_to_another_log_rubric_or_question_are_nobodys() -> None:
    story, data = recorded_story()
    assert level_of(told(salt=500), data) is None
    changes: tuple[dict[str, e.Json], ...] = (
        {"head": "0" * 64}, {"prompt": "0" * 64}, {"model": "another"}, {"form": 2}, {"dimensions": []}, {"prompt": None},
    )  # fmt: skip
    for changed in changes:
        assert level_of(told(), data.model_copy(update={"result": {**data.result, **changed}})) is None, changed
    assert level_of(told(), data.model_copy(update={"key": "0" * 64})) is None
    assert level_of(told(), data.model_copy(update={"result": "nothing"})) is None
    assert level_of(story, data) == 4
    other = rubric("version: 1", "version: 2")
    assert judged(story.view(), other, other.dimensions[0], None)[1] is None


def test_what_was_erased_since_makes_its_word_void() -> None:
    story, data = recorded_story()
    assert level_of(story, data) == 4
    story.log.erase("j1", [next(iter(prompts_of(story)))], "interviewer:operator", "a name")
    by = rubric()
    score = judged(story.view(), by, by.dimensions[0], posterior.share(5, 5, 0, 9))[1]
    assert score is not None and score.level is None and score.effect == 0 and "not all there any more" in score.reason


def test_what_was_said_before_mistakes_were_taken_back_is_as_if_not_said() -> None:
    story, data = recorded_story()
    assert level_of(story, data) == 4
    story.tell("candidate", e.ConsentWithdrawn(scope="planted-defects"))
    by = rubric()
    assert judged(story.view(), by, by.dimensions[0], None)[1] is None
    assert level_of(story, data) == 4  # said again, of what may still be put before it


def test_the_newest_that_fits_is_read() -> None:
    story, data = recorded_story()
    again = asked(story)
    seq, text = next(iter(prompts_of(story).items()))
    story.tell("system", data)
    lower = {(one.dimension, one.number): Heard(given(one, 2, (seq, text))) for one in again.requests()}
    assert level_of(story, recorded(again, lower, "anthropic")) == 2


def test_what_no_model_answered_may_be_asked_again_and_nothing_else() -> None:
    story = told()
    plan = asked(story)
    seq, text = next(iter(prompts_of(story).items()))
    first, second, third, *_ = plan.requests()
    heard = {
        ("prompt", 0): Heard(given(first, 4, (seq, text))),
        ("prompt", 1): Heard(failed="The model declined to answer."),
        ("prompt", 2): Heard(failed="Claude's service is overloaded.", unanswered=True),
    }
    log = view_with(story, recorded(plan, heard, "anthropic"))
    kept = known(log, plan)
    assert set(kept) == {("prompt", 0), ("prompt", 1)} and kept["prompt", 1].failed == "The model declined to answer."
    assert second.number == 1 and third.number == 2
    by = rubric()
    score = judged(log, by, by.dimensions[0], None)[1]
    assert score is not None and score.levels == (4, None, None, None, None) and score.level is None


def test_a_judged_log_of_version_1_replays_as_it_did() -> None:
    by = parse((GOLDEN / "v1-judged.yaml").read_bytes(), "v1-judged.yaml")
    with (GOLDEN / "v1-judged.ndjson").open(encoding="utf-8") as lines:
        head, records = read_log(lines)
    verify(head, records)
    score = judged(LogView.of(head, records), by, by.dimensions[0], posterior.share(5, 5, 0, 9))[1]
    assert score == JudgeScore(
        level=4, levels=(4, 4, 5, None, 4), spread=1, evidence=(5, 9), effect=0.1, model="claude-sonnet-5",
        reason="Level 4 in the middle of 5 answers, which reach from 4 to 5; 4 lie within one level of it.",
        key="be6ab8c4dd06f43b9959fe04d48b37c98094944f0d2d66ce53862182edf93439",
    )  # fmt: skip


def test_a_secret_that_a_judge_quoted_goes_with_a_redaction() -> None:
    story, data = recorded_story()
    assert level_of(story, data) == 4
    asked_for = redaction.read_redaction("61 minutes must cost", None, "A figure, typed by mistake")
    lease = story.log.acquire("j1", "test", 6)
    redaction.redact_kept(story.log, "j1", lease, "interviewer:operator", asked_for)
    assert "61 minutes must cost" not in "".join(record.model_dump_json() for record in story.records())
    assert level_of(story) is None


def test_what_others_said_cannot_be_quoted_as_the_candidates() -> None:
    with (GOLDEN / "v1-reviewed.ndjson").open(encoding="utf-8") as lines:
        log = LogView.of(*read_log(lines))
    said, shown = words(log.events), {event.seq for event in log.events}
    for event in log.events:
        texts: list[str] = []
        match event.data:
            case e.ReplyFinished(text=text) | e.NoteAdded(text=text) | e.TicketReturned(description=text):
                texts = [text]
            case e.SuggestionOffered(hunks=hunks) | e.ReviewOpened(hunks=hunks):
                texts = [hunk.after for hunk in hunks]
            case _:
                pass
        for text in filter(None, texts):
            given_ = answer(quotes=[{"event": seq, "quote": text} for seq in (event.seq, event.seq + 1)])
            assert check(given_, LEVELS, said, shown).level is None, text


def test_what_is_kept_of_an_answer_is_bounded_and_can_be_hashed() -> None:
    story = told()
    plan = asked(story)
    wild = {
        "choice": "\ud800" * 5_000, "quotes": [{"event": 2**70, "quote": "x\udfff" * 9_000}] * 50, "reason": "r" * 99_999,
        "more": ["y"] * 1000,
    }  # fmt: skip
    heard = {(one.dimension, one.number): Heard(wild) for one in plan.requests()}
    data = recorded(plan, heard, "anthropic")
    assert level_of(story, data) is None
    kept = data.result["dimensions"]["prompt"]["answers"][0]["given"]
    assert set(kept) == {"choice", "quotes", "reason"} and len(kept["quotes"]) == 5 and len(kept["reason"]) == 600
    assert PLAIN[0] not in str(data.result), "what was shown is not copied"
