"""What of a judge's answer counts.

Owns the check. Invariant: an answer counts only in the form that was asked for, and only with a quote that stands in the log, in
that event, in the candidate's own words, among what was shown; all else is no answer, with a reason, and never a grade. Leaves out
what several answers come to (``verdict``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from interviews.events import Json
from rubrics.base import translatable as _

SHORTEST = 10  # characters: shorter words stand anywhere
MOST_QUOTES = 5
FORM = _("It was not in the form that was asked for.")
NO_CHOICE = _("It chose none of the options.")
NO_QUOTE = _("It quoted nothing.")
FALSE_QUOTE = _("None of its quotes stands in the record as it said.")


@dataclass(frozen=True)
class Answer:
    """A level 1-5 with the events whose quotes held, or None and why."""

    level: int | None
    evidence: tuple[int, ...] = ()
    reason: str = ""


def check(given: Json, levels: Mapping[str, Json], said: Mapping[int, str], shown: Collection[int]) -> Answer:
    """What counts of what the tool was ``given``. ``levels`` is the level by letter, ``said`` the candidate's words by event."""
    if not isinstance(given, dict):
        return Answer(None, reason=FORM)
    letter, quotes = given.get("choice"), given.get("quotes")
    level = levels.get(letter) if isinstance(letter, str) else None
    if type(level) is not int or not 1 <= level <= 5:
        return Answer(None, reason=NO_CHOICE)
    if not isinstance(quotes, list) or not quotes:
        return Answer(None, reason=NO_QUOTE)
    held = {seq for quote in quotes[:MOST_QUOTES] if (seq := _held(quote, said, shown)) is not None}
    return Answer(level, tuple(sorted(held))) if held else Answer(None, reason=FALSE_QUOTE)


def _held(quote: Json, said: Mapping[int, str], shown: Collection[int]) -> int | None:
    """The event that is quoted, where the quote holds."""
    if not isinstance(quote, dict):
        return None
    seq, text = quote.get("event"), quote.get("quote")
    if type(seq) is not int or not isinstance(text, str) or seq not in shown or seq not in said:
        return None
    whole, part = plain(said[seq]), plain(text)
    if not part or (len(part) < SHORTEST and part != whole):
        return None
    return seq if part in whole else None


def plain(text: str) -> str:
    """The text with its white space made one and its characters composed; all else stays as it is."""
    return " ".join(unicodedata.normalize("NFC", text).split())
