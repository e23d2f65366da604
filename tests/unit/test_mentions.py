"""What a prompt brings: texts taken from the state, cut to budgets, and what does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interviews import events as e
from interviews.errors import BadInput, NotFound
from interviews.service import mentions
from interviews.service.mentions import BUDGET, BUDGETS, attached, found, last_output, names, paths, plain, read, shown
from interviews.state import FileView, RunView, State, TerminalView, TurnView

TEXT = "one\ntwo\nthree 😀\n"


def state(**terminals: list[str]) -> State:
    failed = {"id": "t.py::test_a", "outcome": "failed", "message": "assert 1 == 2", "duration_ms": 1}
    passed = {**failed, "outcome": "passed", "message": ""}
    return State(
        files={
            "a.py": FileView(TEXT, 3, 20),
            "big.py": FileView("x" * 300_000, 1, 300_000),
            "image.png": FileView(None, 1, 5),
        },
        runs=[
            RunView("r1", 5, 6, tests=[{**failed, "message": "older"}]),
            RunView("r2", 7, 8, tests=[failed]),
            RunView("r3", 9, 10, tests=[passed]),
            RunView("r4", 11),
        ],
        terminals={name: TerminalView(80, 24, output=output) for name, output in terminals.items()},
    )


def sent(*items: object, at: State | None = None) -> tuple[e.Mention, ...]:
    return found(read(list(items)), at or state())


def test_a_file_is_known_by_its_version_and_its_text_goes_along() -> None:
    (mention,) = sent({"kind": "file", "name": "a.py"})
    assert mention == e.Mention(kind="file", name="a.py", version=3)
    attachment = attached(mention, {"a.py": TEXT})
    assert (attachment.name, attachment.text, attachment.kind, attachment.path) == ("a.py", TEXT, "file", "a.py")


@pytest.mark.parametrize(
    ("line", "end_line", "text", "name"),
    [(2, 3, "two\nthree 😀", "a.py:2-3"), (1, 1, "one", "a.py:1"), (4, 4, "", "a.py:4")],
)
def test_a_selection_is_cut_out_of_our_own_text(line: int, end_line: int, text: str, name: str) -> None:
    item = {"kind": "selection", "name": "a.py", "line": line, "end_line": end_line, "text": "what the page says"}
    (mention,) = sent(item)
    assert (mention.text, mention.version, mention.line, mention.end_line) == (text, 3, line, end_line)
    assert attached(mention, {}).name == name and attached(mention, {}).path == "a.py"


def test_one_line_may_be_named_alone() -> None:
    assert sent({"kind": "selection", "name": "a.py", "line": 2})[0].text == "two"


def test_a_failure_has_the_words_of_the_newest_run_in_which_it_failed() -> None:
    (mention,) = sent({"kind": "failure", "name": "t.py::test_a", "text": "what the page says"})
    assert mention == e.Mention(kind="failure", name="t.py::test_a", text="assert 1 == 2")
    assert attached(mention, {}).kind == "failure" and attached(mention, {}).path == ""


def test_a_terminal_gives_what_was_selected_or_what_its_last_command_printed() -> None:
    shell = [
        "\x1b]133;A\x07$ \x1b]133;B\x07ls\r\n\x1b]133;C;cmdline_url=ls\x07a.py\r\n\x1b]133;D;0\x07\x1b]133;A\x07$ \x1b]133;B\x07",
        "pytest -q\r\n\x1b]133;C;cmdline_url=pytest%20-q\x07\x1b[31m1 fail",
        "ed\x1b[0m 😀\r\n\x1b]133;D;1\x07\x1b]133;A\x07$ \x1b]133;B\x07ty",
    ]
    (mention,) = sent({"kind": "terminal", "name": "t1"}, at=state(t1=shell))
    assert mention == e.Mention(kind="terminal", name="t1", text="$ pytest -q\n1 failed 😀")
    assert attached(mention, {}).name == "t1" and shown(mention) == "terminal t1"
    (mention,) = sent({"kind": "terminal", "name": "t1", "text": "\x1b[1msel\x1b[0mected\x07\r\n"}, at=state(t1=shell))
    assert mention.text == "selected"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("10%\r50%\r100%\r\ndone\r\n", "100%\ndone\n"),
        ("abc\b\bX\r\n", "aX\n"),
        ("\x1b]0;title\x07a\x1b[2Kb\x1b(Bc\x9b1md", "abcd"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("tab\there\x00\x07", "tab\there"),
    ],
)
def test_what_moves_and_colours_is_taken_out(data: str, text: str) -> None:
    assert plain(data) == text


@given(st.text(alphabet=st.sampled_from("a\n\r\b\x1b[]0;m133CDA\x07\\=%\x9b\ud83d😀")))
def test_whatever_a_terminal_holds_no_control_gets_through_and_nothing_is_raised(data: str) -> None:
    for text in (plain(data), last_output(data)):
        assert not any((ord(char) < 32 and char not in "\n\t") or 127 <= ord(char) < 160 for char in text)
    at = state(t1=[data])
    try:
        (mention,) = sent({"kind": "terminal", "name": "t1"}, at=at)
    except BadInput:
        return
    # What is recorded is text that a log carries.
    assert mention.text.strip() and mention.text.encode()


def test_a_running_command_gives_what_it_has_printed_so_far_and_without_marks_all_there_is() -> None:
    assert last_output("$ x\r\n\x1b]133;C;cmdline_url=x\x07so far\r\n") == "$ x\nso far\n"
    assert last_output("plain\r\n$ ") == "plain\n$ "


def test_each_is_cut_to_its_budget_and_says_so() -> None:
    flood = "old\n" + "y" * 9_000 + "\nnew"
    file, terminal = sent({"kind": "file", "name": "big.py"}, {"kind": "terminal", "name": "t1"}, at=state(t1=[flood]))
    assert file.cut == 300_000 - BUDGETS["file"] and file.text == ""
    text = attached(file, {"big.py": "x" * 300_000}).text
    assert text.startswith("x" * BUDGETS["file"]) and text.endswith(f"[… {file.cut} more characters are left out]")
    assert terminal.text.endswith("\nnew") and len(terminal.text) == BUDGETS["terminal"]
    assert terminal.cut == len(flood) - BUDGETS["terminal"]
    assert attached(terminal, {}).text.startswith(f"[… {terminal.cut} more")


@given(
    st.lists(
        st.builds(
            lambda first, lines: {"kind": "selection", "name": "big.py", "line": first, "end_line": first + lines},
            st.integers(1, 500), st.integers(0, 3_000),
        ),
        max_size=20, unique_by=lambda item: (item["line"], item["end_line"]),
    )
)  # fmt: skip
def test_all_of_them_together_have_a_budget_too(items: list[dict[str, Any]]) -> None:
    text = "\n".join(f"line {number}" for number in range(4_000))
    mentioned = sent(*items, at=State(files={"big.py": FileView(text, 1, len(text))}))
    assert sum(len(mention.text) for mention in mentioned) <= BUDGET
    for mention in mentioned:
        whole = "\n".join(text.split("\n")[mention.line - 1 : mention.end_line])
        assert whole.startswith(mention.text) and len(mention.text) + mention.cut == len(whole)
        assert len(mention.text) <= BUDGETS["selection"]


def test_the_same_is_sent_once_and_old_pages_name_files_alone() -> None:
    wanted = read([{"kind": "file", "name": "a.py"}, {"kind": "file", "name": "a.py"}], ["a.py", "b.py"])
    assert [(one.kind, one.name) for one in wanted] == [("file", "a.py"), ("file", "b.py")]


@pytest.mark.parametrize(
    "item",
    [
        "a.py",
        None,
        {},
        {"kind": "folder", "name": "a"},
        {"kind": ["file"], "name": "a"},
        {"kind": "file"},
        {"kind": "file", "name": ""},
        {"kind": "file", "name": 7},
        {"kind": "file", "name": "x" * 1_001},
        {"kind": "selection", "name": "a.py"},
        {"kind": "selection", "name": "a.py", "line": 0, "end_line": 1},
        {"kind": "selection", "name": "a.py", "line": 2, "end_line": 1},
        {"kind": "selection", "name": "a.py", "line": True, "end_line": 1},
        {"kind": "selection", "name": "a.py", "line": 1.5, "end_line": 2},
        {"kind": "terminal", "name": "t1", "text": 7},
        {"kind": "terminal", "name": "t1", "text": "x" * (mentions.MAX_GIVEN + 1)},
    ],
)
def test_what_has_no_form_is_told(item: object) -> None:
    with pytest.raises(BadInput, match="Expected"):
        read([item])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(mentions.KINDS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "name", "line", "end_line", "text"]), inner, max_size=5)
    ),
    max_leaves=9,
)


@given(anything, anything)
def test_whatever_a_page_sends_is_sent_on_or_told(value: object, paths_: object) -> None:
    at = state(t1=["hello\r\n"])
    try:
        wanted = read(value, paths_)
        mentioned = found(wanted, at)
    except (BadInput, NotFound):
        return
    assert len(mentioned) == len(wanted) <= mentions.MOST
    assert all(attached(mention, {}).kind == mention.kind for mention in mentioned)


@pytest.mark.parametrize("value", ["a.py", 7, None, {"kind": "file"}])
def test_what_is_no_list_is_told(value: object) -> None:
    with pytest.raises(BadInput, match="list of what is attached"):
        read(value)


def test_twenty_are_the_most() -> None:
    items = [{"kind": "file", "name": str(number)} for number in range(21)]
    assert len(read(items[:20])) == 20
    with pytest.raises(BadInput, match="at most 20 things attached, got 21"):
        read(items)


@pytest.mark.parametrize(
    ("item", "kind", "said"),
    [
        ({"kind": "file", "name": "b.py"}, NotFound, "no file b.py"),
        ({"kind": "selection", "name": "b.py", "line": 1}, NotFound, "no file b.py"),
        ({"kind": "file", "name": "image.png"}, BadInput, "text file.*image.png"),
        ({"kind": "selection", "name": "a.py", "line": 3, "end_line": 5}, BadInput, "1 to 4, got 3 to 5"),
        ({"kind": "failure", "name": "t.py::test_b"}, NotFound, "no failed test t.py::test_b"),
        ({"kind": "terminal", "name": "t2"}, NotFound, "no terminal t2"),
        ({"kind": "terminal", "name": "t1"}, BadInput, "shows something, got t1"),
    ],
)
def test_what_is_not_there_is_told(item: object, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        sent(item, at=state(t1=["\x1b[2J\r\n"]))


def test_earlier_prompts_tell_what_they_brought_also_in_logs_of_before() -> None:
    brought = sent(
        {"kind": "file", "name": "a.py"}, {"kind": "selection", "name": "big.py", "line": 1},
        {"kind": "failure", "name": "t.py::test_a"},
    )  # fmt: skip
    new = TurnView("a2", 9, "?", ["a.py"], mentions=[mention.model_dump(mode="json") for mention in brought])
    old = TurnView("a1", 5, "?", ["old.py"])
    assert names(new) == ("a.py", "big.py:1", "t.py::test_a") and names(old) == ("old.py",)
    assert paths([old, new]) == {"old.py", "a.py", "big.py"} and paths([]) == set()
