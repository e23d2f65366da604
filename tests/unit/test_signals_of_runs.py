"""What runs, hidden tests and people decide: fix yield, loops, hidden tests, explain-back."""

from __future__ import annotations

from typing import cast

import pytest

from interviews import events as e
from rubrics import registry
from rubrics.base import Share
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.story import Story, note
from tests.unit.test_signals import CAP, asked, begin, finish, offered, share

TWO, STARTED, OWN = (
    "tests/test_fees.py::test_two_hours",
    "tests/test_fees.py::test_started_hour",
    "tests/test_own.py::test_new",
)
GRACE = "tests/test_fees.py::test_grace"
ALL = (TWO, STARTED, GRACE)


def ran(story: Story, name: str, *failing: str, tests: tuple[str, ...] = ALL) -> None:
    seq = story.tell("candidate", e.RunStarted(run=name, files={}))
    results = tuple(e.TestResult(id=test, outcome="failed" if test in failing else "passed") for test in tests)
    done = e.RunFinished(run=name, exit_code=0, tests=results, output="", timed_out=False, duration_ms=1)
    story.tell("system", done, cause=seq)


def follow_up(text: str = CAP, *, before: tuple[str, ...] = (TWO, STARTED)) -> Story:
    """A first prompt, a run in which tests fail, and a follow-up whose change is taken over."""
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", *before)
    asked(story, "a2", text)
    offered(story, "a2", note("h1", "cap", "cap"))
    return story


# Fix yield


@pytest.mark.parametrize(
    ("before", "after", "hits"),
    [
        ((TWO, STARTED), (TWO,), 1),
        ((TWO,), (), 1),
        ((TWO,), (TWO,), 0),
        ((TWO,), (STARTED,), 0),
        ((TWO,), (TWO, STARTED), 0),
    ],
)
def test_a_follow_up_yields_where_failures_go_down_and_nothing_breaks(
    before: tuple[str, ...], after: tuple[str, ...], hits: int
) -> None:
    story = follow_up(before=before)
    ran(story, "r2", *after)
    assert share(story, "fix_yield") == (hits, 1)


def test_a_new_failing_test_breaks_nothing() -> None:
    story = follow_up()
    ran(story, "r2", STARTED, OWN, tests=(*ALL, OWN))
    assert share(story, "fix_yield") == (1, 1)


def test_what_the_candidate_mends_after_the_run_is_their_own_work() -> None:
    story = follow_up()
    ran(story, "r2", TWO, STARTED)
    ran(story, "r3")
    assert share(story, "fix_yield") == (0, 1)


@pytest.mark.parametrize("text", ["test_two_hours is red", "make it better", "thanks"])
def test_what_names_a_failure_or_says_nothing_definite_is_counted_elsewhere(text: str) -> None:
    story = follow_up(text)
    ran(story, "r2")
    assert share(story, "fix_yield") == (0, 0)


def test_without_a_failure_before_or_a_run_after_there_is_no_opportunity() -> None:
    assert share(follow_up(), "fix_yield") == (0, 0)
    story = follow_up(before=())
    ran(story, "r2")
    assert share(story, "fix_yield") == (0, 0)


# Loops


def worked(*outcomes: tuple[str, ...]) -> Story:
    story = begin()
    for at, failing in enumerate(outcomes):
        ran(story, f"r{at}", *failing)
    return story


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (((TWO,), (STARTED,), (TWO,)), (0, 1)),
        (((TWO,), (STARTED,), (GRACE,), (TWO,)), (1, 2)),
        (((TWO, STARTED), (TWO, GRACE), (TWO,)), (1, 1)),
        # What was mended without harm led nowhere from which to return.
        (((TWO, STARTED), (TWO,), (TWO, STARTED)), (0, 0)),
        (((TWO,), (), (TWO,), ()), (0, 0)),
        (((TWO, STARTED), (TWO,), ()), (0, 0)),
        (((TWO,), (TWO,), (TWO,)), (0, 0)),
        (((TWO,), ()), (0, 0)),
        ((), (0, 0)),
        (((),), (0, 0)),
    ],
)
def test_a_return_to_a_failure_that_had_been_left(
    outcomes: tuple[tuple[str, ...], ...], expected: tuple[int, int]
) -> None:
    assert share(worked(*outcomes), "loops") == expected


