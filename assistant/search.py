"""Searching texts for words or a regular expression that somebody else wrote.

Owns running the expression where it can do no harm: in a process of its own, isolated, without environment, ended after two
seconds. Invariant: an expression that explodes costs those seconds and nothing else. Leaves out who searches what.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from interviews.errors import BadInput

SECONDS = 2.0
MATCHES = 60
WIDTH = 200  # characters of a matching line that are shown

_PROGRAM = """
import json, re, sys
ask = json.load(sys.stdin)
try:
    found = re.compile(ask["pattern"])
except (re.error, OverflowError, RecursionError) as error:
    json.dump({"wrong": str(error)}, sys.stdout)
    sys.exit()
hits = []
for path, text in ask["files"].items():
    for number, line in enumerate(text.split("\\n"), 1):
        if found.search(line):
            hits.append([path, number, line])
            if len(hits) > ask["most"]:
                break
    if len(hits) > ask["most"]:
        break
json.dump({"hits": hits}, sys.stdout)
"""


def search(files: Mapping[str, str], pattern: str, regex: bool) -> str:
    """Lines that match, as ``path:line: text``, at most 60. Raises ``BadInput`` for an expression that cannot be used."""
    if regex:
        hits = _by_expression(files, pattern)
    else:
        hits = [
            (path, number, line)
            for path, text in files.items()
            for number, line in enumerate(text.split("\n"), 1)
            if pattern in line
        ]
    told = [f"{path}:{number}: {line.strip()[:WIDTH]}" for path, number, line in hits[:MATCHES]]
    if len(hits) > MATCHES:
        told.append(f"[only the first {MATCHES} lines; search for something narrower]")
    return "\n".join(told) or "Nothing matches."


def _by_expression(files: Mapping[str, str], pattern: str) -> list[tuple[str, int, str]]:
    question = json.dumps({"pattern": pattern, "files": dict(files), "most": MATCHES})
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=question, capture_output=True, text=True, timeout=SECONDS, env={}, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise BadInput("That expression takes too long; expected a simpler one, or plain text") from None
    if done.returncode:
        raise BadInput("That expression cannot be used; expected a simpler one, or plain text")
    answer = json.loads(done.stdout)
    if "wrong" in answer:
        raise BadInput("Expected a regular expression, got one that is wrong: %(why)s", why=answer["wrong"])
    return [(path, number, line) for path, number, line in answer["hits"]]
