"""How a judge's answers stand in the log, and how a score reads them there.

Owns the form of ``analysis.recorded`` of kind ``judge``. Invariant: it holds every answer as it came, or why there is none, and a
score checks them against the log each time it is made, without a network: the same log and rubric give the same bytes. What it was
shown and is there no more (erased, taken back) makes its word void. Leaves out asking.

``{"form": 1, "service", "model", "head", "rubric": {"id", "version", "sha256"}, "prompt", "dimensions": {ID: {"shown": [SEQ…],
"answers": [{"levels": {LETTER: LEVEL…}, "given": what the tool was given} or {"levels", "failed": why, "unanswered"}]}}, "calls",
"usage", "cost_microusd"}``; its key is ``prompt.key_of`` these. ``unanswered``: no model has said anything, so that it may be asked
again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from interviews import events as e
from rubrics.base import JudgeScore, LogView
from rubrics.base import translatable as _
from rubrics.explain import Translate, sentence
from rubrics.judging.answers import Answer, check
from rubrics.judging.material import words
from rubrics.judging.prompt import Plan, key_of
from rubrics.judging.verdict import edges_of, moved, verdict
from rubrics.numbers.posterior import UNIT, Weights
from rubrics.rubric import Dimension, JudgeQuestion, Rubric

KIND = "judge"
FORM = 1
NOT_ASKED = _("It was not asked.")
REASON, QUOTE, QUOTES, LETTER = 600, 400, 5, 8
GONE = _("What it was shown is not all there any more, so what it said of it is void.")
NOTHING = _("There was nothing to show it.")


@dataclass(frozen=True)
class Heard:
    """What came of one request: what the tool was ``given``, or why it ``failed``; ``unanswered``: before any model answered."""

    given: e.Json = None
    failed: str = ""
    unanswered: bool = False


@dataclass(frozen=True)
class Bill:
    """What asking took: calls that were answered or failed, tokens, millionths of a US dollar (None: no price is known)."""

    calls: int = 0
    usage: e.Usage = field(default_factory=e.Usage)
    cost_microusd: int | None = 0


def recorded(
    plan: Plan, heard: Mapping[tuple[str, int], Heard], service: str, bill: Bill | None = None
) -> e.AnalysisRecorded:
    """The event for these answers, by dimension and number; those that are missing were not asked."""
    paid = bill or Bill()
    dimensions = {
        question.dimension.id: {
            "shown": list(question.shown),
            "answers": [
                {"levels": dict(request.levels), **_kept(heard.get((request.dimension, request.number)))}
                for request in question.requests(plan.key)
            ],
        }
        for question in plan.questions
    }
    result = {
        "form": FORM, "service": service, "model": plan.model, "head": plan.head, "rubric": plan.rubric.ref.model_dump(),
        "prompt": plan.prompt, "dimensions": dimensions, "calls": paid.calls, "usage": paid.usage.model_dump(),
        "cost_microusd": paid.cost_microusd,
    }  # fmt: skip
    return e.AnalysisRecorded(kind=KIND, result=result, key=plan.key)


def _kept(heard: Heard | None) -> dict[str, e.Json]:
    if heard is None:
        return {"failed": NOT_ASKED, "unanswered": True}
    if heard.failed:
        return {"failed": heard.failed[:REASON], "unanswered": heard.unanswered}
    return {"given": _bounded(heard.given)}


def _bounded(given: e.Json) -> e.Json:
    """What is kept of an answer: the fields that were asked for, at a bounded length."""
    if not isinstance(given, dict):
        return None
    quotes = given.get("quotes")
    return {
        "choice": _text(given.get("choice"), LETTER),
        "quotes": [
            {"event": one.get("event") if type(one.get("event")) is int and abs(one["event"]) < 2**53 else None,
             "quote": _text(one.get("quote"), QUOTE)}
            for one in quotes[:QUOTES] if isinstance(one, dict)
        ] if isinstance(quotes, list) else [],
        "reason": _text(given.get("reason"), REASON),
    }  # fmt: skip


def _text(value: e.Json, most: int) -> str | None:
    """The text as a log can carry it: JSON may hold half of a surrogate pair, which nothing can be hashed with."""
    return value.encode("utf-8", "replace").decode()[:most] if isinstance(value, str) else None


def known(log: LogView, plan: Plan) -> dict[tuple[str, int], Heard]:
    """What the log holds already of the answers to this very plan, by dimension and number: that is not asked again."""
    data = next((data for data in _fitting(log, plan.rubric) if data.key == plan.key), None)
    if data is None:
        return {}
    return {
        (name, number): Heard(answer.get("given"), str(answer.get("failed") or ""))
        for name, told in _dimensions(data.result).items()
        for number, answer in enumerate(_answers(told))
        if not answer.get("unanswered")
    }


def judged(
    log: LogView, rubric: Rubric, dimension: Dimension, weights: Weights | None, translate: Translate = _
) -> tuple[Weights | None, JudgeScore | None]:
    """A dimension's posterior with what a judge said of it, and what that was; as it came where nobody was asked.

    Where the signals put no number on a dimension, a judge puts none either: it moves, and never stands alone.
    """
    asked = dimension.judge
    found = next(_fitting(log, rubric), None) if asked is not None else None
    if asked is None or found is None:
        return weights, None
    told = _dimensions(found.result).get(dimension.id)
    if told is None:
        return weights, None
    score = _score(log, asked, told, translate)
    after, effect = (None, 0) if weights is None else moved(weights, score.level, asked.cap, edges_of(dimension))
    return after, score.model_copy(
        update={"effect": effect / UNIT, "model": str(found.result.get("model")), "key": found.key}
    )


def _score(log: LogView, asked: JudgeQuestion, told: Mapping[str, e.Json], translate: Translate) -> JudgeScore:
    kept = _answers(told)
    blank = JudgeScore(
        level=None, levels=(None,) * len(kept), spread=None, reason="", evidence=(), effect=0.0, model="", key=""
    )
    if not kept:
        return blank.model_copy(update={"reason": translate(NOTHING)})
    shown = frozenset(seq for seq in told.get("shown") or () if type(seq) is int)
    there = [event for event in log.events if event.seq in shown and event.data is not None]
    if len(there) < len(shown):
        return blank.model_copy(update={"reason": translate(GONE)})
    said = words(there)
    answers = [
        Answer(None, reason=str(one["failed"]))
        if one.get("failed")
        else check(one.get("given"), one.get("levels") or {}, said, shown)
        for one in kept
    ]
    found = verdict(answers, asked.stable)
    return blank.model_copy(
        update={
            "level": found.level, "levels": tuple(answer.level for answer in answers), "spread": found.spread,
            "evidence": found.evidence, "reason": " ".join(sentence(note, translate) for note in found.notes),
        }
    )  # fmt: skip


def said(log: LogView, rubric: Rubric) -> bool:
    """Whether the log holds a judge's word by this rubric already."""
    return next(_fitting(log, rubric), None) is not None


