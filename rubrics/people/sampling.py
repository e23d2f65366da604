"""Which interviews a second person is asked to rate.

Owns the draw. Invariant: it depends on the interview's id and the share alone, so that nobody chooses, and everybody finds the same
ones; a larger share only adds to a smaller one's. Leaves out who the second person is.
"""

from __future__ import annotations

from interviews.chain import sha256_hex

# Hex digits of the hash that are looked at.
_DIGITS = 12


def second_wanted(interview: str, share: float) -> bool:
    """Whether a second rater is asked for; ``share`` of all interviews, in [0, 1], are."""
    drawn = int(sha256_hex(f"second rater of {interview}".encode())[:_DIGITS], 16)
    return drawn < share * (1 << 4 * _DIGITS)
