"""Whether a text demands something definite: a constraint, an example, or a test that has to pass.

Owns that reading of prompts. Invariant: a cue alone ("must", "for example") demands nothing; it counts with something to hold
on to in the same sentence (a figure, a literal, a name of this workspace). So neither length nor lists of names move it.
Leaves out whether what is demanded is in the brief (``wording``) and counting (``signals``).
"""

from __future__ import annotations

import re
from functools import lru_cache

from rubrics.naming import definitions, names_failure
from rubrics.told import Prompt
from rubrics.wording import CODE

MOST = 20_000  # characters of a prompt that are read
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_LIMIT = re.compile(
    r"\b(?:must|never|always|only|exactly|unchanged|without|avoid|keep|keeps|except|unless|instead of|at (?:most|least)|"
    r"no (?:more|less|fewer|later|longer) than|(?:more|less|fewer|longer|shorter) than|up to|"
    r"(?:should|may|can|shall|do|does|is|are)(?:n['’]?t| not)|cannot|not allowed|ha(?:s|ve) to|needs? to|should|shall|"
    r"between|within|limit(?:ed)?|maximum|minimum|max|min)\b",
    re.I,
)
_EXAMPLE = re.compile(
    r"\b(?:e\.?g\b\.?|for (?:example|instance)|example|such as|given|returns?|gives?|yields?|becomes?|prints?|"
    r"expect(?:s|ed)?|equals?|results? in|input|output)\b|[-=]>|→|==",
    re.I,
)
_ASSERTS = re.compile(
    r"^\s*assert\b.*(?:==|\bin\b|\bis\b)|\bexpect\(.*\)\.to|\bassert(?:Equal|s|ion)?\b.{0,40}(?:==|\()", re.M
)
_FIGURE = re.compile(
    r"(?<![\w.])[-+]?\d[\d_.,:%]*\b|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|sixty|"
    r"once|twice|empty|none|null|true|false|negative)\b",
    re.I,
)
_LITERAL = re.compile(r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|(?<!\w)'[^'\n]{1,80}'(?!\w)")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_PIECE = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")


@lru_cache(maxsize=512)
def vocabulary(text: str) -> frozenset[str]:
    """The words of a code's own names, in lower case: ``make_playlist`` is "make" and "playlist"."""
    return frozenset(piece.lower() for name in definitions(text) for piece in _PIECE.findall(name))


def demands(prompt: Prompt) -> bool:
    """Whether the prompt states a constraint, an example or an acceptance test."""
    if any(one.kind == "failure" for one in prompt.mentions):
        return True
    text = prompt.text[:MOST]
    if _ASSERTS.search(text):
        return True
    if any(names_failure(text, test, "") for test in prompt.scene.tests):
        return True
    words: frozenset[str] | None = None
    for sentence in _SENTENCE.split(text):
        limit, example = _LIMIT.search(sentence), _EXAMPLE.search(sentence)
        if example and len(_LITERAL.findall(sentence)) + len(_FIGURE.findall(sentence)) >= 2:
            return True
        if not limit:
            continue
        if _FIGURE.search(sentence) or _LITERAL.search(sentence):
            return True
        words = _known(prompt) if words is None else words
        if len({word.lower() for word in _WORD.findall(sentence)} & words) >= 2:
            return True
    return False


def _known(prompt: Prompt) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for path, file in prompt.scene.files.items():
        if CODE.search(path):
            found |= vocabulary(file.text)
    return found
