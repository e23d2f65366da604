"""Text measures: their form, what moves them and what must not, and that their weights say where they come from.

All texts here were written for these tests.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import app
from interviews.errors import BadInput
from rubrics.measures import base, coverage, follow_up, grounding, specificity
from rubrics.measures.registry import MEASURES
from rubrics.measures.text import MAX_LETTERS, sentences, stem

DIFF = """@@ -10,6 +10,9 @@ class Basket:
     def total(self, rates):
-        return sum(item.price for item in self.items)
+        subtotal = sum(item.price for item in self.items)
+        if self.voucher:
+            subtotal -= subtotal * self.voucher.percent
+        return subtotal * rates[self.country]
"""
SHARP = (
    "`rates[self.country]` raises a KeyError for a country without a rate; total() should fall back to 0 instead. "
    "Also `voucher.percent` is 10 and not 0.1, so the subtotal turns negative."
)
VAGUE = "Not sure about this one."
ATOMS = [
    "A voucher of 10 percent is taken off before tax.",
    "Countries without a rate pay no tax.",
    "An empty basket is refused.",
    "The total is rounded to cents.",
]
ASKED = "give 10% off with a discount code, and do that prior to adding the taxes. reject a cart with nothing in it"
BEFORE = "Write a function total(basket) that adds up all prices."
AFTER = "It doesn't work, I get TypeError: unsupported operand type(s) for +: 'int' and 'str'"
# Of all measures' results for the texts here.
SAME_EVERYWHERE = "eaf3e44850ac9a3cec73a63f53d65b8634f92c9b5e23452b89c3d6fdc03e50e2"
# What can be added to any text without saying more about anything.
SMALL_TALK = (
    " Good morning and I hope all is well. No rush on this one, whenever it suits you. It goes without saying that everybody "
    "tries their best. We have all been there at one time or another. Long story short, that is what I think."
)


def _with_fillers(text: str) -> str:
    return text.replace(" is ", " is really ").replace(" a ", " basically a ").replace(" for ", " actually for ")


LONGER = {
    "small talk behind": lambda text: f"{text}\n{SMALL_TALK}",
    "much small talk": lambda text: f"{text}\n{SMALL_TALK * 40}",
    "small talk before": lambda text: f"{SMALL_TALK}\n{text}",
    "said twice": lambda text: f"{text}\n{text}",
    "said twice in one line": lambda text: f"{text} {text}",
    "said fifty times": lambda text: "\n".join([text] * 50),
    "fillers": _with_fillers,
}


@pytest.mark.parametrize("how", LONGER)
def test_mere_length_moves_nothing(how: str) -> None:
    longer = LONGER[how]
    assert specificity.score(DIFF, longer(SHARP)) == specificity.score(DIFF, SHARP)
    assert specificity.score(DIFF, longer(VAGUE)) <= specificity.score(DIFF, SHARP) - base.SCALE // 2
    assert coverage.covered(ATOMS, longer(ASKED)) == coverage.covered(ATOMS, ASKED)
    assert follow_up.probabilities(BEFORE, longer(AFTER)) == follow_up.probabilities(BEFORE, AFTER)
    assert grounding.certainty(["basket.py", "total"], longer(BEFORE)) == grounding.certainty(
        ["basket.py", "total"], BEFORE
    )


def test_a_critique_that_names_place_fault_and_wish_is_more_specific() -> None:
    sharp, vague = specificity.score(DIFF, SHARP), specificity.score(DIFF, VAGUE)
    elsewhere = specificity.score("@@ -1 +1 @@\n-import os\n+import sys\n", SHARP)
    assert base.SCALE <= vague < elsewhere < sharp <= 5 * base.SCALE


def test_neither_a_copy_of_the_diff_nor_a_list_of_its_names_is_a_critique() -> None:
    copy = "\n".join(line[1:] for line in DIFF.splitlines()[1:])
    names = "total rates subtotal sum item price items voucher percent country " * 20
    strung = "The total and the rates, the subtotal, the voucher, the percent, the country and the price are wrong."
    nothing = specificity.score(DIFF, "")
    assert specificity.score(DIFF, copy) == specificity.score(DIFF, names) == specificity.score(DIFF, strung) == nothing
    assert specificity.score(DIFF, f"{SHARP}\n{copy}\n{names}") == specificity.score(DIFF, SHARP)


def test_renamed_identifiers_move_no_critique() -> None:
    def renamed(text: str) -> str:
        return text.replace("rates", "taxes_by_land").replace("voucher", "rebate_slip")

    old, new = specificity.score(DIFF, SHARP), specificity.score(renamed(DIFF), renamed(SHARP))
    assert abs(old - new) <= base.SCALE // 4


def test_coverage_reads_paraphrases_one_atom_at_a_time() -> None:
    voucher, rate, empty, rounded = coverage.covered(ATOMS, ASKED)
    assert min(voucher, empty) > max(rate, rounded)
    assert coverage.covered(ATOMS, "") == coverage.covered(ATOMS, "?! ...") == [0, 0, 0, 0]
    assert coverage.covered(ATOMS, " ".join(ATOMS)) == [base.SCALE] * 4


def test_coverage_holds_numbers_to_be_the_same() -> None:
    [same] = coverage.covered(ATOMS[:1], "a voucher takes 10 percent off before tax")
    [other] = coverage.covered(ATOMS[:1], "a voucher takes 25 percent off before tax")
    assert other < same - base.SCALE // 10


def test_british_american_and_counted_forms_are_one_word() -> None:
    pairs = [("colour", "color"), ("serialise", "serialize"), ("centre", "center"), ("normalising", "normalized")]
    assert all(stem(one) == stem(other) for one, other in pairs)
    assert stem("comments") == stem("comment") != stem("come")
    atom = ["Colours are normalised and sorted."]
    assert coverage.covered(atom, "sort the normalized colors") == coverage.covered(atom, "sort the normalised colours")


def test_kinds_of_follow_up() -> None:
    failing = follow_up.probabilities(BEFORE, AFTER)
    assert max(failing, key=lambda kind: failing[kind]) == "7"
    assert list(failing) == list(follow_up.KINDS) and sum(failing.values()) == base.SCALE
    thanked = follow_up.probabilities(BEFORE, "Thank you, great!")
    assert thanked["11"] > failing["11"]
    for empty in (follow_up.probabilities("", ""), follow_up.probabilities(BEFORE, "")):
        assert sum(empty.values()) == base.SCALE and max(empty.values()) < base.SCALE // 2


def test_grounding_knows_files_symbols_and_what_is_a_mere_word() -> None:
    names = ["playlists/builder.py", "tests/test_words.py::test_decades", "make_playlist", "order", "Track.length"]
    sure = [
        grounding.certainty(names, text) for text in ("see builder.py", "make_playlist is slow", "`order` is wrong")
    ]
    assert min(sure) >= 9_000
    assert grounding.certainty(names, "test_decades fails") >= 9_000
    assert 0 < grounding.certainty(names, "in which order do I do this") < base.SCALE // 4
    assert grounding.certainty(names, "write a function that reverses a word") == 0
    assert grounding.certainty(names, "otherbuilder.py is not ours, nor is remake_playlist") == 0
    assert grounding.measure.run(
        {"id": 1, "workspace": "def make_playlist(wish):\n    ...\n", "text": "`wish` is unused"}
    ) == {
        "id": 1,
        "p": 0.95,
    }


def test_the_same_texts_give_the_same_bytes_everywhere() -> None:
    """Changes only with weights, features or word lists; a difference between machines would be a fault."""
    lines = [
        specificity.measure.run({"id": 1, "diff": DIFF, "review": SHARP}),
        specificity.measure.run({"id": 2, "diff": DIFF, "review": VAGUE}),
        coverage.measure.run({"id": 3, "atoms": ATOMS, "text": ASKED}),
        follow_up.measure.run({"id": 4, "prompt": BEFORE, "follow_up": AFTER}),
        grounding.measure.run({"id": 5, "names": ["basket.py"], "text": "basket.py and naïve “quotes”"}),
    ]
    assert hashlib.sha256(json.dumps(lines).encode()).hexdigest() == SAME_EVERYWHERE


@pytest.mark.parametrize("name", MEASURES)
def test_weights_say_where_they_come_from(name: str) -> None:
    weights = base.load(name)
    assert weights.measure == name and set(base.CARD) <= set(weights.card)
    assert set(base.PROVENANCE) <= set(weights.provenance)
    for one in weights.provenance["data"]:
        assert one["licence"] and one["records"] > 0 and len(one["sha256"]) == 64
    assert all(type(part) is int for row in weights.rows.values() for part in row)
    # Hashes and numbers alone: no word of the data.
    document = json.loads((base.FOLDER / f"{name}.json").read_bytes())
    assert all(number.isdigit() for number in document["weights"])


def test_a_measure_that_does_not_reach_what_its_card_asks_has_weight_0() -> None:
    against = base.load("specificity").provenance["figures"]["against"]["Com+Rel"]
    reached = all(figure["low"] >= figure["asked"] for figure in against.values())
    assert base.load("specificity").weight == int(reached)
    kappa = base.load("follow-up").provenance["figures"]["kappa"]
    assert base.load("follow-up").weight == int(kappa["low"] >= kappa["asked"])
    # Nobody but their author rated what these were tried on.
    assert base.load("coverage").weight == base.load("grounding").weight == 0


def test_what_is_no_weight_file_is_told() -> None:
    good = json.loads((base.FOLDER / "coverage.json").read_bytes())
    for change, told in (
        ({"bias": [0.5]}, "whole numbers"),
        ({"weights": {"7": [1, 2]}}, "one a label"),
        ({"card": {}}, "asks, reached, weight, why"),
        ({"provenance": {}}, "data, date"),
        ({"labels": None}, "Expected a weight file"),
    ):
        with pytest.raises(BadInput, match=told):
            base.parse("x.json", json.dumps({**good, **change}).encode())
    with pytest.raises(BadInput, match=r"x\.json"):
        base.parse("x.json", b"nothing")


def test_text_is_bounded_and_read_once() -> None:
    assert sentences("One thing. Another! One thing.\nAnother!") == ["One thing.", "Another!"]
    # Time is not asserted: it is that this ends within the test's limit that shows the bound.
    for long in ("upper case " * 60_000, "(" * 600_000, "a." * 300_000, "`a" * 300_000, "é" * MAX_LETTERS * 2):
        assert specificity.score(DIFF, long) <= 5 * base.SCALE
        assert len(coverage.covered(ATOMS, long)) == 4
        assert sum(follow_up.probabilities(long, long).values()) == base.SCALE


RECORDS: dict[str, dict[str, object]] = {
    "coverage": {"id": "a", "atoms": ATOMS, "text": ASKED},
    "follow-up": {"id": 7, "prompt": BEFORE, "follow_up": AFTER},
    "specificity": {"id": "b", "diff": DIFF, "review": SHARP},
    "grounding": {"id": "c", "names": ["basket.py"], "text": "in basket.py"},
}


@pytest.mark.parametrize("name", MEASURES)
def test_the_command_writes_a_line_for_each_line(name: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    second = {**RECORDS[name], "id": "second", "extra": None}
    source.write_text(f"{json.dumps(RECORDS[name])}\n\n{json.dumps(second)}\n", "utf-8")
    result = CliRunner().invoke(app.main, ["measure", name, "--in", str(source), "--out", str(target)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == [RECORDS[name]["id"], "second"]
    first, other = ({key: value for key, value in line.items() if key != "id"} for line in lines)
    assert first == other == {k: v for k, v in MEASURES[name].run(RECORDS[name]).items() if k != "id"}
    wanted = {
        "coverage": {"covered"}, "follow-up": {"label", "p"}, "specificity": {"score"}, "grounding": {"p"},
    }[name]  # fmt: skip
    assert set(first) == wanted


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "Line 2 of in.jsonl: Expected a JSON object with id, diff, review, got no JSON"),
        ("[]", "Line 2 of in.jsonl: Expected a JSON object with id, diff, review, got a list"),
        ('{"id": 1, "diff": ""}', "Line 2 of in.jsonl: Expected a text in review, got none"),
        ('{"id": 1, "diff": 3, "review": ""}', "Line 2 of in.jsonl: Expected a text in diff, got a number"),
        ('{"diff": "", "review": ""}', "Line 2 of in.jsonl: Expected a text or a whole number in id, got none"),
        ("[" * 100_000, "Line 2 of in.jsonl: Expected a JSON object"),
    ],
)
def test_a_line_that_does_not_fit_is_named_and_nothing_is_left(line: str, told: str, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f"{json.dumps(RECORDS['specificity'])}\n{line}\n", "utf-8")
    result = CliRunner().invoke(app.main, ["measure", "specificity", "--in", str(source), "--out", str(target)])
    assert result.exit_code == 1 and told in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_unknown_measures_and_missing_files_are_told(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    args = ["--in", str(source), "--out", str(tmp_path / "out.jsonl")]
    missing = CliRunner().invoke(app.main, ["measure", "coverage", *args])
    assert missing.exit_code == 1 and "in.jsonl" in missing.output and "Traceback" not in missing.output
    source.write_text("", "utf-8")
    unknown = CliRunner().invoke(app.main, ["measure", "charm", *args])
    assert unknown.exit_code == 1 and "coverage, follow-up, specificity, grounding" in unknown.output
    for record in ({"id": 1, "atoms": "a", "text": ""}, {"id": 1, "atoms": [1], "text": ""}):
        with pytest.raises(BadInput, match=r"texts? in"):
            coverage.measure.run(record)
    with pytest.raises(BadInput, match="at most 200"):
        coverage.measure.run({"id": 1, "atoms": ["a"] * 201, "text": ""})
    with pytest.raises(BadInput, match="names or workspace"):
        grounding.measure.run({"id": 1, "text": ""})
