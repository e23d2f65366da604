"""What of a prompt is the candidate's own words: not copied from the brief, not said all over again, no mere list.

Owns that parting. Invariant: a prompt that hands on the brief is fair use, and the assistant hears all of it, but it tells what
the brief says and not what the candidate finds worth saying: sentences copied in bulk count for nothing and against nobody,
wherever they are put (a prompt, a file, a comment). A sentence or two in the brief's words is no copy. A standing line,
the same in several prompts but for numbers and for the names that it fills in, is said once, where it comes first: what every
prompt has takes neither skill nor thought. Leaves out what the words say (``wording``, ``naming``, ``demands``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from rubrics.reading.facts import Facts
from rubrics.reading.told import Prompt

# So many words in a row make it the same words, and so many words in one text a copy.
_ROW, _COPY = 5, 50
# What stands in so many prompts is a standing line. Fewer words than that may have to be said again and again.
_STANDING, _LINE = 3, 3
# What differs from line to line in a standing one, where so many words are left without it.
_NAME = re.compile(r"`[^`\n]*`|\S*[\w)][./_][\w(]\S*|\b[a-z]+[A-Z]\w*|\d+")
_FRAME = 5
# (so many words without a stop, so many in a hundred of them different) make it a list of words.
_LISTS = ((40, 95), (80, 85))
MOST = 40_000
_VERSIONS = 200
# "e.g." and its like end no sentence.
SENTENCE = re.compile(r"(?<=[.!?;])(?<!\b[eizEIZ]\.[gegBb]\.)(?<!\b[eizEIZ]\. [gegBb]\.)\s+|\n+")
_WORD = re.compile(r"\w+")


def own_words(facts: Facts) -> Mapping[int, str]:
    """Of each prompt, by its seq, the text without what is copied from the brief, without lists of words, and without what stood
    in two prompts before: something may have to be said again.
    """
    return _parted(facts)[0]


def new_words(facts: Facts) -> Mapping[int, str]:
    """The same without standing lines, but where they come first."""
    return _parted(facts)[1]


@lru_cache(maxsize=2)
def _parted(facts: Facts) -> tuple[Mapping[int, str], Mapping[int, str]]:
    brief = _rows_of_brief(facts)
    texts = {prompt.seq: prompt.text[:MOST] for prompt in facts.prompts}
    split = {seq: [(one, _WORD.findall(one.lower())) for one in SENTENCE.split(text)] for seq, text in texts.items()}
    counted = [prompt.seq for prompt in facts.prompts if prompt.counts]
    named = {seq: _keys(sentences) for seq, sentences in split.items()}
    keys = {seq: set(filter(None, named[seq])) for seq in counted}
    often = Counter(key for found in keys.values() for key in found)
    before: Counter[str] = Counter()
    own: dict[int, str] = {}
    new: dict[int, str] = {}
    for seq, sentences in split.items():
        copied = [_copied(words, brief) for _, words in sentences]
        bulk = sum(len(words) for (_, words), taken in zip(sentences, copied, strict=True) if taken) >= _COPY
        never = [(taken and bulk) or _is_list(words) for (_, words), taken in zip(sentences, copied, strict=True)]
        lines = [(key, len(words)) for key, (_, words) in zip(named[seq], sentences, strict=True)]
        again = [before[key] >= _STANDING - 1 and words >= _LINE for key, words in lines]
        standing = [before[key] > 0 and often[key] >= _STANDING for key, _ in lines]
        own[seq] = _without(texts[seq], sentences, [one or other for one, other in zip(never, again, strict=True)])
        new[seq] = _without(texts[seq], sentences, [one or other for one, other in zip(never, standing, strict=True)])
        before.update(keys.get(seq, ()))
    return own, new


def _without(text: str, sentences: Sequence[tuple[str, list[str]]], left_out: Sequence[bool]) -> str:
    if not any(left_out):
        return text
    return "\n".join(sentence for (sentence, _), out in zip(sentences, left_out, strict=True) if not out)


def _keys(sentences: Sequence[tuple[str, list[str]]]) -> list[str]:
    """What makes each the same line. What stands alone is the request itself, and with other names another one."""
    beside = sum(bool(words) for _, words in sentences) > 1
    return [_frame(sentence, words) if beside else _numbered(words) for sentence, words in sentences]


def _frame(sentence: str, words: list[str]) -> str:
    frame = _WORD.findall(_NAME.sub(" ", sentence).lower())
    return " ".join(frame) if len(frame) >= _FRAME else _numbered(words)


def _numbered(words: list[str]) -> str:
    return " ".join("0" if word.isdecimal() else word for word in words)


def uncopied(facts: Facts) -> Callable[[str], str]:
    """What leaves of a text the sentences that are not copied from the brief in bulk."""
    brief = _rows_of_brief(facts)
    return lambda text: _uncopied(text, brief)


@lru_cache(maxsize=8)
def _uncopied(text: str, brief: frozenset[tuple[str, ...]]) -> str:
    sentences = [(sentence, _WORD.findall(sentence.lower())) for sentence in SENTENCE.split(text)]
    copied = [_copied(words, brief) for _, words in sentences]
    if sum(len(words) for (_, words), taken in zip(sentences, copied, strict=True) if taken) < _COPY:
        return text
    return _without(text, sentences, copied)


def handed_on(facts: Facts) -> bool:
    """Whether what was taken over was written with most of the brief at hand as it stands, without a word of one's own.

    A prompt that was not heard, or that nothing was taken over after, had no part in what was handed in. At hand is what the
    prompts said and attached, and what the candidate had put into the files by then.
    """
    if facts.key is None or not facts.key.brief:
        return False
    end = facts.submitted if facts.closed is None else facts.closed
    taken = [hunk.accepted.seq for hunk in facts.hunks if hunk.accepted and (end is None or hunk.accepted.seq < end)]
    heard = [prompt for prompt in facts.prompts if prompt.counts and prompt.seq < max(taken, default=0)]
    brief = frozenset(_rows(_WORD.findall(facts.key.brief.lower())))
    said: set[tuple[str, ...]] = set()
    for text in _at_hand(heard):
        said |= brief.intersection(_rows(_WORD.findall(text[:MOST].lower())))
        if 2 * len(said) >= len(brief) > 0:
            return True
    return False


def _at_hand(heard: Sequence[Prompt]) -> Iterator[str]:
    """Each text once, of files so many versions in all."""
    seen: set[tuple[str, int]] = set()
    for prompt in heard:
        files = prompt.scene.files
        yield prompt.text
        yield from (one.text for one in prompt.mentions if one.kind == "selection")
        yield from (files[path].text for path in prompt.attachments if path in files)
        for path, file in files.items():
            if file.seq and (path, file.seq) not in seen and len(seen) < _VERSIONS:
                seen.add((path, file.seq))
                yield file.own_lines()


@lru_cache(maxsize=2)
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
