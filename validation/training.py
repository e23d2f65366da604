"""How the weights of text measures are fitted.

Owns reading the rated data, the fits and what becomes of them in whole numbers. Invariant: the same files give the same weights; a
fit sees text fields and ratings only, and of a rater nothing but that ratings are ranked among that rater's own. Leaves out
features (``rubrics.measures``), figures (``realdata``) and writing weight files (``scripts.train_measures``).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from interviews.errors import BadInput
from rubrics.measures import follow_up, specificity
from rubrics.measures.base import SCALE
from rubrics.measures.text import bucket

FOLDS = 10
REVIEWS, FOLLOW_UPS = "review_comments_rated.jsonl", "codechat_followups.jsonl"
TEXTS = ("diff", "review", "prompt", "follow_up")
# A feature of fewer training records gets no weight.
LEAST = {specificity.NAME: 20, follow_up.NAME: 4}
STIFFNESS = 100.0  # of the ridge regression
BALANCE = 0.5  # of kinds: 0 leaves them as frequent as they are, 1 makes them equally frequent
LOOSENESS = 0.3  # of the logistic regression, the inverse of its penalty

Figures = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Rated:
    """A data set: features, what people said of each record, and which records belong together."""

    file: str
    sha256: str
    features: list[frozenset[str]]
    texts: list[str]
    """What length and the lexical baseline look at."""
    groups: list[str]
    raters: list[str]
    labels: list[str]
    ratings: dict[str, Figures]


@dataclass(frozen=True)
class Fitted:
    """Weights in parts of ``SCALE``: what a weight file holds."""

    labels: tuple[str, ...]
    bias: tuple[int, ...]
    rows: dict[int, tuple[int, ...]]

    def sums(self, features: Iterable[str]) -> list[int]:
        """As ``rubrics.measures.base.Weights.sums``."""
        total = list(self.bias)
        for number in {bucket(feature) for feature in features}:
            for at, part in enumerate(self.rows.get(number, ())):
                total[at] += part
        return total


def read(path: Path, wanted: Sequence[str]) -> tuple[str, list[dict[str, Any]]]:
    """A data set's sha256 and records. Raises ``BadInput`` naming the line that does not fit."""
    try:
        raw = path.read_bytes()
    except OSError:
        raise BadInput("Expected the data set %(name)s in the folder, found none", name=path.name) from None
    records = []
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict) or (missing := [key for key in wanted if key not in record]):
            raise BadInput(
                "Expected an object with %(wanted)s in line %(line)d of %(name)s, got %(got)s",
                wanted=", ".join(wanted),
                line=number,
                name=path.name,
                got="none" if not isinstance(record, dict) else f"one without {', '.join(missing)}",
            )
        if odd := [key for key in wanted if key in TEXTS and not isinstance(record[key], str)]:
            raise BadInput(
                "Expected a text in %(key)s in line %(line)d of %(name)s, got another value",
                key=odd[0],
                line=number,
                name=path.name,
            )
        records.append(record)
    if not records:
        raise BadInput("Expected records in %(name)s, got none", name=path.name)
    return hashlib.sha256(raw).hexdigest(), records


def reviews(folder: Path) -> Rated:
    """CRScore's rated comments; those without all three ratings by one rater are left out."""
    dimensions = ("Con", "Com", "Rel")
    wanted = ["diff", "review", *(f"{rater}_{one}" for rater in "ab" for one in dimensions)]
    sha256, records = read(folder / REVIEWS, wanted)
    kept = [
        (record, rater)
        for record in records
        for rater in "ab"
        if all(isinstance(record[f"{rater}_{one}"], int | float) for one in dimensions)
    ]
    ratings = {one: np.array([float(record[f"{rater}_{one}"]) for record, rater in kept]) for one in dimensions}
    ratings = {"Com+Rel": (ratings["Com"] + ratings["Rel"]) / 2, **ratings}
    found = [
        frozenset(specificity.features(specificity.read_diff(record["diff"]), record["review"])) for record, _ in kept
    ]
    texts = [record["review"] for record, _ in kept]
    groups = [record["diff"] for record, _ in kept]
    return Rated(REVIEWS, sha256, found, texts, groups, [rater for _, rater in kept], [], ratings)