def _fitting(log: LogView, rubric: Rubric) -> Iterator[e.AnalysisRecorded]:
    """What a judge said by this very rubric of the work as it was handed in, the newest first.

    What it said before a candidate took back what planted mistakes say of them is as if it had not been said.
    """
    for event in reversed(log.judgements):
        if event.type == "consent.withdrawn":
            return
        data = event.data
        if isinstance(data, e.AnalysisRecorded) and _key(log, data.result, rubric) == data.key:
            yield data


def _key(log: LogView, result: e.Json, rubric: Rubric) -> str | None:
    if not isinstance(result, dict):
        return None
    prompt, model = result.get("prompt"), result.get("model")
    fits = result.get("form") == FORM and result.get("head") == log.work_hash != ""
    if not fits or not isinstance(prompt, str) or not isinstance(model, str):
        return None
    return key_of(log.work_hash, rubric.sha256, prompt, model)


def _dimensions(result: Mapping[str, e.Json]) -> dict[str, dict[str, e.Json]]:
    found = result.get("dimensions")
    return {name: one for name, one in found.items() if isinstance(one, dict)} if isinstance(found, dict) else {}


def _answers(told: Mapping[str, e.Json]) -> list[dict[str, e.Json]]:
    found = told.get("answers")
    return [cast("dict[str, e.Json]", one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []
