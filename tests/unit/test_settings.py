"""What the environment may say about interviews that are made from now on, and what such an interview then holds."""

from __future__ import annotations

import pytest

from assistant.base import Provider
from assistant.prices import cost_microusd
from assistant.registry import get
from interviews import exercises
from interviews.errors import BadInput
from interviews.events import InterviewSettings
from interviews.service.terms import models, require_possible, require_terms
from interviews.settings import read_settings
from wiring import interview_settings


def chosen(**environ: str) -> InterviewSettings:
    return interview_settings(read_settings({f"PAIRSIGHT_{name}": value for name, value in environ.items()}))


def test_an_interview_holds_what_was_set() -> None:
    made = chosen(
        PROVIDER="anthropic", MODE="agent", MODELS="claude-opus-5-5, claude-sonnet-5-5", BUDGET_TOKENS="200000",
        BUDGET_USD="2.50", SHARE_BRIEF="true", SHARE_TREE="no",
    )  # fmt: skip
    assert made.mode == "agent" and made.model == "claude-opus-5-5"
    assert made.models == ("claude-opus-5-5", "claude-sonnet-5-5")
    assert (made.budget_tokens, made.budget_cents) == (200_000, 250)
    assert made.brief_shared and not made.tree_shared


def test_what_is_not_set_stays_as_it_was() -> None:
    exercise = exercises.load("prompted-playlists")
    review = exercise.spec.review_minutes if exercise.review else 0
    assert chosen() == InterviewSettings(minutes=exercise.spec.minutes, review_minutes=review, delegation=True)
    assert chosen().mode == "edit" and chosen().tree_shared and not chosen().brief_shared and chosen().models == ()


def test_the_phases_are_as_long_as_set() -> None:
    made = chosen(MINUTES="20", REVIEW_MINUTES="0", DELEGATION="no")
    assert (made.minutes, made.review_minutes, made.delegation) == (20, 0, False)


def test_who_may_only_talk_has_nothing_to_hand_over() -> None:
    assert not chosen(MODE="chat").delegation


def test_a_model_that_is_named_is_the_default_among_those_to_choose() -> None:
    made = chosen(MODEL="b", MODELS="a,b,c")
    assert made.model == "b" and made.models == ("b", "a", "c")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REVIEW_MINUTES", "-1", "greater than or equal to 0"),
        ("MODE", "autopilot", "'chat', 'edit' or 'agent'"),
        ("MODELS", "a,a", "each once"),
        ("MODELS", "a b", "divided by commas"),
        ("MODELS", ",".join(map(str, range(21))), "at most 20"),
        ("BUDGET_TOKENS", "-1", "greater than or equal to 0"),
        ("BUDGET_TOKENS", "many", "valid integer"),
        ("BUDGET_USD", "-0.01", "greater than or equal to 0"),
        ("BUDGET_USD", "0.001", "2 decimal places"),
        ("BUDGET_USD", "NaN", "finite"),
        ("SHARE_BRIEF", "perhaps", "boolean"),
        ("SHARE_TREE", "2", "boolean"),
    ],
)
def test_a_wrong_setting_is_told_with_what_was_expected_and_what_came(name: str, value: str, expected: str) -> None:
    with pytest.raises(BadInput) as told:
        read_settings({f"PAIRSIGHT_{name}": value})
    assert f"PAIRSIGHT_{name}" in str(told.value) and expected in str(told.value) and repr(value) in str(told.value)


def test_the_model_must_be_among_the_models() -> None:
    with pytest.raises(BadInput, match="PAIRSIGHT_MODELS: Expected c among them"):
        read_settings({"PAIRSIGHT_MODELS": "a,b", "PAIRSIGHT_MODEL": "c"})
    with pytest.raises(BadInput, match="one of a, b, got c"):
        require_terms(InterviewSettings(models=("a", "b"), model="c"), get("scripted"), cost_microusd)


def test_a_budget_in_money_needs_models_with_a_price() -> None:
    with pytest.raises(BadInput, match=r"got my-own, .*tokens"):
        chosen(PROVIDER="anthropic", BUDGET_USD="1", MODELS="claude-opus-5-5,my-own")
    assert chosen(PROVIDER="anthropic", BUDGET_TOKENS="1", MODELS="my-own").budget_tokens == 1
    # Where no model was chosen the provider's own answers; where there is none at all nothing is ever paid.
    assert chosen(PROVIDER="anthropic", BUDGET_USD="1").budget_cents == 100
    assert chosen(BUDGET_USD="1").budget_cents == 100


def test_an_interview_is_made_only_where_each_of_its_models_can_be_used() -> None:
    class Picky:
        name, plants, pace_s, model, receiver = "picky", False, 0.0, "own", ""
        asked: tuple[str, ...] = ()

        def check(self, model: str) -> str:
            self.asked += (model,)
            return "it has no such model" if model == "b" else ""

        def prepare(self) -> None:
            pass

        reply = get("scripted").reply

    picky = Picky()
    provider: Provider = picky
    require_possible(InterviewSettings(), provider, cost_microusd)
    assert picky.asked == ("",) and models(InterviewSettings(), provider) == ("own",)
    with pytest.raises(BadInput, match="no such model"):
        require_possible(InterviewSettings(models=("a", "b"), model="a"), provider, cost_microusd)
