"""Adverse impact: the arithmetic against worked examples, and how the files are read."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app import main
from rubrics.people.fairness import Breakdown, Person, Tally, above_median, at_least, breakdown, fisher, holm, median
from tests.product import ROOT


def people(column: str, **groups: tuple[int, int]) -> list[Person]:
    """Of each group so many that came out well, of so many."""
    return [
        Person({column: name}, at < well)
        for name, (well, n) in groups.items()
        for at in range(n)
    ]  # fmt: skip


def told(one: Breakdown) -> dict[str, tuple[Fraction | None, bool]]:
    return {" ".join(impact.group): (impact.ratio, impact.below) for impact in one.groups}


@pytest.mark.parametrize(
    ("table", "p"),
    [
        # Fisher's tea, by hand: the tables of these margins come about in 1, 16, 36, 16 and 1 of 70 ways; four are no likelier.
        ((3, 1, 1, 3), Fraction(34, 70)),
        ((4, 0, 0, 4), Fraction(2, 70)),
        ((2, 2, 2, 2), Fraction(1)),
        # Margins 5, 5 and 5, 5: 252 ways, of which one each for the two ends.
        ((0, 5, 5, 0), Fraction(2, 252)),
        # One-sided and two-sided differ where the margins do: 3, 7 and 2, 8. Ways 21, 21 and 3 of 45.
        ((2, 1, 0, 7), Fraction(3, 45)),
        ((1, 2, 1, 6), Fraction(45, 45)),
        # Nothing can differ where a margin is zero.
        ((0, 0, 3, 4), Fraction(1)),
        ((3, 0, 4, 0), Fraction(1)),
    ],
)
def test_fishers_exact_test_is_exact(table: tuple[int, int, int, int], p: Fraction) -> None:
    assert fisher(*table) == p
    a, b, c, d = table
    assert fisher(c, d, a, b) == fisher(b, a, d, c) == p


def test_fishers_exact_test_gives_published_figures() -> None:
    # The textbooks' example of who diets, and the guidelines' table.
    assert float(fisher(1, 9, 11, 3)) == pytest.approx(0.002759, abs=5e-7)
    assert float(fisher(48, 32, 12, 28)) == pytest.approx(0.003409, abs=5e-7)


def test_four_fifths_as_in_the_uniform_guidelines() -> None:
    """Questions and answers 12 of 1979: 48 of 80 and 12 of 40, so 60 % and 30 %, and half of it."""
    found = breakdown(people("race", white=(48, 80), black=(12, 40)), ("race",))
    assert told(found) == {"black": (Fraction(1, 2), True), "white": (Fraction(1), False)}
    black, white = found.groups
    assert white.reference and white.p is None and not white.small
    assert black.p == fisher(12, 28, 48, 32) == black.p_adjusted and not black.small and not black.one_more


def test_a_ratio_as_in_the_rules_of_new_york() -> None:
    """The table by sex of 6 RCNY 5-301: 667 of 1,390 and 555 of 1,181."""
    found = breakdown(people("sex", male=(667, 1390), female=(555, 1181)), ("sex",))
    female, male = found.groups
    assert male.reference and female.ratio is not None and not female.below
    assert (round(float(female.ratio), 3), round(float(male.tally.rate or 0), 2)) == (0.979, 0.48)


def test_for_scores_well_is_above_the_median_of_all() -> None:
    scores = {"a": Fraction(1, 10), "b": Fraction(2, 10), "c": Fraction(3, 10), "d": Fraction(3, 10), "e": None}
    middle, well = above_median(scores)
    assert middle == Fraction(1, 4) and well == {"a": False, "b": False, "c": True, "d": True, "e": None}
    assert median([Fraction(3), Fraction(1), Fraction(2)]) == 2
    # Who stands at it is not above it; who was not observed is on neither side.
    assert above_median({"a": Fraction(1), "b": Fraction(1), "c": None})[1] == {"a": False, "b": False, "c": None}
    assert above_median({"a": None}) == (None, {"a": None})
    assert at_least(Fraction(1, 4), scores) == {"a": False, "b": False, "c": True, "d": True, "e": None}


def test_who_was_not_observed_is_counted_and_in_no_rate() -> None:
    some = people("sex", x=(5, 10), y=(4, 10))
    more = [
        *some,
        *(Person({"sex": "y"}, None) for _ in range(7)),
        Person({"sex": ""}, True),
        Person({"sex": ""}, None),
    ]
    x, y = breakdown(more, ("sex",)).groups
    assert (y.tally.n, y.tally.well, y.tally.unobserved, y.ratio) == (10, 4, 7, Fraction(4, 5))
    assert (x, not y.below) == (breakdown(some, ("sex",)).groups[0], True)
    assert breakdown(more, ("sex",)).unknown == Tally(1, 1, 1)


def test_groups_cross_and_whoever_is_unknown_in_one_is_unknown_in_both() -> None:
    crowd = [
        Person({"sex": sex, "race": race}, well)
        for sex, race, well in [
            ("f", "a", True),
            ("f", "b", False),
            ("m", "a", True),
            ("m", "", True),
            ("", "b", False),
        ]
    ]
    found = breakdown(crowd, ("sex", "race"))
    assert told(found) == {"f a": (Fraction(1), False), "f b": (Fraction(0), True), "m a": (Fraction(1), False)}
    assert found.unknown == Tally(2, 1, 0) and all(one.small for one in found.groups)


def test_few_people_are_told_and_groups_under_two_percent_may_be_left_out() -> None:
    crowd = people("race", a=(50, 99), b=(20, 40), c=(2, 2))
    kept = {one.group[0]: one for one in breakdown(crowd, ("race",)).groups}
    assert kept["c"].reference and kept["a"].ratio == Fraction(50, 99)
    assert kept["c"].under_two_percent and kept["a"].small and not kept["a"].under_two_percent
    left = {one.group[0]: one for one in breakdown(crowd, ("race",), leave_out_small=True).groups}
    assert left["c"].left_out and left["c"].ratio is None and left["c"].tally == Tally(2, 2, 0)
    assert left["a"].reference and left["b"].ratio == Fraction(99, 100) and not left["b"].small


def test_where_one_more_would_do_it_is_said() -> None:
    a, b = breakdown(people("sex", a=(15, 20), b=(11, 20)), ("sex",)).groups
    assert a.reference and b.below and b.one_more
    assert not breakdown(people("sex", a=(15, 20), b=(10, 20)), ("sex",)).groups[1].one_more


def test_where_nobody_comes_out_well_there_is_no_ratio() -> None:
    for crowd in (people("sex", a=(0, 5), b=(0, 9)), people("sex", a=(3, 5))):
        assert all(one.ratio is None and one.p is None for one in breakdown(crowd, ("sex",)).groups)
    assert breakdown([], ("sex",)) == Breakdown(("sex",), (), Tally())


def test_several_comparisons_are_allowed_for() -> None:
    p: dict[tuple[str, ...], Fraction] = {("a",): Fraction(1, 100), ("b",): Fraction(4, 100), ("c",): Fraction(3, 100)}
    assert holm(p) == {("a",): Fraction(3, 100), ("c",): Fraction(6, 100), ("b",): Fraction(6, 100)}
    assert holm({("a",): Fraction(1, 2), ("b",): Fraction(3, 4)})["a",] == 1


# The command

SCORES = "interview,dimension,score\n" + "".join(
    f"i{n},{dimension},{'' if n == 9 else n / 10}\n" for n in range(10) for dimension in ("prompt", "critique")
)
GROUPS = "interview,sex,race\n" + "".join(f"i{n},{'f' if n % 3 else 'm'},{'ab'[n % 2]}\n" for n in range(10))


def run(tmp_path: Path, groups: str | bytes, *arguments: str, scores: str | bytes = SCORES) -> Result:
    for name, data in (("groups.csv", groups), ("scores.csv", scores)):
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    given = ["adverse-impact", "--groups", str(tmp_path / "groups.csv"), "--scores", str(tmp_path / "scores.csv")]
    return CliRunner().invoke(main, [*given, *arguments])


def result(done: Result) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_each_dimension_is_told_by_each_column_and_each_two(tmp_path: Path) -> None:
    found = result(run(tmp_path, GROUPS, "--json"))
    assert [one["id"] for one in found["dimensions"]] == ["prompt", "critique"]
    prompt = found["dimensions"][0]
    assert [one["by"] for one in prompt["breakdowns"]] == [["sex"], ["race"], ["sex", "race"]]
    assert (prompt["threshold"], prompt["observed"], prompt["not_observed"]) == (0.4, 9, 1)
    f, m = prompt["breakdowns"][0]["groups"]
    assert (f["group"], f["n"], f["well"], f["reference"], f["impact_ratio"]) == ({"sex": "f"}, 6, 3, True, 1.0)
    assert (m["n"], m["well"], m["not_observed"], m["impact_ratio"], m["below_four_fifths"]) == (3, 1, 1, 0.6667, True)
    assert m["fisher_p"] == 1.0 and m["small"] and m["one_more_would_do"]
    words = run(tmp_path, GROUPS).stdout
    assert (
        "m: 1 of 3 (33%), 1 not observed; ratio 0.67, p 1" in words
        and "evidence of adverse impact and no proof" in words
    )


def test_what_is_asked_for_is_what_is_told(tmp_path: Path) -> None:
    hired = "".join(
        line + (",hired" if not n else ",yes" if n < 4 else ",unknown" if n == 4 else ",No") + "\n"
        for n, line in enumerate(GROUPS.splitlines())
    )
    found = result(
        run(
            tmp_path,
            hired,
            "--json",
            "--dimension",
            "prompt",
            "--cut",
            "0.6",
            "--by",
            "sex,race",
            "--selected",
            "hired",
        )
    )
    prompt, selection = found["dimensions"]
    assert (prompt["well"], prompt["threshold"], selection["id"], selection["threshold"]) == (
        "at_least",
        0.6,
        "selection",
        None,
    )
    assert [one["by"] for one in selection["breakdowns"]] == [["sex", "race"]]
    assert sum(one["well"] for one in prompt["breakdowns"][0]["groups"]) == 3
    assert (selection["observed"], selection["not_observed"]) == (9, 1)
    assert sum(one["well"] for one in selection["breakdowns"][0]["groups"]) == 3


def test_who_was_selected_is_compared_without_any_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRSIGHT_DATA", str(tmp_path / "none"))
    (tmp_path / "groups.csv").write_text(
        "interview,race,hired\n"
        + "".join(
            f"{race}{at},{race},{int(at < well)}\n"
            for race, well, n in (("white", 48, 80), ("black", 12, 40))
            for at in range(n)
        )
    )
    asked = ["adverse-impact", "--groups", str(tmp_path / "groups.csv"), "--json"]
    (part,) = result(CliRunner().invoke(main, [*asked, "--selected", "hired"]))["dimensions"]
    black = part["breakdowns"][0]["groups"][0]
    assert (part["id"], black["impact_ratio"], black["fisher_p"], black["small"]) == ("selection", 0.5, 0.003409, False)
    assert CliRunner().invoke(main, asked).exit_code == 1 and not (tmp_path / "none").exists()


def test_a_scorecards_export_is_read_and_so_are_semicolons_and_a_mark_of_order(tmp_path: Path) -> None:
    export = "interview,dimension,dimension_score,indicator\n" + "".join(
        f"i{n},prompt,{n / 10},{name}\n" for n in range(10) for name in "ab"
    )
    plain = result(run(tmp_path, GROUPS, "--json", "--dimension", "prompt", scores=export))
    assert plain["dimensions"][0]["observed"] == 10
    other = b"\xef\xbb\xbf" + GROUPS.replace(",", ";").replace("\n", "\r\n").encode()
    assert result(run(tmp_path, other, "--json", "--dimension", "prompt", scores=export)) == plain
    less = result(run(tmp_path, "\n".join(GROUPS.splitlines()[:8]) + "\n\n", "--json"))
    assert less["not_in_groups"] == 3


def test_who_is_not_in_the_file_moves_no_line(tmp_path: Path) -> None:
    """The sample is who is in the table: a hundred others that score well made its better half come out badly."""
    few = "interview,sex\n" + "".join(f"i{n},{'f' if n % 2 else 'm'}\n" for n in range(4))
    strangers = "".join(f"x{n},prompt,0.9\n" for n in range(100)) + "y,prompt,\n"
    only = result(run(tmp_path, few, "--json", "--dimension", "prompt"))["dimensions"][0]
    assert (only["threshold"], only["observed"], only["not_listed"]) == (0.15, 4, 5)
    found = result(run(tmp_path, few, "--json", "--dimension", "prompt", scores=SCORES + strangers))
    (part,) = found["dimensions"]
    assert {**part, "not_listed": 5} == only and part["not_listed"] == 105 and found["not_in_groups"] == 107
    assert [(one["well"], one["n"]) for one in part["breakdowns"][0]["groups"]] == [(1, 2), (1, 2)]
    words = run(tmp_path, few, "--dimension", "prompt", scores=SCORES + strangers).stdout
    assert "above the median of 0.15 (of the 4 that are in the file of groups and were observed)" in words
    assert (
        "not in the file and left out 105" in words and "107 interviews that were scored are not in the file" in words
    )
    cut = result(run(tmp_path, few, "--json", "--dimension", "prompt", "--cut", "0.2", scores=SCORES + strangers))
    assert cut["dimensions"][0]["not_listed"] == 105 and cut["dimensions"][0]["observed"] == 4


def test_a_group_is_one_however_its_name_is_spelled(tmp_path: Path) -> None:
    names = ["Female", "female ", " FEMALE", "Male", "male", "MALE", "Ｍale", "Straße", "STRASSE", "PREFER  not to say"]
    groups = "interview,sex\n" + "".join(f"i{n},{name}\n" for n, name in enumerate(names))
    (sex,) = result(run(tmp_path, groups, "--json", "--dimension", "prompt"))["dimensions"][0]["breakdowns"]
    told = {one["group"]["sex"]: one["n"] for one in sex["groups"]}
    assert told == {"Female": 3, "Male": 4, "Straße": 2} and sex["unknown"]["not_observed"] == 1
    # As many spellings as there may be groups are no more than what they stand for.
    many = "interview,sex\n" + "".join(f"i{n},{spelled(n)}\n" for n in range(60))
    scores = "interview,dimension,score\n" + "".join(f"i{n},prompt,0.5\n" for n in range(60))
    (one,) = result(run(tmp_path, many, "--json", scores=scores))["dimensions"][0]["breakdowns"][0]["groups"]
    assert one["group"] == {"sex": "abcdef"} and one["n"] == 60


def spelled(number: int) -> str:
    """``abcdef``, each letter large where the number's bit says so."""
    return "".join(sign.upper() if number >> at & 1 else sign for at, sign in enumerate("abcdef"))


