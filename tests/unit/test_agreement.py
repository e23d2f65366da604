"""Agreement between raters: against published examples and by hand, its intervals, and what drifts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from interviews.chain import sha256_hex
from rubrics.base import DimensionScore, IndicatorScore, LogRef, RatedBy, RubricRef, Scorecard, Source
from rubrics.people import agreement, concord
from rubrics.people.agreement import LEAST, Generator, alpha, alpha_of, departs, interval, kappa, kappa_of, mean
from rubrics.people.ratings import counting

# Four observers, twelve units, missing ones as dots: K. Krippendorff, Computing Krippendorff's alpha-reliability (2011), section C.
OBSERVED = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")
UNITS = [
    [int(level) for level in unit if level != "."] for unit in zip(*(row.split() for row in OBSERVED), strict=True)
]


@pytest.mark.parametrize(("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_that_of_the_textbook(metric: agreement.Metric, published: float) -> None:
    found = alpha(UNITS, metric)
    assert found is not None and round(float(found), 3) == published


def test_alpha_of_two_observers_is_that_of_the_textbook() -> None:
    """The same text, section A: two observers, binary data, ten units; alpha is 0.095."""
    first, second = "0100000010", "1110010000"
    units = [(int(a), int(b)) for a, b in zip(first, second, strict=True)]
    found = alpha(units, "nominal")
    assert found is not None and round(float(found), 3) == 0.095


def test_kappa_with_quadratic_weights_is_what_a_hand_reckons() -> None:
    """Seen: 2 squared steps in 4 pairs. By chance: 26 in 16. So 1 - (2 / 4) / (26 / 16)."""
    assert kappa([(1, 1), (2, 3), (3, 3), (1, 2)]) == Fraction(9, 13)
    assert kappa([(1, 5), (5, 1)]) == -1
    assert kappa([(2, 2), (4, 4)]) == 1


def test_where_all_levels_are_the_same_nothing_is_said() -> None:
    assert kappa([(3, 3)] * 9) is None and alpha([(3, 3)] * 9) is None
    assert kappa([]) is None and alpha([]) is None and alpha([(1,), (2,)]) is None
    assert interval([(3, 3)] * 30, kappa_of) is None


def test_where_resamples_do_not_vary_there_is_no_interval() -> None:
    """Eight pairs in perfect agreement are no proof of it: [1, 1] would say so."""
    agreed = [(at % 4 + 1, at % 4 + 1) for at in range(LEAST)]
    assert kappa(agreed) == 1 and interval(agreed, kappa_of) is None
    units: list[agreement.Unit] = list(agreed)
    assert alpha(units) == 1 and interval(units, alpha_of) is None
    # All apart in one and the same way: 0 in each resample.
    assert kappa([(1, 2)] * 9) == 0 and interval([(1, 2)] * 9, kappa_of) is None
    nearly = [*agreed, (1, 2)]
    found = interval(nearly, kappa_of)
    assert found is not None and found[0] < found[1] == 1


def test_levels_that_are_missing_change_nothing() -> None:
    assert alpha(UNITS) == alpha([*UNITS, [4], []])


def test_the_generator_is_the_published_one() -> None:
    """Knuth's MMIX: x' = 6364136223846793005 x + 1442695040888963407 modulo 2 to the 64."""
    generator, state = Generator(7), 7
    for _ in range(5):
        state = (6364136223846793005 * state + 1442695040888963407) % 2**64
        assert generator.below(1000) == (state >> 32) * 1000 >> 32


def test_an_interval_holds_its_figure_and_is_the_same_again() -> None:
    pairs = [(at % 5 + 1, min(5, at % 5 + 1 + at % 3 % 2)) for at in range(40)]
    found, figure = interval(pairs, kappa_of), kappa(pairs)
    assert found is not None and figure is not None
    assert found[0] < figure < found[1] and found == interval(pairs, kappa_of)
    few = interval(pairs[:12], kappa_of)
    assert few is not None and few[1] - few[0] > found[1] - found[0]
    assert interval(pairs[: LEAST - 1], kappa_of) is None


def test_a_window_departs_where_chance_does_not_explain_it() -> None:
    near, far = [0, 1, -1, 0, 1, 0, -1, 0, 0, 1], [2, 1, 2, 3, 2, 1, 2, 2, 3, 2]
    assert departs(far, near) and departs(near, far)
    assert not departs(near, near[::-1]) and not departs(far[: LEAST - 1], near)
    told = mean([1, 2, 3, 4])
    assert told.mean == Fraction(5, 2) and told.error is not None and round(float(told.error), 4) == 0.6455
    assert mean([2]) == agreement.Mean(1, Fraction(2), None) and mean([]).mean is None


def card(
    interview: str, levels: dict[str, int | None], rubric: int | None, *, source: Source = "signal", **more: bool
) -> Scorecard:
    """One dimension, as the rubric has it and as people do, in the order in which they rated."""
    indicator = IndicatorScore(
        id="seen",
        value=0.5,
        level=rubric,
        ci95=(0.4, 0.6),
        n=9,
        status="clear",
        source=source,
        evidence=(),
        explanation="",
    )
    sha256 = sha256_hex(b"rubric")
    return Scorecard(
        rubric=RubricRef(id="standard", version=1, sha256=sha256),
        log=LogRef(interview=interview, events=1, head_hash=""),
        dimensions=(
            DimensionScore(
                id="prompt",
                score=0.5,
                ci95=(0.4, 0.6),
                n=9,
                status="clear",
                explanation="",
                indicators=(indicator,),
                level=rubric,
            ),
        ),
        ratings=tuple(
            RatedBy(
                rater=who,
                seq=seq,
                blind=more.get("blind", True),
                rubric_sha256=sha256,
                levels={"prompt": level},
                reasons={},
            )
            for seq, (who, level) in enumerate(levels.items())
        ),
    )


def test_only_what_was_said_blind_is_compared() -> None:
    assert concord.rated(0, card("a", {"Ada": 3}, 3, blind=False)) is None
    assert concord.rated(0, card("a", {}, 3)) is None
    one = concord.rated(0, card("a", {"Ada": 3, "Bo": None, "Cy": 4}, 2))
    assert one is not None and one.people == {"prompt": (3, 4)} and one.rubric == {"prompt": 2} and one.raters == 3
    first = card("a", {"Ada": 3}, 2)
    again = first.ratings[0].model_copy(update={"levels": {"prompt": 5}, "blind": False, "seq": 9})
    twice = concord.rated(0, first.model_copy(update={"ratings": (*first.ratings, again)}))
    assert twice is not None and twice.people == {"prompt": (3,)} and not twice.another


def test_what_rests_on_peoples_word_is_not_compared_with_people() -> None:
    told = concord.rated(0, card("a", {"Ada": 3}, 3, source="human"))
    assert told is not None and told.rubric == {}


def test_figures_say_how_much_they_rest_on() -> None:
    found = [
        one
        for at in range(12)
        if (one := concord.rated(at, card(f"i{at}", {"Ada": at % 4 + 1, "Bo": at % 4 + 1}, 2 if at else None)))
    ]
    people = concord.figure(found, "prompt", "people")
    assert (people.n, people.left_out) == (12, 0) and people.kappa == people.alpha == 1 and "only 12" in people.warning
    assert people.kappa_ci95 is people.alpha_ci95 is None
    assert "no interval for kappa and alpha: all pairs agree, so that resamples do not vary" in people.warning
    assert "hardly any spread" not in people.warning
    rubric = concord.figure(found, "prompt", "rubric")
    assert (rubric.n, rubric.left_out) == (11, 1)
    assert rubric.difference is not None and rubric.difference.mean == Fraction(
        sum(at % 4 - 1 for at in range(1, 12)), 11
    )
    assert concord.figure(found, "charm", "people").n == 0
    assert "anything" in concord.figure(found[:3], "prompt", "people").warning
    two = concord.figure(found[:2], "prompt", "people")
    assert (two.n, two.kappa, two.alpha) == (2, None, None)
    same = [one for at in range(40) if (one := concord.rated(at, card(f"i{at}", {"Ada": 3, "Bo": 3}, 3)))]
    assert "hardly any spread" in concord.figure(same, "prompt", "people").warning
    # Of a third rater alpha hears, and varies.
    third = [
        one
        for at in range(40)
        if (one := concord.rated(at, card(f"i{at}", {"Ada": at % 4 + 1, "Bo": at % 4 + 1, "Cy": at % 3 + 1}, 3)))
    ]
    three = concord.figure(third, "prompt", "people")
    assert three.kappa_ci95 is None and three.alpha_ci95 is not None
    assert "no interval for kappa: all pairs agree" in three.warning and "only" not in three.warning


def test_names_that_differ_only_in_case_are_one_rater() -> None:
    one = concord.rated(0, card("a", {"Ada Lovelace": 3, "ADA LOVELACE": 5, "Bo": 4}, 2))
    assert one is not None and one.raters == 2 and one.people == {"prompt": (3, 4)}
    given = card("a", {"Ada": 3, "Bo": 4, "ada": 5}, 2).ratings
    assert [(told.rater, told.levels["prompt"]) for told in counting(given)] == [("ada", 5), ("Bo", 4)]


def test_a_drift_is_told_by_windows_in_order_of_time() -> None:
    day = 86_400_000
    cards = [
        (at * 3 * day, card(f"i{at:02}", {"Ada": 2 + at % 2 + (2 if at >= 20 else 0)}, 2 + at % 3)) for at in range(30)
    ]
    found = [one for at_ms, one_card in reversed(cards) if (one := concord.rated(at_ms, one_card))]
    windows = concord.drift(found, "prompt", "rubric", 10)
    assert [(one.name, one.figure.n, one.departs) for one in windows] == [
        ("1-10", 10, False),
        ("11-20", 10, False),
        ("21-30", 10, True),
    ]
    apart = [(at, card(f"i{at:02}", {"Ada": 3, "Bo": 3 + at % 2 if at < 20 else 5 - at % 2}, None)) for at in range(30)]
    pairs = [one for at_ms, one_card in apart if (one := concord.rated(at_ms, one_card))]
    assert [one.departs for one in concord.drift(pairs, "prompt", "people", 10)] == [False, False, True]
    months = concord.drift(found, "prompt", "rubric", None)
    assert [one.name for one in months] == ["1970-01", "1970-02", "1970-03"]


def test_a_time_that_is_in_no_month_is_in_none() -> None:
    at = (1_700_000_000_000, 10**18, 253_402_300_800_000, 1_702_000_000_000)
    cards = [(at_ms, card(f"i{number}", {"Ada": 3}, 3)) for number, at_ms in enumerate(at)]
    found = [one for at_ms, one_card in cards if (one := concord.rated(at_ms, one_card))]
    months = concord.drift(found, "prompt", "rubric", None)
    assert [(one.name, one.figure.n) for one in months] == [("2023-11", 1), ("2023-12", 1)]
    assert [one.name for one in concord.drift(found, "prompt", "rubric", 2)] == ["1-2", "3-4"]
    assert concord.month(10**18) is None and concord.month(253_402_300_799_999) == "9999-12"
