"""Interviews to be judged, told event by event, for the tests of the judge."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from interviews import events as e
from interviews.log import MemoryLog
from rubrics.base import LogView
from rubrics.judging.prompt import Plan, Request, plan
from rubrics.rubric import Rubric, parse
from tests.golden.story import Story
from tests.loopback.judging import Spoken
from tests.loopback.script import Body
from tests.support import header

MODEL = "claude-sonnet-5"
_LEVELS = "\n".join(
    f"      - {{from: 0.{2 * at}, words: {words}}}"
    for at, words in enumerate(("Says nothing.", "Says little.", "Says half.", "Says most.", "Says it all."))
)
RUBRIC = f"""\
id: judged
version: 1
title: Judged
about: A rubric with one question.
dimensions:
  - id: prompt
    title: Prompting
    about: Says what is needed.
    levels:
{_LEVELS}
    judge: {{question: "How clearly is it said?", repeats: 5, cap: 0.1}}
    indicators:
      - id: grounding
        title: Grounding
        signal: grounding
        weight: 1
        prior: {{kind: share, a: 5, b: 5, why: A test.}}
        levels:
{_LEVELS.replace("      -", "          -")}
"""


def rubric(old: str = "", new: str = "") -> Rubric:
    """The rubric of these tests, changed at one place."""
    assert old in RUBRIC
    return parse(RUBRIC.replace(old, new, 1).encode() if old else RUBRIC.encode(), "judged.yaml")


PLAIN = (
    "Please make fee_cents count every started hour in full.",
    "test_started_hour still fails: 61 minutes must cost 500 cents, not 250.",
)


def told(*prompts: str, salt: int = 1, **settings: object) -> Story:
    """An interview in which these prompts were sent and answered, handed in."""
    story = Story(header("j1", **{"judge": "anthropic", **settings}))
    salts, at = itertools.count(salt), itertools.count(1_700_000_000_000, 1_250)
    story.log = MemoryLog(lambda: next(at), lambda: f"{next(salts):032x}")
    story.log.create(story.header)
    requirement = e.Requirement(id="secret-atom", text="KEY-OF-THE-EXERCISE", patterns=("hidden-pattern",))
    story.tell("system", e.KeyRecorded(requirements=(requirement,), defects=(), brief_shared=False))
    story.tell("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en"))
    story.tell("system", e.InterviewStarted(), e.PhaseStarted(phase="open", duration_ms=1_000_000))
    for number, prompt in enumerate(prompts or PLAIN):
        story.ask(f"a{number}", prompt)
        story.answer(f"a{number}", "I changed it.")
    story.tell("interviewer:Mo", e.NoteAdded(text="SEEMS-NERVOUS", about_seq=1))
    story.tell("system", e.InterviewSubmitted(by="candidate", late=False))
    hidden = [{"id": "HIDDEN-TEST", "outcome": "passed"}]
    story.tell("system", e.AnalysisRecorded(kind="hidden_tests", result={"tests": hidden}, key="a" * 64))
    return story


def asked(story: Story, by: Rubric | None = None) -> Plan:
    """What is asked of it."""
    return plan(story.view(), by or rubric(), MODEL)


def prompts_of(story: Story) -> dict[int, str]:
    """The prompts by event."""
    return {event.seq: event.data.text for event in story.view().events if isinstance(event.data, e.PromptSent)}


def given(request: Request, level: int, *quotes: tuple[int, str]) -> e.Json:
    """An answer of that level."""
    letter = next(letter for letter, one in request.levels.items() if one == level)
    return {"choice": letter, "quotes": [{"event": seq, "quote": text} for seq, text in quotes], "reason": "So it is."}


def choosing(story: Story, by: Rubric, level: Callable[[int], int]) -> Callable[[Body, int], Spoken]:
    """A service that answers the n-th repetition with ``level(n)``, quoting the first prompt."""
    requests = {one.options: one for one in asked(story, by).requests()}
    seq, text = next(iter(prompts_of(story).items()))

    def speak(body: Body, _number: int) -> Spoken:
        content: list[dict[str, Any]] = body["messages"][0]["content"]
        request = requests[content[1]["text"]]
        return Spoken(given(request, level(request.number), (seq, text[:60])))

    return speak


def view_with(story: Story, data: e.AnalysisRecorded) -> LogView:
    """The log after that was recorded."""
    story.tell("system", data)
    return story.view()
