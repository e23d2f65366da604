"""Pages under Node: the page's own code, without a browser (``frontend/entries/replica.ts``).

Owns the process and its lines. Invariant: one question at a time; an error inside a page is an error of the test.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any, NamedTuple

import pytest

from tests.product import ROOT

BUNDLE = ROOT / ".build/replica.mjs"


class Sent(NamedTuple):
    """A message on its way to the server; ``id`` names it within its page."""

    page: str
    id: int
    name: str
    message: dict[str, Any]


class Replicas:
    """All pages of a test."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None or not BUNDLE.is_file():
            pytest.skip("Expected node and .build/replica.mjs (make setup), found one missing")
        self._process = subprocess.Popen([node, str(BUNDLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, op: str, page: str = "", **more: object) -> tuple[Any, list[Sent]]:
        """What came of ``op``, and what pages sent meanwhile."""
        process = self._process
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({"op": op, "page": page, **more}).encode() + b"\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer.get("result"), [Sent(**sent) for sent in answer["sent"]]

    def close(self) -> None:
        self._process.communicate(timeout=10)
