"""Kinds of numbers that several commands are handed.

Owns what such a number may be. Invariant: what is let pass is a number that JSON has: finite, and a whole one no larger than every
reader keeps exact. Leaves out what they mean.
"""

from __future__ import annotations

import math
from typing import Any

import click

# The largest whole number that a log may hold.
MOST = 2**53 - 1


class Finite(click.FloatRange):
    """A number within bounds. "nan" is neither below nor above any, so that a range of click's lets it pass."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Fails for what is no number, or none that is finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number
