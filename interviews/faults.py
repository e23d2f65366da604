"""Whether words say what is wrong with a change.

Owns that reading, for the score and for what a candidate is told alike. Invariant: pure; a preference is no fault, and a place
counts only with the claim that something is wrong there. Leaves out whether there is a fault (``reviews``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from interviews.exercises import expresses
from interviews.spelling import lexicon, mended

_STYLE = re.compile(
    r"\b(?:style|prefer\w*|taste|rather(?! than)|myself|my own|my way|by hand|not needed|no need|unnecessary|unneeded|"
    r"out of scope|too (?:long|much|big|verbose)|simpler|readab\w+|"
    r"(?:hard|difficult|easier) to (?:read|follow)|naming|rename)\b"
    r"|^\W*(?:already (?:there|done)|later)\W*$",
    re.I,
)
# Of the words below those that say by themselves that something is wrong, whatever is preferred beside them.
_PLAINLY = re.compile(
    r"\b(?:bugs?|buggy|wrong\w*|incorrect\w*|broken?|breaks|fails?|failing|crash\w*|faulty?|defect\w*|mistakes?|off.by.one|"
    r"misses|forgets?|forgot(?:ten)?|ignores|leaks|mutates|unsafe|not safe|insecure|injection|infinite|los(?:es|t)|drops|"
    r"fehler|falsch|faux|erreur|incorrecto|errado|sbagliato)\b",
    re.I,
)
# A style that is "wrong" is a style still.
_LOOKS = re.compile(
    r"\b(?:style|naming|readability|taste)\W{1,3}(?:\w+ ){0,2}(?:wrong|incorrect|broken|faulty)\b"
    r"|\b(?:wrong|incorrect|broken|faulty) (?:\w+ )?(?:style|naming|readability|taste)\b",
    re.I,
)
_FAULT = re.compile(
    r"\b(?:bugs?|buggy|wrong\w*|incorrect\w*|broken?|breaks|break (?:it|this|that|for|on|when|if)|fails?|failing|crash\w*|errors?|"
    r"exceptions?|raises|faulty?|faults|defect\w*|mistakes?|off.by.one|missing|miss(?:es|ed)|forgets?|forgot(?:ten)?|ignores?|leak(?:s|y)?|mutate[sd]?|race|"
    r"unsafe|not safe|insecure|injection|quadratic|infinite|nobody (?:handles|checks)|"
    r"(?:does|do|is|are|will|can|could|should|would|was|were)(?:n['’]?t| not)|can['’]?t|cannot|won['’]?t|never|los(?:es|t)|drops|"
    r"fehler|falsch|faux|erreur|mal|incorrecto|errado|sbagliato)\b",
    re.I,
)  # fmt: skip


# What softens a claim, begs its pardon or denies it claims nothing itself.
_HEDGE = re.compile(
    r"\b(?:i|we|you)(?: may| might| could)? (?:be|am|are)(?: very| quite| completely)? (?:wrong|mistaken|incorrect)\b"
    r"|\b(?:if|unless) (?:i|we)(?:['’]m| am| are)(?: not)? (?:wrong|mistaken)\b"
    r"|\b(?:just|only) an? (?:idea|thought|guess)\b|\bif (?:that|it) makes sense\b|\b(?:or )?so i (?:believe|think|guess)\b"
    r"|\bi (?:think|guess|believe|suppose)\b|\b(?:maybe|perhaps|possibly|sorry|though)\b|\b(?:imho|imo|afaik)\b"
    r"|\bnothing (?:\w+ )?(?:wrong|broken)\b|\bnot (?:wrong|incorrect|broken|an? (?:bug|mistake|fault))\b"
    r"|\bno (?:bugs?|mistakes?|faults?)\b"
    r"|\bcorrect me if\b.{0,30}\bwrong\b|\b(?:not (?:quite |really |entirely )?sure|don['’]?t know)\b",
    re.I,
)


_CUES = lexicon(
    (
        r"\bbroken\b|\bbreaks\b|\bfails\b|\bfailing\b|\bcrash\w*|\bcrashes\b|\bcrashed\b|\bcrashing\b",
        r"\berrors?\b|\bexceptions?\b|\braises\b|\bfaulty\b|\bdefect\w*|\bmistakes?\b",
        r"\bmissing\b|\bmisses\b|\bforgets?\b|\bforgotten\b|\bignores?\b|\bleaks\b|\bmutates\b|\bunsafe\b|\binsecure\b|\binjection\b",
        r"\bquadratic\b|\binfinite\b|\bcannot\b|\bnever\b|\bloses\b|\bdrops\b|\bincorrect\w*|\bwrong\w*",
    )
)


def asserts_fault(text: str) -> bool:
    """Whether a reason claims that something is wrong; a preference does not, and neither do words that only hedge."""
    said = unhedged(text)
    return _claims(said) or _claims(unhedged(mended(said, _CUES)))


def _claims(said: str) -> bool:
    return _FAULT.search(said) is not None and not is_taste(said)


def unhedged(text: str) -> str:
    """The text without what only softens it."""
    return _HEDGE.sub(" ", text)


def is_taste(text: str) -> bool:
    """Whether a reason speaks of preference, style or scope, and of nothing that is plainly wrong."""
    if _STYLE.search(text) is None:
        return False
    said = _LOOKS.sub(" ", unhedged(mended(unhedged(text), _CUES)))
    return _PLAINLY.search(said) is None


def names_fault(patterns: Iterable[str], said: str, *, placed: bool) -> bool:
    """Whether a verdict's words name a planted fault: as the patterns do, or by claiming one where it stands (``placed``)."""
    wanted = tuple(patterns)
    if expresses(wanted, said) or (placed and asserts_fault(said)):
        return True
    meant = mended(said, lexicon(wanted))
    return meant != said and expresses(wanted, meant)
