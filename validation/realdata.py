"""How well text measures agree with people, on real data that is read in place.

Owns part 5 of ``pairsight validate``: figures, intervals, baselines and verdicts. Invariant: a figure is of records that the model
it judges was not fitted on (whole conversations and whole diffs are left out together, and a shipped model is judged only
on files it was not trained on); an interval comes from drawing whole groups anew; only text fields are input. Leaves out
how a model is fitted (``validation.training``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from interviews.errors import BadInput
from rubrics.measures import base, coverage, follow_up, specificity
from validation import training
from validation.training import Figures, Fitted, Rated

DRAWS = 1_000
REPEATS = 3  # of cross-validation, each with other folds, since few records make one of them a matter of luck
# What the cards ask, of the interval's lower end.
ASKED_SPEARMAN, ASKED_PARTIAL, ASKED_KAPPA, ASKED_AUC = 0.45, 0.3, 0.4, 0.7
ATOMS = Path(__file__).parent / "atoms"
CHATS = "realhumaneval_chat.jsonl"


def report(data_dir: Path) -> dict[str, Any]:
    """Figures of each measure on the data sets in a folder: plain values, the same for the same files.

    ``reached`` compares the lower end of the interval with what is asked. Raises ``BadInput`` for a file that is missing or
    not of the form.
    """
    with threadpool_limits(1):
        return _report(data_dir)


def _report(data_dir: Path) -> dict[str, Any]:
    reviews, follow_ups = training.reviews(data_dir), training.follow_ups(data_dir)
    for data, what in ((reviews, "diffs"), (follow_ups, "conversations")):
        if (got := len(set(data.groups))) < 2 * training.FOLDS:
            raise BadInput(
                "Expected at least %(least)d %(what)s in %(name)s, got %(got)d",
                least=2 * training.FOLDS,
                what=what,
                name=data.file,
                got=got,
            )
    figures = cross_validated(reviews, follow_ups)
    figures[specificity.NAME] |= {
        "shipped": _shipped_specificity(reviews),
        "weight": base.load(specificity.NAME).weight,
    }
    figures[follow_up.NAME] |= {"shipped": _shipped_follow_up(follow_ups), "weight": base.load(follow_up.NAME).weight}
    figures[coverage.NAME] = _coverage(data_dir)
    return figures


def cross_validated(reviews: Rated, follow_ups: Rated) -> dict[str, Any]:
    """Figures of the fitting itself, fold by fold; what is shipped plays no part."""
    return {specificity.NAME: _specificity(reviews), follow_up.NAME: _follow_up(follow_ups)}


# Specificity


def _specificity(data: Rated) -> dict[str, Any]:
    lengths = np.array([float(len(text)) for text in data.texts])
    predicted = _ranks(np.array(_left_out(data, training.fit_specificity), dtype=float)[:, 0])
    lexical = _ranks(_lexical_score(data))
    sizes = _ranks(lengths)
    rated = {name: _ranks(ratings) for name, ratings in data.ratings.items()}
    figures: dict[str, Any] = {name: _against(data, predicted, ranks, sizes) for name, ranks in rated.items()}
    target = rated["Com+Rel"]
    return {
        "file": data.file,
        "sha256": data.sha256,
        "records": len(data.groups),
        "diffs": len(set(data.groups)),
        "against": figures,
        "baselines": {
            "length": {"spearman": _rounded(_correlation(sizes, target))},
            "words": {
                "spearman": _rounded(_correlation(lexical, target)),
                "partial": _rounded(_partial(lexical, target, sizes)),
            },
        },
        "reached": all(figure["reached"] for figure in figures["Com+Rel"].values()),
    }


def _against(data: Rated, predicted: Figures, rated: Figures, sizes: Figures) -> dict[str, Any]:
    """Ranks of what was predicted beside ranks of ratings, and the same with ranks of length partialled out."""
    return {
        "spearman": _interval(data.groups, lambda at: _correlation(predicted[at], rated[at]), ASKED_SPEARMAN),
        "partial": _interval(data.groups, lambda at: _partial(predicted[at], rated[at], sizes[at]), ASKED_PARTIAL),
    }


def _shipped_specificity(data: Rated) -> dict[str, Any]:
    """How the weights shipped stand to a fit on all of this data; where they never saw it, how they stand to people."""
    weights = base.load(specificity.NAME)
    whole = training.fit_specificity(data, range(len(data.groups)))
    ours = np.array([specificity.scaled(weights.sums(found)[0]) for found in data.features], dtype=float)
    again = np.array([specificity.scaled(whole.sums(found)[0]) for found in data.features], dtype=float)
    told: dict[str, Any] = {
        "trained_on_this_file": _was_trained_on(weights, data),
        "same_as_fitted_anew": _rounded(_correlation(_ranks(ours), _ranks(again))),
    }
    if not told["trained_on_this_file"]:
        ranks, target = _ranks(ours), _ranks(data.ratings["Com+Rel"])
        sizes = _ranks(np.array([float(len(text)) for text in data.texts]))
        told |= _against(data, ranks, target, sizes)
    return told


def _lexical_score(data: Rated) -> Figures:
    """A ridge regression on word and pair frequencies: what a plain text model reaches."""
    target = training.ranked(data.ratings["Com+Rel"], data.raters)
    parts = training.folds(data.groups)
    out = np.zeros(len(parts))
    for fold in range(training.FOLDS):
        inside, outside = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
        vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
        model = Ridge(alpha=3.0).fit(vectors.fit_transform([data.texts[at] for at in inside]), target[inside])
        out[outside] = model.predict(vectors.transform([data.texts[at] for at in outside]))
    return out


# Kind of follow-up


def _follow_up(data: Rated) -> dict[str, Any]:
    kinds = list(follow_up.KINDS)
    truth = _numbers(data.labels, kinds)
    guesses = [
        np.argmax(np.array(_left_out(data, training.fit_follow_up, seed), dtype=float), axis=1)
        for seed in range(REPEATS)
    ]
    lexical = [_lexical_kind(data, kinds, seed) for seed in range(REPEATS)]
    common = np.bincount(truth, minlength=len(kinds)).argmax()
    kappa = _interval(data.groups, lambda at: _mean_kappa(guesses, truth, at, len(kinds)), ASKED_KAPPA)
    beyond = _interval(
        data.groups,
        lambda at: _mean_kappa(guesses, truth, at, len(kinds)) - _mean_kappa(lexical, truth, at, len(kinds)),
        0.0,
    )
    return {
        "file": data.file,
        "sha256": data.sha256,
        "records": len(data.groups),
        "conversations": len(set(data.groups)),
        "kappa": kappa,
        "accuracy": _rounded(float(np.mean([(guess == truth).mean() for guess in guesses]))),
        "baselines": {
            "majority": {"kappa": 0.0, "accuracy": _rounded(float((truth == common).mean())), "label": kinds[common]},
            "words": {
                "kappa": _rounded(_mean_kappa(lexical, truth, np.arange(len(truth)), len(kinds))),
                "accuracy": _rounded(float(np.mean([(guess == truth).mean() for guess in lexical]))),
            },
        },
        "beyond_words": beyond,
        "reached": kappa["reached"],
    }


def _shipped_follow_up(data: Rated) -> dict[str, Any]:
    weights = base.load(follow_up.NAME)
    whole = training.fit_follow_up(data, range(len(data.groups)))
    ours = np.array([np.argmax(weights.sums(found)) for found in data.features])
    again = np.array([np.argmax(whole.sums(found)) for found in data.features])
    told: dict[str, Any] = {
        "trained_on_this_file": _was_trained_on(weights, data),
        "same_as_fitted_anew": _rounded(float((ours == again).mean())),
    }
    if not told["trained_on_this_file"]:
        kinds = list(follow_up.KINDS)
        truth = _numbers(data.labels, kinds)
        told["kappa"] = _interval(data.groups, lambda at: _kappa(ours[at], truth[at], len(kinds)), ASKED_KAPPA)
    return told


def _lexical_kind(data: Rated, kinds: Sequence[str], seed: int) -> Figures:
    """A logistic regression on word and pair frequencies of both texts."""
    parts = training.folds(data.groups, seed)
    out = np.zeros(len(parts), dtype=int)
    labels = np.array(data.labels)
    for fold in range(training.FOLDS):
        inside, outside = np.flatnonzero(parts != fold), np.flatnonzero(parts == fold)
        vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
        table = vectors.fit_transform([data.texts[at] for at in inside])
        model = LogisticRegression(C=10.0, max_iter=300, tol=1e-2).fit(table, labels[inside])
        out[outside] = _numbers(model.predict(vectors.transform([data.texts[at] for at in outside])), kinds)
    return out


def _numbers(labels: Sequence[str], kinds: Sequence[str]) -> Any:
    return np.array([kinds.index(str(label)) for label in labels])


# Coverage


def _coverage(folder: Path) -> dict[str, Any]:
    """AUC on briefs and prompts of our own, beside plain shared words; and how often a prompt about something else seems to state
    an atom. Nothing here was rated by anybody else, so it reaches nothing.
    """
    briefs = [
        brief for path in sorted(ATOMS.glob("*.yaml")) for brief in yaml.safe_load(path.read_text("utf-8"))["briefs"]
    ]
    groups: list[str] = []
    stated: list[bool] = []
    ours: list[float] = []
    words: list[float] = []
    for number, brief in enumerate(briefs):
        for prompt in brief["prompts"]:
            ours += coverage.covered(brief["atoms"], prompt["text"])
            words += [_shared_words(atom, prompt["text"]) for atom in brief["atoms"]]
            stated += [at in prompt["states"] for at in range(len(brief["atoms"]))]
            groups += [str(number)] * len(brief["atoms"])
    truth, ranks, plain_ranks = np.array(stated), _ranks(np.array(ours)), _ranks(np.array(words))
    told: dict[str, Any] = {
        "briefs": len(briefs),
        "pairs": len(truth),
        "auc": _interval(groups, lambda at: _auc(ranks[at], truth[at]), ASKED_AUC) | {"reached": False},
        "baselines": {"words": {"auc": _rounded(_auc(plain_ranks, truth))}},
        "reached": False,
        "weight": base.load(coverage.NAME).weight,
    }
    if (folder / CHATS).is_file():
        _, chats = training.read(folder / CHATS, ["messages"])
        texts = sorted({chat["messages"][-1]["content"] for chat in chats if chat["messages"]})
        # Tasks of the size of an interview: none of these prompts is about them.
        atoms = [brief["atoms"] for brief in briefs if len(brief["atoms"]) >= 7]
        found = [part for text in texts[::5] for some in atoms for part in coverage.covered(some, text)]
        told["off_topic"] = {
            "prompts": len(texts[::5]),
            "atoms": sum(map(len, atoms)),
            "above_half": _rounded(sum(part > base.SCALE // 2 for part in found) / len(found)),
        }
    return told


def _shared_words(atom: str, text: str) -> float:
    said = set(re.findall(r"\w+", text.lower()))
    words = set(re.findall(r"\w+", atom.lower()))
    return len(words & said) / max(1, len(words))


def _auc(ranks: Figures, truth: Any) -> float:
    """The share of pairs of a stated and an unstated atom in which the stated one is higher, a tie for half."""
    values = _ranks(ranks)
    yes = int(truth.sum())
    no = len(truth) - yes
    return float((values[truth].sum() - yes * (yes - 1) / 2) / (yes * no)) if yes and no else 0.5


# Figures


def _left_out(data: Rated, fit: Callable[[Rated, Sequence[int]], Fitted], seed: int = 0) -> list[list[int]]:
    """For each record the sums of a model fitted without its group's fold."""
    parts = training.folds(data.groups, seed)
    out: list[list[int]] = [[] for _ in parts]
    for fold in sorted(set(parts.tolist())):
        fitted = fit(data, np.flatnonzero(parts != fold).tolist())
        for at in np.flatnonzero(parts == fold):
            out[at] = fitted.sums(data.features[at])
    return out


