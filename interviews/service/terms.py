"""On what terms an interview may be made: who answers, with which models, for how much.

Owns that check, and what a reply has cost. Invariant: an interview is not made where its assistant could never answer, or where
a budget in money could not be kept. Leaves out each setting's own form (``interviews.settings``).
"""

from __future__ import annotations

from assistant.base import Provider
from interviews.errors import BadInput
from interviews.events import InterviewSettings, Usage
from interviews.service.interview import Cost, Interview


def models(settings: InterviewSettings, provider: Provider) -> tuple[str, ...]:
    """The models that may answer, the default first; empty where there are none to choose among."""
    own = settings.model or provider.model
    return settings.models or ((own,) if own else ())


def require_terms(settings: InterviewSettings, provider: Provider, cost: Cost) -> None:
    """Raise ``BadInput`` where the settings ask for what cannot be had together."""
    if settings.models and settings.model not in settings.models:
        raise BadInput(
            "Expected the model to be one of %(models)s, got %(got)s",
            models=", ".join(settings.models), got=settings.model or repr(""),
        )  # fmt: skip
    if settings.budget_cents:
        unpriced = [model for model in models(settings, provider) if cost(model, Usage(input_tokens=1)) is None]
        if unpriced:
            raise BadInput(
                "Expected models whose price is known for a budget in money, got %(got)s, which has none in assistant/prices.yaml. "
                "Set a budget in tokens for it, or take another model.",
                got=", ".join(unpriced),
            )


def require_possible(settings: InterviewSettings, provider: Provider, cost: Cost) -> None:
    """As ``require_terms``, and raise ``BadInput`` where the assistant cannot be used here and now."""
    require_terms(settings, provider, cost)
    for model in models(settings, provider) or ("",):
        if why := provider.check("" if model == provider.model else model):
            raise BadInput("The assistant %(name)s cannot be used: %(why)s", name=settings.provider, why=why)


def cost_of(interview: Interview, asked: str, answered: str, usage: Usage) -> int | None:
    """What a reply cost, in millionths of a US dollar; None where that is not known.

    ``asked`` is the model that was asked for (empty: the provider's own), ``answered`` the one that the service named, perhaps in a
    way that has no price: it is that of ``asked`` then.
    """
    tools = interview.tools
    price = tools.cost(answered, usage)
    if price is not None:
        return price
    return tools.cost(asked or tools.provider(interview.header.settings.provider).model, usage)
