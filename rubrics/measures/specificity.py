"""How specific a critique of a diff is: what it names of it, and what it says about that.

Owns the features of a review beside its diff, and the score of 1 to 5. Invariant: only sentences that touch the diff count where
there are any, each feature counts once and counts saturate, so filler, repetition and length move nothing; a sentence that is
a line of the diff, or no prose, is no critique. Names in the diff are read as names, whatever they are. Leaves out who
wrote it and whether it is true.

Rated against: the mean of comprehensiveness and relevance in CRScore's human ratings (``docs/measures.md``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rubrics.measures.base import SCALE, load, named, text_in
from rubrics.measures.text import (
    STOP,
    at_least,
    code_names,
    identifiers,
    plain,
    sentences,
    stem,
    stems,
    stems_of,
    tokens,
)
from rubrics.measures.vocabulary import EVERYDAY, KEYWORDS, OF_REVIEWS

NAME = "specificity"
LOWEST, HIGHEST = 1 * SCALE, 5 * SCALE
MAX_SENTENCES = 400
# What a critique does, by its words.
CUES = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "asks": r"\?",
        "must": r"\b(?:should|shouldn't|must|needs? to|have to|has to|ought)\b",
        "suggests": r"\b(?:consider|suggest|recommend|prefer|better|instead|rather|could (?:be|you|we)|would be|might want|maybe"
        r"|perhaps|how about|can (?:you|we))\b",
        "why": r"\b(?:why|what is the|what's the|do we need|is this needed|purpose)\b",
        "fault": r"\b(?:wrong|bug|error|incorrect|fail\w*|break\w*|crash\w*|leak\w*|missing|unused|typo|unnecessary|redundant"
        r"|duplicat\w+|confus\w+|unclear|not clear|inconsisten\w+|null|undefined|overflow|race|unsafe|deprecated|hardcod\w+)\b",
        "praise": r"\b(?:looks good|good|nice|great|fine|lgtm)\b",
        "because": r"\b(?:because|since|so that|otherwise|in case|if|when|will cause|leads? to|in order to|to ensure|to avoid)\b",
        "this": r"\b(?:this|the) (?:code|change|commit|diff|patch|method|function|class|line|test|variable)\b",
        "seems": r"\b(?:seems?|appears?|looks like|might be|could be|it's not clear)\b",
        "nit": r"\b(?:nit|typo|spacing|indent\w*)\b",
        "tests": r"\btests?\b",
        "documents": r"\b(?:comment|docstring|javadoc|document\w*|description)\b",
        "renames": r"\b(?:renam\w+|name|naming)\b",
        "removes": r"\b(?:remov\w+|delet\w+|drop)\b",
        "adds": r"\badd\w*\b",
        "handles": r"\b(?:handl\w+|check\w*|validat\w+|exception\w*)\b",
        "mends": r"\b(?:use|using|replace|move|change|make|return|set|call)\b",
        "quotes": r"`[^`]+`",
        "thinks": r"\b(?:i think|i don't think|i'd|i would)\b",
    }.items()
}


class Diff:
    """A diff's names, stems and lines; changed lines apart from those around them."""

    def __init__(self, diff: str) -> None:
        changed: list[str] = []
        around: list[str] = []
        lines = plain(diff).split("\n")
        for line in lines:
            (changed if line[:1] in ("+", "-") else around).append(line[1:] if line[:1] in ("+", "-", " ") else line)
        self.changed, self.around = identifiers("\n".join(changed)), identifiers("\n".join(around))
        self.names = self.changed | self.around
        self.lowered = {name.lower() for name in self.names}
        self.changed_stems = {one for name in self.changed for one in stems_of(name)} - KEYWORDS
        self.around_stems = {one for name in self.around for one in stems_of(name)} - KEYWORDS
        self.lines = {_bare(line) for line in lines}

    def nearness(self, sentence: str) -> int:
        """3 where a sentence touches changed lines, 2 those around, 1 where it is about code, 0 where none of these."""
        said, names = stems(sentence) - EVERYDAY, code_names(sentence)
        if said & self.changed_stems or names & self.changed:
            return 3
        if said & self.around_stems or names & self.around:
            return 2
        return 1 if names or said & OF_REVIEWS else 0

    def lists(self, sentence: str) -> bool:
        """Whether a sentence is hardly more than the diff's own words strung together."""
        said = stems(sentence)
        shared = said & (self.changed_stems | self.around_stems)
        return len(shared) >= 6 and 10 * len(shared) >= 7 * len(said)