def _was_trained_on(weights: base.Weights, data: Rated) -> bool:
    return any(one["sha256"] == data.sha256 for one in weights.provenance["data"])


def _interval(groups: Sequence[str], figure: Callable[[Any], float], asked: float) -> dict[str, Any]:
    """A figure over all records and its 95 % interval over groups drawn anew, with what is asked of the lower end."""
    names = sorted(set(groups))
    number = {name: at for at, name in enumerate(names)}
    of_group: list[list[int]] = [[] for _ in names]
    for at, group in enumerate(groups):
        of_group[number[group]].append(at)
    members = [np.array(one) for one in of_group]
    random = np.random.Generator(np.random.PCG64(8))
    drawn = [
        figure(np.concatenate([members[at] for at in random.integers(0, len(names), len(names))])) for _ in range(DRAWS)
    ]
    low, high = (float(one) for one in np.percentile(drawn, [2.5, 97.5]))
    value = figure(np.arange(len(groups)))
    return {
        "value": _rounded(value),
        "low": _rounded(low),
        "high": _rounded(high),
        "asked": asked,
        "reached": _rounded(low) >= asked,
    }


def _rounded(value: float) -> float:
    return round(float(value), 3)


def _ranks(values: Figures) -> Figures:
    """Ranks, ties in the middle."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Figures = ((ends - counts + ends - 1) / 2)[inverse]
    return ranks


def _correlation(one: Figures, other: Figures) -> float:
    """Pearson's, of ranks Spearman's; 0 where either does not vary."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else 0.0


def _partial(one: Figures, other: Figures, without: Figures) -> float:
    """The correlation of two with a third partialled out."""
    ab, ac, bc = _correlation(one, other), _correlation(one, without), _correlation(other, without)
    size = float(np.sqrt(max(0.0, (1 - ac * ac) * (1 - bc * bc))))
    return (ab - ac * bc) / size if size else 0.0


def _kappa(guesses: Any, truth: Any, kinds: int) -> float:
    """Cohen's κ, unweighted; 0 where chance alone agrees fully."""
    table = np.bincount(guesses * kinds + truth, minlength=kinds * kinds).reshape(kinds, kinds) / len(truth)
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return (float(np.trace(table)) - chance) / (1 - chance) if chance < 1 else 0.0


def _mean_kappa(guesses: Sequence[Any], truth: Any, at: Any, kinds: int) -> float:
    return float(np.mean([_kappa(guess[at], truth[at], kinds) for guess in guesses]))
