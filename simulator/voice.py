"""How a candidate words what they have to say: one wording of several, bent as some people's are.

Owns the choice of words and what bends them. Invariant: what is bent is prose alone: code, names, paths and numbers stay as they
are, so that the same is said; the choice depends on the seed and on what was said before alone. Leaves out the sentences
(``says``).
"""

from __future__ import annotations

import re
from random import Random
from typing import Final, Literal, get_args

from simulator.says import Say

Variant = Literal["plain", "paraphrased", "hedged", "misspelt", "non-native", "british", "american"]
VARIANTS: Final[tuple[Variant, ...]] = get_args(Variant)

_HEDGES_BEFORE: Final = (
    "I think ",
    "Maybe ",
    "If I am not mistaken, ",
    "Sorry, not sure, but ",
    "I guess ",
    "Perhaps ",
)
_HEDGES_BEHIND: Final = (
    " I might be wrong, though.",
    " If that makes sense.",
    " Or so I believe.",
    " Just an idea.",
    "",
)
# One of every so many longer words has a letter out of place.
_SLIP: Final = 14
_MISSPELT: Final = {
    "separators": "seperators", "until": "untill", "which": "wich", "receive": "recieve", "should": "shoud", "because": "becuase",
    "weight": "wieght", "their": "thier", "already": "allready", "really": "realy", "the": "teh", "maximum": "maximun",
    "charged": "chraged", "parcel": "parcle", "parcels": "parcles", "beginning": "begining", "accept": "acept",
}  # fmt: skip
_BRITISH: Final = {
    "kilograms": "kilogrammes", "kilogram": "kilogramme", "neighbors": "neighbours", "color": "colour", "behavior": "behaviour",
    "honor": "honour", "canceled": "cancelled", "recognize": "recognise", "organize": "organise", "favorite": "favourite",
    "catalog": "catalogue", "center": "centre", "check": "check", "gray": "grey", "program": "programme", "labeled": "labelled",
}  # fmt: skip
_FOREIGN: Final = (
    (r"\b(?:the|a|an) ", ""), (r"\bhas to\b", "must to"), (r"\bthere (?:is|are)\b", "it gives"), (r"\bI'd\b", "I would"),
    (r"\bdoes not\b", "not"), (r"\bdon't\b", "not"), (r"\bshould be\b", "have to be"), (r"\bfor example\b", "by example"),
    (r"\bplease write\b", "please to write"), (r"\bhow long\b", "how much long"), (r"\bcounts\b", "count"), (r"\bgoes\b", "go"),
    (r"\bmakes\b", "make"), (r"\bsays\b", "say"), (r"\bcomes\b", "come"),
)  # fmt: skip
_KEPT: Final = re.compile(r"`[^`]*`|\S*[_./:=\[\]()<>\d]\S*")


class Voice:
    """One candidate's way with words."""

    def __init__(self, seed: int, variant: Variant = "plain") -> None:
        self._seed, self.variant = seed, variant
        self._used: dict[Say, set[int]] = {}

    def say(self, name: str, wording: Say, **values: object) -> str:
        """One of the wordings, filled in and bent. The same ``name`` gets the same words where no other was said before."""
        text = self.raw(name, wording)
        return self.bend(name, text % values if values else text)

    def raw(self, name: str, wording: Say) -> str:
        """One of the wordings as it stands, to be put into another one; nobody says the same twice before all has been said."""
        pool = wording.plain
        used = self._used.setdefault(wording, set())
        left = [at for at in range(len(pool)) if at not in used] or list(range(len(pool)))
        if len(left) == len(pool):
            used.clear()
        at = Random(f"{self._seed}/says/{name}").choice(left)
        used.add(at)
        return wording.other[at % len(wording.other)] if self.variant == "paraphrased" else pool[at]

    def bend(self, name: str, text: str) -> str:
        """A text as this candidate would put it."""
        return self._bend(name, text, Random(f"{self._seed}/bends/{name}"))

    def _bend(self, name: str, text: str, dice: Random) -> str:
        match self.variant:
            case "hedged" if text and not name.startswith("thanks"):
                before = dice.choice(_HEDGES_BEFORE)
                first = text if _KEPT.match(text) or text.startswith("I ") else text[:1].lower() + text[1:]
                return before + first + dice.choice(_HEDGES_BEHIND)
            case "misspelt":
                return _words(text, lambda word: _slip(word, dice))
            case "non-native":
                for pattern, instead in _FOREIGN:
                    text = re.sub(pattern, instead, text, flags=re.I)
                return text
            case "british":
                return _words(text, lambda word: _mapped(word, _BRITISH))
            case "american":
                back = {there: here for here, there in _BRITISH.items()}
                return _words(text, lambda word: _mapped(word, back))
            case _:
                return text


def _words(text: str, bend: object) -> str:
    assert callable(bend)
    parts, at = [], 0
    for kept in _KEPT.finditer(text):
        parts += [re.sub(r"[A-Za-z']+", lambda word: bend(word.group()), text[at : kept.start()]), kept.group()]
        at = kept.end()
    parts.append(re.sub(r"[A-Za-z']+", lambda word: bend(word.group()), text[at:]))
    return "".join(parts)


def _mapped(word: str, words: dict[str, str]) -> str:
    found = words.get(word.lower(), word)
    return found.capitalize() if word[:1].isupper() and found.islower() and found != word else found


def _slip(word: str, dice: Random) -> str:
    if (known := _MISSPELT.get(word.lower())) and dice.random() < 0.5:
        return known.capitalize() if word[:1].isupper() else known
    if len(word) > 4 and dice.randrange(_SLIP) == 0:
        at = dice.randrange(1, len(word) - 2)
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word
