"""Which commands typed in a terminal run code, and which of those run tests.

Owns that each line is read once. Invariant: what is a test run here is one for the analysis of coverage too. Leaves out the reading
(``interviews.commandlines``) and what a run is worth (``signals``).
"""

from __future__ import annotations

from functools import lru_cache

from interviews import commandlines
from interviews.commandlines import Kind

__all__ = ["Kind", "running"]


@lru_cache(maxsize=1024)
def running(command: str) -> frozenset[Kind]:
    """What a line runs; nothing where it runs no code, or only asks a program what it is."""
    return commandlines.kinds(command)
