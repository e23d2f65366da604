"""What a reply has cost, by the public list prices in ``prices.yaml``.

Owns reading that list and the sum. Invariant: a model that is not in the list has no price, and none is guessed from a name that
begins alike; what is told is never less than the list asks. Leaves out what may be spent (``interviews.budget``).
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from interviews.errors import BadInput
from interviews.events import Usage

FILE = Path(__file__).with_name("prices.yaml")
_DATED = re.compile(r"[-@]\d{8}")


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rates(_Form):
    """US dollars per million tokens, which is millionths of a dollar per token."""

    input: Decimal = Field(ge=0)
    output: Decimal = Field(ge=0)
    cache_read: Decimal = Field(ge=0)
    cache_write: Decimal = Field(ge=0)

    def of(self, usage: Usage) -> int:
        """Millionths of a US dollar, the last one begun counted whole."""
        exact = (
            usage.input_tokens * self.input + usage.output_tokens * self.output
            + usage.cache_read_tokens * self.cache_read + usage.cache_write_tokens * self.cache_write
        )  # fmt: skip
        return int(exact.to_integral_value(ROUND_CEILING))


class LongRates(Rates):
    """What holds where a prompt has ``over`` so many tokens."""

    over: int = Field(gt=0)


class Price(Rates):
    """A model's rates, and those of its long prompts where they differ."""

    long: LongRates | None = None


class Prices(_Form):
    """The list: its form's version, the day it was looked up (ISO), and prices by model."""

    version: int = Field(ge=1, le=1)
    as_of: str
    models: dict[str, Price]

    def of(self, model: str) -> Price | None:
        """The price of that model, also under its name with a date behind it; None where it is not in the list."""
        names = (name for name in self.models if model == name or _is_dated(model, name))
        return self.models.get(next(names, ""))


def _is_dated(model: str, name: str) -> bool:
    return model.startswith(name) and _DATED.fullmatch(model, len(name)) is not None


def read(text: str) -> Prices:
    """The list from its YAML. Raises ``BadInput`` naming the field that is wrong."""
    try:
        # As text: a price is a decimal number, and 0.10 is none in binary.
        return Prices.model_validate(yaml.load(text, yaml.BaseLoader))
    except (ValidationError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = ".".join(str(part) for part in first["loc"]) if first else "the whole"
        raise BadInput(
            "The list of prices: %(where)s: %(why)s", where=where, why=first["msg"] if first else str(error)
        ) from None


@cache
def listed() -> Prices:
    """The list as it is shipped."""
    return read(FILE.read_text("utf-8"))


def cost_microusd(model: str, usage: Usage, prices: Prices | None = None) -> int | None:
    """Millionths of a US dollar that ``usage`` costs with ``model``; None where that has no price.

    ``usage`` may be of several requests. Where they may have been long ones, they are counted as such: rather too much than too
    little. Nothing used costs nothing, whatever the model.
    """
    if usage == Usage():
        return 0
    price = (prices or listed()).of(model)
    if price is None:
        return None
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    long = price.long if price.long is not None and prompt > price.long.over else None
    return (long or price).of(usage)
