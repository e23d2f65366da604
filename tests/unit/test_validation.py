"""The report on scores: its claims hold or fail by what is scored, and its statistics are right."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from statistics import NormalDist

import pytest
from click.testing import CliRunner

from app import main
from interviews.errors import BadInput
from rubrics.base import Scorecard
from rubrics.rubric import load
from simulator.chance import Skills, anybody
from simulator.course import Request, Simulated, simulate
from validation import NAMES, coverage, gaming, invariance, oracle, rated, recovery, style
from validation.claims import Claim, Part, Report
from validation.figures import correlation, expected_share, probit_regression, wilson
from validation.report import PARTS, report, trying
from validation.trying import How, Scorer, level_of, standard

FEW = 0.02


def how(scorer: Scorer = standard, scale: float = FEW) -> How:
    return How(scorer, load("standard"), scale=scale)


def of(claims: list[Claim], words: str) -> list[Claim]:
    return [claim for claim in claims if words in claim.what]


def _with_scores(card: Scorecard, score: float, only: str = "") -> Scorecard:
    dimensions = tuple(
        one if only not in ("", one.id) else one.model_copy(update={"score": score, "ci95": (score, score)})
        for one in card.dimensions
    )
    return card.model_copy(update={"dimensions": dimensions})


def deaf(made: Simulated) -> Scorecard:
    """Says something that has nothing to do with the interview, and is sure of it."""
    return _with_scores(standard(made), random.Random(made.header.id).random())


def wordy(made: Simulated) -> Scorecard:
    """Rewards whoever writes most."""
    said = sum(len((one.payload or {}).get("text", "")) for one in made.records if one.type == "prompt.sent")
    return _with_scores(standard(made), min(0.99, said / 5_000), "prompt")


def stylish(made: Simulated) -> Scorecard:
    """Rewards prompts in the chat."""
    chats = sum(one.type == "prompt.sent" for one in made.records)
    return _with_scores(standard(made), min(0.9, 0.1 + chats / 12))


def test_scores_without_the_skill_in_them_do_not_recover_it_and_cover_nothing() -> None:
    claims = recovery.claims(how(deaf, 0.04))
    for words in ("recovery beside", "whole interviews"):
        told = of(claims, words)
        assert len(told) == 3 and not any(claim.holds for claim in told)


def test_a_score_of_length_is_found_out_by_a_trick() -> None:
    weak, equal = of(gaming.claims(how(wordy)), "padder, prompt")
    assert weak.holds is False and weak.value is not None and weak.value < -1
    assert equal.holds is None and equal.value is not None and equal.value > 1


def test_a_score_of_the_channel_is_found_out_by_style() -> None:
    apart = of(style.claims(how(stylish)), "prompt, middling")
    assert apart[0].holds is False and "delegator" in apart[0].note


def test_a_score_of_the_words_is_found_out_by_other_words() -> None:
    claims = invariance.claims(how(wordy))
    assert any(claim.holds is False for claim in of(claims, "hedging"))
    assert all(claim.holds for claim in of(claims, "time multiplied"))


def test_coverage_is_counted_against_the_truth() -> None:
    case = coverage.Case("prompt", "grounding", 5, 400, 1)
    tried = coverage.run("standard", case)
    assert tried == coverage.run("standard", case)
    assert 0.9 < tried.covered / tried.people <= 1
    more = coverage.run("standard", replace(case, n=16))
    assert more.width < tried.width and more.correlation > tried.correlation


def test_oracle_finds_strong_people_above_weak_ones() -> None:
    for name in ("prompt", "critique", "refine"):
        found = [
            sum(oracle.skill(simulate(Request(seed, Skills(**{name: at}))).truth, name) for seed in range(4))
            for at in (-0.8, 0.8)
        ]
        assert found[0] < found[1]


def test_regression_finds_what_it_was_made_from() -> None:
    dice, normal = random.Random(3), NormalDist()
    rows = [[dice.gauss(0, 0.5)] for _ in range(800)]
    hits = [sum(dice.random() < normal.cdf(0.3 + row[0]) for _ in range(10)) for row in rows]
    beta = probit_regression(rows, hits, [10] * len(rows))
    assert beta == pytest.approx([0.3, 1.0], abs=0.1)
    assert expected_share(beta, [0.0]) == pytest.approx(normal.cdf(0.3), abs=0.04)


def test_small_statistics() -> None:
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert correlation([1, 2, 3], [5, 5, 5]) == 0
    low, high = wilson(95, 100)
    assert low < 0.95 < high and high - low < 0.1
    assert wilson(0, 0) == (0.0, 1.0)


def test_level_lies_between_the_cut_points() -> None:
    dimension = load("standard").dimension("critique")
    assert dimension is not None and dimension.levels is not None
    edges = [float(level.from_) for level in dimension.levels]
    assert level_of(dimension, edges[2]) == pytest.approx(3)
    assert level_of(dimension, (edges[2] + edges[3]) / 2) == pytest.approx(3.5)
    assert level_of(dimension, 1.0) == pytest.approx(6)


def test_report_tells_what_fails_and_what_was_not_tried() -> None:
    claims = (Claim("a", 1.0, target="at least 2", holds=False, n=3, interval=(0.5, 1.5)), Claim("b", None))
    made = Report(
        {"id": "standard", "version": 1, "sha256": "00"}, False, (Part("style", "words", claims, "1"),), ("gaming",)
    )
    assert not made.holds
    told = "\n".join(made.lines())
    assert "FAILS a: 1 [0.5, 1.5] (promised at least 2; n = 3)" in told
    assert "gaming: not tried" in told and "1 claims do not hold" in told
    data = json.loads(json.dumps(made.json()))
    assert data["holds"] is False and data["parts"][0]["claims"][0]["interval"] == [0.5, 1.5]
    assert data["not_tried"] == ["gaming"]


def test_parts_that_there_are_not_are_refused() -> None:
    assert set(PARTS) < set(NAMES)
    with trying(quick=True) as known, pytest.raises(BadInput, match="Expected a part among"):
        report(known, ["trust"])
    with trying(quick=True) as known, pytest.raises(BadInput, match="--data"):
        report(known, ["real-data"])


def test_command_prints_claims_and_fails_where_one_fails() -> None:
    told = CliRunner().invoke(main, ["validate", "--quick", "--part", "invariance", "--json"])
    data = json.loads(told.stdout)
    assert data["quick"] and data["rubric"]["sha256"] == load("standard").sha256
    assert [part["name"] for part in data["parts"]] == ["invariance"]
    assert told.exit_code == (0 if data["holds"] else 1)
    assert all({"what", "value", "interval", "target", "holds"} <= set(one) for one in data["parts"][0]["claims"])
    unknown = CliRunner().invoke(main, ["validate", "--quick", "--part", "trust"])
    assert unknown.exit_code == 1 and "Expected a part among" in unknown.stderr


@pytest.mark.parametrize(("option", "value"), [("--runs", "nan"), ("--runs", "inf"), ("--seed", "9" * 23)])
def test_a_number_that_is_none_is_told_with_its_option(option: str, value: str) -> None:
    told = CliRunner().invoke(main, ["validate", "--part", "invariance", option, value])
    assert told.exit_code == 2 and isinstance(told.exception, SystemExit)
    assert f"'{option}'" in told.stderr and value in told.stderr


def test_rated_figures_become_claims() -> None:
    value = {"value": 0.5, "low": 0.45, "high": 0.55, "asked": 0.45, "reached": True}
    figures = {
        "specificity": {
            "records": 10, "against": {"Com+Rel": {"spearman": value, "partial": {**value, "value": 0.2, "asked": 0.3}}},
            "baselines": {"length": {"spearman": 0.3}}, "weight": 1, "reached": False,
        },
        "follow-up": {
            "records": 5, "kappa": value, "accuracy": 0.5, "baselines": {"majority": {"kappa": 0.0, "accuracy": 0.3}},
            "beyond_words": {**value, "asked": 0.0}, "weight": 0, "reached": False,
        },
    }  # fmt: skip
    claims = {claim.what: claim.holds for claim in rated.told(figures)}
    assert claims["specificity: Spearman with ratings"] is True
    assert claims["specificity: the same with length partialled out"] is False
    assert claims["specificity: weight it ships with"] is False
    assert claims["follow-up kinds: weight it ships with"] is True
    assert claims["follow-up kinds: κ with the human label"] is None


def test_people_are_drawn_as_the_population_is() -> None:
    people = [anybody(seed) for seed in range(600)]
    for name, sd in (("prompt", 0.4), ("critique", 0.6), ("refine", 0.4)):
        values = [getattr(one, name) for one in people]
        assert sum(values) / len(values) == pytest.approx(0, abs=0.08)
        assert (sum(value**2 for value in values) / len(values)) ** 0.5 == pytest.approx(sd, rel=0.1)
