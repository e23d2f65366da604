"""Rubric files: what is refused, and that a byte makes another rubric."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from interviews.errors import BadInput, NotFound
from rubrics.base import LogView
from rubrics.rubric import ROOT, load, names, parse
from rubrics.scoring import score
from tests.golden.make import HEADER, tell

TEXT = (ROOT / "standard.yaml").read_text("utf-8")


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


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "Expected x.yaml to hold a rubric"),
        (b"- 1", "Expected x.yaml to hold a rubric"),
        (b"a: [", "cannot be read as YAML"),
        (b"\xff\xfe\xfa", "cannot be read as YAML"),
        (b"sha256: abc", "Expected x.yaml to hold a rubric"),
        (changed("version: 2", "version: 0"), "version"),
        (changed("signal: grounding", "signal: politeness"), "expected one of the signals"),
        (changed("signal: grounding", "signal: requirement_coverage"), "one outcome to feed one indicator"),
        (changed("- id: critique", "- id: prompt"), "expected each id once"),
        (changed("{from: 0.2,", "{from: 0.7,"), "rising from 0"),
        (changed("{from: 0.0,", "{from: 0.1,"), "rising from 0"),
        (changed("d_sd: 0.6", "d_sd: 0"), "d_sd"),
        (changed("weight: 2", "weight: heavy"), "weight"),
        (changed("a: 2, b: 2", "a: 0, b: 2"), "dimensions.0.indicators.0.prior"),
        (changed("about: How well", "notes: none\nabout: How well"), "notes"),
    ],
)
def test_a_slip_is_named_by_its_place(data: bytes, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(data, "x.yaml")
    assert says in str(caught.value)
    assert "x.yaml" in str(caught.value)


def test_a_prior_that_is_not_the_signals_is_told_when_it_is_used() -> None:
    text = TEXT.replace("signal: grounding", "signal: none").replace("signal: defect_detection", "signal: grounding")
    rubric = parse(text.replace("signal: none", "signal: defect_detection").encode(), "x.yaml")
    with pytest.raises(BadInput, match="prior of kind"):
        score(LogView.of(HEADER, tell()), rubric)


def test_an_unknown_rubric_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="standard, got other"):
        load("other")
    (tmp_path / "mine.yaml").write_bytes(TEXT.encode())
    assert load("mine", tmp_path).sha256 == load("standard").sha256
