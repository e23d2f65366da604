"""Whether a text demands something definite of one's own: a constraint, or an example with what it should come to.

Owns that reading of prompts. Invariant: a cue alone ("must", "for example") demands nothing; it counts with something to hold on to
in the same sentence (a figure, a literal, names of this workspace), and a sentence of hardly anything but cues is none. So neither
length nor lists of words move it. What states a requirement of the brief is requirement coverage's and counts for nothing here.
Leaves out counting (``signals``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from interviews.events import Requirement
from interviews.spelling import Lexicon, mended
from rubrics.reading.naming import definitions
from rubrics.reading.own_words import SENTENCE
from rubrics.reading.told import Prompt
from rubrics.reading.wording import CODE, expressed

MOST = 20_000  # characters of a prompt that are read
# More cues than that in one sentence are a list of them.
_MANY = 6
_LIMIT = re.compile(
    r"\b(?:must(?:n['’]?t)?|never|always|only|exactly|unchanged|without|avoid|except|unless|instead of|at (?:most|least)|leave|"
    r"no (?:more|less|fewer|later|longer|other|new) (?:than|\w+)|(?:more|less|fewer|longer|shorter|larger|smaller) than|up to|"
    r"(?:should|may|can|could|shall|do|does|is|are|will)(?:n['’]?t| not)|cannot|not (?:allowed|to)|ha(?:s|ve) to|needs? to|"
    r"should|shall|between|within|limit(?:ed)?|maximum|minimum|max|min|keep|stays?|remains?|same as|no)\b"
    r"|\b(?:muss|darf|nur|nie(?:mals)?|immer|höchstens|mindestens|ohne|soll|doit|jamais|toujours|seulement|sans|debe|nunca|"
    r"siempre|solo|sólo|sin|deve|sempre|mai)\b",
    re.I,
)
_EXAMPLE = re.compile(
    r"\b(?:e\.?g\b\.?|for (?:example|instance)|by example|example|examples|such as|like so|say|given|returns?|gives?|yields?|"
    r"becomes?|prints?|comes? (?:to|out)|expect(?:s|ed)?|equals?|results? in|input|output|costs?|"
    r"z\.\s?b|zum beispiel|beispiel|par exemple|"
    r"por ejemplo|ad esempio)(?!\w)|[-=]>|→|==",
    re.I,
)
_ASSERTS = re.compile(
    r"^\s*assert\b.*(?:==|\bin\b|\bis\b|\bnot\b)|\bexpect\(.*\)\.to|\bassert\w*\(.+|\bassert\s+\w+.{0,80}==", re.M
)
_FIGURE = re.compile(
    r"(?<![\w.])[-+]?\d[\d_.,:%]*\w?\b|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|sixty|"
    r"once|twice|empty|none|null|true|false|negative|int(?:eger)?s?|floats?|strings?|str|bool(?:ean)?s?|list|dict|tuple|set|bytes|"
    r"signatures?|librar(?:y|ies)|dependenc(?:y|ies)|imports?|random|exceptions?|file(?:s|names?)?|type hints?|"
    r"(?:anything|nothing|something) else)\b"
    r"|\b\w+(?:Error|Exception)\b",
    re.I,
)
# What failed belongs to follow-ups.
_FAILURE = re.compile(r"::test|\b\w*(?:Error|Exception): |\btest_\w+.{0,40}\b(?:fails?|broke|red)\b|\bTraceback\b")
_LITERAL = re.compile(r"`[^`\n]{1,200}`|\"[^\"\n]{1,200}\"|“[^”\n]{1,200}”|(?<!\w)'[^'\n]{1,80}'(?!\w)")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_PIECE = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_DEFINITE = re.compile(r"\d|`|\"|“")
_TEST_PATH = re.compile(r"(?:^|[/_.-])tests?(?:[/_.-]|$)", re.I)
_MY_TESTS = re.compile(r"\b(?:my|new|own|these|meine?n?|mes|mis|miei)\b[\w ]{0,20}\btests?\b", re.I)
_CUES = Lexicon(
    re.findall(
        r"\w+",
        """
        never always exactly unchanged without avoid except unless least should cannot allowed between within maximum minimum
        example instance given returns return expected expects equals output input prints becomes limit limited twice empty
        negative signature signatures library libraries dependency integer integers string strings boolean exception remain
        remains leave
        """,
    )
)


@lru_cache(maxsize=512)
def vocabulary(text: str) -> frozenset[str]:
    """The words of a code's own names, in lower case: ``make_playlist`` is "make" and "playlist"."""
    return frozenset(piece.lower() for name in definitions(text) for piece in _PIECE.findall(name))


def demands(prompt: Prompt, text: str, atoms: tuple[Requirement, ...]) -> bool:
    """Whether ``text``, the prompt's own words, states a constraint or an example that is none of the requirements."""
    known: frozenset[str] | None = None
    for sentence in _left(text[:MOST], atoms):
        if _ASSERTS.search(sentence):
            return True
        read = mended(sentence, _CUES)
        limits, examples = set(map(str.lower, _LIMIT.findall(read))), set(map(str.lower, _EXAMPLE.findall(read)))
        if len(limits) + len(examples) > _MANY or not (limits or examples):
            continue
        held = len(_LITERAL.findall(read)) + len(_FIGURE.findall(read))
        if held >= 2 or (held and limits) or (held and examples and _DEFINITE.search(read)):
            return True
        if limits:
            known = _known(prompt) if known is None else known
            if len({word.lower() for word in _WORD.findall(read)} & known) >= 2:
                return True
    return False


def _left(text: str, atoms: tuple[Requirement, ...]) -> list[str]:
    """The sentences that state no requirement, not with the next one either, and report no failure."""
    sentences = [sentence for sentence in SENTENCE.split(text) if sentence.strip()]
    states = [any(expressed(atom, sentence) for atom in atoms) for sentence in sentences]
    for at, pair in enumerate(pairwise(sentences)):
        if not (states[at] or states[at + 1]) and any(expressed(atom, " ".join(pair)) for atom in atoms):
            states[at] = states[at + 1] = True
    return [
        sentence
        for sentence, counted in zip(sentences, states, strict=True)
        if not counted and not _FAILURE.search(sentence)
    ]


def _known(prompt: Prompt) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for path, file in prompt.scene.files.items():
        if CODE.search(path):
            found |= vocabulary(file.text)
    return found


def hands_over_own_tests(prompt: Prompt, text: str) -> bool:
    """Whether the prompt asks for code that passes tests of the candidate's own: their worth is found out by itself."""
    own = [path for path, file in prompt.scene.files.items() if file.seq and _TEST_PATH.search(path)]
    if not own:
        return False
    attached = {*prompt.attachments, *(one.name for one in prompt.mentions if one.kind in ("file", "selection"))}
    names = {name for path in own for name in (path, path.rpartition("/")[2])}
    return bool(attached & set(own)) or any(name in text for name in names) or bool(_MY_TESTS.search(text))
