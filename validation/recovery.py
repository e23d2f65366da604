"""Part 1: whether scores recover the skills that interviews were simulated from.

Owns recovery beside an oracle, and the coverage of whole interviews' intervals. Invariant: everybody is drawn from the
simulator's population; what a person's true share is comes from all interviews of the run, never from a rubric. Leaves out coverage
at fixed numbers of opportunities (``coverage``).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from simulator.chance import D_MEAN, SKILLS, Name, Truth, anybody, phi
from simulator.course import Request
from validation import oracle
from validation.claims import Claim, rounded
from validation.figures import again, correlation, expected_share, probit_regression, wilson
from validation.trying import Asked, How, Marks, mean

PEOPLE = 1_000
RECOVERED = 0.95
COVERED = 0.93
ABOUT = (
    "skills of simulated people from whole logs (8 prompts, 4 follow-ups, 16 reviewed changes), beside an oracle that knows how "
    "likely each act was"
)


def claims(how: How) -> list[Claim]:
    """Recovery, coverage of whole interviews, and how often there is a score at all."""
    seeds = range(how.seed * 10_000, how.seed * 10_000 + how.many(PEOPLE, 12))
    marks = how.marks([Asked(Request(seed, anybody(seed))) for seed in seeds])
    truths = [one.truth for one in marks]
    found: list[Claim] = []
    for name in SKILLS:
        best = how.each(partial(_oracle, name), truths)
        found += _recovered(name, marks, best)
    for name in SKILLS:
        found.append(_covered(how, name, marks))
    return found


def _oracle(name: Name, truth: Truth) -> float:
    return oracle.skill(truth, name)


def _recovered(name: Name, marks: Sequence[Marks], best: Sequence[float]) -> list[Claim]:
    told = [
        (one.truth.skills.of(name), score, known)
        for one, known in zip(marks, best, strict=True)
        if (score := one.dimensions[name].score) is not None
    ]
    seen = Claim(
        f"{name}: interviews with a score", round(len(told) / len(marks), 3), "of all", n=len(marks),
        interval=rounded(wilson(len(told), len(marks))),
    )  # fmt: skip
    if len(told) < 3:
        return [seen, Claim(f"{name}: recovery beside the oracle's", None, target=f"at least {RECOVERED}", holds=False)]
    truth, scores, known = (list(column) for column in zip(*told, strict=True))

    def ratio(at: Sequence[int]) -> float:
        of = [truth[i] for i in at]
        against = correlation([known[i] for i in at], of)
        return correlation([scores[i] for i in at], of) / against if against > 0 else 0.0

    everybody = range(len(told))
    ours, theirs, value = correlation(scores, truth), correlation(known, truth), ratio(everybody)
    return [
        seen,
        Claim(f"{name}: correlation of score and skill", round(ours, 3), n=len(told), note=f"reliability {ours**2:.2f}"),
        Claim(f"{name}: the same of the oracle", round(theirs, 3), n=len(told), note=f"reliability {theirs**2:.2f}"),
        Claim(
            f"{name}: recovery beside the oracle's", round(value, 3), "×", interval=rounded(again(len(told), ratio)),
            target=f"at least {RECOVERED}", holds=value >= RECOVERED, n=len(told),
        ),
    ]  # fmt: skip


def _covered(how: How, name: Name, marks: Sequence[Marks]) -> Claim:
    """Whether a dimension's interval holds what this person would reach over very many such interviews."""
    true = _true(how, name, marks)
    told = [
        (low <= value <= high)
        for one, value in zip(marks, true, strict=True)
        if (band := one.dimensions[name].ci95) is not None
        for low, high in [band]
    ]
    covered, band = mean(told or [False]), wilson(sum(told), len(told))
    return Claim(
        f"{name}: whole interviews whose 95 % interval holds the person's own share", round(covered, 3), "of all",
        interval=rounded(band), target=f"at least {COVERED}", holds=covered >= COVERED, n=len(told),
    )  # fmt: skip


def _true(how: How, name: Name, marks: Sequence[Marks]) -> list[float]:
    """Everybody's weighted mean of what each indicator measures of them."""
    dimension = how.rubric.dimension(name)
    assert dimension is not None
    rows = [[one.truth.skills.of(each) for each in SKILLS] for one in marks]
    parts: list[tuple[int, list[float]]] = []
    for indicator in dimension.indicators:
        if indicator.prior.kind == "detection":
            parts.append((indicator.weight, [phi((D_MEAN + one.truth.skills.critique) / 2) for one in marks]))
            continue
        counts = [one.shares[indicator.id] for one in marks]
        beta = probit_regression(rows, [hits for hits, _ in counts], [n for _, n in counts])
        parts.append((indicator.weight, [expected_share(beta, row) for row in rows]))
    whole = sum(weight for weight, _ in parts)
    return [sum(weight * values[i] for weight, values in parts) / whole for i in range(len(marks))]
