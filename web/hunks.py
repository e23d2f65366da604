"""A hunk as lines to be read on a plain page.

Owns which of its lines stay, go and come. Invariant: what stays and goes is the text before, what stays and comes the text after.
Leaves out how they look (``templates/_diff.html``) and the workspace's own view of hunks.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Any, Literal, NamedTuple


class Line(NamedTuple):
    """One line: it stays, goes or comes."""

    kind: Literal["same", "gone", "new"]
    text: str


def lines(hunk: Mapping[str, Any]) -> list[Line]:
    """The lines of a hunk (``events.Hunk`` as JSON), between those that stand around it."""
    before, after = hunk["before"].splitlines(), hunk["after"].splitlines()
    found = [Line("same", line) for line in hunk.get("lead", "").splitlines()]
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found += [Line("same", line) for line in before[a:b]]
        else:
            found += [Line("gone", line) for line in before[a:b]] + [Line("new", line) for line in after[c:d]]
    return found + [Line("same", line) for line in hunk.get("trail", "").splitlines()]
