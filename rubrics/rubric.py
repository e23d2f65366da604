"""Rubrics: what is measured, with which prior, and what its levels mean.

Owns the form of a rubric's YAML and the hash that pins it in a scorecard. Invariant: a rubric is checked whole when
it is loaded, and what does not fit is told with its line; its sha256 covers the file's bytes. Leaves out computing (``scoring``).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator

from interviews.chain import sha256_hex
from interviews.errors import BadInput, NotFound
from interviews.events import ExercisePin, Header, InterviewSettings, Value
from rubrics import registry
from rubrics.base import Detection, LogView, RubricRef
from rubrics.marks import Document, Fault, Place, Unreadable

ROOT = Path(__file__).resolve().parent
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Whole = Annotated[int, Field(strict=True)]
Fraction = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
# Bounded, so that a grid stays small and a slip of the pen cannot stall scoring.
Mean = Annotated[Decimal, Field(ge=-3, le=3, decimal_places=2)]
Spread = Annotated[Decimal, Field(ge=Decimal("0.1"), le=1, decimal_places=2)]
Probits = Annotated[Decimal, Field(ge=-1, le=1, decimal_places=2)]
# Nearer to one and the same, the grid of what measures share would be too coarse (``joint``).
Together = Annotated[Decimal, Field(ge=0, le=Decimal("0.9"), decimal_places=2)]
Step = Annotated[Decimal, Field(ge=Decimal("0.05"), le=3, decimal_places=2)]


class SharePrior(Value):
    """Beta(a, b) of a share. Below ``min_opportunities`` only counts are told."""

    kind: Literal["share"]
    a: Whole = Field(ge=1, le=100)
    b: Whole = Field(ge=1, le=100)
    min_opportunities: Whole = Field(default=1, ge=1)
    why: Words


class Difficulties(Value):
    """By how many probits an exercise's word moves a planted mistake out of sight; one without a word is as ``middle``."""

    easy: Probits
    middle: Probits = Decimal(0)
    hard: Probits
    why: Words


class Sureness(Value):
    """How many probits lie between the verdict's middle and "sure": a few distances, each as likely as the others."""

    steps: tuple[Step, ...] = Field(min_length=1, max_length=6)
    why: Words


class DetectionPrior(Value):
    """Normal priors of d′ and of the criterion. Below the minima only counts are told.

    Without ``difficulty`` every mistake counts as equally hard; without ``sureness`` a verdict has two steps, not four.
    """

    kind: Literal["detection"]
    d_mean: Mean
    d_sd: Spread
    c_mean: Mean
    c_sd: Spread
    min_defective: Whole = Field(ge=1)
    min_good: Whole = Field(ge=1)
    difficulty: Difficulties | None = None
    sureness: Sureness | None = None
    why: Words


class JudgeQuestion(Value):
    """What a model is asked of a dimension, whose five levels in words are the answers it may give.

    It is asked ``repeats`` times; unless the share ``stable`` of its answers lies within one level of their median it abstains. It
    moves the dimension's score by no more than ``cap``, a share of the whole scale.
    """

    question: Words
    repeats: Whole = Field(default=11, ge=3, le=25)
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
    words: Words


Levels = tuple[Level, Level, Level, Level, Level]


class Indicator(Value):
    """One measure of a dimension; ``weight`` is relative to its siblings."""

    id: Id
    title: Words
    signal: str
    weight: Whole = Field(ge=1, le=20)
    prior: SharePrior | DetectionPrior = Field(discriminator="kind")
    levels: Levels


class Dimension(Value):
    """What a group of indicators tells together.

    ``together`` is how far its indicators are taken to show one skill: 0 for skills apart, 1 for one and the same. Without levels
    of its own, as in rubrics of an older form, it is told in fifths, without words.
    """

    id: Id
    title: Words
    about: Words
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    together: Together = Decimal(0)
    levels: Levels | None = None
    judge: JudgeQuestion | None = None


# From so many an agreement near 0.7 between people and proposal is known to about 0.2. From fewer nothing is known of limits.
FEWEST_TO_CALIBRATE = 30


class Calibration(Value):
    """From how many interviews that people scored the cut-points were set, and how many it would take, and why so many.

    Both are the author's word, but for one thing: it takes ``FEWEST_TO_CALIBRATE`` at least, so that none is calibrated by fewer.
    """

    interviews: Whole = Field(ge=0)
    needed: Whole = Field(json_schema_extra={"minimum": FEWEST_TO_CALIBRATE})
    why: Words

    @field_validator("needed")
    @classmethod
    def _enough_to_tell(cls, needed: int) -> int:
        if needed < FEWEST_TO_CALIBRATE:
            raise ValueError(
                f"expected at least {FEWEST_TO_CALIBRATE}, for fewer interviews tell no agreement to better than 0.2, got {needed}"
            )
        return needed

    @property
    def enough(self) -> bool:
        """Whether the cut-points may be called calibrated."""
        return self.interviews >= self.needed


