"""Whom a rater's name stands for.

Owns that one rule, for whoever asks who has seen a score as for whoever counts what was said. Invariant: pure; names that differ
only in case, or in how a sign is encoded, are one person. Leaves out which names there may be (``service.rating``).
"""

from __future__ import annotations

import unicodedata


def person(rater: str) -> str:
    """The person that a name stands for: "Ada" and "ada" are one, who typed their name twice."""
    return unicodedata.normalize("NFKC", rater).casefold()
