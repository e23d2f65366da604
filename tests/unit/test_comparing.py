"""The baseline in an interview's log: recorded once, and never in the way of its end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interviews import events as e
from interviews.log import Draft
from interviews.service.comparing import compare
from interviews.service.interview import Interview
from tests.support import bare_interview
from tests.unit.test_lift import alone


def recorded(interview: Interview) -> list[e.Json]:
    return [
        (record.payload or {})["result"]
        for record in interview.log.read(interview.id)
        if record.type == "analysis.recorded"
    ]


def test_it_is_recorded_once_as_it_was_then() -> None:
    interview = bare_interview()
    asked: list[str] = []

    def baseline(header: e.Header) -> e.Json:
        asked.append(header.exercise.id)
        return alone(*[0.5] * len(asked)).result()

    interview.tools = replace(interview.tools, baseline=baseline)
    compare(interview)
    compare(interview)
    assert recorded(interview) == [alone(0.5).result()] and asked == ["none"]


def test_where_nobody_tried_nothing_is_recorded() -> None:
    interview = bare_interview()
    compare(interview)
    assert recorded(interview) == []


def test_a_database_that_is_away_does_not_keep_an_interview_from_its_end() -> None:
    interview = bare_interview()

    def away(header: e.Header) -> e.Json:
        raise OSError("the disk is gone")

    interview.tools = replace(interview.tools, baseline=away)
    compare(interview)
    assert recorded(interview) == []


@pytest.mark.parametrize(("answered", "asked"), [((), []), (("b", "b"), ["b"]), (("a", "b"), []), (("a", "b!"), ["a"])])
def test_where_there_was_a_choice_it_is_that_of_the_model_that_answered(
    answered: tuple[str, ...], asked: list[str]
) -> None:
    interview, found = bare_interview(model="a", models=("a", "b")), list[str]()
    for turn, model in enumerate(answered):
        name = f"a{turn}"
        ended: e.AnyPayload = e.ReplyFinished(
            turn=name, text="Yes", stop_reason="end", usage=e.Usage(), first_token_ms=1, total_ms=1
        )
        if model.endswith("!"):
            ended = e.ReplyFailed(turn=name, reason="no answer")
        started = e.ReplyStarted(turn=name, provider="anthropic", model=model.rstrip("!"))
        interview.record(Draft("assistant", started), Draft("assistant", ended))

    def baseline(header: e.Header) -> e.Json:
        found.append(header.settings.model)
        return alone(0.5).result()

    interview.tools = replace(interview.tools, baseline=baseline)
    compare(interview)
    assert found == asked and len(recorded(interview)) == len(asked)
