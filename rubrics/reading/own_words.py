"""What of a prompt is the candidate's own words: not copied from the brief, not said all over again, no mere list.

Owns that parting. Invariant: a prompt that hands on the brief is fair use, and the assistant hears all of it, but it tells what
the brief says and not what the candidate finds worth saying: sentences copied in bulk count for nothing and against nobody. A
sentence or two in the brief's words is no copy. Leaves out what the words say (``wording``, ``naming``, ``demands``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rubrics.reading.facts import Facts

# So many words in a row make it the same words, and so many words in one prompt a copy.
_ROW, _COPY = 5, 50
# What stood in so many prompts before is a formula.
_FORMULA = 2
# (so many words without a stop, so many in a hundred of them different) make it a list of words.
_LISTS = ((40, 95), (80, 85))
MOST = 40_000
# "e.g." and its like end no sentence.
SENTENCE = re.compile(r"(?<=[.!?;])(?<!\b[eizEIZ]\.[gegBb]\.)(?<!\b[eizEIZ]\. [gegBb]\.)\s+|\n+")
_WORD = re.compile(r"\w+")


def own_words(facts: Facts) -> Mapping[int, str]:
    """Of each prompt, by its seq, the text without what is copied from the brief, without formulas and lists of words."""
    return _parted(facts)[0]


def said_again(facts: Facts) -> Mapping[int, str]:
    """The same with the formulas, of prompts that hold some.

    A standing line was found where it was new: what would be found in a prompt for it alone is neither a hit again nor a lack.
    """
    return _parted(facts)[1]


@lru_cache(maxsize=2)
def _parted(facts: Facts) -> tuple[Mapping[int, str], Mapping[int, str]]:
    brief = _rows_of_brief(facts)
    seen: Counter[str] = Counter()
    found: dict[int, str] = {}
    again: dict[int, str] = {}
    for prompt in facts.prompts:
        text = prompt.text[:MOST]
        sentences = [(sentence, _WORD.findall(sentence.lower())) for sentence in SENTENCE.split(text)]
        copied = [_copied(words, brief) for _, words in sentences]
        bulk = sum(len(words) for (_, words), taken in zip(sentences, copied, strict=True) if taken) >= _COPY
        keys = [" ".join(words) for _, words in sentences]
        never = [(taken and bulk) or _is_list(words) for (_, words), taken in zip(sentences, copied, strict=True)]
        old = [len(words) >= _ROW and seen[key] >= _FORMULA for (_, words), key in zip(sentences, keys, strict=True)]
        if prompt.counts:
            seen.update(set(keys))
        found[prompt.seq] = _without(text, sentences, [one or other for one, other in zip(never, old, strict=True)])
        if any(old):
            again[prompt.seq] = _without(text, sentences, never)
    return found, again


def _without(text: str, sentences: Sequence[tuple[str, list[str]]], left_out: Sequence[bool]) -> str:
    if not any(left_out):
        return text
    return "\n".join(sentence for (sentence, _), out in zip(sentences, left_out, strict=True) if not out)


def handed_on(facts: Facts) -> bool:
    """Whether what was taken over was written with most of the brief at hand as it stands, without a word of one's own.

    A prompt that was not heard, or that nothing was taken over after, had no part in what was handed in.
    """
    if facts.key is None or not facts.key.brief:
        return False
    end = facts.submitted if facts.closed is None else facts.closed
    taken = [hunk.accepted.seq for hunk in facts.hunks if hunk.accepted and (end is None or hunk.accepted.seq < end)]
    heard = [prompt for prompt in facts.prompts if prompt.counts and prompt.seq < max(taken, default=0)]
    brief = frozenset(_rows(_WORD.findall(facts.key.brief.lower())))
    said = {row for prompt in heard for row in _rows(_WORD.findall(prompt.text[:MOST].lower()))}
    return bool(brief) and 2 * len(brief & said) >= len(brief)


def _rows_of_brief(facts: Facts) -> frozenset[tuple[str, ...]]:
    if facts.key is None:
        return frozenset()
    texts = [facts.key.brief, *(atom.text for atom in facts.key.requirements)]
    return frozenset(row for text in texts for row in _rows(_WORD.findall(text.lower())))


def _rows(words: list[str]) -> list[tuple[str, ...]]:
    return [tuple(words[at : at + _ROW]) for at in range(len(words) - _ROW + 1)]


def _is_list(words: list[str]) -> bool:
    """Whether it is a list of words and no sentence: in any language a sentence of that length says some words again."""
    return any(len(words) >= least and 100 * len(set(words)) >= share * len(words) for least, share in _LISTS)


def _copied(words: list[str], brief: frozenset[tuple[str, ...]]) -> bool:
    """Whether nearly all of a sentence stands in the brief in the same order."""
    same: set[int] = set()
    for at, row in enumerate(_rows(words)):
        if row in brief:
            same |= set(range(at, at + _ROW))
    return bool(same) and 4 * len(same) >= 3 * len(words)
