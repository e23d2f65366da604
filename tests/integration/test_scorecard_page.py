"""The scorecard's page: what it says of a score, and what it keeps apart from it."""

from __future__ import annotations

import pytest
from flask import Flask, render_template

from interviews.service.registry import Interviews
from interviews.service.room import Room
from interviews.settings import Settings
from rubrics.base import JudgeScore, LogView, Scorecard
from rubrics.rubric import Rubric, load
from rubrics.scoring import score
from tests.judging import form, over, rater
from web import rating


@pytest.fixture(scope="module")
def room(interviews: Interviews) -> Room:
    return over(interviews)


@pytest.fixture(scope="module")
def page(app: Flask, settings: Settings, room: Room) -> str:
    client = rater(app, settings, room, "Ada")
    assert client.post(f"/interviews/{room.interview.id}/rate", data=form()).status_code == 302
    return client.get(f"/interviews/{room.interview.id}/scorecard").get_data(as_text=True)


def drawn(app: Flask, room: Room, card: Scorecard, rubric: Rubric) -> str:
    records = room.interview.log.read(room.interview.id)
    titles = {one.id: one.title for one in rubric.dimensions}
    titles |= {one.id: one.title for dimension in rubric.dimensions for one in dimension.indicators}
    with app.test_request_context(f"/interviews/{room.interview.id}/scorecard"):
        return render_template(
            "scorecard.html", room=room, card=card, rubric=rubric, titles=titles, moments=rating.moments(room, records),
            state=room.interview.state,
            people=rating.compared(room, LogView.of(room.interview.header, records), card, rubric),
        )  # fmt: skip


def part(page: str, id_: str) -> str:
    """The card of that id."""
    return page.split(f'<section class="card" id="{id_}">', 1)[1].split("</section>", 1)[0]


def test_each_dimension_has_its_status_interval_words_and_moments(page: str, room: Room) -> None:
    rubric = load("standard")
    card = score(LogView.of(room.interview.header, room.interview.log.read(room.interview.id)), rubric)
    for dimension in card.dimensions:
        shown = part(page, dimension.id)
        words = {"not_observed": "not observed", "cannot_tell": "cannot tell"}
        expected = words.get(dimension.status) or f"level {dimension.level} of 5"
        assert expected in shown
        assert ('class="band"' in shown) == bool(dimension.ci95 or [one for one in dimension.indicators if one.ci95])
        described = rubric.dimension(dimension.id)
        assert described is not None and described.levels is not None
        for level in described.levels:
            assert level.words.replace("'", "&#39;") in shown
        for one in dimension.indicators:
            row = shown.split(f'<tr id="{one.id}">', 1)[1].split("</tr>", 1)[0]
            assert all(f"#seq={seq}" in row for seq in one.evidence)
            assert (">–<" in row) == (not one.evidence)


def test_that_it_is_uncalibrated_stands_once_and_before_any_level(page: str) -> None:
    assert page.count("Uncalibrated") == 1
    assert page.index("Uncalibrated") < page.index('class="level"')
    assert "Read a level as a suggestion" in page


def test_what_is_only_shown_stands_apart(page: str) -> None:
    shown = part(page, "shown")
    assert "Shown, never scored" in shown and 'id="shown-prompt_scope"' in shown
    assert "level" not in shown


def test_what_a_model_said_is_told_with_its_effect_and_its_bound(app: Flask, room: Room) -> None:
    rubric = load("standard")
    card = score(LogView.of(room.interview.header, room.interview.log.read(room.interview.id)), rubric)
    assert "A model's say" not in drawn(app, room, card, rubric)
    said = JudgeScore(
        level=4, levels=(4, 4, 5), spread=1, reason="Level 4 in the <b>middle</b>.", evidence=(27,), effect=0.031, model="m-1",
        key="ab" * 32,
    )  # fmt: skip
    silent = said.model_copy(update={"level": None, "effect": 0.0, "reason": "It abstains."})
    judged = {"prompt": said, "critique": silent}
    dimensions = tuple(one.model_copy(update={"judge": judged.get(one.id)}) for one in card.dimensions)
    page = drawn(app, room, card.model_copy(update={"dimensions": dimensions}), rubric)
    prompt, critique = part(page, "prompt"), part(page, "critique")
    asked = rubric.dimensions[0].judge
    assert asked is not None
    assert f"by +0.031; the rubric allows {asked.cap:.2f} at most" in prompt and "#seq=27" in prompt
    assert "&lt;b&gt;middle" in prompt and "<b>" not in prompt
    assert "abstains" in critique and "It did not move the score above." in critique
    assert "A model" not in part(page, "verify")


def test_words_of_a_rubric_are_words_whatever_they_hold(app: Flask, room: Room) -> None:
    rubric = load("standard")
    first = rubric.dimensions[0]
    assert first.levels is not None
    levels = tuple(one.model_copy(update={"words": f"<i>{one.words}"}) for one in first.levels)
    odd = first.model_copy(update={"title": "<i>Title", "about": "<i>About", "levels": levels})
    own = rubric.model_copy(update={"dimensions": (odd, *rubric.dimensions[1:])})
    card = score(LogView.of(room.interview.header, room.interview.log.read(room.interview.id)), own)
    shown = part(drawn(app, room, card, own), "prompt")
    assert "<i>" not in shown and shown.count("&lt;i&gt;") >= 7


def test_a_rubric_of_the_older_form_is_drawn_too(app: Flask, room: Room) -> None:
    rubric = load("standard")
    old = rubric.model_copy(
        update={
            "dimensions": tuple(one.model_copy(update={"levels": None, "judge": None}) for one in rubric.dimensions)
        }
    )
    card = score(LogView.of(room.interview.header, room.interview.log.read(room.interview.id)), old)
    assert "The five levels in words" not in part(drawn(app, room, card, old), "prompt")