def test_who_did_not_say_is_told_apart(tmp_path: Path) -> None:
    found = result(
        run(tmp_path, GROUPS.replace("i1,f,b", "i1,Prefer not to say,b").replace("i2,f,a", "i2,,a"), "--json")
    )
    sex, race, both = found["dimensions"][0]["breakdowns"]
    assert sex["unknown"]["n"] == 2 and race["unknown"]["n"] == 0 and both["unknown"]["n"] == 2
    assert [one["group"]["sex"] for one in sex["groups"]] == ["f", "m"]


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("interview,sex\n", "a header alone"),
        ("interview\ni1\n", "Line 1"),
        ("person,sex\ni1,f\n", "expected a column interview, got person, sex"),
        ("interview,sex,sex\ni1,f,f\n", "a name of its own for each column"),
        ("interview,sex\ni1,f\ni2\n", "Line 3 of"),
        ("interview,sex\ni1,f\n\ni1,m\n", "Line 4 of"),
        ("interview,sex\ni1,f\nzz,m\n", "expected an interview that was scored, got zz"),
        ("interview,sex\n,f\n", "expected an interview's id"),
        ('interview,sex\ni1,"f\n', "is no CSV"),
        (b"interview,sex\ni1,f\ni2,\xe9\n", "Line 3 of"),
        ("interview,sex\ni1,f\n".encode("utf-16"), "expected UTF-8"),
        (b"interview,sex\ni1,f\0\n", "Line 2 of"),
        ("interview,name\n" + "".join(f"i{n % 10},name{n}\n" for n in range(10)) * 5, "each interview once"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_told_with_its_line(tmp_path: Path, groups: str | bytes, words: str) -> None:
    done = run(tmp_path, groups)
    assert done.exit_code == 1 and len(done.stderr.strip().splitlines()) == 1 and words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ("interview,score\ni1,0.5\n", "expected the columns interview, dimension and score"),
        ("interview,dimension,score\ni1,prompt,1.5\n", "Line 2 of"),
        ("interview,dimension,score\ni1,prompt,nan\n", "from 0 to 1, got nan"),
        ("interview,dimension,score\ni1,prompt,1\ni1,prompt,0.5\n", "Line 3 of"),
        ("interview,dimension,score\n", "a header alone"),
        ("interview,rubric_sha256,dimension,score\ni1,aa,prompt,1\ni2,bb,prompt,1\n", "Line 3 of"),
    ],
)
def test_scores_that_do_not_fit_are_told_with_their_line(tmp_path: Path, scores: str, words: str) -> None:
    done = run(tmp_path, "interview,sex\ni1,f\n", scores=scores)
    assert done.exit_code == 1 and words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--dimension", "verify"), "prompt, critique, got verify"),
        (("--cut", "3"), "from 0 to 1, got 3"),
        (("--by", "sex,age"), "sex, race, got age"),
        (("--selected", "hired"), "got hired"),
        (("--selected", "sex"), "Line 2 of"),
    ],
)
def test_what_is_not_there_is_told(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(tmp_path, GROUPS, *arguments)
    assert done.exit_code == 1 and words in done.stderr


def test_a_column_of_names_is_no_grouping(tmp_path: Path) -> None:
    many = "interview,name\n" + "".join(f"i{n},n{n}\n" for n in range(60))
    scores = "interview,dimension,score\n" + "".join(f"i{n},prompt,0.5\n" for n in range(60))
    done = run(tmp_path, many, scores=scores)
    assert done.exit_code == 1 and "60 in name" in done.stderr


def test_what_people_are_is_written_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = GROUPS.replace(",f,", ",Zorblaxian,")
    assert "Zorblaxian" in run(tmp_path, secret).stdout
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["groups.csv", "scores.csv"]
    assert "Zorblaxian" not in caplog.text
    # Nor does an error repeat it.
    broken = run(tmp_path, secret, "--selected", "sex")
    assert broken.exit_code == 1 and "Zorblaxian" not in broken.stderr


def test_nothing_that_scores_knows_of_groups() -> None:
    """The import contract of that name forbids it; this is what it comes to."""
    seen = (
        "import sys, wiring, rubrics.scoring, rubrics.registry as r\n"
        "for name in r.signal_ids(): r.signal(name)\n"
        "for name in r.shown_ids(): r.shown(name)\n"
        "for name in r.export_ids(): r.export(name)\n"
        "print([name for name in ('rubrics.people.fairness', 'commands.tables', 'commands.adverse') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
    assert (
        'protected_modules = ["rubrics.people.fairness"]\nallowed_importers = []'
        in (ROOT / "pyproject.toml").read_text()
    )
