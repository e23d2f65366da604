"""What every export keeps to: stable bytes, a name for menus, a clear word when it needs a score."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from typing import Any

import pytest

from interviews import events as e
from interviews.chain import verify
from interviews.errors import BadInput
from interviews.events import Record
from interviews.log import Draft, MemoryLog
from interviews.ndjson import read_log
from interviews.visibility import withhold
from rubrics import registry
from rubrics.base import LogView, Scorecard
from rubrics.rubric import load
from rubrics.scoring import score
from tests.golden.make import LOG
from tests.support import counting_salt, ticking_clock

with LOG.open(encoding="utf-8", newline="") as lines:
    HEADER, RECORDS = read_log(lines)
CARD = score(LogView.of(HEADER, RECORDS), load("standard"))
every_export = pytest.mark.parametrize("name", registry.export_ids())


def written(name: str, card: Scorecard | None = CARD, terminal: str = "t1", records: list[Record] = RECORDS) -> str:
    out = io.StringIO(newline="")
    registry.export(name).write(out, HEADER, records, card, terminal)
    return out.getvalue()


@every_export
def test_it_says_what_it_is(name: str) -> None:
    export = registry.export(name)
    assert export.name
    assert "/" in export.media_type
    assert export.suffix.isalnum()


@every_export
def test_same_interview_same_bytes(name: str) -> None:
    assert written(name) == written(name) != ""


@every_export
def test_without_a_score_it_is_written_or_says_what_is_missing(name: str) -> None:
    if not registry.export(name).scored:
        assert written(name, None) == written(name)
        return
    with pytest.raises(BadInput, match="Expected a scorecard"):
        written(name, None)


def test_the_log_is_what_was_recorded() -> None:
    assert written("log") == LOG.read_text("utf-8")


def test_a_candidates_log_still_verifies() -> None:
    out = io.StringIO(newline="")
    registry.export("log").write(out, HEADER, (withhold("candidate", record) for record in RECORDS), None)
    out.seek(0)
    header, records = read_log(out)
    _, head, tombstones = verify(header, records)
    assert head == RECORDS[-1].hash
    assert tombstones > 0
    assert "rate.?1" not in out.getvalue()


def test_json_is_the_scorecard() -> None:
    assert Scorecard.model_validate(json.loads(written("json"))) == CARD


def test_csv_has_a_row_an_indicator_and_empty_cells_for_null() -> None:
    text = written("csv")
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == sum(len(dimension.indicators) for dimension in CARD.dimensions)
    coverage = next(row for row in rows if row["indicator"] == "requirement_coverage")
    assert coverage["level"] == ""
    assert float(coverage["value"]) == CARD.dimensions[0].indicators[0].value
    assert coverage["candidate"] == "Zoë Ångström 🚗"


def cast(terminal: str = "t1", records: list[Record] = RECORDS) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    """Header and events of an asciicast, each line held against the form."""
    text = written("asciicast", None, terminal, records)
    assert text.endswith("\n")
    head, *lines = map(json.loads, text.splitlines())
    assert head["version"] == 3
    assert all(type(head["term"][name]) is int and head["term"][name] > 0 for name in ("cols", "rows"))
    assert type(head["timestamp"]) is int
    for line in lines:
        interval, code, data = line
        assert isinstance(interval, int | float) and interval >= 0
        assert code in "oimrx" and len(code) == 1
        assert isinstance(data, str)
        assert re.fullmatch({"r": r"[1-9]\d*x[1-9]\d*", "x": r"\d+"}.get(code, r"(?s).*"), data)
    assert [code for _, code, _ in lines].count("x") <= 1
    return head, [(interval, code, data) for interval, code, data in lines]


def recorded(*payloads: e.AnyPayload) -> list[Record]:
    """A log of these, each a second after the one before."""
    log = MemoryLog(ticking_clock(step=1000), counting_salt())
    log.create(HEADER)
    for payload in payloads:
        log.append(HEADER.id, [Draft("terminal", payload)])
    return log.read(HEADER.id)


def test_an_asciicast_shows_what_was_logged_when_it_was() -> None:
    for opened in (record for record in RECORDS if record.type == "terminal.opened"):
        assert opened.payload is not None
        terminal = opened.payload["terminal"]
        of_it = [record for record in RECORDS if (record.payload or {}).get("terminal") == terminal]
        head, events = cast(str(terminal))
        assert head["term"]["cols"] == opened.payload["cols"]
        shown = [record for record in of_it if record.type == "terminal.output"]
        assert [data for _, code, data in events if code == "o"] == [(record.payload or {})["data"] for record in shown]
        times = list(itertools.accumulate((interval for interval, _, _ in events), initial=opened.at_ms / 1000))
        at = [time for time, (_, code, _) in zip(times[1:], events, strict=True) if code == "o"]
        assert at == pytest.approx([record.at_ms / 1000 for record in shown])


def test_an_asciicast_tells_of_sizes_commands_questions_tests_and_the_end() -> None:
    records = recorded(
        e.PromptSent(turn="before", text="Too early"),
        e.TerminalOpened(terminal="t1", cols=80, rows=24),
        e.TerminalOpened(terminal="t2", cols=99, rows=9),
        e.TerminalOutput(terminal="t1", data="\x1b[1mé😀 \x00\u2028"),
        e.TerminalOutput(terminal="t2", data="another's"),
        e.TerminalResized(terminal="t1", cols=100, rows=30),
        e.CommandFinished(terminal="t1", command="for x in 1 2\ndo echo $x\ndone", exit_code=3),
        e.PromptSent(turn="p", text="Why?"),
        e.TerminalOutput(terminal="t1", data="⋯ 1.0 MB left out ⋯\r\nend", cut=1_000_000),
        e.TerminalClosed(terminal="t1", exit_code=-9),
        e.PromptSent(turn="after", text="Too late"),
    )
    head, events = cast("t1", records)
    assert head["term"] == {"cols": 80, "rows": 24, "type": "xterm-256color"}
    assert events == [
        (2.0, "o", "\x1b[1mé😀 \x00\u2028"),
        (2.0, "r", "100x30"),
        (1.0, "m", "for x in 1 2… (exit 3)"),
        (1.0, "m", "Asked: Why?"),
        (1.0, "o", "⋯ 1.0 MB left out ⋯\r\nend"),
        (1.0, "x", "137"),
    ]


def test_what_was_erased_is_not_in_an_asciicast() -> None:
    records = recorded(
        e.TerminalOpened(terminal="t1", cols=80, rows=24),
        e.TerminalOutput(terminal="t1", data="token=hunter2"),
        e.CommandFinished(terminal="t1", command="echo hunter2", exit_code=0),
        e.TerminalOutput(terminal="t1", data="after"),
    )
    kept = [
        record.model_copy(update={"payload": None, "salt": None}) if record.seq in (2, 3) else record
        for record in records
    ]
    assert "hunter2" not in written("asciicast", None, "", kept)
    assert cast("", kept)[1] == [(3.0, "o", "after")]


def test_an_asciicast_is_of_one_terminal() -> None:
    opened = [e.TerminalOpened(terminal=f"t{number}", cols=80, rows=24) for number in (1, 2)]
    for terminal, payloads, words in (
        ("", opened, r"several: t1, t2"),
        ("t9", opened, r"t1, t2, got t9"),
        ("", [], r"none was opened"),
        ("t1", [], r"none was opened"),
    ):
        with pytest.raises(BadInput, match=words):
            written("asciicast", None, terminal, recorded(*payloads))


def test_an_unknown_id_names_what_there_is() -> None:
    with pytest.raises(BadInput, match=r"csv, json, log, got pdf"):
        registry.export("pdf")
    with pytest.raises(BadInput, match=r"grounding.*, got politeness"):
        registry.signal("politeness")
