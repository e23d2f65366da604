"""What a score reads of a log, however much of it there is: counted, never timed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import SupportsIndex

import pytest

from interviews import events as e
from interviews.commandlines import kinds
from interviews.exercises import expresses
from interviews.service.mentions import BUDGETS
from rubrics.reading import facts, wording
from rubrics.reading.naming import grounded, names_failure
from rubrics.reading.running import Command, running
from rubrics.reading.workspace import File
from tests.golden.make import REQUIREMENTS
from tests.golden.story import note
from tests.unit.test_signals import CAP, asked, begin, finish, offered, prompt, share

TWO = "tests/test_fees.py::test_two_hours"


class Counted(str):
    """A text that counts how often it is taken apart."""

    taken = 0

    def split(self, sep: str | None = None, maxsplit: SupportsIndex = -1) -> list[str]:
        self.taken += 1
        return super().split(sep, maxsplit)


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


@pytest.mark.parametrize(
    "command",
    [
        "pytest",
        "pytest;",
        "(cd src; pytest)",
        "cd src && pytest&&echo done",
        "pytest|tail",
        "python -m pytest 2>&1 | tail",
        "coverage run -m pytest",
        "pipenv run pytest",
        "pdm run pytest -q",
        "uv run --with x pytest",
        "uv run -q --python 3.12 -- pytest",
        "exec pytest",
        "nohup pytest &",
        "timeout -s KILL 60 pytest",
        "env -u HOME A=1 pytest",
        "A='b c' pytest",
        "{ pytest; }",
        "if pytest; then echo; fi",
        ".venv/bin/py.test -k 'a; b'",
        "bash -c 'pytest -q'",
    ],
)
def test_tests_run_from_a_terminal(command: str) -> None:
    assert kinds(command) == {"tests"}


@pytest.mark.parametrize(
    "command",
    [
        "vitest run",
        "yarn test",
        "pnpm run test:unit",
        "python3 -m songs",
        "./play.sh",
        "make",
        "uv run songs.py",
        "coverage run songs.py",
        "cat notes | python songs.py",
        "python - <<EOF\nprint(1)\nEOF",
        "time -p node server.js",
        "A=1 B=2 python songs.py",
        "python songs.py # again",
    ],
)
def test_programs_run_from_a_terminal(command: str) -> None:
    tasks = command.startswith(("vitest", "yarn", "pnpm", "make"))
    assert kinds(command) == {"task" if tasks else "program"}


@pytest.mark.parametrize(
    "command",
    [
        "",
        "cat test.py",
        "grep python songs.py",
        "grep 'x; pytest -q' notes",
        'echo "a && python songs.py"',
        "python",
        "python --version",
        "pytest -h; ls",
        "pip install pytest",
        "yarn add left",
        "coverage report",
        "uv sync",
        "which pytest",
        "# pytest",
        "ls # then; pytest",
        "cat <<EOF\npytest -q\nEOF",
        "A=1",
        "env",
        "timeout 5",
        "'",
        "\\",
        'echo "open; pytest',
    ],
)
def test_what_runs_nothing(command: str) -> None:
    assert kinds(command) == frozenset()


def test_a_line_may_run_both() -> None:
    assert kinds("pytest -q; python -m songs") == {"tests", "program"}


def test_each_command_is_read_once_however_many_changes_were_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    story = begin()
    asked(story, "a1", "do it")
    for number in range(30):
        offered(story, "a1", note(f"h{number}"))
    for number in range(40):
        command = e.CommandFinished(terminal="t1", command=f"ls {number}" + "; pytest" * (number == 39), exit_code=0)
        story.tell("terminal", command)
    finish(story)
    read: list[str] = []

    def counted(line: str, exit_code: int) -> tuple[Command, ...]:
        read.append(line)
        return running(line, exit_code)

    monkeypatch.setattr(facts, "running", counted)
    assert share(story, "verified_before_submit") == (30, 30)
    assert len(read) == 40


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "piece",
    [
        "'",
        '"',
        "\\",
        'a"',
        "a'b\"",
        "A=",
        "a=b ",
        "env ",
        "uv run ",
        "(",
        "-x ",
        "<<",
        "#",
        "; ",
        "${",
        "$(",
        "`",
        "a && ",
        "{ ",
        "<<a\n",
        "f()",
    ],
)
def test_no_line_stalls_the_reading(piece: str) -> None:
    kinds(piece * (200_000 // len(piece)))


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the long texts in which requirements are looked for, one a search."""
    lengths: list[int] = []

    def counted(patterns: Iterable[str], text: str) -> bool:
        if len(text) > 10_000:
            lengths.append(len(text))
        return expresses(patterns, text)

    monkeypatch.setattr(wording, "expresses", counted)
    return lengths


# Once as it stands, and once with its spelling put right where a word of it is a letter away.
MOST_SEARCHES = 2 * len(REQUIREMENTS)


def test_what_was_written_into_a_file_is_searched_once_and_its_beginning_alone(searched: list[int]) -> None:
    story = begin()
    story.file("candidate", "notes.py", "# nothing of the kind\n" * 15_000, "typed")
    asked(story, "a1", "do it")
    ids = [atom.id for atom in REQUIREMENTS]
    for number in range(12):
        noted = e.HunkNote(hunk=f"h{number}", touches=tuple(ids), honours=tuple(ids))
        offered(story, "a1", noted)
    assert share(story, "requirement_coverage") == (0, 0)
    assert 0 < len(searched) <= MOST_SEARCHES
    assert max(searched) <= 200_000


@pytest.mark.parametrize(("lines", "hits"), [(0, 1), (20_000, 0)])
def test_what_stands_far_down_a_huge_file_is_not_read(lines: int, hits: int) -> None:
    story = begin()
    story.file("candidate", "notes.md", "nothing of it\n" * lines + CAP + "\n", "typed")
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (hits, 1)


def test_of_data_not_even_whose_lines_they_are_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    story = begin()
    story.file("candidate", "songs.csv", f"{CAP}\n" * 100, "terminal")
    asked(story, "a1", "do it")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    read: list[int] = []
    own_lines = File.own_lines

    def counted(file: File) -> str:
        read.append(len(file.text))
        return own_lines(file)

    monkeypatch.setattr(File, "own_lines", counted)
    assert share(story, "requirement_coverage") == (0, 1)
    assert len(f"{CAP}\n" * 100) not in read


def test_a_file_attached_again_and_again_is_searched_once_as_far_as_it_was_sent(searched: list[int]) -> None:
    story = begin()
    story.file("system", "notes.md", "nothing of the kind\n" * 10_000, "starter")
    for number in range(8):
        asked(story, f"a{number}", f"do it {number}", "notes.md")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (0, 1)
    assert 0 < len(searched) <= MOST_SEARCHES
    assert max(searched) <= wording.SENT == BUDGETS["file"]


@pytest.mark.parametrize(("before", "hits"), [(39_000, 1), (40_000, 0)])
def test_what_was_not_sent_was_not_said(before: int, hits: int) -> None:
    story = begin()
    story.file("system", "notes.md", "nothing.\n" * (before // 9) + CAP, "starter")
    asked(story, "a1", "do it", "notes.md")
    offered(story, "a1", note("h1", "cap"))
    finish(story, test_cap="failed")
    assert share(story, "requirement_coverage") == (hits, 1)