def test_the_first_run_behind_a_prompt_is_no_return() -> None:
    for prompted, expected in ((False, (0, 1)), (True, (0, 0))):
        story = begin()
        asked(story, "a1", "do it")
        ran(story, "r1", TWO)
        ran(story, "r2", STARTED)
        if prompted:
            asked(story, "a2", "make it better")
        ran(story, "r3", TWO)
        assert share(story, "loops") == expected


@pytest.mark.parametrize(("then", "expected"), [(TWO, (0, 1)), (GRACE, (1, 1))])
def test_a_failure_left_before_a_prompt_can_come_back_behind_it(then: str, expected: tuple[int, int]) -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    asked(story, "a2", "make it better")
    ran(story, "r2", STARTED)
    ran(story, "r3", then)
    assert share(story, "loops") == expected


def test_running_a_hundred_times_neither_gains_nor_costs() -> None:
    steps = ((TWO, STARTED), (TWO,), (STARTED,), (TWO,), ())
    once, often = worked(*steps), worked(*(step for step in steps for _ in range(20)))
    assert share(once, "loops") == share(often, "loops")
    assert share(once, "fix_yield") == share(often, "fix_yield")


def test_writing_tests_is_no_way_out_of_a_loop() -> None:
    story = begin()
    ran(story, "r1", TWO)
    ran(story, "r2", STARTED)
    ran(story, "r3", TWO, OWN, tests=(*ALL, OWN))
    assert share(story, "loops") == (0, 1)


def test_the_run_that_decides_a_follow_up_is_no_loop() -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    ran(story, "r2", STARTED)
    asked(story, "a2", "test_started_hour is red")
    ran(story, "r3", TWO)
    finish(story)
    assert share(story, "productive_follow_up") == (1, 1)
    assert share(story, "loops") == (0, 0)


def test_what_resolves_a_follow_up_decides_nothing_else() -> None:
    for failing, productive in (((STARTED,), (1, 1)), ((TWO, STARTED), (0, 1))):
        story = begin()
        asked(story, "a1", "do it")
        ran(story, "r1", TWO)
        asked(story, "a2", "test_two_hours is red")
        ran(story, "r2", *failing)
        ran(story, "r3", TWO, GRACE)
        ran(story, "r4", TWO, STARTED)
        assert share(story, "productive_follow_up") == productive
        assert share(story, "loops") == (0, 0)


def test_what_is_mended_after_the_run_that_decides_resolves_no_named_failure() -> None:
    """It is their own work, and may be a way back. Where nothing was taken over, all of it may have come of the answer."""
    for taken, productive, loops in ((True, (0, 1), (0, 1)), (False, (1, 1), (0, 0))):
        story = begin()
        asked(story, "a1", "do it")
        ran(story, "r1", TWO, STARTED)
        asked(story, "a2", "test_two_hours is red")
        if taken:
            offered(story, "a2", note("h1"))
        ran(story, "r2", TWO, STARTED)
        ran(story, "r3", STARTED)
        ran(story, "r4", GRACE)
        ran(story, "r5", STARTED)
        assert share(story, "productive_follow_up") == productive
        assert share(story, "loops") == loops


@pytest.mark.parametrize("at", [0, 1, 2])
def test_taking_over_what_is_left_later_on_changes_no_round(at: int) -> None:
    story = begin()
    asked(story, "a1", "do it")
    offered(story, "a1", note("h0", "cap"))
    ran(story, "r1", TWO)
    asked(story, "a2", "test_two_hours is red")
    offered(story, "a2", note("h1", "cap"))
    ran(story, "r2", TWO)
    ran(story, "r2b", TWO)
    if at == 1:
        offered(story, "a2", note("h2", "cap"))
    asked(story, "a3", CAP)
    if at == 2:
        offered(story, "a2", note("h2", "cap"))
    offered(story, "a3", note("h3", "cap"))
    ran(story, "r3")
    assert share(story, "productive_follow_up") == (1, 2)
    assert share(story, "fix_yield") == (1, 1)


def test_a_run_that_resolves_a_named_failure_is_no_occasion_of_a_round() -> None:
    """It decides the one; what fails in it when the next follow-up is sent would be its second."""
    for again in (False, True):
        story = follow_up("test_two_hours is red", before=(TWO,))
        ran(story, "r2", TWO)
        if again:
            ran(story, "r2b", TWO)
        asked(story, "a3", CAP)
        offered(story, "a3", note("h2", "cap", "cap"))
        ran(story, "r3")
        assert share(story, "productive_follow_up") == (1, 2)
        assert share(story, "fix_yield") == ((1, 1) if again else (0, 0))


