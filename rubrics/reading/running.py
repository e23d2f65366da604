"""Which commands typed in a terminal run code, and which of those run tests.

Owns that each line is read once. Invariant: a command is read as the analysis of coverage reads it; what earlier lines of a
terminal did (aliases, folders), and whether the command could be run, only that knows. Leaves out the reading
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