def follow_ups(folder: Path) -> Rated:
    """CodeChat's labelled follow-ups."""
    sha256, records = read(folder / FOLLOW_UPS, ["conversation", "prompt", "follow_up", "human_label"])
    found = [frozenset(follow_up.features(record["prompt"], record["follow_up"])) for record in records]
    texts = [f"{record['prompt']}\n{record['follow_up']}" for record in records]
    labels = [str(record["human_label"]) for record in records]
    if odd := sorted(set(labels) - set(follow_up.KINDS)):
        raise BadInput(
            "Expected human_label from 1 to %(most)d in %(name)s, got %(got)s",
            most=len(follow_up.KINDS),
            name=FOLLOW_UPS,
            got=odd[0][:40],
        )
    groups = [str(record["conversation"]) for record in records]
    return Rated(FOLLOW_UPS, sha256, found, texts, groups, [""] * len(records), labels, {})


def folds(groups: Sequence[str], seed: int = 0) -> Figures:
    """A fold for each record, whole groups together; drawn by hash, so that no library decides."""
    drawn = sorted(set(groups), key=lambda one: hashlib.sha256(f"{seed} {one}".encode()).digest())
    place = {one: at % FOLDS for at, one in enumerate(drawn)}
    return np.array([place[one] for one in groups], dtype=float)


def _table(features: Sequence[frozenset[str]], names: Sequence[str]) -> Any:
    """A sparse table of ones, a column a name in order: sparse, since its sums are then made by one thread, always alike."""
    vectors = DictVectorizer()
    vectors.fit([dict.fromkeys(names, 1.0)])
    return vectors.transform([dict.fromkeys(found, 1.0) for found in features])


def _common(features: Sequence[frozenset[str]], least: int) -> list[str]:
    counts = Counter(name for found in features for name in found)
    return sorted(name for name, count in counts.items() if count >= least)


def ranked(ratings: Figures, raters: Sequence[str]) -> Figures:
    """Shares of a rater's own ratings that lie below each, ties in the middle: raters differ in level and spread."""
    ranks = np.zeros(len(ratings))
    for rater in sorted(set(raters)):
        own = np.array([one == rater for one in raters])
        values = ratings[own]
        below = (values[None, :] < values[:, None]).sum(axis=1)
        same = (values[None, :] == values[:, None]).sum(axis=1)
        ranks[own] = (below + same / 2) / len(values)
    return ranks


def fit_specificity(data: Rated, chosen: Sequence[int]) -> Fitted:
    """A ridge regression on ranked ratings of the chosen records, stretched to the ratings' own scale."""
    features = [data.features[at] for at in chosen]
    ratings = data.ratings["Com+Rel"][list(chosen)]
    ranks = ranked(ratings, [data.raters[at] for at in chosen])
    names = _common(features, LEAST[specificity.NAME])
    table = _table(features, names)
    model = Ridge(alpha=STIFFNESS, solver="sparse_cg", tol=1e-10).fit(table, ranks)
    slope, start = np.polyfit(ranks, ratings, 1)
    weights = {bucket(name): (round(slope * part * SCALE),) for name, part in zip(names, model.coef_, strict=True)}
    bias = round((start + slope * float(model.intercept_)) * SCALE)
    return Fitted(("score",), (bias,), {at: row for at, row in sorted(weights.items()) if any(row)})


def fit_follow_up(data: Rated, chosen: Sequence[int]) -> Fitted:
    """A penalised multinomial regression; kinds that never occur are a little less likely than the rarest."""
    features = [data.features[at] for at in chosen]
    labels = [data.labels[at] for at in chosen]
    names = _common(features, LEAST[follow_up.NAME])
    counts = Counter(labels)
    # Half-way to balanced: a rare kind is seldom found otherwise, and fully balanced it is found everywhere.
    balance = [(len(labels) / (len(counts) * counts[label])) ** BALANCE for label in labels]
    model = LogisticRegression(C=LOOSENESS, max_iter=1_000, tol=1e-3)
    model.fit(_table(features, names), np.array(labels), sample_weight=balance)
    column = {label: at for at, label in enumerate(model.classes_)}
    lowest = min(model.intercept_) - 1
    bias = tuple(
        round((model.intercept_[column[kind]] if kind in column else lowest) * SCALE) for kind in follow_up.KINDS
    )
    weights = {
        bucket(name): tuple(
            round(model.coef_[column[kind], at] * SCALE) if kind in column else 0 for kind in follow_up.KINDS
        )
        for at, name in enumerate(names)
    }
    return Fitted(tuple(follow_up.KINDS), bias, {at: row for at, row in sorted(weights.items()) if any(row)})
