"""What an agent may name in its answers, checked.

Owns the forms of paths, sizes, digests and changes. Invariant: nothing that an agent sent passes unchecked; what is in no such form
breaks the protocol. Leaves out the frames themselves (``agent``).
"""

from __future__ import annotations

from sandbox.agent import FrameError, Refused, split
from sandbox.base import Change


def as_path(text: str) -> str:
    """A path inside the workspace. Raises ``FrameError``."""
    try:
        split(text)
    except Refused as refused:
        raise FrameError("a path that is none") from refused
    return text


def as_count(text: str) -> int:
    """A size in bytes. Raises ``FrameError``."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise FrameError("a size that is none")
    return int(text)


def as_digest(text: str) -> str:
    """64 hexadecimal digits. Raises ``FrameError``."""
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise FrameError("a digest that is none")
    return text


def as_change(kind: str, path: str) -> Change:
    """One change. Raises ``FrameError``."""
    if kind == "overflow":
        return Change("overflow", "")
    if kind == "written":
        return Change("written", as_path(path))
    if kind == "deleted":
        return Change("deleted", as_path(path))
    raise FrameError("a change that is none")
