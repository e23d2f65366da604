"""What tokens cost, by the list that is shipped and by one of our own."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.prices import Prices, cost_microusd, listed, read
from assistant.providers.anthropic import MODEL
from interviews.budget import total
from interviews.errors import BadInput
from interviews.events import Usage

LIST = read("""
version: 1
as_of: 2026-01-01
models:
  one: {input: 2, output: 10, cache_read: 0.1, cache_write: 2.5}
  one-long: {input: 1, output: 1, cache_read: 1, cache_write: 1,
    long: {over: 100, input: 5, output: 6, cache_read: 7, cache_write: 8}}
""")
MILLION = 1_000_000
counts = st.integers(0, 10**7)
usages = st.builds(
    Usage, input_tokens=counts, output_tokens=counts, cache_read_tokens=counts, cache_write_tokens=counts
)


def test_each_kind_of_token_has_its_price_and_a_part_of_a_millionth_counts_whole() -> None:
    assert cost_microusd("one", Usage(input_tokens=MILLION), LIST) == 2 * MILLION
    assert cost_microusd("one", Usage(output_tokens=MILLION), LIST) == 10 * MILLION
    assert cost_microusd("one", Usage(cache_read_tokens=MILLION), LIST) == MILLION // 10
    assert cost_microusd("one", Usage(cache_write_tokens=MILLION), LIST) == 2_500_000
    assert cost_microusd("one", Usage(cache_read_tokens=1), LIST) == 1


def test_long_prompts_have_their_own_price() -> None:
    assert cost_microusd("one-long", Usage(input_tokens=50, cache_read_tokens=50, output_tokens=9), LIST) == 109
    assert cost_microusd("one-long", Usage(input_tokens=51, cache_write_tokens=50, output_tokens=1), LIST) == 661


@pytest.mark.parametrize("name", ["one-20260928", "one@20260928"])
def test_a_date_behind_the_name_is_the_same_model(name: str) -> None:
    assert cost_microusd(name, Usage(input_tokens=1), LIST) == 2


@pytest.mark.parametrize("name", ["", "two", "one-2", "one-longer", "on", "one-202609281", "vendor/one"])
def test_no_price_is_guessed(name: str) -> None:
    assert cost_microusd(name, Usage(input_tokens=1), LIST) is None
    assert cost_microusd(name, Usage(), LIST) == 0


@given(one=usages, other=usages)
def test_more_never_costs_less_and_two_replies_cost_what_both_do(one: Usage, other: Usage) -> None:
    both = Usage(
        **{field: getattr(one, field) + getattr(other, field) for field in Usage.model_fields},
    )
    apart = [cost_microusd("one", usage, LIST) or 0 for usage in (one, other)]
    together = cost_microusd("one", both, LIST)
    assert together is not None and together >= max(apart)
    # Each begun millionth counts whole, once for each of them.
    assert sum(apart) - 1 <= together <= sum(apart)
    assert total(both) == total(one) + total(other)


def test_the_list_that_is_shipped_knows_what_is_asked_by_default_and_says_its_day() -> None:
    assert dt.date.fromisoformat(listed().as_of).year >= 2026
    assert listed().of(MODEL) is not None
    assert all(price.cache_read <= price.input <= price.output for price in listed().models.values())


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("version: 2\nas_of: x\nmodels: {}", "version"),
        ("version: 1\nas_of: x\nmodels: {a: {input: -1, output: 1, cache_read: 1, cache_write: 1}}", "models.a.input"),
        ("version: 1\nas_of: x\nmodels: {a: {input: 1}}", "models.a.output"),
        ("version: [", "the whole"),
    ],
)
def test_a_wrong_list_is_named_with_its_field(text: str, field: str) -> None:
    with pytest.raises(BadInput, match=field):
        read(text)


def test_prices_are_decimal_numbers_as_they_are_written() -> None:
    prices: Prices = read("version: 1\nas_of: x\nmodels: {a: {input: 0.1, output: 1, cache_read: 0, cache_write: 0}}")
    assert cost_microusd("a", Usage(input_tokens=30), prices) == 3
