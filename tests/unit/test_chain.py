"""The hash chain names whatever was changed, and survives erasure."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import get_args

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from interviews import events as e
from interviews.chain import canonical, record_hash, sha256_hex, verify
from interviews.erasure import Tombstones, tombstones
from interviews.errors import BadInput, LogCorrupt
from interviews.log import Draft, MemoryLog, random_salts
from interviews.ndjson import read_log, read_view, write_log
from interviews.visibility import hidden, withhold
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
    with pytest.raises(LogCorrupt, match="Event 1 does not follow from this log's header"):
        verify(head.model_copy(update={"candidate": "another"}), records)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda r: [r[0], r[2], r[1], r[3]], 3),
        (lambda r: [r[0], r[1], r[1], r[2], r[3]], 2),
        (lambda r: [r[0], r[1], r[3]], 4),
        (lambda r: r[1:], 2),
        (lambda r: [*r, r[3]], 4),
        (lambda r: [*r, r[0].model_copy(update={"seq": 5})], 5),
        (lambda r: [*r[:3], r[3].model_copy(update={"payload": {"text": "half \ud83d", "about_seq": 1}})], 4),
        (lambda r: [*r[:3], r[3].model_copy(update={"payload": {"text": "", "about_seq": 2**60}})], 4),
        (lambda r: [*r[:3], r[3].model_copy(update={"salt": "not hex"})], 4),
        (lambda r: [*r[:3], r[3].model_copy(update={"salt": None})], 4),
        (lambda r: [*r[:3], r[3].model_copy(update={"actor": "half \ud83d"})], 4),
        (lambda r: [*r[:3], r[3].model_copy(update={"payload": None})], 4),
    ],
    ids=[
        "order", "doubled", "gap", "begun later", "doubled end", "copied on", "no character", "no exact number", "no salt",
        "half erased", "no name", "salt left",
    ],
)  # fmt: skip
def test_the_first_broken_event_is_named(change: Callable[[list[e.Record]], list[e.Record]], named: int) -> None:
    head, records = a_log()
    with pytest.raises(LogCorrupt) as caught:
        verify(head, change(records))
    assert caught.value.params["seq"] == named


def test_a_log_cut_off_at_its_end_is_found_by_a_head_noted_earlier() -> None:
    head, records = a_log()
    noted = verify(head, records)[1]
    assert verify(head, records, noted)[1] == noted
    assert verify(head, records, records[1].hash)[0] == 4
    verify(head, records[:2])
    with pytest.raises(LogCorrupt, match="after event 2") as caught:
        verify(head, records[:2], noted)
    assert caught.value.params["seq"] == 2
    with pytest.raises(LogCorrupt, match="after event 0"):
        verify(head, [], noted)


@given(st.data())
def test_a_log_with_anything_in_it_changed_is_told_at_that_event(data: st.DataObject) -> None:
    head, records = a_log()
    out = io.StringIO()
    write_log(out, head, records)
    lines = out.getvalue().splitlines()
    at = data.draw(st.integers(1, len(lines) - 1), label="line")
    start = data.draw(st.integers(0, len(lines[at]) - 1), label="start")
    end = data.draw(st.integers(start, min(len(lines[at]), start + 4)), label="end")
    lines[at] = lines[at][:start] + data.draw(st.text(max_size=4), label="insert") + lines[at][end:]
    try:
        header_read, read = read_log(io.StringIO("\n".join(lines)))
    except LogCorrupt:
        return
    assert first_broken(header_read, read) == (None if read == records else at)


def first_broken(head: e.Header, records: list[e.Record]) -> object:
    """The number of the first event that does not verify, or None."""
    try:
        verify(head, records)
    except LogCorrupt as error:
        return error.params.get("want", error.params["seq"])
    return None


NUMBERS = st.integers(-(2**53) - 2, 2**53 + 2) | st.floats(allow_nan=True)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
)


@given(VALUES)
def test_canonical_json_is_that_of_rfc_8785(value: e.Json) -> None:
    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):  # the latter for a key
        with pytest.raises(BadInput, match="JSON can carry"):
            canonical(value)
    else:
        assert canonical(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"\ufb33": 1, "😀": 2, "a": 3},
        1e21,
        1e-7,
        -0.0,
        5e-324,
        1.0,
        2**53 - 1,
        '\x00\x1f\x7f\u2028"\\/',
        [],
        {},
        [[{}]],
        ("a", 1),
    ],
)
def test_the_corners_of_canonical_json(value: e.Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), float("inf"), "\ud83d", {"\ude00": 1}, {1: 2}, b"x", {1, 2}]
)
def test_what_json_cannot_carry_is_refused(value: e.Json) -> None:
    with pytest.raises(BadInput):
        canonical({"in": [value]})


def test_what_is_nested_beyond_reason_is_refused() -> None:
    value: e.Json = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(BadInput):
        canonical(value)


@given(
    st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(1, 2**53 - 1), st.none() | st.integers(1, 2**53 - 1), st.sampled_from(["0" * 64, sha256_hex(b"x")]),
)  # fmt: skip
def test_the_chain_covers_the_canonical_form_of_its_fields(
    actor: str, type_: str, number: int, cause: int | None, digest: str
) -> None:
    covered: e.Json = {
        "seq": number, "at": number, "actor": actor, "type": type_, "v": 1, "cause": cause, "prev": digest, "payload_hash": digest,
    }  # fmt: skip
    got = record_hash(digest, seq=number, at_ms=number, actor=actor, type_=type_, v=1, cause=cause, payload=digest)
    assert got == sha256_hex(rfc8785.dumps(covered))


def test_erasing_a_payload_with_its_salt_leaves_a_chain_that_verifies() -> None:
    head, records = a_log()
    records[3] = records[3].model_copy(update={"payload": None, "salt": None})
    assert verify(head, records)[2] == 1


def bare(record: e.Record) -> e.Record:
    return record.model_copy(update={"payload": None, "salt": None})


def test_what_is_empty_is_told_by_why_it_is() -> None:
    log = MemoryLog(ticking_clock(), counting_salt())
    log.create(header("i1"))
    note = Draft("interviewer:ada", e.NoteAdded(text="note", about_seq=1))
    log.append("i1", [Draft("candidate", e.PromptSent(turn=f"a{at}", text="words")) for at in range(3)] + [note])
    log.erase("i1", [1], "interviewer:ada", "A password")
    records = log.read("i1")
    whole = records[0].model_copy(update={"payload": {"turn": "a0"}, "salt": "00"})
    assert tombstones(records) == Tombstones(erased=(1,))
    # Somebody else dropped what event 2 held.
    assert tombstones([records[0], bare(records[1]), *records[2:]]) == Tombstones(erased=(1,), unexplained=(2,))
    seen = [withhold("candidate", record) for record in records]
    assert tombstones(seen, hidden("candidate")) == Tombstones(erased=(1,), withheld=(4,))
    assert tombstones(seen) == Tombstones(erased=(1,), unexplained=(4,))
    assert tombstones([whole, *records[1:]]) == Tombstones(kept=(1,))
    # Nor does an erasure tell of what came after it, or of anything once it is empty itself.
    assert tombstones([*records[:4], bare(records[4])]) == Tombstones(unexplained=(1, 5))


def test_a_candidates_copy_says_so_and_reads_back() -> None:
    head, records = a_log()
    seen = [withhold("candidate", record) for record in records]
    for view in get_args(e.Role):
        out = io.StringIO()
        write_log(out, head, seen, view)
        assert read_view(io.StringIO(out.getvalue())) == view
        assert read_log(io.StringIO(out.getvalue())) == (head, seen)
    with pytest.raises(LogCorrupt, match="view"):
        read_view(io.StringIO('{"view": "nobody"}'))


def test_a_record_made_unchecked_is_the_same_as_a_checked_one() -> None:
    record = a_log()[1][1]
    fields = record.model_dump()
    for made in (e.Record.trusted(**fields), e.Record.trusted(**fields).model_copy(update={"seq": record.seq})):
        assert made == e.Record(**fields) == record
        assert (repr(made), hash(made.hash), made.model_dump_json()) == (
            repr(record),
            hash(record.hash),
            record.model_dump_json(),
        )
        assert made.model_fields_set == set(e.Record.model_fields)
    with pytest.raises(ValidationError, match="frozen"):
        made.seq = 2


def test_salts_never_repeat_nor_after_a_fork() -> None:
    new = random_salts()
    drawn = [new() for _ in range(1_000)]
    assert len(set(drawn)) == 1_000 and {len(bytes.fromhex(salt)) for salt in drawn} == {16}
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, new().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 64).decode() != new()
    os.close(read)
    os.close(write)


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
        ('{"format":"pairsight-log","version":true}', "version 1, got true"),
        ('{"format":"pairsight-log","version":1.0}', "version 1, got 1.0"),
        ('{"format":"pairsight-log","version":"1"}', 'version 1, got "1"'),
        ('{"format":"pairsight-log"}', "version 1, got null"),
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
