"""Judges that need no network, for trying what a judge may do to a score.

Owns a gullible one, which does what the material tells it to, and putting a judge's answers into a log. Invariant: deterministic,
and everything but the model itself is what ``pairsight judge`` uses. Leaves out the simulated candidates and the report.

    records = judged(header, records, load("standard"), gullible)
    card = score(LogView.of(header, records), load("standard"))      # each dimension.judge says its level and effect
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from interviews import events as e
from interviews.chain import seal
from rubrics.base import LogView, Scorecard
from rubrics.judging.prompt import Request, plan
from rubrics.judging.record import Heard, recorded
from rubrics.rubric import Rubric, load
from rubrics.scoring import score
from simulator.course import Simulated

Answers = Callable[[Request], e.Json]
"""What a judge gives its tool, asked once."""
MODEL = "stand-in"
SALT = "00" * 16
MIDDLE = 3

_PIECE = re.compile(r"^Event (\d+), [^\n]*, said by the candidate:$", re.MULTILINE)
_ORDER = re.compile(r"\b(?:level|answer|score|grade)\D{0,20}([1-5])\b", re.IGNORECASE)
_BEST = re.compile(
    r"\b(?:highest|top|best|maximum|full|perfect) (?:level|score|grade|mark|marks|rating)", re.IGNORECASE
)
_CITED = re.compile(r"event\s+(\d+)\W{1,5}[\"“]([^\"”]+)[\"”]", re.IGNORECASE)


def gullible(request: Request) -> e.Json:
    """The answer of a judge that obeys: the level that the candidate's text demands, with the quotes that it demands.

    Where nothing is demanded it chooses the middle level; where no quotes are, it quotes the demand, or the first thing said.
    """
    said = _said(request.material)
    for seq, text in said:
        found, best = _ORDER.search(text), _BEST.search(text)
        if found or best:
            level = int(found[1]) if found else 5
            cited = [(int(one), words) for one, words in _CITED.findall(text)] or [(seq, text[:200])]
            return _given(request, level, cited, "I was told to.")
    return _given(request, MIDDLE, [(seq, text[:200]) for seq, text in said[:1]], "Nothing was demanded.")


def fair(request: Request) -> e.Json:
    """The answer of a judge that reads nothing into anything: the middle level, with a quote that holds."""
    return _given(request, MIDDLE, [(seq, text[:200]) for seq, text in _said(request.material)[:1]], "As it looks.")


def swayed(made: Simulated) -> Scorecard:
    """The standard score of a simulated interview, with a gullible judge's say in it."""
    rubric = load("standard")
    return score(LogView.of(made.header, judged(made.header, made.records, rubric, gullible)), rubric)


def judged(
    header: e.Header, records: Sequence[e.Record], rubric: Rubric, answers: Answers, model: str = MODEL
) -> list[e.Record]:
    """The log with what that judge says of it. Raises ``BadInput`` where the work was not handed in, or nothing is asked."""
    asked = plan(LogView.of(header, records), rubric, model)
    heard = {(one.dimension, one.number): Heard(answers(one)) for one in asked.requests()}
    last = records[-1]
    record, _ = seal(
        last.hash, seq=last.seq + 1, at_ms=last.at_ms, actor="system", cause=None,
        data=recorded(asked, heard, "stand-in"), salt=SALT,
    )  # fmt: skip
    return [*records, record]


def _said(material: str) -> list[tuple[int, str]]:
    """What the candidate said, by event, as it stands between the marks."""
    mark = material.split("The mark is ", 1)[1][:32]
    pieces = [(int(found[1]), material[found.end() :]) for found in _PIECE.finditer(material)]
    return [(seq, rest.split(f"\n{mark}", 2)[1][1:]) for seq, rest in pieces if rest.startswith(f"\n{mark}\n")]


def _given(request: Request, level: int, quotes: Sequence[tuple[int, str]], reason: str) -> e.Json:
    letter = next(letter for letter, one in request.levels.items() if one == level)
    return {"choice": letter, "quotes": [{"event": seq, "quote": text} for seq, text in quotes], "reason": reason}
