"""What the report says: claims with their figures, and whether they hold.

Owns their form, as data and as lines. Invariant: a claim that could not be tried does not hold; a figure without a target is told
and promises nothing. Leaves out how figures come about (the parts).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Claim:
    """One figure. ``interval`` is its 95 % interval over what was drawn; ``n`` how many interviews, people or items it comes of.

    ``target`` says in words what is promised, empty where nothing is; ``holds`` is then null.
    """

    what: str
    value: float | None
    unit: str = ""
    interval: tuple[float, float] | None = None
    target: str = ""
    holds: bool | None = None
    n: int = 0
    note: str = ""


@dataclass(frozen=True)
class Part:
    """One part of the report: what it tries and how, its claims, and the seeds that give the same again."""

    name: str
    about: str
    claims: tuple[Claim, ...]
    seeds: str = ""
    seconds: float = 0.0

    @property
    def holds(self) -> bool:
        """Whether no claim of it fails."""
        return all(claim.holds is not False for claim in self.claims)


@dataclass(frozen=True)
class Report:
    """All parts that were tried, and of which rubric they speak."""

    rubric: dict[str, Any]
    quick: bool
    parts: tuple[Part, ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether every claim that was tried holds."""
        return all(part.holds for part in self.parts)

    def json(self) -> dict[str, Any]:
        """As ``pairsight validate --json`` prints it."""
        return {
            "name": "validate",
            "rubric": self.rubric,
            "quick": self.quick,
            "holds": self.holds,
            "not_tried": list(self.missing),
            "parts": [{**asdict(part), "holds": part.holds} for part in self.parts],
        }

    def lines(self) -> Iterable[str]:
        """For people."""
        yield f"Rubric {self.rubric['id']} version {self.rubric['version']}, sha256 {self.rubric['sha256']}"
        if self.quick:
            yield "! A quick run: too few interviews to tell whether a claim holds; figures are rough"
        for part in self.parts:
            yield f"\n{part.name}: {part.about}"
            yield f"  seed {part.seeds}, {part.seconds:.0f} s" if part.seeds else f"  {part.seconds:.0f} s"
            yield from (f"  {_line(claim)}" for claim in part.claims)
        for name in self.missing:
            yield f"\n{name}: not tried"
        failed = [f"{part.name}: {claim.what}" for part in self.parts for claim in part.claims if claim.holds is False]
        yield ""
        yield "Every claim that was tried holds." if not failed else f"{len(failed)} claims do not hold:"
        yield from (f"  {one}" for one in failed)


def _line(claim: Claim) -> str:
    mark = {True: "holds ", False: "FAILS ", None: "      "}[claim.holds]
    value = "not observed" if claim.value is None else f"{claim.value:g} {claim.unit}".strip()
    band = "" if claim.interval is None else f" [{claim.interval[0]:g}, {claim.interval[1]:g}]"
    told = "; ".join(
        filter(
            None, (f"promised {claim.target}" if claim.target else "", f"n = {claim.n}" if claim.n else "", claim.note)
        )
    )
    return f"{mark}{claim.what}: {value}{band}" + (f" ({told})" if told else "")


def rounded(values: Sequence[float], digits: int = 3) -> tuple[float, float]:
    """An interval as it is told."""
    low, high = values
    return round(low, digits), round(high, digits)
