"""What every text measure keeps to: fields in, fields out, integer weights.

Owns the ``Measure`` port, the reading of fields and of weight files, and arithmetic over features. Invariant: weights are whole
numbers and figures are quantised to ``SCALE`` parts before anybody compares them, so the same text gives the same bytes on
every machine; no library is needed. A feature is there or not, so that what is said twice weighs once. Leaves out which
features there are (the measures) and how weights were found (``validation.training``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from interviews.errors import BadInput
from rubrics.measures.text import bucket

FOLDER = Path(__file__).parent / "weights"
SCALE = 10_000
# What a card and the provenance of weights must say.
CARD = ("asks", "reached", "weight", "why")
PROVENANCE = ("data", "date", "trainer", "features", "figures")
DATA = ("name", "licence", "records", "sha256")
_EXACT = Context(prec=40)


class Measure(Protocol):
    """A measure: a record's fields to its result's."""

    @property
    def name(self) -> str:
        """What a person types."""
        ...

    @property
    def fields(self) -> tuple[str, ...]:
        """What a record holds."""
        ...

    def run(self, record: Mapping[str, object]) -> dict[str, object]:
        """The result, ``id`` first. Raises ``BadInput`` naming the field that does not fit."""
        ...


@dataclass(frozen=True)
class Weights:
    """One measure's weight file. ``rows`` maps a feature's bucket to one whole number a label, in parts of ``SCALE``."""

    measure: str
    labels: tuple[str, ...]
    bias: tuple[int, ...]
    rows: Mapping[int, tuple[int, ...]]
    card: Mapping[str, Any]
    provenance: Mapping[str, Any]
    sha256: str

    @property
    def weight(self) -> int:
        """1 where the measure reached what its card asks; 0 where nothing in a score may use it."""
        return int(self.card["weight"])

    def sums(self, features: Iterable[str]) -> list[int]:
        """Bias and weights of the features, a label each; the order of features does not matter."""
        total = list(self.bias)
        for number in {bucket(feature) for feature in features}:
            for at, part in enumerate(self.rows.get(number, ())):
                total[at] += part
        return total


@lru_cache
def load(measure: str) -> Weights:
    """The weights shipped for a measure. Raises ``BadInput`` for a file that is not of the form."""
    path = FOLDER / f"{measure}.json"
    return parse(path.name, path.read_bytes())


def parse(name: str, raw: bytes) -> Weights:
    """A weight file's content. Raises ``BadInput`` naming the file and what was expected."""
    try:
        document = json.loads(raw)
        card, provenance = document["card"], document["provenance"]
        _expect(name, "card", card, CARD)
        _expect(name, "provenance", provenance, PROVENANCE)
        for one in provenance["data"]:
            _expect(name, "provenance.data", one, DATA)
        rows = {int(number): tuple(row) for number, row in document["weights"].items()}
        labels, bias = tuple(document["labels"]), tuple(document["bias"])
        numbers = [*bias, *(part for row in rows.values() for part in row), card["weight"]]
        fits = all(type(number) is int for number in numbers) and all(
            len(row) == len(labels) for row in [bias, *rows.values()]
        )
        measure = str(document["measure"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput("Expected a weight file in %(name)s, got one without %(what)s", name=name, what=error) from None
    if not fits or card["weight"] not in (0, 1):
        raise BadInput("Expected whole numbers in %(name)s, one a label, and a weight of 0 or 1, got others", name=name)
    return Weights(measure, labels, bias, rows, card, provenance, hashlib.sha256(raw).hexdigest())


def _expect(name: str, where: str, part: Mapping[str, Any], wanted: Iterable[str]) -> None:
    if missing := [key for key in wanted if key not in part]:
        raise BadInput(
            "Expected %(keys)s in %(where)s of %(name)s, got none", keys=", ".join(missing), where=where, name=name
        )


def shares(sums: list[int]) -> list[int]:
    """Probabilities, in parts of ``SCALE`` that add up to it, of labels whose log odds are these sums."""
    top = max(sums)
    raised = [_EXACT.exp(Decimal(one - top) / SCALE) for one in sums]
    whole = sum(raised, Decimal(0))
    exact = [_EXACT.divide(one * SCALE, whole) for one in raised]
    parts = [int(one) for one in exact]
    # What rounding down left over goes to the largest remainders, so that the sum is whole.
    behind = sorted(range(len(parts)), key=lambda at: (parts[at] - exact[at], at))
    for at in behind[: SCALE - sum(parts)]:
        parts[at] += 1
    return parts


def named(record: Mapping[str, object]) -> str | int:
    """A record's ``id``."""
    got = record.get("id")
    if isinstance(got, bool) or not isinstance(got, str | int):
        raise BadInput("Expected a text or a whole number in id, got %(got)s", got=kind(got, "id" in record))
    return got


def text_in(record: Mapping[str, object], field: str) -> str:
    """A field's text; it may be empty."""
    got = record.get(field)
    if not isinstance(got, str):
        raise BadInput("Expected a text in %(field)s, got %(got)s", field=field, got=kind(got, field in record))
    return got


def texts_in(record: Mapping[str, object], field: str, most: int) -> list[str]:
    """A field's list of texts, at most so many."""
    got = record.get(field)
    if not isinstance(got, list):
        raise BadInput(
            "Expected a list of texts in %(field)s, got %(got)s", field=field, got=kind(got, field in record)
        )
    if odd := [one for one in got if not isinstance(one, str)]:
        raise BadInput("Expected texts in the list %(field)s, got %(got)s in it", field=field, got=kind(odd[0], True))
    if len(got) > most:
        raise BadInput(
            "Expected at most %(most)d texts in %(field)s, got %(got)d", most=most, field=field, got=len(got)
        )
    return got


def kind(value: object, there: bool) -> str:
    """What a value is, in JSON's words."""
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), "null") if there else "none"
