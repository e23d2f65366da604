"""Which of many labels an utterance is nearest to, by example phrases.

Owns how words are made comparable and what is learned of the examples. Invariant: the same examples and the same words give the
same figures on every machine (a closed-form fit, rounded); what has nothing in common with any example scores about 0. Leaves out
what a label means (``lines``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.pipeline import make_union

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
# What one says before one says something: it is no part of it.
_OPENING = re.compile(
    r"\s*(?:(?:hi|hey|hello|ok|okay|thanks|thank you|great|cool|nice|alright|hmm+|well|so)"
    r"(?: there| again)?\b[\s,.!:;–-]*)+(?=(?:\w\S*\s+){3}\w)",
    re.IGNORECASE,
)
_WORD = re.compile(r"--\w+|[^\W_]+(?:'[^\W_]+)?")
# How people shorten words in a hurry.
_SHORT = {
    "cant": "can't", "didnt": "didn't", "doesnt": "doesn't", "dont": "don't", "im": "i'm", "isnt": "isn't", "ive": "i've",
    "lets": "let's", "pls": "please", "plz": "please", "thx": "thanks", "ty": "thank you", "u": "you", "ur": "your",
    "whats": "what's", "wont": "won't",
}  # fmt: skip
MAX_LETTERS = 4_000
MAX_SENTENCES = 12
STIFFNESS = 0.05
DIGITS = 4  # figures are rounded to; far coarser than what arithmetic differs by between machines


class Index:
    """Labelled examples, to be compared with."""

    def __init__(self, examples: Sequence[tuple[str, str]]) -> None:
        """``examples`` are (label, text); a label may have many."""
        self.labels = sorted({label for label, _ in examples})
        self._vectors = make_union(
            TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        )
        vectors = self._vectors.fit_transform([normal(text) for _, text in examples])
        self._across = vectors.T.tocsr()
        wanted = np.array([[float(label == name) for name in self.labels] for label, _ in examples])
        self._fitted = KernelRidge(alpha=STIFFNESS, kernel="precomputed").fit(self._alike(vectors), wanted)

    def scores(self, text: str, whole: Collection[str] = ()) -> dict[str, float]:
        """For each label how well the text, or the one of its sentences that is nearer, goes with it; about 0 to 1.

        Labels in ``whole`` are compared with the whole text only.
        """
        parts = [part for part in map(normal, _parts(text)) if part]
        if not parts:
            return dict.fromkeys(self.labels, 0.0)
        with config_context(assume_finite=True, skip_parameter_validation=True):
            figures = np.round(self._fitted.predict(self._alike(self._vectors.transform(parts))), DIGITS)
        pairs = zip(self.labels, figures[0].tolist(), figures.max(axis=0).tolist(), strict=True)
        return {label: first if label in whole else best for label, first, best in pairs}

    def _alike(self, vectors: Any) -> np.ndarray:
        """A radial kernel of the cosines: vectors of the two kinds of features have length 1 each."""
        kernel: np.ndarray = np.exp((vectors @ self._across).toarray() / 2 - 1)
        return kernel


def normal(text: str) -> str:
    """The words of a text in one spelling: lower case, no accents, identifiers apart, every number a 0."""
    plain = unicodedata.normalize("NFKD", text[:MAX_LETTERS]).lower().replace("’", "'")
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(.)\1{2,}", r"\1\1", re.sub(r"[_./]", " ", plain))
    words = _WORD.findall(re.sub(r"\d+", "0", plain))
    return " ".join(_SHORT.get(word, word) for word in words)


def _parts(text: str) -> list[str]:
    prose = _FENCE.sub(" ", text)
    if opening := _OPENING.match(prose):
        prose = prose[opening.end() :]
    sentences = [part for part in _SENTENCE.split(prose) if part.strip()]
    return [prose, *sentences[:MAX_SENTENCES]] if len(sentences) > 1 else [prose]
