"""What cannot be scored is refused in one sentence or not observed, and never a number."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import main
from interviews.chain import payload_hash, record_hash
from interviews.events import AnalysisRecorded, Header, Record
from interviews.ndjson import read_log
from rubrics import registry
from rubrics.base import LogView, Scorecard
from rubrics.rubric import ROOT, load
from rubrics.scoring import score
from tests.golden.make import GROWN_REVIEWED, LOG
from tests.golden.story import Story

Lines = list[dict[str, Any]]


def lines() -> Lines:
    return [json.loads(line) for line in LOG.read_text("utf-8").splitlines()]


def told(tmp_path: Path, content: Lines, *options: str) -> tuple[int, str, str]:
    path = tmp_path / "log.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in content), "utf-8")
    done = CliRunner().invoke(main, ["score", str(path), *options])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def newer(content: Lines) -> None:
    content[0]["version"] = 2


def broken(content: Lines) -> None:
    content[9]["at_ms"] += 1


def reordered(content: Lines) -> None:
    content[5], content[6] = content[6], content[5]


def unknown(content: Lines) -> None:
    """A type of a later product, in a chain that holds: what it would say of the candidate cannot be known."""
    content[-1]["type"] = "mood.guessed"
    _chained(content)


def unknown_and_erased(content: Lines) -> None:
    """The same with its content gone: that nothing is held there does not make it known."""
    unknown(content)
    content[-1]["payload"] = content[-1]["salt"] = None


def grown(content: Lines) -> None:
    """A known type with a field of a later product."""
    content[-1]["payload"]["mood"] = "glad"
    _chained(content)


def _chained(content: Lines) -> None:
    """The last event sealed anew, so that its chain holds."""
    last, before = content[-1], content[-2]["hash"]
    last["payload_hash"] = payload_hash(last["salt"], last["payload"])
    last["hash"] = record_hash(
        before, seq=last["seq"], at_ms=last["at_ms"], actor=last["actor"], type_=last["type"], v=last["v"],
        cause=last["cause"], payload=last["payload_hash"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (newer, "Expected log version 1, got 2"),
        (broken, "Event 9 "),
        (reordered, "vent 6"),
        (unknown, "mood.guessed"),
        (unknown_and_erased, "mood.guessed"),
        (grown, "mood"),
    ],
)
def test_a_log_that_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[Lines], None], says: str
) -> None:
    content = lines()
    change(content)
    code, out, err = told(tmp_path, content, "--json")
    assert (code, out) == (1, "")
    assert err.startswith("pairsight: ") and err.count("\n") == 1 and says in err


def test_a_rubric_that_names_a_missing_signal_is_refused_with_its_line(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = (ROOT / "standard.yaml").read_text("utf-8").replace("signal: grounding", "signal: politeness")
    own.write_text(text, "utf-8")
    line = text.count("\n", 0, text.index("signal: politeness")) + 1
    code, out, err = told(tmp_path, lines(), "--rubric", str(own))
    assert (code, out) == (1, "")
    assert f"own.yaml, line {line}: dimensions.0.indicators.1.signal: expected one of the signals" in err


def golden() -> tuple[Header, list[Record]]:
    with LOG.open(encoding="utf-8", newline="") as file:
        return read_log(file)


def test_an_exercise_that_is_not_here_makes_no_difference() -> None:
    """A log holds all that its score needs: it is scored where its exercise was never installed, and to the same numbers."""
    header, records = golden()
    gone = header.model_copy(
        update={"exercise": header.exercise.model_copy(update={"id": "nowhere", "sha256": "ff" * 32})}
    )
    here, there = (score(LogView.of(one, records), load("standard")) for one in (header, gone))
    assert there.dimensions == here.dimensions and there.shown == here.shown


def test_without_the_exercises_key_what_needs_it_is_not_observed() -> None:
    header, records = golden()
    card = score(LogView.of(header, [one for one in records if one.type != "key.recorded"]), load("standard"))
    scores = {one.id: one for dimension in card.dimensions for one in dimension.indicators}
    for name in ("requirement_coverage", "defect_detection", "hidden_tests"):
        assert (scores[name].value, scores[name].status, scores[name].n) == (None, "not_observed", 0)
    assert any("key is missing" in flag for flag in card.flags)


def test_an_empty_interview_is_scored_to_nothing(tmp_path: Path) -> None:
    code, out, _ = told(tmp_path, lines()[:1], "--json")
    card = json.loads(out)
    assert code == 0 and card["log"]["events"] == 0
    assert {one["status"] for one in card["dimensions"]} == {"not_observed"}
    assert numbers(Scorecard.model_validate(card)) == {}
    assert any("not submitted" in flag for flag in card["flags"])


def numbers(card: Scorecard) -> dict[str, tuple[float | None, int]]:
    """Values that were given, with how many opportunities, by indicator and dimension."""
    told = {one.id: (one.value, one.n) for group in card.dimensions for one in group.indicators if one.ci95 is not None}
    return told | {group.id: (group.score, group.n) for group in card.dimensions if group.ci95 is not None}


@pytest.mark.parametrize("log", [LOG, GROWN_REVIEWED])
def test_an_erased_payload_leaves_no_number_that_it_could_have_moved(log: Path) -> None:
    """Whichever event's content is gone: an indicator has the number that it had with it, or none at all."""
    with log.open(encoding="utf-8", newline="") as file:
        header, records = read_log(file)
    rubric = load("standard")
    indicators = {one.id for dimension in rubric.dimensions for one in dimension.indicators}
    whole = numbers(score(LogView.of(header, records), rubric))
    without = 0
    for gone in records:
        left = [
            one.model_copy(update={"payload": None, "salt": None}) if one.seq == gone.seq else one for one in records
        ]
        found = numbers(score(LogView.of(header, left), rubric))
        for name in indicators:
            assert found.get(name, whole.get(name)) == whole.get(name), f"{name} without event {gone.seq}, {gone.type}"
        without += sum(name in whole and name not in found for name in indicators)
    assert without > 50 or log != LOG


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("accepted_coverage", {"hunks": {"s1/h1": {"lines": 2, "run": 1, "runs": 5}}}),
        ("accepted_coverage", {"hunks": {"s1/h1": {"lines": 2, "run": 1, "runs": {"a": 1}}}}),
        ("accepted_coverage", {"hunks": {"s1/h1": {"lines": 2, "run": 1, "runs": ["@" + "9" * 5_000, "@²", None]}}}),
        ("own_tests", {"mutants": 10**9, "killed": 10**9}),
        ("own_tests", {"mutants": -3, "killed": 7}),
    ],
)
def test_an_analysis_that_makes_no_sense_is_none(kind: str, result: dict[str, Any]) -> None:
    story = Story(golden()[0])
    story.tell("system", AnalysisRecorded(kind=kind, result=result, key="k"))
    card = score(story.view(), load("standard"))
    assert numbers(card) == {}
    assert all(one.n == 0 for dimension in card.dimensions for one in dimension.indicators)


def test_all_of_a_signals_evidence_may_be_erased() -> None:
    header, records = golden()
    for name in registry.signal_ids():
        opens = registry.signal(name).opens
        left = [one.model_copy(update={"payload": None, "salt": None}) if one.type in opens else one for one in records]
        if not opens:
            continue
        card = score(LogView.of(header, left), load("standard"))
        score_ = next(one for dimension in card.dimensions for one in dimension.indicators if one.id == name)
        assert (score_.value, score_.ci95, score_.level) == (None, None, None)