@pytest.mark.parametrize("failing", [(), (TWO,)])
def test_a_round_whose_last_run_a_named_failure_stands_in_is_none(failing: tuple[str, ...]) -> None:
    story = follow_up(before=(TWO,))
    ran(story, "r2", *failing)
    asked(story, "a3", "test_two_hours is red")
    offered(story, "a3", note("h2"))
    ran(story, "r3")
    assert share(story, "fix_yield") == (0, 0)
    # What the run has just passed is no failure that could be resolved.
    assert share(story, "productive_follow_up") == (1 + bool(failing), 2)


@pytest.mark.parametrize(("text", "chances"), [("Hmm, try again.", 1), ("test_grace is red", 0), (CAP, 0)])
def test_a_run_that_a_follow_up_met_is_no_chance_of_a_way_back(text: str, chances: int) -> None:
    for failing in ((), (TWO,), (GRACE,)):
        story = begin()
        asked(story, "a1", "do it")
        for name, some in (("r1", (TWO,)), ("r2", (STARTED,)), ("r3", failing)):
            ran(story, name, *some)
        asked(story, "a2", text)
        offered(story, "a2", note("h1", "cap", "cap"))
        ran(story, "r4")
        assert share(story, "loops")[1] == chances


def test_a_prompt_that_nothing_came_of_takes_no_run() -> None:
    """No run was made behind it: what the one before it shows is nobody's but the candidate's own work."""
    story = begin()
    asked(story, "a1", "do it")
    for name, failing in (("r1", TWO), ("r2", STARTED), ("r3", TWO)):
        ran(story, name, failing)
    asked(story, "a2", "test_two_hours is red")
    assert share(story, "loops") == (0, 1)
    assert share(story, "productive_follow_up") == (0, 0)


def test_which_runs_are_a_follow_ups_is_not_for_their_outcomes_to_say() -> None:
    for failing in ((TWO,), (TWO, GRACE)):
        story = begin()
        asked(story, "a1", "do it")
        ran(story, "r1", TWO)
        asked(story, "a2", "test_two_hours is red")
        ran(story, "r2", *failing)
        ran(story, "r3", STARTED)
        ran(story, "r4", GRACE)
        assert share(story, "loops") == (0, 0)


def test_where_nothing_was_taken_over_what_runs_show_is_the_candidates_own_work() -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    asked(story, "a2", CAP)
    ran(story, "r2", STARTED)
    ran(story, "r3")
    assert share(story, "fix_yield") == (0, 0)
    assert share(story, "loops") == (1, 1)


def test_what_was_run_before_the_change_was_taken_over_tells_nothing_of_it() -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    asked(story, "a2", "test_two_hours is red")
    ran(story, "r2", TWO)
    offered(story, "a2", note("h1"))
    ran(story, "r3")
    assert share(story, "productive_follow_up") == (1, 1)


def test_what_came_with_the_assistants_change_is_no_return() -> None:
    story = begin()
    asked(story, "a1", "do it")
    ran(story, "r1", TWO)
    ran(story, "r2", STARTED)
    asked(story, "a2", "make it better")
    ran(story, "r3", STARTED)
    offered(story, "a2", note("h1", "cap", "cap"))
    ran(story, "r4", STARTED, TWO)
    assert share(story, "loops") == (0, 0)


def test_going_back_and_forth_pays_once() -> None:
    steps = ((TWO,), (STARTED,), ())
    assert share(worked(*steps), "loops") == share(worked(*(steps * 5)), "loops") == (1, 1)


# Hidden tests


def test_hidden_tests_count_once_each_and_planted_mistakes_not_at_all() -> None:
    story = begin()
    finish(story, test_cap="passed", test_grace="failed")
    tests = [
        {"id": "test_fees.py::test_cap[1]", "outcome": "passed"}, {"id": "test_fees.py::test_cap[2]", "outcome": "failed"},
        {"id": "test_fees.py::test_grace", "outcome": "passed"}, {"id": "test_rates.py::test_rate_1", "outcome": "failed"},
    ]  # fmt: skip
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": tests}))
    assert share(story, "hidden_tests") == (1, 2)


