"""Which requirement atoms of a brief a text states, by their sentences alone.

Owns the comparison of an atom's sentence with a text. Invariant: an atom is looked for within a few neighbouring sentences, never
gathered from all of a text, so that length, filler and repetition move nothing; words weigh by how rare they are among the
atoms of the same brief, numbers and names must be the very same, and what an atom shares with all others shows little. Leaves out
an exercise's patterns, which a score uses (``rubrics.reading.wording``).

No labels of whole texts ship with the product, so this measure's weight is 0 (``docs/measures.md``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rubrics.measures.base import SCALE, named, text_in, texts_in
from rubrics.measures.synonyms import GENERIC, KINDS_OF_DATA, concepts, in_digits
from rubrics.measures.text import STOP, code_names, plain, sentences, stems_of, tokens_at
from rubrics.measures.vocabulary import EVERYDAY, TECHNICAL

NAME = "coverage"
MAX_ATOMS = 200
MAX_ATOM = 1_000  # letters that are read of one
MAX_SENTENCES = 400
# How well a word of an atom is met, in hundredths.
SAME, ALIKE, SPELT_ALIKE = 100, 85, 80
# What kinds of words weigh.
WEIGHS = {"generic": 2, "data": 4, "everyday": 4, "word": 10, "number": 12, "name": 16}
# Sentences read together, and what is left of a match that needs them all, in hundredths.
WINDOWS = ((1, 100), (2, 94), (3, 88))
# Left where atom and sentence differ in whether they deny something, in hundredths; and where a number differs.
DENIED, OTHER_NUMBER = 85, 75
_DENIALS = frozenset({"no", "not", "never", "without", "nor", "neither", "none", "cannot", "except", "unless"})
_MIN_SPELT = 5  # letters, below which words that look alike are other words


@dataclass(frozen=True)
class Unit:
    """A word or phrase of an atom: what it is met by, and how much it weighs."""

    stems: frozenset[str]
    concepts: frozenset[str]
    kind: str

    def meets(self, said: Said, spelt: Mapping[str, frozenset[str]]) -> int:
        """How well a text says it, in hundredths. ``spelt`` maps a stem to those of the text that are spelt alike."""
        if self.kind in ("number", "name"):
            return SAME if self.stems <= said.exact or (self.kind == "name" and self.stems <= said.stems) else 0
        if self.stems and self.stems <= said.stems:
            return SAME
        if self.concepts & said.concepts:
            return ALIKE
        return SPELT_ALIKE if any(spelt[one] & said.stems for one in self.stems) else 0


@dataclass(frozen=True)
class Said:
    """What a text, or a few of its sentences, says."""

    stems: frozenset[str]
    concepts: frozenset[str]
    exact: frozenset[str]
    numbers: frozenset[str]
    denies: bool
    solid: frozenset[str]
    """Stems and concepts of words that are not in any text about anything."""

    def __or__(self, other: Said) -> Said:
        return Said(
            self.stems | other.stems,
            self.concepts | other.concepts,
            self.exact | other.exact,
            self.numbers | other.numbers,
            self.denies or other.denies,
            self.solid | other.solid,
        )


@lru_cache(maxsize=8192)
def _read(text: str) -> tuple[Said, tuple[Unit, ...]]:
    """A plain text's content, and its units in order."""
    text = in_digits(text)
    found = concepts(text)
    phrases = [one for one in found if " " in text[one[0] : one[1]] or "-" in text[one[0] : one[1]]]
    names = code_names(text)
    units: dict[Unit, None] = {}
    stems: set[str] = set()
    exact: set[str] = set()
    numbers: set[str] = set()
    denies = False
    for start, end, word in tokens_at(text):
        low = word.lower()
        denies = denies or low in _DENIALS or low.endswith("n't")
        if word[0].isdigit():
            numbers.add(low)
            exact.add(low)
            units[Unit(frozenset({low}), frozenset(), "number")] = None
            continue
        exact.add(low)
        parts = frozenset(stems_of(word))
        stems |= parts
        own = frozenset(name for begin, stop, name in found if begin <= start and end <= stop)
        if word in names:
            units[Unit(parts or frozenset({low}), frozenset(), "name")] = None
        elif over := frozenset(name for begin, stop, name in phrases if begin <= start and end <= stop):
            units[Unit(frozenset(), over, _kind(frozenset(), over))] = None
        elif parts and low not in STOP and low not in _DENIALS:
            units[Unit(parts, own, _kind(parts, own))] = None
    if not units:
        # Of everyday words alone; then they are all there is to look for.
        units = {
            Unit(frozenset({low}), frozenset(), "number"): None
            for _, _, word in tokens_at(text)
            if (low := word.lower())
        }
    solid = {name for begin, stop, name in found if not _is_everyday(text[begin:stop])} | (stems - EVERYDAY - _DENIALS)
    said = Said(
        frozenset(stems),
        frozenset(name for _, _, name in found),
        frozenset(exact),
        frozenset(numbers),
        denies,
        frozenset(solid),
    )
    return said, tuple(units)