class Rubric(Value):
    """A loaded rubric. ``max_width`` is of an older form; nothing reads it."""

    id: Id
    version: Whole = Field(ge=1, le=1_000_000)
    title: Words
    about: Words
    calibration: Calibration | None = None
    max_width: Fraction | None = None
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    sha256: str = ""

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
            texts += [dimension.title, dimension.about, *(level.words for level in dimension.levels or ())]
            texts += [dimension.judge.question] if dimension.judge else []
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


def find(name: str) -> Rubric:
    """The rubric of that id, or of the file of that name. Raises as ``load`` and ``parse`` do."""
    if name in names():
        return load(name)
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            "Expected a rubric's file or one of the rubrics %(names)s, got %(got)s", names=", ".join(names()), got=name
        )
    return parse(path.read_bytes(), path.name)


def parse(data: bytes, name: str) -> Rubric:
    """Understand a rubric's YAML. Raises ``BadInput`` that names the line, the field and the reason of the first fault."""
    rubric, found = examine(data)
    if rubric is None or found:
        raise BadInput("The rubric %(name)s, %(fault)s", name=name, fault=str(found[0]))
    return rubric


def examine(data: bytes) -> tuple[Rubric | None, list[Fault]]:
    """The rubric, None where its form does not fit, and all that is wrong with it, by line."""
    try:
        document = Document(data)
    except Unreadable as error:
        return None, [error.fault]
    content = document.content
    if not isinstance(content, dict):
        return None, [Fault(1, "", "expected a rubric with an id, a version and dimensions")]
    faults = list(document.twice())
    if "sha256" in content:
        faults.append(document.fault(("sha256",), "expected no hash, it is taken of the file"))
    rubric: Rubric | None = None
    try:
        rubric = Rubric.model_validate({**content, "sha256": sha256_hex(data)})
        faults += [document.fault(place, why) for place, why in _misfits(rubric)]
    except ValidationError as error:
        faults += [document.mismatch(one["loc"], one["type"], one["msg"], one["input"]) for one in error.errors()]
    except RecursionError:
        faults.append(Fault(1, "", "expected fields, got one that holds itself"))
    return rubric, sorted(faults, key=lambda fault: fault.line)


def _misfits(rubric: Rubric) -> Iterator[tuple[Place, str]]:
    """What each field by itself does not show."""
    ids: set[str] = set()
    signals: set[str] = set()
    for at, dimension in enumerate(rubric.dimensions):
        place: Place = ("dimensions", at)
        yield from _again(ids, dimension.id, (*place, "id"), "each id once")
        yield from _unordered(dimension.levels or (), (*place, "levels"))
        for nth, indicator in enumerate(dimension.indicators):
            here: Place = (*place, "indicators", nth)
            yield from _again(ids, indicator.id, (*here, "id"), "each id once")
            yield from _again(signals, indicator.signal, (*here, "signal"), "one outcome to feed one indicator")
            yield from _unordered(indicator.levels, (*here, "levels"))
            yield from _misread(indicator, here)


def _again(seen: set[str], name: str, place: Place, wanted: str) -> Iterator[tuple[Place, str]]:
    if name in seen:
        yield place, f"expected {wanted}, got {name} again"
    seen.add(name)


def _unordered(levels: tuple[Level, ...], place: Place) -> Iterator[tuple[Place, str]]:
    if levels and levels[0].from_ != 0:
        yield (*place, 0, "from"), f"expected five levels rising from 0, got {levels[0].from_} first"
    for at, (low, high) in enumerate(pairwise(levels), start=1):
        if low.from_ >= high.from_:
            yield (*place, at, "from"), f"expected five levels rising from 0, got {high.from_} after {low.from_}"
        if high.words in [level.words for level in levels[:at]]:
            yield (*place, at, "words"), "expected each level in words of its own, got those of a lower one"


def _misread(indicator: Indicator, place: Place) -> Iterator[tuple[Place, str]]:
    if indicator.signal not in registry.signal_ids():
        known = ", ".join(registry.signal_ids())
        yield (*place, "signal"), f"expected one of the signals {known}, got {indicator.signal}"
        return
    prior = indicator.prior
    if (kind := kind_of(indicator.signal)) != prior.kind:
        yield (*place, "prior", "kind"), f"expected a prior of kind {kind} for {indicator.signal}, got {prior.kind}"
    if isinstance(prior, DetectionPrior):
        if (hard := prior.difficulty) and not hard.easy <= hard.middle <= hard.hard:
            yield (*place, "prior", "difficulty"), "expected easy, middle and hard to rise"
        if prior.sureness and any(low >= high for low, high in pairwise(prior.sureness.steps)):
            yield (*place, "prior", "sureness", "steps"), "expected distances that rise"


@cache
def kind_of(signal: str) -> Literal["share", "detection"]:
    """Which kind of reading a signal gives. Raises ``BadInput`` for an unknown one."""
    pin = ExercisePin(id="none", version=1, sha256="", seed=0, title="")
    nothing = Header(
        id="none", created_at_ms=0, candidate="", exercise=pin, settings=InterviewSettings(minutes=1, grace_s=0)
    )
    return "detection" if isinstance(registry.signal(signal).read(LogView(nothing, [])), Detection) else "share"
