"""Rubric files: what is refused, and that a byte makes another rubric."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from commands.rubric import rubric_group
from interviews.errors import BadInput, NotFound
from rubrics.base import LogView
from rubrics.rubric import ROOT, examine, find, load, names, parse
from rubrics.scoring import score
from tests.golden.make import HEADER, tell

TEXT = (ROOT / "standard.yaml").read_text("utf-8")
VERSION = next(line for line in TEXT.splitlines() if line.startswith("version: "))
TOGETHER = next(line.strip() for line in TEXT.splitlines() if line.strip().startswith("together: "))
CAP = next(line.strip() for line in TEXT.splitlines() if line.strip().startswith("cap: "))


def changed(old: str, new: str) -> bytes:
    assert old in TEXT
    return TEXT.replace(old, new, 1).encode()


def test_every_shipped_rubric_loads_and_is_pinned_by_its_bytes() -> None:
    assert "standard" in names()
    for name in names():
        rubric = load(name)
        assert rubric.id == name
        assert rubric.ref.sha256 == hashlib.sha256((ROOT / f"{name}.yaml").read_bytes()).hexdigest()


def test_one_byte_makes_another_rubric() -> None:
    assert parse(TEXT.encode() + b"\n", "x").sha256 != load("standard").sha256


def test_every_level_is_described_and_rises() -> None:
    for dimension in load("standard").dimensions:
        assert dimension.about
        for indicator in dimension.indicators:
            assert len({level.words for level in indicator.levels}) == 5
            assert indicator.prior.why


def test_visible_strings_are_listed_once_for_translation() -> None:
    messages = load("standard").messages()
    assert "Prompting" in messages
    assert len(messages) == len(set(messages))
    assert all(level.words in messages for level in load("standard").dimensions[0].indicators[0].levels)


def line_of(text: bytes, part: str, nth: int = 1) -> int:
    at = -1
    for _ in range(nth):
        at = text.decode().index(part, at + 1)
    return text.decode().count("\n", 0, at) + 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "line 1: expected a rubric with an id"),
        (b"- 1", "line 1: expected a rubric with an id"),
        (b"id: x\nabout: [\n", "line 3: cannot be read as YAML"),
        (b"id: x\ntitle: \xff\xfe", "line 2: cannot be read as YAML: expected UTF-8, got byte 0xff"),
        (b"id: x\nabout: \x07", "line 2: cannot be read as YAML"),
        (b"a: " + b"[" * 1_200, "nested too deeply"),
        (b"id: &a [*a]\nabout: x", "line 1: "),
        (b"id: " + b"x" * (1 << 20), "expected at most"),
        (b"when: 2026-13-45", "line 1: when: cannot be read as YAML: expected a day or a time that there is"),
        (b"id: x\nversion: 1\ntitle: 2020-99-99", "line 3: title: cannot be read as YAML: expected a day or a time"),
        (
            b"id: x\nlist:\n  - a\n  - version: " + b"1" * 5_000,
            "line 4: list.1.version: cannot be read as YAML: expected a whole",
        ),
        (b"id: x\n2020-99-99: y", "line 2: 2020-99-99: cannot be read as YAML: expected a day or a time that there is"),
        (
            b"id: x\nok: !!bool maybe",
            "line 2: ok: cannot be read as YAML: expected true or false, or text in quotes, got maybe",
        ),
        (b"id: x\nat: !!timestamp soon", "line 2: at: cannot be read as YAML: expected a day or a time that there is"),
        (
            b'id: x\ntitle: "\\UFFFFFFFF"',
            "line 2: cannot be read as YAML: expected a number that there is, got one too large",
        ),
    ],
)
def test_what_is_no_rubric_is_told_so(data: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(data, "x.yaml")
    assert says in str(caught.value)
    assert "x.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (VERSION, "version: 0", "version:", "version: input should be greater than or equal to 1, got 0"),
        (VERSION, "version: true", "version:", "version: input should be a valid integer, got True"),
        (VERSION, f"sha256: ab\n{VERSION}", "sha256:", "expected no hash"),
        ("title: Standard", "notes: none\ntitle: Standard", "notes:", "notes: expected a field that a rubric has, got an"),
        ("title: Standard", "title: '  '", "title:", "title: string should have at least 1 character"),
        ("title: Standard", "title: Standard\ntitle: Other", "title: Other", "title: expected this field once, got it again"),
        ("interviews: 0", "interviews: -1", "interviews:", "calibration.interviews"),
        ("needed: 100", "needed: 1", "needed:", "calibration.needed: expected at least 30, for fewer interviews"),
        ("needed: 100", "needed: 29", "needed:", "better than 0.2, got 29"),
        ("needed: 100", "needed: true", "needed:", "calibration.needed: input should be a valid integer, got True"),
        ("  needed: 100\n", "", "calibration:", "calibration.needed: expected this field, it is missing"),
        ("signal: grounding", "signal: politeness", "signal: politeness", "expected one of the signals constraint_or_example, "),
        ("signal: grounding", "signal: requirement_coverage", "id: grounding", "one outcome to feed one indicator"),
        ("- id: critique", "- id: prompt", None, "dimensions.1.id: expected each id once, got prompt again"),
        ("from: 0.2,", "from: 0.7,", None, "dimensions.0.levels.2.from: expected five levels rising from 0, got 0.4 after 0.7"),
        ("from: 0.0,", "from: 0.1,", "from: 0.1,", "dimensions.0.levels.0.from: expected five levels rising from 0"),
        ("from: 0.2,", "from: 1.2,", "from: 1.2,", "dimensions.0.levels.1.from: input should be less than or equal to 1, got 1.2"),
        (TOGETHER, "together: 0.95", "together:", "dimensions.0.together"),
        (CAP, "cap: 0.5", "cap: 0.5", "dimensions.0.judge.cap: input should be less than or equal to 0.15, got 0.5"),
        (CAP, f"{CAP}\n      repeats: 4", "repeats:", "expected an odd number, so that there is a middle answer, got 4"),
        ("weight: 2", "weight: heavy", "weight: heavy", "dimensions.0.indicators.0.weight: input should be a valid integer"),
        ("weight: 2", "weight: 21", "weight: 21", "input should be less than or equal to 20, got 21"),
        ("a: 5\n", "a: 0\n", "a: 0\n", "dimensions.0.indicators.0.prior.a: input should be greater than or equal to 1, got 0"),
        ("min_opportunities: 3", "min_opportunities: 0", "min_opportunities: 0", "prior.min_opportunities"),
        ("min_opportunities: 3", "least: 3", "least: 3", "prior.least: expected a field that a rubric has"),
        ("kind: share\n", "kind: guess\n", None, "prior"),
        ("kind: share\n", "a: 1\n", None, "prior"),
        ("d_sd: 0.6", "d_sd: 0", "d_sd:", "prior.d_sd"),
        ("hard: 0.4", "hard: -0.5", "difficulty:", "prior.difficulty: expected easy, middle and hard to rise"),
        ("steps: [0.05, 0.3", "steps: [0.5, 0.3", "steps:", "prior.sureness.steps: expected distances that rise"),
        ("signal: defect_detection", "signal: loops", None, "expected a prior of kind share for loops, got detection"),
    ],
)  # fmt: skip
def test_a_slip_is_named_by_its_line_and_place(old: str, new: str, line: str | None, says: str) -> None:
    data = changed(old, new)
    with pytest.raises(BadInput) as caught:
        parse(data, "x.yaml")
    told = str(caught.value)
    assert told.startswith("The rubric x.yaml, line ")
    assert any(says in str(fault) for fault in examine(data)[1])
    if line is not None:
        expected = line_of(data, line)
        near = expected + 2 if line == "id: grounding" else expected
        assert any(fault.line == near and says in str(fault) for fault in examine(data)[1])


def test_all_that_is_wrong_is_told_in_the_order_of_its_lines() -> None:
    data = re.sub(r"\bcap: [\d.]+", "cap: 1", TEXT.replace(VERSION, "version: none")).encode()
    rubric, faults = examine(data)
    assert rubric is None
    assert [fault.line for fault in faults] == sorted(fault.line for fault in faults)
    assert [fault.where for fault in faults] == ["version", *(f"dimensions.{at}.judge.cap" for at in range(3))]


def test_a_level_must_be_said_in_words_of_its_own() -> None:
    again = '"You left the assistant to guess what was needed and where."'
    data = changed('"You told the assistant some of what it needed; much had to be guessed."', again)
    assert [fault.where for fault in examine(data)[1]] == ["dimensions.0.levels.1.words"]


def test_a_rubric_of_the_older_form_still_loads_and_scores() -> None:
    """Without levels of dimensions, calibration and what is known of a skill that measures share."""
    content = yaml.safe_load(TEXT)
    del content["calibration"]
    content["max_width"] = 0.5
    for dimension in content["dimensions"]:
        for name in ("levels", "together", "judge"):
            dimension.pop(name, None)
    card = score(LogView.of(HEADER, tell()), parse(yaml.safe_dump(content).encode(), "old.yaml"))
    assert card.calibration == "uncalibrated"
    assert any("Uncalibrated" in flag for flag in card.flags)
    verify = next(one for one in card.dimensions if one.id == "verify")
    assert verify.level == 5 and "Level 5 of 5." in verify.explanation


def test_calibration_is_the_rubrics_own_and_told_until_it_is_enough() -> None:
    view = LogView.of(HEADER, tell())
    card = score(view, load("standard"))
    assert card.calibration == "uncalibrated"
    assert any("0 of 100" in flag for flag in card.flags)
    enough = score(view, parse(changed("interviews: 0", "interviews: 100"), "x.yaml"))
    assert enough.calibration == "calibrated"
    assert not any("Uncalibrated" in flag for flag in enough.flags)


def test_no_author_can_call_a_rubric_calibrated_by_a_single_interview() -> None:
    alone = changed("interviews: 0\n  needed: 100", "interviews: 1\n  needed: 1")
    line = alone.decode().partition("needed: 1")[0].count("\n") + 1
    with pytest.raises(BadInput, match=rf"line {line}: calibration\.needed: expected at least 30"):
        parse(alone, "x.yaml")
    view = LogView.of(HEADER, tell())
    for interviews, said in ((29, "uncalibrated"), (30, "calibrated")):
        least = parse(changed("interviews: 0\n  needed: 100", f"interviews: {interviews}\n  needed: 30"), "x.yaml")
        assert score(view, least).calibration == said


def test_an_unknown_rubric_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="standard, got other"):
        load("other")
    (tmp_path / "mine.yaml").write_bytes(TEXT.encode())
    assert load("mine", tmp_path).sha256 == load("standard").sha256


def test_a_companys_own_rubric_is_shipped_as_an_example() -> None:
    standard, own = load("standard"), load("platform_team")
    signals = [{one.signal for group in rubric.dimensions for one in group.indicators} for rubric in (standard, own)]
    assert signals[0] - signals[1] == {"loops"}
    weights = [
        {one.id: one.weight for group in rubric.dimensions for one in group.indicators} for rubric in (standard, own)
    ]
    assert any(weights[1][name] != weights[0][name] for name in weights[1])
    view = LogView.of(HEADER, tell())
    cards = score(view, standard), score(view, own)
    assert cards[0].rubric != cards[1].rubric
    assert [one.id for one in cards[0].dimensions] == [one.id for one in cards[1].dimensions]


def test_it_is_checked_and_listed_from_the_command_line(tmp_path: Path) -> None:
    runner, own = CliRunner(), tmp_path / "own.yaml"
    listed = runner.invoke(rubric_group, ["list", "--json"])
    assert [row["id"] for row in json.loads(listed.stdout)] == names()
    own.write_text(TEXT, "utf-8")
    good = runner.invoke(rubric_group, ["check", str(own)])
    assert (good.exit_code, good.stderr) == (0, "") and "from 0 of 100 interviews" in good.stdout
    own.write_bytes(changed("weight: 2", "weight: 0"))
    bad = runner.invoke(rubric_group, ["check", str(own)])
    line = line_of(own.read_bytes(), "weight: 0")
    assert (bad.exit_code, bad.stdout) == (1, "")
    assert bad.stderr.startswith(f"own.yaml, line {line}: dimensions.0.indicators.0.weight: ")
    told = json.loads(runner.invoke(rubric_group, ["check", str(own), "--json"]).stdout)
    assert (told["ok"], told["rubric"], told["faults"][0]["line"]) == (False, None, line)
    assert isinstance(runner.invoke(rubric_group, ["check", "nothing"]).exception, NotFound)


def test_a_file_is_found_as_well_as_an_id(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(TEXT.replace(VERSION, "version: 99"), "utf-8")
    assert find(str(own)).version == 99
    assert find("standard") is load("standard")
    with pytest.raises(
        NotFound, match="Expected a rubric's file or one of the rubrics platform_team, standard, got none"
    ):
        find("none")
