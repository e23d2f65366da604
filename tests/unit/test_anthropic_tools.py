"""The tools of a language model: what they give, what they refuse, and the hunks that come of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base import Ask, Mode, Outcome
from assistant.hunks import difference
from assistant.tools import OUTPUT, READ, TOOLS, Toolbox, definitions, readable
from interviews.errors import PlatformFailure
from interviews.exercises import load
from tests.unit.assistant_talk import applied

FILES = {"a.py": "one\ntwo\nthree\n", "src/b.py": "".join(f"line {n}\n" for n in range(1, 41)), "empty": ""}


@dataclass
class Bench:
    """A bench that gives what it is told to, and remembers what it was given."""

    outcome: Outcome = field(default_factory=lambda: Outcome("ran", True))
    broken: bool = False
    seen: list[Mapping[str, str]] = field(default_factory=list)

    def run_tests(self, files: Mapping[str, str]) -> Outcome:
        return self.run_command("", files)

    def run_command(self, command: str, files: Mapping[str, str]) -> Outcome:
        if self.broken:
            raise PlatformFailure("The sandbox did not start")
        self.seen.append(dict(files))
        return self.outcome


def box(bench: Bench | None = None, files: Mapping[str, str] = FILES, mode: Mode = "agent") -> Toolbox:
    return Toolbox(
        Ask(
            turn="a4", prompt="", attachments=(), history=(), files=files, versions=dict.fromkeys(files, 7),
            exercise=load("prompted-playlists"), brief="", model="", seed=1, bench=bench, mode=mode,
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        ("chat", []),
        ("edit", ["list_files", "read_file", "search", "propose_edit"]),
        ("agent", ["list_files", "read_file", "search", "propose_edit", "run_tests", "run_command"]),
    ],
)
def test_a_mode_has_its_tools_and_no_other_can_be_called(mode: Mode, names: list[str]) -> None:
    tools = box(Bench(), mode=mode)
    assert [tool.name for tool in definitions(tools.ask)] == names
    for tool in definitions(tools.ask):
        assert tool.description and all(shape["description"] for shape in tool.schema["properties"].values())
    for name in TOOLS.keys() - set(names):
        used = tools.use(name, {})
        assert not used.ok and "Expected one of the tools" in used.output


def test_nothing_is_run_where_there_is_nothing_to_run_it_in() -> None:
    assert [tool.name for tool in definitions(box(None).ask)] == ["list_files", "read_file", "search", "propose_edit"]


def test_output_beyond_the_budget_is_cut_and_counted() -> None:
    used = box(Bench(Outcome("x" * (OUTPUT + 5), True, cut=7))).use("run_command", {"command": "yes"})
    assert used.cut == 12 and used.output.endswith("[cut here: 5 characters more]") and len(used.output) < OUTPUT + 50
    listed = box(files={f"{'n' * 150}{number}": "" for number in range(200)}).use("list_files", {})
    assert listed.cut > 0 and len(listed.output) < OUTPUT + 50
    assert box(Bench()).use("run_tests", {}).cut == 0


def test_looking_at_files() -> None:
    tools = box()
    assert "src/b.py (40 lines)" in tools.use("list_files", {}).output
    assert tools.use("read_file", {"path": "a.py"}).output == FILES["a.py"]
    assert tools.use("read_file", {"path": "src/b.py", "start_line": 3, "end_line": 4}).output == "line 3\nline 4\n"
    assert tools.use("read_file", {"path": "empty"}).output == "[empty]"
    assert not tools.use("read_file", {"path": "a.py", "start_line": 9}).ok
    assert not tools.use("read_file", {"path": "/etc/passwd"}).ok
    assert tools.use("search", {"pattern": "two"}).output == "a.py:2: two"
    assert tools.use("search", {"pattern": r"^line 1\d$", "regex": True}).output.count("\n") == 9
    assert tools.use("search", {"pattern": "^two"}).output == "Nothing matches."


def test_a_long_file_comes_in_parts() -> None:
    tools = box(files={"long": "0123456789\n" * 5_000})
    first = tools.use("read_file", {"path": "long"}).output
    assert len(first) < READ + 100 and "read on with start_line" in first
    assert tools.use("read_file", {"path": "long"}).cut == 55_000 - READ
    assert tools.use("read_file", {"path": "long", "start_line": 4_990}).output == "0123456789\n" * 11


def test_an_expression_that_explodes_costs_two_seconds() -> None:
    start = time.monotonic()
    used = box(files={"a": "a" * 50 + "!"}).use("search", {"pattern": "^(a+)+$", "regex": True})
    assert not used.ok and "too long" in used.output and time.monotonic() - start < 5


def test_edits_of_one_reply_are_one_proposal_against_the_files_as_they_were() -> None:
    tools = box()
    assert tools.use(
        "propose_edit", {"path": "src/b.py", "old_text": "line 3\n", "new_text": "LINE 3\n", "title": "Loud"}
    ).ok
    assert tools.use("propose_edit", {"path": "src/b.py", "old_text": "line 30\n", "new_text": ""}).ok
    assert tools.use("propose_edit", {"path": "src/b.py", "old_text": "LINE 3\n", "new_text": "Line 3\nmore\n"}).ok
    assert tools.use("propose_edit", {"path": "new.py", "old_text": "", "new_text": "x = 1\n"}).ok
    assert tools.use("read_file", {"path": "src/b.py", "start_line": 3, "end_line": 4}).output == "Line 3\nmore\n"
    proposal = tools.proposal()
    assert proposal is not None and proposal.title == "Loud" and proposal.suggestion == "a4-s1"
    told = [(h.path, h.line, h.before, h.after, h.base_version) for h in proposal.hunks]
    assert told == [
        ("src/b.py", 3, "line 3\n", "Line 3\nmore\n", 7),
        ("src/b.py", 30, "line 30\n", "", 7),
        ("new.py", 1, "", "x = 1\n", 0),
    ]
    assert len({hunk.hunk for hunk in proposal.hunks}) == 3
    assert proposal.notes == (), "what a model makes is of no known quality"
    assert applied(dict(FILES), proposal.hunks) == tools.files


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({"path": "a.py", "old_text": "four", "new_text": ""}, "does not occur in a.py"),
        ({"path": "src/b.py", "old_text": "line 1", "new_text": ""}, "occurs 11 times"),
        ({"path": "a.py", "old_text": "", "new_text": "x"}, "there already"),
        ({"path": "no.py", "old_text": "x", "new_text": "y"}, "no file no.py"),
        ({"path": "no.py", "old_text": "", "new_text": ""}, "needs a text"),
        ({"path": "a.py", "old_text": "one", "new_text": "one"}, "nothing would change"),
        ({"path": "../a.py", "old_text": "", "new_text": "x"}, "inside the workspace"),
        ({"path": "/a.py", "old_text": "", "new_text": "x"}, "inside the workspace"),
        ({"path": ".git/config", "old_text": "", "new_text": "x"}, "inside the workspace"),
        ({"path": "a.py/b", "old_text": "", "new_text": "x"}, "both a file and a folder"),
        ({"path": "a.py", "old_text": "one"}, "new_text"),
        ({"path": "a.py", "old_text": "one", "new_text": "x", "force": True}, "force"),
    ],
)
def test_an_edit_that_does_not_fit_is_told_and_proposes_nothing(edit: dict[str, object], why: str) -> None:
    tools = box()
    used = tools.use("propose_edit", edit)
    assert not used.ok and why in used.output
    assert tools.proposal() is None


def test_an_edit_taken_back_proposes_nothing() -> None:
    tools = box()
    tools.use("propose_edit", {"path": "a.py", "old_text": "one", "new_text": "ONE"})
    tools.use("propose_edit", {"path": "a.py", "old_text": "ONE", "new_text": "one"})
    assert tools.proposal() is None


def test_what_runs_sees_the_proposals_and_what_it_changes_is_proposed() -> None:
    bench = Bench(Outcome("done", True, {"a.py": "one\n2\nthree\n", "made.txt": "made\n", "../out": "no"}))
    tools = box(bench)
    tools.use("propose_edit", {"path": "src/b.py", "old_text": "line 40\n", "new_text": "last\n"})
    assert tools.use("run_command", {"command": "sed -i s/two/2/ a.py"}).ok
    assert bench.seen[0]["src/b.py"].endswith("last\n")
    assert tools.use("run_tests", {}).ok and bench.seen[1]["a.py"] == "one\n2\nthree\n"
    proposal = tools.proposal()
    assert proposal is not None
    assert [hunk.path for hunk in proposal.hunks] == ["src/b.py", "a.py", "made.txt"]
    assert "Changes made by: sed -i s/two/2/ a.py" in proposal.title


def test_a_sandbox_that_does_not_start_is_told_to_the_model() -> None:
    used = box(Bench(broken=True)).use("run_tests", {})
    assert not used.ok and used.output == "The sandbox did not start"


def test_a_huge_input_is_logged_cut() -> None:
    assert readable({"path": "a"}) == {"path": "a"}
    assert len(str(readable({"new_text": "x" * 200_000}))) < 20_000


lines = st.lists(st.sampled_from(["a\n", "b\n", "\n", "é😀\n", "\x0c\u2028x\n"]), max_size=12).map("".join)
texts = st.tuples(lines, st.sampled_from(["", "z", "a"])).map("".join)


@settings(max_examples=200, deadline=None)
@given(texts, texts)
def test_hunks_applied_together_give_the_new_text(old: str, new: str) -> None:
    found = difference("p", 1, old, new, (f"h{number}" for number in count()))
    assert applied({"p": old}, found)["p"] == new
    assert all(hunk.before != hunk.after for hunk in found)


def test_a_difference_too_large_to_match_is_one_hunk_and_quick() -> None:
    start = time.monotonic()
    old, new = "x\n" * 100_000, "start\n" + "y\nx\n" * 50_000
    (hunk,) = difference("p", 1, old, new, iter(["h"]))
    assert applied({"p": old}, [hunk])["p"] == new
    assert time.monotonic() - start < 5