def _bare(line: str) -> str:
    return " ".join(re.findall(r"[A-Za-z0-9_]+", line))


def _is_prose(sentence: str) -> bool:
    words = {word.lower() for word in tokens(sentence)}
    return len(words) < 4 or bool(words & STOP)


@lru_cache(maxsize=256)
def read_diff(diff: str) -> Diff:
    """The diff's parts; kept, since one diff has many reviews."""
    return Diff(diff)


def relevant(diff: Diff, review: str) -> list[str]:
    """The sentences that count: those that touch the diff; where none does, those about code."""
    said = sentences(plain(review))[:MAX_SENTENCES]
    near = [
        (diff.nearness(one), one)
        for one in said
        if _is_prose(one)
        and not diff.lists(one)
        and not (len(bare := _bare(one).split()) > 1 and " ".join(bare) in diff.lines)
    ]
    least = 2 if any(nearness >= 2 for nearness, _ in near) else 1
    return [one for nearness, one in near if nearness >= least]


def features(diff: Diff, review: str) -> set[str]:
    """What is there of a review's features; none where it says nothing about code."""
    said = relevant(diff, review)
    if not said:
        return set()
    text = "\n".join(said)
    names = code_names(text)
    changed, around = names & diff.changed, (names & diff.around) - diff.changed
    foreign = {name for name in names if name.lower() not in diff.lowered}
    found = {*at_least("changed", len(changed), (1, 2, 3)), *at_least("around", len(around), (1, 2))}
    found.update(at_least("foreign", len(foreign), (1, 2, 4)))
    if foreign and changed:
        found.add("changed and foreign")
    if foreign and not changed and not around:
        found.add("only foreign")
    spoken = stems(text)
    shared, near = spoken & diff.changed_stems, (spoken & diff.around_stems) - diff.changed_stems
    found.update(at_least("shared", len(shared), (1, 2, 3, 4, 6)))
    found.update(at_least("near", len(near), (1, 2, 3)))
    found.update(at_least("share", 100 * len(shared) // max(1, len(diff.changed_stems)), (5, 10, 20, 30, 50)))
    if not shared and not near:
        found.add("nothing")
    found.update(at_least("in one", max(len(stems(one) & diff.changed_stems) for one in said), (1, 2, 3, 4)))
    found.update(f"cue {name}" for name, pattern in CUES.items() if pattern.search(text))
    found.update(_words(said, names, diff.names))
    return found


def _words(said: list[str], names: set[str], known: set[str]) -> set[str]:
    words: set[str] = set()
    for word in (word for one in said for word in tokens(one)):
        if word in names:
            words.add("word NAME" if word in known else "word FOREIGN")
        elif not word[0].isdigit():
            words.add(f"word {stem(word.lower())}")
    return words


def score(diff: str, review: str) -> int:
    """1 to 5 in parts of ``SCALE``: the rating that people would give on average; 1 where nothing is said about code."""
    found = features(read_diff(diff), review)
    [total] = load(NAME).sums(found)
    return scaled(total) if found else LOWEST


def scaled(total: int) -> int:
    """A sum of weights within the scale. Near its lower end it is squeezed instead of cut, so that order is kept."""
    if total < LOWEST + SCALE // 2:
        total = LOWEST + max(0, total) // 3
    return min(HIGHEST, total)


class Specificity:
    """``{id, diff, review}`` → ``{id, score}``."""

    name = NAME
    fields = ("id", "diff", "review")

    def run(self, record: Mapping[str, object]) -> dict[str, object]:
        """See ``Measure``."""
        return {"id": named(record), "score": score(text_in(record, "diff"), text_in(record, "review")) / SCALE}


measure = Specificity()