def _is_everyday(words: str) -> bool:
    low = words.lower()
    return low in STOP or low in _DENIALS or set(stems_of(words)) <= EVERYDAY


def _kind(parts: frozenset[str], own: frozenset[str]) -> str:
    if own & GENERIC and not own - GENERIC - KINDS_OF_DATA:
        return "generic"
    if own & KINDS_OF_DATA and not own - KINDS_OF_DATA:
        return "data"
    return "everyday" if parts and parts <= EVERYDAY and not own else "word"


def _spelt_alike(stems: Iterable[str], said: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each stem those of a text that are one word with it, spelt or bent otherwise: most pairs of letters shared."""
    by_letter: dict[str, list[tuple[str, set[str]]]] = {}
    for other in said:
        if len(other) >= _MIN_SPELT:
            by_letter.setdefault(other[0], []).append((other, _pairs(other)))
    found: dict[str, frozenset[str]] = {}
    for one in stems:
        pairs = _pairs(one)
        found[one] = frozenset(
            other
            for other, others in (by_letter.get(one[0], ()) if len(one) >= _MIN_SPELT else ())
            if 200 * len(pairs & others) >= 70 * (len(pairs) + len(others))
        )
    return found


def _pairs(word: str) -> set[str]:
    return {word[at : at + 2] for at in range(len(word) - 1)}


def _windows(read: Sequence[Said]) -> list[tuple[Said, int]]:
    """What neighbouring sentences say together, and what is left of a match in them, in hundredths."""
    windows: list[tuple[Said, int]] = []
    for size, left in WINDOWS:
        for at in range(len(read) - size + 1):
            whole = read[at]
            for other in read[at + 1 : at + size]:
                whole = whole | other
            windows.append((whole, left))
    return windows


def covered(atoms: Sequence[str], text: str) -> list[int]:
    """For each atom how surely the text states it, in parts of ``SCALE``; all 0 for a text that says nothing."""
    units = [_read(plain(atom)[:MAX_ATOM]) for atom in atoms]
    holders: dict[str, int] = {}
    for _, own in units:
        for name in {name for unit in own for name in unit.stems | unit.concepts}:
            holders[name] = holders.get(name, 0) + 1
    about = TECHNICAL.union(*(atom.solid for atom, _ in units))
    read = (_read(sentence)[0] for sentence in sentences(plain(text))[:MAX_SENTENCES])
    # Small talk states nothing, and must not lend a word to what is said beside it.
    said = [one for one in read if one.numbers or one.solid & about]
    spelt = _spelt_alike(
        sorted({stem for _, own in units for unit in own for stem in unit.stems}),
        sorted({stem for one in said for stem in one.stems}),
    )
    windows = _windows(said)
    return [_chance(atom, _weighed(own, holders), windows, spelt) for atom, own in units]


def _weighed(units: Sequence[Unit], holders: Mapping[str, int]) -> list[tuple[Unit, int]]:
    """Units with what they weigh: less, the more atoms of the brief hold them."""
    weighed = []
    for unit in units:
        sharing = min((holders[name] for name in unit.stems or unit.concepts), default=1)
        weighed.append((unit, 1 + 100 * WEIGHS[unit.kind] // (1 + sharing)))
    return weighed


def _chance(
    atom: Said,
    units: Sequence[tuple[Unit, int]],
    windows: Sequence[tuple[Said, int]],
    spelt: Mapping[str, frozenset[str]],
) -> int:
    whole = sum(weight for _, weight in units)
    best = 0
    for said, left in windows:
        met = sum(weight * unit.meets(said, spelt) for unit, weight in units)  # hundredths of ``whole``
        if not met:
            continue
        part = met * left * (SCALE // 100) // (100 * whole)
        if said.denies != atom.denies:
            part = part * DENIED // 100
        if atom.numbers and said.numbers and not atom.numbers & said.numbers:
            part = part * OTHER_NUMBER // 100
        best = max(best, part)
    # Little in common is nothing, most is nearly all: 3r² - 2r³.
    return best * best * (3 * SCALE - 2 * best) // (SCALE * SCALE)


class Coverage:
    """``{id, atoms, text}`` → ``{id, covered}``."""

    name = NAME
    fields = ("id", "atoms", "text")

    def run(self, record: Mapping[str, object]) -> dict[str, object]:
        """See ``Measure``; a figure an atom, in the atoms' order."""
        atoms, text = texts_in(record, "atoms", MAX_ATOMS), text_in(record, "text")
        return {"id": named(record), "covered": [part / SCALE for part in covered(atoms, text)]}


measure = Coverage()
