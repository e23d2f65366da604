"""How much of an interview's budgets the assistant's replies have used.

Owns that rule, for whatever asks or warns. Invariant: pure; the tighter budget counts, and where there is none nothing is used.
Leaves out what a reply costs (``assistant.prices``).
"""

from __future__ import annotations

from interviews.events import InterviewSettings, Usage
from interviews.state import State

WARN = 0.8
MICROUSD_A_CENT = 10_000


def total(usage: Usage) -> int:
    """Tokens in all, whatever they were."""
    return usage.input_tokens + usage.output_tokens + usage.cache_read_tokens + usage.cache_write_tokens


def used(settings: InterviewSettings, tokens: int, microusd: int) -> float:
    """The share of the tighter budget that so many tokens and millionths of a US dollar are: 0 and up, 1 or more when used up."""
    shares = [
        spent / most
        for spent, most in ((tokens, settings.budget_tokens), (microusd, settings.budget_cents * MICROUSD_A_CENT))
        if most > 0
    ]
    return max(shares, default=0.0)


def share(settings: InterviewSettings, state: State) -> float:
    """``used``, by all replies so far."""
    return used(settings, state.spent_tokens, state.spent_microusd)


def warned(settings: InterviewSettings, state: State) -> bool:
    """Whether the candidate is told that little is left: from four fifths on, also once all is used up."""
    return share(settings, state) >= WARN


def used_up(settings: InterviewSettings, state: State) -> bool:
    """Whether no further reply may begin. One that is under way may have gone over: what it used is only known behind it."""
    return share(settings, state) >= 1
