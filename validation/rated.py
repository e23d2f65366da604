"""Part 5: text measures beside what people said of real texts.

Owns how those figures are told as claims. Invariant: a measure that does not reach what its card asks holds only where it ships
with weight 0. Leaves out the figures themselves (``realdata``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from validation import realdata
from validation.claims import Claim

ABOUT = "text measures cross-validated on rated data by conversation or diff, beside plain baselines"
_MAIN = "Com+Rel"


def claims(data: Path) -> list[Claim]:
    """Raises ``BadInput`` where a file is missing or not of the form."""
    return list(told(realdata.report(data)))


def told(figures: Mapping[str, Any]) -> Iterator[Claim]:
    specific, follow = figures["specificity"], figures["follow-up"]
    n = int(specific["records"])
    for name, value in specific["against"][_MAIN].items():
        what = "Spearman with ratings" if name == "spearman" else "the same with length partialled out"
        yield _reached(f"specificity: {what}", value, n, promised=True)
    for name, values in specific["against"].items():
        if name != _MAIN:
            yield _reached(f"specificity: Spearman with the rating {name}", values["spearman"], n, promised=False)
    for name, values in specific["baselines"].items():
        yield Claim(f"specificity: Spearman of the baseline {name}", values["spearman"], n=n)
    yield _weight("specificity", specific)
    n = int(follow["records"])
    yield _reached("follow-up kinds: κ with the human label", follow["kappa"], n, promised=False)
    yield Claim("follow-up kinds: accuracy", follow["accuracy"], n=n)
    for name, values in follow["baselines"].items():
        yield Claim(
            f"follow-up kinds: κ of the baseline {name}", values["kappa"], n=n, note=f"accuracy {values['accuracy']}"
        )
    yield _reached("follow-up kinds: κ beyond the baseline of words", follow["beyond_words"], n, promised=True)
    yield _weight("follow-up kinds", follow)


def _reached(what: str, value: Mapping[str, Any], n: int, *, promised: bool) -> Claim:
    asked = f"at least {value['asked']}" if promised else ""
    holds = value["value"] >= value["asked"] if promised else None
    return Claim(what, value["value"], interval=(value["low"], value["high"]), target=asked, holds=holds, n=n)


def _weight(what: str, figures: Mapping[str, Any]) -> Claim:
    return Claim(
        f"{what}: weight it ships with", figures["weight"], target="0 where it does not reach what its card asks",
        holds=bool(figures["reached"]) or figures["weight"] == 0, note="reached" if figures["reached"] else "not reached",
    )  # fmt: skip
