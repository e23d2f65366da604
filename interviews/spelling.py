"""Words with a letter out of place, and the other spelling of English, read as what was meant.

Owns that repair. Invariant: only words that a reading looks for are ever put in, each where exactly one of them is a letter
away (one too many, one too few, another, or two exchanged); everyday words stay what they are, and so does everything that
looks like code. What was written is never changed: the repaired text is read beside it. Leaves out what is looked for
(``wording``, ``demands``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# Shorter words are a letter away from too many others.
LEAST = 5
MOST = 6_000
_KEPT = 10_000  # words of which it is known what they mean
_TOKEN = re.compile(r"(?<![\w`./\\-])[A-Za-z]{5,24}(?![\w`/\\(=]|\.\w)")
_WORD = re.compile(rf"[a-z]{{{LEAST},}}")
_STEM = re.compile(rf"([a-z]{{{LEAST},}})\\w")
_MAYBE = re.compile(r"(?<!\\)([a-z])\?")
_ESCAPED = re.compile(r"\\[a-zA-Z]")
# (ending that some use, ending that others use), of words with the same beginning.
_SPELLINGS = (
    ("our", "or"), ("ours", "ors"), ("oured", "ored"), ("ouring", "oring"), ("ise", "ize"), ("ised", "ized"), ("ises", "izes"),
    ("ising", "izing"), ("yse", "yze"), ("ogue", "og"), ("ogues", "ogs"), ("mme", "m"), ("mmes", "ms"), ("tre", "ter"),
    ("tres", "ters"), ("lled", "led"), ("lling", "ling"), ("ence", "ense"),
)  # fmt: skip
# Not to be taken for a word that is looked for, however near.
_EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        """
        about above after again against almost along already also although always among another answer anyone anything around
        asked based because been before began being below better between both bring brought build built call came cannot case
        cause change changed check clean clear close code come comes could course date days does doing done down each early easy
        either else enough even ever every everyone everything exactly example explain feel find fine first five form found four
        free from full function gave gets give given goes going gone good great half hand handle happen happens hard have having
        head hear heard held help here high hold home hour hours however idea important inside instead into issue item items
        itself just keep kept kind knew know known large last later least leave left less like line lines list little long look
        looks made main make makes making many maybe mean means might mine more most move much must name names near need needs
        never next night none note nothing notice number often once only open order other others over own page part parts pass past
        people perhaps place places plan please point possible probably problem quite rather read ready real really reason right
        same says second seem seems seen sense sent set several shall she should show shown shows side similar simple since small
        some someone something sometimes soon sort sound speak stand start started state stay still stop sure take taken takes
        taking talk tell test text than thank thanks that their them then there therefore these they thing things think this those
        though thought three through time times today together told took toward towards true trying turn twice type under
        understand until upon used user users uses using usual value very wait want wanted wants ways well went were what
        whatever when where whether which while whole whose wide will wish with within without word words work works world would
        write writes wrong wrote year years yes yet your yours
        """,
    )
)
# Words that are a letter away from one that claims a fault or an expectation, and are words themselves.
_NEIGHBOURS = frozenset(
    re.findall(
        r"\w+",
        """
        alloyed beaks breads break broke broker cannon cashed cashes chance charge clash clashed clashes clashing crass crush
        crushed crushes crushing defeat defeated defeats deflect deflects detect detected detecting detector detects divine
        drips droops dross emery excerpt expert experts faculty fairing fairs falling falls fault faults filing flailing flails
        foiling foils forge forged forger forges giver handler infection infections infinity leads leafs leaky leans leaps leapt
        leash leeks limiter lobes lodes loess lores loser losers loss losses loves masses massing messes messing missed misting
        misuses misusing mosses mutate mutated newer paints pints points raise raised raiser rater regain regains retain retains
        rises spring springs staring sting stings storing strong strung twine uncharged wafted waited waned wasted wring wrung
        """,
    )
)


class Lexicon:
    """The words that a reading looks for, found by what is left of them without one letter."""

    def __init__(self, words: Iterable[str], stems: Iterable[str] = ()) -> None:
        whole = {word for word in words if len(word) >= LEAST}
        self._spelt = {other: word for word in sorted(whole) for other in _other_spellings(word) if other not in whole}
        self.stems = frozenset(stem for stem in stems if len(stem) >= LEAST)
        self.words = frozenset(whole)
        self._near: dict[str, set[str]] = {}
        self._known: dict[str, str | None] = {}
        for word in sorted(whole | self.stems):
            for shape in _shapes(word):
                self._near.setdefault(shape, set()).add(word)

    def meant(self, token: str) -> str | None:
        """The one word that is a letter away, or whose beginning is; None where there is none, or more than one."""
        # People use the same words again and again, and so do those who work at the same exercise.
        if (known := self._known.get(token, token)) == token:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[token] = self._meant(token)
        return known

    def _meant(self, token: str) -> str | None:
        if token in self.words or token in _EVERYDAY or token in _NEIGHBOURS:
            return None
        if token in self._spelt:
            return self._spelt[token]
        found = {word for word in self._candidates(token) if word in self.words and _a_letter_apart(token, word)}
        if not found and not any(token.startswith(stem) for stem in self.stems):
            found = {
                stem + token[at:]
                for at in range(LEAST - 1, len(token) + 1)
                for stem in self._candidates(token[:at])
                if stem in self.stems and len(stem) <= at and _a_letter_apart(token[:at], stem)
            }
        return found.pop() if len(found) == 1 else None

    def _candidates(self, token: str) -> set[str]:
        none: set[str] = set()
        return {word for shape in _shapes(token) for word in self._near.get(shape, none)}


@lru_cache(maxsize=512)
def lexicon(patterns: tuple[str, ...]) -> Lexicon:
    """Of the words that stand in regular expressions."""
    lower = [pattern.lower() for pattern in patterns]
    # A letter that may be missing: with it, and without.
    plain = [_MAYBE.sub(instead, pattern) for pattern in lower for instead in (r"\1", "")]
    stems = {stem for pattern in plain for stem in _STEM.findall(pattern)}
    words = {word for pattern in plain for word in _WORD.findall(_ESCAPED.sub(" ", pattern))}
    return Lexicon(words - stems, stems)


def mended(text: str, words: Lexicon) -> str:
    """The text with such words put right, of a long one its first ``MOST`` characters; the very text where there are none."""
    head = text[:MOST]
    meant = _mended(head, words)
    return text if meant == head else meant


@lru_cache(maxsize=512)
def _mended(text: str, words: Lexicon) -> str:
    put = {token: meant for token in set(_TOKEN.findall(text)) if (meant := words.meant(token.lower())) is not None}
    return _TOKEN.sub(lambda found: put.get(found.group(), found.group()), text) if put else text


def _shapes(word: str) -> set[str]:
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}


def _a_letter_apart(one: str, other: str) -> bool:
    if one == other or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return any(long[:at] + long[at + 1 :] == short for at in range(len(long)))
    apart = [at for at, (here, there) in enumerate(zip(one, other, strict=True)) if here != there]
    if len(apart) == 1:
        return True
    return (
        len(apart) == 2
        and apart[1] == apart[0] + 1
        and one[apart[0]] == other[apart[1]]
        and one[apart[1]] == other[apart[0]]
    )


def _other_spellings(word: str) -> set[str]:
    found = set()
    for one, other in _SPELLINGS:
        if word.endswith(one):
            found.add(word.removesuffix(one) + other)
        if word.endswith(other):
            found.add(word.removesuffix(other) + one)
    return {spelling for spelling in found if len(spelling) >= LEAST}