def test_a_test_that_showed_a_requirement_mended_is_not_counted_again() -> None:
    for outcome, coverage, hidden in (("passed", (1, 1), (1, 1)), ("failed", (0, 1), (1, 1))):
        story = begin()
        asked(story, "a1", "do it")
        offered(story, "a1", note("h1", "cap"))
        finish(story, test_cap=outcome)
        assert share(story, "requirement_coverage") == coverage
        assert share(story, "hidden_tests") == hidden


def test_a_grader_that_could_not_run_says_nothing() -> None:
    story = begin()
    story.tell("candidate", e.InterviewSubmitted(by="candidate", late=False))
    assert share(story, "hidden_tests") == (0, 0)
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"failed": "no sandbox", "tests": []}))
    assert share(story, "hidden_tests") == (0, 0)


# Explain-back


def explained(*answers: tuple[str, str, e.Level]) -> Story:
    story = begin()
    finish(story)
    for rater, question, level in answers:
        rated = e.ExplanationRated(rater=rater, question=question, about_seq=1, level=level)
        story.tell(f"interviewer:{rater}", rated)
    return story


def e_level(number: int) -> e.Level:
    return cast(e.Level, number)


def test_three_answers_are_twelve_steps() -> None:
    story = explained(("Mo", "a", 5), ("Mo", "b", 3), ("Mo", "c", 1))
    assert share(story, "explain_back") == (6, 12)
    reading = registry.signal("explain_back").read(story.view())
    assert isinstance(reading, Share)
    assert reading.source == "human"


def test_the_last_word_of_each_and_the_middle_of_several_count() -> None:
    one = explained(("Mo", "a", 1), ("Mo", "b", 3), ("Mo", "c", 3), ("Mo", "a", 5))
    assert share(one, "explain_back") == (8, 12)
    three = explained(("Mo", "a", 5), ("Mo", "b", 3), ("Mo", "c", 3), ("Bo", "a", 3), ("Cy", "a", 1))
    assert share(three, "explain_back") == (6, 12)


def test_a_second_rater_raises_as_easily_as_they_lower() -> None:
    mo: tuple[tuple[str, str, e.Level], ...] = (("Mo", "a", 3), ("Mo", "b", 3), ("Mo", "c", 3))
    for levels, steps in (
        ((5, 5, 5), 9),
        ((1, 1, 1), 3),
        ((5, 3, 3), 7),
        ((1, 3, 3), 5),
        ((3, 3, 3), 6),
        ((4, 2, 3), 6),
    ):
        bo = [("Bo", question, e_level(level)) for question, level in zip("abc", levels, strict=True)]
        assert share(explained(*mo, *bo), "explain_back") == (steps, 12)
        assert share(explained(*bo, *mo), "explain_back") == (steps, 12)


def test_halves_are_added_up_before_one_is_rounded() -> None:
    halves: list[tuple[str, str, e.Level]] = [("Mo", one, 4) for one in "abc"] + [("Bo", one, 3) for one in "abc"]
    # Three times two steps and a half.
    assert share(explained(*halves), "explain_back") == (8, 12)
    assert share(explained(*halves[:5]), "explain_back") == (8, 12)
    # Either way of reading the scale rounds alike: 12 less what is reached.
    turned = [(rater, question, e_level(6 - level)) for rater, question, level in halves]
    assert share(explained(*turned), "explain_back") == (4, 12)


def test_one_person_in_two_spellings_is_one_rater() -> None:
    said: list[tuple[str, str, e.Level]] = [("Ada", one, 1) for one in "abc"] + [("ada", one, 5) for one in "abc"]
    assert share(explained(*said), "explain_back") == (12, 12)
    wide = [*said, ("\uff21da", "a", e_level(3))]
    assert share(explained(*wide), "explain_back") == (10, 12)


def test_below_three_answers_there_are_counts_only() -> None:
    story = explained(("Mo", "a", 5), ("Mo", "b", 4))
    assert share(story, "explain_back") == (0, 0)
    card = score(story.view(), load("standard"))
    found = next(one for dimension in card.dimensions for one in dimension.indicators if one.id == "explain_back")
    assert (found.status, found.value, found.level, found.source) == ("cannot_tell", None, None, "human")
    assert share(explained(), "explain_back") == (0, 0)
