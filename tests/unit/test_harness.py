"""The harness's words: what counts as an answer, what counts as a message, what is told of a failed test."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.service.harness.inside.grader import Answer, ProgramFailed, Run, read_answers, told_of
from interviews.service.harness.relay import MAX_LINE, GraderFailed, Lines, answer, understand
from sandbox.base import ExecResult

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


def ran(stdout: str, *, timed_out: bool = False, truncated: bool = False) -> Run:
    return Run(0, stdout, "", timed_out, truncated)


@given(st.lists(PLAIN, max_size=5))
def test_values_come_back_as_they_were(values: list[object]) -> None:
    lines = "".join(json.dumps({"value": value}) + "\n" for value in values)
    assert [one.value for one in read_answers(ran(lines), len(values))] == values


@given(st.text())
def test_any_text_is_so_many_answers(text: str) -> None:
    assert len(read_answers(ran(text), 3)) == 3


@pytest.mark.parametrize(
    "line",
    [
        "", "42", "[]", "{}", '{"value": NaN}', '{"value": Infinity}', '{"value": -Infinity}', '{"value": 1e999}',
        '{"value": [1e999]}', '{"value": ' + "[" * 100_000 + "]" * 100_000 + "}", '{"value": ' + "1" * 5000 + "}",
        '{"value": 1, "error": "X"}', '{"value": 1} {"value": 2}', '{"verdict": "passed"}',
    ],
)  # fmt: skip
def test_what_is_no_answer_spoils_all(line: str) -> None:
    found = read_answers(ran(f'{{"value": 1}}\n{line}\n'), 2)
    assert found in ([Answer(None, "garbage")] * 2, [Answer(1), Answer(None, "Exception")])
    with pytest.raises(ProgramFailed):
        _ = found[1].value


def test_one_answer_too_many_spoils_all() -> None:
    assert read_answers(ran('{"value": 1}\n' * 3), 2) == [Answer(None, "garbage")] * 2


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (ran('{"value": 1}\n{"val'), "crash"),
        (ran('{"value": 1}\n', timed_out=True), "timeout"),
        (ran('{"value": 1}\n', truncated=True), "garbage"),
    ],
)
def test_what_was_answered_before_the_end_counts(run: Run, why: str) -> None:
    assert read_answers(run, 3) == [Answer(1), Answer(None, why), Answer(None, why)]


@pytest.mark.parametrize(
    ("error", "known"),
    [
        ('"ValueError"', "ValueError"), ('"crash"', "Exception"), ('"a b"', "Exception"), ('"x\\n"', "Exception"),
        ("1", "Exception"),
        (json.dumps("E" * 101), "Exception"),
    ],
)  # fmt: skip
def test_an_exception_is_known_by_a_name_and_nothing_else(error: str, known: str) -> None:
    assert read_answers(ran(f'{{"error": {error}}}\n'), 1) == [Answer(None, known)]


@pytest.mark.parametrize(
    "error", [AssertionError("assert 41 == 42"), KeyError("42"), ProgramFailed("The program ended.")]
)
def test_what_is_told_of_a_failed_test_holds_no_value(error: Exception) -> None:
    assert "42" not in told_of(error)


@given(st.binary(max_size=200))
def test_any_line_is_a_message_or_the_graders_fault(line: bytes) -> None:
    try:
        said = understand(line)
    except GraderFailed:
        return
    assert len(said.model_fields_set) == 1


@given(st.lists(st.binary(max_size=20)))
def test_lines_arrive_whole_however_they_are_cut(parts: list[bytes]) -> None:
    lines = Lines()
    for part in parts:
        lines.add(part)
    lines.ended(0)
    *whole, _ = b"".join(parts).split(b"\n")
    soon = time.monotonic() + 5
    assert [lines.take(soon) for _ in whole] == whole
    with pytest.raises(GraderFailed, match="last word"):
        lines.take(soon)


def test_lines_are_bounded_and_waited_for_no_longer_than_said() -> None:
    lines = Lines()
    with pytest.raises(GraderFailed, match="longer than it may"):
        lines.take(time.monotonic() + 0.01)
    for _ in range(MAX_LINE // (1 << 20) + 1):
        lines.add(b"x" * (1 << 20))
    with pytest.raises(GraderFailed, match="at most"):
        lines.take(time.monotonic() + 5)


def test_the_largest_result_is_one_line_that_a_pipe_holds() -> None:
    line = answer(
        ExecResult(0, b"\xff" * (512 << 10), b"\x00" * (512 << 10), timed_out=False, truncated=True, duration_ms=1)
    )
    assert line.count(b"\n") == 1
    assert len(line) < 1 << 20
