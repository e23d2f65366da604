"""Words, stems, sentences and names in a text, as every text measure reads them.

Owns how a text is cut and made comparable. Invariant: the same text gives the same parts on every machine (letters are folded
to ASCII first, so no table of a Unicode version decides), British and American spellings of a word have one stem, and work is
bounded: nothing is read beyond ``MAX_LETTERS``. Leaves out what is made of the parts (the measures).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

MAX_LETTERS = 200_000
# What is longer is no word.
MAX_WORD = 64
# What goes on longer without a stop is read in pieces.
MAX_SENTENCE = 1_000
# Features are told apart by a hash of so many bits: two of a few thousand share one very seldom.
BUCKET_BITS = 24

_QUOTES = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": ".", "×": "x", "≤": "<", "≥": ">"}
)
_SENTENCE = re.compile(r"(?<=[.!?;])[\"')\]]*\s+|\n+")
_TOKEN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*(?:'[a-z]+)?|\d+(?:\.\d+)*%?")
_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CODE_LIKE = re.compile(r"_|[a-z][A-Z]|[A-Za-z]\d")
_TICKED = re.compile(r"`+([^`]*)`+")
_CALLED = re.compile(r"\b([A-Za-z_]\w+)\((?!e?s\))", re.ASCII)
_DOTTED = re.compile(r"\b[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", re.ASCII)
_ABBREVIATED = frozenset({"e.g", "i.e", "etc", "vs"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that say nothing about what a sentence is about, and those people fill sentences with.
STOP = _words(
    """
    a about above actually after again all also am an and any anyway are as at be because been before being below between both
    but by can could did do does doing done down during each either else even few for from further had has have having he her
    here hers him his how however i if in into is it its just kind kinda let like lot lots many may maybe me might more most
    much must my of off ok okay on once one only onto or other our out over own perhaps please pretty quite rather really same
    shall she should so some somehow something sort still such than thank thanks that the their them then there these they
    thing things this those though through thus to together too under until up upon us very via was way we well were what
    whatever when where whether which while who whom whose why will with within would yes yet you your yours
    basically certainly clearly definitely essentially frankly generally honestly literally naturally obviously
    possibly probably simply surely totally truly usually
    """
)
# What can be put into any sentence without changing what it says.
FILLERS = _words(
    """
    actually anyway basically certainly clearly definitely essentially frankly generally honestly indeed kindly literally naturally
    obviously overall pretty probably quite rather really simply somehow surely totally truly usually very
    """
)
_FILLERS = re.compile(rf"(?<![\w`.'\"-])(?:{'|'.join(sorted(FILLERS))})\b(?![`.('\"_-])[ ,]*", re.IGNORECASE | re.ASCII)
_BRITISH = (
    ("isation", "ization"), ("ising", "izing"), ("ised", "ized"), ("ises", "izes"), ("ise", "ize"), ("yse", "yze"),
    ("ysed", "yzed"), ("ysing", "yzing"), ("our", "or"), ("oured", "ored"), ("ours", "ors"), ("ouring", "oring"),
    ("ourite", "orite"), ("ogue", "og"), ("ogues", "ogs"), ("tre", "ter"), ("tres", "ters"), ("ence", "ense"),
)  # fmt: skip
_NOT_BRITISH = _words(
    "hour hours our four your pour tour raise raises raised rise rises promise promised otherwise likewise wise noise exercise "
    "precise concise compromise surprise enterprise sentence sequence reference difference instance existence"
)
# Words whose ending belongs to them: without it they would be another word.
_WHOLE = _words(
    "comment getter setter timer letter string site something anything nothing everything bring during spring ring king number "
    "order later water paper matter better never every over under user server offer layer buffer moment document element"
)
_ENDINGS = (
    "izations", "ization", "izing", "ations", "ation", "ings", "ing", "ments", "ment", "ities", "ity", "ably", "ible", "able",
    "iest", "ers", "er", "est", "ness", "ions", "ion", "fully", "ful", "ally", "ly", "ized", "izes", "ize", "ed", "es",
    "s", "e",
)  # fmt: skip
_IRREGULAR = {
    "apply": "appli", "reply": "repli", "supply": "suppli", "only": "onli",
    "broken": "break", "broke": "break", "brought": "bring", "built": "build", "children": "child", "chosen": "choose",
    "chose": "choose", "gave": "give", "given": "give", "goes": "go", "gone": "go", "went": "go", "indices": "index",
    "kept": "keep", "left": "leave", "lost": "lose", "made": "make", "met": "meet", "ran": "run", "said": "say", "sent": "send",
    "shown": "show", "thrown": "throw", "threw": "throw", "taken": "take", "took": "take", "written": "write", "wrote": "write",
    "vertices": "vertex", "matrices": "matrix", "found": "find", "held": "hold", "hidden": "hide", "men": "man", "people": "person",
}  # fmt: skip


def plain(text: str) -> str:
    """The text in ASCII: accents dropped, typographic quotes and dashes made plain, what is left over gone; cut at the bound."""
    cut = text[:MAX_LETTERS].translate(_QUOTES)
    return cut if cut.isascii() else unicodedata.normalize("NFKD", cut).encode("ascii", "ignore").decode("ascii")


def sentences(text: str) -> list[str]:
    """A plain text's sentences and lines without fillers, each once: what is said again is not said more."""
    pieces = [
        piece
        for part in _SENTENCE.split(_FILLERS.sub("", text))
        for at in range(0, len(part), MAX_SENTENCE)
        if (piece := part[at : at + MAX_SENTENCE].strip())
    ]
    # Where a text without a last stop is repeated in one line, its end runs into its beginning.
    last = f"{pieces[-1]} " if pieces else ""
    return list(dict.fromkeys(rest.strip() if (rest := piece.removeprefix(last)) else piece for piece in pieces))


