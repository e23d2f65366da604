"""Figures of text measures on rated data: that folds keep groups together, that files are checked, and what is reached.

The rated data is read in place from the folder that PAIRSIGHT_SHARED names (default: ``shared`` beside the checkout).
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from interviews.errors import BadInput
from rubrics.measures import base, specificity
from validation import realdata, training

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("PAIRSIGHT_SHARED", ROOT.parent / "shared")) / "data"
needs_data = pytest.mark.skipif(
    not (DATA / training.REVIEWS).exists(),
    reason=f"the rated data is not there: expected {training.REVIEWS} below PAIRSIGHT_SHARED",
)
NAMES = ("alpha", "bravo", "carol", "delta", "eager", "fancy", "gamma", "hotel", "india", "jolly", "karma", "lemon")


def _rated(folder: Path) -> training.Rated:
    """Made-up ratings: who names the changed function is rated high; rater b is stricter than a."""
    lines = []
    for number, name in enumerate(NAMES * 3):
        diff = f"@@ -1 +1 @@\n-def {name}_{number}(x):\n+def {name}_{number}(x, y):\n"
        for at, review in enumerate(
            (f"`{name}_{number}` should check y", "why is this method public?", "nice", "ok then")
        ):
            rater = "ab"[number % 2]
            score = (5 if at == 0 else 2) - (number % 2)
            ratings = {f"{one}_{key}": score if one == rater else None for one in "ab" for key in ("Con", "Com", "Rel")}
            lines.append(json.dumps({"diff": diff, "review": review, **ratings}))
    (folder / training.REVIEWS).write_text("\n".join(lines) + "\n", "utf-8")
    return training.reviews(folder)


def test_groups_stay_together_and_folds_are_the_same_every_time() -> None:
    groups = [name for name in NAMES for _ in range(3)]
    folds = training.folds(groups)
    assert folds.tolist() == training.folds(groups).tolist() != training.folds(groups, seed=1).tolist()
    assert all(len({fold for fold, group in zip(folds, groups, strict=True) if group == name}) == 1 for name in NAMES)
    assert set(folds) == set(range(training.FOLDS))


def test_ratings_are_ranked_within_each_rater() -> None:
    ranks = training.ranked(np.array([1.0, 3.0, 3.0, 5.0]), ["a", "a", "b", "b"])
    assert ranks.tolist() == [0.25, 0.75, 0.25, 0.75]


def test_a_fit_finds_what_was_put_in_and_is_the_same_every_time(tmp_path: Path) -> None:
    data = _rated(tmp_path)
    whole = range(len(data.groups))
    fitted = training.fit_specificity(data, whole)
    assert fitted == training.fit_specificity(data, whole)
    sums = [fitted.sums(found)[0] for found in data.features]
    named, others = sums[0::4], sums[2::4]
    assert min(named) > max(others) + base.SCALE
    # Judged by what was left out, it is found as well; and the interval holds the figure.
    left_out = np.array([one[0] for one in realdata._left_out(data, training.fit_specificity)], dtype=float)
    figure = realdata._against(data, left_out, data.ratings["Com+Rel"], np.ones(len(left_out)))["spearman"]
    assert figure["low"] <= figure["value"] <= figure["high"] and figure["reached"]


def test_correlations_and_kappa_against_worked_examples() -> None:
    one, other = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 2.0, 1.0, 3.0])
    assert realdata._correlation(one, other) == pytest.approx(0.8)
    # What only length explains is gone once length is partialled out.
    assert realdata._partial(one, one, other) == pytest.approx(1.0)
    assert realdata._partial(one + other, other, other) == 0.0
    assert realdata._kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), 2) == pytest.approx(0.0)
    assert realdata._kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 2) == pytest.approx(1.0)
    assert realdata._auc(np.array([0.0, 1.0, 2.0]), np.array([False, False, True])) == 1.0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "found none"),
        ("", "Expected records"),
        ("{}\n", "in line 1 of review_comments_rated.jsonl, got one without diff"),
        ("\n[3]\n", "in line 2 of"),
        (
            '{"diff": 3, "review": "", "a_Con": 1, "a_Com": 1, "a_Rel": 1, "b_Con": null, "b_Com": null, "b_Rel": null}',
            "text",
        ),
    ],
)
def test_files_that_do_not_fit_are_told(content: str | None, told: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / training.REVIEWS).write_text(content, "utf-8")
    with pytest.raises(BadInput, match=told):
        realdata.report(tmp_path)


@needs_data
def test_specificity_agrees_with_people_beyond_length() -> None:
    data = training.reviews(DATA)
    predicted = np.array([one[0] for one in realdata._left_out(data, training.fit_specificity)], dtype=float)
    ranks, target = realdata._ranks(predicted), realdata._ranks(data.ratings["Com+Rel"])
    sizes = realdata._ranks(np.array([float(len(text)) for text in data.texts]))
    assert realdata._correlation(ranks, target) >= realdata.ASKED_SPEARMAN
    assert realdata._partial(ranks, target, sizes) >= realdata.ASKED_PARTIAL
    shipped = realdata._shipped_specificity(data)
    assert shipped["same_as_fitted_anew"] > 0.99 or not shipped["trained_on_this_file"]
    told = base.load(specificity.NAME).provenance["figures"]["against"]["Com+Rel"]["spearman"]
    assert told["value"] == pytest.approx(realdata._correlation(ranks, target), abs=0.005)
