"""Rubrics: what is measured, with which prior, and what its levels mean.

Owns the form of a rubric's YAML and the hash that pins it in a scorecard. Invariant: a rubric is checked whole when
it is loaded; its sha256 covers the file's bytes. Leaves out computing (``scoring``).
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from interviews.chain import sha256_hex
from interviews.errors import BadInput, NotFound
from interviews.events import Value
from rubrics import registry
from rubrics.base import RubricRef

ROOT = Path(__file__).resolve().parent
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Fraction = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
# Bounded, so that a grid stays small and a slip of the pen cannot stall scoring.
Mean = Annotated[Decimal, Field(ge=-3, le=3, decimal_places=2)]
Spread = Annotated[Decimal, Field(ge=Decimal("0.1"), le=1, decimal_places=2)]


class SharePrior(Value):
    """Beta(a, b) of a share. Below ``min_opportunities`` only counts are told."""

    kind: Literal["share"]
    a: int = Field(ge=1, le=100)
    b: int = Field(ge=1, le=100)
    min_opportunities: int = Field(default=1, ge=1)
    why: str


class DetectionPrior(Value):
    """Normal priors of d′ and of the criterion. Below the minima only counts are told."""

    kind: Literal["detection"]
    d_mean: Mean
    d_sd: Spread
    c_mean: Mean
    c_sd: Spread
    min_defective: int = Field(ge=1)
    min_good: int = Field(ge=1)
    why: str


class JudgeQuestion(Value):
    """What a model is asked of a dimension, whose five levels in words are the answers it may give.

    It is asked ``repeats`` times; unless the share ``stable`` of its answers lies within one level of their median it abstains. It
    moves the dimension's score by no more than ``cap``, a share of the whole scale.
    """

    question: str = Field(min_length=1)
    repeats: int = Field(default=11, ge=3, le=25)
    cap: Annotated[Decimal, Field(ge=0, le=Decimal("0.15"), decimal_places=4)]
    stable: Fraction = Decimal("0.8")

    @field_validator("repeats")
    @classmethod
    def _odd(cls, repeats: int) -> int:
        if repeats % 2 == 0:
            raise ValueError(f"expected an odd number, so that there is a middle answer, got {repeats}")
        return repeats


class Level(Value):
    """A level in words, and the lowest value that it stands for."""

    from_: Fraction = Field(alias="from")
    words: str = Field(min_length=1)


class Indicator(Value):
    """One measure of a dimension; ``weight`` is relative to its siblings."""

    id: Id
    title: str
    signal: str
    weight: int = Field(ge=1, le=20)
    prior: SharePrior | DetectionPrior = Field(discriminator="kind")
    levels: tuple[Level, Level, Level, Level, Level]

    @model_validator(mode="after")
    def _check(self) -> Self:
        edges = [level.from_ for level in self.levels]
        if edges[0] != 0 or any(low >= high for low, high in pairwise(edges)):
            raise ValueError(f"expected five levels rising from 0, got {', '.join(map(str, edges))}")
        if self.signal not in registry.signal_ids():
            raise ValueError(f"expected one of the signals {', '.join(registry.signal_ids())}, got {self.signal}")
        return self


class Dimension(Value):
    """What a group of indicators tells together."""

    id: Id
    title: str
    about: str
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    judge: JudgeQuestion | None = None


class Rubric(Value):
    """A loaded rubric."""

    id: Id
    version: int = Field(ge=1)
    title: str
    about: str
    max_width: Fraction
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    sha256: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        ids = [dimension.id for dimension in self.dimensions]
        ids += [indicator.id for dimension in self.dimensions for indicator in dimension.indicators]
        if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
            raise ValueError(f"expected each id once, got {', '.join(twice)} again")
        signals = [indicator.signal for dimension in self.dimensions for indicator in dimension.indicators]
        if twice := sorted({id_ for id_ in signals if signals.count(id_) > 1}):
            raise ValueError(f"expected one outcome to feed one indicator, got the signal {', '.join(twice)} again")
        return self

    @property
    def ref(self) -> RubricRef:
        """What a scorecard says of this rubric."""
        return RubricRef(id=self.id, version=self.version, sha256=self.sha256)

    def dimension(self, id_: str) -> Dimension | None:
        """The dimension of that id."""
        return next((dimension for dimension in self.dimensions if dimension.id == id_), None)

    def indicator(self, id_: str) -> Indicator | None:
        """The indicator of that id."""
        found = (indicator for dimension in self.dimensions for indicator in dimension.indicators)
        return next((indicator for indicator in found if indicator.id == id_), None)

    def messages(self) -> list[str]:
        """Every visible string, for the message catalogue."""
        texts = [self.title, self.about]
        for dimension in self.dimensions:
            texts += [dimension.title, dimension.about]
            for indicator in dimension.indicators:
                texts += [indicator.title, *(level.words for level in indicator.levels)]
        return list(dict.fromkeys(texts))


def names(root: Path = ROOT) -> list[str]:
    """Ids of the rubrics found, sorted."""
    return sorted(path.stem for path in root.glob("*.yaml"))


@cache
def load(name: str = "standard", root: Path = ROOT) -> Rubric:
    """Read a rubric by id. Raises ``NotFound`` for an unknown one and ``BadInput`` when it does not fit the form."""
    if name not in names(root):
        raise NotFound("Expected one of the rubrics %(names)s, got %(got)s", names=", ".join(names(root)), got=name)
    return parse((root / f"{name}.yaml").read_bytes(), f"{name}.yaml")


def parse(data: bytes, name: str) -> Rubric:
    """Understand a rubric's YAML. Raises ``BadInput`` naming the field that does not fit."""
    try:
        content = yaml.safe_load(data)
        if not isinstance(content, dict) or "sha256" in content:
            raise BadInput("Expected %(name)s to hold a rubric with an id, a version and dimensions", name=name)
        return Rubric.model_validate({**content, "sha256": sha256_hex(data)})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput("The rubric %(name)s cannot be read as YAML: %(why)s", name=name, why=str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "rubric"
        raise BadInput("The rubric %(name)s: %(where)s: %(why)s", name=name, where=where, why=first["msg"]) from None
