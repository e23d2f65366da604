"""What a score reads of a log, however much of it there is: counted, never timed."""

from __future__ import annotations

import pytest

from rubrics.naming import grounded, names_failure
from tests.unit.test_signals import prompt

TWO = "tests/test_fees.py::test_two_hours"


class Counted(str):
    """A text that counts how often it is taken apart."""

    taken = 0

    def split(self, *how: object, **more: object) -> list[str]:  # type: ignore[override] # passes all on
        self.taken += 1
        return super().split(*how, **more)  # type: ignore[arg-type] # as above


def test_a_prompt_is_read_once_for_all_tests_and_their_failures() -> None:
    text = Counted("an AssertionError, make it better. " * 20)
    message = "AssertionError: nothing of the kind\n" * 50
    assert not any(names_failure(text, f"{TWO}[{number}]x", message) for number in range(300))
    assert text.taken <= 1


def test_what_was_attached_is_put_together_once() -> None:
    one = prompt("x")
    assert one.shown is one.shown


@pytest.mark.parametrize("lines", [1, 11])
def test_the_first_lines_of_a_failure_that_tell_of_it_are_read(lines: int) -> None:
    said = [f"AssertionError: assert {number} == 500" for number in range(lines)]
    assert names_failure(said[0], TWO, "\n".join(said))
    assert names_failure(said[-1], TWO, "\n".join(said)) == (lines == 1)


def test_a_failure_is_quoted_whatever_stands_about_it() -> None:
    assert names_failure("it says  KeyError: 'a b', why", TWO, "E   KeyError: 'a b'")
    assert not names_failure("it says Error: no", TWO, "E   Error: no")


@pytest.mark.parametrize(
    ("test", "text", "named"),
    [
        ("e", "make it better", False),
        ("better", "make it better", False),
        ("make it better", "make it better", True),
        ("a::b", "a::b is red", True),
        ("", "make it better", False),
        (f"{TWO}[1]", f"see {TWO}[1]", True),
        (f"{TWO}[1]", f"请修复{TWO}[1]的错误", True),
        ("测试::价格", "请修复测试::价格的错误", True),
        (f"{TWO}[1]", "two hours", False),
    ],
)
def test_an_id_that_could_stand_anywhere_names_nothing(test: str, text: str, named: bool) -> None:
    assert names_failure(text, test, "") == named
    assert grounded(prompt(text, tests=frozenset({test}))) == named
