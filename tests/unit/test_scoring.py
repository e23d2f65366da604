"""Posteriors, levels and dimensions: exact, honest about little, the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from string import ascii_lowercase

import pytest

from interviews import events as e
from interviews.ndjson import read_log
from rubrics.base import DimensionScore, IndicatorScore, LogView, Scorecard
from rubrics.numbers import joint, probit
from rubrics.numbers.posterior import share
from rubrics.rubric import Level, load
from rubrics.scoring import score
from tests.golden.make import CARD, HEADER, LOG, card_text
from tests.golden.story import Story, hunk, note

ROOT = Path(__file__).resolve().parents[2]


def golden() -> Scorecard:
    return Scorecard.model_validate_json(CARD.read_text("utf-8"))


def test_an_empty_log_scores_nothing_and_holds_nothing_against_anyone() -> None:
    card = score(LogView.of(HEADER, []), load("standard"))
    assert card.log.events == 0
    assert card.log.head_hash
    for dimension in card.dimensions:
        assert (dimension.score, dimension.ci95, dimension.n, dimension.status) == (None, None, 0, "not_observed")
        for one in dimension.indicators:
            assert (one.value, one.level, one.ci95, one.n, one.status) == (None, None, None, 0, "not_observed")
    assert any("not submitted" in flag for flag in card.flags)


def test_a_level_is_given_where_two_levels_at_most_are_possible() -> None:
    rubric = load("standard")
    given = 0
    for dimension in golden().dimensions:
        group = rubric.dimension(dimension.id)
        assert group is not None
        told: list[tuple[IndicatorScore | DimensionScore, tuple[Level, ...] | None]] = [(dimension, group.levels)]
        for one in dimension.indicators:
            indicator = rubric.indicator(one.id)
            told.append((one, indicator.levels if indicator else None))
        for part, levels in told:
            assert levels is not None
            if part.ci95 is None:
                # Older than the analysis and the ratings that they read, or too few.
                assert part.level is None and part.status in ("not_observed", "cannot_tell")
                continue
            low, high = (sum(float(level.from_) <= edge for level in levels) for edge in part.ci95)
            assert part.status == {0: "clear", 1: "leaning"}.get(high - low, "cannot_tell")
            assert (part.level is not None) == (high - low <= 1)
            assert part.level is None or levels[part.level - 1].words in part.explanation
            given += part.level is not None
    assert 0 < given < 5


def test_there_is_no_total_that_something_unobserved_could_lower() -> None:
    # What was handed in, what is only shown and what people said stand beside them, and no dimension is part of it.
    assert set(Scorecard.model_fields) == {
        "rubric", "log", "dimensions", "flags", "outcome", "calibration", "shown", "ratings", "final"
    }  # fmt: skip


def test_another_language_changes_the_words_and_nothing_else() -> None:
    with LOG.open(encoding="utf-8", newline="") as lines:
        view = LogView.of(*read_log(lines))
    english = score(view, load("standard"))
    other = score(view, load("standard"), lambda text: f"«{text}»")
    assert "«" in other.dimensions[0].indicators[0].explanation
    assert "«" in other.flags[0]

    def bare(card: Scorecard) -> list[object]:
        return [
            (d.id, d.score, d.ci95, d.n, d.status, [one.model_copy(update={"explanation": ""}) for one in d.indicators])
            for d in card.dimensions
        ]

    assert bare(english) == bare(other)


def reviewed(found: int, blamed: int, *, left_open: int = -1) -> DimensionScore:
    """Critique of who found the first so many of six flaws in words, and blamed the first so many of ten sound changes."""
    story = Story(HEADER)
    flaws = tuple(
        e.Defect(id=f"d{at}", kind="wrong", title="", explanation="", fix="", path="a.py", patterns=(rf"\bflaw{at}\b",))
        for at in range(6)
    )
    hunks = tuple(hunk(f"h{at}", "a.py", 1, "", f"def step{at}(x):\n    return x\n", base=0) for at in range(16))
    notes = tuple(note(f"h{at}", defect=f"d{at}" if at < 6 else None) for at in range(16))
    story.tell("system", e.KeyRecorded(requirements=(), defects=(), brief_shared=False))
    story.tell("system", e.ReviewOpened(review="rv", title="", description="", folder="review", hunks=hunks))
    story.tell("system", e.ReviewAnnotated(review="rv", hunks=notes, defects=flaws))
    for at in range(16):
        doubts = at < found or 6 <= at < 6 + blamed
        fault = (
            f"flaw{at}: `step{at}` returns the wrong {ascii_lowercase[at]} for {at}, it must be `x + {at}`."
            if doubts
            else ""
        )
        if at != left_open:
            verdict: e.Verdict = "block" if doubts else "merge"
            story.tell("candidate", e.HunkJudged(review="rv", hunk=f"h{at}", verdict=verdict, line=2, fault=fault))
    (critique,) = (one for one in score(story.view(), load("standard")).dimensions if one.id == "critique")
    return critique


def test_a_verdict_left_open_gains_nothing_over_honest_work() -> None:
    middling, weak = reviewed(4, 2), reviewed(2, 3)
    assert middling.score is not None and weak.score is not None
    for at in (5, 15):
        avoiding = reviewed(2, 3, left_open=at)
        detection = avoiding.indicators[0]
        assert (detection.n, detection.value, detection.status) == (15, None, "cannot_tell")
        assert avoiding.score is not None and abs(avoiding.score - weak.score) < 0.02 < middling.score - avoiding.score
        assert "1 saw too little" in avoiding.explanation and "saw too little" not in weak.explanation


# Another process, whose decimals are set to two digits before anything is imported: nothing may hang on the ambient context.
PROGRAM = """
import decimal, sys
if sys.argv[1] == "coarse":
    for one in (decimal.DefaultContext, decimal.ExtendedContext, decimal.BasicContext):
        one.prec, one.rounding = 2, decimal.ROUND_UP
    decimal.setcontext(decimal.Context(prec=2, rounding=decimal.ROUND_UP, Emax=4, Emin=-4))
from interviews.ndjson import read_log
from tests.golden.make import LOG, card_text
from tests.unit.test_scoring import posteriors
sys.stdout.reconfigure(encoding="utf-8", newline="")
sys.stdout.write(card_text(read_log(LOG.open(encoding="utf-8", newline=""))[1]))
sys.stdout.write(posteriors())
"""


def posteriors() -> str:
    """What the golden log does not reach: four-step verdicts on mistakes of several difficulties, measures taken together."""
    prior = probit.Prior(1200, 600, 0, 500, (50, 300, 600, 1000, 1700, 3000))
    told = probit.detection(prior, {-400: (2, 0, 0, 0, 0, 0), 0: (1, 1, 0, 1, 0, 0)}, (0, 1, 3, 6, 0, 0))
    flat = share(5, 5, 0, 0)
    before = probit.detection(prior, {}, (0, 0, 0, 0, 0, 0))
    return repr([told, joint.mix([(2, before, told), (1, flat, share(5, 5, 3, 1))], 800)])


@pytest.mark.parametrize(
    ("seed", "locale", "decimals"),
    [("1", "C", "as they are"), ("4242", "C.UTF-8", "coarse"), ("7", "tr_TR.UTF-8", "coarse")],
)
def test_another_process_with_other_hashes_locale_and_decimals_gives_the_same_bytes(
    seed: str, locale: str, decimals: str
) -> None:
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": seed, "LC_ALL": locale, "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", PROGRAM, decimals],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout
    with LOG.open(encoding="utf-8", newline="") as lines:
        assert out.decode() == card_text(read_log(lines)[1]) + posteriors()
