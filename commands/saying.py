"""Words that came from elsewhere, on a person's terminal.

Owns how a command prints them. Invariant: no sign in a file, a name or a message moves the cursor, forges a line or changes a
terminal. Leaves out what is said (the commands) and JSON, whose form escapes it already.
"""

from __future__ import annotations


def plain(text: str) -> str:
    """The text with each sign that is no visible one as its escape: ``\\x1b`` for the one that begins a terminal's orders."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
