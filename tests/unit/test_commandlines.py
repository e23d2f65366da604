"""What lines typed in a terminal run, read without a shell: what is told surely, what is not, and where a shell stands."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews.commandlines import kinds
from interviews.shells import Reading, Run, Shell
from interviews.shellwords import Scan, Word, split

ROOT = "/workspace"
PATHS = frozenset({"songs/play.py", "tests/test_play.py", "review/tests/test_play.py", "my songs/x.py"})


def read(*lines: str | tuple[str, int]) -> list[Run] | None:
    """What the last of these lines ran, typed one after the other; None where that cannot be said."""
    shell, found = Shell(ROOT), None
    for line in lines:
        text, code = (line, 0) if isinstance(line, str) else line
        reading = shell.read(text, code, PATHS)
        found = None if reading.unread else list(reading.runs)
    return found


def ran(*arguments: str, folder: str = "", code: int | None = 0, **environment: str) -> list[Run]:
    return [Run(arguments, folder, tuple(sorted(environment.items())), code)]


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("pytest", ran()),
        ("py.test tests", ran("tests")),
        ("pytest tests 2>&1 | tail -5", ran("tests", code=None)),
        ("pytest tests |& tee out.txt", ran("tests", code=None)),
        ("pytest tests > out.txt", ran("tests")),
        ("pytest tests >out.txt 2>/dev/null", ran("tests")),
        ("pytest tests &> out.txt", ran("tests")),
        ("> out.txt pytest tests", ran("tests")),
        ("pytest -k 2 >> out.txt", ran("-k", "2")),
        ("pytest tests < /dev/null", ran("tests")),
        ("pytest tests # again, > and | and all", ran("tests")),
        ("pytest tests#1", ran("tests#1")),
        ("pytest '-k' \"a; b\" tests\\ 2", ran("-k", "a; b", "tests 2")),
        ("pytest tests/test_play.py::test_it[1-a]", ran("tests/test_play.py::test_it[1-a]")),
        ("pytest 'tests/*.py' \"\\$x\" '$y'", ran("tests/*.py", "$x", "$y")),
        ("pytest \\\n  -q \\\n  tests", ran("-q", "tests")),
        ("PYTHONPATH=. pytest", ran(PYTHONPATH=".")),
        ("X= Y='a b' pytest", ran(X="", Y="a b")),
        ("env X=1 pytest -q", ran("-q", X="1")),
        ("timeout 60 pytest", ran()),
        ("timeout -k 5 -s KILL 60 pytest", ran()),
        ("time pytest", ran()),
        ("time -p python -m pytest", ran()),
        ("nice pytest", ran()),
        ("nice -n 5 pytest", ran()),
        ("nohup stdbuf -o L pytest", ran()),
        ("command pytest", ran()),
        ("uv run pytest", ran()),
        ("uv run -q -- python -m pytest tests", ran("tests")),
        ("poetry run pytest -x", ran("-x")),
        ("X=1 timeout 9 uv run coverage run -m pytest", ran(X="1")),
        ("python -X dev -m pytest", ran()),
        ("python3.12 -Bum pytest -q", ran("-q")),
        ("python -Wdefault -mpytest -q", ran("-q")),
        ("/usr/bin/python3 .venv/bin/pytest -q", ran("-q")),
        ("$HOME/venv/bin/pytest -q", ran("-q")),
        ("coverage run -m pytest", ran()),
        ("coverage run --branch --source songs -m pytest tests", ran("tests")),
        ("python -m coverage run -m pytest tests", ran("tests")),
        ("clear; pytest", ran()),
        ("clear && pytest -q", ran("-q")),
        ("ls && pytest", ran()),
        ("pytest; ls", ran(code=None)),
        ("pytest\nls", ran(code=None)),
        ("pytest -x && echo fine", ran("-x")),
        ("pytest || echo red", ran(code=None)),
        ("{ pytest; }", ran()),
        ("(pytest)", ran()),
        ("((pytest))", ran()),
        ("! pytest", ran(code=None)),
        ("yes | pytest", ran()),
        ("pytest a && pytest b", ran("a") + ran("b")),
        ("pytest a; pytest b", ran("a", code=None) + ran("b")),
        ("cd review && python3 -m pytest tests", ran("tests", folder="review")),
        ("cd review; pytest", ran(folder="review")),
        ("(cd review && pytest tests)", ran("tests", folder="review")),
        ("(cd review); pytest tests", ran("tests")),
        ("cd review && cd .. && pytest", ran()),
        ("cd review/tests && cd - && pytest", ran()),
        ("cd 'my songs' && pytest", ran(folder="my songs")),
        ("cd /workspace/review && pytest", ran(folder="review")),
        ("cd ./review/ && clear && pytest", ran(folder="review")),
        ("cd review | cat; pytest", ran()),
        ("cd made && pytest", ran(folder="made")),
        ("{ cd review; pytest; }", ran(folder="review")),
        ("source .venv/bin/activate && pytest", ran()),
        ("ls & pytest", ran()),
    ],
)
def test_what_a_line_ran_of_tests(line: str, runs: list[Run]) -> None:
    assert read(line) == runs
    assert kinds(line) == {"tests"}


@pytest.mark.parametrize(
    ("line", "code", "runs"),
    [
        ("pytest", 1, ran(code=1)),
        ("pytest | tail", 1, ran(code=None)),
        ("pytest && echo fine", 1, ran(code=1)),
        # Whose code it is, nobody knows.
        ("pytest && ls", 2, ran(code=None)),
        ("cd review && pytest", 1, ran(folder="review", code=1)),
        ("ls && pytest", 1, None),
        ("cd made && pytest", 1, None),
        ("cd made; pytest", 1, None),
        ("ls || pytest", 1, ran(code=1)),
        ("ls || pytest", 0, None),
        ("pytest a || pytest b", 1, ran("a", code=None) + ran("b", code=1)),
        ("sleep 9; pytest", 130, None),
        ("pytest", 130, ran(code=130)),
        ("pytest", -1, ran(code=None)),
        # It is not there: nothing ran.
        ("uv run pytest", 127, []),
        ("ls; pytest", 127, []),
        ("pytest; lsx", 127, ran(code=None)),
    ],
)
def test_what_the_exit_code_tells(line: str, code: int, runs: list[Run] | None) -> None:
    assert read((line, code)) == runs


def test_of_two_runs_one_may_be_told_surely() -> None:
    assert Shell(ROOT).read("pytest a && pytest b", 1, PATHS) == Reading(tuple(ran("a", code=None)), unread=True)


@pytest.mark.parametrize(
    "line",
    [
        "pytest $TESTS",
        'pytest "$TESTS"',
        "pytest ${TESTS}",
        "pytest ${TESTS:-a b}",
        "pytest tests/*.py",
        "pytest tests/test_{a,b}.py",
        "pytest ~/tests",
        "pytest $(git diff --name-only)",
        "pytest `ls`",
        'pytest "$(ls)"',
        "X=$Y pytest",
        "X+=1 pytest",
        "pytest <<END\ntext\nEND",
        "cat > x.py <<END\ntext\nEND\npytest",
        "pytest <(ls)",
        "pytest &",
        "for one in a b; do pytest $one; done",
        "if pytest; then ls; fi",
        "while ! pytest; do sleep 1; done",
        "f() { pytest; }; f",
        "bash -c 'pytest -q'",
        "python -c 'import pytest; pytest.main()'",
        "python -m pdb -m pytest",
        "make pytest",
        "watch pytest",
        "echo tests | xargs pytest",
        "env -C review pytest",
        "uv run --directory review pytest",
        "uvx pytest",
        "pytest --lf",
        "echo $(pytest -q)",
        "cd $X && pytest",
        "cd ~ && pytest",
        "cd .. && pytest",
        "cd && pytest",
        "cd /tmp; pytest",
        "cd made && pytest || ls",
        "pushd review && pytest",
        "source setup.sh; pytest",
        "eval cd review; pytest",
        "time (pytest)",
        "x=(a b); pytest",
        "(" * 50 + "pytest" + ")" * 50,
        "true && " * 100 + "pytest",
        "pytest " + "x" * 1990 + "…",
    ],
)
def test_what_cannot_be_read_surely_is_said_to_be_unread(line: str) -> None:
    assert read(line) is None
    assert kinds(line) == {"tests"}


@pytest.mark.parametrize(
    "line",
    ["$RUN -q", '"$RUN" -q', "X=1 `cat run`$X", 'echo "$(pytest -q)"', "$(which pytest) tests", "eval 'pytest -q'"],
)
def test_what_may_be_a_test_run_is_none_that_counts(line: str) -> None:
    assert read(line) is None
    assert kinds(line) == {"unknown"}


@pytest.mark.parametrize(
    "line",
    [
        "", "ls", "python songs/play.py", "cat pytest", "grep -r pytest . | less", "which pytest", "command -v pytest",
        "pip install pytest", "echo 'pytest; pytest'", 'echo "a && pytest"', "echo a \\; pytest", "grep '|' pytest", "# pytest",
        "ls # ; pytest",
        "cat <<END\npytest\nEND", "cat <<-'A B'\npytest\n\tA B\nls", "cat <<END\npytest", "alias t=pytest", "t() { pytest; }",
        "function t { pytest; }", "ls > pytest", "echo x >pytest -q", "git commit -m \"$(date)\"", "pytest --version",
        "python -m coverage report",
        "echo `date`", "echo $(ls)", "X=pytest", "man pytest", "xargs grep pytest", "vim tests/test_play.py",
    ],
)  # fmt: skip
def test_what_is_no_test_run(line: str) -> None:
    assert read(line) == []
    assert kinds(line) <= {"program"}


@pytest.mark.parametrize(
    ("lines", "runs"),
    [
        (["cd review", "pytest tests"], ran("tests", folder="review")),
        (["cd review", "cd ..", "pytest"], ran()),
        (["cd review", "cd -", "pytest"], ran()),
        (["cd made", "pytest"], ran(folder="made")),
        ([("cd made", 1), "pytest"], ran()),
        ([("cd review && pytest", 1), "pytest"], ran(folder="review")),
        ([("cd made && pytest", 1), "pytest"], None),
        ([("cd made; ls", 1), "pytest"], None),
        (["(cd review; ls)", "pytest"], ran()),
        (["ls || cd review", "pytest"], None),
        # The folder is there, so it was the first that failed.
        ([("ls && cd review", 1), "pytest"], ran()),
        (["ls && cd review", "pytest"], ran(folder="review")),
        (["cd review &", "pytest"], ran()),
        (["cd $X", "pytest"], None),
        (["cd $X", "cd review", "pytest"], None),
        (["cd $X", "cd /workspace", "pytest"], ran()),
        (["cd /tmp", "cd -", "pytest"], ran()),
        (["cd review", ("cd made", 1), "cd -", "pytest"], ran()),
        (["if true; then cd review; fi", "pytest"], None),
        (["popd", "pytest"], None),
        (["source .venv/bin/activate", "pytest"], ran()),
        (["alias t='pytest -q'", "t"], None),
        (["alias pytest='pytest -x'", "pytest"], None),
        (["alias l='ls -l'", "l"], []),
        (["alias r='cd review'", "r", "pytest"], None),
        (["t() { pytest; }", "t"], None),
        (["r() { cd review; }", "r", "pytest"], None),
        (["export PYTHONPATH=songs", "X=1 pytest"], ran(PYTHONPATH="songs", X="1")),
        (["export PYTEST_ADDOPTS=$X", "pytest"], None),
        (["export PATH=$PATH:.", "pytest"], ran()),
        (["export PYTHONPATH=$(pwd)/songs", "pytest"], None),
        (["export X=1", "unset X", "pytest"], ran()),
        (["cd review" + " " * 2000 + "…", "pytest"], None),
    ],
)
def test_what_earlier_lines_of_a_terminal_change(lines: list[str | tuple[str, int]], runs: list[Run] | None) -> None:
    assert read(*lines) == runs


@given(st.lists(st.text("ab '\"\\;|&()<>#$`*\n", min_size=1), min_size=1))
def test_quoted_words_come_out_as_they_went_in(words: list[str]) -> None:
    assert split(Scan(f"x {shlex.join(words)}").pieces) == [[Word("x"), *(Word(word) for word in words)]]


PIECES = [
    *("a", "b", "pytest", "cd", "review", "X=1", "&&", "||", ";", "|", "&", "(", ")", "{", "}", "!", ">", "2>&1", "\n"),
    *("$x", "'q r'", '"', "'", "`", "$(", "if", "fi", "<<", "#", "\\"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_both_readings_agree_on_what_is_a_test_run(pieces: list[str]) -> None:
    for line in (" ".join(pieces), "".join(pieces)):
        reading = Shell(ROOT).read(line, None, PATHS)
        if reading.runs or reading.unread:
            assert kinds(line) & {"tests", "unknown"}
        if not kinds(line) & {"tests", "unknown"}:
            assert reading.runs == () and not reading.unread


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("python3 -c 1", frozenset()),
        ("python3 -c 'print(1)'", frozenset()),
        ("node -e 1", frozenset()),
        ("python3 -c 'import playlists; print(playlists)'", {"program"}),
        ("node -e 'require(\"./a\")'", {"program"}),
        ("python3 main.py 3", {"program"}),
    ],
)
def test_code_on_the_line_runs_nothing_of_the_workspace_unless_it_loads_it(line: str, runs: frozenset[str]) -> None:
    assert kinds(line) == runs
