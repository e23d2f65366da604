"""How alike two utterances are, without a library or a model.

Owns a TF-IDF cosine over the words and the parts of words of short texts. Invariant: deterministic; a score lies in [0, 1],
1 for the same words. Leaves out what an utterance means (``lines``).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

Vector = dict[str, float]

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_WORD = re.compile(r"[a-z0-9']+")
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|\n+")
GRAMS = (3, 4, 5)
MAX_WORDS = 200


class Index:
    """Labelled examples, to be compared with."""

    def __init__(self, examples: Sequence[tuple[str, str]]) -> None:
        """``examples`` are (label, text); a label may have many."""
        counts = [(label, Counter(_features(text))) for label, text in examples]
        seen = Counter(feature for _, counted in counts for feature in counted)
        self._rarity = {feature: math.log((1 + len(counts)) / (1 + n)) + 1.0 for feature, n in seen.items()}
        self._unknown = math.log(1 + len(counts)) + 1.0
        self._labels = [label for label, _ in counts]
        self._weights: dict[str, list[tuple[int, float]]] = {}
        for number, (_, counted) in enumerate(counts):
            for feature, weight in self._vector(counted).items():
                self._weights.setdefault(feature, []).append((number, weight))

    def scores(self, text: str, whole: Collection[str] = ()) -> dict[str, float]:
        """For each label the likeness of its nearest example to the text, or to one of its sentences if that is nearer.

        Labels in ``whole`` are compared with the whole text only.
        """
        best = dict.fromkeys(self._labels, 0.0)
        for number, part in enumerate(_parts(text)):
            cosines = [0.0] * len(self._labels)
            for feature, weight in self._vector(Counter(_features(part))).items():
                for example, other in self._weights.get(feature, ()):
                    cosines[example] += weight * other
            for label, cosine in zip(self._labels, cosines, strict=True):
                if not number or label not in whole:
                    best[label] = max(best[label], min(1.0, cosine))
        return best

    def _vector(self, counted: Counter[str]) -> Vector:
        weights = {
            feature: (1.0 + math.log(n))
            * self._rarity.get(feature, self._unknown)
            * (2.0 if feature[0] == "=" else 1.0)
            for feature, n in counted.items()
        }
        norm = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {feature: weight / norm for feature, weight in weights.items()} if norm else {}


def _parts(text: str) -> list[str]:
    prose = _FENCE.sub(" ", text)
    sentences = [part for part in _SENTENCE.split(prose) if part.strip()]
    return [prose, *sentences[:12]] if len(sentences) > 1 else [prose]


def _features(text: str) -> Iterable[str]:
    """Whole words (marked ``=``) and n-grams of each word with its edges."""
    words = _WORD.findall(text.lower().replace("’", "'"))[:MAX_WORDS]
    for word in words:
        yield f"={word}"
        padded = f"<{word}>"
        for size in GRAMS:
            for start in range(len(padded) - size + 1):
                yield padded[start : start + size]
