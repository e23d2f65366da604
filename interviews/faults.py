"""Whether words say what is wrong with a change.

Owns that reading, for the score and for what a candidate is told alike. Invariant: pure; a preference is no fault, and a place
counts only with the claim that something is wrong there. Leaves out whether there is a fault (``reviews``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from interviews.exercises import expresses

_STYLE = re.compile(
    r"\b(?:style|prefer\w*|taste|rather|myself|my own|my way|by hand|later|already|not needed|no need|unnecessary|unneeded|"
    r"out of scope|scope|too (?:long|much|big|verbose)|simpler|readab\w+|naming|rename)\b",
    re.I,
)
_FAULT = re.compile(
    r"\b(?:bugs?|buggy|wrong\w*|incorrect\w*|broken?|breaks|fails?|failing|crash\w*|errors?|raises|faulty?|defect\w*|mistakes?|"
    r"off.by.one|missing|misses|forgets?|ignores?|leaks?|mutates?|race|unsafe|insecure|injection|quadratic|infinite|"
    r"(?:does|do|is|are|will|can|should|would)(?:n['’]?t| not)|never|loses|drops|"
    r"fehler|falsch|faux|erreur|mal|incorrecto|errado|sbagliato)\b",
    re.I,
)  # fmt: skip


# What softens a claim or begs its pardon claims nothing itself.
_HEDGE = re.compile(
    r"\b(?:i|we|you)(?: may| might| could)? (?:be|am|are)(?: very| quite| completely)? (?:wrong|mistaken|incorrect)\b"
    r"|\b(?:if|unless) (?:i|we)(?:['’]m| am| are)(?: not)? (?:wrong|mistaken)\b"
    r"|\bcorrect me if\b.{0,30}\bwrong\b|\b(?:not (?:quite |really |entirely )?sure|don['’]?t know)\b",
    re.I,
)


def asserts_fault(text: str) -> bool:
    """Whether a reason claims that something is wrong; a preference does not, and neither do words that only hedge."""
    said = _HEDGE.sub(" ", text)
    return _FAULT.search(said) is not None and not is_taste(said)


def is_taste(text: str) -> bool:
    """Whether a reason speaks of preference, style or scope."""
    return _STYLE.search(text) is not None


def names_fault(patterns: Iterable[str], said: str, *, placed: bool) -> bool:
    """Whether a verdict's words name a planted fault: as the patterns do, or by claiming one where it stands (``placed``)."""
    return expresses(patterns, said) or (placed and asserts_fault(said))
