"""Plain words for counts, bands and levels.

Owns the sentences of a scorecard. Invariant: a scorecard's own words are English and depend on its numbers alone;
whoever shows one in another language scores the log again with that language's ``translate``, which changes the words
and nothing else. Leaves out the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rubrics.base import Note, Reading, Share
from rubrics.base import translatable as _
from rubrics.numbers.posterior import UNIT

Translate = Callable[[str], str]


def sentence(note: Note, translate: Translate) -> str:
    """The note in the reader's language."""
    text = translate(note.text)
    return text % dict(note.values) if note.values else text


def counts(reading: Reading, translate: Translate) -> str:
    """What was counted."""
    values: dict[str, object]
    if isinstance(reading, Share):
        values = {"hits": _hits(reading.opportunities), "n": len(reading.opportunities)}
    else:
        values = {
            "hits": _hits(reading.defective), "defective": len(reading.defective),
            "alarms": _hits(reading.good), "good": len(reading.good),
        }  # fmt: skip
    return sentence(Note(reading.explanation, values), translate)


def _hits(opportunities: Sequence[object]) -> int:
    return sum(1 for opportunity in opportunities if getattr(opportunity, "hit", False))


def band(interval: tuple[int, int], translate: Translate) -> str:
    """The interval in tenths, rounded outwards."""
    low, high = interval[0] * 10 // UNIT, -(-interval[1] * 10 // UNIT)
    if (low, high) == (0, 10):
        return translate(_("Too little to tell where between never and always it lies."))
    return sentence(Note(_("Likely between %(low)d and %(high)d in ten."), {"low": low, "high": high}), translate)


def levels(low: int, high: int, level: int | None, words: str, translate: Translate) -> str:
    """The level in words, or why none is given."""
    if level is None:
        note = Note(
            _("The evidence allows levels %(low)d to %(high)d, so no level is given."), {"low": low, "high": high}
        )
        return sentence(note, translate)
    if not words:
        return sentence(Note(_("Level %(level)d of 5."), {"level": level}), translate)
    return sentence(Note(_("Level %(level)d: %(words)s"), {"level": level, "words": translate(words)}), translate)


def basis(used: int, all_: int, inferred: bool, translate: Translate) -> str:
    """From how many indicators a dimension's value comes, and what of the others."""
    told = {"used": used, "all": all_}
    if used < all_ and inferred:
        text = _("From %(used)d of %(all)d indicators; what was not seen is expected to be as these suggest.")
        return sentence(Note(text, told), translate)
    return sentence(Note(_("From %(used)d of %(all)d indicators."), told), translate)


def few(n: int, translate: Translate) -> str:
    """That the dimension hears of indicators that have no number of their own."""
    note = Note(
        _("Of these, %(n)d saw too little for a number of their own; what little it was counts here."), {"n": n}
    )
    return sentence(note, translate)


def unknown(n: int, translate: Translate) -> str:
    """Why there are counts and no value: the log does not hold what would tell."""
    note = Note(_("For %(n)d of them the log does not tell, so only the counts are given."), {"n": n})
    return sentence(note, translate)


def gone(n: int, translate: Translate) -> str:
    """Why there are counts and no value: content that could have held more of them was withheld or erased."""
    note = Note(
        _(
            "The content of %(n)d events that could have held more was withheld or erased, so only the counts are given."
        ),
        {"n": n},
    )
    return sentence(note, translate)


def too_few(translate: Translate) -> str:
    """Why there are counts and no value."""
    return translate(_("That is too few to put a number on, so only the counts are given."))