def tokens(text: str) -> list[str]:
    """Names, words and numbers of a plain text, in order and as written."""
    return [word for word in _TOKEN.findall(text) if len(word) <= MAX_WORD]


def tokens_at(text: str) -> Iterator[tuple[int, int, str]]:
    """As ``tokens``, each with where it begins and ends."""
    return (
        (found.start(), found.end(), found.group())
        for found in _TOKEN.finditer(text)
        if found.end() - found.start() <= MAX_WORD
    )


def identifiers(text: str) -> set[str]:
    """All that could be a name, as written."""
    return {name for name in _IDENTIFIER.findall(text) if len(name) <= MAX_WORD}


def code_names(text: str) -> set[str]:
    """Names that the text marks as code: by backticks, a call, dots, an underscore, an inner capital or a digit behind letters."""
    names = {name for name in _IDENTIFIER.findall(text) if _CODE_LIKE.search(name)}
    names.update(name for span in _TICKED.findall(text) for name in _IDENTIFIER.findall(span))
    names.update(_CALLED.findall(text))
    names.update(
        name for dotted in _DOTTED.findall(text) if dotted.lower() not in _ABBREVIATED for name in dotted.split(".")
    )
    return {name for name in names if 1 < len(name) <= MAX_WORD}


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A lower-case word without its endings, in one spelling; not a word of any language, only the same for its forms."""
    if word in _WHOLE:
        return word
    if word in _IRREGULAR:
        word = _IRREGULAR[word]
    if word.endswith("s") and word[:-1] in _WHOLE:
        return word[:-1]
    if word not in _NOT_BRITISH and len(word) > 4:
        for british, american in _BRITISH:
            if word.endswith(british):
                word = word[: -len(british)] + american
                break
    if len(word) > 4 and word.endswith(("ies", "ied")):
        return word[:-2]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    if len(word) > 3 and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 2 and word.endswith("y") else word


@lru_cache(maxsize=65_536)
def stems_of(name: str) -> tuple[str, ...]:
    """Stems of the words in a name, ``user_ids`` and ``userIds`` alike; none of a stop word or a single letter."""
    found = (part.lower() for part in _PARTS.findall(name))
    return tuple(stem(part) for part in found if len(part) > 1 and part not in STOP and not part.isdigit())


def stems(text: str) -> set[str]:
    """Stems of all words in a plain text that say something."""
    return {found for name in identifiers(text) for found in stems_of(name)}


def bucket(feature: str) -> int:
    """The number that a feature's weight stands under: CRC-32 of its text, cut."""
    return zlib.crc32(feature.encode()) & ((1 << BUCKET_BITS) - 1)


def at_least(name: str, count: int, steps: Iterable[int]) -> Iterator[str]:
    """``name>=n`` for each step that is reached: a count that saturates at the last."""
    return (f"{name}>={step}" for step in steps if count >= step)
