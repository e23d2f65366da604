"""The service's prompt cache, played: which beginnings of requests it has read before.

Owns what is kept and what a request's usage is told as. Invariant: as the service does it. Tools come first, then the system
prompt, then messages; a beginning is found only where every block before it is the same; from a mark it is looked for
over the 20 blocks before; what is shorter than the least is not kept. Leaves out that entries expire.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256

from tests.loopback.script import Body

MARKS = 4
LOOKED_BACK = 20
LEAST = 1024  # tokens, of most models; larger for some
CHARACTERS = 4  # of a token


@dataclass(frozen=True)
class Counted:
    """Tokens of a request: read from the cache, written to it, and all others."""

    read: int
    written: int
    fresh: int


@dataclass
class Cache:
    """What is kept. Not thread-safe: its owner answers one request at a time."""

    kept: set[str] = field(default_factory=set)

    def count(self, body: Body) -> Counted:
        """Read a request."""
        chain, tokens, marks = _blocks(body)
        looked = {at for mark in marks for at in range(max(0, mark - LOOKED_BACK), mark + 1)}
        read = max((tokens[at] for at in looked if chain[at] in self.kept), default=0)
        written = max((tokens[mark] for mark in marks if tokens[mark] >= LEAST), default=0)
        self.kept |= {chain[mark] for mark in marks if tokens[mark] >= LEAST}
        return Counted(read, max(0, written - read), tokens[-1] - max(read, written))


def marks(body: Body) -> int:
    """How many marks a request has."""
    return len(_blocks(body)[2])


def _blocks(body: Body) -> tuple[list[str], list[int], list[int]]:
    """For every beginning that ends with a block: what it is known by and its tokens; and which are marked."""
    parts: list[tuple[str, Body]] = [("tools", tool) for tool in body.get("tools", [])]
    parts += [("system", block) for block in body.get("system", [])]
    for number, message in enumerate(body["messages"]):
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        # What may be called does not change the tools and the task, but all that is said under it.
        place = f"{number} {message['role']} {json.dumps(body.get('tool_choice'))}"
        parts += [(place, block) for block in blocks]
    chain, tokens, marked = [], [], []
    known, length = sha256(str(body["model"]).encode()), 0
    for at, (place, block) in enumerate(parts):
        bare = json.dumps({name: value for name, value in block.items() if name != "cache_control"})
        known.update(f"{place} {bare}\n".encode())
        length += len(bare)
        chain.append(known.copy().hexdigest())
        tokens.append(length // CHARACTERS)
        if "cache_control" in block:
            marked.append(at)
    return chain, tokens, marked
