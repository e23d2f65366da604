"""The hash chain names whatever was changed, and survives erasure."""

from __future__ import annotations

import io

import pytest

from interviews import events as e
from interviews.chain import verify
from interviews.errors import LogCorrupt
from interviews.log import Draft, MemoryLog
from interviews.ndjson import read_log, write_log
from tests.support import counting_salt, header, ticking_clock


def a_log() -> tuple[e.Header, list[e.Record]]:
    log = MemoryLog(ticking_clock(), counting_salt())
    log.create(header("i1"))
    log.append("i1", [Draft("candidate", e.ConsentGiven(text_sha256="0" * 64, locale="en"))])
    log.append(
        "i1",
        [
            Draft("system", e.InterviewStarted()),
            Draft("system", e.PhaseStarted(phase="open", duration_ms=60_000), follows=True),
            Draft("interviewer:ada", e.NoteAdded(text="größer 😀", about_seq=1)),
        ],
    )
    return log.header("i1"), log.read("i1")


def test_an_untouched_log_verifies_and_says_its_head() -> None:
    head, records = a_log()
    assert verify(head, records) == (4, records[-1].hash, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"at_ms": 1},
        {"actor": "system "},
        {"type": "interview.ended"},
        {"v": 2},
        {"cause": 1},
        {"payload": {"phase": "open", "duration_ms": 60_001}},
        {"salt": "00" * 16},
        {"payload_hash": "0" * 64},
        {"hash": "0" * 64},
        {"seq": 9},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_changed_field_is_found_at_its_event(change: dict[str, object]) -> None:
    head, records = a_log()
    records[2] = records[2].model_copy(update=change)
    with pytest.raises(LogCorrupt) as caught:
        verify(head, records)
    assert "3" in str(caught.value) or "9" in str(caught.value)


def test_a_removed_event_and_a_changed_header_are_found() -> None:
    head, records = a_log()
    with pytest.raises(LogCorrupt):
        verify(head, records[:1] + records[2:])
    with pytest.raises(LogCorrupt):
        verify(head.model_copy(update={"candidate": "another"}), records)


def test_erasing_a_payload_with_its_salt_leaves_a_chain_that_verifies() -> None:
    head, records = a_log()
    records[3] = records[3].model_copy(update={"payload": None, "salt": None})
    assert verify(head, records)[2] == 1


def test_the_exported_form_reads_back_equal() -> None:
    head, records = a_log()
    out = io.StringIO()
    assert write_log(out, head, records) == 4
    out.seek(0)
    assert read_log(out) == (head, records)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "begins with"),
        ("{", "begins with"),
        ('{"format":"pairsight-log","version":7}', "version 1, got 7"),
        ('{"format":"pairsight-log","version":1,"interview":{}}', "header"),
    ],
)
def test_a_broken_file_says_what_was_expected(text: str, told: str) -> None:
    with pytest.raises(LogCorrupt, match=told):
        read_log(io.StringIO(text))


def test_a_broken_line_is_named_by_its_number() -> None:
    head, records = a_log()
    out = io.StringIO()
    write_log(out, head, records)
    lines = out.getvalue().splitlines(keepends=True)
    lines[3] = "{}\n"
    with pytest.raises(LogCorrupt, match="Line 4"):
        read_log(io.StringIO("".join(lines)))
