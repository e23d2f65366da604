"""Python that people and models wrote, as a tree.

Owns reading it. Invariant: whatever the text is, the answer is a tree or None, and one text is read at a time: some interpreters
share the depth of the tree that they build among threads, and fail where two build one. Leaves out what is looked for in it.
"""

from __future__ import annotations

import ast
import threading

_one = threading.Lock()


def parsed(text: str) -> ast.Module | None:
    """The module, or None where it cannot be read: no Python, half of one, or nested beyond what the interpreter takes."""
    with _one:
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError, SystemError):
            return None
