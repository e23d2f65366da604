"""What replies cost over the real SDK, and the end of a budget in money."""

from __future__ import annotations

import pytest

from assistant.prices import cost_microusd
from assistant.providers.anthropic import MODEL
from interviews import events as e
from interviews.budget import share, used_up, warned
from interviews.errors import Conflict
from tests.loopback.server import Loopback
from tests.unit.test_withheld import FILES, asked, held, service

__all__ = ["service"]


def test_each_reply_has_its_cost_and_a_budget_in_money_ends(service: Loopback) -> None:
    interview, pair = held(FILES, provider="anthropic", budget_cents=1)
    settings, state = interview.header.settings, interview.state
    shares: list[float] = []
    while not used_up(settings, state):
        asked(interview, pair, "Please fix the default length.")
        shares.append(share(settings, state))
    with pytest.raises(Conflict, match="used up"):
        pair.ask("One more?", [], None)
    # A first reply was within the budget, and nobody was warned before its time.
    assert 0 < shares[0] < 1 <= shares[-1] and warned(settings, state)
    finished = [r.payload or {} for r in interview.log.read(interview.id) if r.type == "reply.finished"]
    costs = [cost_microusd(MODEL, e.Usage.model_validate(one["usage"])) for one in finished]
    # The loopback service names the model that was asked for: the provider's own.
    assert [one["cost_microusd"] for one in finished] == costs == [turn.cost_microusd for turn in state.turns]
    assert state.spent_microusd == sum(cost or 0 for cost in costs) >= 10_000
