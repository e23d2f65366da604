"""The published form of a benchmark: its fields, and when something promised is missed."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, get_type_hints

import pytest

from assistant.hunks import difference
from bench.__main__ import line, main, names
from bench.measure import Row, compare_rates, in_turn, missed, p95, report, row
from bench.parts import crowd
from bench.parts.service import answers, changed, changes, proposing
from bench.parts.streams import Heard
from bench.score import PLANTED, one_log, parse, work
from interviews.chain import verify
from interviews.log import MemoryLog, random_salts
from interviews.text import apply_changes
from rubrics import rubric as rubric_files
from rubrics.base import LogView
from rubrics.scoring import score
from tests.loopback.script import Player, Script

PUBLISHED = ["what", "value", "unit", "baseline", "ratio", "target", "better", "runs", "bound"]


def test_a_report_has_the_published_form() -> None:
    slower = row("a key", "ms", [3.0, 9.0, 4.0], [2.0, 1.0, 2.0], target=5.0)
    told = json.loads(json.dumps(report("edits", [slower])))
    assert list(told) == ["name", "machine", "rows"]
    assert told["name"] == "edits" and set(told["machine"]) == {"system", "processor", "cores", "python"}
    assert told["rows"] == [dict(zip(PUBLISHED, ["a key", 4.0, "ms", 2.0, 2.0, 5.0, "lower", 3, "ratio"], strict=True))]
    assert list(get_type_hints(Row)) == PUBLISHED


@pytest.mark.parametrize(
    ("target", "better", "bound", "expected"),
    [
        (None, "lower", "ratio", False),
        (2.0, "lower", "ratio", False),
        (1.9, "lower", "ratio", True),
        (2.0, "higher", "ratio", False),
        (2.1, "higher", "ratio", True),
        (8.0, "lower", "value", False),
        (7.9, "lower", "value", True),
        (8.1, "higher", "value", True),
    ],
)
def test_a_target_bounds_the_ratio_unless_it_says_the_value(
    target: float | None,
    better: Literal["lower", "higher"],
    bound: Literal["ratio", "value"],
    expected: bool,
) -> None:
    one = row("a", "ms", [8.0], [4.0], target=target, better=better, bound=bound)
    assert missed(one) is expected
    assert ("MISSED" in line(one)) is expected


def test_time_is_told_apiece_and_rate_a_second() -> None:
    twice = in_turn("a", lambda: 2e-3, lambda: 1e-3, each=5)
    assert (twice.value, twice.unit, twice.ratio, twice.better, twice.runs) == (2000, "µs", 2, "lower", 3)
    rate = compare_rates("a", lambda: None, lambda: None, each=1)
    assert (rate.unit, rate.better, rate.runs) == ("/s", "higher", 3)


def test_the_95th_of_a_hundred() -> None:
    assert p95([float(n) for n in range(100, 0, -1)]) == 95
    assert p95([7.0]) == 7


def test_files_beside_the_benchmarks_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert names() == ["assistant", "edits", "log", "review", "sandbox", "score"]
    with pytest.raises(SystemExit):
        main(["parts"])
    assert "expected names among assistant, edits, log, review, sandbox, score, got parts" in capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 20])
@pytest.mark.parametrize("back", [False, True])
def test_a_proposal_has_as_many_hunks_as_it_is_measured_for(count: int, back: bool) -> None:
    before, after, ids = changed(count, not back), changed(count, back), map(str, itertools.count())
    hunks = [hunk for path, old in before.items() for hunk in difference(path, 1, old, after[path], ids)]
    assert len(hunks) == count == len(changes(count))
    script = Script.model_validate({"about": "What a benchmark asks for.", "answers": answers()})
    asked = {"messages": [{"role": "user", "content": proposing(count, back)}]}
    for use in Player(script).answer(asked).use:
        path, old, new = (use.input[name] for name in ("path", "old_text", "new_text"))
        assert before[path].count(old) == 1
        before[path] = before[path].replace(old, new)
    assert before == after


def test_a_token_counts_only_in_its_place() -> None:
    assert Heard(came=[0, 1, 2]).whole == 3
    assert Heard(came=[0, 2, 3]).whole == 1
    assert Heard().whole == 0


def test_who_types_goes_on_where_the_whole_text_is_recorded_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "EVERY_S", 0.01)
    seats = (crowd.Seat("i1", "candidate"), crowd.Seat("i1", "interviewer"))
    pair = crowd.Pair("http://localhost", seats, random.Random(1))
    texts = ["x" * 200]

    def whole(origin: str) -> crowd.Message:
        payload = {"path": crowd.PATH, "version": len(texts) - 1, "text": texts[-1], "origin": origin}
        return {"type": "file.snapshotted", "payload": payload}

    async def call(name: str, message: crowd.Message) -> tuple[crowd.Message, float]:
        assert message["version"] == len(texts) - 1
        pair.candidate._on_events([whole("keyframe")], 0.0)
        for update in message["updates"]:
            texts.append(apply_changes(texts[-1], update["changes"]))
        return {"ok": True, "version": len(texts) - 1}, 0.0

    monkeypatch.setattr(pair.candidate, "call", call)
    pair.candidate._on_events([whole("starter")], 0.0)
    # In a thread of its own: a browser of another test may have left its loop running in this one.
    with ThreadPoolExecutor(1) as alone:
        alone.submit(asyncio.run, pair.type(lambda: len(texts) > 9)).result()
    assert len(texts[-1]) == 209


def test_what_is_scored_is_what_the_bare_side_parses() -> None:
    now = [0]
    log = MemoryLog(lambda: now[0], random_salts())
    work(log, "a", 600, now)
    records = log.read("a")
    assert 500 < len(records) < 800 and verify(log.header("a"), records)[0] == len(records)
    assert [one for one, _ in parse(record.model_dump_json() for record in records)] == records
    card = score(LogView.of(log.header("a"), records), rubric_files.load())
    detection = next(one for part in card.dimensions for one in part.indicators if one.id == "defect_detection")
    assert detection.n >= PLANTED and detection.status != "not_observed"
    assert [row.runs for row in one_log(600, runs=1)] == [1, 1]
