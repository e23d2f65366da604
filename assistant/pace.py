"""How fast prepared text is spoken: as somebody would who writes and thinks.

Owns cutting a text into pieces with their beats. Invariant: joined, the pieces are the text; the same text is spoken alike every
time. Leaves out how long a beat is (``Provider.pace_s``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

from assistant.base import TextDelta

MOST_WORDS = 4
LETTERS = 6.0  # in one beat
SENTENCE, PARAGRAPH = 4.0, 8.0
FEWEST, MOST = 15.0, 45.0  # beats before the first piece


def thinking(prompt: str) -> float:
    """Beats that pass before an answer begins: the longer the prompt, the more."""
    return min(MOST, FEWEST + len(prompt) / 10)


def spoken(text: str, before: float = 1.0) -> Iterator[TextDelta]:
    """A text in pieces of one to four words; code comes in whole lines. ``before``: beats before the first piece."""
    rest = before
    for piece in _pieces(text):
        yield TextDelta(piece, beats=rest + len(piece) / LETTERS)
        stripped = piece.rstrip()
        rest = PARAGRAPH if piece.endswith("\n\n") else SENTENCE if stripped.endswith((".", "?", "!", ":")) else 0.0


def _pieces(text: str) -> Iterator[str]:
    for number, part in enumerate(re.split(r"(^```.*?^```\n)", text, flags=re.MULTILINE | re.DOTALL)):
        if number % 2:
            yield from part.splitlines(keepends=True)
            continue
        words = re.findall(r"\S+\s*|\s+", part)
        while words:
            size = 1 + crc32(f"{len(words)} {words[0]}".encode()) % MOST_WORDS
            ends = next((at for at, word in enumerate(words[:size], 1) if word.endswith("\n")), size)
            yield "".join(words[:ends])
            del words[:ends]
