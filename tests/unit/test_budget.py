"""How much of the budgets is used, and when that is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from interviews.budget import share, used, used_up, warned
from interviews.events import InterviewSettings
from interviews.state import State

amounts = st.integers(0, 10**9)


def test_without_a_budget_nothing_is_used() -> None:
    settings, state = InterviewSettings(), State(spent_tokens=10**9, spent_microusd=10**9)
    assert share(settings, state) == 0 and not warned(settings, state) and not used_up(settings, state)


def test_a_warning_from_four_fifths_and_the_end_at_the_whole() -> None:
    settings = InterviewSettings(budget_tokens=1000)
    for tokens, told, over in ((799, False, False), (800, True, False), (999, True, False), (1000, True, True)):
        state = State(spent_tokens=tokens)
        assert (warned(settings, state), used_up(settings, state)) == (told, over)


def test_a_cent_is_ten_thousand_millionths() -> None:
    settings = InterviewSettings(budget_cents=250)
    assert used(settings, 0, 2_500_000) == 1 and used(settings, 10**9, 2_499_999) < 1


@given(tokens=amounts, microusd=amounts, most=amounts, cents=amounts)
def test_the_tighter_budget_counts(tokens: int, microusd: int, most: int, cents: int) -> None:
    both = used(InterviewSettings(budget_tokens=most, budget_cents=cents), tokens, microusd)
    alone = [
        used(InterviewSettings(budget_tokens=most), tokens, microusd),
        used(InterviewSettings(budget_cents=cents), tokens, microusd),
    ]
    assert both == max(alone) and both >= 0
