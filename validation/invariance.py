"""Part 4: whether a score depends on what it should not.

Owns the comparison of one interview told in two ways. Invariant: the same person does the same; only wording, names, pace or a
fault of ours differ. Leaves out how words are bent (``simulator.voice``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simulator.chance import anybody
from simulator.course import Request
from validation.claims import Claim, rounded
from validation.figures import about
from validation.trying import Asked, How, Marks

PEOPLE = 60
MOST = 0.25
ABOUT = "the same interview in other words, under other names, slower, or with an outage: by how much of a level scores move"


def _ways(request: Request) -> dict[str, tuple[Request, Request]]:
    plain = request
    return {
        "paraphrase": (plain, replace(request, variant="paraphrased")),
        "hedging": (plain, replace(request, variant="hedged")),
        "spelling errors": (plain, replace(request, variant="misspelt")),
        "non-native wording": (plain, replace(request, variant="non-native")),
        "British or American spelling": (replace(request, variant="british"), replace(request, variant="american")),
        "time multiplied by 1.5": (plain, replace(request, slower=1.5)),
        "renamed identifiers": (plain, replace(request, renamed=True)),
        "an outage": (plain, replace(request, outage=True)),
    }


def claims(how: How) -> list[Claim]:
    """Two figures a way: by how much scores move on average, and the most that one of them moved."""
    seeds = range(how.seed * 40_000, how.seed * 40_000 + how.many(PEOPLE))
    ways = [_ways(Request(seed, anybody(seed))) for seed in seeds]
    distinct = list(dict.fromkeys(request for way in ways for pair in way.values() for request in pair))
    by = dict(zip(distinct, how.marks([Asked(request) for request in distinct]), strict=True))
    found = []
    for name in ways[0]:
        pairs = [(by[way[name][0]], by[way[name][1]]) for way in ways]
        found += _moved(name, pairs)
    return found


def _moved(name: str, pairs: Sequence[tuple[Marks, Marks]]) -> list[Claim]:
    moves: dict[str, list[float]] = {}
    for one, other in pairs:
        for dimension, mark in one.dimensions.items():
            there = other.dimensions[dimension].level
            if mark.level is not None and there is not None:
                moves.setdefault(dimension, []).append(there - mark.level)
    means = {dimension: about(these) for dimension, these in moves.items()}
    worst = max(means, key=lambda one: abs(means[one][0]))
    middle, band = means[worst]
    all_moves = [(abs(move), dimension) for dimension, these in moves.items() for move in these]
    most, where = max(all_moves)
    beyond = sum(move > MOST for move, _ in all_moves)
    return [
        Claim(
            f"{name}: mean movement of the dimension that moves most", round(middle, 3), "levels", interval=rounded(band),
            target=f"at most {MOST}", holds=abs(middle) <= MOST, n=len(pairs), note=worst,
        ),
        Claim(
            f"{name}: largest movement of one score", round(most, 3), "levels", target=f"at most {MOST}", holds=most <= MOST,
            n=len(all_moves), note=f"{where}; {beyond} of {len(all_moves)} scores moved further",
        ),
    ]  # fmt: skip
