"""What people said of an interview, as a scorecard has it; how it differs from the proposal, in words; what they are to ask."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from interviews import events as e
from interviews.chain import sha256_hex
from interviews.ndjson import read_log
from interviews.service import editing
from interviews.visibility import JUDGEMENT, withhold
from rubrics.base import DimensionScore, LogView, RatedBy, Status
from rubrics.people import differences, questions, ratings
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import GROWN_RATED, HEADER, LOG

RUBRIC = load("standard")
PINNED = RUBRIC.sha256


def view(*told: e.AnyPayload) -> LogView:
    """A log in which that happened, one event each."""
    events = [
        e.Event(seq=seq, at_ms=seq, actor="system", type=one.type, cause=None, data=one)
        for seq, one in enumerate(told, start=1)
    ]
    return LogView(HEADER, events)


def rating(rater: str, level: e.Level | None, *, blind: bool = True, **others: e.Level) -> e.RatingRecorded:
    given = (
        e.Rating(dimension="prompt", level=level, reason="seen"),
        *(e.Rating(dimension=k, level=v) for k, v in others.items()),
    )
    return e.RatingRecorded(
        rater=rater, blind=blind, rubric="standard", rubric_version=1, rubric_sha256=PINNED, ratings=given
    )


def override(rater: str, level: e.Level | None, dimension: str = "prompt", sha256: str = PINNED) -> e.ScoreOverridden:
    return e.ScoreOverridden(rater=rater, dimension=dimension, level=level, reason="why", rubric_sha256=sha256)


def signed(rater: str, sha256: str = PINNED) -> e.ScoreSigned:
    return e.ScoreSigned(rater=rater, rubric_sha256=sha256, head_hash="aa")


SUBMITTED = e.InterviewSubmitted(by="candidate", late=False)


def final(*told: e.AnyPayload) -> dict[str, tuple[str, int | None, str]]:
    log = view(SUBMITTED, *told)
    return {one.dimension: (one.by, one.level, one.rater) for one in score(log, RUBRIC).final}


def test_every_rating_is_told_and_the_latest_of_each_counts() -> None:
    log = view(SUBMITTED, rating("Ada", 3), rating("Bo", None), rating("Ada", 5, blind=False))
    told = score(log, RUBRIC).ratings
    assert [(one.rater, one.levels["prompt"], one.blind, one.seq) for one in told] == [
        ("Ada", 3, True, 2), ("Bo", None, True, 3), ("Ada", 5, False, 4),
    ]  # fmt: skip
    assert [(one.rater, one.seq) for one in ratings.counting(told)] == [("Ada", 4), ("Bo", 3)]


def test_nothing_is_final_until_somebody_signs_or_overrides() -> None:
    assert final(rating("Ada", 3)) == {}
    assert final(override("Ada", 2)) == {"prompt": ("overridden", 2, "Ada")}
    assert final(override("Ada", 2), override("Bo", 4)) == {"prompt": ("overridden", 4, "Bo")}
    both = final(override("Ada", 2), signed("Bo"))
    assert both["prompt"] == ("overridden", 2, "Ada")
    assert {one[0] for name, one in both.items() if name != "prompt"} == {"signed"} and len(both) == len(
        RUBRIC.dimensions
    )


@pytest.mark.parametrize(
    "after",
    [
        override("Ada", 1),
        e.AnalysisRecorded(kind="judge", result={}),
        e.ExplanationRated(rater="Bo", question="why", about_seq=1, level=2),
        e.PayloadErased(seqs=(1,), reason="x"),
    ],
    ids=lambda one: one.type,
)
def test_a_signature_stands_for_what_was_signed(after: e.AnyPayload) -> None:
    assert "signed" in {by for by, _level, _who in final(signed("Ada")).values()}
    assert "signed" not in {by for by, _level, _who in final(signed("Ada"), after).values()}
    assert "signed" in {by for by, _level, _who in final(signed("Ada"), after, signed("Ada")).values()}


def test_another_rubrics_signatures_and_overrides_are_no_ones_here() -> None:
    other = sha256_hex(b"another")
    assert final(override("Ada", 2, sha256=other), signed("Ada", sha256=other)) == {}


def test_what_was_said_of_planted_mistakes_goes_with_them() -> None:
    """Once a candidate took that back, nothing that people said of it before is left, and all else is."""
    early = (rating("Ada", 4, critique=5), override("Ada", 1, "critique"), override("Ada", 2), signed("Ada"))
    back = e.ConsentWithdrawn(scope="planted-defects")
    before, after = final(*early), final(*early, back)
    assert before["critique"] == ("overridden", 1, "Ada") and after == {"prompt": ("overridden", 2, "Ada")}
    card = score(view(SUBMITTED, *early, back), RUBRIC)
    assert card.ratings[0].levels == {"prompt": 4}
    again = score(view(SUBMITTED, *early, back, rating("Ada", 4, blind=False, critique=2)), RUBRIC)
    assert again.ratings[1].levels == {"prompt": 4, "critique": 2}


def test_people_move_no_number_of_the_rubric() -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    log = LogView.of(header, records)
    more: list[e.AnyPayload] = [rating("Ada", 1), override("Bo", 5), signed("Bo")]
    events = [
        *log.events,
        *(
            e.Event(seq=len(log.events) + at, at_ms=0, actor="interviewer:Ada", type=one.type, cause=None, data=one)
            for at, one in enumerate(more, start=1)
        ),
    ]
    with_people = score(LogView(header, events, log.head_hash), RUBRIC)
    alone = score(log, RUBRIC)
    assert with_people.dimensions == alone.dimensions and with_people.flags == alone.flags
    assert with_people.ratings and with_people.final and not alone.final


def test_the_golden_log_of_peoples_words_is_understood_with_and_without_them() -> None:
    with GROWN_RATED.open(encoding="utf-8", newline="") as lines:
        header, records = read_log(lines)
    card = score(LogView.of(header, records), RUBRIC)
    assert [(one.rater, one.blind, one.levels) for one in card.ratings] == [
        ("Mo", True, {"prompt": 3, "critique": None}), ("Åsa", False, {"prompt": 4}),
    ]  # fmt: skip
    bare = [withhold("interviewer", record, judged=False) for record in records]
    assert {record.type for record in bare if record.payload is None} == JUDGEMENT - {"score.recorded"}
    assert score(LogView.of(header, bare), RUBRIC).ratings == ()


def proposal(level: int | None, ci95: tuple[float, float] | None, n: int = 8) -> DimensionScore:
    status: Status = "not_observed" if n == 0 else "leaning" if level else "cannot_tell"
    return DimensionScore(
        id="prompt", score=None, ci95=ci95, n=n, status=status, explanation="", indicators=(), level=level
    )  # fmt: skip


def compared(levels: dict[str, int | None], score_: DimensionScore) -> list[tuple[str, str]]:
    given = [
        RatedBy(rater=who, seq=seq, blind=True, rubric_sha256=PINNED, levels={"prompt": level}, reasons={})
        for seq, (who, level) in enumerate(levels.items())
    ]
    told = differences.differences(RUBRIC, [score_], given)
    return [(one.kind, " ".join(note.text % dict(note.values) for note in one.words)) for one in told]


def middle(level: int) -> float:
    """A value inside of that level of prompting."""
    dimension = RUBRIC.dimension("prompt")
    assert dimension is not None and dimension.levels is not None
    starts = [float(one.from_) for one in dimension.levels] + [1.0]
    return (starts[level - 1] + starts[level]) / 2


def test_every_difference_is_told_in_words() -> None:
    spread = proposal(3, (middle(3), middle(4)))
    assert compared({"Ada": 3, "Bo": 4, "Cy": 1, "Di": 5, "Ed": None}, spread) == [
        ("same", "Ada and the rubric both say level 3."),
        (
            "within",
            "The rubric says level 3; what it counted (opportunities: 8) allows levels 3 to 4. Bo's level 4 is one of them, so "
            "the two do not contradict each other.",
        ),
        (
            "outside",
            "The rubric says level 3; what it counted (opportunities: 8) allows levels 3 to 4. Cy's level 1 lies below all of "
            "them, by 2. Either the rater saw or weighed what the log does not count, or the count shows what was missed: what "
            "it counted and what it cannot see stand below.",
        ),
        (
            "outside",
            "The rubric says level 3; what it counted (opportunities: 8) allows levels 3 to 4. Di's level 5 lies above all of "
            "them, by 1. Either the rater saw or weighed what the log does not count, or the count shows what was missed: what "
            "it counted and what it cannot see stand below.",
        ),
        (
            "untold",
            "Ed cannot tell. The rubric says level 3; what it counted (opportunities: 8) allows levels 3 to 4.",
        ),
    ]


def test_where_the_rubric_has_no_level_the_person_is_not_contradicted() -> None:
    ((kind, words),) = compared({"Ada": 2}, proposal(None, None, 0))
    assert kind == "alone" and "saw no opportunity" in words and "stands alone" in words
    ((kind, words),) = compared({"Ada": 2}, proposal(None, None, 4))
    assert kind == "alone" and "too few for a level" in words
    ((kind, words),) = compared({"Ada": 2}, proposal(None, (middle(1), middle(4))))
    assert kind == "within" and "names no level" in words and "levels 1 to 4" in words
    ((kind, words),) = compared({"Ada": 2}, proposal(3, (middle(3), middle(3))))
    assert kind == "outside" and "allows no other" in words


def test_raters_are_told_how_far_they_are_apart() -> None:
    def apart(*levels: int | None) -> str:
        given = [
            RatedBy(rater=str(at), seq=at, blind=True, rubric_sha256="", levels={"prompt": level}, reasons={})
            for at, level in enumerate(levels)
        ]
        note = differences.apart(given, "prompt")
        return "" if note is None else note.text % dict(note.values)

    assert apart(3) == apart(3, None) == ""
    assert "agree" in apart(3, 3) and "one level" in apart(3, 4, 3) and "3 levels apart" in apart(1, 3, 4)


def test_each_measure_says_what_it_cannot_see() -> None:
    for dimension in RUBRIC.dimensions:
        assert differences.unseen(dimension)
    named = {indicator.signal for dimension in RUBRIC.dimensions for indicator in dimension.indicators}
    assert named <= differences.UNSEEN.keys()


# Questions

PROGRAM = "def fee(minutes):\n    return minutes\n"
RATE = "def rate(day):\n    if day == 'sunday':\n        return 0\n    return 250\n\n\n"
SUM = "def total(days):\n    return sum(rate(day) for day in days)\n\n\n"


def accepted(*pieces: str, then: Sequence[e.AnyPayload] = ()) -> LogView:
    """A program into which those pieces of the assistant were taken, each before what stood there."""
    told: list[e.AnyPayload] = [editing.snapshot("fees.py", 1, PROGRAM, "starter")]
    causes: dict[int, int] = {}
    text = PROGRAM
    for at, piece in enumerate(pieces):
        name = f"s{at}"
        hunk = e.Hunk(hunk="h", path="fees.py", base_version=1, line=1, before="", after=piece)
        told.append(e.SuggestionOffered(suggestion=name, turn="a1", title="", hunks=(hunk,)))
        told.append(e.SuggestionDecided(suggestion=name, hunk="h", decision="accepted"))
        causes[len(told) + 1] = len(told)
        changes = [[0, *piece.split("\n")], len(text)]
        told.append(e.FileEdited(path="fees.py", version=at + 2, changes=changes, origin="hunk", client=""))
        text = piece + text
    log = view(*told, *then, SUBMITTED)
    return LogView(HEADER, [_with(event, causes.get(event.seq)) for event in log.events])


def _with(event: e.Event, cause: int | None) -> e.Event:
    return e.Event(seq=event.seq, at_ms=event.at_ms, actor=event.actor, type=event.type, cause=cause, data=event.data)


def test_questions_are_about_what_the_assistant_brought_and_stands() -> None:
    why, change, fails = questions.questions(accepted(SUM, RATE))
    assert (why.id, change.id, fails.id) == ("why", "change", "fails")
    # The largest first; then what others rely on.
    assert (why.name, why.lines, why.about_seq, why.path) == ("rate", (1, 6), 6, "fees.py")
    assert (change.name, change.lines, change.about_seq) == ("total", (7, 10), 3)
    assert fails.name == "rate" and all(one.by_assistant for one in (why, change, fails))
    assert "def total" in change.code and [note.text for note in (why.text, change.text, fails.text)] == list(
        questions.WORDS.values()
    )


def test_what_others_rely_on_is_asked_about_as_such() -> None:
    long = "def longest(x):\n" + "".join(f"    x += {at}\n" for at in range(9)) + "    return x\n\n\n"
    why, change, fails = questions.questions(accepted(SUM, RATE, long))
    assert (why.name, change.name, fails.name) == ("longest", "rate", "total")


def test_one_piece_is_asked_about_three_times_and_none_never() -> None:
    one = questions.questions(accepted(RATE))
    assert [(asked.id, asked.name) for asked in one] == [("why", "rate"), ("change", "rate"), ("fails", "rate")]
    assert questions.questions(accepted()) == ()
    assert questions.questions(view(editing.snapshot("fees.py", 1, PROGRAM, "starter"))) == ()


def test_where_the_assistant_brought_nothing_it_is_ones_own_code() -> None:
    own = e.FileEdited(
        path="fees.py", version=2, changes=[[0, *RATE.split("\n")], len(PROGRAM)], origin="typed", client="c"
    )
    asked = questions.questions(accepted(then=[own]))
    assert [(one.name, one.by_assistant, one.about_seq) for one in asked] == [("rate", False, 2)] * 3


def test_questions_of_the_golden_log_are_always_the_same() -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        log = LogView.of(*read_log(lines))
    first = questions.questions(log)
    assert len(first) == 3 and len({one.about_seq for one in first}) == 3 and first == questions.questions(log)


def test_what_was_said_under_another_rubric_goes_whole_with_a_withdrawal() -> None:
    """Which of its dimensions rested on planted mistakes, this rubric cannot know."""
    other = rating("Bo", 2, charm=4).model_copy(update={"rubric_sha256": "0" * 64})
    taken = e.ConsentWithdrawn(scope="planted-defects")
    said = ratings.judged(view(SUBMITTED, rating("Ada", 3), other, taken, other), RUBRIC).ratings
    assert [one.levels for one in said] == [{"prompt": 3}, {}, {"prompt": 2, "charm": 4}]
